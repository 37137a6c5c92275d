"""Orders of the mayor: cases in a unit's kartable with a deadline, linked with their meeting, told to its citizen."""

from datetime import date

import pytest
from civicportal_meetings.services import NewOrder, OrderService
from civicportal_meetings.workflow import MEETING_WORKFLOW, ORDER_WORKFLOW
from sqlalchemy import select

from civicportal.api.cases import AccessService, Case, CaseLink, CaseService
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Forbidden, Refused
from civicportal.testing import UndoService, outbox

SUNDAY = date(2026, 5, 31)
WORDS = "معاونت فنی ظرف ده روز جدول‌گذاری کوچهٔ نارون را انجام دهد."


@pytest.fixture
def meeting(office, clock):
    code = office.ask()
    office.schedule(code, SUNDAY, "10:00")
    clock.advance(hours=24)
    office.step(code, "hold", public_text="دستور لازم داده شد.")
    return code


def give(office, meeting, *, by=None, days=10):
    with office.site.work(actor=by or office.officer) as work:
        unit = work.get(OrganizationService).unit("civil")
        new = NewOrder(text=WORDS, unit=unit, days=days)
        return work.get(OrderService).give(work.get(CaseService).fetch(meeting), new).code


def step(office, order, name, words):
    with office.site.work(actor=office.handler) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch(order, "work", lock=True), name, public_text=words)


def close(office, order, words="جدول‌گذاری انجام شد."):
    step(office, order, "finish", words)


def share(office, order):
    with office.site.work(actor=office.officer) as work:
        work.get(OrderService).share(work.get(CaseService).fetch(order, lock=True))


def is_told(office, order):
    with office.site.work(write=False) as work:
        return work.get(OrderService).is_told(office.case(order))


class TestGiving:
    def test_lies_with_its_unit_until_its_deadline(self, office, meeting):
        order = office.case(give(office, meeting))
        assert (order.kind, order.status, order.citizen_id) == ("orders", "registered", None)
        with office.site.work(write=False) as work:
            organization = work.get(OrganizationService)
            assert organization.units.by_id[order.unit_id].key == "civil"
            line = work.get(AccessService).action_referral(order)
            assert organization.units.by_id[line.from_unit_id].key == "mayor"
            assert order.deadline == organization.calendar.add_working_days(order.created_at, 10)

    def test_is_linked_with_its_meeting(self, office, meeting):
        order = office.case(give(office, meeting))
        with office.site.work(write=False) as work:
            link = work.session.scalars(select(CaseLink)).one()
        assert (link.from_id, link.to_id, link.type) == (office.case(meeting).id, order.id, "follow_up")

    def test_sends_no_sms(self, office, meeting):
        before = self.told(office)
        give(office, meeting)
        assert self.told(office) == before

    def told(self, office):
        with office.site.work(write=False) as work:
            return len(outbox(work))

    def test_needs_a_meeting_that_was_held(self, office):
        code = office.ask()
        with pytest.raises(Refused):
            give(office, code)

    def test_needs_the_right(self, office, meeting):
        with office.site.work() as work:
            from civicportal.testing import identity, make_staff

            clerk = identity(
                work, make_staff(work, "clerk", permissions=["meetings:case:view", "meetings:case:work"])
            )
        with pytest.raises(Forbidden):
            give(office, meeting, by=clerk)


class TestSharing:
    def test_the_citizen_reads_how_it_ended(self, office, meeting):
        order = give(office, meeting)
        close(office, order)
        share(office, order)
        with office.site.work(write=False) as work:
            events = work.get(CaseService).events(office.case(meeting), public=True)
            assert events[0].public_text == "جدول‌گذاری انجام شد."
            assert outbox(work, office.citizen.mobile)[-1].kind == "meetings.answered"

    def test_not_while_it_is_open_and_not_twice(self, office, meeting):
        order = give(office, meeting)
        with pytest.raises(Refused):
            share(office, order)
        close(office, order)
        share(office, order)
        with pytest.raises(Refused):
            share(office, order)

    def test_another_end_after_it_was_opened_again_is_told_too(self, office, meeting, clock):
        order = give(office, meeting)
        close(office, order)
        share(office, order)
        clock.advance(hours=1)
        step(office, order, "reopen", "تنها نیمی از کوچه جدول‌گذاری شده است.")
        assert not is_told(office, order)
        close(office, order, "نیمهٔ دیگر هم جدول‌گذاری شد.")
        share(office, order)
        with office.site.work(write=False) as work:
            events = work.get(CaseService).events(office.case(meeting), public=True)
        assert [event.public_text for event in events[:2]] == [
            "نیمهٔ دیگر هم جدول‌گذاری شد.",
            "جدول‌گذاری انجام شد.",
        ]

    def test_opened_again_by_mistake_it_has_ended_as_before(self, office, meeting, clock):
        order = give(office, meeting)
        close(office, order)
        clock.advance(hours=1)
        step(office, order, "reopen", "بازگشایی نابه‌جا")
        with office.site.work(actor=office.handler) as work:
            case = work.get(CaseService).fetch(order, lock=True)
            service = work.get(UndoService)
            service.undo(case, service.last(case).id)
        share(office, order)
        assert is_told(office, order)
        with office.site.work(write=False) as work:
            events = work.get(CaseService).events(office.case(meeting), public=True)
        assert events[0].public_text == "جدول‌گذاری انجام شد."


class TestPages:
    def test_is_written_down_on_the_page_of_the_meeting(self, office, app, sign_in, meeting):
        sign_in(office.officer)
        page = app.get(f"/kartable/cases/{meeting}")
        page = app.get(page.html.select_one("a[href$='/order']")["href"])
        form = next(one for one in page.forms.values() if "unit" in one.fields)
        form.submit(status=422)
        form["text"], form["unit"], form["days"] = WORDS, "civil", "۷"
        form.submit(status=303)
        page = app.get(f"/kartable/cases/{meeting}")
        with office.site.work(write=False) as work:
            order = work.session.scalars(select(Case).where(Case.kind == "orders")).one()
        assert page.html.select_one(f"a[href='/kartable/cases/{order.code}']") is not None
        page = app.get(f"/kartable/cases/{order.code}")
        assert page.html.select_one(f"a[href='/kartable/cases/{meeting}']") is not None
        close(office, order.code)
        page = app.get(f"/kartable/cases/{meeting}")
        form = next(one for one in page.forms.values() if one.action.endswith("/share"))
        form.submit(status=303)
        assert "/share" not in app.get(f"/kartable/cases/{meeting}").text

    def test_the_same_form_sent_twice_gives_one(self, office, app, sign_in, meeting):
        sign_in(office.officer)
        page = app.get(f"/desk/meetings/requests/{meeting}/order")
        form = next(one for one in page.forms.values() if "unit" in one.fields)
        form["text"], form["unit"] = WORDS, "civil"
        for _press in range(2):
            form.submit(status=303)
        with office.site.work(write=False) as work:
            assert len(work.session.scalars(select(Case).where(Case.kind == "orders")).all()) == 1

    def test_says_who_wrote_it_and_where_it_came_from(self, office, app, sign_in, meeting):
        order = give(office, meeting)
        sign_in(office.officer)
        page = app.get(f"/kartable/cases/{order}")
        assert "محمد کریمی" in page.html.select_one("section[aria-labelledby=words-title]").text
        assert "شهروند" not in page.html.select_one("#words-title").text
        titles = [
            app.get(f"/kartable/cases/{code}")
            .html.select_one("section[aria-labelledby=links-title] .muted")
            .text
            for code in (order, meeting)
        ]
        assert "پروندهٔ خاستگاه" in titles[0]
        assert "پروندهٔ پیرو" in titles[1]

    def test_a_handler_works_on_it_in_the_kartable(self, office, app, sign_in, meeting):
        order = give(office, meeting)
        sign_in(office.handler)
        assert order in app.get("/kartable").text
        page = app.get(f"/kartable/cases/{order}/finish")
        form = next(one for one in page.forms.values() if one.action.endswith("/finish"))
        form["public_text"] = "جدول‌گذاری انجام شد."
        form.submit("then", value="stay", status=303)
        assert office.case(order).status == "done"
        app.post(f"/desk/meetings/orders/{order}/share", status=(400, 403))


def test_setting_the_time_and_recording_the_result_are_the_likely_steps():
    likely = [
        {state.name: state.likely for state in workflow.states if state.likely}
        for workflow in (MEETING_WORKFLOW, ORDER_WORKFLOW)
    ]
    assert likely == [{"in_review": "schedule", "scheduled": "hold"}, {"in_progress": "finish"}]
