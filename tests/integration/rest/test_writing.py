"""Changes by the API: steps, referrals, notes, pictures; each once, on the record, and by the rights of its person."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from civicportal.domain.cases.models import CaseEvent

pytestmark = pytest.mark.both_databases

KEY = {"Idempotency-Key": "0123456789abcdef"}
NOTE = {"text": "فردا سر می‌زنیم.", "sort": "note"}


def events_of(site, type_):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(CaseEvent).where(CaseEvent.type == type_)))


def version_of(caller, path):
    return caller.get(path).headers["ETag"]


def test_a_case_is_worked_on_from_the_first_step_to_the_last(site, caller, city):
    officer, path = caller("officer"), f"/cases/{city[1][0]}"
    for name, status in (
        ("accept", "working"),
        ("pause", "waiting"),
        ("resume", "working"),
        ("finish", "done"),
    ):
        case = officer.get(path)
        steps = {one["name"]: one for one in officer.get(f"{path}/steps").json["items"]}
        assert steps[name]["possible"]
        answer = officer.post(f"{path}/steps/{name}", If_Match=case.headers["ETag"])
        assert answer.json["status"] == steps[name]["target"] == status
        assert answer.headers["ETag"] != case.headers["ETag"]
        stale = officer.post(f"{path}/steps/{name}", If_Match=case.headers["ETag"], status=412)
        assert stale.headers["ETag"] == answer.headers["ETag"]
    assert answer.json["stage"] == "done"
    assert {event.actor_id for event in events_of(site, "transition")} == {city[0]["officer"].id}


def test_a_step_that_is_not_possible_now_changes_nothing(caller, city):
    officer, path = caller("officer"), f"/cases/{city[1][0]}"
    before = officer.get(path)
    officer.post(f"{path}/steps/no_such", status=404, If_Match=before.headers["ETag"])
    officer.post(f"{path}/steps/withdraw", status=404, If_Match=before.headers["ETag"])
    officer.post(f"{path}/steps/finish", status=409, If_Match=before.headers["ETag"])
    officer.post(f"{path}/steps/accept", {"words": "x"}, status=422, If_Match=before.headers["ETag"])
    assert officer.get(path).json == before.json


def test_a_citizen_takes_the_own_steps(caller, city):
    citizen, path = caller("citizen", "cases:read", "cases:write", realm="citizen"), f"/cases/{city[1][0]}"
    assert [one["name"] for one in citizen.get(f"{path}/steps").json["items"]] == ["withdraw"]
    answer = citizen.post(f"{path}/steps/withdraw", If_Match=version_of(citizen, path))
    assert answer.json["stage"] == "rejected"


def test_a_case_is_taken_referred_and_given_back(caller, city):
    officer, other, path = caller("officer"), caller("other"), f"/cases/{city[1][0]}"
    taken = officer.post(f"{path}/take", If_Match=version_of(officer, path))
    assert taken.json["holder"]["id"] == city[0]["officer"].id
    released = officer.post(f"{path}/release", If_Match=taken.headers["ETag"])
    assert released.json["holder"] is None
    body = {"unit": "light", "note": "مربوط به شماست."}
    moved = officer.post(f"{path}/refer", body, If_Match=released.headers["ETag"])
    assert moved.json["unit"]["key"] == "light"
    reason = {"note": "این کار ما نیست."}
    back = other.post(f"{path}/return", reason, If_Match=moved.headers["ETag"])
    assert back.json["unit"]["key"] == "waste"
    titles = [one["type"] for one in officer.get(f"{path}/history").json["items"]]
    assert titles[:2] == ["returned", "referred"]


def test_an_unknown_unit_is_pointed_at(caller, city):
    officer, path = caller("officer"), f"/cases/{city[1][0]}"
    answer = officer.post(
        f"{path}/refer", {"unit": "nowhere"}, status=422, If_Match=version_of(officer, path)
    )
    assert answer.json["errors"][0]["pointer"] == "#/unit"


def test_a_mark_is_set_and_taken_away(caller, city):
    officer, path = caller("officer"), f"/cases/{city[1][0]}"
    for urgent in (True, False):
        answer = officer.post(f"{path}/urgency", {"urgent": urgent}, If_Match=version_of(officer, path))
        assert answer.json["urgent"] is urgent


def test_a_case_of_another_unit_is_not_changed(site, caller, city):
    other, path = caller("other"), f"/cases/{city[1][0]}"
    for action, body in (("take", {}), ("urgency", {"urgent": True}), ("refer", {"unit": "light"})):
        other.post(f"{path}/{action}", body, status=404, If_Match='"1"')
    other.post(f"{path}/notes", NOTE, status=404, **KEY)
    assert caller("officer").get(path).json["version"] == 1
    assert not events_of(site, "commented")


def test_a_note_that_is_sent_twice_is_made_once(site, caller, city):
    officer, path = caller("officer"), f"/cases/{city[1][0]}/notes"
    first = officer.post(path, NOTE, status=201, **KEY)
    again = officer.post(path, NOTE, status=201, **KEY)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(events_of(site, "commented")) == 1
    other = officer.post(path, {**NOTE, "text": "یادداشت دیگری."}, status=422, **KEY)
    assert "Idempotency-Key" in other.json["detail"]
    new = officer.post(path, {**NOTE, "text": "یادداشت دیگری."}, status=201, Idempotency_Key="fedcba98")
    assert new.json["id"] != first.json["id"]


def test_keys_of_two_tokens_do_not_meet(site, caller, city):
    path = f"/cases/{city[1][0]}/notes"
    caller("officer").post(path, NOTE, status=201, **KEY)
    caller("officer").post(path, {**NOTE, "text": "از برنامهٔ دیگر"}, status=201, **KEY)
    assert len(events_of(site, "commented")) == 2


def test_a_refused_call_does_not_use_up_its_key(caller, city):
    officer, path = caller("officer"), f"/cases/{city[1][0]}/notes"
    officer.post(path, {"text": ""}, status=422, **KEY)
    officer.post(path, NOTE, status=201, **KEY)


def test_a_citizen_adds_a_message_with_a_picture(site, app, caller, city):
    citizen = caller("citizen", "cases:read", "cases:write", realm="citizen")
    key = uploaded(app, citizen)
    path = f"/cases/{city[1][0]}/messages"
    body = {"words": "هنوز هم همان‌طور است.", "photos": [key]}
    made = citizen.post(path, body, status=201, **KEY)
    assert made.json["pictures"] == [key]
    assert citizen.post(path, body, status=201, **KEY).json == made.json
    assert len(events_of(site, "noted")) == 1
    officer = caller("officer")
    file = officer.get(f"/attachments/{key}")
    assert (file.content_type, file.headers["ETag"]) == ("image/jpeg", f'"{key}"')
    caller("other").get(f"/attachments/{key}", status=404)


def test_a_message_sent_again_is_answered_with_itself_and_not_with_what_came_later(caller, city):
    citizen, path = caller("citizen", realm="citizen"), f"/cases/{city[1][0]}"
    body = {"words": "هنوز هم همان‌طور است."}
    made = citizen.post(f"{path}/messages", body, status=201, **KEY).json
    later = {"text": "فردا سر می‌زنیم.", "sort": "expert", "public": True}
    caller("officer").post(f"{path}/notes", later, status=201, **KEY)
    assert citizen.get(f"{path}/history").json["items"][0]["text"] == later["text"]
    assert citizen.post(f"{path}/messages", body, status=201, **KEY).json == made


def uploaded(app, person, **options):
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(file, "PNG")
    files = [("file", "street.png", file.getvalue())]
    return app.post(
        "/api/v1/attachments", upload_files=files, headers=person.headers({}), **{"status": 201, **options}
    ).json.get("key")


def test_what_is_no_picture_is_refused(app, caller):
    officer = caller("officer")
    files = [("file", "x.jpg", b"no picture")]
    answer = app.post("/api/v1/attachments", upload_files=files, headers=officer.headers({}), status=422)
    assert answer.json["errors"][0]["pointer"] == "#/file"
    app.post("/api/v1/attachments", {"a": "b"}, headers=officer.headers({}), status=400)


def test_a_picture_of_another_token_cannot_be_used(app, caller, city):
    key = uploaded(app, caller("officer"))
    citizen = caller("citizen", "cases:read", "cases:write", realm="citizen")
    body = {"words": "این هم عکس", "photos": [key]}
    answer = citizen.post(f"/cases/{city[1][0]}/messages", body, status=422, **KEY)
    assert answer.json["detail"]


def test_changes_are_on_the_record_with_their_token(site, caller, city):
    officer, path = caller("officer"), f"/cases/{city[1][0]}"
    officer.post(f"{path}/notes", NOTE, status=201, **KEY)
    history = officer.get(f"{path}/history").json["items"]
    assert (history[0]["type"], history[0]["internal_text"]) == ("commented", NOTE["text"])


def finished(caller, code):
    officer, path = caller("officer"), f"/cases/{code}"
    for name in ("accept", "finish"):
        officer.post(f"{path}/steps/{name}", If_Match=version_of(officer, path))


def test_a_citizen_rates_and_objects(site, caller, city):
    code = city[1][0]
    citizen, path = caller("citizen", "cases:read", "cases:write", realm="citizen"), f"/cases/{code}"
    shown = citizen.get(f"{path}/rating").json
    assert (shown["possible"], shown["objection_until"]) == (False, None)
    citizen.post(f"{path}/rating", {"stars": 5}, status=422)
    finished(caller, code)
    shown = citizen.get(f"{path}/rating").json
    assert (shown["possible"], shown["objection_until"]) == (True, shown["until"])
    for stars in (5, 2, 2):
        answer = citizen.post(f"{path}/rating", {"stars": stars, "words": "کاش زودتر بود."})
        assert (answer.json["stars"], answer.json["words"]) == (stars, "کاش زودتر بود.")
    for body, pointer in (({"stars": 6}, "#/stars"), ({"stars": "5"}, "#/stars"), ({}, "#/stars")):
        wrong = citizen.post(f"{path}/rating", body, status=422)
        assert [one["pointer"] for one in wrong.json["errors"]] == [pointer]
    stale = version_of(citizen, path)
    assert citizen.post(f"{path}/objection", {"reason": "درست نشده است."}, status=428).json
    opened = citizen.post(f"{path}/objection", {"reason": "درست نشده است."}, If_Match=stale)
    assert opened.json["reopenings"] == 1
    assert citizen.get(f"{path}/rating").json["objection_until"] is None
    citizen.post(f"{path}/objection", {"reason": "هنوز هم نه."}, If_Match=opened.headers["ETag"], status=422)


def test_ratings_are_of_the_citizen_of_the_case(caller, city):
    code = city[1][0]
    finished(caller, code)
    caller("officer").post(f"/cases/{code}/rating", {"stars": 5}, status=403)
    reader = caller("citizen", "cases:read", realm="citizen")
    reader.post(f"/cases/{code}/rating", {"stars": 5}, status=403)
