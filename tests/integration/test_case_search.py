"""Search finds the same cases on both databases as a plain rule in Python, and reveals nothing without the right."""

import random

import pytest
from sqlalchemy import select, text, update

from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases import search_index, word_repair
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.query_parser import read
from civicportal.domain.cases.search import CaseSearch
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.organization.models import Category
from civicportal.domain.privacy.erasure import ErasureService
from civicportal.portal.worker.jobs import JobRunner
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.util.lists import Total
from civicportal.util.persian import runs
from civicportal.util.tracking import new_code

pytestmark = pytest.mark.both_databases

STORIES = [
    "چراغ‌هاي پارك لاله خاموشه و شبها امنيت نداره",
    "چراغ های پارک لاله خاموش است",
    "سنگ‌فرش پیاده‌روی خیابان سعدی شکسته است",
    "سنگفرش میدان لغزنده شده",
    "چالهٔ بزرگ وسط کوچهٔ نسترن، جلوی پلاک ۱۲",
    "در ساعت ۱۲۷۴ بار گفته‌ایم؛ شمارهٔ ۴۰۵۹۰۳ پاسخ نداد",
    "آسفالت بلوار جمهوري خراب است",
    "اسفالت «کوچهٔ یاس» خراب",
    "خط ۷ اتوبوس دیر می‌رسد",
    "عَلیِّ رضايي از كتابخانه",
    "R-1405-12 is a Ticket of the OFFICE",
    "و",
]
QUERIES = [
    *("چراغ", "پارك", "پارک لاله", "لاله پارک", "چراغ‌های", "خاموش", "خاموشه", "شب"),
    *("سنگ‌فرش", "سنگفرش", "سنگ فرش", "سنگ", "فرش", "پیاده‌رو", "پیادهرو"),
    *(
        "چاله",
        "چالۀ بزرگ",
        '"چاله بزرگ"',
        "«بزرگ چاله»",
        "12",
        "۱۲",
        "1274",
        "127",
        "۴۰۵۹",
        "405903",
        "405 903",
        "۴۰۵ ۹۰",
        "405904",
    ),
    *("آسفالت", "اسفالت خراب", "آسفالط", "خرا", "خ", "و", "۷", "خط 7", "رضائی", "علی", "كتاب"),
    *(
        "ticket",
        "OFF",
        "r-1405",
        "1405",
        "نیست در هیچ",
        "،",
        "«»",
        "% _",
        "'",
        '"',
        "@علی",
        "a*",
        "چراغ OR سنگ",
    ),
]


def expected(text_, query):
    """Say by hand whether a text has what is asked: words in any order, each from its beginning."""
    apart = [word for run in runs(text_) for word in run]
    words = [*apart, *("".join(run) for run in runs(text_) if len(run) > 1)]
    terms = read(query).terms
    return bool(terms) and all(any(occurs(words, s, term.goes_on) for s in term.spellings) for term in terms)


def occurs(words, spelling, goes_on):
    for start in range(len(words) - len(spelling) + 1):
        *first, last = words[start : start + len(spelling)]
        if first == list(spelling[:-1]) and (
            last == spelling[-1] or (goes_on and last.startswith(spelling[-1]))
        ):
            return True
    return False


@pytest.fixture
def told(site):
    """One case for each story, without category, and with a code that is not searched."""
    with site.work() as work:
        cases = {story: make_case(work, subject="-", body=story) for story in STORIES}
        for case in cases.values():
            case.code = next(code for code in iter(new_code, "") if not code.startswith("40590"))
        return {case.id: story for story, case in cases.items()}


def found(site, query, actor=None):
    with site.work(write=False, **({"actor": actor} if actor else {})) as work:
        return set(work.session.scalars(select(Case.id).where(work.get(CaseSearch).matches(query))))


@pytest.mark.parametrize("is_ready", [True, False])
def test_words_find_what_the_rule_says(site, told, monkeypatch, is_ready):
    monkeypatch.setattr(SearchIndex, "is_ready", lambda _index, _session: is_ready)
    wrong = []
    for query in QUERIES:
        right = {case_id for case_id, story in told.items() if expected(story, query)}
        if found(site, query) != right:
            wrong.append((query, found(site, query), right))
    assert not wrong


def test_random_words_find_what_the_rule_says(site, told):
    rng = random.Random(7)
    pieces = [word for story in STORIES for word in story.split()]
    for _number in range(60):
        words = [rng.choice(pieces)[: rng.randrange(1, 9)] for _word in range(rng.randrange(1, 4))]
        query = rng.choice([" ", "\u200c", " ، "]).join(words)
        assert found(site, query) == {i for i, story in told.items() if expected(story, query)}, query


def out_of_step(site):
    return SearchIndex(site.engines).verify()


def test_the_index_is_asked_and_stays_in_step(site, told):
    first = min(told)
    with site.work(write=False) as work:
        assert "case_search" in str(work.get(CaseSearch).matches("چراغ"))
    with site.work() as work:
        work.session.execute(update(Case).where(Case.id == first).values(search_text="دیگر"))
        work.session.execute(text("DELETE FROM cases WHERE id = :id"), {"id": first + 1})
    assert found(site, "دیگر") == {first}
    assert not found(site, "چراغ")
    assert out_of_step(site) == (1, 0)
    assert SearchIndex(site.engines).rebuild() == 1
    assert out_of_step(site) == (0, 0)
    assert found(site, "چراغ") == {first}


def test_a_lost_index_is_missed_and_made_again(site, told):
    with site.work() as work:
        if site.engines.dialect == "sqlite":
            work.session.execute(
                text(
                    "INSERT INTO case_search (case_search, rowid, search_text, search_person)"
                    " SELECT 'delete', id, search_text, search_person FROM cases WHERE id = :id"
                ),
                {"id": min(told)},
            )
        else:
            work.session.execute(text("DELETE FROM case_search WHERE case_id = :id"), {"id": min(told)})
    assert out_of_step(site) == (0, 1)
    SearchIndex(site.engines).rebuild()
    assert out_of_step(site) == (0, 0)


def test_cases_follow_the_new_name_of_their_category(site, monkeypatch):
    monkeypatch.setattr(search_index, "BATCH", 2)
    with site.work() as work:
        lamps, other = make_category(work, "lamps"), make_category(work, "other")
        cases = {make_case(work, category=lamps, subject="-", body="روز").id for _case in range(5)}
        make_case(work, category=other, subject="-", body="روز")
    runner = JobRunner(site, word_repair.JOBS)
    runner.run_due()
    assert runner.run_due() == []
    with site.work() as work:
        work.session.get(Category, lamps.id).name = "روشنایی معابر"
    assert found(site, "روشنایی") == set()
    assert runner.run_due() == [word_repair.NAME]
    assert found(site, "روشنایی روز") == cases
    assert out_of_step(site) == (0, 0)


def test_two_numbers_of_which_each_may_be_a_code(site):
    with site.work() as work:
        other = make_case(work, subject="-", body="-").code
        named = make_case(work, subject="-", body=f"شمارهٔ {other} را ببینید")
        make_case(work, subject="-", body="-")
    assert found(site, f"«{other}» {named.code}") == {named.id}
    assert found(site, f"{named.code} {other}") == {named.id}


# -- names of people ----------------------------------------------------------------------------------------


@pytest.fixture
def people(site):
    """A case of Reza in each of two units; who may know people in one unit, who in both, who in none."""
    with site.work() as work:
        units = [make_unit(work, name) for name in ("north", "south")]
        reza = make_citizen(work, "+989000000077", name="رضا محمدی‌پور")
        categories = [make_category(work, unit.key, unit=unit) for unit in units]
        cases = [make_case(work, citizen=reza, category=category, body="چاله") for category in categories]
        view = ["petitions:case:view", "petitions:case:work"]
        contact = [*view, "petitions:case:contact"]
        staff = {
            "blind": make_staff(work, "blind", permissions=view),
            "north": make_staff(work, "knows", permissions=contact, unit=units[0]),
            "boss": make_staff(work, "boss", permissions=contact),
        }
        half = make_staff(work, "blind", username="half")
        work.session.add(
            type(half.memberships[0])(
                user_id=half.id, role_id=staff["north"].memberships[0].role_id, unit_id=units[1].id
            )
        )
        work.session.flush()
        work.session.expire(half)
        staff["half"] = half
        actors = {name: identity(work, user) for name, user in staff.items()}
        return actors, [case.id for case in cases], reza.id


def test_names_find_by_right_only(site, people):
    actors, (north, south), _reza = people
    for query in ("رضا", "محمدی پور", "محمدیپور", "چاله رضا", "رضا چاله", '"رضا محمدی پور"'):
        assert found(site, query, actors["boss"]) >= {north, south}, query
        assert not found(site, query, actors["blind"]), query
        assert found(site, query, actors["half"]) == {south}, query
    for name, number in (("boss", 2), ("blind", 0), ("half", 1)):
        with site.work(actor=actors[name], write=False) as work:
            query = select(Case.id).where(work.get(CaseSearch).matches("رضا"))
            assert work.get(CaseSearch).total_listed("petitions", query, "رضا") == Total(number)


def test_a_new_name_is_found_and_the_old_one_not(site, people):
    actors, cases, reza = people
    with site.work() as work:
        work.get(AccountService).rename(work.session.get(User, reza), "نگار راد")
    assert found(site, "نگار", actors["boss"]) == set(cases)
    assert not found(site, "رضا", actors["boss"])
    assert out_of_step(site) == (0, 0)


@pytest.fixture
def party(site, people):
    """A case of Reza's about two others, and who may know people."""
    actors, _cases, reza = people
    with site.work() as work:
        names = ("زهرا کریمی", "شرکت سپهر")
        case = make_case(work, citizen=work.session.get(User, reza), body="دیدار", people=names)
        return actors, case.id, reza


def test_others_that_a_case_is_about_are_found_by_the_same_right(site, party):
    actors, case, _reza = party
    for query in ("زهرا", "سپهر", "دیدار زهرا", "رضا سپهر", '"شرکت سپهر"'):
        assert found(site, query, actors["boss"]) == {case}, query
        assert not found(site, query, actors["blind"]), query
    assert out_of_step(site) == (0, 0)


def test_others_stay_found_when_the_citizen_has_a_new_name(site, party):
    actors, case, reza = party
    with site.work() as work:
        work.get(AccountService).rename(work.session.get(User, reza), "نگار راد")
    for query in ("نگار", "زهرا", "سپهر نگار"):
        assert case in found(site, query, actors["boss"]), query
    assert out_of_step(site) == (0, 0)


def test_erased_people_and_their_companions_are_not_found(site, party):
    actors, case, reza = party
    with site.work() as work:
        work.get(ErasureService).erase(work.session.get(User, reza))
    assert not found(site, "رضا", actors["boss"])
    assert not found(site, "زهرا", actors["boss"])
    assert found(site, "چاله", actors["boss"])
    assert found(site, "دیدار", actors["boss"]) == {case}
    assert out_of_step(site) == (0, 0)


def test_more_names_than_are_kept_end_with_a_whole_word(site, people):
    actors, _cases, reza = people
    names = [f"نام{number:03} سپهرنژاد" for number in range(40)]
    with site.work() as work:
        make_case(work, citizen=work.session.get(User, reza), people=names)
    assert found(site, "نام003 سپهرنژاد", actors["boss"])
    assert not found(site, "نام039", actors["boss"])
    assert out_of_step(site) == (0, 0)


def test_a_code_is_its_case(site, told):
    with site.work(write=False) as work:
        code = work.session.scalar(select(Case.code).where(Case.id == min(told)))
    for typed in (
        code,
        f"{code[:3]} {code[3:6]}-{code[6:]}",
        code[:6],
        code[:9],
        f"{code[:3]} {code[3:6]}",
        f"{code[:3]}-{code[3:6]} {code[6:8]}",
    ):
        assert found(site, typed) == {min(told)}, typed
