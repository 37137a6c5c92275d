"""The daily digest: one message for everyone who asked for it and has open work, on working days."""

from datetime import UTC, datetime

import pytest

from civicportal.core.work import Work
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.digests import send_digests
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.notifications.choices import NotificationPreferences, PreferenceService
from civicportal.domain.organization.models import Holiday
from civicportal.testing import (
    identity,
    make_case,
    make_category,
    make_citizen,
    make_staff,
    make_unit,
    outbox,
)
from civicportal.web.counting import statements

#: Saturday 1405/09/07, 8:05 in Tehran.
MORNING = datetime(2026, 11, 28, 4, 35, tzinfo=UTC)


@pytest.fixture
def office(site, clock):
    """A unit whose officer wants the digest, a colleague who does not, and the unit's category."""
    clock.set(MORNING)
    with site.work() as work:
        unit = make_unit(work)
        officer, _colleague = make_staff(work, unit=unit), make_staff(work, unit=unit)
        make_staff(work, unit=make_unit(work, "elsewhere"))
        work.get(PreferenceService).save(officer.id, NotificationPreferences(digest=True))
        return officer, make_category(work, unit=unit)


@pytest.fixture
def add(site, office):
    """Return a function that opens a case in the unit's kartable and returns its code."""

    def add(*, read=False, days_ago=0):
        officer, category = office
        with site.work() as work:
            mobile = f"+9890000007{len(outbox(work)):02}"
            case = make_case(work, citizen=make_citizen(work, mobile), category=category)
            if days_ago:
                case.deadline = work.clock.now()
            code = case.code
        if read:
            mark_read(site, officer, code)
        return code

    return add


def mark_read(site, officer, code):
    with site.work() as work:
        actor = identity(work, officer)
    with site.work(actor=actor) as work:
        work.get(KartableService).mark_read(work.get(CaseService).fetch(code))


def digests(site):
    send_digests(site)
    with site.work(write=False) as work:
        return [(row.kind, row.user_id, row.text) for row in outbox(work) if row.kind.startswith("staff.")]


def test_a_digest_has_the_number_of_new_cases_and_the_latest_code(site, clock, office, add):
    add()
    clock.advance(seconds=1)
    code = add()
    assert digests(site) == [
        ("staff.kartable_new", office[0].id, f"کارتابل: ۲ مورد جدید به شما ارجاع شد. آخرین کد: {code}")
    ]


def test_a_digest_has_the_number_of_overdue_cases(site, clock, office, add):
    add(read=True, days_ago=1)
    clock.advance(minutes=1)
    assert [kind for kind, *_ in digests(site)] == ["staff.overdue"]


def test_new_and_overdue_cases_are_in_one_digest(site, clock, office, add):
    add(days_ago=1)
    clock.advance(minutes=1)
    ((kind, _who, text),) = digests(site)
    assert kind == "staff.digest"
    assert "۱ مورد جدید و ۱ مورد دیرکرده" in text


def test_never_more_than_one_a_day(site, clock, office, add):
    add()
    assert len(digests(site)) == 1
    add()
    clock.advance(minutes=30)
    assert len(digests(site)) == 1
    clock.advance(days=1)
    assert len(digests(site)) == 2


def test_an_empty_kartable_costs_nothing(site, office):
    assert digests(site) == []


@pytest.mark.parametrize("told", [True, False], ids=["told already", "nothing to tell"])
def test_an_empty_digest_blocks_no_writer(site, office, add, told, caplog):
    """SQLite has one writer at a time: a digest that wanted to write would wait for the one that is at it."""
    if told:
        add()
        digests(site)
    with site.work() as work:
        make_unit(work, "written meanwhile")
        send_digests(site)
    assert "failed" not in caplog.text


def test_a_person_gets_one_digest_a_day(site, office, add):
    add()
    runs = []
    for _number in range(2):
        with statements(site.engines.read) as texts:
            send_digests(site)
        runs.append([text for text in texts if "referrals" in text])
    assert runs[0]
    assert runs[1] == []


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 28, 4, 29, tzinfo=UTC),
        datetime(2026, 11, 28, 8, 31, tzinfo=UTC),
        datetime(2026, 11, 27, 4, 35, tzinfo=UTC),
    ],
    ids=["before the hour", "hours later", "on Friday"],
)
def test_digests_are_sent_on_the_morning_of_a_working_day(site, clock, office, add, moment):
    add()
    clock.set(moment)
    assert digests(site) == []


def test_a_holiday_is_no_working_day(site, clock, office, add):
    add()
    with site.work() as work:
        work.session.add(Holiday(day=work.site.calendar.today(clock.now()), name="تعطیل"))
    assert digests(site) == []


def test_a_site_may_do_without(site, office, add, monkeypatch):
    add()
    monkeypatch.setitem(site.settings["notifications"], "digest_at", "")
    assert digests(site) == []


def test_one_failing_digest_does_not_affect_others(site, office, add, monkeypatch, caplog):
    with site.work() as work:
        other = make_staff(work, unit=make_unit(work, "third"))
        work.get(PreferenceService).save(other.id, NotificationPreferences(digest=True))
    add()
    acting_as = Work.acting_as

    def fail_for_the_other(self, actor):
        if actor.user_id == other.id:
            raise ValueError("boom")
        return acting_as(self, actor)

    monkeypatch.setattr(Work, "acting_as", fail_for_the_other)
    assert [who for _, who, _ in digests(site)] == [office[0].id]
    assert f"the digest of user {other.id} failed" in caplog.text
