"""Deputies: for their days they see and work on the absent person's kartable, and the history names both."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.deputies import LONGEST, DeputyService
from civicportal.domain.accounts.models import Deputy, Session, User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.organization.models import Category
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit, outbox
from civicportal.util.errors import Forbidden, NotFound, Refused


@pytest.fixture
def people(site):
    """An absent officer, a colleague of another unit, an administrator, and today."""
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        make_category(work, unit=waste)
        absent = make_staff(work, "officer", unit=waste, name="رضا پناهی")
        deputy = make_staff(work, "officer", unit=light, name="مریم کاویانی")
        boss = make_staff(work, "administrator", name="سارا نیک‌فر")
        return absent, deputy, boss, work.get(DeputyService).today


def set_deputy(site, actor, absent, deputy, first, last):
    with site.work(write=False) as work:
        acting = identity(work, work.session.get(User, actor.id))
    with site.work(actor=acting) as work:
        return work.get(DeputyService).add(work.session.get(User, absent.id), deputy.id, first, last).id


def identity_now(site, user):
    with site.work(write=False) as work:
        return identity(work, work.session.get(User, user.id))


def test_the_deputy_works_the_kartable_and_both_are_named(site, clock, people):
    absent, deputy, _boss, today = people
    with site.work() as work:
        code = make_case(work, category=work.session.scalars(select(Category)).one()).code
    with site.work(actor=identity_now(site, deputy)) as work, pytest.raises(NotFound):
        work.get(CaseService).fetch(code)
    set_deputy(site, absent, absent, deputy, today + timedelta(days=1), today + timedelta(days=2))
    clock.advance(days=1)
    with site.work(actor=identity_now(site, deputy)) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        work.get(KartableService).take(case)
        work.get(CaseService).comment(case, "به جای همکار")
        [comment, taken, _opened] = work.get(StaffHistory).of(case)
        for event in (taken, comment):
            assert (event.actor, event.absent) == ("مریم کاویانی", "رضا پناهی")
    clock.advance(days=2)
    assert identity_now(site, deputy).deputy_for == frozenset()


def test_of_two_absent_colleagues_the_right_one_is_named(site, people):
    absent, deputy, _boss, today = people
    with site.work() as work:
        parks = make_unit(work, "parks")
        make_category(work, "tree", unit=parks)
        other = make_staff(work, "officer", unit=parks)
    with site.work() as work:
        categories = work.session.scalars(select(Category).order_by(Category.id))
        codes = {
            make_case(work, category=category).code: person.id
            for category, person in zip(categories, (absent, other), strict=True)
        }
    for person in (absent, other):
        set_deputy(site, person, person, deputy, today, today)
    with site.work(actor=identity_now(site, deputy)) as work:
        for code, named in codes.items():
            case = work.get(CaseService).fetch(code, lock=True)
            assert work.get(CaseService).comment(case, "یادداشت").on_behalf_of_id == named


def test_the_deputy_is_told(site, people):
    absent, deputy, _boss, today = people
    set_deputy(site, absent, absent, deputy, today, today)
    with site.work(write=False) as work:
        [message] = outbox(work, deputy.mobile)
        assert message.kind == "member.deputy"


@pytest.mark.parametrize(("first", "last"), [(2, 1), (-3, -1), (0, LONGEST)])
def test_days_that_make_no_sense(site, people, first, last):
    absent, deputy, _boss, today = people
    with pytest.raises(Refused):
        set_deputy(site, absent, absent, deputy, today + timedelta(days=first), today + timedelta(days=last))


def test_one_deputy_at_a_time_and_not_oneself(site, people):
    absent, deputy, boss, today = people
    set_deputy(site, absent, absent, deputy, today, today + timedelta(days=3))
    with pytest.raises(Refused):
        set_deputy(site, absent, absent, boss, today + timedelta(days=3), today + timedelta(days=4))
    with pytest.raises(Refused):
        set_deputy(site, absent, absent, absent, today + timedelta(days=9), today + timedelta(days=9))


def test_an_officer_cannot_become_the_deputy_of_someone_with_more_rights(site, people):
    _absent, deputy, boss, today = people
    with pytest.raises(Forbidden):
        set_deputy(site, deputy, boss, deputy, today, today)


def test_a_disabled_colleague_does_not_stand_in(site, people):
    absent, deputy, _boss, today = people
    with site.work() as work:
        work.session.get(User, deputy.id).disabled_at = work.clock.now()
    with pytest.raises(Refused):
        set_deputy(site, absent, absent, deputy, today, today)


# --- the pages


def form_of(page, ending):
    return next(form for form in page.forms.values() if form.action.endswith(ending) and form.fields)


def fill(form, deputy, first, last):
    form["deputy"].select(text=deputy)
    form["first"], form["last"] = first, last
    return form


def typed(site, day):
    return "/".join(str(part) for part in site.calendar.year_month_day(day))


def test_an_administrator_sets_a_deputy_in_jalali_days(site, app, sign_in, people):
    absent, _deputy, boss, today = people
    sign_in(boss)
    path = f"/admin/members/{absent.id}"
    form = fill(form_of(app.get(path), "/deputies"), "مریم کاویانی", "۱۴۰۵/۱۳/۱", typed(site, today))
    refused = form_of(form.submit(status=422), "/deputies")
    assert refused["first"].value == "۱۴۰۵/۱۳/۱"
    page = fill(refused, "مریم کاویانی", typed(site, today), typed(site, today)).submit(status=303).follow()
    assert "مریم کاویانی" in page.html.select_one("[aria-labelledby=deputy-title] ul").text
    form_of(page, f"/deputies/{_rows(site)[0].id}/end").submit(status=303)
    assert _rows(site) == []


def test_one_sets_and_calls_off_ones_own_deputy(site, app, sign_in, people):
    absent, deputy, _boss, today = people
    sign_in(absent)
    day = typed(site, today)
    page = fill(own_form(app), "مریم کاویانی", day, day).submit(status=303).follow()
    assert "مریم کاویانی" in page.html.select_one("main ul").text
    sign_in(deputy)
    assert "رضا پناهی" in app.get("/account/deputy")
    [number] = {row.id for row in _rows(site)}
    token = app.get("/account/deputy").forms[0]["csrf_token"].value
    app.post(f"/account/deputy/{number}/end", {"csrf_token": token}, status=404)
    sign_in(absent)
    form_of(app.get("/account/deputy"), "/end").submit(status=303)
    assert _rows(site) == []


def prove(site):
    with site.work() as work:
        for session in work.session.scalars(select(Session).where(Session.realm == "staff")):
            work.get(SessionService).prove(session.id)


def test_a_deputy_is_set_by_who_has_just_shown_the_password(site, app, sign_in, people, clock):
    absent, _deputy, boss, today = people
    sign_in(boss)
    path, day = f"/admin/members/{absent.id}", typed(site, today)
    assert not app.get(path).html.select_one("#deputy details").has_attr("open")
    clock.advance(minutes=6)
    asked = fill(form_of(app.get(path), "/deputies"), "مریم کاویانی", day, day).submit(status=303)
    assert asked.location == f"http://localhost/account/confirm?next={quote(path, safe='')}%23deputy"
    assert _rows(site) == []
    prove(site)
    page = app.get(path)
    assert page.html.select_one("#deputy details").has_attr("open")
    assert form_of(page, "/roles")["seen"].value, "the form beside it has nothing of what waits"
    form_of(page, "/deputies").submit(status=303)
    assert len(_rows(site)) == 1
    assert not app.get(path).html.select_one("#deputy details").has_attr("open")
    with site.work(write=False) as work:
        assert [message.kind for message in outbox(work, absent.mobile)] == ["member.deputy_set"]


def test_ones_own_deputy_is_set_by_who_has_just_shown_the_password(site, app, sign_in, people, clock):
    absent, _deputy, _boss, today = people
    sign_in(absent)
    clock.advance(minutes=6)
    day = typed(site, today)
    asked = fill(own_form(app), "مریم کاویانی", day, day).submit(status=303)
    assert asked.location == "http://localhost/account/confirm?next=%2Faccount%2Fdeputy"
    assert _rows(site) == []
    prove(site)
    own_form(app).submit(status=303)
    assert len(_rows(site)) == 1
    assert own_form(app)["first"].value == ""
    with site.work(write=False) as work:
        assert outbox(work, absent.mobile) == []


def own_form(app):
    return next(form for form in app.get("/account/deputy").forms.values() if "deputy" in form.fields)


def _rows(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(Deputy)))
