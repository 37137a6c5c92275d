"""What a token may do with members: never more than its scopes, its units and its person allow."""

import itertools
import random

import pytest
from sqlalchemy import func, select

from civicportal.core.security import Identity
from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.invitations import InvitationService, LinkExpired, Scope
from civicportal.domain.accounts.models import Invitation, Membership, Role, RolePermission, User
from civicportal.domain.accounts.rights import ADMINISTRATORS, ELSEWHERE, NO_MORE, RightsService
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.organization.models import Unit
from civicportal.domain.tokens.authentication import load_token
from civicportal.domain.tokens.scopes import scopes_of
from civicportal.domain.tokens.services import ClientService
from civicportal.portal.members.rest.items import OWN
from civicportal.testing import identity, make_staff, make_unit
from civicportal.testing.tokens import token_for
from civicportal.util.errors import Forbidden

pytestmark = pytest.mark.both_databases

MANAGE, LEAD = "core:member:manage", "core:unit:lead"
READ, WRITE, CASES = "members:read", "members:write", ("cases:read", "cases:write", "cases:personal")
VIEW, WORK = "petitions:case:view", "petitions:case:work"


@pytest.fixture
def people(city, site):
    """An administrator, managers of the city and of one unit, and roles with rights of several scopes."""
    found, _codes = city
    with site.work() as work:
        waste = work.session.scalars(select(Unit).where(Unit.key == "waste")).one()
        found["chief"] = make_staff(work, "administrator", username="chief")
        found["second"] = make_staff(work, "administrator", username="second")
        rights = {MANAGE, *site.rights_of_city, *_rights_on_cases(site)}
        found["manager"] = make_staff(work, "manager", permissions=sorted(rights), username="manager")
        found["head"] = make_staff(
            work, "clerk", permissions=[MANAGE, VIEW, WORK], unit=waste, username="head"
        )
        for key, names in {
            "viewer": [VIEW],
            "staffing": [MANAGE],
            "leading": [LEAD, VIEW],
            "settings": ["core:setting:manage"],
            "empty": [],
        }.items():
            work.session.add(
                Role(key=key, title=key, permissions=[RolePermission(permission=one) for one in names])
            )
    return found


def _rights_on_cases(site):
    return [name for name in site.permissions if ":case:" in name]


def path_of(user, end=""):
    return f"/members/{user.id}{end}"


def act(caller, user, end="", body=None, status=200):
    return caller.post(path_of(user, end), body, status=status, If_Match="*")


def give(caller, user, role, unit=None, *, status=200):
    return act(caller, user, "/roles", {"role": role, "unit": unit}, status)


def invite(caller, role, unit=None, *, key="invite-001", status=201):
    body = {
        "name": "Ada",
        "username": "ada",
        "mobile": "09120000077",
        "roles": [{"role": role, "unit": unit}],
    }
    return caller.post("/members/invitations", body, status=status, Idempotency_Key=key)


def tells(site, answer, text):
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"] == site.localizer().translate(text)


def held(site, user):
    with site.work(write=False) as work:
        rows = work.session.scalars(select(Membership).where(Membership.user_id == user.id))
        return sorted(((row.role.key, row.unit_id) for row in rows), key=repr)


# -- giving ---------------------------------------------------------------------------------------------------


def test_a_token_for_members_alone_gives_no_rights_on_cases(caller, people, site):
    token = caller("manager", READ, WRITE)
    before = held(site, people["other"])
    for role in ("viewer", "officer", "leading", "settings", "administrator", "manager"):
        tells(site, give(token, people["other"], role, status=403), NO_MORE)
        tells(site, invite(token, role, status=403), NO_MORE)
    assert held(site, people["other"]) == before
    give(token, people["other"], "staffing")
    give(token, people["other"], "empty")
    with site.work(write=False) as work:
        denied = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "access:denied")
        assert work.session.scalar(denied) == 12
        assert work.session.scalars(select(Invitation)).all() == []


def test_a_token_with_the_scopes_of_a_role_gives_it(caller, people, site):
    token = caller("manager", READ, WRITE, *CASES)
    give(token, people["other"], "viewer")
    give(token, people["other"], "officer", "waste")
    for role in ("leading", "settings", "administrator", "manager"):
        tells(site, give(token, people["other"], role, status=403), NO_MORE)


def test_rights_that_no_scope_gives_are_given_by_no_token(caller, people, site):
    every = caller("chief", *scopes_of(site))
    for role in ("leading", "settings", "administrator"):
        tells(site, give(every, people["other"], role, status=403), NO_MORE)
        tells(site, invite(every, role, status=403), NO_MORE)
    give(every, people["other"], "viewer")


def test_reading_gives_nothing(caller, people):
    reader = caller("manager", READ, *CASES)
    give(reader, people["other"], "empty", status=403)
    caller("manager", WRITE).get("/members", status=403)
    caller("officer", READ, WRITE).get("/members", status=403)


# -- who is out of reach --------------------------------------------------------------------------------------

CHANGES = {
    "": {"name": "Eve"},
    "/disable": None,
    "/delete": None,
    "/end-sessions": None,
    "/roles": {"role": "empty"},
    "/transfer": {},
    "/deputies": {"deputy": 1, "first_day": "2030-01-01", "last_day": "2030-01-02"},
}


@pytest.mark.parametrize("end", CHANGES)
def test_no_token_changes_an_administrator(caller, people, site, end):
    body = CHANGES[end]
    for who in ("manager", "chief"):
        token = caller(who, *scopes_of(site))
        tells(site, act(token, people["second"], end, body, 403), ADMINISTRATORS)
    with site.work() as work:
        today = site.calendar.today(work.clock.now())
        second, other = (work.session.get(User, people[who].id) for who in ("second", "other"))
        work.get(DeputyService).add(second, other.id, today, today)
    # A deputy of an administrator has their rights.
    tells(site, act(token, people["other"], end, body, 403), ADMINISTRATORS)


def test_roles_of_administrators_are_not_taken(caller, people, site):
    token = caller("chief", *scopes_of(site))
    [number] = [one["id"] for one in token.get(path_of(people["second"])).json["roles"]]
    tells(site, act(token, people["second"], f"/roles/{number}/end", status=403), ADMINISTRATORS)
    assert held(site, people["second"]) == [("administrator", None)]


@pytest.mark.parametrize("end", CHANGES)
def test_a_token_does_not_change_its_own_person(caller, people, site, end):
    token = caller("manager", READ, WRITE, *CASES)
    tells(site, act(token, people["manager"], end, CHANGES[end], 403), OWN)
    with site.work(write=False) as work:
        [row] = work.session.get(User, people["manager"].id).memberships
    tells(site, act(token, people["manager"], f"/roles/{row.id}/end", status=403), OWN)


@pytest.mark.parametrize("end", CHANGES)
def test_members_elsewhere_citizens_and_programs_are_not_there(caller, people, site, end):
    with site.work(actor=identity_of(site, people["chief"])) as work:
        role = work.session.scalars(select(Role).where(Role.key == "viewer")).one()
        client, _token = work.get(ClientService).make(name="Robot", role=role, scopes=["cases:read"])
        machine = work.session.get(User, client.user_id)
    head, limited = caller("head", READ, WRITE), _limited(site, caller, people, "waste")
    for token in (head, limited):
        act(token, people["other"], end, CHANGES[end], 404)
        token.get(path_of(people["other"]), status=404)
    manager = caller("manager", READ, WRITE, *CASES)
    for nobody in (people["citizen"], machine):
        act(manager, nobody, end, CHANGES[end], 404)
        manager.get(path_of(nobody), status=404)
    manager.get("/members/999999999", status=404)


def identity_of(site, user):
    with site.work(write=False) as work:
        return identity(work, work.session.get(User, user.id))


def _limited(site, caller, people, unit, *scopes):
    """Return a caller whose token is limited to a unit."""
    with site.work(write=False) as work:
        row = work.session.scalars(select(Unit).where(Unit.key == unit)).one()
    return caller("manager", *(scopes or (READ, WRITE, *CASES)), unit=row)


# -- units ----------------------------------------------------------------------------------------------------


def test_the_manager_of_a_unit_gives_only_there(caller, people, site):
    for token in (caller("head", READ, WRITE, *CASES), _limited(site, caller, people, "waste")):
        before = held(site, people["officer"])
        tells(site, give(token, people["officer"], "viewer", "light", status=403), NO_MORE)
        tells(site, give(token, people["officer"], "viewer", status=403), NO_MORE)
        tells(site, give(token, people["officer"], "empty", "light", status=403), ELSEWHERE)
        tells(site, invite(token, "viewer", "light", status=403), NO_MORE)
        assert held(site, people["officer"]) == before
        given = give(token, people["officer"], "viewer", "waste").json["roles"][-1]
        act(token, people["officer"], f"/roles/{given['id']}/end")


def test_accounts_with_roles_elsewhere_are_not_closed(caller, people, site):
    token = caller("head", READ, WRITE, *CASES)
    give(caller("manager", READ, WRITE, *CASES), people["officer"], "viewer", "light")
    for end in ("/disable", "/delete", "/end-sessions", "/transfer"):
        tells(site, act(token, people["officer"], end, CHANGES[end], 403), ELSEWHERE)
    tells(site, act(token, people["officer"], "", {"username": "eve"}, 403), ELSEWHERE)
    [elsewhere] = [
        one for one in token.get(path_of(people["officer"])).json["roles"] if one["unit"] == "light"
    ]
    tells(site, act(token, people["officer"], f"/roles/{elsewhere['id']}/end", status=403), ELSEWHERE)


def test_invitations_of_other_units_are_not_there(caller, people, site):
    made = invite(caller("manager", READ, WRITE, *CASES), "viewer", "light").json
    for token in (caller("head", READ, WRITE, *CASES), _limited(site, caller, people, "waste")):
        assert token.get("/members/invitations").json["items"] == []
        path = f"/members/invitations/{made['id']}"
        token.post(f"{path}/revoke", status=404)
        token.post(f"{path}/renew", status=404, Idempotency_Key="renew-0001")
    with site.work(write=False) as work:
        assert work.session.get(Invitation, made["id"]).revoked_at is None


# -- what makes rights hold again -----------------------------------------------------------------------------


def test_an_account_is_opened_by_who_could_give_its_rights(caller, people, site):
    narrow, wide = caller("manager", READ, WRITE), caller("manager", READ, WRITE, *CASES)
    for close, reopen in (("/disable", "/enable"), ("/delete", "/restore")):
        act(narrow, people["officer"], close)
        tells(site, act(narrow, people["officer"], reopen, status=403), NO_MORE)
        act(wide, people["officer"], reopen)


def test_a_deputy_is_set_by_who_could_give_the_rights(caller, people, site):
    days = {"first_day": "2030-01-01", "last_day": "2030-01-02"}
    body = {"deputy": people["other"].id, **days}
    narrow, wide = caller("manager", READ, WRITE), caller("manager", READ, WRITE, *CASES)
    tells(site, act(narrow, people["officer"], "/deputies", body, 403), NO_MORE)
    [row] = act(wide, people["officer"], "/deputies", body).json["items"]
    tells(site, act(narrow, people["officer"], f"/deputies/{row['id']}/end", status=403), NO_MORE)
    give(wide, people["officer"], "staffing")
    with site.work() as work:
        settings = work.session.scalars(select(Role).where(Role.key == "settings")).one()
        work.session.add(Membership(user_id=people["officer"].id, role_id=settings.id))
    act(wide, people["officer"], f"/deputies/{row['id']}/end", status=403)


def test_the_service_lets_no_token_give_away_the_rights_of_its_person(people, site):
    narrow = load_token(site, token_for(site, people["manager"], READ, WRITE)).identity
    with site.work(actor=narrow) as work:
        manager = work.session.get(User, people["manager"].id)
        today = site.calendar.today(work.clock.now())
        with pytest.raises(Forbidden):
            work.get(DeputyService).add(manager, people["other"].id, today, today)
    with site.work(actor=identity_of(site, people["manager"])) as work:
        manager = work.session.get(User, people["manager"].id)
        assert work.get(DeputyService).add(manager, people["other"].id, today, today)


# -- invitations that are accepted later ----------------------------------------------------------------------


def accept(site, made):
    with site.work(actor=Identity.VISITOR) as work:
        service = work.get(InvitationService)
        invitation = service.open(made.json["url"].rpartition("/")[2], "join")
        return service.accept(invitation, name="Ada", password="سپیدار بلند کنار رود")


def test_who_accepts_gets_what_the_token_could_give(caller, people, site):
    ada = accept(site, invite(caller("manager", READ, WRITE, *CASES), "viewer"))
    assert held(site, ada) == [("viewer", None)]


def test_renewing_is_checked_as_the_token(caller, people, site):
    made = invite(caller("manager", READ, WRITE, *CASES), "viewer").json
    path = f"/members/invitations/{made['id']}/renew"
    narrow = caller("manager", READ, WRITE)
    tells(site, narrow.post(path, status=403, Idempotency_Key="renew-0001"), NO_MORE)
    # Its former link is still valid, and the narrow token can take it back.
    assert narrow.post(f"/members/invitations/{made['id']}/revoke").json["state"] == "revoked"


def test_an_invitation_gives_nothing_after_its_person_has_lost_the_right(caller, people, site):
    made = invite(caller("manager", READ, WRITE, *CASES), "viewer")
    with site.work() as work:
        for row in work.session.scalars(select(Membership).where(Membership.user_id == people["manager"].id)):
            work.session.delete(row)
    with pytest.raises(LinkExpired):
        accept(site, made)


@pytest.fixture
def program(caller, people, site):
    """A program of the personnel office with an account of its own, as caller and as service."""
    with site.work(actor=identity_of(site, people["chief"])) as work:
        rights = [RolePermission(permission=one) for one in (MANAGE, VIEW)]
        role = Role(key="personnel", title="personnel", permissions=rights)
        work.session.add(role)
        work.session.flush()
        scopes = [READ, WRITE, "cases:read"]
        client, token = work.get(ClientService).make(name="Personnel", role=role, scopes=scopes)
        number = client.id
    found = caller("chief", READ)
    found.token = token

    def change(what):
        with site.work(actor=identity_of(site, people["chief"])) as work:
            what(work.get(ClientService), work.get(ClientService).fetch(number))

    return found, change


def test_a_program_with_an_account_of_its_own_invites(program, site):
    ada = accept(site, invite(program[0], "viewer"))
    assert held(site, ada) == [("viewer", None)]


@pytest.mark.parametrize("what", ["revoke", "scopes", "role"])
def test_invitations_of_a_program_end_with_its_rights(program, site, what):
    caller, change = program
    made = invite(caller, "viewer")

    def spoil(service, client):
        if what == "revoke":
            service.revoke(client)
        elif what == "scopes":
            client.scopes = [READ, WRITE]
        else:
            client.role = None

    change(spoil)
    with pytest.raises(LinkExpired):
        accept(site, made)


# -- any scopes, roles and units ------------------------------------------------------------------------------


def random_city(site, rng):
    """Return units with None for the city, roles with random rights, and staff with random roles."""
    with site.work() as work:
        waste = work.session.scalars(select(Unit).where(Unit.key == "waste")).one()
        make_unit(work, "bins", parent_id=waste.id)
        units = [None, *work.session.scalars(select(Unit).order_by(Unit.id))]
        names = [MANAGE, LEAD, VIEW, WORK, "core:setting:manage", "core:unit:manage", "core:role:manage"]
        for number in range(12):
            chosen = rng.sample(names, rng.randrange(1, len(names)))
            rights = [RolePermission(permission=one) for one in chosen]
            work.session.add(Role(key=f"r{number}", title=f"r{number}", permissions=rights))
        work.session.flush()
        roles = list(work.session.scalars(select(Role).order_by(Role.id)))
        staff = list(work.session.scalars(select(User).where(User.username.is_not(None)).order_by(User.id)))
        for person in staff:
            for role, unit in itertools.product(rng.sample(roles, 2), rng.sample(units, 1)):
                if role.builtin and unit is not None:
                    continue
                work.session.add(Membership(user_id=person.id, role_id=role.id, unit_id=unit and unit.id))
        work.session.flush()
    return units, roles, staff


def test_no_token_can_give_what_its_person_may_not(people, site):
    """For random scopes, roles, units and people: what a token may do is part of what its person may do."""
    rng = random.Random(20261202)
    units, roles, staff = random_city(site, rng)
    compared, cut = 0, 0
    for person in staff:
        full = identity_of(site, person)
        for _round in range(6):
            scopes = {WRITE, *rng.sample(sorted(scopes_of(site)), rng.randrange(0, 6))}
            limit = rng.choice(units)
            narrow = load_token(site, token_for(site, person, *scopes, unit=limit)).identity
            wide, few = possible(site, full, roles, units, staff), possible(site, narrow, roles, units, staff)
            assert few <= wide
            compared, cut = compared + len(few), cut + len(wide - few)
    assert min(compared, cut) > 100


def test_no_call_gives_what_its_person_may_not(caller, people, site):
    """The same for calls: what is given was possible for the person, and is part of what the token has itself."""
    rng = random.Random(20261203)
    units, roles, staff = random_city(site, rng)
    given = 0
    for person in staff:
        people["person"], full = person, identity_of(site, person)
        for _round in range(4):
            scopes = {WRITE, *rng.sample(sorted(scopes_of(site)), rng.randrange(0, 6))}
            token = caller("person", *scopes, unit=rng.choice(units))
            narrow = load_token(site, token.token).identity
            wide = possible(site, full, roles, units, staff)
            for role, unit, one in itertools.product(
                rng.sample(roles, 4), rng.sample(units, 2), [people["officer"]]
            ):
                before = held(site, one)
                body = {"role": role.key, "unit": unit and unit.key}
                answer = act(token, one, "/roles", body, status="*")
                assert answer.status_int in (200, 403, 404, 422)
                if answer.status_int == 200:
                    given += 1
                    assert ("give", role.id, unit and unit.id) in wide
                    names = {right.permission for right in role.permissions}
                    assert all(narrow.permits(name) for name in names)
                else:
                    assert held(site, one) == before
    assert given > 10


def possible(site, actor, roles, units, staff):
    """Return everything that an actor may do with roles, invitations and accounts."""
    with site.work(actor=actor, write=False) as work:
        rights, invitations = work.get(RightsService), work.get(InvitationService)
        found = set()
        for role, unit in itertools.product(roles, units):
            unit_id = unit.id if unit else None
            if rights.may_give(role, unit_id, None) and rights.manages_within(unit_id):
                found.add(("give", role.id, unit_id))
            if invitations._may_give([Scope(role=role, unit=unit)], actor):
                found.add(("invite", role.id, unit_id))
        for one in staff:
            user = work.session.get(User, one.id)
            if rights.sees(user):
                found.add(("see", user.id))
            if rights.manages(user):
                found.add(("manage", user.id))
            if rights.manages(user) and rights.may_delegate(user):
                found.add(("delegate", user.id))
            if rights.may_control_account(user):
                found.add(("open", user.id))
            try:
                rights.require_manage(user)
                found.add(("change", user.id))
            except Forbidden:
                pass
    return found
