"""Registration of cases for callers, for visitors at the counter and from letters.

The form of an officer inherits the citizens' schema and :class:`Caller`, or :class:`NamedCaller` if it has no other field
for a name; its view ends with :func:`register_for`. The officer vouches for the person, so the identity level that
a kind requires of citizens is not checked here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import colander
from pyramid.renderers import render_to_response

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.errors import PictureGone, Refused
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.once import open_once
from civicportal.domain.cases.sources import BY_OFFICERS
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, ChoiceCardsWidget, MobileWidget, TextWidget
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
    """A caller with a name field, for forms without another one; it is stored with the mobile."""

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
    """Open a case for the person with a mobile number, as the acting officer."""

    def register(self, kind: "CaseKind", values: Values, open_case: OpenCase, *, form_key: str) -> Registered:
        """Open a case for a caller; the same form submitted again by the same officer returns the same case and PIN.

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

        case = open_once(self.work, key, opened)
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


def register_for(
    request: Request, form: BoundForm, kind: "CaseKind", values: Values, open_case: OpenCase
) -> ViewResult:
    """Register the case of an officer's form, and show its code; the end of the view.

    The page is the response to the form itself, because the PIN is not stored. Resubmitted, the form gets the same response.

    :param values: of the form, with ``source`` and ``mobile``.
    :raises FormInvalid: when the case was refused, or a picture is missing.
    """
    work = request.work
    try:
        found = work.get(OnBehalfService).register(kind, values, open_case, form_key=form.once(values))
    except PictureGone as gone:
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
    response = render_to_response(TEMPLATE, shown, request=request)
    response.cache_control = "no-store"
    return response
