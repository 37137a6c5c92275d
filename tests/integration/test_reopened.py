"""Cases that come back: opened again after a closing, or returned by the unit to which they were referred."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import Deputy, Membership, User
from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.access.rights import AccessService, in_kartable
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import TEAM
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.assignment import AssignmentService
from civicportal.domain.kartable.errors import ReferralError
from civicportal.domain.kartable.inbox import InboxQuery, InboxService
from civicportal.domain.kartable.rows import RowService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.team import TeamInbox
from civicportal.domain.kartable.undo import UndoService
from civicportal.domain.organization.models import Category, Unit
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit

pytestmark = pytest.mark.both_databases

RIGHTS = [f"petitions:case:{verb}" for verb in ("view", "work", "refer", "comment")]
WHY = "چراغ هنوز خاموش است."


@pytest.fixture
def city(site):
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        category = make_category(work, unit=waste)
        citizen = make_citizen(work)
        places = {"officer": waste, "colleague": waste, "far": light}
        users = {name: make_staff(work, "officer", unit=unit) for name, unit in places.items()}
        people = {name: identity(work, user) for name, user in users.items()}
        head = make_staff(work, "head", unit=waste, permissions=[LEAD, *RIGHTS])
        return SimpleNamespace(
            waste=waste.id,
            light=light.id,
            category=category.id,
            citizen=identity(work, citizen, "citizen"),
            head=identity(work, head),
            users=users,
            **people,
        )


def act(site, actor, code, what, *, own=False):
    with site.work(actor=actor) as work:
        cases = work.get(CaseService)
        case = cases.fetch_own(code, lock=True) if own else cases.fetch(code, lock=True)
        return what(work, case)


def step(name, **more):
    return lambda work, case: work.get(CaseService).apply(case, name, **more)


def open_case(site, city):
    with site.work(actor=city.citizen) as work:
        citizen, category = (
            work.session.get(User, city.citizen.user_id),
            work.session.get(Category, city.category),
        )
        return make_case(work, citizen=citizen, category=category).code


def closed_case(site, city, by):
    code = open_case(site, city)
    act(site, by, code, step("reject"))
    return code


def object_to(site, city, code):
    act(site, city.citizen, code, step("object", public_text=WHY), own=True)


def holder(site, code):
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        return work.get(AccessService).action_referral(case)


def views(site, actor, holder=None):
    """Return the numbers of the marked views, and verify that the lists are as long."""
    with site.work(actor=actor, write=False) as work:
        inbox = work.get(TeamInbox if holder else InboxService)
        filters = InboxQuery(holder=holder)
        counts = inbox.counts(filters).views
        names = ("reopened", "returned", "asked")
        for name in names:
            assert counts[name].number == len(inbox.page(name, filters).rows), name
        return tuple(counts[name].number for name in names)


def row_of(site, actor, code):
    with site.work(actor=actor, write=False) as work:
        [row] = work.get(InboxService).page("all", InboxQuery()).rows
        [item] = work.get(RowService).rows([tuple(row)])
        assert item.case.code == code
        return item


def test_a_reopened_case_goes_back_to_who_closed_it(site, city):
    code = closed_case(site, city, city.officer)
    object_to(site, city, code)
    referral = holder(site, code)
    assert (referral.to_user_id, referral.read_at, referral.note) == (city.officer.user_id, None, WHY)
    item = row_of(site, city.officer, code)
    assert (item.case.is_reopened, item.is_new, item.reason) == (True, True, WHY)
    assert views(site, city.officer) == (1, 0, 0)
    assert views(site, city.colleague) == (0, 0, 0)
    assert views(site, city.head, TEAM) == (1, 0, 0)


@pytest.mark.parametrize("gone", ["disabled", "moved"])
def test_without_the_closer_it_goes_to_the_unit(site, city, gone):
    code = closed_case(site, city, city.officer)
    with site.work() as work:
        officer = work.session.get(User, city.officer.user_id)
        if gone == "disabled":
            work.get(MemberService).disable(officer)
        else:
            moved = update(Membership).where(Membership.user_id == officer.id).values(unit_id=city.light)
            work.session.execute(moved)
    object_to(site, city, code)
    assert (holder(site, code).to_user_id, holder(site, code).to_unit_id) == (None, city.waste)
    assert views(site, city.colleague) == (1, 0, 0)


@pytest.mark.parametrize("at_work", [True, False])
def test_while_the_closer_is_away_it_is_with_the_deputy_or_the_unit(site, city, at_work):
    code = closed_case(site, city, city.officer)
    with site.work() as work:
        today = site.calendar.today(work.clock.now())
        days = {"first_day": today, "last_day": today}
        work.session.add(Deputy(absent_id=city.officer.user_id, deputy_id=city.far.user_id, **days))
        if not at_work:
            work.get(MemberService).disable(work.session.get(User, city.far.user_id))
    object_to(site, city, code)
    if not at_work:
        assert holder(site, code).to_user_id is None
        assert views(site, city.colleague) == (1, 0, 0)
        return
    with site.work() as work:
        deputy = identity(work, work.session.get(User, city.far.user_id))
    assert deputy.deputy_for == {city.officer.user_id}
    assert views(site, deputy) == (1, 0, 0)
    assert row_of(site, deputy, code).is_new
    act(site, deputy, code, step("finish"))


def test_a_case_that_its_citizen_closed_goes_back_to_its_holder(site, city):
    code = open_case(site, city)
    act(site, city.officer, code, lambda work, case: work.get(KartableService).take(case))
    act(site, city.citizen, code, step("withdraw"), own=True)
    object_to(site, city, code)
    assert holder(site, code).to_user_id == city.officer.user_id


def test_the_mark_stays_while_the_case_is_open_and_follows_it(site, city):
    code = closed_case(site, city, city.officer)
    object_to(site, city, code)
    act(
        site,
        city.officer,
        code,
        lambda work, case: work.get(AssignmentService).assign(case, city.colleague.user_id),
    )
    assert views(site, city.colleague) == (1, 0, 0)
    act(site, city.colleague, code, lambda work, case: work.get(KartableService).copy(case, city.light))
    assert views(site, city.far) == (1, 0, 0)
    event = act(site, city.colleague, code, step("finish"))
    assert (views(site, city.colleague), views(site, city.far)) == ((0, 0, 0), (0, 0, 0))
    act(site, city.colleague, code, lambda work, case: work.get(UndoService).undo(case, event.id))
    assert (views(site, city.colleague), views(site, city.far)) == ((1, 0, 0), (1, 0, 0))


def test_a_returned_case_says_why_and_the_reason_is_required(site, city):
    code = open_case(site, city)
    act(site, city.officer, code, lambda work, case: work.get(KartableService).refer(case, city.light))
    for nothing in ("", "  \n"):
        with pytest.raises(ReferralError):
            act(
                site,
                city.far,
                code,
                lambda work, case, note=nothing: work.get(KartableService).give_back(case, note=note),
            )
    act(site, city.far, code, lambda work, case: work.get(KartableService).give_back(case, note=WHY))
    item = row_of(site, city.officer, code)
    assert (item.is_returned, item.is_new, item.reason, item.sender) == (True, True, WHY, "واحد lighting")
    assert views(site, city.officer) == (0, 1, 0)
    act(
        site,
        city.officer,
        code,
        lambda work, case: work.get(AssignmentService).assign(
            case, city.colleague.user_id, note="شما ببینید."
        ),
    )
    assert row_of(site, city.colleague, code).reason == f"{WHY}\nشما ببینید."
    assert views(site, city.colleague) == (0, 1, 0)
    act(site, city.colleague, code, lambda work, case: work.get(KartableService).refer(case, city.light))
    assert views(site, city.far) == (0, 0, 0)


def test_an_undone_return_leaves_no_mark(site, city):
    code = open_case(site, city)
    act(site, city.officer, code, lambda work, case: work.get(KartableService).refer(case, city.light))
    event = act(site, city.far, code, lambda work, case: work.get(KartableService).give_back(case, note=WHY))
    with site.work(actor=city.far) as work:
        undo = work.get(UndoService)
        undo.undo(undo.fetch(code), event.id)
    assert (views(site, city.far), views(site, city.officer)) == ((0, 0, 0), (0, 0, 0))
    with site.work(actor=city.far, write=False) as work:
        assert work.session.scalars(select(Referral.id).where(in_kartable(city.far))).all()


def test_the_pages_show_the_marks_and_the_reason(site, app, sign_in, city):
    code = closed_case(site, city, city.officer)
    object_to(site, city, code)
    sign_in(city.users["officer"])
    listed = app.get("/kartable", {"view": "reopened"})
    assert "بازگشوده" in listed.html.select_one("tr[data-row]").text
    assert WHY in listed.html.select_one("[data-reason]").text
    assert "بازگشوده" in app.get(f"/kartable/cases/{code}").html.select_one(".page-h").text
    act(site, city.officer, code, lambda work, case: work.get(KartableService).refer(case, city.light))
    sign_in(city.users["far"])
    path = f"/kartable/cases/{code}"
    form = next(f for f in app.get(path).forms.values() if f.action.endswith("/refer"))
    form.action = f"{path}/return"
    refused = form.submit(status=422)
    assert "بنویسید چرا پرونده را برمی‌گردانید." in refused.html.select_one("#panel-of-refer").text
    form["note"] = "مربوط به واحد ما نیست."
    form.submit(status=303)
    sign_in(city.users["officer"])
    [row] = app.get("/kartable", {"view": "returned"}).html.select("tr[data-row]")
    assert "برگشت‌خورده از واحد lighting: مربوط به واحد ما نیست." in " ".join(row.text.split())
    notice = " ".join(app.get(path).html.select_one(".notice.warn").text.split())
    assert f"برگشت‌خورده از {city.far.name}، واحد lighting مربوط به واحد ما نیست." in notice


def test_an_observer_sees_no_control_that_would_refuse(site, app, sign_in, city):
    code = open_case(site, city)
    with site.work() as work:
        unit = work.session.get(Unit, city.waste)
        observer = make_staff(work, "observer", unit=unit, permissions=["petitions:case:view"])
    sign_in(observer)
    listed = app.get("/kartable")
    assert f"/kartable/cases/{code}" in listed
    assert not listed.html.select("[data-bulk-bar], tr[data-row] input, [data-select-all]")
    shown = app.get(f"/kartable/cases/{code}")
    assert not shown.html.select("main form")
    for page in (listed, shown):
        links = {a["href"].partition("#")[0] for a in page.html.select("a[href^='/']")}
        for link in sorted(links - {""}):
            assert app.get(link, expect_errors=True).status_int in (200, 303, 304), link
    sign_in(city.users["officer"])
    assert {b["value"] for b in app.get("/kartable").html.select("[data-bulk-bar] [name=action]")} == {
        "refer",
        "step",
        "assign",
        "take",
        "copy",
        "note",
        "print",
    }
