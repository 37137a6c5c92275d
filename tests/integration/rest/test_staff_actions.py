"""Assignment, correction, contractors and words of public texts by the API, as the page of a case has them."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from integration.rest.test_cooperation import change
from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.kartable.contractors import DONE, ContractorPageService
from civicportal.domain.kartable.models import ContractorLink
from civicportal.domain.organization.services import OrganizationService
from civicportal.testing import make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

KEY = "0123456789abcdef"
FIRM = {"name": "پیمانکاری نمونه", "instruction": "چاله را پر کنید."}


@pytest.fixture
def case(city):
    return f"/cases/{city[1][0]}"


@pytest.fixture
def colleague(site, city):
    """Another officer of the first unit."""
    people = city[0]
    with site.work() as work:
        people["colleague"] = make_staff(work, "officer", unit=waste(work), username="colleague")
    return people["colleague"].id


def waste(work):
    """Return the first unit."""
    return work.get(OrganizationService).unit("waste")


class TestAssignment:
    def test_a_case_is_assigned_to_a_colleague_and_back_to_the_unit(self, caller, case, colleague):
        officer = caller("officer")
        shown = officer.get(f"{case}/assignment").json
        assert (shown["holder"], shown["possible"], shown["take_over"]) == (None, True, False)
        assert colleague in {one["id"] for one in shown["colleagues"]}
        assigned = change(officer, case, "assignment", {"user": colleague, "note": "لطفاً ببینید."}).json
        assert assigned["holder"]["id"] == colleague
        # Who holds it is not offered; only the holder and the head may assign it now.
        mine = caller("colleague").get(f"{case}/assignment").json
        assert colleague not in {one["id"] for one in mine["colleagues"]}
        assert change(caller("colleague"), case, "assignment", {}).json["holder"] is None

    def test_no_one_of_another_unit_gets_it(self, caller, case, city, colleague):
        officer = caller("officer")
        wrong = change(officer, case, "assignment", {"user": city[0]["other"].id}, status=422).json
        assert wrong["detail"]
        change(officer, case, "assignment", {"user": 999999999}, status=422)
        change(officer, case, "assignment", {"user": "x"}, status=422)
        assert officer.get(case).json["holder"] is None

    def test_the_case_of_a_colleague_is_taken_over_by_the_head_only(
        self, caller, site, case, city, colleague
    ):
        with site.work() as work:
            rights = ["core:unit:lead", *(f"petitions:case:{one}" for one in ("view", "work", "refer"))]
            city[0]["head"] = make_staff(work, "head", unit=waste(work), permissions=rights, username="head")
        officer = caller("officer")
        change(officer, case, "take-over", status=422)
        change(officer, case, "assignment", {"user": colleague})
        assert officer.get(f"{case}/assignment").json["take_over"] is False
        change(officer, case, "take-over", status=403)
        head = caller("head")
        assert head.get(f"{case}/assignment").json["take_over"] is True
        assert change(head, case, "take-over").json["holder"]["id"] == city[0]["head"].id

    def test_the_people_of_a_unit_are_listed_with_their_names(self, caller, city, colleague):
        officer, officer_id = caller("officer"), city[0]["officer"].id
        found = officer.get("/units/waste/people").json
        assert [one["id"] for one in found["items"]] == [officer_id, colleague]
        page = officer.get("/units/waste/people?limit=1").json
        rest = officer.get(f"/units/waste/people?limit=1&cursor={page['next']}").json
        assert [one["id"] for one in (*page["items"], *rest["items"])] == [officer_id, colleague]
        officer.get("/units/nowhere/people", status=404)
        caller("citizen", "cases:read").get("/units/waste/people", status=403)

    def test_a_referral_to_a_unit_without_people_has_to_be_meant(self, caller, site, case):
        with site.work() as work:
            make_unit(work, "empty")
        officer = caller("officer")
        change(officer, case, "refer", {"unit": "empty"}, status=422)
        change(officer, case, "copies", {"unit": "empty"}, status=422)
        change(officer, case, "copies", {"unit": "empty", "anyway": True}, status=201)
        referred = change(officer, case, "refer", {"unit": "empty", "anyway": True}).json
        assert referred["unit"]["key"] == "empty"


class TestCorrection:
    def test_what_is_left_out_stays(self, caller, case, site):
        with site.work() as work:
            make_category(work, "bins", unit=waste(work))
        officer = caller("officer")
        shown = officer.get(f"{case}/correction").json
        assert (shown["possible"], shown["category"], shown["detail"]) == (True, "waste", None)
        properties = shown["body"]["properties"]
        assert {"waste", "bins"} <= set(properties["category"]["enum"])
        assert "allowed" in properties
        corrected = change(officer, case, "correction", {"category": "bins"}).json
        assert (corrected["category"]["key"], corrected["unit"]["key"]) == ("bins", "waste")
        now = officer.get(f"{case}/correction").json
        assert (now["subject"], now["category"]) == (shown["subject"], "bins")
        retitled = change(officer, case, "correction", {"subject": "سطل شکسته"}).json
        assert (retitled["subject"], retitled["category"]["key"]) == ("سطل شکسته", "bins")
        event = officer.get(f"{case}/undo").json["event"]
        assert event["type"] == "corrected"
        assert officer.post(f"{case}/undo", {"event": event["id"]}).json["subject"] == shown["subject"]

    @pytest.mark.parametrize(
        ("body", "pointers"),
        [
            ({}, []),
            ({"category": "nothing"}, ["#/category"]),
            ({"subject": "x"}, ["#/subject"]),
            ({"subject": 1}, ["#/subject"]),
            ({"place": "x"}, ["#/place"]),
            ({"detail": {}}, ["#/detail"]),
            ({"move": "yes"}, ["#/move"]),
        ],
    )
    def test_a_mistake_is_pointed_at_and_nothing_is_written(self, caller, case, body, pointers):
        officer = caller("officer")
        before = officer.get(case).json
        wrong = change(officer, case, "correction", body, status=422).json
        assert [one["pointer"] for one in wrong.get("errors", [])] == pointers
        assert officer.get(case).json == before

    def test_a_category_on_which_no_one_of_the_unit_works_is_pointed_at(self, caller, site, city):
        with site.work() as work:
            unit = make_unit(work, "bins")
            topic = make_category(work, "bin", unit=unit)
            city[0]["one"] = make_staff(work, "officer", unit=unit, category=topic, username="one")
            case = f"/cases/{make_case(work, category=topic, citizen=city[0]['citizen']).code}"
        wrong = change(caller("one"), case, "correction", {"category": "light"}, status=422).json
        assert [one["pointer"] for one in wrong["errors"]] == ["#/category"]

    def test_it_moves_with_its_category(self, caller, case):
        body = {"category": "light", "move": True}
        assert change(caller("officer"), case, "correction", body).json["unit"]["key"] == "light"
        # It is with the other unit now.
        change(caller("officer"), case, "correction", {"subject": "موضوع دیگر"}, status=403)

    def test_a_stale_correction_is_refused(self, clock, caller, case):
        officer = caller("officer")
        tag = officer.get(case).headers["ETag"]
        clock.advance(minutes=1)
        change(officer, case, "urgency", {"urgent": True})
        officer.post(f"{case}/correction", {"subject": "موضوع دیگر"}, status=412, If_Match=tag)


class TestContractors:
    @pytest.fixture
    def link(self, caller, case):
        return change(caller("officer"), case, "contractors", FIRM, status=201, Idempotency_Key=KEY).json

    def answer(self, site, link):
        """Say as the contractor that the work is done."""
        token = urlsplit(link["url"]).path.rpartition("/")[2]
        with site.work(actor=Identity.VISITOR) as work:
            work.get(ContractorPageService).answer(token, DONE, note="انجام شد.")

    def test_a_link_is_made_once_and_its_address_is_given_to_its_maker_only(
        self, app, site, caller, case, colleague
    ):
        officer, tag = caller("officer"), caller("officer").get(case).headers["ETag"]
        headers = {"If_Match": tag, "Idempotency_Key": KEY}
        made = officer.post(f"{case}/contractors", FIRM, status=201, **headers)
        assert officer.post(f"{case}/contractors", FIRM, status=201, **headers).json == made.json
        app.get(urlsplit(made.json["url"]).path, status=200)
        [listed] = officer.get(f"{case}/contractors").json["items"]
        assert listed["url"] is None
        assert {**listed, "url": made.json["url"], "used_at": None} == made.json
        assert (listed["open"], listed["unit"]["key"]) == (True, "waste")
        # Another call of the same key has another link.
        others = caller("colleague")
        tag = others.get(case).headers["ETag"]
        second = others.post(f"{case}/contractors", FIRM, status=201, If_Match=tag, Idempotency_Key=KEY)
        assert second.json["url"] != made.json["url"]
        with site.work(write=False) as work:
            hashes = work.session.scalars(select(ContractorLink.token_hash)).all()
            data = work.session.scalars(select(AuditEvent.data)).all()
        assert len(set(hashes)) == 2
        token = urlsplit(made.json["url"]).path.rpartition("/")[2]
        assert token not in str([*hashes, *data])

    def test_work_is_sent_back_and_a_link_revoked(self, app, site, caller, case, link):
        officer, path = caller("officer"), f"contractors/{link['id']}"
        change(officer, case, f"{path}/send-back", {"note": "ناتمام است."}, status=422)
        self.answer(site, link)
        said = officer.get(f"{case}/contractors").json["items"][0]["answer"]
        assert (said["outcome"], said["note"], said["before"], said["after"]) == ("done", "انجام شد.", [], [])
        change(officer, case, f"{path}/send-back", {}, status=422)
        sent = change(officer, case, f"{path}/send-back", {"note": "ناتمام است."}).json
        assert (sent["answer"], sent["open"]) == (None, True)
        assert "ناتمام است." in app.get(urlsplit(link["url"]).path)
        ended = change(officer, case, f"{path}/revoke").json
        assert ended["open"] is False
        assert ended["revoked_at"]
        app.get(urlsplit(link["url"]).path, status=404)
        change(officer, case, f"{path}/revoke", status=422)

    def test_a_link_belongs_to_its_case(self, caller, case, link, city):
        officer, other = caller("officer"), caller("other")
        elsewhere = f"/cases/{city[1][1]}"
        other.post(f"{elsewhere}/contractors/{link['id']}/revoke", status=404, If_Match="*")
        change(officer, case, f"contractors/{link['id'] + 1}/revoke", status=404)
        assert officer.get(f"{case}/contractors").json["items"][0]["open"] is True

    @pytest.mark.parametrize(
        ("body", "pointers"),
        [
            ({}, ["#/name"]),
            ({"name": 5}, ["#/name"]),
            ({**FIRM, "ends": "1404-02-31"}, ["#/ends"]),
            ({**FIRM, "ends": "2001-01-01"}, ["#/ends"]),
            ({**FIRM, "ends": "2999-01-01"}, ["#/ends"]),
            ({**FIRM, "mobile": "12"}, ["#/mobile"]),
            ({**FIRM, "token": "x"}, ["#/token"]),
        ],
    )
    def test_a_mistake_is_pointed_at(self, caller, case, body, pointers):
        officer = caller("officer")
        wrong = change(officer, case, "contractors", body, status=422).json
        assert [one["pointer"] for one in wrong["errors"]] == pointers
        assert officer.get(f"{case}/contractors").json["items"] == []

    def test_the_end_may_be_chosen(self, caller, site, clock, case):
        last = site.calendar.today(clock.now()) + timedelta(days=3)
        made = change(caller("officer"), case, "contractors", {**FIRM, "ends": last.isoformat()}, status=201)
        assert made.json["ends_at"].startswith((last + timedelta(days=1)).isoformat())

    def test_there_are_five_at_most(self, caller, case):
        officer = caller("officer")
        for _number in range(5):
            change(officer, case, "contractors", FIRM, status=201)
        change(officer, case, "contractors", FIRM, status=422)
        first = officer.get(f"{case}/contractors?limit=3").json
        rest = officer.get(f"{case}/contractors?limit=3&cursor={first['next']}").json
        assert len({one["id"] for one in (*first["items"], *rest["items"])}) == 5


class TestAllowedWords:
    """A family name that is an ordinary word too: the caller says that it is none."""

    @pytest.fixture
    def case(self, site, city):
        with site.work() as work:
            unit = make_unit(work, "lamps")
            topic = make_category(work, "lamp", unit=unit)
            citizen = make_citizen(work, "+989121234567", name="مریم کارگر")
            case = make_case(work, category=topic, citizen=citizen, body="چراغ خاموش است.")
            city[0]["lamps"] = make_staff(work, "officer", unit=unit, username="lamps")
            code = case.code
        return f"/cases/{code}"

    @pytest.fixture
    def public(self, caller, case):
        lamps = caller("lamps")
        change(lamps, case, "publication", {"public": True, "words": "چراغ کوچه خاموش است."})
        return lamps

    @pytest.mark.parametrize(
        ("action", "body", "field"),
        [
            ("notes", {"sort": "expert", "public": True}, "text"),
            ("correction", {}, "subject"),
            ("publication", {"public": True}, "words"),
        ],
    )
    def test_a_refusal_lists_the_words_that_may_be_allowed(self, public, case, action, body, field):
        said = {**body, field: "کارگر چراغ را درست می‌کند."}
        refused = change(public, case, action, said, status=422).json
        assert [(one["pointer"], one["words"]) for one in refused["errors"]] == [(f"#/{field}", ["کارگر"])]
        change(public, case, action, {**said, "allowed": ["مریم"]}, status=422)
        status = 201 if action == "notes" else 200
        change(public, case, action, {**said, "allowed": refused["errors"][0]["words"]}, status=status)

    def test_words_are_allowed_in_the_answer_of_split_work(self, caller, site, public, case, city):
        change(public, case, "steps/accept")
        with site.work() as work:
            make_staff(work, "officer", unit=make_unit(work, "parks"), username="gardener")
        jobs = [{"unit": unit, "task": "بررسی کنید."} for unit in ("light", "parks")]
        body = {"jobs": jobs, "public_text": "کارگر چراغ را درست کرد."}
        refused = change(public, case, "jobs", body, status=422).json
        assert [(one["pointer"], one["words"]) for one in refused["errors"]] == [("#/public_text", ["کارگر"])]
        change(public, case, "jobs", {**body, "allowed": ["کارگر"]}, status=201)

    def test_what_is_certain_cannot_be_allowed(self, public, case):
        said = {"sort": "expert", "public": True, "text": "مریم کارگر با ۰۹۱۲۱۲۳۴۵۶۷"}
        refused = change(public, case, "notes", said, status=422).json
        assert "words" not in refused["errors"][0]
        change(public, case, "notes", {**said, "allowed": ["مریم", "کارگر"]}, status=422)

    def test_the_document_tells_of_them(self, app):
        document = app.get("/api/v1/openapi.json").json
        mistake = document["components"]["schemas"]["Problem"]["properties"]["errors"]["items"]
        assert mistake["properties"]["words"]["description"]
        for path in ("notes", "jobs", "publication"):
            body = document["paths"][f"/cases/{{code}}/{path}"]["post"]["requestBody"]
            assert "allowed" in body["content"]["application/json"]["schema"]["properties"], path


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "assignment", None),
        ("GET", "correction", None),
        ("GET", "contractors", None),
        ("POST", "assignment", {}),
        ("POST", "take-over", {}),
        ("POST", "correction", {"subject": "موضوع دیگر"}),
        ("POST", "contractors", FIRM),
        ("POST", "contractors/1/revoke", {}),
        ("POST", "contractors/1/send-back", {"note": "ناتمام است."}),
    ],
)
def test_neither_another_unit_nor_the_citizen_has_them(caller, site, case, method, path, body):
    headers = {"If_Match": "*", "Idempotency_Key": KEY}
    for who, status in (("other", 404), ("citizen", 403)):
        person = caller(who, "cases:read", "cases:write")
        if method == "GET":
            person.get(f"{case}/{path}", status=status)
        else:
            person.post(f"{case}/{path}", body, status=status, **headers)
    with site.work(write=False) as work:
        types = work.session.scalars(select(CaseEvent.type)).all()
    assert set(types) == {"opened"}


def test_a_token_that_only_reads_changes_nothing(app, site, city, case):
    token = token_for(site, city[0]["officer"], "cases:read")
    headers = {"Authorization": f"Bearer {token}", "If-Match": "*", "Idempotency-Key": KEY}
    for path in ("assignment", "take-over", "correction", "contractors"):
        app.post_json(f"/api/v1{case}/{path}", {}, headers=headers, status=403)
