"""New cases by the API: of citizens themselves, and of officers and machines for a caller."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypedDict

from civicportal.core.work import Work
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.on_behalf import NAME_WITHOUT_MOBILE, OnBehalfService
from civicportal.domain.cases.services import CaseService
from civicportal.util.errors import Forbidden, NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.rest.operations import Bindings, Call, Operation
from civicportal.web.schema import CleanText, Mobile, Node, StrictSchema

ONLY_STAFF = _("This is only for staff.")

#: Opens a case: values, user id of the citizen or None, idempotency key, uploader of its pictures.
OpenByCall = Callable[[Work, Values, int | None, str, str], Case]


class OfCaller(StrictSchema):
    """The mobile of the caller for whom a member of staff or a machine registers a case."""

    mobile = Node(
        Mobile(),
        title=_("Mobile of the citizen, for staff and machines"),
        description=_("Without one, the citizen follows it up with a PIN."),
        missing=None,
    )


class OfNamedCaller(OfCaller):
    """A caller with a name, for cases that have no other one."""

    name = Node(CleanText(2, 120), title=_("Name of the citizen, with the mobile"), missing="")


class NewCaseItem(TypedDict):
    """A new case."""

    code: Annotated[str, _("The tracking code")]
    kind: str
    pin: Annotated[str | None, _("PIN of a case without a citizen, with which it is followed up")]


def case_operation(
    kind: str, schema: type[StrictSchema], open_case: OpenByCall, *, bindings: Bindings | None = None
) -> Operation:
    """Return the operation that opens cases of a kind, ``POST /api/v1/KIND``.

    A citizen opens their own case; a member of staff or a machine with the right ``<kind>:case:register`` opens one for the
    person with a mobile, or for no one. The source of the latter is "api".

    :param kind: name of the kind, which is that of the plugin or begins with it.
    :param schema: of the body, as that of the form; ``mobile`` is added, and ``name`` if it has no such field.
    :param open_case: opens the case: of a unit of work, the values of the body, the user id of the citizen or None, the
        idempotency key, and the uploader of the pictures. It may raise
        :class:`~civicportal.util.errors.Refused`.
    :param bindings: returns the bindings of the schema besides country and calendar.
    """
    own_name = any(node.name == "name" for node in schema().children)
    caller = OfCaller if own_name else OfNamedCaller
    body = type(schema.__name__, (caller, schema), {"__doc__": schema.__doc__})
    for_staff = [node.name for node in caller().children]
    return Operation(
        name=f"{kind}.create",
        path=f"/{kind}",
        title=_("Open a case"),
        call=lambda call: _create(call, kind, open_case, for_staff),
        count=_count,
        again=lambda call, _made: _again(call, kind),
        returns=NewCaseItem,
        method="POST",
        scope="cases:write",
        body=body,
        bindings=bindings,
        creates=True,
        status=201,
    )


def _form_key(call: Call) -> str:
    """Return the key by which the services know a call again."""
    key: bytes = call.work.site.keys.mac("repeat", "case", call.caller, call.key)
    return key.hex()[:32]


def _case_key(call: Call, kind: str) -> str:
    whose = "by:" if call.work.actor.is_staff else ""
    return f"{kind}:{whose}{call.work.actor.user_id}:{_form_key(call)}"


def _count(call: Call) -> None:
    """Count the case of a citizen; the same call sent again counts once."""
    if call.work.actor.is_citizen:
        limits, user_id = call.work.site.limits, call.work.actor.user_id
        limits.count_uses(("submit_citizen", user_id), same=("submit_same", _form_key(call)))


def _create(call: Call, kind_name: str, open_case: OpenByCall, for_staff: Sequence[str]) -> NewCaseItem:
    actor, body, kind = call.work.actor, call.body, kind_of(call.work.site, kind_name)
    pin, owner = "", call.request.upload_owner()
    if actor.is_staff:
        if "name" in for_staff and body["name"] and body["mobile"] is None:
            raise call.wrong_field("#/name", NAME_WITHOUT_MOBILE)
        case, pin = call.work.get(OnBehalfService).register(
            kind,
            {**body, "source": "api"},
            lambda citizen_id, key: open_case(call.work, body, citizen_id, key, owner),
            form_key=_form_key(call),
        )
    else:
        for name in for_staff:
            if body[name]:
                raise call.wrong_field(f"#/{name}", ONLY_STAFF)
        if actor.level < kind.level:
            raise Forbidden("below the identity level of the kind")
        key = _case_key(call, kind_name)
        case = call.work.get(CaseService).open_once(
            key, lambda: open_case(call.work, body, actor.user_id, key, owner)
        )
    return _item(case, pin or None)


def _again(call: Call, kind_name: str) -> NewCaseItem:
    case = call.work.get(CaseService).by_idempotency_key(_case_key(call, kind_name))
    if case is None:
        raise NotFound("the case has gone")
    nameless = call.work.actor.is_staff and case.citizen_id is None
    pin = call.work.get(FollowUpService).give_pin(case, _form_key(call)) if nameless else None
    return _item(case, pin)


def _item(case: Case, pin: str | None) -> NewCaseItem:
    return {"code": case.code, "kind": case.kind, "pin": pin}
