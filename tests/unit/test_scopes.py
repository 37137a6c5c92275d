"""The grants of an identity by scope give the same rights on the same cases, with one grant for each scope."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from civicportal.core.security import Grant, Identity

RIGHTS = ("reports:case:view", "reports:case:work", "feedback:case:view")
NUMBERS = st.none() | st.frozensets(st.integers(1, 2))
GRANTS = st.builds(
    Grant,
    permissions=st.frozensets(st.sampled_from(RIGHTS)),
    administrator=st.booleans(),
    units=NUMBERS,
    categories=NUMBERS,
    unit_id=st.none() | st.integers(1, 2),
    leads=st.booleans(),
    own=st.booleans(),
)


def given_by(grants):
    """Return every right by unit and category that any of the grants gives."""
    places = (None, 1, 2)
    return {
        (right, unit, category)
        for right, unit, category in product(RIGHTS, places, places)
        if any(grant.gives(right) and grant.covers(unit, category) for grant in grants)
    }


@given(grants=st.lists(GRANTS, max_size=5))
def test_scopes_give_what_the_grants_give(grants):
    scopes = Identity(user_id=1, name="", realm="staff", grants=tuple(grants)).scopes
    assert given_by(scopes) == given_by(grants)
    assert len({(one.administrator, one.units, one.categories) for one in scopes}) == len(scopes)
