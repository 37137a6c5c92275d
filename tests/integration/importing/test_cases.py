"""Cases of an earlier system are there with their history, as if they had been here."""

import csv
from datetime import UTC, datetime

import pytest
from civicportal_reports.models import Report
from sqlalchemy import func, select

from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Case, CaseEvent, CaseReference
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.kartable.repair import wrong_referrals
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.organization.models import Unit
from civicportal.domain.statistics.repair import wrong_counters
from civicportal.portal.importing.models import ImportBatch, ImportedRow

from . import legacy

pytestmark = pytest.mark.both_databases


def one(site, key):
    """Return a case by its key, with its events and referrals."""
    with site.work(write=False) as work:
        row_id = work.session.scalar(select(ImportedRow.row_id).where(ImportedRow.key == key))
        case = work.session.get(Case, row_id)
        events = work.session.scalars(
            select(CaseEvent).where(CaseEvent.case_id == row_id).order_by(CaseEvent.id)
        ).all()
        referrals = work.session.scalars(
            select(Referral).where(Referral.case_id == row_id).order_by(Referral.id)
        ).all()
        return case, events, referrals


def number(site, model):
    with site.work(write=False) as work:
        return work.session.scalar(select(func.count()).select_from(model))


def problems(run):
    with run.report.open(encoding="utf-8-sig") as file:
        return list(csv.reader(file))[1:]


def unit_id(site, key):
    with site.work(write=False) as work:
        return work.session.scalar(select(Unit.id).where(Unit.key == key))


def test_a_dry_run_writes_nothing(city, run, tmp_path):
    summary = run(legacy.write(tmp_path / "old"), apply=False)
    assert summary.counts["cases"] == {"new": 4}
    assert summary.batch is None
    assert [number(city, model) for model in (Case, ImportBatch, ImportedRow, CaseReference)] == [0, 0, 0, 0]


def test_a_closed_case_has_its_dates_and_its_answer(city, run, tmp_path):
    run(legacy.write(tmp_path / "old"))
    case, events, referrals = one(city, "98-1")
    assert (case.status, case.stage, case.source) == ("reviewed", "done", "web")
    assert case.created_at == datetime(2019, 4, 23, 3, 45, tzinfo=UTC)
    assert city.calendar.today(case.closed_at).isoformat() == "2019-04-25"
    assert case.handling_minutes > 0
    assert case.body == "سطل زباله‌ی سر کوچه پر است"
    assert [(event.type, event.after) for event in events] == [
        ("opened", "registered"),
        ("transition", "reviewed"),
    ]
    assert events[1].transition == "close"
    assert events[1].public_text == "تخلیه شد"
    assert [(referral.closed_how, referral.to_unit_id) for referral in referrals] == [
        ("acted", unit_id(city, "waste"))
    ]
    with city.work(write=False) as work:
        report = work.session.get(Report, case.id)
        assert (report.lat, report.lon, report.district) == (31.0203, 52.015, "منطقهٔ یک")


def test_a_history_is_replayed(city, run, tmp_path):
    run(legacy.write(tmp_path / "old"))
    case, events, referrals = one(city, "98-4")
    waste, lighting = unit_id(city, "waste"), unit_id(city, "lighting")
    assert [(event.type, event.after, event.unit_id) for event in events] == [
        ("opened", "registered", None),
        ("transition", "in_action", waste),
        ("referred", None, lighting),
        ("commented", None, lighting),
        ("transition", "reviewed", lighting),
    ]
    assert [event.actor_name for event in events] == ["", "کاربر ۱", "کاربر ۲", "کاربر ۲", "کاربر ۳"]
    assert events[1].internal_text == "بررسی شد"
    assert events[4].public_text == "اصلاح شد"
    assert (case.hops, case.unit_id, case.status) == (1, lighting, "reviewed")
    assert [(one.to_unit_id, one.closed_how) for one in referrals] == [
        (waste, "referred"),
        (lighting, "acted"),
    ]
    assert referrals[1].previous_id == referrals[0].id
    assert referrals[1].opened_event_id == events[2].id
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_an_open_case_has_somebody_and_time_from_now_on(city, run, tmp_path, clock):
    run(legacy.write(tmp_path / "old"))
    case, _events, referrals = one(city, "98-3")
    assert case.is_open
    assert case.closed_at is None
    [referral] = referrals
    assert (referral.type, referral.closed_at, referral.to_unit_id) == (
        "action",
        None,
        unit_id(city, "lighting"),
    )
    assert case.deadline > clock.now()
    assert case.deadline_from == clock.now()


def test_one_person_has_one_account(city, run, tmp_path):
    run(legacy.write(tmp_path / "old"))
    first, last = one(city, "98-1")[0], one(city, "98-4")[0]
    assert first.citizen_id == last.citizen_id
    with city.work(write=False) as work:
        user = work.session.get(User, first.citizen_id)
        assert (user.mobile, user.name) == ("+989123456789", "مریم احمدی")


def test_nobody_is_told(city, run, tmp_path):
    run(legacy.write(tmp_path / "old"))
    assert number(city, OutboxMessage) == 0


def test_figures_and_search_equal_a_rebuild(city, run, tmp_path):
    run(legacy.write(tmp_path / "old"))
    assert wrong_counters(city) == []
    assert wrong_referrals(city) == []
    assert SearchIndex(city.engines).verify() == (0, 0)


def test_the_same_files_import_nothing_twice(city, run, tmp_path):
    files = legacy.write(tmp_path / "old")
    first, second = run(files), run(files)
    assert first.batch == second.batch
    assert second.counts["cases"] == {"present": 4}
    assert number(city, Case) == 4
    assert number(city, CaseEvent) == sum(len(one(city, row[0])[1]) for row in legacy.CASES)


def test_a_changed_line_is_reported_and_left_as_it_is(city, run, tmp_path):
    run(legacy.write(tmp_path / "old"))
    changed = [(*legacy.CASES[0][:5], "متن دیگر", *legacy.CASES[0][6:]), *legacy.CASES[1:]]
    later = [*legacy.HISTORY, ("98-3", "1398/04/01", "", "", "پیگیری شد", "")]
    summary = run(legacy.write(tmp_path / "new", changed, later))
    assert summary.counts["cases"] == {"present": 2, "changed": 2}
    assert [row[2] for row in problems(run)] == ["98-1", "98-3"]
    assert one(city, "98-1")[0].body == "سطل زباله‌ی سر کوچه پر است"


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8", ";"), ("cp1256", ","), ("utf-16", "\t"), ("utf-8-sig", "|")]
)
def test_encodings_and_delimiters_are_found_out(city, run, tmp_path, encoding, delimiter):
    old = [tuple(cell.replace("ی", "ي").replace("ک", "ك") for cell in row) for row in legacy.CASES]
    if encoding == "cp1256":
        old = [
            tuple(cell.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")) for cell in row) for row in old
        ]
    plain = str.maketrans("ی‌ک۰۱۲۳۴۵۶۷۸۹", "ي‌ك0123456789")
    headers = [head.translate(plain) for head in legacy.HEADERS]
    path = tmp_path / "requests.csv"
    path.write_text(legacy.text_of(headers, old, delimiter), encoding=encoding)
    assert run([path]).counts["cases"] == {"new": 4}
    assert one(city, "98-1")[0].body == "سطل زباله‌ی سر کوچه پر است"


def changed(place, text):
    """Return the first line with another text."""
    return [(*legacy.CASES[0][:place], text, *legacy.CASES[0][place + 1 :])]


@pytest.mark.parametrize(
    ("place", "text", "column", "value"),
    [
        (0, "", "شماره درخواست", ""),
        (2, "1398/13/01", "تاریخ ثبت + ساعت", "1398/13/01 08:15"),
        (2, "1498/01/01", "تاریخ ثبت + ساعت", "1498/01/01 08:15"),
        (4, "آسفالت", "موضوع", "آسفالت"),
        (7, "35.7", "عرض جغرافیایی, طول جغرافیایی", "35.7, 52.015"),
        (7, "شمال", "عرض جغرافیایی, طول جغرافیایی", "شمال, 52.015"),
        (10, "02133445566", "تلفن همراه", "…"),
        (11, "آتش‌نشانی", "واحد مسئول", "آتش‌نشانی"),
        (12, "نامشخص", "وضعیت", "نامشخص"),
        (13, "", "تاریخ خاتمه", ""),
        (13, "1397/01/01", "تاریخ خاتمه", "1397/01/01"),
    ],
)
def test_a_bad_line_is_reported_with_its_reason(city, run, tmp_path, place, text, column, value):
    summary = run(legacy.write(tmp_path / "old", [*changed(place, text), *legacy.CASES[1:]]))
    assert summary.counts["cases"] == {"rejected": 1, "new": 3}
    [problem] = problems(run)
    assert problem[:2] == ["requests.csv", "2"]
    assert problem[3:5] == ([column, value] if place else ["", ""])
    assert problem[6]
    assert "مریم" not in str(problem)


def test_an_open_case_that_nobody_would_work_on_is_refused_or_listed(city, run, tmp_path):
    row = (*legacy.CASES[2][:11], "روابط", *legacy.CASES[2][12:])
    mapping = legacy.MAPPING.replace('"پسماند" = "waste"', '"روابط" = "pr"\n"پسماند" = "waste"')
    files = legacy.write(tmp_path / "old", [row], [])
    assert run(files, mapping).counts["cases"] == {"rejected": 1}
    listed = mapping.replace('kind = "reports"', 'kind = "reports"\nunattended = "list"')
    assert run(files, listed).counts["cases"] == {"new": 1, "warning": 1}
    assert one(city, "98-3")[2][0].to_unit_id == unit_id(city, "pr")
