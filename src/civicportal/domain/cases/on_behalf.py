"""Registration of cases by officers.

The form of an officer inherits the citizens' schema and :class:`Caller`, or :class:`NamedCaller` if it has no other
field for a name; its view is :func:`registration_form`. The officer vouches for the person, so the identity level that
a kind requires of citizens is not checked here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import colander
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.response import Response
from sqlalchemy import select
from translationstring import TranslationString

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.errors import AttachmentNotFound, Refused
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import CALLED, CaseEvent
from civicportal.domain.cases.schemas import LONGEST_WORDS
from civicportal.domain.cases.services import SENT_TWICE, CaseService
from civicportal.domain.cases.sources import BY_OFFICERS
from civicportal.domain.cases.submission import FormValues, read_values
from civicportal.domain.cases.views import callers
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button, ChoiceCardsWidget, FormInvalid, MobileWidget, TextWidget
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Choice, CleanText, Mobile, Node, StrictSchema, whole_number

if TYPE_CHECKING:
    from civicportal.domain.cases.models import Case
    from civicportal.domain.cases.workflow import CaseKind

TEMPLATE = "civicportal:templates/cases/registered.jinja2"
ADD_TO = "add_to"
"""The button that adds the call to an existing case; its value is the id of the case."""
ADDED = _("The call was added to the existing case; no new one was registered.")
ADDED_FOLLOWS = _(
    "The call was added to the existing case; no new one was registered. The caller hears of every step of it."
)

#: Opens the case for a citizen, if any, with an idempotency key.
OpenCase = Callable[[int | None, str], "Case"]


class Caller(StrictSchema):
    """The channel of the case, and the mobile for notifications."""

    source = Node(
        Choice(list(BY_OFFICERS.items())),
        title=_("How does it come in?"),
        widget=ChoiceCardsWidget(layout="row-x wr"),
    )
    mobile = Node(
        Mobile(),
        title=_("Mobile of the citizen"),
        description=_("The messages go there. Without one, the citizen follows it up with a PIN."),
        missing=None,
        widget=MobileWidget(autocomplete="off"),
    )


class NamedCaller(Caller):
    """A caller with a name field, for forms without another one.

    The name is stored with the mobile.
    """

    name = Node(
        CleanText(2, 120),
        title=_("Name of the citizen"),
        missing="",
        widget=TextWidget(autocomplete="off"),
    )

    def validator(self, node: colander.SchemaNode, values: Values) -> None:
        """Refuse a name without a mobile: it would not be stored."""
        if values["name"] and values["mobile"] is None:
            wrong = colander.Invalid(node)
            wrong["name"] = _("Without a mobile no name is kept. Write the mobile too, or leave this empty.")
            raise wrong


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A case that an officer has registered.

    :ivar citizen: None without a mobile.
    :ivar pin: the PIN of a case without a mobile; else empty.
    """

    case: "Case"
    citizen: User | None
    pin: str


class OnBehalfService(Service):
    """Open a case for the person with a mobile number."""

    def register(self, kind: "CaseKind", values: Values, open_case: OpenCase, *, form_key: str) -> Registered:
        """Open a case for a caller.

        The same form submitted again by the same officer returns the same case and PIN.

        :param values: of the form: ``source``, ``mobile`` (E.164 or None) and optionally ``name``, ignored for a person
        whose name is known.
        :param form_key: the form's idempotency key.
        :raises Forbidden: without the right ``<kind>:case:register``.
        """
        actor = self.work.actor
        if not actor.permits(kind.permission("register")):
            raise Forbidden(f"may not register {kind.name}")
        citizen = self._citizen(values["mobile"], values.get("name", ""))
        key = f"{kind.name}:by:{actor.user_id}:{form_key}"

        def opened() -> "Case":
            case = open_case(citizen.id if citizen else None, key)
            self.work.get(AuditService).record(
                "case:register", subject_id=case.citizen_id, case_id=case.id, source=case.source
            )
            return case

        case = self.work.get(CaseService).open_once(key, opened)
        if case.citizen_id is None:
            pin = self.work.get(FollowUpService).give_pin(case, form_key)
            return Registered(case=case, citizen=None, pin=pin)
        return Registered(case=case, citizen=self.work.session.get(User, case.citizen_id), pin="")

    def add_call(self, kind: "CaseKind", case: "Case", values: Values, *, owner: str = "") -> bool:
        """Add a call to an open case, which the caller follows from now on; only staff read what was said.

        The same call by the same officer within ten minutes is a form sent twice.

        :param case: locked; the officer need not see it, as a citizen who follows a case of others does not.
        :param values: ``source``, ``mobile`` (E.164 or None), ``name``, ``body`` and ``photo_key``, see :meth:`register`.
        :param owner: of the pictures.
        :returns: whether the caller hears of the case.
        :raises Forbidden: without the right ``<kind>:case:register``.
        :raises Refused: when the case is closed, or a picture no longer exists.
        """
        actor = self.work.actor
        if not actor.permits(kind.permission("register")):
            raise Forbidden(f"may not register {kind.name}")
        if not case.is_open:
            raise Refused(_("This case was closed in the meantime: register a new one."))
        citizen = self._citizen(values["mobile"], values["name"])
        caller_id, source = citizen.id if citizen else None, values["source"]
        if self._was_added(case, values["body"], data := {"caller_id": caller_id, "source": source}):
            return citizen is not None
        with self.work.savepoint():
            case.updated_at = self.work.clock.now()
            event = self.work.get(CaseService).record(case, CALLED, internal_text=values["body"], data=data)
            self.work.get(AttachmentService).claim(values["photo_key"], owner, case, event)
            self.work.relay(CaseChange(case=case, event=event, kind=kind, notify=False))
        if citizen is not None and citizen.id != case.citizen_id:
            self.work.get(FollowerService).follow(case, citizen.id)
        trail = self.work.get(AuditService)
        trail.record("caller:added", subject_id=caller_id, case_id=case.id, source=source)
        return citizen is not None

    def _was_added(self, case: "Case", text: str, data: Values) -> bool:
        """Return whether the actor has added the same call before: a form sent twice."""
        query = select(CaseEvent.data).where(
            CaseEvent.case_id == case.id,
            CaseEvent.type == CALLED,
            CaseEvent.actor_id == self.work.actor.user_id,
            CaseEvent.internal_text == text,
            CaseEvent.at > self.work.clock.now() - SENT_TWICE,
        )
        return data in self.session.scalars(query).all()

    def _citizen(self, mobile: str | None, name: str) -> User | None:
        if mobile is None:
            return None
        user = self.work.get(AccountService).citizen_by_mobile(mobile, name)
        # A deleted or disabled account is not notified: such a caller gets a PIN, as without a mobile.
        return None if user.disabled_at or user.deleted_at else user


def registration_form(
    request: Request,
    schema: colander.SchemaNode,
    kind: str,
    prepare: Callable[[BoundForm, Values], OpenCase],
    *,
    send: TranslationString,
    bindings: FormValues | None = None,
    initial: Values | None = None,
    existing: Callable[[int], "Case"] | None = None,
    **context: object,
) -> ViewResult:
    """Show and process an officer's form for a caller.

    The code of the case is shown in the response to the form itself, because the PIN is not stored; resubmitted, the
    form gets the same response.

    :param schema: the citizens' schema with :class:`Caller` or :class:`NamedCaller`.
    :param kind: name of the kind of case.
    :param prepare: returns, for the submitted values, the function that opens the case for a citizen, if any, with an
        idempotency key; it may refuse the form.
    :param send: label of the submit button.
    :param bindings: as for :class:`~civicportal.domain.cases.submission.CaseSubmission`.
    :param initial: values of a new form besides the channel.
    :param existing: returns the open case with an id, locked, to which the button ``add_to`` adds the call instead; the
        fields ``body`` and ``photo_key`` go along.
    :param context: further variables of the template.
    """
    [bindings] = read_values(request, bindings)
    rung = callers.rung_number(request)
    form = BoundForm(
        request,
        schema,
        initial={"source": "phone", "mobile": rung or None, **(initial or {})},
        buttons=(Button(title=send),),
        bindings=bindings,
        take_files=request.take_files,
        ignore=(callers.LOOK,),
    )
    of_kind = kind_of(request.site, kind)

    def register(values: Values) -> ViewResult:
        return _registered(request, form, of_kind, values, prepare(form, values))

    if request.method == "POST" and request.POST.get(callers.LOOK):
        form.keep(request.POST)
        return {"form": form, "calling": callers.look_up(request, form), **context}
    if request.method == "POST" and existing is not None and request.POST.get(ADD_TO):
        try:
            return _added(request, form, of_kind, existing)
        except FormInvalid:
            request.response.status_int = 422
            return {"form": form, "calling": None, **context}
    calling = callers.look_up(request, form) if rung else None
    return form.handle(register, calling=calling, **context)


def _added(
    request: Request, form: BoundForm, kind: "CaseKind", existing: Callable[[int], "Case"]
) -> HTTPSeeOther:
    """Add the call to an existing case, say so, and lead to the case or to the next call.

    :raises FormInvalid: when the mobile is wrong, nothing is known of the call, or the case is closed.
    """
    form.keep(request.POST)
    values: dict[str, object] = {name: _sent(form, name) for name in ("source", "mobile", "name")}
    body, photos = form["body"].cstruct, form["photo_key"].cstruct
    values["body"] = body.strip()[:LONGEST_WORDS] if isinstance(body, str) else ""
    values["photo_key"] = photos if isinstance(photos, list) else []
    if form.errors:
        raise FormInvalid
    if values["mobile"] is None and not values["body"]:
        form.refuse(
            "mobile", _("Write the mobile of the caller, or what they say, to add the call to the case.")
        )
    try:
        case = existing(whole_number(request.POST[ADD_TO]))
        hears = request.work.get(OnBehalfService).add_call(kind, case, values, owner=request.upload_owner())
    except AttachmentNotFound as gone:
        form.refuse("photo_key", gone.reason)
    except Refused as refusal:
        form.refuse("", refusal.reason)
    done = ADDED_FOLLOWS if hears else ADDED
    request.session.flash(request.translate(done), "good")
    if request.work.get(AccessService).can(case, "view"):
        return HTTPSeeOther(request.route_path("kartable.case", code=case.code))
    return HTTPSeeOther(request.path)


def _sent(form: BoundForm, name: str) -> str | None:
    """Return the value of one field, with its errors in the form."""
    try:
        value: str | None = form.schema[name].deserialize(form[name].cstruct)
    except colander.Invalid as error:
        for message in filter(None, error.messages()):
            form.fail(name, message)
        return None
    return value


def _registered(
    request: Request, form: BoundForm, kind: "CaseKind", values: Values, open_case: OpenCase
) -> Response:
    """Register the case, and show its code."""
    work = request.work
    try:
        found = work.get(OnBehalfService).register(kind, values, open_case, form_key=form.once(values))
    except AttachmentNotFound as gone:
        form.refuse("photo_key", gone.reason)
    except Refused as refusal:
        form.refuse("", refusal.reason)
    access = work.get(AccessService)
    shown = {
        "case": found.case,
        "pin": found.pin,
        "citizen": found.citizen,
        "unreachable": values["mobile"] is not None and found.citizen is None,
        "may_know": access.can(found.case, "contact"),
        "may_open": access.can(found.case, "view"),
        "kind": kind,
    }
    response: Response = render_to_response(TEMPLATE, shown, request=request)
    response.cache_control = "no-store"
    return response
