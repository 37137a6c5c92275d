"""Registration of cases by officers.

The form of an officer inherits the citizens' schema and :class:`Caller`, or :class:`NamedCaller` if it has no other
field for a name; its view is :func:`registration_form`. The officer vouches for the person, so the identity level that
a kind requires of citizens is not checked here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import colander
from pyramid.renderers import render_to_response
from pyramid.response import Response
from translationstring import TranslationString

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.errors import AttachmentNotFound, Refused
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.sources import BY_OFFICERS
from civicportal.domain.cases.submission import FormValues, read_values
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button, ChoiceCardsWidget, MobileWidget, TextWidget
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Choice, CleanText, Mobile, Node, StrictSchema

if TYPE_CHECKING:
    from civicportal.domain.cases.models import Case
    from civicportal.domain.cases.workflow import CaseKind

TEMPLATE = "civicportal:templates/cases/registered.jinja2"

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
    :param context: further variables of the template.
    """
    [bindings] = read_values(request, bindings)
    form = BoundForm(
        request,
        schema,
        initial={"source": "phone", **(initial or {})},
        buttons=(Button(title=send),),
        bindings=bindings,
        take_files=request.take_files,
    )

    def register(values: Values) -> ViewResult:
        return _registered(request, form, kind_of(request.site, kind), values, prepare(form, values))

    return form.handle(register, **context)


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
