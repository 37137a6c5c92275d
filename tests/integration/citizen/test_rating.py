"""Satisfaction: one rating for each closing, seven days, objections."""

from typing import Any

import pytest
from sqlalchemy import select

from civicportal.domain.cases.errors import Refused, StaleVersion
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.models import Case, CaseEvent, Rating
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.services import CaseService
from civicportal.util.errors import Forbidden


@pytest.fixture
def closed(open_case: Any, officer: Any, step: Any) -> str:
    """Return the code of a case that was settled just now."""
    code: str = open_case()
    step(officer, code, "close")
    return code


def case_of(work: Any, code: str) -> Case:
    found: Case = work.session.scalars(select(Case).where(Case.code == code)).one()
    return found


def rate(site: Any, actor: Any, code: str, stars: int, words: str = "") -> None:
    with site.work(actor=actor) as work:
        work.get(RatingService).rate(case_of(work, code), stars, words)


def ratings(site: Any) -> list[tuple[int, int, str]]:
    with site.work(write=False) as work:
        rows = work.session.scalars(select(Rating).order_by(Rating.id))
        return [(row.user_id, row.stars, row.words) for row in rows]


def test_a_second_answer_changes_the_first(site: Any, citizen: Any, closed: str, clock: Any) -> None:
    rate(site, citizen, closed, 2, "کند بود")
    clock.advance(days=6)
    rate(site, citizen, closed, 5)
    assert ratings(site) == [(citizen.user_id, 5, "")]
    with site.work(write=False) as work:
        rated = select(CaseEvent).where(CaseEvent.type == "rated").order_by(CaseEvent.id)
        events = work.session.scalars(rated).all()
        assert [event.data["stars"] for event in events] == [2, 5]
        assert not any(event.public for event in events)


def test_after_seven_days_it_is_too_late(site: Any, citizen: Any, closed: str, clock: Any) -> None:
    clock.advance(days=7)
    with pytest.raises(Refused):
        rate(site, citizen, closed, 1)
    with site.work(actor=citizen) as work, pytest.raises(Refused):
        work.get(RatingService).object(case_of(work, closed), "هنوز هست")
    assert ratings(site) == []


def told(page: Any, words: str) -> list[str]:
    """Return the small print of a page that has some words."""
    texts = [" ".join(one.text.split()) for one in page.html.select(".muted")]
    return [text for text in texts if words in text]


STILL, OVER = "می‌توانید این کار را بکنید", "می‌شد آن را بازگشایی کرد"


def test_the_page_tells_until_when_it_may_be_opened_again(as_citizen: Any, closed: str) -> None:
    page = as_citizen.get(f"/my/{closed}")
    assert told(page, STILL) == ["تا شنبه ۱۶ خرداد، ۱۲:۰۰ می‌توانید این کار را بکنید."]
    # The limit is read before the form is opened.
    assert STILL in page.html.select_one("details > summary").text
    assert len(told(page, "تا شنبه ۱۶ خرداد، ۱۲:۰۰")) == 2, "the rating names the same moment"


def test_the_way_back_ends_at_the_hour_that_the_page_names(signed_in: Any, closed: str, clock: Any) -> None:
    clock.advance(days=6, hours=23, minutes=59)
    assert f"/my/{closed}/object" in signed_in("citizen", "citizen").get(f"/my/{closed}")
    clock.advance(minutes=1)
    page = signed_in("citizen", "citizen").get(f"/my/{closed}")
    assert f"/my/{closed}/object" not in page
    assert told(page, STILL) == []
    assert len(told(page, OVER)) == 1


def test_after_a_year_the_page_still_names_the_day_with_its_year(
    signed_in: Any, closed: str, clock: Any
) -> None:
    clock.advance(days=400)
    [line] = told(signed_in("citizen", "citizen").get(f"/my/{closed}"), OVER)
    assert line.startswith("تا شنبه ۱۶ خرداد ۱۴۰۵ می‌شد")


def test_a_case_without_a_way_back_tells_of_none(
    site: Any, signed_in: Any, citizen: Any, open_case: Any, clock: Any
) -> None:
    code = open_case()
    with site.work(actor=citizen) as work:
        service = work.get(CaseService)
        service.apply(service.fetch_own(code, lock=True), "withdraw")
    for days in (0, 8):
        clock.advance(days=days)
        page = signed_in("citizen", "citizen").get(f"/my/{code}")
        assert told(page, STILL) == told(page, OVER) == []


def test_an_open_case_is_not_rated(site: Any, citizen: Any, open_case: Any) -> None:
    with pytest.raises(Refused):
        rate(site, citizen, open_case(), 5)


def test_followers_rate_and_strangers_do_not(site: Any, neighbour: Any, closed: str) -> None:
    with pytest.raises(Forbidden):
        rate(site, neighbour, closed, 4)
    with site.work(actor=neighbour) as work:
        work.get(FollowerService).follow(case_of(work, closed))
    rate(site, neighbour, closed, 4)
    assert ratings(site) == [(neighbour.user_id, 4, "")]


def test_an_objection_reopens_and_stays_between_citizen_and_staff(
    site: Any, citizen: Any, closed: str
) -> None:
    with site.work(actor=citizen) as work:
        work.get(RatingService).object(case_of(work, closed), "چاله هنوز هست")
    with site.work(write=False) as work:
        case = case_of(work, closed)
        event = work.get(CaseService).events(case)[0]
        assert case.is_open
        assert case.closed_at is None
        assert (event.public_text, event.internal_text) == ("", "چاله هنوز هست")


def test_only_the_citizen_objects(site: Any, neighbour: Any, closed: str) -> None:
    with site.work(actor=neighbour) as work:
        work.get(FollowerService).follow(case_of(work, closed))
    with site.work(actor=neighbour) as work, pytest.raises(Refused):
        work.get(RatingService).object(case_of(work, closed), "هنوز هست")


def test_an_objection_to_an_older_version_is_refused(site: Any, citizen: Any, closed: str) -> None:
    with site.work(actor=citizen) as work, pytest.raises(StaleVersion):
        work.get(RatingService).object(case_of(work, closed), "هنوز هست", version=1)


def test_every_closing_has_ratings_of_its_own(
    site: Any, citizen: Any, officer: Any, closed: str, step: Any
) -> None:
    rate(site, citizen, closed, 1)
    step(officer, closed, "reopen")
    step(officer, closed, "close")
    with site.work(actor=citizen, write=False) as work:
        service, case = work.get(RatingService), case_of(work, closed)
        standing = service.standing(case)
        assert standing is not None
        assert standing.mine is None
        assert service.summary(case) is None
    rate(site, citizen, closed, 5)
    assert [stars for _user, stars, _words in ratings(site)] == [1, 5]
    with site.work(write=False) as work:
        summary = work.get(RatingService).summary(case_of(work, closed))
        assert summary is not None
        assert summary.mean == 5
