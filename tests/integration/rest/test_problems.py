"""What the API refuses: always a problem document in the caller's language, never a page and never an error 500."""

import pytest

from civicportal.testing.tokens import token_for

KEY = {"Idempotency-Key": "0123456789abcdef"}


def problem_of(answer, status):
    """Return the problem of an answer."""
    assert answer.status_int == status, answer.text
    assert answer.content_type == "application/problem+json"
    body = answer.json
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert body["title"]
    return body


def errors_of(answer, status):
    return {
        one.get("pointer") or one.get("parameter") or one["header"]: one["detail"]
        for one in problem_of(answer, status)["errors"]
    }


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v2/cases", "/api/", "/api/v1/cases/123", "/api/v1/cases/1234567890/x"]
)
def test_what_does_not_exist(app, path):
    problem_of(app.get(path, status="*"), 404)


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=%DB%B1%DB%B0", "limit"),
        ("limit=", "limit"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
        ("fields=code,secret", "fields"),
        ("fields=", "fields"),
        ("cursor=x", "cursor"),
        ("cursor=before-1-1", "cursor"),
        ("cursor=after-99999999999999999999-1", "cursor"),
        ("kind=nothing", "kind"),
        ("status=nothing", "status"),
        ("view=nothing", "view"),
        ("category=nothing", "category"),
        ("first_day=1404-13-01", "first_day"),
        ("first_day=1404/01/01", "first_day"),
        ("last_day=2026-02-30", "last_day"),
        ("first_day=0001-01-01", "first_day"),
        ("last_day=9999-12-31", "last_day"),
        ("first_day=2026-02-02&last_day=2026-02-01", "last_day"),
        ("sort=deadline", "sort"),
        ("q=" + "x" * 300, "q"),
    ],
)
def test_a_wrong_parameter_is_named(caller, query, wrong):
    assert set(errors_of(caller("officer").get(f"/cases?{query}", status="*"), 400)) == {wrong}


def test_every_wrong_parameter_is_named_at_once(caller):
    answer = caller("officer").get("/cases?limit=0&colour=1&view=x", status="*")
    assert set(errors_of(answer, 400)) == {"limit", "colour", "view"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"#/text", "#/sort"}),
        ({"text": None, "sort": "note"}, {"#/text"}),
        ({"text": 7, "sort": "note"}, {"#/text"}),
        ({"text": "x" * 9000, "sort": "note"}, {"#/text"}),
        ({"text": "کوتاه", "sort": "song"}, {"#/sort"}),
        ({"text": "کوتاه", "sort": ["note"]}, {"#/sort"}),
        ({"text": "کوتاه", "sort": "note", "public": "yes"}, {"#/public"}),
        ({"text": "کوتاه", "sort": "note", "public": True}, {"#/public"}),
        ({"text": "کوتاه", "sort": "note", "colour/~": 1}, {"#/colour~1~0"}),
        ([], {"#"}),
        ("text", {"#"}),
        (7, {"#"}),
    ],
)
def test_a_wrong_field_is_pointed_at(caller, city, body, wrong):
    answer = caller("officer").post(f"/cases/{city[1][0]}/notes", body, status="*", **KEY)
    assert set(errors_of(answer, 422)) == wrong


def test_details_are_in_the_language_of_the_caller(app, caller):
    officer = caller("officer")
    persian = errors_of(officer.get("/cases?limit=0", status="*", Accept_Language="fa"), 400)
    assert persian == {"limit": "عددی از ۱ تا ۱۰۰ بنویسید."}


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 50, "application/json", 400),
        (b'{"text": "\\u0000"}', "application/json", 400),
        (b"text=1", "application/x-www-form-urlencoded", 415),
        (b"<a/>", "application/xml", 415),
        (b"{}", "application/merge-patch+json", 415),
        (b'{"text": "' + b"x" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_no_json_object(app, site, city, content, content_type, status):
    token = token_for(site, city[0]["officer"], "cases:write", "cases:read")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type, **KEY}
    answer = app.post(f"/api/v1/cases/{city[1][0]}/notes", content, headers=headers, status="*")
    problem_of(answer, status)


def test_another_method_is_told_which_there_are(app, caller):
    officer = caller("officer")
    answer = officer.post("/cases/1234567894", status="*")
    problem_of(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD"
    for method in ("PUT", "PATCH", "DELETE"):
        problem_of(app.request("/api/v1/cases", method=method, status="*"), 405)


def test_an_answer_of_another_type_is_not_there(caller):
    problem_of(caller("officer").get("/cases", status="*", Accept="text/html"), 406)


def test_a_change_needs_the_version_that_was_read(caller, city):
    officer, path = caller("officer"), f"/cases/{city[1][0]}"
    assert set(errors_of(officer.post(f"{path}/take", status="*"), 428)) == {"If-Match"}
    problem_of(officer.post(f"{path}/take", status="*", If_Match='"99"'), 412)
    problem_of(officer.post(f"{path}/take", status="*", If_Match="stale"), 412)
    assert officer.get(path).json["version"] == 1


def test_what_makes_something_needs_a_key(caller, city):
    body = {"text": "یادداشت", "sort": "note"}
    path = f"/cases/{city[1][0]}/notes"
    for key in ({}, {"Idempotency-Key": "short"}, {"Idempotency-Key": "x" * 101}):
        assert set(errors_of(caller("officer").post(path, body, status="*", **key), 400)) == {
            "Idempotency-Key"
        }


def test_a_wrong_token_is_refused_even_where_none_is_needed(app):
    for path in ("/api/v1/cases", "/api/v1/categories", "/api/v1/me"):
        answer = app.get(path, headers={"Authorization": "Bearer cpt_wrong"}, status="*")
        problem_of(answer, 401)
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_without_the_scope_is_told_which(caller, city):
    answer = caller("officer", "cases:read").post(f"/cases/{city[1][0]}/take", status="*")
    assert "cases:write" in problem_of(answer, 403)["detail"]


def test_a_citizen_does_nothing_of_staff(caller, city):
    citizen = caller("citizen", "cases:read", "cases:write", realm="citizen")
    problem_of(citizen.post(f"/cases/{city[1][0]}/take", status="*", If_Match='"1"'), 403)


def test_too_many_calls_are_told_when_to_come_again(assemble_migrated, browse):
    site = assemble_migrated(limits={"api_address": [[2, 60]]})
    app = browse(site)
    first = app.get("/api/v1/categories")
    assert first.headers["RateLimit-Policy"] == '"api_address";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"api_address";r=1;t=')
    app.get("/api/v1/categories")
    answer = app.get("/api/v1/categories", status="*")
    problem_of(answer, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit"].startswith('"api_address";r=0;t=')
