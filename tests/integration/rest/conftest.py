"""Calls of the API by tokens of people."""

from dataclasses import dataclass

import pytest
from integration.rest.administration import BOTH

from civicportal.testing import make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.testing.tokens import token_for

SCOPES = ("cases:read", "cases:write", "cases:personal", "organization:read")


@dataclass
class Caller:
    """A person with a token, and what they call: ``officer.get("/cases")``."""

    app: object
    token: str

    def headers(self, more):
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", **more}

    def get(self, path, *, status=200, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.app.get(f"/api/v1{path}", headers=self.headers(named), status=status)

    def post(self, path, body=None, *, status=200, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.app.post_json(
            f"/api/v1{path}", {} if body is None else body, headers=self.headers(named), status=status
        )


@pytest.fixture
def city(site):
    """Two units, each with an officer, a topic and a case."""
    with site.work() as work:
        units = [make_unit(work, "waste"), make_unit(work, "light")]
        topics = [make_category(work, unit.key, unit=unit) for unit in units]
        people = {
            "officer": make_staff(work, "officer", unit=units[0]),
            "other": make_staff(work, "officer", unit=units[1], username="other"),
            "citizen": make_citizen(work),
        }
        codes = [make_case(work, category=topic, citizen=people["citizen"]).code for topic in topics]
    return people, codes


@pytest.fixture
def caller(site, app, city):
    """Return a caller: ``caller("officer")``."""

    def caller(who, *scopes, **options):
        return Caller(app, token_for(site, city[0][who], *(scopes or SCOPES), **options))

    return caller


@pytest.fixture
def staff(request, site, city):
    """An administrator, and a person with the right that the module tests (``RIGHT``)."""
    people = city[0]
    with site.work() as work:
        people["boss"] = make_staff(work, "administrator", username="boss")
        people["keeper"] = make_staff(work, "keeper", permissions=[request.module.RIGHT], username="keeper")
    return people


@pytest.fixture
def boss(caller, staff):
    return caller("boss", *BOTH)
