"""The administrators' pages of the calendar: hours, holidays, closures, deadlines that follow when asked."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.domain.accounts.models import User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases import recalculation
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.organization.models import Category, Closure, Holiday
from civicportal.domain.organization.services import OrganizationService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit

PAGE = "/admin/calendar"


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


@pytest.fixture
def promised(site):
    """The id of a case with a deadline of two office days."""
    with site.work() as work:
        make_unit(work, "pr")
        return make_case(work, category=make_category(work, "bin", deadline_days=2.0)).id


def form_of(page, action=""):
    return next(form for form in page.forms.values() if form.action == action)


def calendar_of(site):
    with site.work(write=False) as work:
        return work.get(OrganizationService).calendar


def deadline_of(site, case_id):
    with site.work(write=False) as work:
        return work.session.get(Case, case_id).deadline


def typed(site, day):
    return site.calendar.format_date(day, "short")


def next_workday(site):
    day = site.calendar.today(site.clock.now()) + timedelta(days=1)
    while not calendar_of(site).is_working_day(day):
        day += timedelta(days=1)
    return day


def test_a_year_is_shown_and_another_asked_for(site, app, boss):
    page = app.get(f"{PAGE}?year=1405", status=200)
    assert len(page.html.select(".month-x")) == 12
    assert page.html.select_one(".month-x td.holiday").text.strip().startswith("۱: ")
    assert len(page.html.select(".month-x")[0].select("tbody td.weekend, tbody td.holiday")) > 4
    assert "۱۴۰۶" in app.get(f"{PAGE}?year=1406").html.select_one("#year-h").text
    app.get(f"{PAGE}?year=99999", status=200)


def test_a_holiday_is_added_once_and_deleted(site, app, boss):
    day = next_workday(site)
    form = form_of(app.get(PAGE), f"{PAGE}/holidays")
    form["day"], form["title"] = typed(site, day), "روز شهر"
    form.submit(status=303)
    assert not calendar_of(site).is_working_day(day)
    assert "روز شهر" in form.submit(status=422)
    form_of(app.get(PAGE), f"{PAGE}/holidays/{day.isoformat()}/delete").submit(status=303)
    assert calendar_of(site).is_working_day(day)
    with site.work(write=False) as work:
        actions = work.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert [action for action in actions if action.startswith("calendar:")] == [
        "calendar:holiday_add",
        "calendar:holiday_delete",
    ]


def test_a_refused_holiday_keeps_what_was_typed(app, boss):
    form = form_of(app.get(PAGE), f"{PAGE}/holidays")
    form["day"], form["title"] = "1405/13/40", "روز شهر"
    answer = form_of(form.submit(status=422), f"{PAGE}/holidays")
    assert (answer["day"].value, answer["title"].value) == ("۱۴۰۵/۱۳/۴۰", "روز شهر")


def test_the_yearly_holidays_of_a_year_are_taken_over_once(site, app, boss):
    assert not calendar_of(site).is_working_day(date(2027, 3, 21))
    page = app.get(f"{PAGE}?year=1406")
    form_of(page, f"{PAGE}/holidays/yearly").submit(status=303)
    with site.work(write=False) as work:
        rows = dict(work.session.execute(select(Holiday.day, Holiday.name)).all())
    assert len(rows) == 10
    assert rows[date(2027, 3, 21)] == "نوروز"
    page = app.get(f"{PAGE}?year=1406")
    assert f"{PAGE}/holidays/yearly" not in page
    form_of(page, f"{PAGE}/holidays/2027-03-21/delete").submit(status=303)
    assert not calendar_of(site).is_working_day(date(2027, 3, 21))


def test_a_closure_takes_whole_days(site, app, boss):
    first = next_workday(site)
    form = form_of(app.get(PAGE), f"{PAGE}/closures")
    form["first_day"], form["last_day"] = typed(site, first), typed(site, first - timedelta(days=1))
    form["reason"] = "طوفان"
    form.submit(status=422)
    form["last_day"] = typed(site, first + timedelta(days=2))
    form.submit(status=303)
    calendar = calendar_of(site)
    assert not any(calendar.is_working_day(first + timedelta(days=n)) for n in range(3))
    with site.work(write=False) as work:
        ident = work.session.scalar(select(Closure.id))
    page = app.get(PAGE)
    assert len(page.html.select("td.closure")) == 3
    action = next(a for a in (f.action for f in page.forms.values()) if f"closures/{ident}/delete" in a)
    form_of(page, action).submit(status=303)
    assert calendar_of(site).is_working_day(first)


def test_office_hours_come_from_the_file_until_changed(site, app, boss):
    form = form_of(app.get(f"{PAGE}/hours", status=200))
    assert (form["opens"].value, form["closes"].value, form["half_day_ends"].value) == (
        "۰۷:۳۰",
        "۱۴:۳۰",
        "۱۳:۰۰",
    )
    form["opens"], form["closes"], form["half_day_ends"] = "۸:۰۰", "16:00", ""
    form.submit(status=303)
    calendar = calendar_of(site)
    assert calendar.full_day == timedelta(hours=8)
    assert calendar.half_day_end is None
    assert calendar.weekend == {4}
    assert calendar.half_days == {3}


@pytest.mark.parametrize(
    ("name", "value"), [("closes", "07:00"), ("half_day_ends", "15:00"), ("opens", "25:00"), ("opens", "")]
)
def test_hours_in_which_nothing_is_worked_are_refused(app, boss, name, value):
    form = form_of(app.get(f"{PAGE}/hours"))
    form[name] = value
    form.submit(status=422)


def test_a_week_without_a_working_day_is_refused(app, boss):
    form = form_of(app.get(f"{PAGE}/hours"))
    for box in form.fields["weekend"]:
        box.checked = True
    form.submit(status=422)


def test_two_administrators_do_not_overwrite_each_other(site, app, boss):
    first, second = (form_of(app.get(f"{PAGE}/hours")) for _ in range(2))
    first["opens"] = "08:00"
    first.submit(status=303)
    second["closes"] = "15:00"
    answer = second.submit(status=409)
    assert "08:00" in answer.html.select_one("#merge").text
    assert form_of(answer)["closes"].value == "۱۵:۰۰"


def test_deadlines_move_only_on_request(site, app, boss, promised):
    before = deadline_of(site, promised)
    form = form_of(app.get(PAGE), f"{PAGE}/holidays")
    form["day"], form["title"] = typed(site, next_workday(site)), "روز شهر"
    form.submit(status=303)
    assert deadline_of(site, promised) == before
    form_of(app.get(PAGE), f"{PAGE}/deadlines").submit(status=303)
    with site.work(write=False) as work:
        case = work.session.get(Case, promised)
        assert case.deadline == calendar_of(site).add_working_days(case.created_at, 2.0) > before
        event = work.session.scalar(select(CaseEvent).where(CaseEvent.type == "deadline"))
        assert event.data == {"before": before.isoformat(), "after": case.deadline.isoformat()}
        assert work.session.scalar(
            select(AuditEvent.data).where(AuditEvent.action == "calendar:deadlines")
        ) == {"cases": 1}
        code = case.code
    assert f"{PAGE}/deadlines" not in app.get(PAGE)
    assert "مهلت" in app.get(f"/kartable/cases/{code}").html.select_one(".tl").text
    assert recalculation.move_deadlines(site, Identity.SYSTEM) == recalculation.RecalculationResult(0, 0)


def test_of_many_cases_some_are_moved_at_a_time_the_newest_first(site, app, boss, promised, monkeypatch):
    monkeypatch.setattr(recalculation, "CHUNK", 1)
    monkeypatch.setattr(recalculation, "MOST", 2)
    before = deadline_of(site, promised)
    with site.work() as work:
        category = work.session.scalars(select(Category).where(Category.key == "bin")).one()
        for _newer in range(2):
            make_case(work, category=category)
        work.session.add(Holiday(day=next_workday(site), name="روز شهر"))
    page = form_of(app.get(PAGE), f"{PAGE}/deadlines").submit(status=303).follow()
    assert deadline_of(site, promised) == before
    assert "برای ادامه دوباره بزنید" in page.text
    rest = next(form for form in page.forms.values() if form.action.startswith(f"{PAGE}/deadlines?before="))
    rest.submit(status=303)
    assert deadline_of(site, promised) > before
    with site.work(write=False) as work:
        said = select(AuditEvent.data).where(AuditEvent.action == "calendar:deadlines")
        assert [data["cases"] for data in work.session.scalars(said)] == [1, 1, 1]


@pytest.fixture
def step(site, promised):
    """Take a step with the case: ``step("accept")``, or ``step("object", actor=citizen)``."""
    with site.work() as work:
        officer = identity(work, make_staff(work))
        citizen = identity(
            work, work.session.get(User, work.session.get(Case, promised).citizen_id), "citizen"
        )

    def step(name, *, by_citizen=False):
        with site.work(actor=citizen if by_citizen else officer) as work:
            return work.get(CaseService).apply(work.session.get(Case, promised), name)

    return step


def test_the_time_in_which_a_deadline_rested_is_kept(site, promised, clock, step):
    step("accept")
    step("pause")
    clock.advance(days=3)
    step("resume")
    with site.work() as work:
        rested = work.session.get(Case, promised).deadline
        assert recalculation.misplaced(work) == 0
        work.session.add(Holiday(day=next_workday(site), name="روز شهر"))
    assert recalculation.move_deadlines(site, Identity.SYSTEM).number == 1
    assert deadline_of(site, promised) > rested


def test_a_case_that_is_opened_again_gets_a_new_deadline(site, promised, clock, step):
    first = deadline_of(site, promised)
    step("accept")
    step("finish")
    clock.advance(days=5)
    step("object", by_citizen=True)
    with site.work(write=False) as work:
        case = work.session.get(Case, promised)
        again = calendar_of(site).add_working_days(clock.now(), 2.0)
        assert case.deadline == again > first
        assert case.deadline_from == clock.now()


def test_an_undone_step_puts_the_deadline_back_with_what_it_was_made_of(site, promised):
    with site.work() as work:
        officer = identity(work, make_staff(work))
    with site.work(actor=officer) as work:
        case = work.session.get(Case, promised)
        kept = (case.deadline, case.deadline_from, case.deadline_work)
        event = work.get(CaseService).apply(case, "accept")
        work.get(UndoService).undo(case, event.id)
        assert (case.deadline, case.deadline_from, case.deadline_work) == kept


def test_only_those_with_the_right_come_in(site, app, sign_in):
    with site.work() as work:
        clerk = make_staff(work, "clerk", permissions=["core:unit:manage"])
    sign_in(clerk)
    app.get(PAGE, status=403)
    app.get(f"{PAGE}/hours", status=403)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2027-02-30"])
def test_a_day_that_the_calendar_does_not_have_is_not_there(app, boss, day):
    token = app.get(PAGE).html.select_one("[name=csrf_token]")["value"]
    app.post(f"{PAGE}/holidays/{day}/delete", {"csrf_token": token}, status=404)
