"""Steps of the workflow in the API, and what staff do with a case besides."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, TypedDict

import colander
from translationstring import TranslationString

from civicportal.core.security import PagePermission
from civicportal.domain.cases.errors import StaleVersion
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.public_texts import PersonalDataFound
from civicportal.domain.cases.schemas import LONGEST_WORDS
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.steps import StepService
from civicportal.domain.cases.workflow import Prefill, Transition
from civicportal.domain.kartable.rest.cases import CODE, READ, fetch, pictures_of
from civicportal.domain.kartable.rest.items import WholeCase, whole_case
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.services import OrganizationService, UnknownUnit
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.rest.document import of_schema
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.rest.problems import Mistake, Problem, said
from civicportal.web.schema import CleanText, Flag, Node, RowId, StrictSchema

WRITE = "cases:write"
STEP = "{step:[a-z][a-z0-9_]{0,39}}"


class StepItem(TypedDict):
    """A step that the caller may take, or why it is not possible now."""

    name: str
    title: str
    target: Annotated[str, _("The status that it leads to")]
    possible: bool
    reason: Annotated[str | None, _("Why it is not possible now")]
    notifies: Annotated[bool, _("Whether the citizen is notified")]
    body: Annotated[object, _("JSON Schema of the body of the step")]


class StepList(TypedDict):
    """The steps from the status of a case."""

    items: list[StepItem]


class Referred(StrictSchema):
    """The addressee of a referral."""

    unit = Node(CleanText(1, 40), title=_("Key of the unit"))
    user = Node(RowId(), title=_("Id of a person of this unit"), missing=None)
    note = Node(CleanText(0, LONGEST_WORDS, multiline=True), title=_("Note to the recipient"), missing="")


class Returned(StrictSchema):
    """The reason of a return."""

    note = Node(CleanText(2, LONGEST_WORDS, multiline=True), title=_("Reason"))


class Urgency(StrictSchema):
    """The mark of urgency."""

    urgent = Node(Flag(), title=_("Urgent"))


def steps(call: Call) -> StepList:
    """Return the steps from the status of a case."""
    case = fetch(call)
    service = call.work.get(StepService)
    call.tag(case.version)
    return {
        "items": [
            {
                "name": step.transition.name,
                "title": call.say(step.transition.title),
                "target": step.transition.target,
                "possible": not step.reason,
                "reason": call.say(step.reason) if step.reason else None,
                "notifies": service.notifies(case, step.transition),
                "body": of_schema(
                    _schema(call, case, step.transition), lambda text: said(call.request, text)
                ),
            }
            for step in service.possible(case)
        ]
    }


def step_schema(call: Call) -> colander.SchemaNode:
    """Return the schema of a step's body."""
    case = fetch(call)
    return _schema(call, case, _transition(call, case))


def take_step(call: Call) -> WholeCase:
    """Take a step of the workflow."""
    case = fetch(call, lock=True)
    call.require_version(case.version)
    transition = _transition(call, case)
    if case.status not in transition.sources:
        raise StaleVersion(f"{transition.name} is not possible from {case.status}")
    service = call.work.get(CaseService)
    with pointed_out(call):
        service.apply_form(case, transition.name, call.body, owner=call.request.upload_owner())
    return changed(call, case)


def refer(call: Call) -> WholeCase:
    """Refer a case to a unit or a person of it."""
    try:
        unit = call.work.get(OrganizationService).unit(call.body["unit"])
    except UnknownUnit:
        raise call.wrong_field("#/unit", _("There is no such unit.")) from None
    user_id = call.body["user"] or None

    def act(case: Case) -> None:
        call.work.get(KartableService).refer(case, unit.id, user_id=user_id, note=call.body["note"])

    return _act(call, act)


def give_back(call: Call) -> WholeCase:
    """Return a case to its sender."""
    return _act(call, lambda case: call.work.get(KartableService).give_back(case, note=call.body["note"]))


def take(call: Call) -> WholeCase:
    """Take a case in hand."""
    return _act(call, lambda case: call.work.get(KartableService).take(case))


def release(call: Call) -> WholeCase:
    """Release a case to the whole unit."""
    return _act(call, lambda case: call.work.get(KartableService).release(case))


def mark_urgent(call: Call) -> WholeCase:
    """Set or remove the mark of urgency."""
    return _act(call, lambda case: call.work.get(CaseService).mark_urgent(case, call.body["urgent"]))


@contextmanager
def pointed_out(call: Call) -> Iterator[None]:
    """Point out personal data in a text that would become public.

    :raises Problem: 422, with the place of each text.
    """
    try:
        yield
    except PersonalDataFound as found:
        detail = said(call.request, found.reason)
        errors: list[Mistake] = [{"pointer": f"#/{name}", "detail": detail} for name in found.fields]
        raise Problem(422, found.reason, errors=errors) from None


def changed(call: Call, case: Case) -> WholeCase:
    """Return a case after a change."""
    call.work.session.flush()
    call.tag(case.version)
    return whole_case(call, case, pictures_of(call, case))


def _act(call: Call, act: Callable[[Case], object]) -> WholeCase:
    case = fetch(call, lock=True)
    call.require_version(case.version)
    act(case)
    return changed(call, case)


def _transition(call: Call, case: Case) -> Transition:
    """Return the named transition of the caller's realm.

    One that is not possible from the current status is returned as well.

    :raises NotFound: when there is none.
    """
    kind, name, realm = call.work.get(CaseService).kind(case), call.matched["step"], call.work.actor.realm
    named = [one for one in kind.workflow.transitions if one.name == name and realm in one.actors]
    if not named:
        raise NotFound("no such step")
    return next((one for one in named if case.status in one.sources), named[0])


def _schema(call: Call, case: Case, transition: Transition) -> colander.SchemaNode:
    """Return the schema of the form of a transition."""
    prefill = transition.prefill(case, call.work) if transition.prefill else Prefill()
    schema = transition.schema() if transition.schema else StrictSchema()
    return call.bind(schema, prefill.bindings or {})


def _change(
    name: str,
    path: str,
    title: TranslationString,
    act: Callable[[Call], WholeCase],
    body: type[StrictSchema] | None = None,
) -> Operation:
    """Return an operation by which staff change a case."""
    return Operation(
        name=f"cases.{name}",
        path=f"/cases/{CODE}/{path}",
        title=title,
        call=act,
        returns=WholeCase,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=body,
        has_version=True,
    )


OPERATIONS = (
    Operation(
        name="cases.steps",
        path=f"/cases/{CODE}/steps",
        title=_("List the steps that are possible"),
        call=steps,
        returns=StepList,
        scope=READ,
        has_version=True,
    ),
    Operation(
        name="cases.take_step",
        path=f"/cases/{CODE}/steps/{STEP}",
        title=_("Take a step"),
        call=take_step,
        returns=WholeCase,
        method="POST",
        scope=WRITE,
        body_of=step_schema,
        has_version=True,
    ),
    _change("refer", "refer", _("Refer a case"), refer, Referred),
    _change("return", "return", _("Return a case to its sender"), give_back, Returned),
    _change("take", "take", _("Take a case in hand"), take),
    _change("release", "release", _("Put a case back for the whole unit"), release),
    _change("urgency", "urgency", _("Mark a case as urgent, or take the mark away"), mark_urgent, Urgency),
)
