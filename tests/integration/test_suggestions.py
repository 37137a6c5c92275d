"""«Did you mean»: near words of cases that the person may see, written as those cases write them."""

import pytest
from sqlalchemy import select

from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.search import CaseSearch
from civicportal.domain.cases.search_models import SearchWord
from civicportal.domain.cases.suggestions import SuggestionService
from civicportal.domain.cases.vocabulary import Vocabulary, make_vocabulary
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit

pytestmark = pytest.mark.both_databases

STORIES = ["آسفالت خیابان سعدی خراب است", "سنگ‌فرش میدان شکسته", "فواره و چراغ بوستان لاله", "سنگ فرش پیاده‌رو"]


@pytest.fixture
def staff(site, clock):
    """Who sees all, and who sees only the last story."""
    with site.work() as work:
        units = [make_unit(work, name) for name in ("first", "last")]
        topics = [make_category(work, unit.key, unit=unit) for unit in units]
        for story in STORIES:
            make_case(work, subject="-", body=story, category=topics[story == STORIES[-1]])
        boss = identity(work, make_staff(work, "boss"))
        other = identity(work, make_staff(work, "other", unit=units[1]))
    make_vocabulary(site)
    clock.advance(minutes=11)
    return boss, other


def instead_of(site, actor, typed):
    with site.work(actor=actor, write=False) as work:

        def query_for(words):
            return select(Case.id).where(work.get(CaseSearch).matches(words), visible(actor))

        assert not work.session.scalars(query_for(typed)).all(), "it finds something itself"
        return work.get(SuggestionService).instead_of(typed, query_for)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("آسفالط", "آسفالت"),
        ("اصفالت خیابان", "آسفالت خیابان"),
        ("خیابون", "خیابان"),
        ("خیابان صعدی خراب", "خیابان سعدی خراب"),
        ("بوستانلاله", "بوستان لاله"),
        ("پیاده رو میدن", ""),
        ("قغصضث", ""),
        ("؟", ""),
    ],
)
def test_a_near_word_is_proposed(site, staff, typed, meant):
    assert instead_of(site, staff[0], typed) == meant


def test_suggestions_come_from_visible_cases_only(site, staff):
    assert instead_of(site, staff[1], "آسفالط") == ""
    assert instead_of(site, staff[1], "پیادهرد") == "پیاده‌رو"


def test_words_that_are_no_more_used_are_forgotten(site, staff):
    with site.work() as work:
        assert work.session.get(SearchWord, "سعدی")
        work.session.delete(work.session.scalar(select(Case).where(Case.body == STORIES[0])))
    make_vocabulary(site)
    with site.work() as work:
        assert work.session.get(SearchWord, "سعدی") is None
        assert work.session.get(SearchWord, "سنگفرش").cases == 1
        assert work.session.get(SearchWord, "سنگ").cases == 2


def test_near_words_are_found_among_many_quickly_enough_to_be_tried():
    many = {f"کلمه{number}": 1 for number in range(1000)} | {"آسفالت": 9}
    assert Vocabulary(many).near("آسفالک")[0] == "آسفالت"
    assert Vocabulary({}).near("آسفالت") == []
