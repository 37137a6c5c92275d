"""Public meeting days: quotas, the waiting list, cancelling; their pages."""

from datetime import date

import pytest
from civicportal_meetings.jobs import recall_members
from civicportal_meetings.models import DiarySlot, WaitingListEntry
from civicportal_meetings.services import PublicDayService
from sqlalchemy import func, select

from civicportal.api.cases import CaseService
from civicportal.api.kartable import KartableService
from civicportal.api.localization import localized_digits
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import NotFound, Refused, hookimpl
from civicportal.testing import UndoService, identity, make_citizen, make_staff, outbox

pytestmark = pytest.mark.both_databases

SUNDAY, MONDAY = date(2026, 5, 31), date(2026, 6, 1)


def count(office, model):
    with office.site.work(write=False) as work:
        return work.session.scalar(select(func.count()).select_from(model))


def wait(office, session, code):
    with office.site.work(actor=office.officer) as work:
        work.get(PublicDayService).wait(session, work.get(CaseService).fetch(code, lock=True))


def take_off(office, session, code):
    with office.site.work(actor=office.officer) as work:
        work.get(PublicDayService).take_off(session, work.get(CaseService).fetch(code, lock=True))


def waiting_list(office, session):
    with office.site.work(write=False) as work:
        service = work.get(PublicDayService)
        return [case.code for _row, case in service.waiting_list(service.find(session))]


@pytest.fixture
def codes(office):
    return [office.ask(by=citizen) for citizen in office.citizens]


class TestSeats:
    def test_public_and_office_seats_are_counted_apart(self, office, codes):
        session = office.plan(public_seats=1, office_seats=1)
        office.invite(codes[0], session)
        with pytest.raises(Refused):
            office.invite(codes[1], session)
        office.invite(codes[1], session, "office")
        with pytest.raises(Refused):
            office.invite(codes[2], session, "office")

    def test_members_have_the_time_of_the_session_and_do_not_clash_with_it(self, office, codes):
        session = office.plan(MONDAY, "09:00", "12:00", public_seats=2)
        for code in codes[:2]:
            office.invite(code, session, note="کارت ملی همراه باشد")
        current = office.current(codes[0])
        assert (current.start, current.end) == (
            office.moment(MONDAY, "09:00"),
            office.moment(MONDAY, "12:00"),
        )
        with office.site.work(write=False) as work:
            assert outbox(work, office.citizen.mobile)[-1].kind == "meetings.scheduled_note"

    @pytest.mark.parametrize("clock", ["08:45", "10:00", "11:55"])
    def test_a_time_of_its_own_within_a_session_is_refused(self, office, codes, clock):
        office.plan(MONDAY, "09:00", "12:00")
        with pytest.raises(Refused):
            office.schedule(codes[0], MONDAY, clock)

    def test_a_session_over_an_appointment_is_refused(self, office, codes):
        office.schedule(codes[0], MONDAY, "10:00")
        with pytest.raises(Refused):
            office.plan(MONDAY, "09:00", "12:00")
        assert count(office, DiarySlot) == 6

    def test_an_appointment_can_be_moved_into_a_session_and_out_again(self, office, codes):
        session = office.plan(MONDAY, "09:00", "12:00")
        office.schedule(codes[0], SUNDAY, "10:00")
        office.invite(codes[0], session)
        assert count(office, DiarySlot) == 36
        office.reschedule(codes[0], SUNDAY, "11:00")
        assert [one.ended_how for one in office.appointments(codes[0])] == ["", "reschedule", "invite"]
        office.invite(codes[1], session)

    def test_no_more_than_are_taken_can_be_taken_away(self, office, codes):
        session = office.plan(public_seats=2)
        for code in codes[:2]:
            office.invite(code, session)
        with office.site.work(actor=office.officer) as work, pytest.raises(Refused):
            work.get(PublicDayService).change_seats(session, public=1, office=0, waiting_list=0)
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).change_seats(session, public=3, office=0, waiting_list=0)
        office.invite(codes[2], session)

    def test_a_closed_time_has_no_seats_and_keeps_everybody_out(self, office, codes):
        closed = office.plan(MONDAY, "09:00", "12:00", public_seats=0, title="جلسهٔ شورای شهر")
        with pytest.raises(Refused):
            office.schedule(codes[0], MONDAY, "10:00")
        with pytest.raises(Refused):
            office.invite(codes[0], closed)


class TestWaitingList:
    def test_keeps_its_order_and_ends_with_a_seat(self, office, codes):
        session = office.plan(public_seats=1, reserve_seats=2)
        office.invite(codes[0], session)
        wait(office, session, codes[2])
        wait(office, session, codes[1])
        assert waiting_list(office, session) == [codes[2], codes[1]]
        office.step(codes[0], "decline_invitation", by=office.citizen)
        office.invite(codes[2], session)
        assert waiting_list(office, session) == [codes[1]]

    def test_takes_no_request_twice_and_no_closed_one(self, office, codes):
        session = office.plan(reserve_seats=5)
        wait(office, session, codes[0])
        with pytest.raises(Refused):
            wait(office, session, codes[0])
        office.step(codes[1], "decline", public_text="در حیطهٔ شهرداری نیست.")
        with pytest.raises(Refused):
            wait(office, session, codes[1])

    def test_a_request_is_taken_off_and_the_others_stay_in_order(self, office, codes):
        session = office.plan(reserve_seats=3)
        for code in codes:
            wait(office, session, code)
        take_off(office, session, codes[1])
        assert waiting_list(office, session) == [codes[0], codes[2]]
        with pytest.raises(Refused, match="does not stand"):
            take_off(office, session, codes[1])
        wait(office, session, codes[1])
        assert waiting_list(office, session) == [codes[0], codes[2], codes[1]]

    def test_no_request_is_taken_off_once_the_session_has_begun(self, office, codes, clock):
        session = office.plan(SUNDAY, reserve_seats=3)
        wait(office, session, codes[0])
        clock.advance(days=2)
        with pytest.raises(Refused, match="passed"):
            take_off(office, session, codes[0])
        assert waiting_list(office, session) == [codes[0]]

    def undo(self, office, code):
        with office.site.work(actor=office.officer) as work:
            service, case = work.get(UndoService), work.get(CaseService).fetch(code, lock=True)
            service.undo(case, service.last(case).id)

    @pytest.mark.parametrize("step", ["invite", "schedule", "decline"])
    def test_an_undo_restores_the_place(self, office, codes, step):
        session = office.plan(public_seats=1, reserve_seats=3)
        for code in codes:
            wait(office, session, code)
        if step == "invite":
            office.invite(codes[1], session)
        elif step == "schedule":
            office.schedule(codes[1], SUNDAY, "10:00")
        else:
            office.step(codes[1], "decline", public_text="در حیطهٔ شهرداری نیست.")
        assert waiting_list(office, session) == [codes[0], codes[2]]
        self.undo(office, codes[1])
        assert (office.case(codes[1]).status, office.current(codes[1])) == ("registered", None)
        assert waiting_list(office, session) == codes

    def test_an_undo_restores_no_place_of_a_cancelled_session(self, office, codes):
        session = office.plan(reserve_seats=3)
        wait(office, session, codes[0])
        office.schedule(codes[0], SUNDAY, "10:00")
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).cancel(session, "شهردار در سفر است.")
        self.undo(office, codes[0])
        assert (office.case(codes[0]).status, count(office, WaitingListEntry)) == ("registered", 0)

    @pytest.mark.parametrize(("step", "back"), [("invite", "recall"), ("decline", "reopen")])
    def test_a_request_that_comes_back_by_another_step_has_lost_its_place(self, office, codes, step, back):
        session = office.plan(public_seats=1, reserve_seats=3)
        wait(office, session, codes[0])
        if step == "invite":
            office.invite(codes[0], session)
        else:
            office.step(codes[0], "decline", public_text="در حیطهٔ شهرداری نیست.")
        office.step(codes[0], back, public_text="شهردار در سفر است.")
        assert (office.case(codes[0]).status, waiting_list(office, session)) == ("in_review", [])
        wait(office, session, codes[0])
        assert waiting_list(office, session) == [codes[0]]

    def test_a_withdrawn_request_leaves_it(self, office, codes):
        session = office.plan(reserve_seats=5)
        wait(office, session, codes[0])
        office.step(codes[0], "withdraw", by=office.citizen)
        assert waiting_list(office, session) == []


class TestCancelling:
    def test_everybody_is_told_and_goes_back_to_the_office(self, office, codes):
        session = office.plan(public_seats=2)
        for code in codes[:2]:
            office.invite(code, session)
        wait(office, session, codes[2])
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).cancel(session, "شهردار در سفر است.")
        assert (count(office, DiarySlot), count(office, WaitingListEntry)) == (0, 0)
        recall_members(office.site)
        for code in codes[:2]:
            assert office.case(code).status == "in_review"
            assert office.appointments(code)[0].why == "شهردار در سفر است."
        with office.site.work(write=False) as work:
            assert outbox(work, office.citizen.mobile)[-1].kind == "meetings.recalled"
            with pytest.raises(NotFound):
                work.get(PublicDayService).find(session)

    def test_a_member_who_cannot_be_taken_back_keeps_no_other(self, office, codes, caplog):
        session = office.plan(public_seats=2)
        for code in codes[:2]:
            office.invite(code, session)
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).cancel(session, "شهردار در سفر است.")

        class Listener:
            @hookimpl
            def case_changed(self, change):
                if change.case.code == codes[0]:
                    raise RuntimeError

        listener = Listener()
        office.site.hooks.register(listener, "listener")
        try:
            recall_members(office.site)
        finally:
            office.site.hooks.unregister(listener)
        assert [office.case(code).status for code in codes[:2]] == ["scheduled", "in_review"]
        assert "the next run tries again" in caplog.text
        recall_members(office.site)
        assert office.case(codes[0]).status == "in_review"

    def test_more_members_than_one_relay_takes(self, office):
        with office.site.work() as work:
            people = [
                identity(work, make_citizen(work, f"+98900000{n:04}"), "citizen") for n in range(100, 125)
            ]
        session = office.plan(public_seats=25)
        for person in people:
            office.invite(office.ask(by=person), session)
        with office.site.work(actor=office.officer) as work:
            work.get(PublicDayService).cancel(session, "شهردار در سفر است.")
        recall_members(office.site)
        with office.site.work(write=False) as work:
            assert work.get(PublicDayService).to_recall() == []


class TestPages:
    @pytest.fixture
    def desk(self, office, app, sign_in):
        sign_in(office.officer)
        return app

    def form(self, page, ending):
        return next(form for form in page.forms.values() if form.action.endswith(ending))

    def test_one_is_planned_seen_and_filled(self, office, desk, codes):
        page = desk.get("/desk/meetings/sessions/new")
        form = self.form(page, "")
        form = next(one for one in page.forms.values() if "public_seats" in one.fields)
        form["day"], form["first"], form["last"] = "۱۴۰۵/۰۳/۱۱", "۹:۰۰", "12:00"
        form["public_seats"] = "۱"
        page = form.submit(status=303).follow()
        assert "ملاقات عمومی با شهردار" in page.text
        session = int(page.request.path.rsplit("/", 1)[1])
        office.invite(codes[0], session)
        page = desk.get(f"/desk/meetings/sessions/{session}")
        form = self.form(page, "/reserve")
        form["case"] = codes[1]
        page = form.submit(status=303).follow()
        assert "/invite" in page.text, "a seat of the office is free"

    def test_a_clash_is_said_with_what_was_typed(self, office, desk, codes):
        office.schedule(codes[0], MONDAY, "10:00")
        page = desk.get("/desk/meetings/sessions/new?closed=1")
        form = next(one for one in page.forms.values() if "public_seats" in one.fields)
        form["title"] = "جلسهٔ شورای شهر"
        form["day"], form["first"], form["last"] = "1405/03/11", "09:00", "12:00"
        page = form.submit(status=422)
        form = next(one for one in page.forms.values() if "public_seats" in one.fields)
        assert form["title"].value == "جلسهٔ شورای شهر"
        form["last"] = "08:00"
        form.submit(status=422)

    def test_the_first_of_the_waiting_list_gets_a_free_seat_at_one_press(self, office, desk, codes):
        session = office.plan(public_seats=1, reserve_seats=2)
        office.invite(codes[0], session)
        wait(office, session, codes[1])
        wait(office, session, codes[2])
        address = f"/desk/meetings/sessions/{session}"
        assert "/invite" not in desk.get(address).text
        office.step(codes[0], "decline_invitation", by=office.citizen)
        page = desk.get(address)
        form = self.form(page, f"{codes[1]}/invite")
        form.submit(status=303)
        assert office.case(codes[1]).status == "scheduled"
        assert "/invite" not in desk.get(address).text

    def test_a_request_is_taken_off_the_waiting_list_at_one_press(self, office, desk, codes):
        session = office.plan(reserve_seats=3)
        for code in codes:
            wait(office, session, code)
        page = desk.get(f"/desk/meetings/sessions/{session}")
        row = next(
            form for form in page.forms.values() if "case" in form.fields and form["case"].value == codes[1]
        )
        assert "برداشتن از فهرست ذخیره" in row.text
        answer = row.submit(status=303)
        assert answer.location.endswith(f"/desk/meetings/sessions/{session}#reserve-title")
        assert "از فهرست ذخیره برداشته شد" in answer.follow().text
        assert waiting_list(office, session) == [codes[0], codes[2]]
        assert "در این فهرست ذخیره نیست" in row.submit(status=303).follow().text, "another tab was first"
        row["case"].force_value("0")
        row.submit(status=404)

    def test_no_request_outside_the_scope_is_taken_off(self, office, app, sign_in, codes):
        session = office.plan(reserve_seats=3)
        wait(office, session, codes[0])
        with office.site.work() as work:
            planner = make_staff(
                work,
                "planner",
                permissions=["meetings:case:view", "meetings:session:manage"],
                unit=work.get(OrganizationService).unit("civil"),
                username="planner",
            )
        sign_in(planner)
        page = app.get(f"/desk/meetings/sessions/{session}")
        form = self.form(page, "/reserve")
        sent = {"csrf_token": form["csrf_token"].value, "case": codes[0]}
        app.post(f"/desk/meetings/sessions/{session}/reserve/remove", sent, status=404)
        assert waiting_list(office, session) == [codes[0]]

    def test_requests_about_the_same_subject_differ_by_their_codes(self, office, desk, codes):
        session = office.plan(reserve_seats=3)
        form = self.form(desk.get(f"/desk/meetings/sessions/{session}"), "/reserve")
        labels = {value: label for value, _chosen, label in form["case"].options}
        for code in codes:
            assert labels[code].endswith(localized_digits(code, "fa"))

    def test_cancelling_asks_for_a_reason(self, office, desk, codes):
        session = office.plan(public_seats=1)
        office.invite(codes[0], session)
        page = desk.get(f"/desk/meetings/sessions/{session}")
        form = self.form(page, "/cancel")
        form.submit(status=422)
        form["public_text"] = "شهردار در سفر است."
        form.submit(status=303)
        assert office.case(codes[0]).status == "in_review"
        desk.get(f"/desk/meetings/sessions/{session}", status=404)

    def test_a_closed_time_is_opened_again_at_one_press_without_a_reason(self, office, desk, codes):
        closed = office.plan(MONDAY, "09:00", "12:00", public_seats=0, reserve_seats=0)
        page = desk.get(f"/desk/meetings/sessions/{closed}")
        form = self.form(page, "/cancel")
        assert "public_text" not in form.fields
        assert page.text.count("باز کردن این وقت") == 1
        assert "دعوت‌شدگان" not in page.text
        answer = form.submit(status=303).follow()
        assert "این وقت باز شد" in answer.text
        desk.get(f"/desk/meetings/sessions/{closed}", status=404)
        form.submit(status=404)
        office.schedule(codes[0], MONDAY, "10:00")

    def test_a_closed_time_that_has_begun_is_not_opened_again(self, office, app, sign_in, clock):
        closed = office.plan(SUNDAY, "09:00", "12:00", public_seats=0, reserve_seats=0)
        clock.advance(seconds=(office.moment(SUNDAY, "08:59") - clock.now()).total_seconds())
        sign_in(office.officer)
        form = self.form(app.get(f"/desk/meetings/sessions/{closed}"), "/cancel")
        clock.advance(minutes=1)
        assert "این زمان گذشته است" in form.submit(status=422).text

    def test_a_day_that_has_begun_is_not_cancelled_or_changed(self, office, app, sign_in, codes, clock):
        session = office.plan(SUNDAY, "09:00", public_seats=2)
        office.invite(codes[0], session)
        clock.advance(seconds=(office.moment(SUNDAY, "08:59") - clock.now()).total_seconds())
        sign_in(office.officer)
        page = app.get(f"/desk/meetings/sessions/{session}")
        clock.advance(minutes=1)
        for ending, field, value in (
            ("/cancel", "public_text", "شهردار در سفر است."),
            ("/seats", "public_seats", "9"),
            ("/reserve", "case", codes[1]),
        ):
            form = self.form(page, ending)
            form[field] = value
            assert "این زمان گذشته است" in form.submit(status=422).text
        assert office.case(codes[0]).status == "scheduled"

    def test_cancelling_tells_those_too_whose_request_lies_in_another_unit(self, office, desk, codes):
        session = office.plan(public_seats=2)
        for code in codes[:2]:
            office.invite(code, session)
        with office.site.work(actor=office.officer) as work:
            elsewhere = work.get(OrganizationService).unit("civil")
            case = work.get(CaseService).fetch(codes[0], lock=True)
            work.get(KartableService).refer(case, elsewhere.id, unattended=True)
        form = self.form(desk.get(f"/desk/meetings/sessions/{session}"), "/cancel")
        form["public_text"] = "شهردار در سفر است."
        form.submit(status=303)
        assert [office.case(code).status for code in codes[:2]] == ["in_review", "in_review"]
        with office.site.work(write=False) as work:
            realms = [work.get(CaseService).last_event(office.case(code)).realm for code in codes[:2]]
        assert realms == ["system", "staff"], "the officer acts on what is theirs to act on"

    def test_who_only_looks_changes_nothing(self, office, app, sign_in):
        session = office.plan()
        sign_in(office.handler)
        page = app.get(f"/desk/meetings/sessions/{session}")
        assert "/cancel" not in page.text
        assert not [form for form in page.forms.values() if form.action.endswith("/seats")]
