"""Inquiries are listed for the holder of the case, withdrawn, and handed on with the work of an officer."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.access.rights import in_kartable
from civicportal.domain.cases.errors import StaleVersion
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.inbox import InboxQuery, InboxService
from civicportal.domain.kartable.inquiries import InquiryService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.kartable.undo import UndoService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit, outbox
from civicportal.util.errors import Forbidden, NotFound

pytestmark = pytest.mark.both_databases

RIGHTS = [LEAD, *(f"petitions:case:{verb}" for verb in ("view", "work", "refer", "comment"))]


@pytest.fixture
def city(site):
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        code = make_case(work, category=make_category(work, unit=waste)).code
        places = {"officer": waste, "colleague": waste, "far": light, "other": light}
        people = {name: make_staff(work, "officer", unit=unit) for name, unit in places.items()}
        people["head"] = make_staff(work, "head", unit=light, permissions=RIGHTS)
        identities = {name: identity(work, user) for name, user in people.items()}
        return SimpleNamespace(code=code, light=light.id, users=people, **identities)


def act(site, city, actor, what):
    with site.work(actor=actor) as work:
        return what(work, work.get(CaseService).fetch(city.code, lock=True))


def ask(site, city, user=None, note="نظر شما چیست؟"):
    to = user.user_id if user else None
    act(
        site,
        city,
        city.officer,
        lambda work, case: work.get(KartableService).inquire(case, city.light, user_id=to, note=note),
    )
    with site.work(write=False) as work:
        return work.session.scalars(
            select(Referral.id).where(Referral.type == "inquiry").order_by(Referral.id.desc())
        ).first()


def answer(site, city, inquiry=None, text="بله"):
    act(
        site,
        city,
        city.far,
        lambda work, case: work.get(KartableService).answer(case, text, inquiry_id=inquiry),
    )


def waiting(site, actor):
    with site.work(actor=actor, write=False) as work:
        inbox = work.get(InboxService)
        number = inbox.counts(InboxQuery()).views["asked"].number
        assert number == len(inbox.page("asked", InboxQuery()).rows)
        return number


def kartable(site, actor):
    with site.work(actor=actor, write=False) as work:
        return work.session.scalars(select(Referral.type).where(in_kartable(actor))).all()


def withdraw(site, city, actor, inquiry, **more):
    return act(site, city, actor, lambda work, case: work.get(InquiryService).withdraw(case, inquiry, **more))


def test_open_inquiries_are_listed_with_the_case(site, city, clock):
    first = ask(site, city)
    clock.advance(hours=1)
    second = ask(site, city, city.far, note="چه وقت؟")
    assert (waiting(site, city.officer), waiting(site, city.far)) == (1, 0)
    with site.work(actor=city.officer, write=False) as work:
        service = work.get(InquiryService)
        found = service.waiting(work.get(CaseService).fetch(city.code))
        assert [(one.unit, one.person, one.is_read) for one in found] == [
            ("واحد lighting", "", False),
            ("واحد lighting", city.far.name, False),
        ]
        assert (found[0].id, found[0].note) == (first, "نظر شما چیست؟")
        assert found[1].since > found[0].since
    with pytest.raises(ReferralError, match="Several inquiries wait"):
        answer(site, city)
    answer(site, city, second)
    assert waiting(site, city.officer) == 1, "the other one is open"
    with pytest.raises(ReferralError, match="no inquiry to answer"):
        answer(site, city, second)
    answer(site, city)
    assert waiting(site, city.officer) == 0
    with site.work(write=False) as work:
        answers = work.session.execute(select(Referral.id, Referral.answer).where(Referral.type == "inquiry"))
        assert dict(answers.all()) == {first: "بله", second: "بله"}


@pytest.mark.parametrize("note", ["", " \n"])
def test_an_inquiry_has_a_question(site, city, note):
    with pytest.raises(ReferralError, match="Write what you ask"):
        ask(site, city, note=note)


def test_a_withdrawn_inquiry_leaves_the_kartable_and_the_history_says_so(site, city):
    inquiry = ask(site, city)
    assert kartable(site, city.far) == ["inquiry"]
    with site.work(write=False) as work:
        messages = len(outbox(work))
    withdraw(site, city, city.officer, inquiry)
    assert kartable(site, city.far) == []
    assert waiting(site, city.officer) == 0
    with site.work(actor=city.far, write=False) as work:
        case = work.get(CaseService).fetch(city.code)
        entry = work.get(StaffHistory).of(case)[0]
        assert (entry.event.type, entry.event.public) == ("withdrawn", False)
        assert entry.title.mapping["to"] == "واحد lighting"
        assert len(outbox(work)) == messages
    with pytest.raises(ReferralError):
        withdraw(site, city, city.officer, inquiry)
    act(site, city, city.officer, lambda work, case: work.get(CaseService).apply(case, "reject"))


def test_who_may_withdraw_an_inquiry(site, city):
    inquiry = ask(site, city)
    with pytest.raises(Forbidden):
        withdraw(site, city, city.far, inquiry)
    with pytest.raises(StaleVersion):
        withdraw(site, city, city.officer, inquiry, version=99)
    act(site, city, city.colleague, lambda work, case: work.get(KartableService).take(case))
    with pytest.raises((Forbidden, NotFound)):
        withdraw(site, city, city.officer, inquiry)
    withdraw(site, city, city.colleague, inquiry)


def test_the_list_follows_the_case(site, city):
    ask(site, city)
    act(
        site,
        city,
        city.officer,
        lambda work, case: work.get(AssignmentService).assign(case, city.colleague.user_id),
    )
    assert (waiting(site, city.officer), waiting(site, city.colleague)) == (0, 1)
    referred = act(
        site, city, city.colleague, lambda work, case: work.get(KartableService).refer(case, city.light)
    )
    assert (waiting(site, city.colleague), waiting(site, city.far)) == (0, 1)
    act(site, city, city.colleague, lambda work, case: work.get(UndoService).undo(case, referred.id))
    assert (waiting(site, city.colleague), waiting(site, city.far)) == (1, 0)


def test_the_head_hands_on_what_an_officer_was_asked(site, city):
    ask(site, city, city.far)
    act(
        site,
        city,
        city.officer,
        lambda work, case: work.get(KartableService).copy(case, city.light, user_id=city.far.user_id),
    )

    def hand_on(actor, to):
        return act(
            site,
            city,
            actor,
            lambda work, case: work.get(AssignmentService).hand_on_asked(case, city.far.user_id, to),
        )

    for actor in (city.other, city.officer):
        with pytest.raises((Forbidden, NotFound)):
            hand_on(actor, city.other.user_id)
    with pytest.raises(ReferralError):
        hand_on(city.head, city.officer.user_id)
    hand_on(city.head, city.other.user_id)
    assert (kartable(site, city.far), sorted(kartable(site, city.other))) == ([], ["copy", "inquiry"])
    with pytest.raises(ReferralError):
        hand_on(city.head, city.other.user_id)
    act(site, city, city.other, lambda work, case: work.get(KartableService).answer(case, "بله"))
    with site.work(write=False) as work:
        [answer] = work.session.scalars(select(CaseEvent).where(CaseEvent.type == "answered"))
        assert answer.actor_id == city.other.user_id


def test_the_asker_withdraws_on_the_page_of_the_case(site, app, sign_in, city):
    inquiry = ask(site, city)
    sign_in(city.users["officer"])
    path = f"/kartable/cases/{city.code}"
    listed = app.get("/kartable", {"view": "asked"})
    assert path in listed
    assert "واحد lighting" in listed.html.select_one("tr[data-row] [data-inquiry]").text
    assert "view=asked" in listed
    shown = app.get(path)
    assert "واحد lighting" in shown.html.select_one("#inquiries-title").parent.text
    form = next(form for form in shown.forms.values() if form.action.endswith("/withdraw-inquiry"))
    assert form["inquiry"].value == str(inquiry)
    gone = form.submit(status=303).follow()
    assert "پس گرفته شد" in gone
    assert not gone.html.select("#inquiries-title")
    assert "view=asked" not in app.get("/kartable")
    assert "پیش‌تر" in form.submit(status=422)


def test_who_is_asked_reads_which_unit_is_meant(site, app, sign_in, city):
    ask(site, city)
    sign_in(city.users["far"])
    title = app.get(f"/kartable/cases/{city.code}").html.select_one("[id^=inquiry-]")
    assert "واحد lighting" in title.text


def test_the_page_of_the_team_hands_inquiries_on(site, app, sign_in, city):
    ask(site, city, city.far)
    sign_in(city.users["head"])
    assert "۱ استعلام، رونوشت و کار" in app.get("/desk/team").html.select_one("table.team").text
    form = next(
        iter(f for f in app.get(f"/desk/team/{city.far.user_id}").forms.values() if "which" in f.fields)
    )
    form["to"] = str(city.other.user_id)
    form["which"] = "all"
    asked = form.submit()
    assert "۱ پرونده" in asked.html.select_one(".notice").text
    confirm = next(iter(f for f in asked.forms.values() if "which" in f.fields))
    confirm.submit(status=303).follow()
    assert (kartable(site, city.far), kartable(site, city.other)) == ([], ["inquiry"])
