"""Requests for meetings with the mayor of an earlier system."""

import csv

import pytest
from civicportal_meetings.models import Appointment, DiarySlot, MeetingRequest
from civicportal_meetings.services import Applicant, AppointmentService, MeetingService, NewMeeting
from sqlalchemy import func, select

from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Case, CaseReference
from civicportal.domain.cases.services import CaseService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.statistics.repair import wrong_counters
from civicportal.portal.importing import import_files, undo_batch
from civicportal.portal.importing.batches import read_mapping, suggest_mapping
from civicportal.portal.importing.report import open_report
from civicportal.testing import identity, make_citizen, make_staff, make_unit
from civicportal.util.errors import Refused

pytestmark = pytest.mark.both_databases

HEADERS = (
    "شماره درخواست", "تاریخ ثبت", "وضعیت", "تاریخ خاتمه", "عنوان", "شرح درخواست", "نام متقاضی", "تلفن همراه",
    "کد ملی", "سازمان", "همراهان", "زمان ملاقات", "پایان ملاقات", "محل ملاقات", "پاسخ",
)  # fmt: skip
HELD = (
    "90", "1403/02/03", "برگزار شد", "1403/02/10", "جوانان", "دربارهٔ سالن", "مریم احمدی", "09123456789",
    "0499370899", "شرکت نور", "رضا، سارا", "1403/02/10 10:00", "1403/02/10 10:20", "دفتر", "قول داده شد",
)  # fmt: skip
#: The clock stands at 1405/03/09.
SOON = (
    "91", "1405/03/01", "زمان دارد", "", "پارک", "دربارهٔ پارک", "علی رضایی", "09123456780", "", "", "",
    "1405/03/17 11:00", "", "دفتر شهردار", "",
)  # fmt: skip
WAITS = ("92", "1405/03/02", "در بررسی", "", "کوچه", "کوچهٔ ما", "علی رضایی", "09123456780", *[""] * 7)
ABSENT = (
    "93",
    "1404/02/03",
    "نیامد",
    "1404/02/09",
    "آب",
    "دربارهٔ آب",
    *[""] * 5,
    "1404/02/09 9:00",
    "",
    "",
    "",
)
STATES = {"برگزار شد": "held", "زمان دارد": "scheduled", "در بررسی": "in_review", "نیامد": "absent"}
HISTORY = (
    ("90", "1403/02/05", "زمان دارد"),
    ("90", "1403/02/10 11:00", "برگزار شد"),
)


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["meetings"], "fallback_unit": "mayor", "locale": "en"}}


@pytest.fixture
def office(site):
    with site.work() as work:
        unit = make_unit(work, "mayor")
        make_staff(work, "handler", unit=unit, permissions=["meetings:case:view", "meetings:case:work"])
    return site


@pytest.fixture
def mapping(office, tmp_path):
    """The suggested mapping, completed by a person."""
    path = tmp_path / "requests.csv"
    write(path, HEADERS, [(*row[:2], state, *row[3:]) for row, state in zip([HELD] * 4, STATES, strict=True)])
    text = suggest_mapping(office, path, "meetings", most=40)
    for name, state in STATES.items():
        assert f'"{name}" = ""' in text
        text = text.replace(f'"{name}" = ""', f'"{name}" = "{state}"')
    return text + (
        '\n[history]\nfiles = ["history.csv"]\n[history.columns]\ncase = "شماره درخواست"\ndate = "تاریخ"\n'
        'status = "وضعیت"\n'
    )


def write(path, headers, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headers, *rows])
    return path


@pytest.fixture
def run(office, mapping, tmp_path):
    """Import rows: ``run([HELD])``; returns the summary."""

    def run(rows, *, apply=True):
        files = [
            write(tmp_path / "requests.csv", HEADERS, rows),
            write(tmp_path / "history.csv", ("شماره درخواست", "تاریخ", "وضعیت"), HISTORY),
        ]
        with open_report(office, tmp_path / "report.csv") as report:
            return import_files(
                office,
                read_mapping(office, mapping),
                files,
                report,
                apply=apply,
                progress=lambda _n, _d: None,
            )

    return run


def found(work, number):
    query = select(Case).join(CaseReference, CaseReference.case_id == Case.id)
    return work.session.scalars(query.where(CaseReference.code == number)).one()


def rows_of(work, model):
    return work.session.scalar(select(func.count()).select_from(model))


def test_requests_come_with_their_times_and_what_became_of_them(office, run):
    assert run([HELD, SOON, WAITS, ABSENT], apply=False).counts["cases"] == {"new": 4}
    assert run([HELD, SOON, WAITS, ABSENT]).counts["cases"] == {"new": 4}
    calendar = office.calendar
    with office.work() as work:
        held, soon, waits, absent = (found(work, number) for number in ("90", "91", "92", "93"))
        detail = work.get(MeetingService).request(held)
        assert (detail.party, detail.name, detail.organization) == ("legal", "مریم احمدی", "شرکت نور")
        assert detail.companions == ["رضا", "سارا"]
        assert office.keys.decrypt(detail.national_code) == "0499370899"
        assert detail.open_of is None
        times = work.get(AppointmentService)
        last = times.current(held)
        local = [f"{calendar.local(moment):%H:%M}" for moment in (last.start, last.end)]
        assert local == ["10:00", "10:20"]
        assert (last.ended_how, last.why, last.place) == ("hold", "قول داده شد", "دفتر")
        assert calendar.today(last.made_at) == calendar.parse_date("1403/02/05")
        # An open one is in the diary, for the usual length.
        standing = times.current(soon)
        assert standing.ended_at is None
        slots = work.session.scalars(select(DiarySlot.at).order_by(DiarySlot.at)).all()
        assert slots[0] == standing.start
        assert len(slots) == 6
        # The earlier system allowed two open requests: the first one counts.
        assert work.get(MeetingService).request(soon).open_of == soon.citizen_id
        assert work.get(MeetingService).request(waits).open_of is None
        assert times.current(waits) is None
        assert times.current(absent).ended_how == "miss"
        assert rows_of(work, OutboxMessage) == 0
    assert not wrong_counters(office)
    assert run([HELD, SOON, WAITS, ABSENT]).counts["cases"] == {"present": 4}


def test_an_imported_request_goes_on_like_any_other(office, run):
    run([SOON])
    with office.work() as work:
        citizen = identity(work, work.session.get_one(User, found(work, "91").citizen_id), "citizen")
    with office.work(actor=citizen) as work, pytest.raises(Refused, match="open request already"):
        new = NewMeeting(subject="x", reason="y" * 30, applicant=Applicant(name="علی"))
        work.get(MeetingService).submit(new)
    with office.work(actor=citizen) as work:
        work.get(CaseService).apply_form(found(work, "91"), "confirm", {})
    with office.work(actor=citizen) as work:
        assert work.get(AppointmentService).current(found(work, "91")).response == "confirmed"
        work.get(CaseService).apply_form(found(work, "91"), "withdraw", {"public_text": ""})
    with office.work(write=False) as work:
        assert work.get(AppointmentService).current(found(work, "91")).ended_how == "withdraw"
        assert rows_of(work, DiarySlot) == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({8: "0499370898"}, "This is not a valid national code."),
        ({2: "زمان دارد", 3: "", 11: ""}, "A request with a time needs the time of its meeting."),
        ({11: "1403/02/32"}, "This is no date."),
        (
            {12: "1403/02/09 10:00"},
            "The end of the meeting is not after its beginning, or not on the same day.",
        ),
        (
            {12: "1403/02/12 10:00"},
            "The end of the meeting is not after its beginning, or not on the same day.",
        ),
    ],
)
def test_bad_lines_are_named_without_data_of_people(office, run, tmp_path, changed, said):
    row = list(HELD)
    for place, text in changed.items():
        row[place] = text
    summary = run([row])
    assert summary.counts["cases"] == {"rejected": 1}
    assert summary.reasons == {said: 1}
    text = (tmp_path / "report.csv").read_text("utf-8-sig")
    assert not [one for one in ("0499370898", "0499370899", "شرکت نور", "رضا", "مریم") if one in text]


def test_a_time_is_given_once(office, run):
    """Within a file, and against the diary."""
    other = ("94", *SOON[1:7], "09123456781", *SOON[8:])
    assert run([SOON, other]).counts["cases"] == {"new": 1, "rejected": 1}
    summary = run([SOON, other])
    assert summary.counts["cases"] == {"present": 1, "rejected": 1}
    assert summary.reasons == {"The mayor has another appointment at this time.": 1}


def test_taking_back_frees_the_diary(office, run):
    summary = run([HELD, SOON, WAITS, ABSENT])
    result = undo_batch(office, summary.batch, lambda _done: None)
    assert (result.cases, result.people, result.kept) == (4, 2, [])
    with office.work(write=False) as work:
        assert [rows_of(work, one) for one in (Case, MeetingRequest, Appointment, DiarySlot)] == [0, 0, 0, 0]
    assert run([SOON]).counts["cases"] == {"new": 1}


def test_a_citizen_who_has_an_open_request_here_keeps_it(office, run):
    with office.work() as work:
        citizen = identity(work, make_citizen(work, mobile="+989123456780"), "citizen")
    with office.work(actor=citizen) as work:
        own = (
            work.get(MeetingService)
            .submit(NewMeeting(subject="x", reason="y" * 30, applicant=Applicant(name="علی")))
            .code
        )
    assert run([SOON]).counts["cases"] == {"new": 1}
    with office.work(actor=citizen) as work:
        assert work.get(MeetingService).open_request().code == own
