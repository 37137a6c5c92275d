"""Two at one moment: each gets an answer, and what both meant is there once."""

import threading

import pytest
from portal import READY
from sqlalchemy import select

from civicportal.core.crypto import new_token
from civicportal.domain.accounts.errors import LastAdministrator
from civicportal.domain.accounts.invitations import InvitationService, LinkExpired
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import Session, User
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.organization.units import UnitService
from civicportal.testing import make_case, make_staff, make_unit
from civicportal.util.errors import Conflict, Refused

pytestmark = pytest.mark.both_databases

MOBILE = "+989000000009"


def together(site, *deeds):
    """Do each in a unit of work of its own, every one begun before the first ends; return what they raised."""
    ready, raised = threading.Barrier(len(deeds)), []

    def run(deed):
        try:
            with site.work() as work:
                # On SQLite the second writer waits for the first one's end.
                if site.engines.dialect == "postgresql":
                    work.session.scalar(select(1))
                    ready.wait(READY)
                deed(work)
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_one_person_is_made_of_one_mobile(site):
    def make(work):
        work.get(AccountService).citizen_by_mobile(MOBILE, "مریم")

    assert together(site, make, make, make) == []
    with site.work(write=False) as work:
        [person] = work.session.scalars(select(User).where(User.mobile == MOBILE))
        assert (person.name, person.level) == ("مریم", 1)


def test_two_concurrent_values_of_a_browser_are_stored(site):
    token = new_token()

    def keep(name):
        return lambda work: work.get(SessionService).keep_visitor_data(token, name, name)

    assert together(site, keep("form"), keep("proved"), keep("form")) == []
    with site.work(write=False) as work:
        assert len(work.session.scalars(select(Session)).all()) == 1
        sessions = work.get(SessionService)
        assert [sessions.visitor_data(token, name) for name in ("form", "proved")] == ["form", "proved"]


def disable(work, user):
    work.get(MemberService).disable(user)


def delete(work, user):
    work.get(MemberService).delete(user)


def demote(work, user):
    work.get(MembershipService).take(user, user.memberships[0].id)


@pytest.mark.parametrize(
    "deeds", [(disable, disable), (delete, delete), (demote, demote), (disable, demote), (demote, delete)]
)
def test_two_administrators_do_not_shut_out_each_other(site, deeds):
    with site.work() as work:
        ids = [make_staff(work, "administrator").id for _number in range(2)]

    def done(deed, user_id):
        return lambda work: deed(work, work.session.get(User, user_id))

    [refused] = together(site, *(done(deed, user_id) for deed, user_id in zip(deeds, ids, strict=True)))
    assert isinstance(refused, LastAdministrator)


def test_of_two_changes_of_a_role_one_is_told(site):
    with site.work() as work:
        roles = work.get(RoleService)
        role = roles.create("کارشناس")
        seen = roles.seen(role)

    def change(right):
        def change(work):
            roles = work.get(RoleService)
            found = roles.fetch(role.id, lock=True)
            roles.change(found, title=found.title, permissions=[right], seen=seen)

        return change

    rights = ("petitions:case:view", "petitions:case:work")
    [refused] = together(site, *map(change, rights))
    assert isinstance(refused, Conflict)
    with site.work(write=False) as work:
        roles = work.get(RoleService)
        assert len(roles.names(roles.fetch(role.id))) == 1


def test_of_two_changes_of_an_access_one_is_refused(site):
    with site.work() as work:
        user = make_staff(work, "officer")
        seen = work.get(MembershipService).seen(user)
        roles = [work.get(RoleService).create(title).id for title in ("الف", "ب")]

    def give(role_id):
        def give(work):
            person, role = work.session.get(User, user.id), work.get(RoleService).fetch(role_id)
            work.get(MembershipService).give(person, role, seen=seen)

        return give

    [refused] = together(site, *map(give, roles))
    assert isinstance(refused, Conflict)


def test_two_administrators_do_not_put_units_below_each_other(site):
    with site.work() as work:
        ids = {key: make_unit(work, key).id for key in ("waste", "light")}
        ids["lamps"] = make_unit(work, "lamps", parent_id=ids["light"]).id
    read = threading.Barrier(2)

    def put(key, parent):
        def put(work):
            units = work.get(UnitService)
            unit = units.fetch(ids[key])
            assert ids[parent] in {row.id for row in units.possible_parents(unit)} or is_sqlite
            if not is_sqlite:
                read.wait(READY)
            units.change(unit, {"parent_id": ids[parent]})

        return put

    is_sqlite = site.engines.dialect == "sqlite"
    [refused] = together(site, put("waste", "lamps"), put("light", "waste"))
    assert isinstance(refused, Refused)
    with site.work(write=False) as work:
        assert {row.key for row in work.get(OrganizationService).units.roots} & {"waste", "light"}


def test_an_invitation_link_is_used_once(site):
    with site.work() as work:
        _invitation, token = work.get(InvitationService).invite(
            username="new", name="تازه", mobile=MOBILE, scopes=[]
        )

    def accept(work):
        service = work.get(InvitationService)
        service.accept(service.open(token, "join"), name="تازه", password="سپیدار بلند کنار رود")

    raised = together(site, accept, accept, accept)
    assert [type(error) for error in raised] == [LinkExpired] * 2


@pytest.mark.one_database("postgresql")
def test_cases_of_one_rule_do_not_wait_for_each_other(site):
    with site.work() as work:
        unit = make_unit(work, "waste")
        make_case(work)
        work.session.add(RoutingRule(key="all", unit_id=unit.id, position=0, facts={}, title="all"))
    opened = threading.Barrier(2)

    def send(work):
        make_case(work)
        opened.wait(READY)

    assert together(site, send, send) == []
