"""Security events: each is a line that a collector can read, with who, from where and what, and nothing personal."""

import io
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from civicportal.core.limits import DEFAULTS
from civicportal.core.logging import ORIGIN, JsonFormatter, MaskingFilter, Origin, OriginFilter, setup_logging
from civicportal.core.security_events import EVENTS, log_security_event, name_key
from civicportal.domain.audit.events import AUDITED
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.audit.services import AuditService
from civicportal.domain.audit.titles import CORE_ACTIONS

FROM = {"REMOTE_ADDR": "192.0.2.77"}
REPORT = {
    "document-uri": "https://portal.example.org/track/1234567890?mobile=09121234567",
    "blocked-uri": "https://evil.example/steal?code=123456",
    "violated-directive": "script-src-elem 'self'",
    "source-file": "https://portal.example.org/staff/reset/" + "t" * 43,
    "line-number": 7,
}
TOLD = {
    "directive": "script-src-elem",
    "page": "/track/-",
    "blocked": "https://evil.example",
    "source": "/staff/reset/-",
    "line": 7,
}


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return a function that returns the lines of security events so far, as the portal writes them."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(OriginFilter())
    handler.addFilter(MaskingFilter())
    logger = logging.getLogger("civicportal.security")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(before)


def test_each_line_says_who_from_where_and_what(lines: Any) -> None:
    token = ORIGIN.set(Origin(address="2001:db8::123456", request="1234567890abcdef1234567890abcdef"))
    try:
        for event in EVENTS:
            log_security_event(event, user=5, reason="password of 09121234567")
    finally:
        ORIGIN.reset(token)
    assert [line["event"] for line in lines()] == list(EVENTS)
    for line in lines():
        assert line["logger"] == "civicportal.security"
        assert line["level"] == logging.getLevelName(EVENTS[line["event"]])
        assert line["ts"].endswith("+00:00")
        assert (line["user"], line["process"]) == (5, os.getpid())
        # By these lines are found: no digits of theirs are masked.
        assert line["address"] == "2001:db8::123456"
        assert line["request"] == "1234567890abcdef1234567890abcdef"
        assert line["reason"] == "password of 0912***4567"


def test_an_event_that_is_none_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        log_security_event("auth.invented")


@pytest.mark.parametrize("action", CORE_ACTIONS)
def test_what_the_trail_says_of_access_is_told_when_it_is_committed(
    site: Any, lines: Any, action: str
) -> None:
    area = action.partition(":")[0]
    expected = AUDITED.get(action) or AUDITED.get(area)
    with site.work() as work:
        work.get(AuditService).record(action, subject_id=3, reason="password", role="5", words="سلام")
        assert lines() == []
    assert [line["event"] for line in lines()] == ([expected] if expected else [])
    for line in lines():
        assert (line["action"], line["subject"], line["role"]) == (action, 3, "5")
        assert "words" not in line


def test_events_of_a_rolled_back_transaction_are_not_logged(site: Any, lines: Any) -> None:
    with pytest.raises(RuntimeError), site.work() as work:
        work.get(AuditService).record("role:give", subject_id=3)
        raise RuntimeError
    assert lines() == []
    # A savepoint that is released is no commit.
    with pytest.raises(RuntimeError), site.work() as work:
        work.get(AuditService).record("role:give", subject_id=3)
        with work.savepoint():
            work.get(AuditService).record("role:take", subject_id=3)
        raise RuntimeError
    assert lines() == []
    # A part of a unit of work is taken back, and the rest of it is committed.
    with site.work() as work:
        with suppress(RuntimeError), work.savepoint():
            work.get(AuditService).record("role:give", subject_id=3)
            work.session.flush()
            raise RuntimeError
        with work.savepoint():
            work.get(AuditService).record("role:take", subject_id=3)
    assert [line["action"] for line in lines()] == ["role:take"]


def send_password(page: Any, status: int) -> None:
    [form] = {form for form in page.forms.values() if "username" in form.fields and "password" in form.fields}
    form["username"], form["password"] = "mayor", "wrong"
    form.submit(extra_environ=FROM, status=status)


def test_a_refused_password_records_name_and_address(app: Any, site: Any, lines: Any) -> None:
    page = app.get("/staff/login", extra_environ=FROM)
    send_password(page, status=422)
    [line] = [line for line in lines() if line["event"] == "auth.login.refused"]
    key = name_key(site.keys, "mayor")
    assert re.fullmatch(r"[a-p]{20}", key)
    assert (line["address"], line["name_key"], line["reason"], line["to"]) == (
        FROM["REMOTE_ADDR"],
        key,
        "password",
        "staff",
    )
    assert "mayor" not in json.dumps(line)
    with site.work(write=False) as work:
        entry = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "login:refused")).one()
    assert (entry.data["address"], entry.data["name_key"]) == (FROM["REMOTE_ADDR"], key)


def test_a_forged_form_is_told_with_its_route(app: Any, lines: Any) -> None:
    app.post("/staff/login", {"username": "a", "password": "b"}, extra_environ=FROM, status=400)
    [line] = [line for line in lines() if line["event"] == "csrf.refused"]
    assert (line["route"], line["address"]) == ("staff_login", FROM["REMOTE_ADDR"])


def test_a_limit_that_is_full_is_told(app: Any, site: Any, lines: Any) -> None:
    for _ in range(DEFAULTS["password_address"][0].hits):
        site.limits.hit("password_address", FROM["REMOTE_ADDR"])
    page = app.get("/staff/login", extra_environ=FROM)
    send_password(page, status=429)
    [line] = [line for line in lines() if line["event"] == "limit.hit"]
    assert (line["limit"], line["address"]) == ("password_address", FROM["REMOTE_ADDR"])


def test_a_denied_page_is_logged(app: Any, login: Any, citizen: Any, site: Any, lines: Any) -> None:
    login(citizen)
    app.get("/admin/members", extra_environ=FROM, status=403)
    [line] = [line for line in lines() if line["event"] == "authz.denied"]
    assert (line["address"], line["method"]) == (FROM["REMOTE_ADDR"], "GET")
    assert isinstance(line["user"], int)
    with site.work(write=False) as work:
        entry = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "access:denied")).one()
    assert entry.data["address"] == FROM["REMOTE_ADDR"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/csp-report", {"csp-report": REPORT}),
        (
            "application/reports+json",
            [
                {
                    "type": "csp-violation",
                    "body": {
                        "documentURL": REPORT["document-uri"],
                        "blockedURL": REPORT["blocked-uri"],
                        "effectiveDirective": "script-src-elem",
                        "sourceFile": REPORT["source-file"],
                        "lineNumber": 7,
                    },
                },
                {"type": "deprecation", "body": {"id": "x"}},
            ],
        ),
    ],
)
def test_a_report_of_a_browser_is_told_without_what_is_personal(
    app: Any, lines: Any, content_type: str, body: Any
) -> None:
    answer = app.post(
        "/csp-reports", json.dumps(body), content_type=content_type, extra_environ=FROM, status=204
    )
    assert answer.body == b""
    [line] = lines()
    assert {name: line[name] for name in TOLD} == TOLD
    assert line["address"] == FROM["REMOTE_ADDR"]
    assert "09121234567" not in json.dumps(line)


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "x", 1, None, {"csp-report": []}, [[]], [{"type": "csp-violation"}], {"csp-report": {}},
        {"csp-report": {"document-uri": [1], "blocked-uri": {"a": 1}, "line-number": "x"}},
        {"csp-report": {"document-uri": "http://[", "blocked-uri": "http://[", "violated-directive": "\r\nevil"}},
    ],
)  # fmt: skip
def test_a_report_may_hold_anything(app: Any, lines: Any, body: Any) -> None:
    app.post("/csp-reports", json.dumps(body), content_type="application/csp-report", status=204)
    for line in lines():
        assert set(line["directive"]) <= set("abcdefghijklmnopqrstuvwxyz-")


def test_a_report_that_says_it_is_a_form_breaks_nothing_by_its_depth(app):
    form = "application/x-www-form-urlencoded"
    app.post("/csp-reports", "[" * 8000, content_type=form, status=204)


def test_reports_are_limited(app: Any, lines: Any) -> None:
    def send(body: Any, status: int = 204, **more: Any) -> Any:
        return app.post(
            "/csp-reports", json.dumps(body), content_type="application/csp-report", status=status, **more
        )

    send({"csp-report": {"a": "x" * 9000}}, status=413)
    for _ in range(DEFAULTS["csp_address"][0].hits + 3):
        send({"csp-report": REPORT}, extra_environ=FROM)
    reports = [line for line in lines() if line["event"] == "csp.report"]
    assert len(reports) == DEFAULTS["csp_address"][0].hits
    many = [{"type": "csp-violation", "body": {}}] * 50
    app.post("/csp-reports", json.dumps(many), content_type="application/reports+json", status=204)
    assert len([line for line in lines() if line["event"] == "csp.report"]) == len(reports) + 5


def test_the_number_of_the_proxy_is_taken_and_no_other(app: Any, lines: Any) -> None:
    def number(said: str) -> str:
        app.post("/staff/login", {"a": "b"}, headers={"X-Request-ID": said}, status=400)
        return lines()[-1]["request"]

    assert number("0123456789abcdef0123456789abcdef") == "0123456789abcdef0123456789abcdef"
    for said in ("", "x" * 32, "0123456789abcdef0123456789abcdef0", '"}{"'):
        assert re.fullmatch(r"[0-9a-f]{32}", number(said))
        assert number(said) != said


def test_every_event_stands_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs/security/events.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `([a-z.]+)` \| (\w+) \|", page, re.MULTILINE))
    assert documented == {name: logging.getLevelName(level) for name, level in EVENTS.items()}


def test_requests_to_providers_are_no_lines_of_the_log() -> None:
    stream, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        setup_logging(stream=stream)
        for name in ("httpx", "httpcore.connection"):
            logging.getLogger(name).info("HTTP Request: POST https://provider.example")
        logging.getLogger("httpx").warning("worth it")
        logging.getLogger("civicportal.portal.worker").info("worth it too")
    finally:
        root.handlers[:], root.level = before, level
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [
        "worth it",
        "worth it too",
    ]
