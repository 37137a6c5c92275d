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
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.portal.seeds import SeedService
from civicportal.testing import make_citizen, make_staff
from civicportal.testing.tokens import token_for

MODES = schemathesis.GenerationMode
FEW, MANY = 12, 800
"""Calls of an operation for each role: in every run, and in the long one."""
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
)
ROLES = ("visitor", "citizen", "officer", "other")


LIMITS = ("api_token", "api_address", "upload_owner", "upload_address", "upload_known", "submit_citizen")
LIFTED = [[10_000_000, 60]]


@pytest.fixture
def free_of_limits(assemble_migrated):
    """A site whose limits no generated calls reach."""
    return assemble_migrated(limits=dict.fromkeys(LIMITS, LIFTED))


@pytest.fixture
def portal(civic_session, civic_database, tmp_path):
    """The example site with its plugins, whose limits no generated calls reach."""
    tables = "\n".join(f"{name} = {LIFTED}" for name in LIMITS if name not in portals.LIFTED)
    site = portals.Portal(tmp_path, civic_session.new_database(civic_database), tables=tables).site
    with site.work() as work:
        work.get(SeedService).load()
    yield site
    site.engines.dispose()


def call_all(site, app, people, codes, calls, *, groups=()):
    """Call the operations, or those of some groups, as every role."""
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
        for role in ROLES:
            wrong += problems_of(operation, tokens.get(role), codes, calls)
    assert not wrong, "\n\n".join(wrong[:20])


def problems_of(operation, token, codes, calls):
    """Return what is wrong with answers to calls of an operation, one of each sort."""
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
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if mode is MODES.POSITIVE and "code" in (case.path_parameters or {}):
            case.path_parameters["code"] = data.draw(st.sampled_from(codes))
        headers = {"Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        response = case.call(headers=headers)
        # An answer with chosen fields has no others, which a schema cannot say.
        checks = [
            one
            for one in CHECKS
            if one is not response_schema_conformance or "fields" not in (case.query or {})
        ]
        try:
            case.validate_response(response, checks=checks)
        except FailureGroup as failures:
            for one in failures.exceptions:
                # A generated name that is no text does not reach the address, a text is measured without what is
                # invisible in it, and a stale version is a refusal.
                unclear = any(word in str(one) for word in ("additionalProperties", "`maxLength`"))
                if unclear or response.status_code == 412:
                    continue
                found.setdefault(
                    one.title,
                    f"{operation.label} {response.status_code}: {one} {case.as_curl_command()} {response.text[:300]}",
                )

    call()
    return list(found.values())


def test_a_few_calls_of_every_operation(free_of_limits, browse, city):
    people, codes = city
    call_all(free_of_limits, browse(free_of_limits).app, people, codes, FEW)


def test_a_few_calls_of_the_operations_of_plugins(portal):
    with portal.work() as work:
        people = {
            "citizen": make_citizen(work),
            "officer": make_staff(work, "administrator"),
            "other": make_staff(work, "handler"),
        }
    plugins = {plugin.name for plugin in portal.plugins}
    call_all(portal, create_app(portal), people, ["9999999999"], FEW // 3, groups=plugins)


@pytest.mark.long
def test_fifty_thousand_calls(free_of_limits, browse, city):
    people, codes = city
    app = browse(free_of_limits).app
    assert len(app.registry.api_operations) * len(ROLES) * MANY > 50_000
    call_all(free_of_limits, app, people, codes, MANY)
