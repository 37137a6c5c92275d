"""Making, listing and revoking tokens, and machine clients."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, ColumnElement, select

from civicportal.core.crypto import token_hash
from civicportal.core.db import fetch_row
from civicportal.core.security import Identity
from civicportal.core.work import Service
from civicportal.domain.accounts.identity import HeldRole, every_right, grants_of
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import Role, User
from civicportal.domain.accounts.programs import ProgramRights
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.organization.models import Unit
from civicportal.domain.tokens.models import ApiClient, OAuthGrant, Token
from civicportal.domain.tokens.scopes import TokenScope, kept_of, narrowed, scopes_of
from civicportal.domain.tokens.secrets import Sort, new_api_token
from civicportal.util.errors import Forbidden, NotFound, Refused
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

MANAGE = "core:client:manage"
"""Right to make machine clients."""
MOST_TOKENS = 20
"""Maximum of valid tokens of one person."""
HANDOVER = timedelta(days=1)
"""How long a client's former tokens are valid after a new one was made, unless they are revoked."""


def is_valid(now: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a valid ``Token`` and its ``User``."""
    return (
        Token.expires_at > now,
        Token.revoked_at.is_(None),
        Token.epoch == User.session_epoch,
        User.disabled_at.is_(None),
        User.deleted_at.is_(None),
    )


def may_make(site: "Site", actor: Identity) -> bool:
    """Return whether a person may make tokens of their own."""
    branding = site.branding
    if not branding.api_enabled or actor.token_id is not None or actor.must_enrol:
        return False
    whose = branding.api_personal
    return (actor.is_staff and whose != "none") or (actor.is_citizen and whose == "everybody")


class TokenService(Service):
    """The tokens of people."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.settings = work.site.settings["api"]

    def may_make(self) -> bool:
        """Return whether the actor may make tokens of their own."""
        return may_make(self.work.site, self.work.actor)

    def offered(self) -> list[TokenScope]:
        """Return the scopes that a token of the actor can have, without those that would give nothing."""
        actor, site = self.work.actor, self.work.site
        if actor.is_citizen:
            return [scope for scope in scopes_of(site).values() if scope.for_citizens]
        held = [name for name in every_right(self.work) if actor.permits(name)]
        return [
            scope
            for scope in scopes_of(site).values()
            if not scope.rights or kept_of(site, [scope.name], held)
        ]

    def make(
        self,
        user: User,
        *,
        name: str,
        scopes: Iterable[str],
        unit: Unit | None = None,
        days: int | None = None,
    ) -> tuple[Token, str]:
        """Make a token of the actor.

        :param user: the actor.
        :param scopes: names of scopes.
        :param unit: to limit it to a unit and those below.
        :param days: until it expires; by default that of the site.
        :returns: the row, and the token, which is not stored.
        :raises Forbidden: when the actor may not make tokens.
        :raises Refused: when there are too many, or a scope or the time is not possible.
        """
        if not self.may_make() or user.id != self.work.actor.user_id:
            raise Forbidden("the actor makes no tokens")
        self.session.execute(select(User.id).where(User.id == user.id).with_for_update())
        if len(self.valid_of(user)) >= MOST_TOKENS:
            raise Refused(_("There are very many tokens already: revoke one first."))
        if unit is not None and self.work.actor.is_citizen:
            raise Refused(_("A citizen's token is not limited to a unit."))
        return self.work.get(TokenMaker).make(
            user,
            "cpt",
            realm=self.work.actor.realm,
            name=name,
            scopes=scopes,
            offered=self.offered(),
            unit=unit,
            days=min(self.settings["days"], self.settings["most_days"]) if days is None else days,
            most_days=self.settings["most_days"],
        )

    def valid_of(self, user: User, *, short: bool = False) -> Sequence[Token]:
        """Return the valid tokens of a person, latest first.

        :param short: include access tokens of OAuth.
        """
        query = select(Token).join(User, User.id == Token.user_id).order_by(Token.id.desc())
        query = query.where(Token.user_id == user.id, *is_valid(self.work.clock.now()))
        return self.session.scalars(query if short else query.where(Token.short.is_(False))).all()

    def all_of(self, user: User) -> Sequence[Token]:
        """Return the tokens of a person, latest first, with those that have ended."""
        query = select(Token).where(Token.user_id == user.id, Token.short.is_(False))
        query = query.order_by(Token.id.desc())
        return self.session.scalars(query).all()

    def fetch(self, user: User, token_id: int) -> Token:
        """Return a token of a person.

        :raises NotFound: when there is none of this id.
        """
        token = self.session.get(Token, token_id, with_for_update=True)
        if token is None or token.user_id != user.id:
            raise NotFound("no such token")
        return token

    def revoke(self, token: Token) -> None:
        """End a token at once; one that was revoked before stays so."""
        if token.revoked_at is None:
            token.revoked_at = self.work.clock.now()
            self.work.get(AuditService).record("token:revoke", subject_id=token.user_id, token_id=token.id)
            self.session.flush()


class ClientService(Service):
    """Machine clients, made by administrators."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.tokens = work.get(TokenService)

    def all(self) -> Sequence[ApiClient]:
        """Return the clients, latest first."""
        return self.session.scalars(select(ApiClient).order_by(ApiClient.id.desc())).all()

    def fetch(self, client_id: int, *, lock: bool = False) -> ApiClient:
        """Return a client.

        :raises NotFound: when there is none of this id.
        """
        return fetch_row(self.session, ApiClient, client_id, lock=lock)

    def make(
        self,
        *,
        name: str,
        role: Role | None,
        unit: Unit | None = None,
        scopes: Iterable[str],
        note: str = "",
        redirect_uris: Sequence[str] = (),
        days: int | None = None,
    ) -> tuple[ApiClient, str]:
        """Make a client and its first token.

        :param role: its rights, limited to the unit if there is one; None for a program that only acts for people, whose
            token is empty.
        :param days: until the token expires; by default that of the site.
        :returns: the client, and the token, which is not stored.
        :raises Forbidden: when the actor does not have the rights of the role there.
        :raises Refused: when the role, a scope or the time is not possible.
        """
        user = User(name=name, machine=True, created_at=self.work.clock.now())
        self.session.add(user)
        self.session.flush()
        client = ApiClient(user=user, made_by_id=self.work.actor.user_id, created_at=self.work.clock.now())
        self._write(client, role, unit, scopes, note, redirect_uris)
        self.session.add(client)
        self.session.flush()
        self._record("make", client)
        return client, self._new_token(client, days) if role else ""

    def change(
        self,
        client: ApiClient,
        *,
        name: str,
        role: Role | None,
        unit: Unit | None,
        scopes: Iterable[str],
        note: str,
        redirect_uris: Sequence[str] = (),
    ) -> None:
        """Change a client; its tokens follow at once.

        :raises Forbidden: when the actor does not have its present rights, or those it would get.
        :raises Refused: when the role or a scope is not possible.
        """
        self._require_control(client)
        client.user.name = name
        self._write(client, role, unit, scopes, note, redirect_uris)
        for token in self.tokens.valid_of(client.user, short=True):
            token.scopes = client.scopes
        delegated = select(Token).join(OAuthGrant, OAuthGrant.id == Token.grant_id)
        for token in self.session.scalars(delegated.where(OAuthGrant.client_id == client.id)):
            token.scopes = [scope for scope in token.scopes if scope in client.scopes]
        self.session.flush()
        self._record("change", client)

    def rotate(self, client: ApiClient, *, days: int | None = None) -> str:
        """Make a new token; the former ones end within a day, so that the program can be given the new one.

        :raises Forbidden: when the actor does not have the rights of the client.
        """
        self._require_control(client)
        if client.role is None:
            raise Refused(_("The program has no access level of its own: choose one first."))
        until = self.work.clock.now() + HANDOVER
        for token in self.tokens.valid_of(client.user):
            token.expires_at = min(token.expires_at, until)
        return self._new_token(client, days)

    def revoke(self, client: ApiClient) -> None:
        """End all tokens of a client at once; a new one can be made later."""
        for token in self.tokens.valid_of(client.user, short=True):
            self.tokens.revoke(token)
        client.secret_hash = None
        self._record("revoke", client)

    def new_secret(self, client: ApiClient) -> str:
        """Make a secret by which the client gets tokens; the former one ends.

        :raises Forbidden: when the actor does not have the rights of the client.
        """
        self._require_control(client)
        secret = new_api_token("cps")
        client.secret_hash = token_hash(secret)
        self.session.flush()
        self._record("secret", client)
        return secret

    # --- inside

    def _write(
        self,
        client: ApiClient,
        role: Role | None,
        unit: Unit | None,
        scopes: Iterable[str],
        note: str,
        redirect_uris: Sequence[str],
    ) -> None:
        unit_id = unit.id if unit else None
        if role is not None:
            self._require_fit(role, unit_id)
        elif not redirect_uris:
            raise Refused(_("Choose an access level, or name an address if it acts for people."))
        client.role, client.unit_id, client.note = role, unit_id, note
        client.redirect_uris = list(redirect_uris)
        client.scopes = known_scopes(scopes, scopes_of(self.work.site).values())

    def _require_fit(self, role: Role, unit_id: int | None) -> None:
        if role.builtin:
            raise Refused(_("This role is for people only."))
        self.work.get(MembershipService).refuse_unfit(None, role, unit_id, None)
        if not self.work.get(RightsService).may_give(role, unit_id, None):
            raise Forbidden("the role of the client has more rights than its maker")

    def _require_control(self, client: ApiClient) -> None:
        rights = self.work.get(RightsService)
        if client.role is not None and not rights.may_give(client.role, client.unit_id, None):
            raise Forbidden("the client has more rights than the actor")

    def _new_token(self, client: ApiClient, days: int | None) -> str:
        settings = self.work.site.settings["api"]
        _token, secret = self.work.get(TokenMaker).make(
            client.user,
            "cpm",
            realm="staff",
            name=client.user.name[:60],
            scopes=client.scopes,
            offered=scopes_of(self.work.site).values(),
            unit=None,
            days=settings["client_days"] if days is None else days,
            most_days=settings["client_days"],
        )
        return secret

    def _record(self, what: str, client: ApiClient) -> None:
        self.work.get(AuditService).record(
            f"client:{what}",
            subject_id=client.user_id,
            client=client.id,
            role=client.role.key if client.role else "",
            unit=client.unit_id,
            scopes=client.scopes,
        )


class ClientRights(ProgramRights):
    """The rights of a client: those of its role, cut by its scopes, while it has or can get a token."""

    def identity_of(self, user: User) -> Identity:
        """See :meth:`ProgramRights.identity_of`."""
        client = self.session.scalars(select(ApiClient).where(ApiClient.user_id == user.id)).one()
        is_open = client.secret_hash or self.work.get(TokenService).valid_of(user, short=True)
        role_id = client.role_id if is_open else None
        held = [HeldRole(holder_id=user.id, role_id=role_id, unit_id=client.unit_id)] if role_id else []
        identity = Identity(
            user_id=user.id,
            name=user.name,
            realm="staff",
            grants=tuple(grants_of(self.work, held, user.id)),
        )
        return narrowed(self.work.site, identity, frozenset(client.scopes), None, every_right(self.work))


class TokenMaker(Service):
    """Adds the rows of tokens."""

    def make(
        self,
        user: User,
        sort: Sort,
        *,
        realm: str,
        name: str,
        scopes: Iterable[str],
        offered: Iterable[TokenScope],
        unit: Unit | None,
        days: int,
        most_days: int,
    ) -> tuple[Token, str]:
        """Make a token, with an entry in the audit trail.

        :returns: the row and the token.
        :raises Refused: when a scope or the time is not possible.
        """
        if not 1 <= days <= most_days:
            raise Refused(_("A token is valid for at most ${days} days.", mapping={"days": str(most_days)}))
        now, secret = self.work.clock.now(), new_api_token(sort)
        token = Token(
            user_id=user.id,
            realm=realm,
            name=name,
            token_hash=token_hash(secret),
            ending=secret[-4:],
            scopes=known_scopes(scopes, offered),
            unit_id=unit.id if unit else None,
            epoch=user.session_epoch,
            made_by_id=self.work.actor.user_id,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        self.session.add(token)
        self.session.flush()
        self.work.get(AuditService).record(
            "token:make", subject_id=user.id, token_id=token.id, scopes=token.scopes, unit=token.unit_id
        )
        return token, secret


def known_scopes(names: Iterable[str], offered: Iterable[TokenScope]) -> list[str]:
    """Return names of scopes in order.

    :raises Refused: when there is none, or one that is not offered.
    """
    chosen = set(names)
    if not chosen or chosen - {scope.name for scope in offered}:
        raise Refused(_("Choose at least one of the scopes."))
    return sorted(chosen)
