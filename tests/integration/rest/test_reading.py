"""Reading of the API: lists and pages, one case, its history, and what does not change."""

import json

import pytest
from openapi_spec_validator import validate
from sqlalchemy import select

from civicportal.api.organization import OrganizationService
from civicportal.domain.audit.models import AuditEvent
from civicportal.testing import make_case, make_category

pytestmark = pytest.mark.both_databases


def codes_of(answer):
    return [item["code"] for item in answer.json["items"]]


def test_an_officer_lists_and_reads_the_cases_of_the_own_unit(caller, city):
    _people, (mine, theirs) = city
    officer = caller("officer")
    assert codes_of(officer.get("/cases")) == [mine]
    case = officer.get(f"/cases/{mine}")
    assert case.json["category"] == {"key": "waste", "name": "موضوع waste"}
    assert case.json["unit"]["key"] == "waste"
    assert case.json["created_at"].endswith("+03:30")
    assert case.headers["ETag"] == f'"{case.json["version"]}"'
    assert officer.get(f"/cases/{theirs}", status=404).json["status"] == 404


def test_a_citizen_lists_and_reads_the_own_cases(caller, city):
    citizen = caller("citizen", "cases:read", realm="citizen")
    assert sorted(codes_of(citizen.get("/cases"))) == sorted(city[1])
    case = citizen.get(f"/cases/{city[1][0]}").json
    assert case["holder"] is None
    [event] = citizen.get(f"/cases/{city[1][0]}/history").json["items"]
    assert (event["type"], event["internal_text"]) == (None, None)
    wrong = citizen.get("/cases?view=all", status=400).json
    assert [one["parameter"] for one in wrong["errors"]] == ["view"]


def test_pages_follow_one_another_without_gaps(site, caller, city):
    with site.work() as work:
        topic = make_category(work, "again", unit=work.get(OrganizationService).unit("waste"))
        made = [make_case(work, category=topic).code for _number in range(7)]
    officer, found, path = caller("officer"), [], "/cases?limit=3&category=again"
    while path:
        page = officer.get(path)
        found += codes_of(page)
        cursor = page.json["next"]
        assert ("Link" in page.headers) == bool(cursor)
        path = f"/cases?limit=3&category=again&cursor={cursor}" if cursor else ""
    assert found == made[::-1]


def test_an_unchanged_case_is_not_sent_again(caller, city):
    officer, path = caller("officer"), f"/cases/{city[1][0]}"
    tag = officer.get(path).headers["ETag"]
    assert officer.get(path, If_None_Match=tag, status=304).body == b""


def test_only_the_named_fields_come(caller):
    [item] = caller("officer").get("/cases?fields=code,status").json["items"]
    assert set(item) == {"code", "status"}


class TestLanguages:
    @pytest.fixture
    def civic_settings(self):
        return {"site": {"languages": ["fa", "en"]}}

    @pytest.mark.parametrize(
        ("asked", "spoken"),
        [("en", "en"), ("fa-IR, en;q=0.5", "fa"), ("en-GB, fa;q=0.5", "en"), ("de", "fa"), ("\xff;", "fa")],
    )
    def test_names_are_in_the_language_of_the_caller(self, caller, city, asked, spoken):
        answer = caller("officer").get(f"/cases/{city[1][0]}", Accept_Language=asked)
        assert answer.headers["Content-Language"] == spoken


def test_the_caller_is_told_who_it_is(caller):
    me = caller("officer", "cases:read").get("/me").json
    assert (me["realm"], me["scopes"], me["grants"][0]["units"]) == ("staff", ["cases:read"], ["waste"])
    assert "petitions:case:work" not in me["permissions"]


def test_categories_are_public_and_units_are_not(app, caller):
    topics = app.get("/api/v1/categories?kind=petitions").json["items"]
    assert {one["key"] for one in topics} >= {"waste", "light"}
    assert {one["unit"] for one in topics} == {None}
    assert app.get("/api/v1/units", status=401).headers["WWW-Authenticate"].startswith("Bearer")
    assert {one["key"] for one in caller("officer").get("/units").json["items"]} >= {"waste", "light"}
    known = caller("officer").get("/categories?kind=petitions").json["items"]
    assert {one["unit"] for one in known} >= {"waste", "light"}


def test_a_case_of_an_officer_is_read_on_the_record(site, caller, city):
    caller("officer").get(f"/cases/{city[1][0]}")
    with site.work(write=False) as work:
        [event] = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "case:open"))
    assert event.data["token"]


def test_a_session_of_the_pages_opens_nothing_here(app, city, sign_in):
    sign_in(city[0]["officer"])
    assert app.get("/api/v1/cases", status=401).content_type == "application/problem+json"


def test_a_token_without_the_right_to_names_gets_none(caller, city):
    path = f"/cases/{city[1][0]}"
    assert caller("officer").get(path).json["citizen"]
    assert caller("officer", "cases:read").get(path).json["citizen"] is None


def test_the_document_is_valid_and_names_every_operation(app):
    document = app.get("/api/v1/openapi.json").json
    validate(document)
    names = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    assert names == set(app.app.registry.api_operations)
    assert "null" not in json.dumps(
        [one["description"] for one in document["components"]["schemas"].values() if "description" in one]
    )


def test_the_reference_is_a_page_without_scripts_of_its_own(app):
    page = app.get("/api/v1/").html
    assert app.get("/api/v1").html == page
    assert {one["id"] for one in page.select("main h2[id]")} >= set(app.app.registry.api_operations)
    assert not page.select("main script")
    targets = {link["href"][1:] for link in page.select("main a[href^='#']")}
    assert targets <= {one["id"] for one in page.select("[id]")}


class TestUnchangedLists:
    def test_a_list_that_has_not_changed_is_not_sent_again(self, site, caller, city):
        officer = caller("officer")
        first = officer.get("/cases")
        assert first.headers["ETag"].startswith('W/"')
        again = officer.get("/cases", status=304, If_None_Match=first.headers["ETag"])
        assert again.body == b""
        assert again.headers["ETag"] == first.headers["ETag"]
        with site.work() as work:
            topic = work.get(OrganizationService).category("petitions", "waste")
            code = make_case(work, category=topic, citizen=city[0]["citizen"]).code
        changed = officer.get("/cases", If_None_Match=first.headers["ETag"])
        assert code in codes_of(changed)

    def test_the_tag_is_that_of_what_the_caller_sees(self, site, caller, city):
        """So it tells nothing about cases of others."""
        officer, other = caller("officer"), caller("other")
        mine, theirs = (person.get("/cases").headers["ETag"] for person in (officer, other))
        assert mine != theirs
        with site.work() as work:
            topic = work.get(OrganizationService).category("petitions", "light")
            make_case(work, category=topic, citizen=city[0]["citizen"])
        assert officer.get("/cases").headers["ETag"] == mine
        assert other.get("/cases").headers["ETag"] != theirs
        assert officer.get("/cases?fields=code").headers["ETag"] != mine

    @pytest.mark.parametrize("path", ["/units", "/categories"])
    def test_reference_data_have_one_too(self, caller, path):
        officer = caller("officer")
        tag = officer.get(path).headers["ETag"]
        officer.get(path, status=304, If_None_Match=tag)
