"""Roles: no one grants more than they have, the administrator's role cannot change, concurrent changes lose nothing."""

from dataclasses import replace

import pytest
from sign_in_forms import form_with
from sqlalchemy import select

from civicportal.domain.accounts.errors import LastAdministrator
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import Membership, Role, RolePermission, User
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.audit.models import AuditEvent
from civicportal.testing import identity, make_staff, make_unit
from civicportal.util.errors import Conflict, Forbidden, Refused

VIEW, WORK = "petitions:case:view", "petitions:case:work"


@pytest.fixture
def keeper(site):
    """An officer who manages roles and members, and may look at cases everywhere but work in one unit only."""
    with site.work() as work:
        rights = ["core:role:manage", "core:member:manage", VIEW]
        person = make_staff(work, "keeper", permissions=rights)
        worker = make_staff(work, "worker", permissions=[VIEW, WORK]).memberships[0].role
        unit = make_unit(work, "waste")
        work.get(MembershipService).give(person, worker, unit=unit)
        return identity(work, person)


def make_role(work, title="کارشناس", *permissions):
    role = Role(key=title, title=title, permissions=[RolePermission(permission=name) for name in permissions])
    work.session.add(role)
    work.session.flush()
    return role


def test_a_role_gets_no_right_that_its_maker_has_not_everywhere(site, keeper):
    with site.work(actor=keeper) as work:
        roles = work.get(RoleService)
        role = roles.create("بازدیدکننده")
        roles.change(role, title="بازدیدکننده", permissions=[VIEW])
        for refused in ("core:audit:view", WORK):
            with pytest.raises(Forbidden):
                roles.change(role, title="بازدیدکننده", permissions=[VIEW, refused])
        assert roles.names(role) == {VIEW}


def test_a_right_that_is_there_already_may_stay(site, keeper):
    with site.work(actor=keeper) as work:
        roles, role = work.get(RoleService), make_role(work, "کارشناس", VIEW, WORK)
        roles.change(role, title="کارشناس ارشد", permissions=[WORK])
        assert (role.title, roles.names(role)) == ("کارشناس ارشد", {WORK})
        with pytest.raises(Forbidden):
            roles.create("رونوشت", like=role)


def test_rights_held_as_a_deputy_cannot_be_granted(site, keeper):
    with site.work() as work:
        role, boss = make_role(work, "کارشناس", WORK), make_staff(work, "administrator")
        member = make_staff(work, "worker")
        lent = identity(work, boss).grants[0]
    lent_only = replace(keeper, grants=(*keeper.grants, replace(lent, own=False)))
    with site.work(actor=lent_only) as work, pytest.raises(Forbidden):
        work.get(MembershipService).give(work.session.get(User, member.id), work.session.get(Role, role.id))


def test_a_copy_holds_the_same_rights(work):
    roles = work.get(RoleService)
    copy = roles.create("رونوشت", like=make_role(work, "کارشناس", VIEW, WORK))
    assert roles.names(copy) == {VIEW, WORK}
    with pytest.raises(Refused):
        roles.create("رونوشت")


def test_the_administrators_role_stays_as_it_is(work):
    roles = work.get(RoleService)
    administrator = roles.ensure_administrator()
    for deed in (
        lambda: roles.change(administrator, title="رئیس", permissions=[]),
        lambda: roles.delete(administrator),
        lambda: roles.create("رئیس دوم", like=administrator),
    ):
        with pytest.raises(Refused):
            deed()


def test_rights_of_a_service_that_is_off_sleep_and_stay(work):
    roles, role = work.get(RoleService), make_role(work, "کارشناس", VIEW, "parking:permit:issue")
    roles.change(role, title=role.title, permissions=[WORK])
    assert (roles.names(role), roles.asleep(role)) == ({WORK}, {"parking:permit:issue"})


def test_rights_without_a_role_are_found(work):
    roles = work.get(RoleService)
    make_role(work, "کارشناس", VIEW)
    assert VIEW not in roles.orphans()
    assert WORK in roles.orphans()


def test_a_stale_form_changes_nothing(work):
    roles, role = work.get(RoleService), make_role(work, "کارشناس", VIEW)
    seen = roles.seen(role)
    roles.change(role, title=role.title, permissions=[WORK], seen=seen)
    with pytest.raises(Conflict):
        roles.change(role, title=role.title, permissions=[VIEW], seen=seen)
    assert roles.names(role) == {WORK}


def test_deleting_a_role_takes_it_from_everybody(site):
    with site.work() as work:
        member = make_staff(work, "worker", permissions=[VIEW])
        role = member.memberships[0].role
        assert work.get(RoleService).holders()[role.id] == 1
        work.get(RoleService).delete(role)
    with site.work(write=False) as work:
        assert work.session.scalars(select(Membership)).all() == []
        event = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "role:delete")).one()
        assert event.data == {"role": "worker", "title": "worker", "holders": 1}


def test_the_last_administrator_keeps_the_role(site):
    with site.work() as work:
        # People, and roles, that came before and after are no administrators.
        make_staff(work, "early")
        chief, other = make_staff(work, "administrator"), make_staff(work, "administrator")
        make_staff(work, "late")
        memberships, role = work.get(MembershipService), chief.memberships[0].role
        for one, last in ((chief, other), (other, chief)):
            memberships.take(one, one.memberships[0].id)
            with pytest.raises(LastAdministrator):
                memberships.take(last, last.memberships[0].id)
            for deed in (work.get(MemberService).disable, work.get(MemberService).delete):
                with pytest.raises(LastAdministrator):
                    deed(last)
            memberships.give(one, role)


def test_only_an_administrator_touches_an_administrator(site, keeper):
    with site.work() as work:
        chief = make_staff(work, "administrator")
        make_staff(work, "administrator")
    with site.work(actor=keeper) as work:
        members, chief = work.get(MemberService), work.session.get(User, chief.id)
        for deed in (
            lambda: members.disable(chief),
            lambda: members.delete(chief),
            lambda: members.edit(chief, name="دیگری", username="other"),
            lambda: work.get(MembershipService).take(chief, chief.memberships[0].id),
        ):
            with pytest.raises(Forbidden):
                deed()


def test_a_role_is_held_once_in_one_place(site):
    with site.work() as work:
        unit, role = make_unit(work, "waste"), make_role(work, "کارشناس", VIEW)
        member, memberships = make_staff(work, "worker"), work.get(MembershipService)
        seen = memberships.seen(member)
        memberships.give(member, role, unit=unit, seen=seen)
        with pytest.raises(Refused):
            memberships.give(member, role, unit=unit)
        with pytest.raises(Conflict):
            memberships.give(member, role, seen=seen)
        memberships.give(member, role)


# --- the pages


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
        make_role(work, "کارشناس", VIEW)
    sign_in(user)
    return user


def role_id(site, title):
    with site.work(write=False) as work:
        return work.session.scalars(select(Role.id).where(Role.title == title)).one()


def rights(form):
    names = [box["value"] for box in form.html.select("[name=permissions]")]
    return dict(zip(names, form.fields["permissions"], strict=True))


def test_a_role_is_made_in_the_browser_and_stands_in_the_matrix(site, app, boss):
    form = form_with(app.get("/admin/roles/new"), "like")
    form["title"] = "بازرس"
    form = form_with(form.submit(status=303).follow(), "permissions")
    for name in (VIEW, "core:audit:view"):
        rights(form)[name].checked = True
    page = form.submit(status=303).follow()
    [column] = [n for n, th in enumerate(page.html.select(".matrix thead th")) if th.text.strip() == "بازرس"]
    ticked = {
        row.select_one("th").text.strip()
        for row in page.html.select(".matrix tbody tr:not(.grp)")
        if row.find_all(["th", "td"])[column].select(".yes")
    }
    assert len(ticked) == 2
    with site.work(write=False) as work:
        roles = work.get(RoleService)
        assert roles.names(roles.fetch(role_id(site, "بازرس"))) == {VIEW, "core:audit:view"}


def test_a_role_is_copied_renamed_and_refused_a_taken_name(site, app, boss):
    source = role_id(site, "کارشناس")
    form = form_with(app.get(f"/admin/roles/new?like={source}"), "like")
    assert form["like"].value == str(source)
    form["title"] = "کارشناس"
    refused = form_with(form.submit(status=422), "like")
    refused["title"] = "کارشناس ارشد"
    form = form_with(refused.submit(status=303).follow(), "permissions")
    assert [name for name, box in rights(form).items() if box.checked] == [VIEW]
    form["title"] = "سرپرست"
    rights(form)[VIEW].checked = False
    form.submit(status=303)
    with site.work(write=False) as work:
        roles = work.get(RoleService)
        assert roles.names(roles.fetch(role_id(site, "سرپرست"))) == set()


def test_two_administrators_change_one_role(site, app, boss):
    path = f"/admin/roles/{role_id(site, 'کارشناس')}"
    stale, fresh = (form_with(app.get(path), "permissions") for _tab in range(2))
    rights(fresh)[WORK].checked = True
    fresh.submit(status=303)
    stale["title"] = "کارشناس نظافت"
    page = stale.submit(status=409)
    again = form_with(page, "permissions")
    assert again["title"].value == "کارشناس نظافت"
    assert not rights(again)[WORK].checked, "what was chosen is kept"
    assert "اکنون داده شده" in page
    again.submit(status=303)
    with site.work(write=False) as work:
        roles = work.get(RoleService)
        assert roles.names(roles.fetch(role_id(site, "کارشناس نظافت"))) == {VIEW}


def test_a_role_in_use_asks_first(site, app, boss):
    with site.work() as work:
        work.get(MembershipService).give(make_staff(work, "other"), _role(work, "کارشناس"))
    path = f"/admin/roles/{role_id(site, 'کارشناس')}/delete"
    page = app.get(path)
    assert "۱ نفر آن را دارند" in page
    form = form_with(page, "sure")
    form.submit(status=422)
    form["sure"] = True
    form.submit(status=303)
    app.get(path, status=404)


def test_a_concurrently_changed_role_is_not_deleted(site, app, boss):
    form = form_with(app.get(f"/admin/roles/{role_id(site, 'کارشناس')}/delete"), "sure")
    with site.work() as work:
        role = _role(work, "کارشناس")
        work.get(RoleService).change(role, title=role.title, permissions=[WORK])
    form["sure"] = True
    form.submit(status=409)


def test_the_built_in_role_has_no_form(site, app, boss):
    page = app.get(f"/admin/roles/{role_id(site, 'administrator')}", status=200)
    assert not [form for form in page.forms.values() if "permissions" in form.fields]
    token = form_with(app.get("/admin/roles/new"), "like")["csrf_token"].value
    sent = {"csrf_token": token, "title": "x y", "seen": "x"}
    app.post(f"/admin/roles/{role_id(site, 'administrator')}", sent, status=409)


def test_rights_without_a_role_are_marked(app, boss):
    page = app.get("/admin/roles")
    marked = {
        row.select_one("th").text.strip()
        for row in page.html.select(".matrix tr")
        if row.select(".accent-text")
    }
    assert any("به هیچ نقشی داده نشده" in text for text in marked)


def test_a_keeper_of_roles_gives_what_they_have(site, app, sign_in, keeper):
    with site.work() as work:
        make_role(work, "کارشناس", VIEW)
        person = work.session.get(User, keeper.user_id)
    sign_in(person)
    form = form_with(app.get(f"/admin/roles/{role_id(site, 'کارشناس')}"), "permissions")
    rights(form)[WORK].checked = True
    page = form.submit(status=422)
    said = page.html.select_one("#permissions-error")
    assert "فقط دسترسی‌هایی را می‌توانید بگذارید" in said.text
    assert page.html.select_one(".err-summary a")["href"] == "#permissions-group"
    assert "Permissions" not in page
    assert rights(form_with(page, "permissions"))[WORK].checked


def _role(work, title):
    return work.session.scalars(select(Role).where(Role.title == title)).one()
