"""Visibility by referrals and by memberships, of hundreds of cases with one referral each."""

import random
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import insert, select

from civicportal.core.security import Grant, Identity
from civicportal.domain.cases.access.rights import persons
from civicportal.domain.cases.access.sql import held, kinds_of, personal, referral_queries, unassigned
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.testing import make_case, make_category, make_staff, make_unit

pytestmark = pytest.mark.both_databases

KIND = "petitions"
#: Kinds before and after the one that is asked for.
KINDS = ("appeals", KIND, "tenders")
LINES = 600


class City:
    """Units, categories and people, and a referral for each of many cases.

    The first and the last unit, category and person are in no grant.
    """

    def __init__(self, work):
        rng, now = random.Random(0), work.clock.now()
        self.session = work.session
        self.units = [make_unit(work, f"unit{n}").id for n in range(4)]
        self.categories = [make_category(work, f"topic{n}").id for n in range(4)]
        self.people = [make_staff(work, f"person{n}").id for n in range(4)]
        self.since = now
        template = make_case(work)
        work.session.flush()
        values = {column.key: getattr(template, column.key) for column in Case.__table__.columns}
        cases, referrals = [], []
        for number in range(template.id + 1, template.id + 1 + LINES):
            own = {
                "id": number,
                "code": f"code{number}",
                "kind": rng.choice(KINDS),
                "unit_id": rng.choice([None, *self.units]),
                "category_id": rng.choice([None, *self.categories]),
            }
            cases.append(values | own)
            referrals.append(
                {
                    "case_id": number,
                    "type": rng.choice(["action", "copy", "inquiry"]),
                    "to_unit_id": rng.choice(self.units),
                    "to_user_id": rng.choice([None, rng.choice(self.people)]),
                    "taken_by_id": rng.choice([None, rng.choice(self.people)]),
                    "created_at": now + timedelta(seconds=rng.randrange(-1, 2)),
                }
            )
        work.session.execute(insert(Case), cases)
        work.session.execute(insert(Referral), referrals)
        rows = select(Case, Referral).join(Referral, Referral.case_id == Case.id).where(Case.id > template.id)
        self.rows = work.session.execute(rows).all()
        assert len(self.rows) == LINES

    def identities(self):
        """Yield people with one membership or two, such as have a deputy and such as have not."""
        _first, one, other, _last = self.people
        scopes = [None, frozenset(self.units[1:2]), frozenset(self.units[1:3])]
        topics = [None, frozenset(), frozenset(self.categories[1:2]), frozenset(self.categories[1:3])]
        view, work = f"{KIND}:case:view", f"{KIND}:case:work"
        grants = [
            Grant(permissions=frozenset({view, work}), units=units, categories=categories)
            for units, categories in product(scopes, topics)
        ]
        useless = Grant(permissions=frozenset({work, f"{KINDS[0]}:case:view"}))
        known = frozenset[int](), frozenset({other})
        for number, (grant, deputy_for) in enumerate(product(grants, known)):
            user_id = None if number % 7 == 3 else one
            more = (useless, grants[number % len(grants)])[: number % 3]
            yield Identity(
                user_id=user_id, name="", realm="staff", grants=(grant, *more), deputy_for=deputy_for
            )


@pytest.fixture
def city(work):
    return City(work)


def seen_by_referral(identity, case, referral):
    """Tell whether :func:`referral_queries` finds a case by its only referral."""
    grants = [grant for grant in identity.grants if f"{KIND}:case:view" in grant.permissions]
    if any(grant.units is None and grant.categories is None for grant in grants):
        return False
    is_of_kind = case.kind == KIND
    has_moved = is_of_kind and case.unit_id != referral.to_unit_id
    is_of_unit = referral.type in ("copy", "inquiry") and referral.to_user_id is None
    of_units = [grant for grant in grants if grant.is_of(referral.to_unit_id)]
    is_personal = {referral.to_user_id, referral.taken_by_id} & persons(identity)
    return (
        any(has_moved and grant.covers(referral.to_unit_id, case.category_id) for grant in of_units)
        or any(is_of_unit and grant.categories is not None for grant in of_units)
        or bool(
            is_of_kind
            and is_personal
            and not any(grant.covers(referral.to_unit_id, case.category_id) for grant in grants)
        )
    )


def test_cases_are_found_by_a_referral_to_a_unit_or_a_person(city):
    numbers = set()
    for identity in city.identities():
        for since in (None, city.since):
            queries = referral_queries(identity, KIND, since)
            found = {id_ for query in queries for id_ in city.session.scalars(query)}
            wanted = {
                case.id
                for case, referral in city.rows
                if seen_by_referral(identity, case, referral)
                and (since is None or referral.created_at >= since)
            }
            assert found == wanted
            numbers.add(len(wanted))
    assert len(numbers) > 20


def test_a_membership_covers_cases_where_they_lie(city):
    for identity in city.identities():
        for grant in identity.grants:
            found = city.session.scalars(select(Case.id).where(held(grant))).all()
            assert {case.id for case, _line in city.rows} & set(found) == {
                case.id for case, _line in city.rows if grant.covers(case.unit_id, case.category_id)
            }


def test_referrals_are_assigned_or_not(city):
    referrals = [referral for _case, referral in city.rows]
    own = {referral.id for referral in referrals}
    found = {
        referral.id for referral in referrals if referral.to_user_id is None and referral.taken_by_id is None
    }
    assert own & set(city.session.scalars(select(Referral.id).where(unassigned(Referral)))) == found
    for identity in city.identities():
        found = set(city.session.scalars(select(Referral.id).where(personal(identity, Referral))))
        assert found == {
            referral.id
            for referral in referrals
            if {referral.to_user_id, referral.taken_by_id} & persons(identity)
        }


def test_the_kinds_of_a_membership_are_those_with_the_right():
    rights = {"b:case:view", "a:case:view", "c:case:work", "d:case:review", "core:users"}
    assert kinds_of(Grant(permissions=frozenset(rights)), "view") == ["a", "b"]
