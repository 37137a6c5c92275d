"""Roles: nobody gives more than they have, the administrator's stays as it is, two at once lose nothing."""

import pytest
from sqlalchemy import select

from civicportal.accounts.errors import LastAdministrator, NotPossible
from civicportal.accounts.members import MemberService
from civicportal.accounts.memberships import MembershipService
from civicportal.accounts.models import Membership, Role, RolePermission, User
from civicportal.accounts.roles import RoleService
from civicportal.audit.models import AuditEvent
from civicportal.errors import Conflict, Forbidden
from civicportal.testing import identity, make_staff, make_unit

VIEW, WORK = "petitions:case:view", "petitions:case:work"


@pytest.fixture
def keeper(site):
    """Somebody who manages roles and members, and may look at cases everywhere but work in one unit only."""
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


def test_what_a_deputy_holds_is_not_theirs_to_give(site, keeper):
    with site.work() as work:
        role, boss = make_role(work, "کارشناس", WORK), make_staff(work, "administrator")
        member = make_staff(work, "worker")
        lent = identity(work, boss).grants[0]
    from dataclasses import replace

    lent_only = replace(keeper, grants=(*keeper.grants, replace(lent, own=False)))
    with site.work(actor=lent_only) as work, pytest.raises(Forbidden):
        work.get(MembershipService).give(work.session.get(User, member.id), role)


def test_a_copy_holds_the_same_rights(work):
    roles = work.get(RoleService)
    copy = roles.create("رونوشت", like=make_role(work, "کارشناس", VIEW, WORK))
    assert roles.names(copy) == {VIEW, WORK}
    with pytest.raises(NotPossible):
        roles.create("رونوشت")


def test_the_administrators_role_stays_as_it_is(work):
    roles = work.get(RoleService)
    administrator = roles.ensure_administrator()
    for deed in (
        lambda: roles.change(administrator, title="رئیس", permissions=[]),
        lambda: roles.delete(administrator),
        lambda: roles.create("رئیس دوم", like=administrator),
    ):
        with pytest.raises(NotPossible):
            deed()


def test_rights_of_a_service_that_is_off_sleep_and_stay(work):
    roles, role = work.get(RoleService), make_role(work, "کارشناس", VIEW, "parking:permit:issue")
    roles.change(role, title=role.title, permissions=[WORK])
    assert (roles.names(role), roles.asleep(role)) == ({WORK}, {"parking:permit:issue"})


def test_rights_that_nobody_gives_are_named(work):
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
        chief, other = make_staff(work, "administrator"), make_staff(work, "administrator")
        memberships = work.get(MembershipService)
        memberships.take(other, other.memberships[0].id)
        with pytest.raises(LastAdministrator):
            memberships.take(chief, chief.memberships[0].id)
        for deed in (work.get(MemberService).disable, work.get(MemberService).delete):
            with pytest.raises(LastAdministrator):
                deed(chief)


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
        with pytest.raises(NotPossible):
            memberships.give(member, role, unit=unit)
        with pytest.raises(Conflict):
            memberships.give(member, role, seen=seen)
        memberships.give(member, role)
