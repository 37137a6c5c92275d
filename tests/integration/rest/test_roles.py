"""Every operation with a token of every role, of each scope alone and of all: answered, refused, never an error."""

import pytest
from portal import Portal
from webtest import TestApp

from civicportal.api.web import PagePermission
from civicportal.app import create_app
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import make_citizen, make_staff
from civicportal.testing.tokens import token_for
from civicportal.web.rest.operations import PARAMETER

ROLES = ("visitor", "citizen", "handler", "observer", "office_manager", "public_relations", "administrator")
KNOWN = {
    "kind": "nonsense",
    "code": "9999999999",
    "key": "x" * 22,
    "question": "nonsense",
    "choice": "nonsense",
    "step": "nonsense",
    "id": "999999999",
    "number": "999999999",
}


class Callers:
    """The example site, and tokens of its roles."""

    def __init__(self, site):
        self.site, self.app = site, TestApp(create_app(site))
        self.operations = list(site.registry.api_operations.values())
        with site.work() as work:
            work.get(SeedService).load()
            self.users = {role: make_staff(work, role) for role in ROLES[2:]} | {
                "citizen": make_citizen(work)
            }
        self.tokens = {}

    def token(self, role, scope):
        """Return a token with one scope, or with every one that the role can have."""
        if role == "visitor":
            return None
        if (role, scope) not in self.tokens:
            can = [one for one in scopes_of(self.site).values() if role != "citizen" or one.for_citizens]
            names = [one.name for one in can if scope in ("", one.name)]
            self.tokens[role, scope] = token_for(self.site, self.users[role], *names) if names else None
        return self.tokens[role, scope]

    def call(self, role, operation, scope=""):
        """Call an operation with a thing that does not exist and an empty body."""
        path = "/api/v1" + PARAMETER.sub(lambda match: KNOWN[match[1]], operation.path)
        headers = {"If-Match": "*", "Idempotency-Key": "0123456789abcdef", "Accept": "*/*"}
        if token := self.token(role, scope):
            headers["Authorization"] = f"Bearer {token}"
        if operation.method == "GET":
            return self.app.get(path, headers=headers, status="*")
        return self.app.post_json(path, {}, headers=headers, status="*")


@pytest.fixture(scope="module")
def callers(civic_session, civic_database, tmp_path_factory):
    site = Portal(
        tmp_path_factory.mktemp("roles"),
        civic_session.new_database(civic_database),
        make_tables=civic_session.databases.migrate,
    ).site
    yield Callers(site)
    site.engines.dispose()


def allowed(callers, role, operation):
    """Return the status codes of an answer to a role with a token of all scopes."""
    if role == "visitor":
        if not operation.is_public:
            return {401}
        return {404} if operation.parameters else {200}
    may = {
        PagePermission.EVERYBODY: True,
        PagePermission.SIGNED_IN: True,
        PagePermission.STAFF: role != "citizen",
        PagePermission.CITIZEN: role == "citizen",
    }.get(operation.permission)
    if may is None:
        return {200, 403, 404, 422}
    if not may:
        return {403}
    if operation.method == "POST":
        return {400, 404, 415, 422}
    return {404} if operation.parameters else {200}


@pytest.mark.parametrize("role", ROLES)
def test_an_operation_answers_those_it_is_for(callers, role):
    wrong = []
    for operation in callers.operations:
        answer = callers.call(role, operation)
        if answer.status_int not in allowed(callers, role, operation):
            wrong.append(f"{role} {operation.name}: {answer.status} {answer.text[:200]}")
        if answer.status_int >= 400 and answer.content_type != "application/problem+json":
            wrong.append(f"{role} {operation.name}: {answer.content_type}")
    assert not wrong


@pytest.mark.parametrize("role", ["citizen", "administrator"])
def test_a_token_needs_the_scope_of_the_operation(callers, role):
    wrong = []
    for operation in callers.operations:
        for scope in scopes_of(callers.site) if operation.scope else ():
            if callers.token(role, scope) is None or scope == operation.scope:
                continue
            answer = callers.call(role, operation, scope)
            if answer.status_int != 403 or "insufficient_scope" not in answer.headers["WWW-Authenticate"]:
                wrong.append(f"{operation.name} with {scope}: {answer.status}")
    assert not wrong
