"""A page of a list by words: the same rows and ways as any page of a list, and with them how many there are."""

import random
from functools import partial
from itertools import product

import pytest
from sqlalchemy import select

from civicportal.domain.cases import hits
from civicportal.domain.cases import proposals as searching
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.hits import searched_page
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.paging import SORTS, case_page
from civicportal.domain.cases.search import CaseSearch
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit
from civicportal.util.lists import Total
from civicportal.web.counting import statements

pytestmark = pytest.mark.both_databases

KIND = "petitions"
WORDS = ("چراغ", "درخت", "پل")


@pytest.fixture
def town(site, clock, monkeypatch):
    """Sixty cases of two units, each with some of three words; an officer of one unit and an administrator."""
    monkeypatch.setattr(searching, "_FREQUENT", 1000)
    rng = random.Random(4)
    with site.work() as work:
        units = [make_unit(work, key) for key in ("lights", "parks")]
        categories = [make_category(work, unit.key, unit=unit) for unit in units]
        people = {
            "boss": identity(work, make_staff(work, "administrator")),
            "officer": identity(work, make_staff(work, unit=units[0])),
        }
    for _number in range(60):
        with site.work(actor=people["boss"]) as work:
            text = " ".join(rng.sample(WORDS, rng.randrange(1, 4)))
            make_case(work, category=rng.choice(categories), body=text, urgent=rng.random() < 0.5)
        clock.advance(minutes=rng.randrange(3))
    return people


def query(work, words, urgent, *columns):
    found = select(*columns).where(
        Case.kind == KIND, visible(work.actor), work.get(CaseSearch).matches(words, KIND)
    )
    return found.where(Case.urgent) if urgent else found


def walked(work, words, urgent, sort):
    """Go through a list both ways; return the totals that its pages told."""
    rows, filtered = select(Case).where(Case.kind == KIND), partial(query, work, words, urgent)
    totals, cursor, back = [], None, None
    while True:
        page = searched_page(work, KIND, words, filtered, rows, sort=sort, cursor=cursor)
        plain = case_page(work.session, filtered(Case), sort=sort, cursor=cursor)
        assert [case.id for (case,) in page.rows] == [case.id for (case,) in plain.rows]
        assert (page.next, page.previous) == (plain.next, plain.previous)
        if back:
            again = searched_page(work, KIND, words, filtered, rows, sort=sort, cursor=page.previous)
            assert again.rows == back
            totals.append(again.total)
        totals.append(page.total)
        if page.next is None:
            return totals
        cursor, back = page.next, page.rows


def test_pages_are_those_of_any_list_and_say_how_many_there_are(site, town):
    seen = 0
    for who, words, urgent, sort in product(
        ("boss", "officer"), (*WORDS, "چراغ پل", "درخت نیست", "نیست"), (False, True), ("newest", "oldest")
    ):
        with site.work(actor=town[who], write=False) as work:
            number = len(work.session.scalars(query(work, words, urgent, Case.id)).all())
            known = Total(number) if number else None
            totals = walked(work, words, urgent, SORTS[sort])
            assert set(totals) <= {known, Total(number)}, (who, words, urgent, sort)
            seen += len(totals) > 1
    assert seen > 5


def test_rows_and_their_number_come_in_one_statement(site, town):
    with site.work(actor=town["boss"], write=False) as work, statements(site.engines.read) as texts:
        filtered = partial(query, work, "پل", False)
        page = searched_page(work, KIND, "پل", filtered, select(Case), sort=SORTS["newest"])
        assert page.total
        assert page.rows
        assert len([text for text in texts if "hits" in text]) == 1
        assert "hits" in texts[-1]


def test_many_are_not_counted_to_the_end(site, town, monkeypatch):
    monkeypatch.setattr(hits, "MOST_COUNTED", 3)
    with site.work(actor=town["boss"], write=False) as work:
        filtered = partial(query, work, "پل", False)
        page = searched_page(work, KIND, "پل", filtered, select(Case), sort=SORTS["newest"])
        assert page.total == Total(3, exact=False)


def test_without_words_it_is_the_page_of_the_list(site, town):
    with site.work(actor=town["boss"], write=False) as work:
        page = searched_page(work, KIND, "", select, select(Case), sort=SORTS["newest"])
        assert len(page.rows) == 25
        assert page.total is None
