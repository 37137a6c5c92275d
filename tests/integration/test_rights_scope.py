"""The unit of a right limits it in every service: managers of members see and change the people of their units only."""

import random
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from integration.routes import pages_of
from portal import Portal
from sqlalchemy import delete, select
from webtest import TestApp

from civicportal.app import create_app
from civicportal.core.db import Base
from civicportal.core.security import Identity
from civicportal.domain.accounts.city_rights import DONE, limited_memberships, separate_city_rights
from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.invitations import InvitationService, Scope
from civicportal.domain.accounts.members import MemberService
from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import Deputy, Membership, Role, RolePermission, User
from civicportal.domain.accounts.permissions import LEAD_VERBS
from civicportal.domain.accounts.rights import MANAGE, RightsService
from civicportal.domain.accounts.roles import RoleService, UnlimitedRights
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.organization.models import Category, Seed, Unit
from civicportal.portal.members.directory import MemberDirectory, MemberQuery
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import FakeClock, identity, make_category, make_citizen, make_staff, make_unit
from civicportal.util.errors import Forbidden, NotFound, Refused

VIEW, LEAD, TEXTS, SETTINGS = (
    "petitions:case:view",
    "core:unit:lead",
    "core:text:manage",
    "core:setting:manage",
)
RIGHTS = (MANAGE, VIEW, LEAD, TEXTS, SETTINGS, "petitions:case:register", "core:role:manage")


def test_rights_of_several_services_with_one_title_are_named_once(site):
    register = "petitions:case:register"
    with site.work(write=False) as work:
        titles = work.get(RightsService).titles
        assert titles([register, register]) == titles([register])


# -- the rule in Python and in SQL --------------------------------------------------------------------------


def scatter(site, rng):
    """Make a small city whose people hold roles anywhere, as old databases may hold them."""
    with site.work() as work:
        units = [make_unit(work, "unit0")]
        for number in range(1, 5):
            above = rng.choice([None, *units])
            units.append(make_unit(work, f"unit{number}", parent_id=above and above.id))
        categories = [make_category(work, f"topic{n}", unit=units[n]) for n in range(2)]
        roles = [
            Role(
                key=f"role{n}",
                title=f"role{n}",
                permissions=[RolePermission(permission=name) for name in rng.sample(RIGHTS, 3)],
            )
            for n in range(5)
        ]
        work.session.add_all(roles)
        make_citizen(work)
        people = [make_staff(work, username=f"person{n}", permissions=[]) for n in range(12)]
        work.session.flush()
        for person in people:
            person.memberships.clear()
            for _nth in range(rng.randrange(3)):
                unit, category = rng.choice([None, *units]), rng.choice([None, None, *categories])
                work.session.add(
                    Membership(
                        user=person,
                        role=rng.choice(roles),
                        unit_id=unit and unit.id,
                        category_id=category and category.id,
                    )
                )


@pytest.mark.both_databases
@pytest.mark.parametrize("seed", range(3))
def test_whom_a_manager_sees_is_one_rule_in_sql_and_in_python(site, seed):
    scatter(site, random.Random(seed))
    with site.work(write=False) as reader:
        actors = [
            identity_of(reader, user, "staff")
            for user in reader.session.scalars(select(User).where(User.username.is_not(None)))
        ]
    for actor in actors:
        with site.work(actor=actor, write=False) as work:
            rights = work.get(RightsService)
            people = work.session.scalars(select(User)).all()
            in_sql = set(work.session.scalars(select(User.id).where(rights.seen())))
            assert in_sql == {user.id for user in people if rights.sees(user)}
            managed = {user.id for user in people if rights.manages(user)}
            assert managed <= in_sql
            if not actor.permits(MANAGE):
                assert in_sql == set()
            units = rights.managed_units()
            for user in people:
                held = {row.unit_id for row in user.memberships}
                expected = units is None or (bool(held) and held <= units)
                assert (user.id in managed) == expected
                listed = work.get(MemberDirectory).page(MemberQuery(citizen=user.id)).rows
                assert bool(listed) == (user.id in in_sql)


@pytest.mark.parametrize("seed", range(3))
def test_a_limited_membership_gives_no_right_that_it_cannot_limit(site, seed):
    scatter(site, random.Random(seed))
    with site.work(write=False) as work:
        for user in work.session.scalars(select(User).where(User.username.is_not(None))):
            held = sorted(user.memberships, key=lambda row: row.id)
            grants = [grant for grant in identity_of(work, user, "staff").grants if not grant.leads]
            for row, grant in zip(held, grants, strict=True):
                wanted = {right.permission for right in row.role.permissions}
                if row.unit_id or row.category_id:
                    wanted -= {TEXTS, SETTINGS, "petitions:case:register", "core:role:manage"}
                if row.category_id:
                    wanted -= {MANAGE}
                assert grant.permissions == wanted


def hold(work, user, permissions, unit):
    """Grant rights in a unit that it cannot limit, which no service allows."""
    role = work.session.scalar(select(Role).where(Role.key == "mixed"))
    if role is None:
        rights = [RolePermission(permission=name) for name in permissions]
        role = Role(key="mixed", title="mixed", permissions=rights)
        work.session.add(role)
        work.session.flush()
    work.session.add(Membership(user=user, role=role, unit_id=unit.id))
    work.session.flush()


# -- deeds --------------------------------------------------------------------------------------------------


@pytest.fixture
def city(site):
    """Return a site with a manager of the unit "waste", and people in it, elsewhere, and in both."""
    with site.work() as work:
        waste, pr = make_unit(work, "waste"), make_unit(work, "pr")
        work.session.add(
            Role(
                key="keeper",
                title="keeper",
                permissions=[RolePermission(permission=n) for n in (MANAGE, VIEW)],
            )
        )
        work.session.flush()
        make_staff(work, "keeper", unit=waste, username="keeper")
        make_staff(work, "worker", unit=waste, username="early", permissions=[VIEW])
        make_staff(work, "worker", unit=waste, username="mine")
        make_staff(work, "worker", unit=pr, username="theirs")
        both = make_staff(work, "worker", unit=waste, username="both")
        role = work.session.scalar(select(Role).where(Role.key == "worker"))
        work.session.add(Membership(user=both, role=role, unit_id=pr.id))
        make_staff(work, "administrator", username="boss")
        make_citizen(work)
    return site


def person(work, username):
    return work.session.scalars(select(User).where(User.username == username)).one()


def keeper(site):
    with site.work(write=False) as work:
        return identity(work, person(work, "keeper"))


@pytest.mark.parametrize("who", ["theirs", "boss", "citizen"])
def test_people_of_other_units_are_not_there(city, who):
    with city.work(actor=keeper(city), write=False) as work:
        user = (
            work.session.scalars(select(User).where(User.username.is_(None))).one()
            if who == "citizen"
            else person(work, who)
        )
        with pytest.raises(NotFound):
            work.get(MemberService).fetch(user.id)


DEEDS = {
    "edit": lambda work, user: work.get(MemberService).edit(user, name="x", username=user.username),
    "disable": lambda work, user: work.get(MemberService).disable(user),
    "enable": lambda work, user: work.get(MemberService).enable(user),
    "delete": lambda work, user: work.get(MemberService).delete(user),
    "reset": lambda work, user: work.get(InvitationService).reset(user),
    "deputy": lambda work, user: work.get(DeputyService).add(
        user, person(work, "mine").id, work.get(DeputyService).today, work.get(DeputyService).today
    ),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("who", ["theirs", "both", "boss"])
def test_an_account_with_a_role_elsewhere_is_not_changed(city, deed, who):
    with city.work(actor=keeper(city)) as work, pytest.raises(Forbidden):
        DEEDS[deed](work, person(work, who))


@pytest.mark.parametrize("deed", ["edit", "disable", "reset"])
def test_the_people_of_the_unit_are_managed(city, deed):
    with city.work(actor=keeper(city)) as work:
        DEEDS[deed](work, person(work, "mine"))


@pytest.mark.parametrize("absent", ["boss", "theirs"])
@pytest.mark.parametrize(
    ("first", "last", "possible"),
    [(-2, -1, True), (-1, 0, False), (0, 0, False), (1, 2, False)],
    ids=["until yesterday", "until today", "today", "from tomorrow"],
)
def test_the_account_of_a_deputy_has_the_rights_of_the_represented_person(
    city, absent, first, last, possible
):
    with city.work() as work:
        today = work.get(DeputyService).today
        days = {"first_day": today + timedelta(days=first), "last_day": today + timedelta(days=last)}
        mine, other = person(work, "mine"), person(work, absent)
        work.session.add(Deputy(absent_id=other.id, deputy_id=mine.id, **days))
        # A deputy gives the absent person no further rights.
        work.session.add(Deputy(absent_id=mine.id, deputy_id=person(work, "both").id, **days))
        # Nor do they get what others have who stand in.
        for another in ("early", "both"):
            now = {"first_day": today, "last_day": today}
            work.session.add(Deputy(absent_id=other.id, deputy_id=person(work, another).id, **now))
    with city.work(actor=keeper(city)) as work:
        mine = person(work, "mine")
        assert work.get(RightsService).manages(mine) is possible
        if possible:
            work.get(MemberService).disable(mine)
        else:
            with pytest.raises(Forbidden):
                work.get(MemberService).disable(mine)


def test_roles_are_given_and_taken_in_the_unit_only(city):
    with city.work(actor=keeper(city)) as work:
        service, user = work.get(MembershipService), person(work, "both")
        rows = {row.unit_id: row for row in service.of(user)}
        waste = work.session.scalars(select(Unit).where(Unit.key == "waste")).one()
        pr = work.session.scalars(select(Unit).where(Unit.key == "pr")).one()
        with pytest.raises(Forbidden):
            service.take(user, rows[pr.id].id)
        service.take(user, rows[waste.id].id)
        role = work.session.scalars(select(Role).where(Role.key == "worker")).one()
        service.give(user, role, unit=waste)
        for unit in (pr, None):
            with pytest.raises(Forbidden):
                service.give(person(work, "mine"), role, unit=unit)


def test_invitations_are_made_and_seen_in_the_unit_only(city):
    with city.work() as work:
        role = work.session.scalars(select(Role).where(Role.key == "worker")).one()
        pr = work.session.scalars(select(Unit).where(Unit.key == "pr")).one()
        new = {"username": "other", "name": "x", "mobile": "+989000000401"}
        other = work.get(InvitationService).invite(**new, scopes=[Scope(role=role, unit=pr)])[0].id
    with city.work(actor=keeper(city)) as work:
        service, role = work.get(InvitationService), work.get(RoleService).fetch(role.id)
        waste = work.session.scalars(select(Unit).where(Unit.key == "waste")).one()
        new = {"username": "new", "name": "x", "mobile": "+989000000402"}
        for scopes in ([], [Scope(role=role)], [Scope(role=role, unit=work.session.get(Unit, pr.id))]):
            with pytest.raises(Forbidden):
                service.invite(**new, scopes=scopes)
        made, _token = service.invite(**new, scopes=[Scope(role=role, unit=waste)])
        assert [row.id for row in service.waiting()] == [made.id]
        with pytest.raises(NotFound):
            service.fetch(other)


# -- what is not given --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "unit", "category", "possible"),
    [
        (SETTINGS, True, False, False),
        (SETTINGS, False, True, False),
        (SETTINGS, False, False, True),
        ("petitions:case:register", True, False, False),
        (MANAGE, True, False, True),
        (MANAGE, False, True, False),
        (VIEW, True, True, True),
        (LEAD, True, True, True),
    ],
)
def test_a_role_is_given_only_where_its_rights_can_be_limited(site, right, unit, category, possible):
    with site.work() as work:
        user, role = make_staff(work, "worker", permissions=[VIEW]), work.get(RoleService).create("new")
        role.permissions.append(RolePermission(permission=right))
        work.session.flush()
        where = {
            "unit": make_unit(work, "waste") if unit else None,
            "category": make_category(work, "bins") if category else None,
        }
        give = work.get(MembershipService).give
        if possible:
            give(user, role, **where)
        else:
            with pytest.raises(Refused):
                give(user, role, **where)


HEAD_RIGHTS = [f"petitions:case:{verb}" for verb in LEAD_VERBS]


@pytest.mark.parametrize(
    ("held", "in_unit", "possible"),
    [
        ([], False, False),
        (HEAD_RIGHTS[:-1], False, False),
        (HEAD_RIGHTS, False, True),
        ([], True, True),
    ],
)
def test_a_head_is_made_only_by_who_may_do_what_a_head_may(site, held, in_unit, possible):
    """The head of a unit may see and work on all its cases; the right to lead without a unit gives none of that."""
    with site.work() as work:
        unit = make_unit(work, "waste")
        role = work.get(RoleService).create("head")
        role.permissions.append(RolePermission(permission=LEAD))
        make_staff(work, "worker", permissions=HEAD_RIGHTS, username="worker")
        giver = make_staff(
            work, "giver", permissions=[MANAGE, LEAD, *held], unit=unit if in_unit else None, username="giver"
        )
        user = make_staff(work, "plain", permissions=[VIEW], unit=unit, username="user")
    with site.work() as work:
        who = identity(work, work.session.get(User, giver.id))
    with site.work(actor=who) as work:
        give = partial(
            work.get(MembershipService).give,
            work.session.get(User, user.id),
            work.session.get(Role, role.id),
            unit=work.session.get(Unit, unit.id),
        )
        if possible:
            give()
        else:
            with pytest.raises(Forbidden):
                give()


@pytest.fixture
def tree(site):
    """Return ids of units one below the other, one beside them, and of categories."""
    with site.work() as work:
        parent = make_unit(work, "parent")
        child = make_unit(work, "child", parent_id=parent.id)
        topic = make_category(work, "topic")
        return {
            "parent": parent.id,
            "child": child.id,
            "grandchild": make_unit(work, "grandchild", parent_id=child.id).id,
            "sibling": make_unit(work, "sibling", parent_id=parent.id).id,
            "topic": topic.id,
            "subtopic": make_category(work, "subtopic", parent_id=topic.id).id,
            "other": make_category(work, "other").id,
            None: None,
        }


UNITS, TOPICS = ("parent", "child", "grandchild", "sibling", None), ("topic", "subtopic", "other", None)


@pytest.mark.parametrize(
    ("unit", "category", "units", "topics"),
    [
        (None, None, UNITS, TOPICS),
        ("child", None, ("child", "grandchild"), TOPICS),
        (None, "topic", UNITS, ("topic", "subtopic")),
        ("child", "topic", ("child", "grandchild"), ("topic", "subtopic")),
    ],
)
def test_a_role_is_given_within_what_the_giver_has(site, tree, unit, category, units, topics):
    with site.work() as work:
        places = [work.session.get(Unit, tree[unit])] if unit else [None]
        topic = work.session.get(Category, tree[category]) if category else None
        giver = make_staff(work, "giver", permissions=[VIEW], unit=places[0], category=topic)
        role = giver.memberships[0].role
        who = identity(work, giver)
    lent = replace(who, grants=tuple(replace(grant, own=False) for grant in who.grants))
    with site.work(actor=who, write=False) as work:
        rights, role = work.get(RightsService), work.session.get(Role, role.id)
        possible = {
            (one, other) for one in UNITS for other in TOPICS if rights.may_give(role, tree[one], tree[other])
        }
        assert possible == {(one, other) for one in units for other in topics}
        # A deputy does not pass on the rights of the absent person.
        assert not rights.may_give(role, tree[unit], tree[category], by=lent)
        assert rights.may_give(role, tree[None], tree[None], by=Identity.SYSTEM)


def test_an_administrators_role_is_given_by_an_administrator_only(site):
    with site.work() as work:
        boss = identity(work, make_staff(work, "administrator"))
        every = identity(work, make_staff(work, "every", permissions=sorted(work.site.permissions)))
        role = work.get(RoleService).ensure_administrator()
        rights = work.get(RightsService)
        assert rights.may_give(role, None, None, by=boss)
        assert not rights.may_give(role, None, None, by=every)


def test_who_is_limited_to_a_category_makes_no_head_of_a_unit(site, tree):
    with site.work() as work:
        topic = work.session.get(Category, tree["topic"])
        giver = make_staff(work, "giver", permissions=[LEAD, *HEAD_RIGHTS], category=topic)
        role, who = giver.memberships[0].role, identity(work, giver)
        rights = work.get(RightsService)
        assert not rights.may_give(role, tree["child"], tree["topic"], by=who)
        # Without a unit it makes no one a head.
        assert rights.may_give(role, None, tree["topic"], by=who)
        everywhere = identity(work, make_staff(work, "wide", permissions=[LEAD, *HEAD_RIGHTS]))
        assert rights.may_give(role, tree["child"], tree["topic"], by=everywhere)


def test_a_role_may_contain_what_the_actor_has_everywhere(site, tree):
    with site.work() as work:
        unit, topic = work.session.get(Unit, tree["child"]), work.session.get(Category, tree["topic"])
        people = {
            "everywhere": make_staff(work, "manager", permissions=[MANAGE, LEAD]),
            "head of heads": make_staff(work, "head", permissions=[MANAGE, LEAD, *HEAD_RIGHTS]),
            "in a unit": make_staff(work, "manager", permissions=[MANAGE, LEAD], unit=unit),
            "in a category": make_staff(work, "viewer", permissions=[VIEW], category=topic),
        }
        people = {name: identity(work, person) for name, person in people.items()}
        everywhere = people["everywhere"]
        people["deputy"] = replace(
            everywhere, grants=tuple(replace(grant, own=False) for grant in everywhere.grants)
        )
        rights, found = work.get(RightsService), {}
        for name, actor in people.items():
            with work.acting_as(actor):
                found[name] = [one for one in (MANAGE, LEAD, VIEW) if rights.holds_everywhere(one)]
        assert found == {
            "everywhere": [MANAGE],
            "head of heads": [MANAGE, LEAD, VIEW],
            "in a unit": [],
            "in a category": [],
            "deputy": [],
        }


def test_a_role_held_in_a_unit_gets_no_right_of_the_whole_city(site):
    with site.work() as work:
        unit = make_unit(work, "waste")
        role = make_staff(work, "worker", unit=unit, permissions=[VIEW]).memberships[0].role
        with pytest.raises(UnlimitedRights):
            work.get(RoleService).change(role, title=role.title, permissions=[VIEW, SETTINGS])
        work.get(RoleService).change(role, title=role.title, permissions=[VIEW, MANAGE])


def test_an_upgrade_carries_rights_of_services_over_and_no_powers(site):
    with site.work() as work:
        work.session.execute(delete(Seed).where(Seed.key == DONE))
        unit = make_unit(work, "pr")
        # A role of the city's own that has the key of which the upgrade would think first.
        work.session.add(Role(key="city-1", title="x", permissions=[RolePermission(permission=MANAGE)]))
        rights = [VIEW, TEXTS, SETTINGS, "petitions:case:register"]
        for name in ("one", "two"):
            hold(work, make_staff(work, "plain", permissions=[], username=name), rights, unit)
    assert separate_city_rights(site) == 2
    assert separate_city_rights(site) == 0
    with site.work() as work:
        for name in ("one", "two"):
            who = identity(work, person(work, name))
            assert {TEXTS, "petitions:case:register", VIEW} == {
                right for right in (*RIGHTS, VIEW) if who.permits(right)
            }
        [(_row, names), _other] = limited_memberships(work)
        assert SETTINGS in names


def test_an_upgrade_gives_to_each_what_their_limited_roles_gave_of_services(site, tree):
    with site.work() as work:
        work.session.execute(delete(Seed).where(Seed.key == DONE))
        unit, topic = work.session.get(Unit, tree["child"]), work.session.get(Category, tree["topic"])
        of_service = "petitions:case:register"
        roles = {
            name: Role(
                key=name,
                title=f"{name} ".ljust(120, "x"),
                permissions=[RolePermission(permission=right) for right in rights],
            )
            for name, rights in {
                "texts": [TEXTS],
                "register": [of_service, SETTINGS],
                "powers": [SETTINGS, "core:unit:manage"],
                "view": [VIEW],
                "manage": [MANAGE],
            }.items()
        }
        work.session.add_all(roles.values())
        work.session.flush()
        held = {
            "deleted": [("texts", unit, None)],
            "two roles": [("texts", unit, None), ("register", None, topic)],
            "one role": [("texts", None, topic)],
            "no category": [("manage", unit, None)],
            "category": [("manage", None, topic)],
            "powers": [("powers", unit, None)],
            "limited": [("view", unit, topic)],
            "everywhere": [("texts", None, None)],
        }
        people = {name: make_staff(work, "plain", permissions=[], username=name) for name in held}
        for name, rows in held.items():
            for role, where, about in rows:
                of = {"unit_id": where and where.id, "category_id": about and about.id}
                work.session.add(Membership(user=people[name], role=roles[role], **of))
        people["deleted"].deleted_at = work.clock.now()
        work.session.flush()
        listed = [(row.user_id, names) for row, names in limited_memberships(work)]
        assert listed == [
            (people["two roles"].id, [TEXTS]),
            (people["two roles"].id, [SETTINGS, of_service]),
            (people["one role"].id, [TEXTS]),
            (people["category"].id, [MANAGE]),
            (people["powers"].id, [SETTINGS, "core:unit:manage"]),
        ]
    assert separate_city_rights(site) == 2
    with site.work(write=False) as work:
        given = {
            name: [
                sorted(right.permission for right in row.role.permissions)
                for row in sorted(work.session.get(User, user.id).memberships, key=lambda row: row.id)
                if row.role.key.startswith("city-")
            ]
            for name, user in people.items()
        }
        assert {name: rows for name, rows in given.items() if rows} == {
            "two roles": [[TEXTS, of_service]],
            "one role": [[TEXTS]],
        }
        made = work.session.scalars(select(Role).where(Role.key.startswith("city-")).order_by(Role.id)).all()
        # The longest title there may be is not made longer.
        assert [(role.key, role.title.split()[0], len(role.title)) for role in made] == [
            ("city-1", "texts", 120),
            ("city-2", "texts", 120),
        ]


# -- every page ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portal(civic_session, civic_database, tmp_path_factory):
    made = Portal(
        tmp_path_factory.mktemp("rights"),
        civic_session.new_database(civic_database),
        make_tables=civic_session.databases.migrate,
    )
    made.site.clock = FakeClock()
    yield made
    made.site.engines.dispose()


def rows(site):
    """Return every row of the people and their rights."""
    names = (
        "users",
        "memberships",
        "roles",
        "role_permissions",
        "deputies",
        "invitations",
        "units",
        "categories",
    )
    with site.engines.read.connect() as connection:
        tables = [Base.metadata.tables[name] for name in names]
        return {
            table.name: sorted(
                map(
                    str,
                    connection.execute(select(*[c for c in table.c if c.name != "last_seen_at"])).all(),
                )
            )
            for table in tables
        }


def test_all_rights_in_one_unit_open_no_city_wide_page_and_no_person_of_another_unit(portal):
    """Two units and every staff page and form: a person with all rights in one unit reaches nothing beyond it."""
    site = portal.site
    with site.work() as work:
        work.get(SeedService).load()
        waste, pr = (
            work.session.scalars(select(Unit).where(Unit.key == key)).one() for key in ("waste", "pr")
        )
        every = [name for name, right in site.permissions.items()]
        chief = make_staff(work, "plain", permissions=[])
        hold(work, chief, every, waste)
        theirs = make_staff(work, "handler", unit=pr)
        role = theirs.memberships[0].role
        scopes = [Scope(role=role, unit=pr)]
        new = {"username": "new", "name": "x", "mobile": "+989000000403"}
        invitation, _token = work.get(InvitationService).invite(**new, scopes=scopes)
        token = work.get(SessionService).open("staff", chief)
        ids = {"id": str(theirs.id), "number": str(theirs.memberships[0].id)}
        of_invitation = {"id": str(invitation.id)}
    browser = TestApp(create_app(site))
    browser.set_cookie(site.cookie_name, token)
    form = {"csrf_token": site.keys.mac("csrf", token).hex()}
    before, wrong = rows(site), []
    for page in pages_of(site.registry):
        right = site.permissions.get(page.permission)
        # No session counts below the addresses of programs.
        if right is None or right.scope == "case" or page.pattern.startswith(site.registry.api_prefixes):
            continue
        if right.scope == "unit" and not page.has_arguments:
            continue
        path = page.path(**(of_invitation if "invitation" in page.route else ids))
        for method in page.methods:
            answer = (
                browser.get(path, status="*") if method == "GET" else browser.post(path, form, status="*")
            )
            expected = 403 if right.scope == "city" else 404
            if answer.status_int != expected:
                wrong.append(f"{method} {path} ({page.permission}): {answer.status}, not {expected}")
    assert not wrong
    assert rows(site) == before
    listed = browser.get("/admin/members").text
    assert chief.name in listed
    assert theirs.name not in listed
