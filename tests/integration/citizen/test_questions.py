"""Questions without an answer: a reminder, then an end."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.notifications.questions import REMINDER, end_questions
from civicportal.testing import outbox

pytestmark = pytest.mark.both_databases


@pytest.fixture
def asked(open_case: Any, officer: Any, step: Any) -> str:
    """Return the code of a case with an open question."""
    code = str(open_case())
    step(officer, code, "start")
    step(officer, code, "ask", public_text="کدام سو؟")
    return code


def find(work: Any, code: str) -> Case:
    return work.session.scalars(select(Case).where(Case.code == code)).one()


def status(site: Any, code: str) -> str:
    with site.work(write=False) as work:
        return find(work, code).status


def reminders(site: Any) -> list[str]:
    with site.work(write=False) as work:
        return [message.text for message in outbox(work) if message.kind == REMINDER]


def test_the_citizen_is_reminded_once_and_told_the_day(site: Any, clock: Any, asked: str) -> None:
    end_questions(site)
    clock.advance(days=10, hours=23)
    end_questions(site)
    assert reminders(site) == []
    clock.advance(hours=2)
    for _again in range(2):
        end_questions(site)
    (text,) = reminders(site)
    assert asked in text
    assert status(site, asked) == "asked"


def test_after_the_days_the_case_goes_on_and_is_new_to_its_officer(
    site: Any, clock: Any, signed_in: Any, asked: str
) -> None:
    signed_in("officer", "staff").get(f"/kartable/cases/{asked}")
    clock.advance(days=14)
    end_questions(site)
    assert status(site, asked) == "working"
    with site.work(write=False) as work:
        assert work.get(AccessService).action_referral(find(work, asked)).read_at is None
        event = work.get(CaseService).last_event(find(work, asked))
        assert (event.transition, event.realm) == ("lapse", "system")
    for realm, name, path in (("citizen", "citizen", "/my"), ("staff", "officer", "/kartable/cases")):
        page = signed_in(name, realm).get(f"{path}/{asked}")
        assert "Nothing came" in page.html.select_one("ol.tl").text
    end_questions(site)
    assert status(site, asked) == "working"


def test_an_answer_in_time_ends_the_question(site: Any, clock: Any, citizen: Any, asked: str) -> None:
    clock.advance(days=13)
    with site.work(actor=citizen) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch_own(asked), "answer", public_text="روبه‌روی مدرسه")
    clock.advance(days=2)
    end_questions(site)
    with site.work(write=False) as work:
        assert work.get(CaseService).last_event(find(work, asked)).transition == "answer"


def test_a_second_question_has_its_own_time(
    site: Any, clock: Any, citizen: Any, officer: Any, asked: str, step: Any
) -> None:
    clock.advance(days=13)
    with site.work(actor=citizen) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch_own(asked), "answer", public_text="روبه‌روی مدرسه")
    step(officer, asked, "ask", public_text="و کدام پلاک؟")
    clock.advance(days=13)
    end_questions(site)
    assert status(site, asked) == "asked"


@pytest.mark.parametrize("civic_settings", [{"questions": {"days": 0}}])
def test_a_site_may_wait_for_ever(site: Any, clock: Any, asked: str) -> None:
    clock.advance(days=400)
    end_questions(site)
    assert status(site, asked) == "asked"


def test_the_page_says_until_when(site: Any, clock: Any, as_citizen: Any, asked: str) -> None:
    until = site.calendar.format_date(clock.now() + timedelta(days=14), "weekday", "fa")
    assert until in as_citizen.get(f"/my/{asked}").html.select_one("#question").text
