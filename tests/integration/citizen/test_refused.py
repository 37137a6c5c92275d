"""What a citizen wrote stands on the page when it came too late, and so does why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from translationstring import TranslationString

from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case, CaseEvent

WORDS = "روبه‌روی مدرسه، کنار نانوایی"
TOO_LATE = TranslationString("The hour is over.")


@pytest.fixture
def an_hour(site: Any, monkeypatch: Any) -> None:
    """Let a question be answered within an hour, and a case be closed while one waits."""

    def in_time(case: Case, work: Any) -> TranslationString | None:
        return TOO_LATE if work.clock.now() - case.created_at > timedelta(hours=1) else None

    kind = kinds_of(site)["requests"]
    changes: dict[str, Any] = {"answer": {"guards": (in_time,)}, "close": {"sources": ("working", "asked")}}
    transitions = tuple(replace(t, **changes.get(t.name, {})) for t in kind.workflow.transitions)
    monkeypatch.setitem(
        kinds_of(site), "requests", replace(kind, workflow=replace(kind.workflow, transitions=transitions))
    )


@pytest.fixture
def asked(open_case: Any, officer: Any, step: Any) -> str:
    """Return the code of a case that waits for its citizen."""
    code: str = open_case()
    step(officer, code, "start")
    step(officer, code, "ask", public_text="کدام سو؟")
    return code


@pytest.fixture
def closed(open_case: Any, officer: Any, step: Any) -> str:
    code: str = open_case()
    step(officer, code, "close")
    return code


@pytest.fixture
def send(site: Any, signed_in: Any) -> Callable[..., Any]:
    """Return a function that sends a form of a page seen before something happened, and returns what is answered."""

    def send_after(
        what_happens: Callable[[], Any], name: str, address: str, status: int, **fields: str
    ) -> Any:
        with site.work(write=False) as work:
            version = work.session.scalar(select(Case.version))
        what_happens()
        browser = signed_in(name, "citizen")
        fields["csrf_token"] = browser.token()
        # A rating is of a closing, whatever else has changed.
        if "stars" not in fields:
            fields["version"] = str(version)
        return browser.post(address, fields, status=status).html

    return send_after


def kept(page: Any) -> str:
    return str(page.select_one("#refused textarea[readonly]").text.strip())


def test_a_step_that_is_refused(site: Any, clock: Any, send: Any, an_hour: None, asked: str) -> None:
    page = send(lambda: clock.advance(hours=2), "citizen", f"/my/{asked}/answer", 422, public_text=WORDS)
    assert kept(page) == WORDS
    assert str(TOO_LATE) in page.select_one("#refused").text
    with site.work(write=False) as work:
        assert work.session.scalar(select(CaseEvent.transition).order_by(CaseEvent.id.desc())) == "ask"


def test_a_step_that_is_gone(send: Any, an_hour: None, asked: str, officer: Any, step: Any) -> None:
    closing = partial(step, officer, asked, "close")
    page = send(closing, "citizen", f"/my/{asked}/answer", 409, public_text=WORDS)
    assert kept(page) == WORDS
    assert "دیگر ممکن نیست" in page.select_one("#refused").text


def test_a_rating(clock: Any, send: Any, closed: str) -> None:
    page = send(lambda: clock.advance(days=7), "citizen", f"/my/{closed}/rate", 422, stars="2", words=WORDS)
    assert kept(page) == WORDS


def test_an_objection(clock: Any, send: Any, closed: str) -> None:
    page = send(lambda: clock.advance(days=7), "citizen", f"/my/{closed}/object", 422, reason=WORDS)
    assert kept(page) == WORDS


def test_a_rating_of_a_follower(site: Any, neighbour: Any, clock: Any, send: Any, closed: str) -> None:
    with site.work(actor=neighbour) as work:
        case = work.session.scalars(select(Case)).one()
        work.get(FollowerService).follow(case)
    address = f"/my/followed/{case.id}/rate"
    page = send(lambda: clock.advance(days=7), "neighbour", address, 422, stars="2", words=WORDS)
    assert kept(page) == WORDS


def test_a_page_that_nothing_was_sent_to_keeps_nothing(as_citizen: Any, asked: str) -> None:
    assert as_citizen.get(f"/my/{asked}").html.select_one("#refused") is None
