"""OAuth 2.1 for programs: the rules are those of ``authlib``, the rows those of the portal.

Sources: RFC 6749 (client credentials, authorization code, refresh token), RFC 7636 (PKCE, with S256 only), RFC 7009
(revocation), RFC 8414 (metadata), RFC 9207 (issuer), and the draft of OAuth 2.1 for what they leave open: PKCE for
every client, exact redirect addresses, refresh tokens that are used once.
"""

from collections import defaultdict
from collections.abc import Mapping

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Error, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from pyramid.response import Response

from civicportal.core.work import Work
from civicportal.domain.accounts.models import User
from civicportal.domain.tokens.delegation import (
    CODE,
    CREDENTIALS,
    METHODS,
    REFRESH,
    SECRET_METHODS,
    OAuthService,
    Presented,
)
from civicportal.domain.tokens.models import ApiClient, RefreshToken, Token
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.domain.tokens.secrets import new_api_token
from civicportal.web.request import Request


class RegisteredClient(ClientMixin):
    """A connected program, as authlib asks about it."""

    def __init__(self, service: OAuthService, row: ApiClient) -> None:
        self.service, self.row = service, row

    def get_client_id(self) -> str:
        """Return the public identifier."""
        return self.row.public_id

    def get_default_redirect_uri(self) -> None:
        """Return no address: it is always named."""
        return

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scopes that it gets, or None if it asks for others than it may have."""
        asked = (scope or "").split() or self.row.scopes
        return " ".join(sorted(set(asked))) if set(asked) <= set(self.row.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether it is registered, letter by letter."""
        return redirect_uri in self.row.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether a secret is its own."""
        return self.service.is_secret(self.row, client_secret)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Return whether it authenticates so: by its secret, if it has one."""
        return (method == "none") == (self.row.secret_hash is None)

    def check_response_type(self, response_type: str) -> bool:
        """Return whether it may ask people."""
        return response_type == "code" and bool(self.row.redirect_uris)

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether it may use a grant."""
        if grant_type == CREDENTIALS:
            return self.row.secret_hash is not None and self.row.role is not None
        return grant_type in (CODE, REFRESH) and bool(self.row.redirect_uris)


class Credential:
    """A code or a refresh token that was presented, as authlib asks about it."""

    code_challenge_method = "S256"

    def __init__(self, presented: Presented) -> None:
        self.presented, self.grant = presented, presented.grant
        self.code_challenge = self.grant.challenge

    def get_redirect_uri(self) -> str:
        """Return the address to which the code was sent."""
        return self.grant.redirect_uri

    def get_scope(self) -> str:
        """Return the scopes to which the person agreed."""
        return " ".join(self.grant.scopes)

    def check_client(self, client: RegisteredClient) -> bool:
        """Return whether it was issued to a client."""
        return bool(self.grant.client_id == client.row.id)


class _CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def generate_authorization_code(self) -> str:
        return new_api_token("cpc")

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        self.server.service.store_code(
            code,
            client=request.client.row,
            user=request.user,
            scopes=self.server.agreed,
            redirect_uri=request.payload.redirect_uri,
            challenge=request.payload.data["code_challenge"],
        )

    def query_authorization_code(self, code: str, client: RegisteredClient) -> Credential | None:
        presented = self.server.service.present_code(code, client.row)
        return None if presented is None else Credential(presented)

    def delete_authorization_code(self, authorization_code: Credential) -> None:
        """The code was used up when it was presented."""

    def authenticate_user(self, authorization_code: Credential) -> User:
        return authorization_code.grant.user


class _RefreshGrant(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Credential | None:
        presented = self.server.service.present_refresh_token(refresh_token, self.request.client.row)
        return None if presented is None else Credential(presented)

    def authenticate_user(self, refresh_token: Credential) -> User:
        return refresh_token.grant.user

    def issue_token(self, user: User, refresh_token: Credential) -> dict[str, object]:
        if not self.server.service.use_refresh_token(refresh_token.presented):
            raise InvalidGrantError
        token: dict[str, object] = super().issue_token(user, refresh_token)
        return token

    def revoke_old_credential(self, refresh_token: Credential) -> None:
        """The token was used up before the new one was issued."""


class _CredentialsGrant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS

    def validate_requested_scope(self) -> None:
        if self.request.client.get_allowed_scope(self.request.payload.scope) is None:
            raise InvalidScopeError


class _Challenge(CodeChallenge):
    """PKCE for every client, with S256 only."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge with code_challenge_method=S256 is required")
        super().validate_code_challenge(grant, redirect_uri)


class _Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, _token_type_hint: str | None) -> "_Issued | None":
        found = self.server.service.issued(token_string)
        return None if found is None else _Issued(*found)

    def revoke_token(self, token: "_Issued", _request: OAuth2Request) -> None:
        self.server.service.revoke_issued(token.row)


class _Issued:
    """A token that a client revokes."""

    def __init__(self, row: Token | RefreshToken, client_id: int) -> None:
        self.row, self.client_id = row, client_id

    def check_client(self, client: RegisteredClient) -> bool:
        return self.client_id == client.row.id


class _Payload(OAuth2Payload):
    """The parameters of a request: of the query for the page of consent, of the form else."""

    def __init__(self, parameters: Mapping[str, str], lists: Mapping[str, list[str]]) -> None:
        self._data, self._lists = dict(parameters), defaultdict(list, lists)

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists


class _Asked(OAuth2Request):
    def __init__(self, request: Request) -> None:
        # The proxy ends TLS; whether a site is reached by https is decided there.
        super().__init__(
            request.method, "https://portal.invalid" + request.path, headers=dict(request.headers)
        )
        source = request.POST if request.is_api else request.GET
        parameters = {name: str(value) for name, value in source.items()}
        self.payload = _Payload(parameters, {name: source.getall(name) for name in parameters})
        self._form = parameters

    @property
    def args(self) -> dict[str, str]:
        return self._form

    @property
    def form(self) -> dict[str, str]:
        return self._form


class OAuthServer(AuthorizationServer):
    """The authorization server of one request.

    :ivar agreed: scopes to which the person has agreed.
    """

    def __init__(self, request: Request, work: Work) -> None:
        super().__init__(scopes_supported=sorted(scopes_of(request.site)))
        self.service = work.get(OAuthService)
        self.agreed: list[str] = []
        self._issuer = request.site.public_url or request.host_url
        self.register_token_generator("default", self._generate)
        self.register_grant(_CredentialsGrant)
        self.register_grant(_CodeGrant, [_Challenge(required=True)])
        self.register_grant(_RefreshGrant)
        self.register_endpoint(_Revocation)

    def query_client(self, client_id: str) -> RegisteredClient | None:
        """Return a connected program."""
        row = self.service.client(client_id)
        return None if row is None else RegisteredClient(self.service, row)

    def save_token(self, token: dict[str, object], request: OAuth2Request) -> None:
        """Store the issued tokens."""
        credential = request.authorization_code or request.refresh_token
        self.service.store_tokens(
            client=request.client.row,
            grant=None if credential is None else credential.grant,
            access=str(token["access_token"]),
            refresh=str(token["refresh_token"]) if "refresh_token" in token else None,
            scopes=str(token["scope"]).split(),
        )

    def create_oauth2_request(self, request: Request) -> OAuth2Request:
        """Return the request as authlib reads it."""
        return _Asked(request)

    def handle_response(self, status: int, body: object, headers: list[tuple[str, str]]) -> Response:
        """Return the response for Pyramid."""
        response = Response(status=status)
        if isinstance(body, dict):
            response.content_type = "application/json"
            response.json_body = body
        response.headers.update(headers)
        if response.location:
            # A client of several servers knows by it whose answer this is (RFC 9207).
            response.location = add_params_to_uri(response.location, {"iss": self._issuer})
        response.headers["Cache-Control"] = "no-store"
        return response

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Send no signals."""

    def _generate(
        self,
        *,
        client: RegisteredClient,
        scope: str | None = None,
        include_refresh_token: bool = True,
        **_others: object,
    ) -> dict[str, object]:
        # An administrator may have taken scopes from the program since the person agreed.
        granted = set((scope or "").split() or client.row.scopes) & set(client.row.scopes)
        token: dict[str, object] = {
            "token_type": "Bearer",
            "access_token": new_api_token("cpa"),
            "expires_in": int(OAuthService.ACCESS_LIFE.total_seconds()),
            "scope": " ".join(sorted(granted)),
        }
        if include_refresh_token:
            token["refresh_token"] = new_api_token("cpr")
        return token


__all__ = ["OAuth2Error", "OAuthServer"]
