"""The inbox: every counter is the length of its list, and no page loses a case."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import event

from civicportal.core.security import Identity
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.finding import FindService, Found
from civicportal.domain.cases.models import Attachment
from civicportal.domain.cases.paging import PAGE_SIZE, SORTS
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import UnknownTransition
from civicportal.domain.kartable.inbox import EVERYWHERE, VIEWS, InboxQuery, InboxService
from civicportal.domain.kartable.neighbours import neighbours
from civicportal.domain.kartable.rows import RowService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.models import Category, Unit
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.util.errors import Forbidden, NotFound

pytestmark = pytest.mark.both_databases


@pytest.fixture
def city(site):
    """Two units with two officers each, one who sees everything, and a citizen of each unit's cases."""
    with site.work() as work:
        units = [make_unit(work, name) for name in ("waste", "lighting")]
        categories = [make_category(work, unit.key, unit=unit) for unit in units]
        staff = [identity(work, make_staff(work, "officer", unit=unit)) for unit in units for _two in (1, 2)]
        boss = identity(work, make_staff(work, "administrator"))
        citizens = [make_citizen(work, f"+98912000000{n}").id for n in (1, 2)]
        return {
            "units": [unit.id for unit in units],
            "categories": [category.id for category in categories],
            "staff": staff,
            "boss": boss,
            "citizens": citizens,
        }


def open_case(site, city, number, **values):
    with site.work() as work:
        return make_case(
            work,
            citizen=work.session.get(User, city["citizens"][number]),
            category=work.session.get(Category, city["categories"][number]),
            **values,
        ).code


def act(site, who, code, what):
    with site.work(actor=who) as work:
        what(work, work.get(CaseService).fetch(code, lock=True))


def refer(unit_id, user_id=None):
    return lambda work, case: work.get(KartableService).refer(case, unit_id, user_id=user_id)


def step(name):
    return lambda work, case: work.get(CaseService).apply(case, name)


def live(site, clock, city, seed):
    """Let people do at random what they may; what is refused does not happen."""
    rng = random.Random(seed)
    codes = [open_case(site, city, rng.randrange(2)) for _number in range(8)]
    waste, lighting = city["units"]
    deeds = [
        step("accept"),
        step("pause"),
        step("finish"),
        refer(waste),
        refer(lighting),
        refer(lighting, city["staff"][2].user_id),
        lambda work, case: work.get(KartableService).take(case),
        lambda work, case: work.get(KartableService).copy(case, waste),
        lambda work, case: work.get(KartableService).copy(case, lighting),
        lambda work, case: work.get(KartableService).inquire(case, lighting, note="نظر شما؟"),
        lambda work, case: work.get(KartableService).give_back(case, note="Not ours."),
        lambda work, case: work.get(KartableService).mark_read(case),
    ]
    done = 0
    for _number in range(40):
        clock.advance(hours=rng.choice([0, 1, 6]))
        with suppress(NotFound, Forbidden, Refused, UnknownTransition):
            act(site, rng.choice([*city["staff"], city["boss"]]), rng.choice(codes), rng.choice(deeds))
            done += 1
    assert done > 10


def whole_list(service, view, filters, sort="deadline"):
    rows, cursor = [], None
    while True:
        page = service.page(view, filters, sort=sort, cursor=cursor)
        rows += page.rows
        cursor = page.next
        if cursor is None:
            return rows


@pytest.mark.parametrize("seed", range(2))
def test_counters_equal_the_lists(site, clock, city, seed):
    live(site, clock, city, seed)
    narrowed = [
        InboxQuery(),
        InboxQuery(kind="petitions", status="working"),
        InboxQuery(category=city["categories"][0]),
        InboxQuery(citizen=city["citizens"][1]),
        InboxQuery(words="سطل"),
        InboxQuery(words="نیست چنین"),
        InboxQuery(first_day=site.calendar.today(clock.now()) - timedelta(days=1)),
        InboxQuery(last_day=site.calendar.today(clock.now()) - timedelta(days=1)),
    ]
    for person in [*city["staff"], city["boss"]]:
        with site.work(actor=person, write=False) as work:
            service = work.get(InboxService)
            for filters in narrowed:
                counts = service.counts(filters).views
                for view in VIEWS:
                    rows = whole_list(service, view, filters)
                    codes = [case.code for case, _line in rows]
                    assert len(codes) == len(set(codes)) == counts[view].number, (view, filters)


def test_a_deputy_counts_the_kartable_of_the_absent(site, city):
    open_case(site, city, 0)
    mine, theirs = city["staff"][0], city["staff"][2]
    deputy = Identity(
        user_id=theirs.user_id,
        name="",
        realm="staff",
        grants=(*theirs.grants, *mine.grants),
        deputy_for=frozenset({mine.user_id}),
    )
    with site.work(actor=deputy, write=False) as work:
        assert work.get(InboxService).counts(InboxQuery()).views["all"].number == 1


def test_pages_go_forth_and_back_without_losing_a_case(site, city):
    codes = {open_case(site, city, 0) for _number in range(2 * PAGE_SIZE + 3)}
    for sort in SORTS:
        turn_pages(site, city, codes, sort)


def turn_pages(site, city, codes, sort):
    with site.work(actor=city["boss"], write=False) as work:
        service = work.get(InboxService)
        pages = [service.page("all", InboxQuery(), sort=sort)]
        assert pages[0].previous is None
        while pages[-1].next:
            pages.append(service.page("all", InboxQuery(), sort=sort, cursor=pages[-1].next))
        seen = [case.code for page in pages for case, _line in page.rows]
        assert set(seen) == codes
        assert len(seen) == len(codes)
        back = service.page("all", InboxQuery(), sort=sort, cursor=pages[-1].previous)
        assert [row[0].code for row in back.rows] == [row[0].code for row in pages[-2].rows]
        assert service.page("all", InboxQuery(), sort=sort, cursor="after-x-1").rows == pages[0].rows


def test_views_say_what_they_promise(site, clock, city):
    mine, colleague, theirs = city["staff"][:3]
    codes = [open_case(site, city, 0) for _number in range(5)]
    act(site, mine, codes[0], step("accept"))
    act(site, mine, codes[0], step("pause"))
    act(site, mine, codes[1], lambda work, case: work.get(KartableService).take(case))
    act(site, mine, codes[2], refer(city["units"][1]))
    act(
        site, theirs, codes[2], lambda work, case: work.get(KartableService).give_back(case, note="Not ours.")
    )
    act(site, mine, codes[3], step("accept"))
    act(site, mine, codes[3], step("finish"))
    clock.advance(days=10)

    def found(person, view):
        with site.work(actor=person, write=False) as work:
            return {row[0].code for row in work.get(InboxService).page(view, InboxQuery()).rows}

    assert found(mine, "all") == {codes[0], codes[1], codes[2], codes[4]}
    assert found(mine, "mine") == {codes[0], codes[1], codes[2]}
    assert found(colleague, "all") == {codes[4]}
    assert found(mine, "new") == {codes[2], codes[4]}
    assert found(mine, "referred") == {codes[2]}
    assert found(mine, "waiting") == {codes[0]}
    assert found(mine, "overdue") == {codes[1], codes[2], codes[4]}
    assert found(mine, "closed") == set()
    assert found(mine, EVERYWHERE) == set(codes)
    assert found(theirs, EVERYWHERE) == {codes[2]}


def test_closed_today_ends_with_the_day(site, clock, city):
    code = open_case(site, city, 0)
    act(site, city["staff"][0], code, step("reject"))
    with site.work(actor=city["staff"][0], write=False) as work:
        assert work.get(InboxService).counts(InboxQuery()).views["closed"].number == 1
    clock.advance(days=1)
    with site.work(actor=city["staff"][0], write=False) as work:
        assert work.get(InboxService).counts(InboxQuery()).views["closed"].number == 0


def test_a_query_that_a_process_keeps_follows_the_clock(site, clock, city):
    open_case(site, city, 0)

    def overdue():
        with site.work(actor=city["staff"][0], write=False) as work:
            inbox = work.get(InboxService)
            counted = inbox.counts(InboxQuery()).views["overdue"].number
            return counted, len(inbox.page("overdue", InboxQuery()).rows)

    assert overdue() == (0, 0)
    clock.advance(days=10)
    assert overdue() == (1, 1)


def test_a_reopened_case_has_no_sender(site, city):
    code, officer = open_case(site, city, 0), city["boss"]
    act(site, officer, code, step("reject"))
    with site.work() as work:
        citizen = identity(work, work.session.get(User, city["citizens"][0]), "citizen")
    with site.work(actor=citizen) as work:
        work.get(CaseService).apply(work.get(CaseService).fetch_own(code, lock=True), "object")
    with site.work(actor=officer, write=False) as work:
        assert work.get(InboxService).counts(InboxQuery()).views["referred"].number == 0


def test_neighbours_follow_the_list(site, clock, city):
    codes = []
    for _number in range(3):
        codes.append(open_case(site, city, 0))
        clock.advance(hours=1)
    with site.work(actor=city["staff"][0], write=False) as work:
        cases = work.get(CaseService)
        found = [neighbours(work, cases.fetch(code)) for code in codes]
    assert found == [(None, codes[1]), (codes[0], codes[2]), (codes[1], None)]


def test_search_reads_codes_mobiles_and_words(site, city):
    code = open_case(site, city, 0)
    with site.work(actor=city["staff"][0], write=False) as work:
        service = work.get(FindService)
        assert service.read(f"{code[:3]} {code[3:6]}-{code[6:]}").code == code
        assert service.read("۰۹۱۲۰۰۰۰۰۰۱").citizen == city["citizens"][0]
        assert service.read("09120000009").citizen == 0
        assert service.read("  سطل زباله ").words == "سطل زباله"
        assert service.read("۰۴۹-۹۳۷۰۸۹-۹") == Found(citizen=0)
    with site.work(actor=city["staff"][2], write=False) as work:
        assert work.get(FindService).read("09120000001").citizen == 0


def test_a_mobile_that_could_be_a_tracking_code_finds_its_citizen(site, city):
    open_case(site, city, 0)
    with site.work() as work:
        work.session.get(User, city["citizens"][0]).mobile = "+989120000013"
    with site.work(actor=city["staff"][0], write=False) as work:
        found = work.get(FindService).read("9120000013")
    assert found == Found(code="9120000013", citizen=city["citizens"][0])


class Statements:
    """Counts what is sent to the database."""

    def __init__(self, engine):
        self.n = 0
        event.listen(engine, "before_cursor_execute", self._count)
        self._remove = lambda: event.remove(engine, "before_cursor_execute", self._count)

    def _count(self, *arguments):
        self.n += 1

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._remove()


def test_statements_do_not_grow_with_the_rows(site, city):
    def read():
        with site.work(actor=city["boss"], write=False) as work, Statements(site.engines.read) as counted:
            page = work.get(InboxService).page("all", InboxQuery())
            rows = work.get(RowService).rows([(case, referral) for case, referral in page.rows])
        return len(rows), counted.n

    codes = [open_case(site, city, 0)]
    act(site, city["boss"], codes[0], lambda work, case: work.get(KartableService).take(case))
    read()  # what every process keeps, such as units and categories
    one = read()
    codes += [open_case(site, city, number % 2) for number in range(12)]
    for code in codes[1:]:
        person = city["boss"]
        act(site, person, code, lambda work, case: work.get(CaseService).comment(case, "note"))
        act(site, person, code, lambda work, case: work.get(KartableService).take(case))
    assert one[0] == 1
    assert read() == (13, one[1])


def test_rows_count_pictures_and_notes(site, city):
    code = open_case(site, city, 0)
    with site.work(actor=city["staff"][0]) as work:
        case = work.get(CaseService).fetch(code)
        work.get(CaseService).comment(case, "note")
        for number in range(2):
            work.session.add(
                Attachment(
                    key=f"{number:022}",
                    case_id=case.id,
                    content_type="image/jpeg",
                    width=1,
                    height=1,
                    size=1,
                    sha256="0" * 64,
                    created_at=work.clock.now(),
                )
            )
        work.session.flush()
        [row] = work.get(RowService).rows([(case, None)])
        assert (row.photos, row.comments, row.mine, row.referred) == (2, 1, False, False)
        assert row.unit == work.session.get(Unit, city["units"][0]).name
