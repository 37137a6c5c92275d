"""The pages of members, through the real application."""

import json
from datetime import timedelta
from urllib.parse import quote

import pytest
from sign_in_forms import form_with
from sqlalchemy import select, update

from civicportal.core.security import Identity
from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.invitations import InvitationService, LinkExpired
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.models import Membership, Session, User
from civicportal.domain.accounts.names import fold_names
from civicportal.domain.accounts.recovery import RecoveryService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.totp import TotpService, new_secret
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.usage import UsageService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.organization.models import Unit
from civicportal.domain.privacy.erasure import erase_deleted
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.util.errors import NotFound

MOBILE = "+989000000001"


@pytest.fixture
def city(site, sign_in):
    """An administrator at their browser, two colleagues of a unit, a citizen."""
    with site.work() as work:
        boss = make_staff(work, "administrator", name="سارا نیک‌فر")
        waste = make_unit(work, "waste")
        make_category(work, unit=waste)
        officer = make_staff(work, "officer", unit=waste, name="رضا پناهی")
        colleague = make_staff(work, "officer", unit=waste, name="مریم کاویانی")
        citizen = make_citizen(work, MOBILE, name="حسن بهرامی")
    sign_in(boss)
    return boss, officer, colleague, citizen


def page_of(user, end=""):
    return f"/admin/members/{user.id}{end}"


def form_of(page, action):
    return next(form for form in page.forms.values() if form.action.endswith(action))


def identity_now(site, user):
    with site.work(write=False) as work:
        return identity(work, work.session.get(User, user.id))


def actions(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def names(page):
    return [link.text.strip() for link in page.html.select("tbody a.item-link")]


# --- the list


def test_staff_by_name_and_citizens_apart(app, city):
    assert names(app.get("/admin/members")) == ["رضا پناهی", "سارا نیک‌فر", "مریم کاویانی"]
    citizens = app.get("/admin/members?who=citizens")
    assert names(citizens) == ["حسن بهرامی"]
    assert "09000000001" not in citizens.text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789"))


@pytest.mark.both_databases
def test_names_stand_in_the_order_of_the_alphabet(site, app, city):
    boss, officer, colleague, _citizen = city
    with site.work() as work:
        for user, name in ((boss, "هما بینا"), (officer, "پیمان سروستانی"), (colleague, "کامران استواری")):
            work.session.get(User, user.id).name = name
    ordered = ["پیمان سروستانی", "کامران استواری", "هما بینا"]
    assert names(app.get("/admin/members")) == ordered
    with site.work(write=False) as work:
        unit = work.session.get(User, officer.id).memberships[0].unit_id
        assert [user.name for user in work.get(KartableService).colleagues(unit)] == ordered[:2]
        assert [user.name for user in work.get(DeputyService).candidates(boss)] == ordered[:2]
        members = work.get(UsageService).members(work.session.get(Unit, unit))
        assert [member.user.name for member in members] == ordered[:2]


def test_who_has_just_signed_in_was_seen(site, app, city, browse):
    _boss, officer, *_ = city
    with site.work(write=False) as work:
        assert work.session.get(User, officer.id).last_seen_at is None
    assert "رضا پناهی" in names(app.get("/admin/members?state=unseen"))
    browse(site, officer, "staff")
    with site.work(write=False) as work:
        assert work.session.get(User, officer.id).last_seen_at == work.clock.now()
    assert names(app.get("/admin/members?state=unseen")) == ["مریم کاویانی"]


def test_filters(site, app, city):
    _boss, officer, colleague, _citizen = city
    with site.work() as work:
        role = work.session.get(User, officer.id).memberships[0]
        work.session.get(User, colleague.id).disabled_at = work.clock.now()
        address = f"/admin/members?role={role.role_id}&unit={role.unit_id}"
    assert names(app.get(address)) == ["رضا پناهی", "مریم کاویانی"]
    assert names(app.get(f"{address}&state=active")) == ["رضا پناهی"]
    assert names(app.get(f"{address}&state=disabled")) == ["مریم کاویانی"]
    assert names(app.get("/admin/members?state=deleted")) == []
    assert len(names(app.get("/admin/members?state=nonsense&role=x&unit=9999999&after=x"))) == 3


@pytest.mark.both_databases
@pytest.mark.parametrize(("words", "found"), [("پناهي", "رضا پناهی"), ("officer2", None), ("%", None)])
def test_search_by_name(app, city, words, found):
    search = form_of(app.get("/admin/members"), "/admin/members/find")
    search["q"] = words
    listed = names(search.submit(status=303).follow())
    assert listed == ([found] if found else listed)
    if words == "%":
        assert listed == []


@pytest.mark.both_databases
@pytest.mark.parametrize("words", ["پناهي", "پَناه", "رضا پن", "سمائي پناهی", "ﭘﻨﺎﻫﯽ", "«پناهی»"])
def test_a_name_is_found_however_it_is_written(site, app, city, words):
    with site.work() as work:
        work.session.get(User, city[1].id).name = "رضا سمائی‌پناهی"
    search = form_of(app.get("/admin/members"), "/admin/members/find")
    search["q"] = words
    assert names(search.submit(status=303).follow()) == ["رضا سمائی‌پناهی"]


@pytest.mark.both_databases
def test_names_from_before_their_words_were_kept_are_found(site, app, city):
    with site.work() as work:
        work.session.execute(update(User).values(search_name=""))
    address = f"/admin/members?q={quote('پناهی')}"
    assert names(app.get(address)) == []
    assert fold_names(site) == 4
    assert fold_names(site) == 0
    assert names(app.get(address)) == ["رضا پناهی"]


def test_a_mobile_never_stands_in_an_address(app, city):
    *_staff, citizen = city
    search = form_of(app.get("/admin/members"), "/admin/members/find")
    search["q"] = "۰۹۰۰ ۰۰۰ ۰۰۰۱"
    answer = search.submit(status=303)
    assert answer.location.endswith(f"/admin/members?citizen={citizen.id}")
    assert names(answer.follow()) == ["حسن بهرامی"]
    for number in ("09000000099", "۰۴۹۹۳۷۰۸۹۹", "049-937089-9"):
        search["q"] = number
        assert search.submit(status=303).location.endswith("/admin/members")


def test_a_search_stays_within_the_filters(site, app, city):
    _boss, officer, _colleague, _citizen = city
    with site.work() as work:
        role = work.session.get(User, officer.id).memberships[0]
        other = make_unit(work, "green")
        make_staff(work, "officer", unit=other, name="رضا سبزواری")
        filters = f"state=active&role={role.role_id}&unit={role.unit_id}"
    search = form_of(app.get(f"/admin/members?{filters}"), "/admin/members/find")
    search["q"] = "رضا"
    answer = search.submit(status=303)
    assert answer.location.endswith(f"/admin/members?{filters}&q={quote('رضا')}")
    page = answer.follow()
    assert names(page) == ["رضا پناهی"]
    # The word alone is removed by its link; another search keeps the filters.
    without_word = next(link["href"] for link in page.html.select("a.chipf.on") if "رضا" in link.text)
    assert names(app.get(without_word)) == ["رضا پناهی", "مریم کاویانی"]
    again = form_of(page, "/admin/members/find")
    again["q"] = "مریم"
    assert names(again.submit(status=303).follow()) == ["مریم کاویانی"]
    for number in ("09000000099", "۰۴۹۹۳۷۰۸۹۹"):
        again["q"] = number
        assert again.submit(status=303).location.endswith(f"/admin/members?{filters}")


def test_a_search_of_citizens_keeps_their_state(app, city):
    search = form_of(app.get("/admin/members?who=citizens&state=disabled"), "/admin/members/find")
    search["q"] = "حسن"
    answer = search.submit(status=303)
    assert answer.location.endswith(f"?who=citizens&state=disabled&q={quote('حسن')}")
    assert names(answer.follow()) == []


def test_a_number_is_found_whatever_the_filters(site, app, city):
    _boss, officer, *_ = city
    with site.work(write=False) as work:
        mobile = work.session.get(User, officer.id).mobile
    search = form_of(app.get("/admin/members?state=disabled"), "/admin/members/find")
    search["q"] = mobile
    answer = search.submit(status=303)
    assert answer.location.endswith(f"/admin/members?citizen={officer.id}")
    assert names(answer.follow()) == ["رضا پناهی"]


def test_a_search_with_made_up_filters_drops_them(app, city):
    token = form_of(app.get("/admin/members"), "/admin/members/find")["csrf_token"].value
    sent = {"csrf_token": token, "q": "رضا", "who": "x", "state": "nonsense", "unit": "9999999", "role": "-1"}
    answer = app.post("/admin/members/find", sent, status=303)
    assert answer.location.endswith(f"/admin/members?q={quote('رضا')}")


@pytest.mark.parametrize("who", ["staff", "citizens"])
def test_pages_follow_one_another_both_ways(site, app, city, who):
    with site.work() as work:
        for number in range(120):
            person = {"mobile": f"+98912000{number:04}", "name": "الف", "created_at": work.clock.now()}
            if who == "staff":
                person |= {"username": f"person{number}"}
            work.session.add(User(**person))
    page, seen = app.get(f"/admin/members?who={who}"), []
    while True:
        seen.append([link["href"] for link in page.html.select("tbody a.item-link")])
        following = page.html.select("a[rel=next]")
        if not following:
            break
        page = app.get(following[0]["href"])
    everybody = [link for links in seen for link in links]
    assert len(everybody) == len(set(everybody)) == (123 if who == "staff" else 121)
    back = app.get(page.html.select("a[rel=prev]")[0]["href"])
    assert [link["href"] for link in back.html.select("tbody a.item-link")] == seen[-2]


# --- one member


def test_the_page_of_a_member(site, app, city):
    _boss, officer, *_ = city
    page = app.get(page_of(officer), status=200)
    assert "رضا پناهی" in page
    assert "officer" in page.html.select_one("#held-title").find_parent("section").text
    app.get("/admin/members/999999", status=404)


def test_a_role_is_given_within_a_scope_and_taken_away(site, app, city):
    _boss, officer, *_ = city
    form = form_of(app.get(page_of(officer)), "/roles")
    form["role"].select(text="officer")
    form["unit"].select(text="واحد waste")
    refused = form.submit(status=422)
    assert "این شخص همین سطح دسترسی را در همین دامنه دارد" in refused
    form["unit"].select(text="همهٔ واحدها")
    page = form.submit(status=303).follow()
    [first, second] = page.html.select("[aria-labelledby=held-title] li")
    assert "همه‌جا" in second.text
    take = first.select_one("form")["action"]
    form_of(page, take).submit(status=303)
    assert len(app.get(page_of(officer)).html.select("[aria-labelledby=held-title] li")) == 1
    assert {"role:give", "role:take"} <= set(actions(site))


def test_two_administrators_at_once(app, city):
    _boss, officer, *_ = city
    stale, fresh = (form_of(app.get(page_of(officer)), "/roles") for _tab in range(2))
    fresh["role"].select(text="administrator")
    fresh.submit(status=303)
    stale["role"].select(text="officer")
    page = stale.submit(status=409)
    again = form_of(page, "/roles")
    assert again["role"].value == stale["role"].value, "what was chosen is kept"
    assert "administrator" in page.html.select_one("[aria-labelledby=held-title]").text
    again.submit(status=303)


def test_a_member_gets_another_name(site, app, city):
    _boss, officer, colleague, citizen = city
    form = form_with(app.get(page_of(officer, "/edit")), "username")
    form["name"], form["username"] = "رضا پناهی‌نژاد", colleague.username
    assert form.submit(status=422).html.select_one("[name=name]")["value"] == "رضا پناهی‌نژاد"
    form["username"] = "r.panahi"
    form.submit(status=303)
    with site.work(write=False) as work:
        user = work.session.get(User, officer.id)
        assert (user.name, user.username) == ("رضا پناهی‌نژاد", "r.panahi")
    form = form_with(app.get(page_of(citizen, "/edit")), "name")
    assert "username" not in form.fields
    form["name"] = "حسن بهرامی‌راد"
    form.submit(status=303)
    assert actions(site).count("member:edit") == 2


def test_rights_are_asked_for_again_and_nothing_typed_is_lost(site, app, city, clock):
    _boss, officer, *_ = city
    form = form_with(app.get(page_of(officer, "/edit")), "username")
    clock.advance(minutes=6)
    form["name"] = "نام تازه"
    answer = form.submit(status=303)
    assert (
        answer.location == f"http://localhost/account/confirm?next=%2Fadmin%2Fmembers%2F{officer.id}%2Fedit"
    )
    with site.work() as work:
        session = work.session.scalars(select(Session).where(Session.realm == "staff")).one()
        assert f"form:/admin/members/{officer.id}/edit" in session.data
        assert "نام تازه" not in json.dumps(session.data, ensure_ascii=False)
        work.get(SessionService).prove(session.id)
    form = form_with(app.get(page_of(officer, "/edit"), status=200), "username")
    assert form["name"].value == "نام تازه"
    form.submit(status=303)
    assert form_with(app.get(page_of(officer, "/edit")), "name")["name"].value == "نام تازه"


@pytest.mark.parametrize(("letters", "kept"), [(10_000, True), (20_000, False)])
def test_rights_are_asked_for_again_however_much_was_typed(site, app, city, clock, letters, kept):
    _boss, officer, *_ = city
    form = form_with(app.get(page_of(officer, "/edit")), "username")
    clock.advance(minutes=6)
    form["name"] = "ن" * letters
    assert "/account/confirm" in form.submit(status=303).location
    with site.work() as work:
        session = work.session.scalars(select(Session).where(Session.realm == "staff")).one()
        work.get(SessionService).prove(session.id)
    shown = form_with(app.get(page_of(officer, "/edit"), status=200), "name")["name"].value
    assert (shown == form["name"].value) == kept


@pytest.mark.parametrize("end", ["/disable", "/delete", "/edit"])
def test_the_password_is_asked_for_before_the_form(app, city, clock, end):
    clock.advance(minutes=6)
    assert "/account/confirm" in app.get(page_of(city[1], end), status=303).location


def test_the_way_back_from_the_proof_keeps_its_query(app, city, clock):
    clock.advance(minutes=6)
    assert app.get("/admin/roles/new?like=1", status=303).location.endswith(
        "%2Fadmin%2Froles%2Fnew%3Flike%3D1"
    )


# --- leaving


def test_disabling_ends_every_session_at_once(site, app, city, browse):
    _boss, officer, *_ = city
    officers = browse(site, officer, "staff")
    officers.get("/kartable", status=200)
    form_with(app.get(page_of(officer, "/disable")), "way").submit(status=303)
    assert officers.get("/kartable", status=303).location.startswith("http://localhost/staff/login")
    assert "غیرفعال" in app.get(page_of(officer))
    form_of(app.get(page_of(officer)), "/enable").submit(status=303)
    with site.work(write=False) as work:
        assert work.session.get(User, officer.id).disabled_at is None
    assert {"member:disable", "member:enable"} <= set(actions(site))


def take_case(site, user):
    with site.work() as work:
        actor = identity(work, user)
        category = make_category(work, "sweeping", unit=None)
        category.unit_id = next(iter(actor.grants[0].units))
        code = make_case(work, category=category).code
    with site.work(actor=actor) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code, lock=True))
    return code


def test_open_cases_pass_on_with_the_leaving(site, app, city):
    _boss, officer, colleague, _citizen = city
    code = take_case(site, officer)
    form = form_with(app.get(page_of(officer, "/delete")), "way")
    form["way"] = "colleague"
    assert form.submit(status=422).html.select(".err-summary")
    form["heir"].select(text="مریم کاویانی")
    form["note"] = "انتقال به واحد دیگر"
    page = form.submit(status=303).follow()
    assert "۱ مورد به همکار" in page
    with site.work(write=False) as work:
        heir = identity(work, colleague)
    with site.work(actor=heir, write=False) as work:
        case = work.get(CaseService).fetch(code)
        assert next(event.type for event in work.get(CaseService).events(case)) == "transferred"


def test_deleted_members_come_back_within_thirty_days(site, app, city, clock):
    _boss, officer, *_ = city
    form_with(app.get(page_of(officer, "/delete")), "way").submit(status=303)
    assert names(app.get("/admin/members?state=deleted")) == ["رضا پناهی"]
    assert "رضا پناهی" not in names(app.get("/admin/members"))
    gone = app.get(page_of(officer))
    assert [form["action"] for form in gone.html.select("main form")] == [page_of(officer, "/restore")]
    assert gone.html.select_one("main a[href$='/edit']") is None
    form_of(app.get(page_of(officer)), "/restore").submit(status=303)
    assert "رضا پناهی" in names(app.get("/admin/members"))
    with site.work() as work:
        work.session.get(User, officer.id).deleted_at = clock.now() - timedelta(days=30)
    form_of(app.get(page_of(officer)), "/restore").submit(status=303)
    with site.work(write=False) as work:
        assert work.session.get(User, officer.id).deleted_at


def test_deleting_again_does_not_keep_a_person_for_longer(site, app, city, clock):
    _boss, officer, *_ = city
    form = form_with(app.get(page_of(officer, "/delete")), "way")
    form.submit(status=303)
    deleted_at = clock.now()
    clock.advance(minutes=1)
    assert form.submit(status=422).html.select(".err-summary")
    with site.work(write=False) as work:
        assert work.session.get(User, officer.id).deleted_at == deleted_at


def test_after_thirty_days_the_person_is_forgotten_and_the_history_stays(site, app, city, clock):
    _boss, officer, *_ = city
    code = take_case(site, officer)
    form_with(app.get(page_of(officer, "/delete")), "way").submit(status=303)
    clock.advance(days=30, minutes=1)
    erase_deleted(site)
    with site.work() as work:
        user = work.session.get(User, officer.id)
        assert (user.name, user.username, user.mobile, user.memberships) == ("", None, None, [])
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        events = [event.type for event in work.get(CaseService).events(case)]
        assert events == ["transferred", "taken", "opened"]


def test_members_cannot_disable_their_own_account(app, city):
    boss, *_ = city
    page = form_with(app.get(page_of(boss, "/disable")), "way").submit(status=422)
    assert "مدیر دیگری" in page


def test_signing_out_everywhere(site, app, city, browse):
    _boss, officer, *_ = city
    officers = browse(site, officer, "staff")
    form_of(app.get(page_of(officer)), "/sessions/end").submit(status=303)
    officers.get("/kartable", status=303)


def change_number(app, user, number, status=303):
    form = form_with(app.get(page_of(user, "/mobile")), "mobile")
    form["mobile"] = number
    return form.submit(status=status)


def test_another_number_for_who_lost_theirs(site, app, city, browse):
    _boss, officer, *_ = city
    officers = browse(site, officer, "staff")
    with site.work() as work:
        former = work.session.get(User, officer.id).mobile
        link = work.get(InvitationService).reset(work.session.get(User, officer.id))[1]
    change_number(app, officer, "۰۹۱۲ ۱۲۳ ۴۵۶۷")
    with site.work() as work:
        assert work.session.get(User, officer.id).mobile == "+989121234567"
        told = work.session.scalars(select(OutboxMessage).where(OutboxMessage.recipient == former)).all()
        assert [message.kind for message in told] == ["member.mobile_changed"]
        event = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "member:mobile")).one()
        assert (event.subject_id, event.actor_name) == (officer.id, "سارا نیک‌فر")
        assert "9121234567" not in str(event.data)
        with pytest.raises(LinkExpired):
            work.get(InvitationService).open(link, "reset")
    officers.get("/kartable", status=303)


def test_a_number_that_is_not_to_be_had(app, city):
    boss, officer, colleague, citizen = city
    assert "متعلق به حساب دیگری" in change_number(app, officer, "09000000001", status=422)
    own = change_number(app, boss, "09121234567", status=422)
    assert "حساب کاربری خودتان" in own
    change_number(app, citizen, "09121234567", status=422)
    assert "/mobile" not in app.get(page_of(boss)).html.select_one("aside").decode()
    assert colleague.mobile != officer.mobile


def test_a_manager_with_fewer_rights_cannot_change_the_number(site, app, city, sign_in):
    boss, officer, *_ = city
    with site.work() as work:
        keeper = make_staff(work, "keeper", permissions=["core:member:manage"])
    sign_in(keeper)
    for user in (boss, officer):
        number = user.mobile
        assert "بیش از شما" in change_number(app, user, "09121234567", status=422)
        with site.work(write=False) as work:
            assert work.session.get(User, user.id).mobile == number


@pytest.fixture
def keeper(site, city):
    """A keeper of members who may do all that the officers may."""
    with site.work() as work:
        keeper = make_staff(work, "keeper", permissions=["core:member:manage"])
        [own] = work.session.get(User, city[1].id).memberships
        keeper.memberships.append(Membership(role_id=own.role_id, unit_id=own.unit_id))
    return keeper


def stand_in(site, absent, deputy, *, in_days=0):
    with site.work(actor=Identity.SYSTEM) as work:
        service = work.get(DeputyService)
        day = service.today + timedelta(days=in_days)
        service.add(work.session.get(User, absent.id), deputy.id, day, day)


def test_a_manager_with_the_same_rights_changes_the_number(app, city, keeper, sign_in):
    sign_in(keeper)
    change_number(app, city[1], "09121234567")


@pytest.mark.parametrize("in_days", [0, 3])
@pytest.mark.parametrize("has_more", ["administrator", "head"])
def test_rights_as_a_deputy_count_for_taking_over_an_account(
    site, app, city, keeper, sign_in, has_more, in_days
):
    _boss, officer, colleague, _citizen = city
    with site.work() as work:
        absent = make_staff(work, has_more, permissions=["core:audit:view"], name="غایب")
        work.get(TotpService).enable(work.session.get(User, officer.id), new_secret(), 1)
    stand_in(site, absent, officer, in_days=in_days)
    sign_in(keeper)
    assert "بیش از شما" in change_number(app, officer, "09121234567", status=422)
    assert "بیش از شما" in form_of(app.get(page_of(officer)), "/factors/off").submit(status=303).follow()
    expected = 403 if has_more == "administrator" else 200
    form_of(app.get(page_of(officer)), "/reset").submit(status=expected)
    # What a deputy of theirs gets are their own rights alone.
    with site.work(actor=identity_now(site, keeper)) as work:
        service = work.get(DeputyService)
        service.add(work.session.get(User, officer.id), colleague.id, service.today, service.today)


def test_the_app_of_who_lost_their_telephone_is_turned_off(site, app, city, browse):
    boss, officer, *_ = city
    assert "/factors/off" not in app.get(page_of(officer))
    with site.work() as work:
        for user in (boss, officer):
            person = work.session.get(User, user.id)
            work.get(TotpService).enable(person, new_secret(), 1)
            work.get(RecoveryService).replace(person, ["hash"])
    officers = browse(site, officer, "staff")
    form_of(app.get(page_of(officer)), "/factors/off").submit(status=303)
    with site.work(write=False) as work:
        person = work.session.get(User, officer.id)
        assert person.totp_secret is None
        assert work.get(RecoveryService).hashes(officer.id) == {}
        event = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "totp:disable")).one()
        assert (event.subject_id, event.actor_name) == (officer.id, "سارا نیک‌فر")
        told = work.session.scalars(
            select(OutboxMessage.kind).where(OutboxMessage.user_id == officer.id)
        ).all()
        assert "member.app_off" in told
    officers.get("/kartable", status=303)
    assert "/factors/off" not in app.get(page_of(boss)), "one's own is turned off in one's own account"


def test_a_manager_with_fewer_rights_cannot_remove_second_factors(site, app, city, sign_in):
    boss, officer, *_ = city
    with site.work() as work:
        keeper = make_staff(work, "keeper", permissions=["core:member:manage"])
        for user in (boss, officer):
            work.get(TotpService).enable(work.session.get(User, user.id), new_secret(), 1)
    sign_in(keeper)
    for user in (boss, officer):
        assert "بیش از شما" in form_of(app.get(page_of(user)), "/factors/off").submit(status=303).follow()
        with site.work(write=False) as work:
            assert work.session.get(User, user.id).totp_secret


def test_member_pages_need_the_right(site, app, city, sign_in):
    _boss, officer, *_ = city
    sign_in(officer)
    for path in ("/admin/members", page_of(officer), "/admin/members/invite", "/admin/roles"):
        app.get(path, status=403)
    with site.work() as work:
        keeper = make_staff(work, "keeper", permissions=["core:member:manage"])
    sign_in(keeper)
    page = app.get("/admin/members", status=200)
    assert "/admin/roles" not in page
    form = form_of(app.get(page_of(officer)), "/roles")
    form["role"].select(text="administrator")
    assert "فقط چیزی را می‌توانید بدهید" in form.submit(status=422)


def test_there_is_no_such_member(site, city):
    with site.work() as work, pytest.raises(NotFound):
        work.get(MemberService).fetch(10**9)
