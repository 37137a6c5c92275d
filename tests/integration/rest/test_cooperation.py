"""Copies, inquiries, jobs, publication and undo by the API, as the page of a case has them."""

from functools import partial

import pytest

from civicportal.testing import make_case, make_category, make_staff, make_unit
from civicportal.web.request import API

pytestmark = pytest.mark.both_databases

NEXT = iter(range(10**8, 10**9))
TO_LIGHT = {"unit": "light", "note": "لطفاً بررسی کنید."}
JOBS = {
    "jobs": [
        {"unit": "light", "task": "تیر چراغ را صاف کنید.", "due": "2100-01-01"},
        {"unit": "parks", "task": "شاخه‌ها را ببرید."},
    ],
    "public_text": "کار به پایان رسید.",
}


@pytest.fixture
def parks(site, city):
    """A third unit with its officer."""
    with site.work() as work:
        city[0]["parks"] = make_staff(work, "officer", unit=make_unit(work, "parks"), username="parks")


@pytest.fixture
def case(city):
    return f"/cases/{city[1][0]}"


def change(caller, path, action, body=None, **options):
    """Change a case as it is now."""
    tag = caller.get(path).headers["ETag"]
    key = {"Idempotency_Key": str(next(NEXT))}
    return caller.post(f"{path}/{action}", body, If_Match=tag, **{**key, **options})


class TestCopies:
    def test_a_copy_is_sent_once_and_can_be_removed(self, clock, caller, case):
        officer, other = caller("officer"), caller("other")
        other.get(case, status=404)
        before = officer.get(case).headers["ETag"]
        clock.advance(minutes=1)
        headers = {"If_Match": before, "Idempotency_Key": "0123456789"}
        made = officer.post(f"{case}/copies", TO_LIGHT, status=201, **headers)
        assert (made.json["type"], made.json["internal_text"]) == ("copied", TO_LIGHT["note"])
        again = officer.post(f"{case}/copies", TO_LIGHT, status=201, **headers)
        assert again.json == made.json
        assert again.headers["ETag"] == made.headers["ETag"] != before
        # Another one by an older version is refused.
        officer.post(f"{case}/copies", TO_LIGHT, status=412, If_Match=before, Idempotency_Key="9876543210")
        assert other.get(case).json["unit"]["key"] == "waste"
        view = "/cases?view=referred"
        assert len(other.get(view).json["items"]) == 1
        change(other, case, "copies/dismiss")
        assert other.get(view).json["items"] == []

    def test_one_that_no_one_could_read_is_refused(self, site, caller, case):
        with site.work() as work:
            make_unit(work, "empty")
        wrong = change(caller("officer"), case, "copies", {"unit": "empty"}, status=422)
        assert [one["pointer"] for one in wrong.json["errors"]] == ["#/unit"]
        wrong = change(caller("officer"), case, "inquiries", {**TO_LIGHT, "unit": "nowhere"}, status=422)
        assert [one["pointer"] for one in wrong.json["errors"]] == ["#/unit"]


class TestInquiries:
    def test_a_unit_asks_and_another_one_answers(self, caller, case):
        officer, other = caller("officer"), caller("other")
        asked = change(officer, case, "inquiries", TO_LIGHT, status=201).json
        assert (asked["state"], asked["unit"]["key"], asked["question"]) == (
            "open",
            "light",
            TO_LIGHT["note"],
        )
        officer_path = f"{case}/inquiries"
        assert officer.get(officer_path).json["items"] == [asked]
        key = {"Idempotency_Key": "0123456789"}
        answer = {"text": "چراغ از ما نیست."}
        officer.post(f"{officer_path}/answer", answer, status=422, Idempotency_Key="1234567890")
        said = other.post(f"{officer_path}/answer", answer, status=201, **key)
        assert other.post(f"{officer_path}/answer", answer, status=201, **key).json == said.json
        [found] = officer.get(officer_path).json["items"]
        assert (found["state"], found["answer"]) == ("answered", answer["text"])
        assert found["ended_at"]
        other.post(f"{officer_path}/answer", answer, status=422, Idempotency_Key="1234567890")

    def test_an_inquiry_is_withdrawn(self, caller, case, city):
        officer, other = caller("officer"), caller("other")
        first = change(officer, case, "inquiries", TO_LIGHT, status=201).json["id"]
        change(other, case, f"inquiries/{first}/withdraw", status=403)
        change(officer, case, f"inquiries/{first + 1}/withdraw", status=404)
        # The case in the address counts, not only the number.
        other.post(f"/cases/{city[1][1]}/inquiries/{first}/withdraw", status=404, If_Match="*")
        change(officer, case, f"inquiries/{first}/withdraw")
        change(officer, case, f"inquiries/{first}/withdraw", status=422)
        assert officer.get(f"{case}/inquiries").json["items"][0]["state"] == "withdrawn"

    def test_an_inquiry_has_a_question(self, caller, case):
        for body in ({"unit": "light"}, {"unit": "light", "note": " "}):
            wrong = change(caller("officer"), case, "inquiries", body, status=422)
            assert [one["pointer"] for one in wrong.json["errors"]] == ["#/note"]

    def test_which_of_several_is_answered_must_be_said(self, caller, case):
        officer, path = caller("officer"), f"{case}/inquiries"
        first, second = (change(officer, case, "inquiries", TO_LIGHT, status=201).json["id"] for _ in "12")
        other = partial(caller("other").post, f"{path}/answer")
        other({"text": "بله، از ماست."}, status=422, Idempotency_Key="1234567890")
        other({"text": "بله، از ماست.", "inquiry": second}, status=201, Idempotency_Key="2345678901")
        other({"text": "بله، از ماست.", "inquiry": second}, status=422, Idempotency_Key="3456789012")
        states = {one["id"]: one["state"] for one in officer.get(path).json["items"]}
        assert states == {first: "open", second: "answered"}

    def test_pages_follow_one_another(self, caller, case, parks):
        officer = caller("officer")
        for unit in ("light", "parks"):
            change(officer, case, "inquiries", {"unit": unit, "note": "نظر شما؟"}, status=201)
        first = officer.get(f"{case}/inquiries?limit=1").json
        last = officer.get(f"{case}/inquiries?limit=1&cursor={first['next']}").json
        assert [one["unit"]["key"] for one in (*first["items"], *last["items"])] == ["light", "parks"]
        assert last["next"] is None


class TestJobs:
    @pytest.fixture
    def split(self, caller, case, parks):
        officer = caller("officer")
        change(officer, case, "steps/accept")
        return change(officer, case, "jobs", JOBS, status=201).json["items"]

    def test_the_last_job_closes_the_case(self, caller, case, split):
        officer, other = caller("officer"), caller("other")
        gardener = caller("parks")
        assert [one["unit"]["key"] for one in split] == ["light", "parks"]
        light, trees = (one["id"] for one in split)
        taken = change(other, case, f"jobs/{light}/take").json
        assert (taken["state"], taken["due"]) == ("taken", "2100-01-01")
        change(other, case, f"jobs/{trees}/take", status=403)
        change(other, case, f"jobs/{light}/release")
        done = other.post(f"{case}/jobs/{light}/finish", {"result": "صاف شد."})
        assert (done.json["state"], done.json["result"]) == ("done", "صاف شد.")
        assert officer.get(case).json["stage"] != "done"
        gardener.post(f"{case}/jobs/{trees}/finish", {})
        assert officer.get(case).json["stage"] == "done"
        listed = officer.get(f"{case}/jobs").json
        assert {one["state"] for one in listed["items"]} == {"done"}
        assert listed["public_text"] == JOBS["public_text"]

    def test_a_job_that_cannot_be_done_needs_a_reason(self, caller, case, split):
        other, path = caller("other"), f"{case}/jobs/{split[0]['id']}"
        other.post(f"{path}/refuse", {}, status=422)
        refused = other.post(f"{path}/refuse", {"result": "جرثقیل نداریم."}).json
        assert refused["state"] == "refused"

    def test_a_job_is_withdrawn_by_its_splitter(self, caller, case, split):
        officer, path = caller("officer"), f"jobs/{split[1]['id']}"
        assert change(officer, case, f"{path}/withdraw").json["state"] == "withdrawn"
        change(officer, case, f"{path}/withdraw", status=422)
        change(officer, case, "jobs/999999999/withdraw", status=404)

    @pytest.mark.parametrize(
        ("jobs", "pointers"),
        [
            ([], []),
            ([{"unit": "light", "task": "یک کار"}], []),
            (["x"], ["#/jobs/0"]),
            ({}, ["#/jobs"]),
            ([{"unit": "light"}], ["#/jobs/0/task"]),
            ([{"unit": "light", "task": "کار", "x": 1}], ["#/jobs/0/x"]),
            ([{"unit": "light", "task": 1}], ["#/jobs/0/task"]),
            ([{"unit": "light", "task": "کار", "due": "1404-01-32"}], ["#/jobs/0/due"]),
            ([{"unit": "light", "task": "کار"}, {"unit": "nowhere", "task": "کار"}], ["#/jobs/1/unit"]),
            ([{"unit": "light", "task": "کار"}] * 2, ["#/jobs/1/unit"]),
            ([{"unit": "light", "task": "کار", "due": "2001-01-01"}] * 2, ["#/jobs/0/due"]),
            ([{"unit": "light", "task": "کار"}] * 7, ["#/jobs"]),
        ],
    )
    def test_a_mistake_is_pointed_at(self, caller, case, parks, jobs, pointers):
        officer = caller("officer")
        change(officer, case, "steps/accept")
        wrong = change(officer, case, "jobs", {"jobs": jobs}, status=422).json
        assert [one["pointer"] for one in wrong.get("errors", [])] == pointers
        assert officer.get(f"{case}/jobs").json["items"] == []

    def test_the_document_describes_a_list_of_jobs(self, app):
        paths = app.get(f"{API}v1/openapi.json").json["paths"]
        body = paths["/cases/{code}/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        jobs = body["properties"]["jobs"]
        assert (jobs["type"], jobs["maxItems"]) == ("array", 6)
        assert jobs["items"]["required"] == ["unit", "task"]


class TestPublication:
    @pytest.fixture
    def case(self, site, city):
        with site.work() as work:
            unit = make_unit(work, "lamps")
            topic = make_category(work, "lamp", unit=unit)
            body = "من مریم رضایی هستم و شماره‌ام ۰۹۱۲۳۴۵۶۷۸۹ است. چراغ کوچه خاموش است."
            code = make_case(work, category=topic, citizen=city[0]["citizen"], body=body).code
            city[0]["lamps"] = make_staff(work, "officer", unit=unit, username="lamps")
        return f"/cases/{code}"

    def test_a_text_without_the_person_is_published_and_taken_back(self, caller, case, app):
        lamps = caller("lamps")
        shown = lamps.get(f"{case}/publication").json
        assert (shown["possible"], shown["public"], shown["words"]) == (True, False, None)
        assert "۰۹۱۲۳۴۵۶۷۸۹" not in shown["proposed"]
        refused = change(lamps, case, "publication", {"public": True}, status=422).json
        assert [one["pointer"] for one in refused["errors"]] == ["#/words"]
        assert lamps.get(case).json["public"] is False
        words = {"public": True, "words": "چراغ کوچه خاموش است."}
        assert change(lamps, case, "publication", words).json["public"] is True
        assert lamps.get(f"{case}/publication").json["words"] == words["words"]
        assert change(lamps, case, "publication", {"public": False}).json["public"] is False

    def test_a_case_of_another_unit_is_not_published(self, caller, case):
        caller("officer").get(f"{case}/publication", status=404)
        caller("officer").post(f"{case}/publication", {"public": True}, status=404, If_Match="*")


class TestUndo:
    def test_the_last_step_is_undone_once(self, caller, case):
        officer = caller("officer")
        assert officer.get(f"{case}/undo").json == {"event": None, "seconds": 0}
        change(officer, case, "steps/accept")
        offered = officer.get(f"{case}/undo").json
        assert offered["event"]["step"] == "accept"
        assert offered["seconds"] > 0
        event = {"event": offered["event"]["id"]}
        assert officer.post(f"{case}/undo", event).json["status"] == "registered"
        officer.post(f"{case}/undo", event, status=409)

    def test_a_step_of_another_person_is_not(self, caller, case):
        officer, other = caller("officer"), caller("other")
        change(officer, case, "refer", {"unit": "light"})
        event = {"event": officer.get(f"{case}/undo").json["event"]["id"]}
        assert other.get(f"{case}/undo").json["event"] is None
        other.post(f"{case}/undo", event, status=409)
        assert officer.post(f"{case}/undo", event).json["unit"]["key"] == "waste"
        other.post(f"{case}/undo", event, status=409)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "inquiries"),
        ("GET", "jobs"),
        ("GET", "publication"),
        ("GET", "undo"),
        ("POST", "copies"),
        ("POST", "inquiries"),
        ("POST", "inquiries/answer"),
        ("POST", "jobs"),
        ("POST", "publication"),
        ("POST", "undo"),
    ],
)
def test_neither_another_unit_nor_the_citizen_has_them(caller, city, case, method, path):
    bodies = {
        "inquiries/answer": {"text": "پاسخ"},
        "jobs": JOBS,
        "publication": {"public": True},
        "undo": {"event": 1},
    }
    headers = {"If_Match": "*", "Idempotency_Key": "0123456789"}
    for who, status in (("other", 404), ("citizen", 403)):
        person = caller(who, "cases:read", "cases:write")
        if method == "GET":
            person.get(f"{case}/{path}", status=status)
        else:
            person.post(f"{case}/{path}", bodies.get(path, TO_LIGHT), status=status, **headers)
