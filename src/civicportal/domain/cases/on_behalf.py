"""Registration of cases by officers for callers.

The form of an officer inherits the citizens' schema and :class:`Caller`, or :class:`NamedCaller` if it has no other
field for a name; its view is :func:`~civicportal.domain.cases.views.registration.registration_form`. The officer
vouches for the person, so the identity level that a kind requires of citizens is not checked here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import colander
from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.models import CALLED, CaseEvent
from civicportal.domain.cases.services import SENT_TWICE, CaseService
from civicportal.domain.cases.sources import BY_OFFICERS
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import ChoiceCardsWidget, MobileWidget, TextWidget
from civicportal.web.schema import Choice, CleanText, Mobile, Node, StrictSchema

if TYPE_CHECKING:
    from civicportal.domain.cases.models import Case
    from civicportal.domain.cases.workflow import CaseKind


NAME_WITHOUT_MOBILE = _("Without a mobile no name is kept. Write the mobile too, or leave this empty.")

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
            wrong["name"] = NAME_WITHOUT_MOBILE
            raise wrong


class OnBehalfService(Service):
    """Open a case for the person with a mobile number."""

    def register(
        self, kind: "CaseKind", values: Values, open_case: OpenCase, *, form_key: str
    ) -> tuple["Case", str]:
        """Open a case for a caller.

        The same form submitted again by the same officer returns the same case and PIN.

        :param values: of the form: ``source``, ``mobile`` (E.164 or None) and optionally ``name``, ignored for a person
        whose name is known.
        :param form_key: the form's idempotency key.
        :returns: the case, and the PIN of one without a mobile, else "".
        :raises Forbidden: without the right ``<kind>:case:register``.
        """
        actor = self.work.actor
        if not actor.permits(kind.permission("register")):
            raise Forbidden(f"may not register {kind.name}")
        citizen = self._citizen(values["mobile"], values.get("name", ""))
        key = self.case_key(kind, form_key)

        def opened() -> "Case":
            case = open_case(citizen.id if citizen else None, key)
            self.work.get(AuditService).record(
                "case:register", subject_id=case.citizen_id, case_id=case.id, source=case.source
            )
            return case

        case = self.work.get(CaseService).open_once(key, opened)
        if case.citizen_id is None:
            return case, self.work.get(FollowUpService).give_pin(case, form_key)
        return case, ""

    def case_key(self, kind: "CaseKind", form_key: str) -> str:
        """Return the ``idempotency_key`` of the case that a form of the actor opens."""
        return f"{kind.name}:by:{self.work.actor.user_id}:{form_key}"

    def add_call(
        self,
        kind: "CaseKind",
        case: "Case",
        values: Values,
        *,
        owner: str = "",
        data: Values | None = None,
    ) -> bool:
        """Add a call to an open case, which the caller follows from now on; only staff read what was said.

        The same call by the same officer within ten minutes is a form sent twice.

        :param case: locked; the officer need not see it, as a citizen who follows a case of others does not.
        :param values: ``source``, ``mobile`` (E.164 or None), ``name``, ``body`` and ``photo_key``, see :meth:`register`.
        :param owner: of the pictures.
        :param data: further data of the entry in the history, which makes it another call.
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
        data = {**(data or {}), "caller_id": caller_id, "source": source}
        if self._was_added(case, values["body"], data):
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
