"""Pictures on their way in and out: the gate, who may see them, how long they wait."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from translationstring import TranslationString

from civicportal.app import create_app
from civicportal.core.crypto import token_hash
from civicportal.core.limits import DEFAULTS
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Attachment
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import Transition
from civicportal.util.errors import ConfigurationError, NotFound

REQUEST = TranslationString("Request")


def send(browser: Any, data: bytes, **more: Any) -> Any:
    return browser.post(
        "/uploads", {"csrf_token": browser.token()}, upload_files=[("file", "x.jpg", data)], **more
    )


def test_a_picture_comes_in_small_and_large(browser: Any, picture: bytes) -> None:
    answer = send(browser, picture).json
    small, large = browser.get(answer["url"]), browser.get(f"/attachments/{answer['key']}")
    assert small.content_type == large.content_type == "image/jpeg"
    assert len(small.body) < len(large.body)
    assert small.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert small.headers["X-Content-Type-Options"] == "nosniff"
    assert small.headers["Cache-Control"].startswith("private")
    assert small.headers["Content-Disposition"].startswith('inline; filename="picture-')
    again = browser.get(answer["url"], headers={"If-None-Match": small.headers["ETag"]})
    assert (again.status_int, again.body) == (304, b"")


def test_what_is_no_picture_is_refused_with_words(browser: Any, site: Any) -> None:
    refused = send(browser, b"<svg onload=alert(1)>", status=422)
    assert refused.json["message"]
    assert browser.post("/uploads", {"csrf_token": browser.token()}, status=422).json["message"]
    with site.work(write=False) as work:
        assert work.session.scalar(select(Attachment)) is None


def test_without_the_token_nothing_comes_in(browser: Any, picture: bytes) -> None:
    browser.get("/track")
    assert browser.post("/uploads", upload_files=[("file", "x.jpg", picture)], status=400)


def test_only_its_uploader_sees_and_removes_a_waiting_picture(
    browser: Any, stranger: Any, picture: bytes
) -> None:
    key = send(browser, picture).json["key"]
    stranger.get(f"/attachments/{key}", status=404)
    stranger.post(f"/uploads/{key}/remove", {"csrf_token": stranger.token()})
    browser.get(f"/attachments/{key}", status=200)
    browser.post(f"/uploads/{key}/remove", {"csrf_token": browser.token()})
    browser.get(f"/attachments/{key}", status=404)


def test_while_many_pictures_arrive_one_may_come_later(browser: Any, picture: bytes, busy: None) -> None:
    told = send(browser, picture, status=503)
    assert told.json["message"]
    assert int(told.headers["Retry-After"]) > 0


def test_an_unprocessed_picture_is_not_counted(browser: Any, site: Any, picture: bytes, busy: None) -> None:
    owner = token_hash(browser.session_token())
    for _ in range(DEFAULTS["upload_owner"][0].hits):
        site.limits.hit("upload_owner", owner)
    site.limits.give_back("upload_owner", owner)
    for _ in range(3):
        send(browser, picture, status=503)


def test_too_many_pictures_are_refused_before_they_are_read(browser: Any, site: Any, picture: bytes) -> None:
    hits = DEFAULTS["upload_owner"][0].hits
    owner = token_hash(browser.session_token())
    for _ in range(hits):
        site.limits.hit("upload_owner", owner)
    assert send(browser, picture, status=429).headers["Retry-After"]


@pytest.mark.parametrize(
    ("who", "public", "audience", "seen"),
    [
        ("citizen", False, "citizen", True),
        ("citizen", False, "staff", False),
        ("officer", False, "citizen", True),
        ("officer", False, "staff", True),
        ("neighbour", False, "citizen", False),
        ("neighbour", True, "public", True),
        ("neighbour", True, "citizen", False),
        ("visitor", False, "public", False),
        ("visitor", True, "citizen", False),
        ("visitor", True, "public", True),
        ("proved", False, "citizen", True),
        ("proved", False, "staff", False),
    ],
)
def test_the_right_to_a_picture_is_the_right_to_its_case(
    site: Any, people: Any, case_with_picture: Any, who: str, public: bool, audience: str, seen: bool
) -> None:
    code, key = case_with_picture(public=public, audience=audience)
    actor = people["visitor" if who == "proved" else who]
    with site.work(actor=actor, write=False) as work:
        service = work.get(AttachmentService)
        proved = frozenset({code} if who == "proved" else ())
        if seen:
            assert service.fetch(key, "somebody", proved)[1] == code
        else:
            with pytest.raises(NotFound):
                service.fetch(key, "somebody", proved)


@pytest.mark.parametrize(
    ("who", "seen"), [("citizen", True), ("officer", True), ("visitor", False), ("off", False)]
)
def test_papers_are_hidden_from_holders_of_code_and_four_digits(
    site: Any,
    people: Any,
    case_with_picture: Any,
    monkeypatch: pytest.MonkeyPatch,
    who: str,
    seen: bool,
) -> None:
    code, key = case_with_picture()
    kind = kinds_of(site)["requests"]
    if who == "off":
        monkeypatch.delitem(kinds_of(site), "requests")
    else:
        monkeypatch.setitem(kinds_of(site), "requests", replace(kind, papers=True))
    with site.work(actor=people.get(who, people["visitor"]), write=False) as work:
        service = work.get(AttachmentService)
        if seen:
            assert service.fetch(key, "", frozenset({code}))[1] == code
        else:
            with pytest.raises(NotFound):
                service.fetch(key, "", frozenset({code}))


def test_the_uploader_alone_has_no_right_once_a_case_has_it(
    site: Any, people: Any, case_with_picture: Any
) -> None:
    _code, key = case_with_picture(owner="uploader")
    with site.work(actor=people["visitor"], write=False) as work, pytest.raises(NotFound):
        work.get(AttachmentService).fetch(key, "uploader")


def test_pictures_go_with_the_person_who_signs_in(site: Any, people: Any, keep_picture: Any) -> None:
    key = keep_picture(owner="before")
    with site.work() as work:
        work.get(AttachmentService).hand_over("before", "after")
    with site.work(actor=people["visitor"], write=False) as work:
        assert work.get(AttachmentService).fetch(key, "after")
        with pytest.raises(NotFound):
            work.get(AttachmentService).fetch(key, "before")


def test_a_citizens_later_picture_of_a_published_case_waits_for_an_officer(
    site: Any, people: Any, open_case: Any, keep_picture: Any, step: Any
) -> None:
    code = open_case()
    step(people["officer"], code, "start")
    step(people["officer"], code, "ask")
    with site.work(actor=people["officer"]) as work:
        service = work.get(CaseService)
        service.publish(service.fetch(code), True)
    sent, done = keep_picture("citizen"), keep_picture("officer")
    with site.work(actor=people["citizen"]) as work:
        service = work.get(CaseService)
        service.apply(service.fetch_own(code), "answer", attachments=[sent], owner="citizen")
    step(people["officer"], code, "close", attachments=[done], owner="officer")
    with site.work(actor=people["visitor"], write=False) as work:
        service = work.get(AttachmentService)
        assert service.fetch(done, "")
        with pytest.raises(NotFound):
            service.fetch(sent, "")


def test_a_step_of_citizens_does_not_take_the_address_of_another_form(site: Any) -> None:
    rate = Transition(
        name="rate", title=REQUEST, sources=("asked",), target="asked", actors=frozenset({"citizen"})
    )
    kind = kinds_of(site)["requests"]
    kinds_of(site)["requests"] = replace(
        kind, workflow=replace(kind.workflow, transitions=(*kind.workflow.transitions, rate))
    )
    with pytest.raises(ConfigurationError, match="rate"):
        create_app(site)


def test_an_address_that_has_sent_too_many_is_refused_before_its_form_is_read(
    browser: Any, site: Any, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "civicportal.web.request_body.read_multipart", lambda *_form, **_more: pytest.fail("read")
    )
    for _ in range(DEFAULTS["upload_address"][0].hits):
        site.limits.hit("upload_address", "192.0.2.1")
    large = picture + bytes(1024 * 1024)
    form = {"csrf_token": "unread"}
    refused = browser.post("/uploads", form, upload_files=[("file", "x.jpg", large)], status=429)
    assert int(refused.headers["Retry-After"]) > 0
    assert "<h1" in refused.text
    told = browser.post(
        "/uploads",
        form,
        upload_files=[("file", "x.jpg", large)],
        headers={"Accept": "application/json"},
        status=429,
    )
    assert told.json["message"]


def test_a_large_picture_is_counted_once(browser: Any, site: Any, picture: bytes) -> None:
    large = picture + bytes(1024 * 1024)
    for _ in range(DEFAULTS["upload_address"][0].hits - 1):
        site.limits.hit("upload_address", "192.0.2.1")
    send(browser, large)
    send(browser, large, status=429)


def test_a_large_form_is_taken_to_the_page_that_names_the_trouble_while_the_database_is_away(
    browser: Any, site: Any, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_use: object, **_by: object) -> None:
        raise OperationalError("", None, ConnectionError())

    token = browser.token()
    with monkeypatch.context() as patch:
        patch.setattr(site.limits, "count_uses", away)
        files = [("file", "x.jpg", picture + bytes(1024 * 1024))]
        answer = browser.post("/uploads", {"csrf_token": token}, upload_files=files, status=503)
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("who", ["browser", "stranger"])
def test_a_private_picture_and_one_that_is_not_there_are_told_apart_by_nothing(
    request: pytest.FixtureRequest, case_with_picture: Any, who: str
) -> None:
    _code, key = case_with_picture(owner="somebody else")
    visitor = request.getfixturevalue(who)
    unknown_key = "x" * len(key)
    for size in ("", "/small"):
        private = visitor.get(f"/attachments/{key}{size}", status=404)
        unknown = visitor.get(f"/attachments/{unknown_key}{size}", status=404)
        # The page says the address that was asked for, so that its language may be changed, and nothing else.
        assert private.text.replace(key, unknown_key) == unknown.text
        assert dict(private.headers) == dict(unknown.headers)
