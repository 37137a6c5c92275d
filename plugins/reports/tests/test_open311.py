"""Open311 GeoReport v2, reading: every fact of the specification, in XML and JSON, and nothing that is not public."""

import contextlib
import json
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from civicportal_reports.models import Report
from civicportal_reports.open311.documents import document
from civicportal_reports.open311.schemas import moment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from open311_schemas import checked, plain
from sqlalchemy import select, update

from civicportal.api.cases import Case, CaseService
from civicportal.api.organization import Category
from civicportal.testing import FakeClock, UndoService, identity, make_staff, statements
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

ROOT = "/open311/v2"
FORMATS = ("xml", "json")
LISTS = ("service_requests", "services", "endpoints", "formats", "photos", "notes", "service_request_updates")
BODY = "متن این گزارش: ۳ چاله & <یک> جدول"


@pytest.fixture
def published(city, clock):
    """Three published reports an hour apart, latest first; beside them one that is not."""
    codes = []
    for number in range(3):
        clock.advance(hours=1)
        place = city.other_district if number == 2 else city.street
        codes.append(city.send("sidewalk" if number == 2 else "pothole", place, body=BODY))
        city.publish(codes[-1])
    city.send("bin", city.street, body="این گزارش منتشر نشده است.", by=city.other)
    return [city.case(code) for code in reversed(codes)]


@pytest.fixture
def machine(site, city):
    """Return a program that may register reports."""
    with site.work() as work:
        return identity(work, make_staff(work, "registrar", permissions=["reports:case:register"]))


def ids(answer):
    return [int(item["service_request_id"]) for item in answer.json]


def listed(app, **parameters):
    return ids(app.get(f"{ROOT}/requests.json", parameters))


class TestDiscovery:
    @pytest.mark.parametrize("form", FORMATS)
    def test_names_its_endpoint_in_both_formats(self, app, city, form):
        found = checked(app.get(f"/open311/discovery.{form}"), "discovery")
        found = found if form == "json" else plain(found, LISTS)
        [endpoint] = found["endpoints"]
        assert endpoint["url"].endswith("/open311/v2")
        assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
        assert endpoint["formats"] == ["text/xml", "application/json"]
        assert endpoint["type"] == "production"
        assert "137" in found["contact"]
        assert found["key_service"].endswith("/account/tokens")

    def test_lies_below_the_endpoint_too_where_some_clients_look(self, app, city):
        assert app.get(f"{ROOT}/discovery.json").json == app.get("/open311/discovery.json").json

    def test_its_changeset_is_the_time_of_the_last_change_of_categories(self, site, app, city, clock):
        def changeset():
            return moment(app.get("/open311/discovery.json").json["endpoints"][0]["changeset"])

        first = changeset()
        clock.advance(hours=3)
        assert changeset() == first
        with site.work() as work:
            pothole = work.session.scalars(select(Category).where(Category.key == "pothole")).one()
            pothole.hint = "روی سواره‌رو"
            changed = clock.now().replace(microsecond=0)
        clock.advance(hours=3)
        assert changeset() == changed > first


class TestServices:
    @pytest.mark.parametrize("form", FORMATS)
    def test_are_the_categories_that_a_report_may_have(self, app, city, form):
        found = checked(app.get(f"{ROOT}/services.{form}"), "services")
        found = found if form == "json" else plain(found, LISTS)
        assert [one["service_code"] for one in found] == ["pothole", "sidewalk", "bin", "other"]
        assert found[0]["service_name"] != found[0]["service_code"]
        assert found[0]["group"] == "ریشهٔ roads"
        assert found[0]["keywords"] == "گودال"
        assert found[3]["group"] is None
        assert found[0]["metadata"] in (False, "false")
        assert {one["type"] for one in found} == {"realtime"}

    def test_categories_that_are_closed_are_none(self, app, site, city):
        with site.work() as work:
            work.session.get(Category, city.categories["bin"]).active = False
        assert "bin" not in {one["service_code"] for one in app.get(f"{ROOT}/services.json").json}
        app.get(f"{ROOT}/services/bin.json", status=404)

    def test_their_code_stays_when_their_name_changes(self, app, site, city):
        with site.work() as work:
            work.session.get(Category, city.categories["bin"]).name = "سطل زباله"
        found = {one["service_code"]: one for one in app.get(f"{ROOT}/services.json").json}
        assert found["bin"]["service_name"] == "سطل زباله"

    @pytest.mark.parametrize("form", FORMATS)
    def test_a_definition_is_an_object(self, app, city, form):
        found = checked(app.get(f"{ROOT}/services/pothole.{form}"), "service_definition")
        if form == "json":
            assert found == {"service_code": "pothole", "attributes": []}

    @pytest.mark.parametrize("form", FORMATS)
    def test_an_unknown_code_is_404(self, app, city, form):
        checked(app.get(f"{ROOT}/services/none.{form}", status=404), "errors")
        checked(app.get(f"{ROOT}/services/roads.{form}", status=404), "errors")


class TestRequests:
    @pytest.mark.parametrize("form", FORMATS)
    def test_have_the_fields_of_the_specification(self, app, city, published, form):
        found = checked(app.get(f"{ROOT}/requests.{form}"), "service_requests")
        found = found if form == "json" else plain(found, LISTS)
        assert [one["service_request_id"] for one in found] == [str(case.id) for case in published]
        newest = found[0]
        assert newest["description"] == BODY
        assert newest["service_code"] == "sidewalk"
        assert newest["status"] == "open"
        assert newest["agency_responsible"] == "واحد civil"
        assert newest["address"] == "خیابان آزادی، منطقهٔ دو"
        assert float(newest["lat"]) == city.other_district.lat
        assert float(newest["long"]) == city.other_district.lon
        assert newest["zipcode"] is newest["address_id"] is newest["expected_datetime"] is None

    @pytest.mark.parametrize("form", FORMATS)
    def test_one_is_a_list_of_one(self, app, published, form):
        found = checked(app.get(f"{ROOT}/requests/{published[1].id}.{form}"), "service_requests")
        assert len(found) == 1

    def test_their_times_have_an_offset_and_whole_seconds(self, app, published):
        with_fraction = published[0].created_at
        [found] = app.get(f"{ROOT}/requests/{published[0].id}.json").json
        told = datetime.fromisoformat(found["requested_datetime"])
        assert told == with_fraction.replace(microsecond=0)
        assert told.utcoffset() == timedelta(hours=3, minutes=30)

    def test_nobody_is_named(self, app, city, published):
        for form in FORMATS:
            for path in ("requests", f"requests/{published[0].id}", "servicerequestupdates"):
                text = app.get(f"{ROOT}/{path}.{form}?extensions=true").text
                secrets = [city.citizen.name, city.other.name, "09000000001", "989000000001"]
                for secret in (*secrets, *(case.code for case in published), "منتشر نشده"):
                    assert secret not in text

    def test_one_that_is_not_published_is_404(self, app, city):
        hidden = city.case(city.send())
        for form in FORMATS:
            for number in (str(hidden.id), hidden.code, "999999999", "x", "1" * 30, "%DB%B1"):
                answer = app.get(f"{ROOT}/requests/{number}.{form}", status=404)
                checked(answer, "errors")

    def test_a_closed_one_says_so(self, app, city, published):
        city.step(published[0].code, "reject", public_text="این مورد وظیفهٔ شهرداری نیست.")
        [found] = app.get(f"{ROOT}/requests/{published[0].id}.json").json
        assert found["status"] == "closed"
        assert found["status_notes"]
        assert listed(app, status="closed") == [published[0].id]
        assert listed(app, status="open") == [case.id for case in published[1:]]
        assert listed(app, status="open,closed") == [case.id for case in published]

    def test_of_one_without_a_point_lat_and_long_are_null(self, app, city, published):
        with city.site.work() as work:
            report = work.session.get(Report, published[0].id)
            report.lat = report.lon = None
            report.street = report.district = ""
            work.session.execute(update(Case).where(Case.id == published[0].id).values(place="میدان نمونه"))
        answer = app.get(f"{ROOT}/requests/{published[0].id}.json")
        [found] = checked(answer, "service_requests")
        assert (found["lat"], found["long"], found["address"]) == (None, None, "میدان نمونه")
        checked(app.get(f"{ROOT}/requests/{published[0].id}.xml"), "service_requests")

    def test_of_a_service(self, app, published):
        assert listed(app, service_code="sidewalk") == [published[0].id]
        assert listed(app, service_code="sidewalk,pothole") == [case.id for case in published]
        assert listed(app, service_code="") == [case.id for case in published]
        checked(app.get(f"{ROOT}/requests.xml?service_code=nothing", status=404), "errors")

    def test_of_a_time(self, app, published):
        middle = published[1].created_at
        start, end = middle.isoformat(), (middle + timedelta(minutes=1)).isoformat()
        assert listed(app, start_date=start, end_date=end) == [published[1].id]
        assert listed(app, start_date=start) == [case.id for case in published[:2]]
        assert listed(app, end_date=start) == [published[2].id]

    def test_a_plus_sign_that_was_not_encoded_is_understood(self, app, published):
        start = published[1].created_at.astimezone(published[1].created_at.tzinfo).isoformat("T", "seconds")
        answer = app.get(f"{ROOT}/requests.json?start_date={start.replace('+00:00', '+03:30')}")
        assert answer.status_int == 200

    def test_are_those_of_the_last_ninety_days(self, app, published, clock):
        clock.advance(days=89)
        assert listed(app) == [case.id for case in published]
        clock.advance(days=2)
        assert listed(app) == []

    def test_numbers_override_the_other_filters(self, app, city, published, clock):
        clock.advance(days=200)
        hidden = city.case(city.send(body="این هم پنهان است و می‌ماند."))
        wanted = f"{published[0].id}, {published[2].id},{hidden.id},x"
        assert listed(app, service_request_id=wanted, status="closed") == [published[0].id, published[2].id]
        assert listed(app, service_request_id="999999") == []

    def test_come_page_by_page(self, app, published):
        pages = [listed(app, page=number, page_size=2) for number in (1, 2, 3)]
        assert pages == [[case.id for case in published[:2]], [published[2].id], []]

    def test_parameters_of_other_servers_are_ignored(self, app, published):
        assert listed(app, order_by="x", bbox="1,2", lat="a", page="") == [case.id for case in published]

    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize(
        "query",
        [
            "start_date=yesterday",
            "start_date=2026-01-01T00:00:00",
            "start_date=2026-01-01",
            "start_date=9999-12-31T23:59:59-12:00",
            "start_date=0001-01-01T00:00:00%2B12:00",
            "end_date=0001-01-01T00:00:00Z",
            "start_date=2026-01-01T00:00:00Z&end_date=2026-06-01T00:00:00Z",
            "start_date=2026-02-01T00:00:00Z&end_date=2026-01-01T00:00:00Z",
            "status=done",
            "page=0",
            "page=x",
            "page_size=1001",
            "extensions=perhaps",
            f"service_request_id={','.join('1' * 101)}",
            "service_code=" + "x" * 5000,
        ],
    )
    def test_a_wrong_parameter_is_400(self, app, city, query, form):
        answer = app.get(f"{ROOT}/requests.{form}?{query}", status=400)
        found = checked(answer, "errors")
        if form == "json":
            assert found[0]["code"] == 400

    def test_every_mistake_is_told(self, app, city):
        found = app.get(f"{ROOT}/requests.json?status=done&page=0", status=400).json
        assert [one["description"].partition(":")[0] for one in found] == ["page", "status"]


class TestExtensions:
    def test_are_off_by_default(self, app, published):
        assert "notes" not in app.get(f"{ROOT}/requests.json").json[0]

    @pytest.mark.parametrize("form", FORMATS)
    def test_are_the_public_history(self, app, city, published, form):
        code = published[0].code
        city.step(code, "start_action", public_text="مریم رضایی عزیز، کار شروع شد.")
        with city.site.work(actor=city.officer) as work:
            cases = work.get(CaseService)
            cases.comment(cases.fetch(code, lock=True), "این یادداشت داخلی است.")
        answer = app.get(f"{ROOT}/requests/{published[0].id}.{form}?extensions=true")
        found = checked(answer, "service_requests")
        [item] = found if form == "json" else plain(found, LISTS)
        [note] = item["notes"]
        assert note["type"] == "in_progress"
        assert "کار شروع شد" in note["description"]
        assert "مریم" not in answer.text
        assert "داخلی" not in answer.text

    def test_cost_as_many_statements_however_many_there_are(self, app, city, published):
        for query in ("", "&extensions=true"):
            numbers = []
            for size in (1, 3):
                app.get(f"{ROOT}/requests.json?page_size={size}{query}")
                with statements(city.site) as executed:
                    app.get(f"{ROOT}/requests.json?page_size={size}{query}")
                numbers.append(len(executed))
            assert numbers[0] == numbers[1] <= (4 if query else 2)


class TestTokens:
    @pytest.mark.parametrize("form", FORMATS)
    def test_there_are_none_because_every_request_has_its_number_at_once(self, app, city, form):
        checked(app.get(f"{ROOT}/tokens/123.{form}", status=404), "errors")


class TestUpdates:
    @pytest.mark.parametrize("form", FORMATS)
    def test_are_the_public_steps_in_order(self, app, city, published, clock, form):
        first, second = published[0].code, published[1].code
        for code, step, text in (
            (first, "start_review", ""),
            (second, "start_action", "گروه کار در راه است."),
            (first, "out_of_scope", "این کار با شرکت برق است."),
        ):
            clock.advance(minutes=1)
            city.step(code, step, public_text=text)
        found = checked(app.get(f"{ROOT}/servicerequestupdates.{form}"), "service_request_updates")
        found = found if form == "json" else plain(found, LISTS)
        assert [(int(one["service_request_id"]), one["status"]) for one in found] == [
            (published[0].id, "investigating"),
            (published[1].id, "in_progress"),
            (published[0].id, "not_councils_responsibility"),
        ]
        assert [one["description"] for one in found] == [
            None,
            "گروه کار در راه است.",
            "این کار با شرکت برق است.",
        ]
        assert len({one["update_id"] for one in found}) == 3

    def test_of_a_time_and_page_by_page(self, app, city, published, clock):
        moments = []
        for case in published:
            clock.advance(minutes=5)
            moments.append(clock.now())
            city.step(case.code, "start_review")

        def asked(**parameters):
            answer = app.get(f"{ROOT}/servicerequestupdates.json", parameters)
            return [int(one["service_request_id"]) for one in answer.json]

        assert asked() == [case.id for case in published]
        assert asked(start_date=moments[1].isoformat()) == [case.id for case in published[1:]]
        assert asked(end_date=moments[1].isoformat()) == [published[0].id]
        assert [asked(page=number, page_size=2) for number in (1, 2)] == [
            [case.id for case in published[:2]],
            [published[2].id],
        ]
        clock.advance(days=91)
        assert asked() == []

    def test_one_that_was_taken_back_is_none(self, app, city, published, undo):
        city.step(published[0].code, "start_review")
        assert app.get(f"{ROOT}/servicerequestupdates.json").json
        undo(published[0].code)
        assert app.get(f"{ROOT}/servicerequestupdates.json").json == []

    def test_reopening_is_told(self, app, city, published):
        city.step(published[0].code, "reject", public_text="این مورد رد شد.")
        city.step(published[0].code, "reopen", public_text="دوباره بررسی می‌شود.")
        found = app.get(f"{ROOT}/servicerequestupdates.json").json
        assert [one["status"] for one in found] == ["no_further_action", "reopen"]

    def test_of_reports_that_are_not_published_are_none(self, app, city):
        code = city.send()
        city.step(code, "start_action", public_text="کار شروع شد و ادامه دارد.")
        assert app.get(f"{ROOT}/servicerequestupdates.json").json == []

    def test_cost_as_many_statements_however_many_there_are(self, app, city, published):
        for case in published:
            city.step(case.code, "start_review")
        numbers = []
        for size in (1, 3):
            app.get(f"{ROOT}/servicerequestupdates.json?page_size={size}")
            with statements(city.site) as executed:
                app.get(f"{ROOT}/servicerequestupdates.json?page_size={size}")
            numbers.append(len(executed))
        assert numbers[0] == numbers[1] <= 5


@pytest.fixture
def undo(city):
    """Take back the last step of an officer."""

    def undo(code):
        with city.site.work(actor=city.officer) as work:
            service = work.get(UndoService)
            case = service.fetch(code)
            service.undo(case, service.last(case).id)

    return undo


class TestOwn:
    def test_a_program_reads_what_it_has_sent(self, app, site, city, machine, published):
        token = token_for(site, machine, "cases:read", "cases:write")
        form = {
            "api_key": token,
            "service_code": "bin",
            "lat": "31.0203",
            "long": "52.015",
            "description": "سطل پر است.",
        }
        [made] = app.post(f"{ROOT}/requests.json", form).json
        path = f"{ROOT}/requests/{made['service_request_id']}.json"
        app.get(path, status=404)
        headers = {"Authorization": f"Bearer {token}"}
        answer = app.get(path, headers=headers)
        [found] = checked(answer, "service_requests")
        assert found["description"] == "سطل پر است."
        assert "no-store" in answer.headers["Cache-Control"]
        assert ids(app.get(f"{ROOT}/requests.json", headers=headers))[0] == int(made["service_request_id"])
        # The key of an address would be in every log.
        app.get(f"{path}?api_key={token}", status=404)

    def test_and_nothing_that_others_have_sent(self, app, site, city, machine):
        hidden = city.case(city.send())
        headers = {"Authorization": f"Bearer {token_for(site, machine, 'cases:read')}"}
        app.get(f"{ROOT}/requests/{hidden.id}.json", headers=headers, status=404)

    def test_without_the_scope_to_read_it_is_anybody(self, app, site, city):
        own = city.case(city.send())
        path = f"{ROOT}/requests/{own.id}.json"
        for scope, status in (("cases:write", 404), ("cases:read", 200)):
            headers = {"Authorization": f"Bearer {token_for(site, city.citizen, scope)}"}
            app.get(path, headers=headers, status=status)

    def test_a_wrong_token_is_refused(self, app, city):
        answer = app.get(f"{ROOT}/requests.json", headers={"Authorization": "Bearer cpt_x"}, status=403)
        checked(answer, "errors")


class TestEverywhere:
    @pytest.mark.parametrize(("path", "status"), [("v2/requests.json", 200), ("v2/none.json", 404)])
    def test_pages_of_other_sites_may_read_it_without_cookies(self, app, published, path, status):
        headers = app.get(f"/open311/{path}", status=status).headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Access-Control-Allow-Credentials" not in headers
        assert "Set-Cookie" not in headers

    def test_caches_keep_it(self, app, published):
        answer = app.get(f"{ROOT}/requests.json")
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        app.get(f"{ROOT}/requests.json", headers={"If-None-Match": answer.headers["ETag"]}, status=304)

    @pytest.mark.parametrize("jurisdiction", ["localhost", "LOCALHOST", "www.localhost", ""])
    def test_the_jurisdiction_is_the_host(self, app, published, jurisdiction):
        assert len(listed(app, jurisdiction_id=jurisdiction)) == 3

    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize(
        "path",
        [
            "/open311/discovery",
            *(f"{ROOT}/{one}" for one in ("services", "services/pothole", "requests", "requests/1")),
            f"{ROOT}/tokens/1",
            f"{ROOT}/servicerequestupdates",
        ],
    )
    def test_another_jurisdiction_is_404(self, app, city, path, form):
        checked(app.get(f"{path}.{form}?jurisdiction_id=example.org", status=404), "errors")

    @pytest.mark.parametrize("path", ["nothing", "v2/requests", "v2/requests.yaml", "v2/", "v2/services/a/b"])
    def test_an_unknown_address_is_404_in_xml(self, app, city, path):
        checked(app.get(f"/open311/{path}", status=404), "errors")

    def test_what_the_first_check_refuses_is_told_in_the_format(self, app, city):
        for form in FORMATS:
            checked(app.get(f"{ROOT}/requests.{form}?a=%00", status=400), "errors")
            checked(app.get(f"{ROOT}/requests.{form}?a=%ff", status=400), "errors")
            checked(app.put(f"{ROOT}/requests.{form}", status=405), "errors")
            answer = app.post(f"{ROOT}/requests.{form}", b"<a/>", {"Content-Type": "text/xml"}, status=415)
            checked(answer, "errors")

    def test_the_demo_is_a_test_endpoint(self, app, site, city, monkeypatch):
        monkeypatch.setattr(type(site), "is_demo", property(lambda site: True))
        assert app.get("/open311/discovery.json").json["endpoints"][0]["type"] == "test"


class TestLanguages:
    @pytest.fixture
    def civic_settings(self):
        return {"site": {"plugins": ["reports"], "languages": ["fa", "en"]}}

    def test_names_are_in_the_language_of_the_caller(self, app, published):
        path = f"{ROOT}/requests/{published[0].id}.json"
        answers = {
            one: app.get(path, headers={"Accept-Language": one}) for one in ("en-US,fa;q=0.1", "fa", "de")
        }
        notes = {one: answer.json[0]["status_notes"] for one, answer in answers.items()}
        assert notes == {"en-US,fa;q=0.1": "Registered", "fa": "ثبت‌شده", "de": "ثبت‌شده"}
        assert "Accept-Language" in answers["fa"].headers["Vary"]
        refused = app.get(f"{ROOT}/requests/999.json", headers={"Accept-Language": "en"}, status=404)
        assert refused.json[0]["description"] == "There is nothing here"


class TestSwitchedOff:
    @pytest.fixture
    def civic_settings(self):
        return {"site": {"plugins": ["reports"]}, "plugins": {"reports": {"open311": False}}}

    def test_a_city_can_do_without(self, app):
        for path in ("discovery.json", "v2/requests.xml"):
            assert app.get(f"/open311/{path}", status=404).content_type == "text/html"


STEPS = st.sampled_from(["hidden", "published", "withdrawn again"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=1, max_size=4), st.booleans())
def test_nothing_private_appears_whatever_is_published(app, site, city, clock, steps, works):
    clock.advance(days=100)
    public, secrets = set(), []
    for number, step in enumerate(steps):
        secret = f"راز شماره {'الف' * (number + 1)} گزارش"
        code = city.send(body=secret)
        case = city.case(code)
        if step != "hidden":
            city.publish(code)
        if works:
            city.step(code, "start_action", public_text=f"پاسخ {secret}")
        if step == "withdrawn again":
            with site.work(actor=city.officer) as work:
                cases = work.get(CaseService)
                cases.publish(cases.fetch(code), False)
        if step == "published":
            public.add(case.id)
        else:
            secrets += [f'{secret}"', f"{secret}<", code]
    assert set(listed(app, page_size=1000)) == public
    for form in FORMATS:
        for path in ("requests", "servicerequestupdates"):
            answer = app.get(f"{ROOT}/{path}.{form}?extensions=true")
            assert [secret for secret in secrets if secret in answer.text] == []


TEXTS = st.text(max_size=30)


class TestDocuments:
    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(st.dictionaries(st.sampled_from(["description", "address"]), TEXTS | st.none()), max_size=3)
    )
    def test_both_formats_tell_the_same(self, items):
        tree = etree.fromstring(document("xml", "service_requests", items))
        as_json = json.loads(document("json", "service_requests", items))
        allowed = [{name: _of_xml(text) for name, text in item.items()} for item in as_json]
        assert [{child.tag: child.text or None for child in item} for item in tree] == allowed

    def test_characters_that_xml_cannot_hold_are_left_out(self):
        tree = etree.fromstring(document("xml", "errors", [{"code": 400, "description": "a\x0bb\ufffec"}]))
        assert tree.findtext("error/description") == "abc"


def _of_xml(text):
    """Return a text as a parser of XML returns it."""
    kept = "".join(
        sign for sign in text or "" if sign in "\t\n\r" or (sign >= " " and sign not in "\ufffe\uffff")
    )
    return kept.replace("\r\n", "\n").replace("\r", "\n") or None


class TestMoments:
    @given(st.text(max_size=40))
    def test_any_text_is_read_or_refused(self, text):
        with contextlib.suppress(ValueError):
            assert moment(text).tzinfo is not None

    @given(st.datetimes(timezones=st.timezones()))
    def test_a_time_is_read_as_it_was_written(self, given_):
        try:
            text = given_.isoformat()
            expected = given_.astimezone(FakeClock().now().tzinfo)
        except OverflowError:
            return
        assert moment(text) == expected


def test_the_order_is_that_of_the_time(published):
    assert all(one.created_at > other.created_at for one, other in pairwise(published))
