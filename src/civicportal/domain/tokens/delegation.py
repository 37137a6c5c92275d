"""What people let programs do by OAuth: consent, codes, access and refresh tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from civicportal.core.crypto import same, token_hash
from civicportal.core.db import changed_rows
from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.services import AuditService
from civicportal.domain.tokens.models import ApiClient, OAuthGrant, RefreshToken, Token
from civicportal.domain.tokens.services import ClientService, TokenService
from civicportal.util.errors import NotFound

CODE, CREDENTIALS, REFRESH = "authorization_code", "client_credentials", "refresh_token"
GRANTS = (CODE, CREDENTIALS, REFRESH)
SECRET_METHODS = ["client_secret_basic", "client_secret_post"]
METHODS = [*SECRET_METHODS, "none"]


@dataclass(frozen=True)
class Presented:
    """A valid code or refresh token that a client has presented.

    :ivar refresh_id: id of the refresh token; None for a code.
    """

    grant: OAuthGrant
    refresh_id: int | None = None


class OAuthService(Service):
    """Store consent, codes and tokens; end all of them when one is presented twice."""

    ACCESS_LIFE = timedelta(hours=1)
    CODE_LIFE = timedelta(seconds=60)
    REFRESH_LIFE = timedelta(days=90)
    """Of one refresh token; each use issues another one."""

    # --- clients

    def client(self, public_id: str) -> ApiClient | None:
        """Return the client with a public identifier."""
        number = public_id.removeprefix(ApiClient.PUBLIC_PREFIX)
        if not (public_id.startswith(ApiClient.PUBLIC_PREFIX) and number.isascii() and number.isdigit()):
            return None
        return self.session.get(ApiClient, int(number)) if len(number) <= 18 else None

    @staticmethod
    def is_secret(client: ApiClient, sent: str) -> bool:
        """Return whether a secret is that of a client."""
        return same(token_hash(sent), client.secret_hash or "")

    # --- consent

    def offered(self, client: ApiClient, asked: Sequence[str]) -> list[str]:
        """Return those of the requested scopes that the actor can give."""
        possible = {scope.name for scope in self.work.get(TokenService).offered()}
        return [name for name in asked if name in possible and name in client.scopes]

    def store_code(
        self,
        code: str,
        *,
        client: ApiClient,
        user: User,
        scopes: Sequence[str],
        redirect_uri: str,
        challenge: str,
    ) -> OAuthGrant:
        """Store the consent of the actor with the code that the client gets."""
        now = self.work.clock.now()
        grant = OAuthGrant(
            client_id=client.id,
            user_id=user.id,
            realm=self.work.actor.realm,
            scopes=list(scopes),
            epoch=user.session_epoch,
            created_at=now,
            code_hash=token_hash(code),
            code_expires_at=now + self.CODE_LIFE,
            redirect_uri=redirect_uri,
            challenge=challenge,
        )
        self.session.add(grant)
        self.session.flush()
        self._record("allow", grant)
        return grant

    def grants_of(self, user: User) -> Sequence[OAuthGrant]:
        """Return what a person has allowed to programs that used it, latest first."""
        query = select(OAuthGrant).where(
            OAuthGrant.user_id == user.id,
            OAuthGrant.revoked_at.is_(None),
            OAuthGrant.code_used_at.is_not(None),
            OAuthGrant.epoch == user.session_epoch,
        )
        return self.session.scalars(query.order_by(OAuthGrant.id.desc())).all()

    def fetch(self, user: User, grant_id: int) -> OAuthGrant:
        """Return what a person has allowed to a program.

        :raises NotFound: when there is none of this id.
        """
        grant = self.session.get(OAuthGrant, grant_id)
        if grant is None or grant.user_id != user.id:
            raise NotFound("no such grant")
        return grant

    def revoke(self, grant: OAuthGrant, reason: str = "") -> None:
        """End what was allowed, with all of its tokens.

        :param reason: "replayed" when a code or refresh token was presented twice.
        """
        now = self.work.clock.now()
        if grant.revoked_at is None:
            grant.revoked_at = now
            self._record("disallow", grant, reason)
        self.session.execute(
            update(Token).where(Token.grant_id == grant.id, Token.revoked_at.is_(None)).values(revoked_at=now)
        )
        self.session.flush()

    def end_client(self, client: ApiClient) -> None:
        """End the access of a client at once, and all that people have allowed to it."""
        self.work.get(ClientService).revoke(client)
        query = select(OAuthGrant).where(OAuthGrant.client_id == client.id, OAuthGrant.revoked_at.is_(None))
        for grant in self.session.scalars(query).all():
            self.revoke(grant)

    # --- codes and tokens

    def present_code(self, code: str, client: ApiClient) -> Presented | None:
        """Use up a code; presented twice, it ends what it has led to."""
        query = select(OAuthGrant).where(
            OAuthGrant.code_hash == token_hash(code), OAuthGrant.client_id == client.id
        )
        grant = self.session.scalar(query)
        if grant is None or not self._is_alive(grant):
            return None
        now = self.work.clock.now()
        used = self.session.execute(
            update(OAuthGrant)
            .where(OAuthGrant.id == grant.id, OAuthGrant.code_used_at.is_(None))
            .values(code_used_at=now)
        )
        if not changed_rows(used):
            self.revoke(grant, "replayed")
            return None
        return Presented(grant) if grant.code_expires_at > now else None

    def present_refresh_token(self, sent: str, client: ApiClient) -> Presented | None:
        """Return the consent of a refresh token; presented after its use, it ends that."""
        query = select(RefreshToken, OAuthGrant).join(OAuthGrant, OAuthGrant.id == RefreshToken.grant_id)
        query = query.where(RefreshToken.token_hash == token_hash(sent), OAuthGrant.client_id == client.id)
        found = self.session.execute(query).first()
        if found is None or not self._is_alive(found[1]):
            return None
        token, grant = found
        if token.used_at is not None:
            self.revoke(grant, "replayed")
            return None
        return Presented(grant, token.id) if token.expires_at > self.work.clock.now() else None

    def use_refresh_token(self, presented: Presented) -> bool:
        """Use up a refresh token; False if that was done concurrently, which ends the consent."""
        used = self.session.execute(
            update(RefreshToken)
            .where(RefreshToken.id == presented.refresh_id, RefreshToken.used_at.is_(None))
            .values(used_at=self.work.clock.now())
        )
        if not changed_rows(used):
            self.revoke(presented.grant, "replayed")
            return False
        return True

    def store_tokens(
        self,
        *,
        client: ApiClient,
        grant: OAuthGrant | None,
        access: str,
        refresh: str | None,
        scopes: Sequence[str],
    ) -> None:
        """Store an access token, and the refresh token that continues it.

        :param grant: what a person has allowed; None if the client acts for itself.
        """
        now, user = self.work.clock.now(), client.user if grant is None else grant.user
        self.session.add(
            Token(
                user_id=user.id,
                realm="staff" if grant is None else grant.realm,
                name=client.user.name[:60],
                token_hash=token_hash(access),
                ending=access[-4:],
                scopes=list(scopes),
                epoch=user.session_epoch if grant is None else grant.epoch,
                short=True,
                grant_id=None if grant is None else grant.id,
                created_at=now,
                expires_at=now + self.ACCESS_LIFE,
            )
        )
        if refresh is not None and grant is not None:
            self.session.add(
                RefreshToken(
                    grant_id=grant.id,
                    token_hash=token_hash(refresh),
                    created_at=now,
                    expires_at=now + self.REFRESH_LIFE,
                )
            )
        self.session.flush()

    def issued(self, sent: str) -> tuple[Token | RefreshToken, int] | None:
        """Return an issued token with the id of its client."""
        query = select(RefreshToken, OAuthGrant.client_id).join(
            OAuthGrant, OAuthGrant.id == RefreshToken.grant_id
        )
        found = self.session.execute(query.where(RefreshToken.token_hash == token_hash(sent))).first()
        if found is not None:
            return found[0], found[1]
        token = self.session.scalar(
            select(Token).where(Token.token_hash == token_hash(sent), Token.short.is_(True))
        )
        if token is None:
            return None
        owner = (
            select(OAuthGrant.client_id).where(OAuthGrant.id == token.grant_id)
            if token.grant_id
            else select(ApiClient.id).where(ApiClient.user_id == token.user_id)
        )
        return token, self.session.scalars(owner).one()

    def revoke_issued(self, token: Token | RefreshToken) -> None:
        """End an access token, or with a refresh token all that was allowed (RFC 7009 §2.1)."""
        if isinstance(token, RefreshToken):
            self.revoke(self.session.get_one(OAuthGrant, token.grant_id))
        else:
            token.revoked_at = token.revoked_at or self.work.clock.now()
            self.session.flush()

    # --- inside

    def _is_alive(self, grant: OAuthGrant) -> bool:
        user = grant.user
        return (
            grant.revoked_at is None
            and grant.epoch == user.session_epoch
            and user.disabled_at is None
            and user.deleted_at is None
        )

    def _record(self, what: str, grant: OAuthGrant, reason: str = "") -> None:
        self.work.get(AuditService).record(
            f"token:{what}",
            subject_id=grant.user_id,
            client=grant.client_id,
            scopes=grant.scopes,
            reason=reason,
        )
