"""Announcements written by other software, with the rights of a member of staff."""

from datetime import timedelta

import pytest

from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

PATH = "/announcements"
BODY = {"title": "قطع آب محلهٔ گلستان", "body": "فردا از ساعت ۹ تا ۱۲ آب محله قطع است."}


@pytest.fixture
def call(site, app, desk):
    """Call with the token of a person: ``call("writer", "/announcements", body)``."""
    tokens = {}

    def call(who, path, body=None, *, status=None, method="POST", tag=None, key="0123456789abcdef"):
        if who not in tokens:
            tokens[who] = token_for(site, getattr(desk, who), "announcements:read", "announcements:write")
        headers = {"Authorization": f"Bearer {tokens[who]}", "Idempotency-Key": key, "Accept-Language": "en"}
        if tag is not None:
            headers["If-Match"] = tag
        if method == "GET":
            return app.get(f"/api/v1{path}", headers=headers, status=status or 200)
        return app.post_json(f"/api/v1{path}", body or {}, headers=headers, status=status or 200)

    return call


def pointers(answer):
    return [one["pointer"] for one in answer.json.get("errors", [])]


def test_a_draft_is_written_once_and_published(app, call):
    made = call("writer", PATH, BODY, status=201)
    assert call("writer", PATH, BODY, status=201).json == made.json
    assert (made.json["state"], made.json["published"]) == ("draft", False)
    one = f"{PATH}/{made.json['id']}"
    assert app.get("/api/v1/announcements").json["items"] == []
    call("writer", f"{one}/publication", {"published": True}, tag="*", status=403)
    shown = call("officer", f"{one}/publication", {"published": True}, tag=made.headers["ETag"])
    assert shown.json["state"] == "live"
    [item] = app.get("/api/v1/announcements").json["items"]
    assert item["title"] == BODY["title"]
    hidden = call("officer", f"{one}/publication", {"published": False}, tag=shown.headers["ETag"])
    assert hidden.json["state"] == "draft"
    assert (hidden.json["title"], hidden.json["body"]) == (BODY["title"], BODY["body"])
    assert app.get("/api/v1/announcements").json["items"] == []


def test_an_announcement_that_was_changed_since_is_not_overwritten(desk, call):
    number = desk.put_up("خبر", publish=False)
    one = f"{PATH}/{number}"
    read = call("writer", f"{one}/source", method="GET")
    body = {**BODY, "title": "خبر تازه"}
    changed = call("writer", one, body, tag=read.headers["ETag"])
    assert changed.json["title"] == "خبر تازه"
    stale = call("writer", one, BODY, tag=read.headers["ETag"], status=412)
    assert stale.headers["ETag"] == changed.headers["ETag"]
    call("writer", one, BODY, status=428)
    assert desk.post(number).title == "خبر تازه"
    unchanged = call("writer", f"{one}/source", method="GET")
    assert unchanged.json == changed.json


def test_what_is_on_the_board_is_changed_by_those_who_may_publish(desk, call):
    one = f"{PATH}/{desk.put_up('خبر')}"
    call("writer", one, {**BODY, "published": True}, tag="*", status=403)
    call("writer", f"{one}/delete", tag="*", status=403)
    assert call("officer", one, {**BODY, "published": True}, tag="*").json["state"] == "live"


def test_times_have_an_offset(clock, call):
    start = clock.now() + timedelta(days=1)
    body = {**BODY, "starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=3)).isoformat()}
    made = call("officer", PATH, {**body, "published": True}, status=201)
    assert made.json["state"] == "scheduled"
    assert made.json["starts_at"].endswith("+03:30")


def test_pictures_are_kept_in_their_order(app, desk, call):
    number = desk.put_up("خبر", pictures=(desk.picture("مخروط ایمنی"), desk.picture("بلوار", focus_x=20)))
    one = f"{PATH}/{number}"
    read = call("officer", f"{one}/source", method="GET")
    pictures = [{name: one[name] for name in one if name != "url"} for one in read.json["pictures"]]
    assert [one["alt"] for one in pictures] == ["مخروط ایمنی", "بلوار"]
    body = {**BODY, "published": True, "pictures": pictures[::-1]}
    changed = call("officer", one, body, tag=read.headers["ETag"])
    assert [(one["alt"], one["focus_x"]) for one in changed.json["pictures"]] == [
        ("بلوار", 20),
        ("مخروط ایمنی", 50),
    ]
    # Publication alone leaves them as they are.
    hidden = call("officer", f"{one}/publication", {"published": False}, tag="*")
    assert hidden.json["pictures"] == changed.json["pictures"]


def test_a_new_picture_is_uploaded_first(app, site, desk, call):
    token = token_for(site, desk.officer, "announcements:write", "cases:write")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "0123456789"}
    files = [("file", "street.png", desk.picture_bytes())]
    key = app.post("/api/v1/attachments", upload_files=files, headers=headers, status=201).json["key"]
    body = {**BODY, "published": True, "pictures": [{"key": key, "alt": "بلوار"}]}
    # A token claims only what it has uploaded itself.
    assert "detail" in call("officer", PATH, body, status=422).json
    made = app.post_json("/api/v1/announcements", body, headers=headers, status=201)
    [picture] = made.json["pictures"]
    assert app.get(picture["url"], status=200).content_type.startswith("image/")


def test_a_deleted_one_is_restored(desk, call):
    one = f"{PATH}/{desk.put_up('خبر')}"
    assert call("officer", f"{one}/delete", tag="*").json["state"] == "deleted"
    call("officer", one, BODY, tag="*", status=409)
    listed = call("writer", f"{PATH}/desk?state=deleted", method="GET").json["items"]
    assert [item["title"] for item in listed] == ["خبر"]
    assert call("officer", f"{one}/restore", tag="*").json["state"] == "live"


def test_personal_data_are_pointed_at(desk, call):
    text = "شمارهٔ همراه پیمانکار 09123456789 است."
    wrong = call("officer", PATH, {**BODY, "body": text, "published": True}, status=422)
    assert pointers(wrong) == ["#/body"]
    picture = {"key": desk.upload(), "alt": text}
    wrong = call("officer", PATH, {**BODY, "pictures": [picture], "published": True}, status=422)
    assert pointers(wrong) == ["#/pictures/0/alt"]
    draft = f"{PATH}/{desk.put_up('خبر', body=text, publish=False)}/publication"
    assert call("officer", draft, {"published": True}, tag="*", status=422).json["detail"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"title": ""}, ["#/title"]),
        ({"body": "کم"}, ["#/body"]),
        ({"starts_at": "1405-01-01"}, ["#/starts_at"]),
        ({"starts_at": "2026-03-21T08:30"}, ["#/starts_at"]),
        ({"starts_at": "0001-01-01T00:00Z"}, ["#/starts_at"]),
        ({"starts_at": "2026-03-22T00:00Z", "ends_at": "2026-03-21T00:00Z"}, ["#/ends_at"]),
        ({"pinned": "yes"}, ["#/pinned"]),
        ({"pictures": [{"key": "../../../etc/passwd/aa", "alt": "تصویر"}]}, ["#/pictures/0/key"]),
        ({"pictures": [{"key": "x" * 22}]}, ["#/pictures/0/alt"]),
        ({"pictures": [{"key": "x" * 22, "alt": "تصویر"}] * 9}, ["#/pictures"]),
        ({"version": 1}, ["#/version"]),
    ],
)
def test_a_mistake_is_pointed_at(site, call, changed, expected):
    assert pointers(call("officer", PATH, {**BODY, **changed}, status=422)) == expected


@pytest.mark.parametrize("who", ["handler", "citizen"])
def test_others_do_not_write_or_read_drafts(site, app, desk, who):
    number = desk.put_up("خبر", publish=False)
    token = token_for(site, getattr(desk, who), "cases:read", "cases:write")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "0123456789", "If-Match": "*"}
    for path in (f"{PATH}/{number}/source", f"{PATH}/desk"):
        app.get(f"/api/v1{path}", headers=headers, status=403)
    for path, body in (
        (PATH, BODY),
        (f"{PATH}/{number}", BODY),
        (f"{PATH}/{number}/publication", {"published": True}),
        (f"{PATH}/{number}/delete", {}),
        (f"{PATH}/{number}/restore", {}),
    ):
        app.post_json(f"/api/v1{path}", body, headers=headers, status=403)
    app.get(f"/api/v1{PATH}/{number}/source", status=401)
    assert desk.post(number).published is False


def test_pages_of_drafts_follow_one_another(desk, call):
    for number in range(3):
        desk.put_up(f"خبر {number}", publish=False)
    first = call("writer", f"{PATH}/desk?limit=2", method="GET").json
    last = call("writer", f"{PATH}/desk?limit=2&cursor={first['next']}", method="GET").json
    assert [one["title"] for one in (*first["items"], *last["items"])] == ["خبر 2", "خبر 1", "خبر 0"]
