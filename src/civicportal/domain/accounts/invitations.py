"""Personal links to join the staff or set a password.

They are valid once, for one day.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select, update

from civicportal.core.crypto import new_token, token_hash
from civicportal.core.db import changed_rows
from civicportal.core.security import Identity
from civicportal.core.work import Service
from civicportal.domain.accounts.errors import NumberTaken, UsernameTaken
from civicportal.domain.accounts.factors import FactorService
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import Invitation, Role, User
from civicportal.domain.accounts.programs import ProgramRights
from civicportal.domain.accounts.rights import NO_MORE, RightsService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.organization.models import Category, Unit
from civicportal.util.errors import CivicportalError, Forbidden, NotFound, Refused
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

#: OWASP ASVS 5.0.0 6.4.1: an initial secret is random, used once, and short-lived.
LIFE = timedelta(hours=24)
RESCUE_LIFE = timedelta(minutes=30)
"""Life of a link that needs no second factor."""


class LinkExpired(CivicportalError):
    """The link has been used or revoked, or has expired."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A role and its scope."""

    role: Role
    unit: Unit | None = None
    category: Category | None = None

    @property
    def ids(self) -> tuple[int | None, int | None]:
        """Return the ids of unit and category."""
        return (self.unit.id if self.unit else None, self.category.id if self.category else None)


class InvitationService(Service):
    """Create, list, accept and revoke links."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.rights = work.get(RightsService)

    # --- making

    def invite(
        self, *, username: str, name: str, mobile: str, scopes: Sequence[Scope], once: str = ""
    ) -> tuple[Invitation, str]:
        """Invite a person, and notify them by SMS.

        The SMS does not contain the link.

        :param mobile: E.164; the code that verifies it is sent there.
        :param once: idempotency key of a call, by which :meth:`token_again` returns the token once more.
        :returns: the invitation and its token, which is not stored.
        :raises Forbidden: when the actor would grant more than they have.
        :raises UsernameTaken: when the user name is another's, ``NumberTaken`` when the mobile is.
        :raises Refused: when a scope is invalid.
        """
        self._refuse_taken(username, mobile)
        for scope in scopes:
            self.work.get(MembershipService).refuse_unfit(None, scope.role, *scope.ids)
        if not self._may_give(scopes, self.work.actor):
            raise Forbidden("the invitation gives more than its giver has", NO_MORE)
        grants = [_grant(scope) for scope in scopes]
        made = self._make("join", username=username, name=name, mobile=mobile, grants=grants, once=once)
        self.work.get(AccountMessages).notify_number("member.invited", mobile)
        return made

    def reset(self, user: User) -> tuple[Invitation, str]:
        """Create a password link, and revoke earlier ones.

        :raises Forbidden: when it is an administrator's and the actor is none.
        :raises Refused: for a person who cannot sign in as staff in any case.
        """
        self.rights.require_manage(user)
        if user.username is None or user.mobile is None or user.disabled_at or user.deleted_at:
            raise Refused(_("This person cannot sign in to the staff pages."))
        self._void(Invitation.user_id == user.id, Invitation.purpose == "reset")
        return self._make(
            "reset", username=user.username, name=user.name, mobile=user.mobile, user_id=user.id
        )

    def rescue(self, user: User, *, operator: str) -> str:
        """Create a password link without a code by SMS.

        Only the command line on the server calls this. The person is notified, and the audit trail records who created
        it.

        :param operator: the user of the operating system who runs the command.
        :returns: the token, which is not stored.
        :raises Refused: for a person who cannot sign in as staff in any case.
        """
        if user.username is None or user.disabled_at or user.deleted_at:
            raise Refused(_("This person cannot sign in to the staff pages."))
        self._void(Invitation.user_id == user.id, Invitation.purpose == "rescue")
        _invitation, token = self._make(
            "rescue",
            username=user.username,
            name=user.name,
            mobile=user.mobile or "",
            user_id=user.id,
            life=RESCUE_LIFE,
            operator=operator,
        )
        self.work.get(AccountMessages).notify("member.rescue", user)
        return token

    def renew(self, invitation: Invitation, *, once: str = "") -> str:
        """Replace the link of an invitation.

        The new one is valid for a day; the old one is revoked.

        :param once: see :meth:`invite`.
        :raises Forbidden: when the actor would grant more than they have.
        :raises Refused: when it has been used or revoked.
        """
        if invitation.used_at or invitation.revoked_at:
            raise Refused(_("This invitation has been used or called off."))
        if not self._gives(invitation, self.work.actor):
            raise Forbidden("the invitation gives more than its giver has", NO_MORE)
        invitation.expires_at = self.work.clock.now() + LIFE
        token = self._token(once, invitation.expires_at)
        invitation.token_hash = token_hash(token)
        invitation.inviter_id = self.work.actor.user_id
        self._record("invitation:renew", invitation)
        self.work.get(AccountMessages).notify_number("member.invited", invitation.mobile)
        return token

    def token_again(self, invitation: Invitation, once: str) -> str | None:
        """Return the token of a link to the call that made it; None to another one, or after a change of keys."""
        token = self._token(once, invitation.expires_at)
        return token if token_hash(token) == invitation.token_hash else None

    def revoke(self, invitation: Invitation) -> None:
        """Revoke an invitation and its link."""
        invitation.revoked_at = invitation.revoked_at or self.work.clock.now()
        self._record("invitation:revoke", invitation)

    def void_all(self) -> int:
        """Revoke every open link; return how many there were."""
        return self._void(Invitation.expires_at > self.work.clock.now())

    # --- reading

    def fetch(self, invitation_id: int) -> Invitation:
        """Return an invitation to the staff.

        :raises NotFound: when there is none.
        """
        invitation = self.session.get(Invitation, invitation_id, with_for_update=True)
        if invitation is None or invitation.purpose != "join" or not self._is_seen(invitation):
            raise NotFound("no such invitation")
        return invitation

    def waiting(self) -> Sequence[Invitation]:
        """Return open invitations, latest first.

        Open invitations are neither used nor cancelled, but may have expired.

        A manager of some units sees only invitations with roles in these units.
        """
        return [invitation for invitation in self._waiting() if self._is_seen(invitation)]

    def _waiting(self) -> Sequence[Invitation]:
        unsettled = (Invitation.used_at.is_(None), Invitation.revoked_at.is_(None))
        query = select(Invitation).where(Invitation.purpose == "join", *unsettled)
        return self.session.scalars(query.order_by(Invitation.id.desc())).all()

    def _is_seen(self, invitation: Invitation) -> bool:
        units = self.rights.managed_units()
        return units is None or (
            bool(invitation.grants) and all(grant["unit"] in units for grant in invitation.grants)
        )

    def open(self, token: str, purpose: str) -> Invitation:
        """Return the invitation of a link.

        :raises NotFound: when there is no such link.
        :raises LinkExpired: when it has been used or revoked, or has expired; for a reset also when the person's mobile
            has changed since: the holder of the old one may be the reason.
        """
        found = self.session.scalar(select(Invitation).where(Invitation.token_hash == token_hash(token)))
        if found is None or found.purpose != purpose:
            raise NotFound("no such link")
        if found.used_at or found.revoked_at or found.expires_at <= self.work.clock.now():
            raise LinkExpired(f"invitation {found.id} is spent")
        if found.purpose == "reset" and found.mobile != self._mobile_now(found):
            raise LinkExpired(f"invitation {found.id} is for a number that the person has given up")
        return found

    # --- using

    def accept(self, invitation: Invitation, *, name: str, password: str) -> User:
        """Make the invited person a member of staff after verifying the mobile.

        :param password: one that the policy has accepted.
        :raises LinkExpired: when the link was used concurrently, or the inviter has lost the right.
        :raises Refused: when user name or mobile were taken concurrently.
        """
        giver = self._giver(invitation)
        if not self._gives(invitation, giver):
            raise LinkExpired(f"who made invitation {invitation.id} may not give what it gives")
        self._use(invitation)
        self._refuse_taken(invitation.username, invitation.mobile, but=invitation)
        accounts = self.work.get(AccountService)
        user = accounts.create_staff(
            username=invitation.username, name=name, mobile=invitation.mobile, password=None
        )
        user.level = max(user.level or 0, 1)
        accounts.set_password(user, password)
        for scope in self.scopes(invitation):
            self.work.get(MembershipService).give(
                user, scope.role, unit=scope.unit, category=scope.category, by=giver
            )
        invitation.user_id = user.id
        self._record("invitation:accept", invitation)
        return user

    def accept_reset(self, invitation: Invitation, password: str) -> User:
        """Set a new password with a link.

        A rescue link also removes the second factors.

        :raises LinkExpired: when it was used concurrently.
        """
        self._use(invitation)
        user = self.session.get_one(User, invitation.user_id)
        if invitation.purpose == "rescue":
            self.work.get(FactorService).remove_all(user)
        self.work.get(AccountService).reset_password(user, password)
        self._record("invitation:accept", invitation)
        return user

    def scopes(self, invitation: Invitation) -> list[Scope]:
        """Return the scopes of an invitation that still exist.

        Roles, units and categories may have been deleted.
        """
        found = []
        for grant in invitation.grants:
            role = self.session.get(Role, grant["role"])
            unit = self.session.get(Unit, grant["unit"]) if grant["unit"] else None
            category = self.session.get(Category, grant["category"]) if grant["category"] else None
            lost = (grant["unit"] and unit is None) or (grant["category"] and category is None)
            if role is not None and not lost:
                found.append(Scope(role=role, unit=unit, category=category))
        return found

    # --- inside

    def _mobile_now(self, invitation: Invitation) -> str | None:
        return self.session.scalar(select(User.mobile).where(User.id == invitation.user_id))

    def _make(
        self,
        purpose: str,
        *,
        username: str,
        name: str,
        mobile: str,
        grants: Iterable[dict[str, int | None]] = (),
        user_id: int | None = None,
        life: timedelta = LIFE,
        operator: str = "",
        once: str = "",
    ) -> tuple[Invitation, str]:
        now = self.work.clock.now()
        token = self._token(once, now + life)
        invitation = Invitation(
            token_hash=token_hash(token),
            purpose=purpose,
            user_id=user_id,
            username=username,
            name=name,
            mobile=mobile,
            grants=list(grants),
            inviter_id=self.work.actor.user_id,
            created_at=now,
            expires_at=now + life,
        )
        self.session.add(invitation)
        self.session.flush()
        self._record(f"invitation:{purpose}", invitation, operator=operator)
        return invitation, token

    def _token(self, once: str, expires_at: datetime) -> str:
        """Return a new token; that of a call follows from the keys of the site, the call and the time."""
        if not once:
            return new_token()
        digest: bytes = self.work.site.keys.mac("invitation", once, expires_at.astimezone(UTC).isoformat())
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _use(self, invitation: Invitation) -> None:
        now = self.work.clock.now()
        used = self._void(
            Invitation.id == invitation.id,
            Invitation.token_hash == invitation.token_hash,
            Invitation.expires_at > now,
            used_at=now,
        )
        if used != 1:
            raise LinkExpired(f"invitation {invitation.id} is spent")
        self.session.refresh(invitation)

    def _void(self, *conditions: ColumnElement[bool], **values: object) -> int:
        """Close open links in one statement.

        Thus the second of two concurrent uses fails.
        """
        unsettled = (Invitation.used_at.is_(None), Invitation.revoked_at.is_(None))
        done = self.session.execute(
            update(Invitation)
            .where(*conditions, *unsettled)
            .values(**(values or {"revoked_at": self.work.clock.now()}))
            .execution_options(synchronize_session=False)
        )
        return changed_rows(done)

    def _giver(self, invitation: Invitation) -> Identity:
        if invitation.inviter_id is None:
            return Identity.SYSTEM
        inviter = self.session.get_one(User, invitation.inviter_id)
        if inviter.disabled_at or inviter.deleted_at:
            raise LinkExpired(f"who made invitation {invitation.id} has left")
        if inviter.machine:
            return self.work.get(ProgramRights).identity_of(inviter)
        return identity_of(self.work, inviter, "staff")

    def _gives(self, invitation: Invitation, giver: Identity) -> bool:
        return self._may_give(self.scopes(invitation), giver)

    def _may_give(self, scopes: Sequence[Scope], giver: Identity) -> bool:
        """Return whether the actor may invite with these roles.

        A manager of some units needs a role in one of them.
        """
        if not scopes and self.rights.managed_units(giver) is not None:
            return False
        return all(
            self.rights.may_give(scope.role, *scope.ids, by=giver)
            and self.rights.manages_within(scope.ids[0], by=giver)
            for scope in scopes
        )

    def _refuse_taken(self, username: str, mobile: str, *, but: Invitation | None = None) -> None:
        accounts = self.work.get(AccountService)
        others = [row for row in self._waiting() if row is not but and row.expires_at > self.work.clock.now()]
        if accounts.by_username(username) or any(row.username == username for row in others):
            raise UsernameTaken
        person = accounts.by_mobile(mobile)
        if (person and person.username) or any(row.mobile == mobile for row in others):
            raise NumberTaken(_("A member of staff has this mobile number, or is invited with it."))
        if person and (person.disabled_at or person.deleted_at):
            raise NumberTaken(_("The account of this mobile number is closed; open it first."))

    def _record(self, action: str, invitation: Invitation, *, operator: str = "") -> None:
        data: dict[str, object] = {"invitation": invitation.id}
        if operator:
            data["operator"] = operator
        self.work.get(AuditService).record(action, subject_id=invitation.user_id, case_id=None, **data)


def _grant(scope: Scope) -> dict[str, int | None]:
    unit, category = scope.ids
    return {"role": scope.role.id, "unit": unit, "category": category}
