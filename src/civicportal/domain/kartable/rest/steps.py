"""Steps of the workflow in the API, and what staff do with a case besides."""

from collections.abc import Callable
from typing import Annotated, TypedDict

import colander
from translationstring import TranslationString

from civicportal.core.security import PagePermission
from civicportal.domain.cases.attachments import MOST
from civicportal.domain.cases.errors import StaleVersion
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.public_texts import ALLOWED, PublicTexts
from civicportal.domain.cases.schemas import LONGEST_WORDS
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.steps import StepService
from civicportal.domain.cases.workflow import Prefill, Transition
from civicportal.domain.kartable.contractors import ContractorService
from civicportal.domain.kartable.rest.cases import (
    CODE,
    READ,
    EventItem,
    fetch,
    pictures_of,
    staff_events,
)
from civicportal.domain.kartable.rest.items import WholeCase, whole_case
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.types import Addressee
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.organization.services import OrganizationService, UnknownUnit
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.rest.document import of_schema
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.rest.problems import said
from civicportal.web.schema import CleanText, Flag, KeyList, Node, RowId, StrictSchema

WRITE = "cases:write"
STEP = "{step:[a-z][a-z0-9_]{0,39}}"
PROOF = "proof"
"""Field of a step for pictures of contractors."""


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
    anyway = Node(
        Flag(), title=_("Also if no one there works on such cases, or could read it"), missing=False
    )


class Returned(StrictSchema):
    """The reason of a return."""

    note = Node(CleanText(2, LONGEST_WORDS, multiline=True), title=_("Reason"))


class UndoItem(TypedDict):
    """What the caller can undo now."""

    event: Annotated[EventItem | None, _("The step, if it can still be undone")]
    seconds: Annotated[int, _("How long it can still be undone")]


class Undone(StrictSchema):
    """The step to undo."""

    event = Node(RowId(), title=_("Id of its entry in the history"))


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
    owner, allowed = call.request.upload_owner(), PublicTexts.allowed_words(call.body)
    body = {name: value for name, value in call.body.items() if name not in (ALLOWED, PROOF)}
    proof = call.body.get(PROOF, ())
    if len(proof) + len(body.get("photos", ())) > MOST:
        raise call.wrong_field(f"#/{PROOF}", _("At most ${count} are allowed here.", mapping={"count": MOST}))
    if proof:
        copies = call.work.get(ContractorService).copy_after(case, proof, owner)
        body["photos"] = (*body["photos"], *copies)
    service = call.work.get(CaseService)
    service.apply_form(case, transition.name, body, owner=owner, allowed=allowed)
    return changed(call, case)


def refer(call: Call) -> WholeCase:
    """Refer a case to a unit or a person of it."""
    to, anyway = addressee(call), call.body["anyway"]
    return act_on(call, lambda case: call.work.get(KartableService).refer(case, **to, unattended=anyway))


def give_back(call: Call) -> WholeCase:
    """Return a case to its sender."""
    return act_on(call, lambda case: call.work.get(KartableService).give_back(case, note=call.body["note"]))


def take(call: Call) -> WholeCase:
    """Take a case in hand."""
    return act_on(call, lambda case: call.work.get(KartableService).take(case))


def release(call: Call) -> WholeCase:
    """Release a case to the whole unit."""
    return act_on(call, lambda case: call.work.get(KartableService).release(case))


def mark_urgent(call: Call) -> WholeCase:
    """Set or remove the mark of urgency."""
    return act_on(call, lambda case: call.work.get(CaseService).mark_urgent(case, call.body["urgent"]))


def undoable(call: Call) -> UndoItem:
    """Return what the caller can undo now."""
    service = call.work.get(UndoService)
    case = service.fetch(call.matched["code"], lock=False)
    event = service.last(case)
    found = [one for one in staff_events(call, case) if event is not None and one["id"] == event.id]
    return {"event": found[0] if found else None, "seconds": service.seconds_left(event) if event else 0}


def undo(call: Call) -> WholeCase:
    """Undo the caller's last step, which must still be the last one of the case."""
    service = call.work.get(UndoService)
    case = service.fetch(call.matched["code"])
    service.undo(case, call.body["event"])
    return changed(call, case)


def addressee(call: Call) -> Addressee:
    """Return the arguments of a referral, a copy or an inquiry that the body names."""
    return {
        "unit_id": unit_id_of(call, call.body["unit"], "#/unit"),
        "user_id": call.body["user"] or None,
        "note": call.body["note"],
    }


def unit_id_of(call: Call, key: str, pointer: str) -> int:
    """Return the id of a unit.

    :param pointer: place of its key in the body.
    :raises Problem: 422 when there is none.
    """
    try:
        return call.work.get(OrganizationService).unit(key).id
    except UnknownUnit:
        raise call.wrong_field(pointer, _("There is no such unit.")) from None


def changed(call: Call, case: Case) -> WholeCase:
    """Return a case after a change."""
    call.work.session.flush()
    call.tag(case.version)
    return whole_case(call, case, pictures_of(call, case))


def act_on(call: Call, act: Callable[[Case], object]) -> WholeCase:
    """Change the case of the path, if it still has the version that the caller has read."""
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
    if call.work.actor.is_staff:
        names = {node.name for node in schema.children}
        if "public_text" in names:
            schema.add(PublicTexts.allowed_node())
        if "photos" in names:
            schema.add(
                Node(
                    KeyList(MOST),
                    name=PROOF,
                    title=_("Keys of pictures of contractors that prove the work"),
                    description=_(
                        "They are copied; with “photos” ${count} at most.", mapping={"count": MOST}
                    ),
                    missing=(),
                )
            )
    return call.bind(schema, prefill.bindings or {})


def change_operation(
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
    change_operation("refer", "refer", _("Refer a case"), refer, Referred),
    change_operation("return", "return", _("Return a case to its sender"), give_back, Returned),
    change_operation("take", "take", _("Take a case in hand"), take),
    change_operation("release", "release", _("Put a case back for the whole unit"), release),
    change_operation(
        "urgency", "urgency", _("Mark a case as urgent, or take the mark away"), mark_urgent, Urgency
    ),
    Operation(
        name="cases.undoable",
        path=f"/cases/{CODE}/undo",
        title=_("Show which step the caller can undo"),
        call=undoable,
        returns=UndoItem,
        scope=READ,
        permission=PagePermission.STAFF,
    ),
    Operation(
        name="cases.undo",
        path=f"/cases/{CODE}/undo",
        title=_("Undo the last step, before the citizen hears of it"),
        call=undo,
        returns=WholeCase,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=Undone,
    ),
)
