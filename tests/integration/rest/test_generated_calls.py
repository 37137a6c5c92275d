"""Generated calls of every operation by its own document, with tokens of every role (schemathesis)."""

import portal as portals
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from civicportal.app import create_app
from civicportal.domain.organization.categories import CategoryService
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import make_citizen, make_question, make_staff, make_unit
from civicportal.testing.tokens import token_for

MODES = schemathesis.GenerationMode
FEW = 12
"""Calls of an operation for each role."""
MANY = 50_000
"""Calls in the long run, of all operations of the core and the plugins and all roles together."""
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
)
ROLES = ("visitor", "citizen", "officer", "other")


LIMITS = (
    "api_token",
    "api_token_wrong",
    "api_address",
    "upload_owner",
    "upload_address",
    "upload_known",
    "submit_citizen",
)
LIFTED = [[10_000_000, 60]]


@pytest.fixture
def free_of_limits(assemble_migrated):
    """A site whose limits no generated calls reach."""
    return assemble_migrated(limits=dict.fromkeys(LIMITS, LIFTED))


@pytest.fixture
def portal(civic_session, civic_database, tmp_path):
    """The example site with its plugins, whose limits no generated calls reach."""
    tables = "\n".join(f"{name} = {LIFTED}" for name in LIMITS if name not in portals.LIFTED)
    site = portals.Portal(
        tmp_path,
        civic_session.new_database(civic_database),
        tables=tables,
        make_tables=civic_session.databases.migrate,
    ).site
    with site.work() as work:
        work.get(SeedService).load()
    yield site
    site.engines.dispose()


def call_all(site, app, people, codes, calls, *, groups=(), ids=(), more=None, roles=ROLES):
    """Call the operations, or those of some groups, as every role.

    :param ids: of things that exist.
    :param more: other parts of addresses that exist, by name.
    """
    tokens = {}
    for role, person in people.items():
        is_staff = person.username is not None
        names = [one.name for one in scopes_of(site).values() if is_staff or one.for_citizens]
        tokens[role] = token_for(site, person, *names)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    wrong = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if groups and operation.definition.raw["tags"][0] not in groups:
            continue
        known = {"code": codes, "id": ids, **(more or {})}
        wrong += problems_of(operation, {role: tokens.get(role) for role in roles}, known, calls)
    assert not wrong, "\n\n".join(wrong[:20])


def problems_of(operation, tokens, known, calls):
    """Return what is wrong with answers to calls of an operation, one of each sort for each role.

    To generate a call takes longer than to send it: each is sent by every role.

    :param tokens: of the roles, None for a visitor.
    :param known: parts of addresses that exist, by name.
    """
    strategies = {mode: operation.as_strategy(generation_mode=mode) for mode in MODES}
    found = {}

    @settings(
        max_examples=calls,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def call(data):
        mode = data.draw(st.sampled_from(list(MODES)))
        case = data.draw(strategies[mode])
        for name in known if mode is MODES.POSITIVE else ():
            if known[name] and name in (case.path_parameters or {}):
                case.path_parameters[name] = data.draw(st.sampled_from(known[name]))
        for role, token in tokens.items():
            for title, text in failures_of(case, token).items():
                found.setdefault((role, title), f"{role}: {text}")

    call()
    return list(found.values())


def failures_of(case, token):
    """Send a call and return what is wrong with its answer, by title."""
    headers = {"Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    response = case.call(headers=headers)
    # An answer with chosen fields has no others, which a schema cannot say.
    checks = [
        one for one in CHECKS if one is not response_schema_conformance or "fields" not in (case.query or {})
    ]
    try:
        case.validate_response(response, checks=checks)
    except FailureGroup as failures:
        # A generated name that is no text does not reach the address, a text is measured without what is
        # invisible in it, and a stale version is a refusal.
        return {
            one.title: f"{case.operation.label} {response.status_code}: {one} {case.as_curl_command()} "
            f"{response.text[:300]}"
            for one in failures.exceptions
            if response.status_code != 412
            and not any(word in str(one) for word in ("additionalProperties", "`maxLength`"))
        }
    return {}


def test_a_few_calls_of_every_operation(free_of_limits, browse, city):
    people, codes = city
    call_all(free_of_limits, browse(free_of_limits).app, people, codes, FEW)


def test_a_few_calls_about_members(free_of_limits, browse, city):
    """As a manager of the city and one of a unit; the version of a member is any."""
    people, codes = city
    with free_of_limits.work() as work:
        rights = ["core:member:manage", "petitions:case:view", "petitions:case:work"]
        managers = {
            "officer": make_staff(work, "managers", permissions=rights),
            "other": make_staff(work, "managers", unit=make_unit(work, "park")),
        }
        ids = [str(one.id) for one in (*people.values(), *managers.values(), make_staff(work, "clerk"))]
    app = any_version(browse(free_of_limits).app)
    groups = ("members", "roles", "invitations", "deputies")
    call_all(free_of_limits, app, managers, codes, FEW, groups=groups, ids=ids, roles=managers)


def test_a_few_calls_about_questions(free_of_limits, browse, city):
    """As an administrator; the version of a question is any."""
    people, codes = city
    with free_of_limits.work() as work:
        people["officer"] = make_staff(work, "administrator", username="boss")
        category = work.get(CategoryService).named("petitions", "waste")
        make_question(work, category, "danger", choices={"yes": "بله", "no": "خیر"})
        make_question(work, category, "place")
    app = any_version(browse(free_of_limits).app)
    more = {
        "kind": ["petitions"],
        "key": ["waste"],
        "question": ["danger", "place"],
        "choice": ["yes", "no", "c1"],
    }
    groups, roles = ("questions", "choices"), ("officer",)
    call_all(free_of_limits, app, people, codes, FEW, groups=groups, more=more, roles=roles)


def any_version(app):
    """Return an application that takes a change for any version, where one is named."""

    def called(environ, start_response):
        if "HTTP_IF_MATCH" in environ:
            environ["HTTP_IF_MATCH"] = "*"
        return app(environ, start_response)

    return called


def call_plugins(portal, calls):
    """Call the operations of the portal's plugins, each as often as the function says of an application."""
    with portal.work() as work:
        people = {
            "citizen": make_citizen(work),
            "officer": make_staff(work, "administrator"),
            "other": make_staff(work, "handler"),
        }
    app, plugins = create_app(portal), {plugin.name for plugin in portal.plugins}
    call_all(portal, app, people, ["9999999999"], calls(app), groups=plugins)


def share(app):
    """Return the calls of an operation for each role in the long run."""
    return MANY // (len(app.registry.api_operations) * len(ROLES)) + 1


def test_a_few_calls_of_the_operations_of_plugins(portal):
    call_plugins(portal, lambda _app: FEW // 3)


@pytest.mark.long
def test_many_calls_of_every_operation(free_of_limits, browse, city, portal):
    people, codes = city
    call_all(free_of_limits, browse(free_of_limits).app, people, codes, share(create_app(portal)))


@pytest.mark.long
def test_many_calls_of_the_operations_of_plugins(portal):
    call_plugins(portal, share)
