"""Rights over cases: the rule in SQL and the rule in Python are one rule."""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from civicportal.core.security import Grant, Identity
from civicportal.domain.accounts.identity import head_of
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.permissions import LEAD, LEAD_VERBS
from civicportal.domain.cases.access.indexed import in_own_units, scope_parts
from civicportal.domain.cases.access.rights import (
    AccessService,
    can,
    holds,
    in_kartable,
    persons,
    sees_all,
    visible,
)
from civicportal.domain.cases.conditions import sent_between
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.scope import CaseScope
from civicportal.domain.cases.search import CaseSearch
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.counters import open_referrals
from civicportal.domain.kartable.partitions import partitions
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.statistics.backfill import rebuild
from civicportal.domain.statistics.lookup import CounterService
from civicportal.domain.tokens.scopes import kept_of, narrowed, scopes_of
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit
from civicportal.testing.asking import statements
from civicportal.util.errors import Forbidden, NotFound
from civicportal.util.lists import Total, count_rows

pytestmark = pytest.mark.both_databases

VERBS = ("view", "work", "contact", "act_any", "export")
PERMISSIONS = [f"{kind}:case:{verb}" for kind in ("petitions", "gone") for verb in VERBS]
HEAD_RIGHTS = frozenset(f"{kind}:case:{verb}" for kind in ("petitions", "gone") for verb in LEAD_VERBS)
CASES, PEOPLE = 40, 4
DAYS = CASES // 4


def scatter(site, rng):
    """Make a small city, and cases with referrals of every type, also such as no person would make."""
    with site.work() as work:
        units = [make_unit(work, f"unit{n}") for n in range(4)]
        categories = [make_category(work, f"topic{n}", unit=units[n]) for n in range(3)]
        people = [make_staff(work, username=f"person{n}") for n in range(PEOPLE)]
    for number in range(CASES):
        if number % (CASES // DAYS) == 0:
            site.clock.advance(days=1)
        with site.work() as work:
            case = make_case(work, category=rng.choice([None, *categories]))
            for referral in work.get(AccessService).referrals(case):
                referral.closed_at = work.clock.now()
            case.kind = rng.choice(["petitions", "petitions", "gone"])
            case.unit_id = rng.choice([None, *(unit.id for unit in units)])
            for nth in range(rng.randrange(4)):
                now = work.clock.now() + timedelta(days=rng.randrange(4))
                work.session.add(any_referral(case, rng, units, people, now, first=nth == 0))
    rebuild(site)


def any_referral(case, rng, units, people, now, *, first):
    return Referral(
        case_id=case.id,
        type="action" if first and rng.random() < 0.7 else rng.choice(["copy", "inquiry", "job", "job"]),
        to_unit_id=rng.choice(units).id,
        to_user_id=rng.choice([None, None, rng.choice(people).id]),
        taken_by_id=rng.choice([None, None, rng.choice(people).id]),
        created_at=now,
        closed_at=rng.choice([None, None, now]),
    )


@st.composite
def identities(draw, units, categories, people):
    def scope(ids):
        return draw(st.none() | st.frozensets(st.sampled_from(ids), max_size=3))

    grants = tuple(
        Grant(
            permissions=draw(st.frozensets(st.sampled_from(PERMISSIONS), max_size=4)),
            administrator=draw(st.integers(0, 9)) == 0,
            units=scope(units),
            categories=scope(categories),
        )
        for _number in range(draw(st.integers(0, 3)))
    )
    if draw(st.booleans()):
        lead = Grant(permissions=frozenset({LEAD}), units=scope(units), categories=scope(categories))
        grants += tuple(filter(None, [head_of(lead, HEAD_RIGHTS)]))
    return Identity(
        user_id=draw(st.sampled_from(people)),
        name="",
        realm=draw(st.sampled_from(["staff", "staff", "staff", "staff", "citizen", "system", "visitor"])),
        grants=grants,
        deputy_for=draw(st.frozensets(st.sampled_from(people), max_size=1)),
        referral_units=scope(units),
    )


@pytest.mark.parametrize("seed", range(2))
def test_the_two_rules_are_one(site, seed):
    scatter(site, random.Random(seed))
    with site.work(write=False) as work:
        compare(work)


def is_reached(person, case, referrals):
    units = {case.unit_id, *(referral.to_unit_id for referral in referrals)}
    mine = {referral.to_user_id for referral in referrals} | {referral.taken_by_id for referral in referrals}
    return bool(mine & persons(person)) or any(
        (part.kinds is None or case.kind in part.kinds)
        and (part.units is None or units & part.units)
        and (part.categories is None or case.category_id in part.categories)
        for part in scope_parts(person)
    )


def compare(work):
    session = work.session
    units, categories, people = (list(session.scalars(select(model.id))) for model in (Unit, Category, User))
    cases = session.scalars(select(Case)).all()
    referrals = session.scalars(select(Referral)).all()
    of_case = {case.id: [referral for referral in referrals if referral.case_id == case.id] for case in cases}
    by_id = {case.id: case for case in cases}
    calendar = work.site.calendar

    member = Grant(
        permissions=frozenset({"petitions:case:view"}), administrator=False, units=frozenset(units[:2])
    )
    officer = Identity(user_id=people[0], name="", realm="staff", grants=(member,))
    rights = frozenset({"petitions:case:view", "petitions:case:contact"})
    topic = Grant(permissions=rights, units=frozenset(units[:2]), categories=frozenset(categories[:1]))
    specialist = replace(officer, grants=(topic,))

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(identities(units, categories, people), st.sampled_from(VERBS), st.integers(0, DAYS))
    @example(officer, "view", DAYS // 2)
    @example(specialist, "view", DAYS // 2)
    @example(specialist, "contact", DAYS // 2)
    def check(person, verb, days):
        in_sql = set(session.scalars(select(Case.id).where(visible(person, verb))))
        in_python = {case.id for case in cases if can(person, verb, case, of_case[case.id])}
        assert in_sql == in_python
        walked = select(Case.id).where(visible(person, verb, walked=True))
        assert set(session.scalars(walked)) == in_python
        of_a_desk = CounterService(work)
        for kind in {case.kind for case in cases}:
            own = in_own_units(person, kind)
            if verb == "view":
                assert (
                    own is None
                    or set(session.scalars(select(Case.id).where(Case.kind == kind, own))) <= in_sql
                )
                with work.acting_as(person):
                    listed = select(Case.id).where(Case.kind == kind, CaseScope(work).listed(kind))
                    total = count_rows(session, walked.where(Case.kind == kind))
                    every = select(Case.id).where(Case.kind == kind)
                    assert CaseSearch(work).total_listed(kind, every) == total
                    assert CaseSearch(work).total_listed(
                        kind, every.where(Case.unit_id == units[0])
                    ) == Total(
                        sum(by_id[id_].kind == kind and by_id[id_].unit_id == units[0] for id_ in in_sql)
                    )
                    assert CounterService(work).total(kind) == of_a_desk.total(kind) == total
                    assert CounterService(work).total(
                        kind, units=units[:2], categories=categories[1:]
                    ) == Total(
                        sum(
                            by_id[id_].kind == kind
                            and by_id[id_].unit_id in units[:2]
                            and by_id[id_].category_id in categories[1:]
                            for id_ in in_sql
                        )
                    )
                    seen = select(Case.id).where(Case.kind == kind, CaseScope(work).seen(kind))
                    day = calendar.today(work.clock.now()) - timedelta(days=days)
                    young = every.where(sent_between(calendar, day, None), CaseScope(work).seen(kind, day))
                    begun = calendar.day_bounds(day)[0]
                    assert set(session.scalars(young)) == {
                        id_ for id_ in in_sql if by_id[id_].kind == kind and by_id[id_].created_at >= begun
                    }
                assert set(session.scalars(seen)) == {id_ for id_ in in_sql if by_id[id_].kind == kind}
                assert set(session.scalars(listed)) == {id_ for id_ in in_sql if by_id[id_].kind == kind}
                assert total == Total(sum(by_id[id_].kind == kind for id_ in in_sql))
            if sees_all(person, kind, verb):
                assert {case.id for case in cases if case.kind == kind} <= in_sql
        joined = select(Referral.id).join(Case, Case.id == Referral.case_id)
        held = set(session.scalars(joined.where(in_kartable(person))))
        assert held == {
            referral.id for referral in referrals if holds(person, by_id[referral.case_id], referral)
        }
        in_parts = [
            referral
            for part in partitions(person)
            for referral in session.scalars(select(Referral.id).where(part))
        ]
        assert sorted(in_parts) == sorted(held)
        if person.is_staff and verb == "view":
            led = frozenset[int]().union(*(grant.units for grant in person.grants if grant.leads))
            # A job that has ended gives nothing any more.
            with_units = [
                referral
                for referral in referrals
                if referral.to_unit_id in led and (referral.type != "job" or not referral.closed_at)
            ]
            assert {referral.case_id for referral in with_units} <= in_sql
            with work.acting_as(person):
                for referral in with_units:
                    if referral.type == "action" and not referral.closed_at:
                        case = by_id[referral.case_id]
                        assert referral.id in held or referral.to_user_id or referral.taken_by_id
                        assert AccessService(work).may_act(case, f"{case.kind}:case:work")
        with work.acting_as(person):
            marked = open_referrals(work)
        acted = Counter(
            by_id[referral.case_id].kind
            for referral in referrals
            if referral.id in held and referral.type == "action"
        )
        assert marked.total == Total(acted.total())
        assert marked.by_kind.get("petitions", Total(0)) == Total(acted["petitions"])
        seen = set(session.scalars(select(Case.id).where(visible(person))))
        assert {referral.case_id for referral in referrals if referral.id in held} <= seen
        assert seen <= {case.id for case in cases if is_reached(person, case, of_case[case.id])}

    check()


@pytest.mark.parametrize("seed", range(2))
def test_a_token_allows_no_more_than_its_person_its_scopes_and_its_unit(site, seed):
    scatter(site, random.Random(seed))
    with site.work(write=False) as work:
        compare_tokens(work)


def compare_tokens(work):
    session, site = work.session, work.site
    units, categories, people = (list(session.scalars(select(model.id))) for model in (Unit, Category, User))
    cases = session.scalars(select(Case)).all()
    access = work.get(AccessService)
    access.load_referrals(cases)
    rights = frozenset({*PERMISSIONS, *HEAD_RIGHTS, *site.permissions})
    kinds = {"petitions", "gone"}

    def acts(person):
        """Return the ids of the cases on which a person may act, by the right."""
        with work.acting_as(person):
            service = work.get(AccessService)
            return {
                (right, case.id)
                for case in cases
                for right in PERMISSIONS
                if right.partition(":")[0] == case.kind and service.may_act(case, right)
            }

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(
        identities(units, categories, people),
        st.frozensets(st.sampled_from(sorted(scopes_of(site)))),
        st.none() | st.frozensets(st.sampled_from(units), min_size=1),
    )
    def check(person, scopes, within):
        token = narrowed(site, person, scopes, within, rights)
        kept = kept_of(site, scopes, rights)
        assert not any(grant.administrator for grant in token.grants)
        for verb in VERBS:
            allowed = set(session.scalars(select(Case.id).where(visible(token, verb))))
            assert allowed <= set(session.scalars(select(Case.id).where(visible(person, verb))))
            if person.is_staff:
                reach = [case for case in cases if case.id in allowed]
                assert not allowed or any(f"{kind}:case:{verb}" in kept for kind in kinds)
                if within is not None:
                    assert all(
                        within & {case.unit_id, *(one.to_unit_id for one in access.referrals(case))}
                        for case in reach
                    )
                if verb == "view" and not {"cases:read", "statistics:read"} & scopes:
                    assert not allowed
        if person.is_staff:
            assert acts(token) <= {(right, id_) for right, id_ in acts(person) if right in kept}
            assert all(grant.units is not None for grant in token.grants) or within is None
        joined = select(Referral.id).join(Case, Case.id == Referral.case_id)
        held = set(session.scalars(joined.where(in_kartable(token))))
        assert held <= set(session.scalars(joined.where(in_kartable(person))))
        assert all(not token.permits(right) or person.permits(right) for right in rights)

    check()


def test_the_condition_fits_into_a_query_that_names_the_referrals(work):
    unit = make_unit(work)
    make_case(work, category=make_category(work, unit=unit))
    officer = identity(work, make_staff(work, unit=unit))
    query = select(Case.id).join(Referral, Referral.case_id == Case.id).where(visible(officer))
    assert len(work.session.scalars(query).all()) == 1


def test_who_is_not_staff_sees_nothing(work):
    case = make_case(work)
    assert work.session.scalars(select(Case).where(visible(Identity.VISITOR))).all() == []
    assert work.session.scalars(select(Case).where(visible(Identity.SYSTEM))).all() == [case]
    assert work.session.scalars(select(Referral).join(Case).where(in_kartable(Identity.SYSTEM))).all() == []


def two_units(site):
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        code = make_case(work, category=make_category(work, unit=waste)).code
        rights = [
            "petitions:case:view",
            "petitions:case:work",
            "petitions:case:refer",
            "petitions:case:comment",
        ]
        officers = [
            identity(work, make_staff(work, "officer", unit=unit, permissions=rights))
            for unit in (waste, light)
        ]
        return code, waste, light, *officers


def test_outside_the_scope_there_is_no_case(site):
    code, _waste, _light, _mine, theirs = two_units(site)
    with site.work(actor=theirs) as work, pytest.raises(NotFound):
        work.get(CaseService).fetch(code)


def test_a_unit_that_has_referred_the_case_still_sees_it_and_cannot_act(site):
    code, _waste, light, mine, theirs = two_units(site)
    with site.work(actor=mine) as work:
        work.get(KartableService).refer(work.get(CaseService).fetch(code), light.id)
    with site.work(actor=mine) as work:
        case = work.get(CaseService).fetch(code)
        assert not work.get(AccessService).may_act(case, "petitions:case:work")
        assert work.get(CaseService).steps(case) == []
        with pytest.raises(Forbidden):
            work.get(CaseService).apply(case, "accept")
    with site.work(actor=theirs) as work:
        case = work.get(CaseService).fetch(code, "work")
        assert [step.transition.name for step in work.get(CaseService).steps(case)] == ["accept", "reject"]


def member_for_a_topic(site):
    """Return a member of a unit whose membership names one category of it, and ids of unit and the category."""
    with site.work() as work:
        roads = make_unit(work, "roads")
        topic = make_category(work, "asphalt", unit=roads)
        rights = ["petitions:case:view", "petitions:case:comment", "petitions:case:contact"]
        member = identity(work, make_staff(work, "member", unit=roads, category=topic, permissions=rights))
        return member, roads, topic


def codes_in_kartable(site, person):
    with site.work(actor=person, write=False) as work:
        query = select(Case.code).join(Referral, Referral.case_id == Case.id).where(in_kartable(person))
        return set(work.session.scalars(query))


@pytest.mark.parametrize("what", ["inquire", "copy"])
def test_what_a_unit_is_asked_is_for_its_members_whatever_their_categories(site, what):
    code, _waste, _light, mine, _theirs = two_units(site)
    member, roads, _topic = member_for_a_topic(site)
    with site.work(actor=member, write=False) as work, pytest.raises(NotFound):
        work.get(CaseService).fetch(code)
    with site.work(actor=mine) as work:
        getattr(work.get(KartableService), what)(work.get(CaseService).fetch(code), roads.id, note="…")
    assert codes_in_kartable(site, member) == {code}
    with site.work(actor=member) as work:
        case = work.get(CaseService).fetch(code)
        assert work.get(CaseService).may_comment(case)
        # To read and to answer is all: who the citizen is stays with whom the category belongs to.
        assert not work.get(AccessService).can(case, "contact")
        assert not work.get(AccessService).may_act(case, "petitions:case:work")
        if what == "inquire":
            work.get(KartableService).answer(case, "Asphalt comes on Saturday.")
    if what == "inquire":
        with site.work(actor=mine) as work:
            assert work.get(AccessService).open_inquiries(work.get(CaseService).fetch(code)) == []


def test_a_case_without_a_category_is_for_everybody_of_its_unit(site):
    code, _waste, _light, mine, _theirs = two_units(site)
    member, roads, _topic = member_for_a_topic(site)
    with site.work() as work:
        everywhere = make_staff(
            work, "far", category=make_category(work, "far"), permissions=["petitions:case:view"]
        )
        everywhere = identity(work, everywhere)
        plain = make_case(work, category=None)
        work.get(KartableService).refer(plain, roads.id)
        plain = plain.code
    with site.work(actor=mine) as work:
        work.get(KartableService).refer(work.get(CaseService).fetch(code), roads.id, unattended=True)
    # The other case has a category, and it is not theirs; a category alone does not make a person a member of a unit.
    assert codes_in_kartable(site, member) == {plain}
    assert codes_in_kartable(site, everywhere) == set()


def test_a_deputy_who_answers_for_a_unit_is_named_with_the_absent(site):
    code, _waste, _light, mine, theirs = two_units(site)
    member, roads, _topic = member_for_a_topic(site)
    with site.work(actor=mine) as work:
        work.get(KartableService).inquire(work.get(CaseService).fetch(code), roads.id, note="نظر شما؟")
    lent = tuple(replace(grant, own=False, holder_id=member.user_id) for grant in member.grants)
    deputy = replace(theirs, grants=(*theirs.grants, *lent), deputy_for=frozenset({member.user_id}))
    with site.work(actor=deputy) as work:
        event = work.get(KartableService).answer(work.get(CaseService).fetch(code), "Tomorrow.")
        assert event.on_behalf_of_id == member.user_id


def test_a_colleague_who_has_taken_it_holds_it_alone(site):
    code, waste, _light, mine, _theirs = two_units(site)
    with site.work() as work:
        colleague = identity(work, make_staff(work, "officer", unit=work.session.get(Unit, waste.id)))
    with site.work(actor=mine) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code))
    with site.work(actor=colleague) as work:
        case = work.get(CaseService).fetch(code)
        with pytest.raises(Forbidden):
            work.get(CaseService).apply(case, "accept")


def test_a_case_stays_with_its_addressee_when_a_deputy_takes_it(site):
    code, _waste, light, mine, _theirs = two_units(site)
    with site.work() as work:
        absent = make_staff(work, "officer", unit=work.session.get(Unit, light.id))
        absent_identity = identity(work, absent)
    with site.work(actor=mine) as work:
        work.get(KartableService).refer(work.get(CaseService).fetch(code), light.id, user_id=absent.id)
    deputy = Identity(
        user_id=mine.user_id,
        name="deputy",
        realm="staff",
        grants=mine.grants,
        deputy_for=frozenset({absent.id}),
    )
    with site.work(actor=deputy) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code))
    with site.work(actor=absent_identity) as work:
        assert work.get(AccessService).holds_referral(work.get(CaseService).fetch(code))


def test_what_a_deputy_does_names_the_absent(site):
    code, _waste, light, mine, _theirs = two_units(site)
    with site.work() as work:
        stranger = identity(work, make_staff(work, "officer", unit=work.session.get(Unit, light.id)))
    deputy = Identity(
        user_id=stranger.user_id,
        name=stranger.name,
        realm="staff",
        grants=(
            *stranger.grants,
            *(
                Grant(permissions=g.permissions, units=g.units, own=False, holder_id=g.holder_id)
                for g in mine.grants
            ),
        ),
        deputy_for=frozenset({mine.user_id}),
    )
    with site.work(actor=deputy) as work:
        event = work.get(CaseService).apply(work.get(CaseService).fetch(code, lock=True), "accept")
        assert (event.actor_id, event.on_behalf_of_id) == (stranger.user_id, mine.user_id)
    with site.work(actor=mine) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        assert work.get(CaseService).comment(case, "note").on_behalf_of_id is None


def test_a_right_of_one_unit_is_none_in_another(site):
    code, waste, light, mine, _theirs = two_units(site)
    with site.work() as work:
        watcher = identity(
            work,
            make_staff(
                work, "watcher", unit=work.session.get(Unit, waste.id), permissions=["petitions:case:view"]
            ),
        )
    both = Identity(
        user_id=watcher.user_id,
        name="",
        realm="staff",
        grants=(*watcher.grants, Grant(permissions=mine.grants[0].permissions, units=frozenset({light.id}))),
    )
    with site.work(actor=both) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        assert work.get(AccessService).holds_referral(case)
        assert work.get(CaseService).steps(case) == []
        with pytest.raises(Forbidden):
            work.get(CaseService).apply(case, "accept")
        with pytest.raises(Forbidden):
            work.get(KartableService).take(case)
    with site.work(actor=mine) as work:
        work.get(KartableService).refer(
            work.get(CaseService).fetch(code), waste.id, user_id=watcher.user_id, unattended=True
        )
    with site.work(actor=both) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        assert work.get(CaseService).apply(case, "accept").after == "working"


def test_the_absent_is_named_and_not_another_addressee(site):
    with site.work() as work:
        other = make_staff(work, "early")
    code, waste, _light, mine, theirs = two_units(site)
    assert other.id < mine.user_id
    with site.work() as work:
        case = work.get(CaseService).fetch(code)
        referral = {"case_id": case.id, "type": "copy", "to_unit_id": waste.id, "to_user_id": other.id}
        work.session.add(Referral(**referral, created_at=work.clock.now(), closed_at=work.clock.now()))
    lent = tuple(replace(grant, own=False, holder_id=mine.user_id) for grant in mine.grants)
    deputy = replace(theirs, grants=(*theirs.grants, *lent), deputy_for=frozenset({mine.user_id}))
    with site.work(actor=deputy, write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        assert work.get(AccessService).on_behalf_of(case) == mine.user_id
    with site.work() as work:
        referral["to_user_id"] = theirs.user_id
        work.session.add(Referral(**referral, created_at=work.clock.now(), closed_at=work.clock.now()))
    with site.work(actor=deputy, write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        assert work.get(AccessService).on_behalf_of(case) is None, "it was sent to them"


def test_one_membership_gives_the_right_and_covers_the_case(site):
    code, _waste, _light, mine, theirs = two_units(site)
    citizen = replace(mine, realm="citizen")
    found = {}
    for name, actor in {
        "mine": mine,
        "theirs": theirs,
        "citizen": citizen,
        "visitor": Identity.VISITOR,
        "system": Identity.SYSTEM,
    }.items():
        with site.work(actor=actor, write=False) as work:
            case = work.session.scalars(select(Case).where(Case.code == code)).one()
            access = work.get(AccessService)
            found[name] = [
                access.allows(case, f"petitions:case:{verb}") and access.can(case, verb)
                for verb in ("view", "work", "export")
            ]
            assert found[name] == [
                access.allows(case, f"petitions:case:{verb}") or access.can(case, verb)
                for verb in ("view", "work", "export")
            ]
            assert access.may_act(case, "petitions:case:work") is (name in {"mine", "system"})
    assert found == {
        "mine": [True, True, False],
        "theirs": [False, False, False],
        "citizen": [False, False, False],
        "visitor": [False, False, False],
        "system": [True, True, True],
    }


def test_the_referrals_of_a_case_are_its_own(site):
    with site.work() as work:
        cases = [
            make_case(work, category=make_category(work, f"topic{n}", unit=make_unit(work, f"u{n}")))
            for n in range(3)
        ]
        ids = [case.id for case in cases]
    for together in (False, True):
        with site.work(write=False) as work:
            access = work.get(AccessService)
            cases = [work.session.get(Case, one) for one in ids]
            with statements(site) as texts:
                if together:
                    access.load_referrals(cases)
                    access.load_referrals(cases)
                found = [[referral.case_id for referral in access.referrals(case)] for case in cases]
            assert found == [[one] for one in ids]
            assert len(texts) == (1 if together else 3)


def test_a_case_in_the_hands_of_a_colleague_is_acted_on_by_who_may_act_on_any(site):
    code, waste, _light, mine, _theirs = two_units(site)
    with site.work() as work:
        unit = work.session.get(Unit, waste.id)
        rights = ["petitions:case:view", "petitions:case:work"]
        colleague = identity(work, make_staff(work, "colleague", unit=unit, permissions=rights))
        rights = [*rights, "petitions:case:act_any"]
        anyone = identity(work, make_staff(work, "anyone", unit=unit, permissions=rights))
    with site.work(actor=mine) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code))

    def may_act() -> list[bool]:
        found = []
        for actor in (mine, colleague, anyone):
            with site.work(actor=actor, write=False) as work:
                case = work.session.scalars(select(Case).where(Case.code == code)).one()
                found.append(work.get(AccessService).may_act(case, "petitions:case:work"))
        return found

    assert may_act() == [True, False, True]
    with site.work() as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        for referral in work.get(AccessService).referrals(case):
            referral.closed_at = work.clock.now()
    # A closed case is with no one: everyone who works in the unit may reopen it.
    assert may_act() == [True, True, True]


def test_a_visitor_has_no_own_cases(site):
    with site.work() as work:
        case = make_case(work)
        case.citizen_id, code = None, case.code
    with site.work(actor=Identity.VISITOR) as work, pytest.raises(NotFound):
        work.get(CaseService).fetch_own(code)
