"""Categories that people cover in units."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from civicportal.core.security import Grant

Topics: TypeAlias = frozenset[int] | None
"""Ids of categories, 0 for cases without one; None for all."""
NOTHING: Topics = frozenset()
_GONE = 0
"""Stands for a unit without members."""


class Staffing:
    """Categories covered by active people, by unit and kind.

    :ivar people: grants of each active person's own memberships, by user id.
    """

    def __init__(self, people: Mapping[int, tuple[Grant, ...]]) -> None:
        self.people = people
        self.kinds = frozenset(kind for grants in people.values() for kind in _kinds(grants))
        self._topics: dict[tuple[int, str, bool], Topics] = {}
        self._able: dict[str, frozenset[int]] = {}
        self._everywhere = [
            user_id for user_id, grants in people.items() if any(g.units is None for g in grants)
        ]
        self._of_unit: dict[int, list[int]] = defaultdict(list)
        for user_id, grants in people.items():
            for unit_id in frozenset[int]().union(*(grant.units or () for grant in grants)):
                self._of_unit[unit_id].append(user_id)

    def topics(self, unit_id: int, kind: str, *, heads: bool) -> Topics:
        """Return the covered categories of a kind in a unit.

        :param heads: include the categories covered by heads of units.
        """
        unit_id = unit_id if unit_id in self._of_unit else _GONE
        key = (unit_id, kind, heads)
        if key not in self._topics:
            near = {*self._of_unit.get(unit_id, ()), *self._everywhere}
            self._topics[key] = covered(
                (self.people[user_id] for user_id in near), unit_id, kind, heads=heads
            )
        return self._topics[key]

    def able(self, kind: str) -> frozenset[int]:
        """Return the people who may work on assigned cases."""
        if kind not in self._able:
            self._able[kind] = frozenset(
                user_id for user_id, grants in self.people.items() if _gives(grants, kind, "work")
            )
        return self._able[kind]


class Today:
    """A staffing with the deputies of a day.

    :param deputies: the represented people by the id of each deputy.
    """

    def __init__(self, staffing: Staffing, deputies: Mapping[int, Collection[int]]) -> None:
        self.staffing = staffing
        self.deputies = deputies
        #: Grants of each deputy, including those of the represented people.
        self._lent = {
            deputy_id: tuple(grant for one in (deputy_id, *absent) for grant in staffing.people.get(one, ()))
            for deputy_id, absent in deputies.items()
        }

    def topics(self, unit_id: int, kind: str, *, heads: bool = True) -> Topics:
        """Return the covered categories of a kind in a unit; see :meth:`Staffing.topics`."""
        here = self.staffing.topics(unit_id, kind, heads=heads)
        if here is None or not self._lent:
            return here
        return _either(here, covered(self._lent.values(), unit_id, kind, heads=heads))

    def able(self, kind: str) -> frozenset[int]:
        """Return the people whose assigned cases are attended to."""
        by_deputies = (
            absent for deputy, absent in self.deputies.items() if _gives(self._lent[deputy], kind, "work")
        )
        return self.staffing.able(kind).union(*by_deputies)

    def is_read(self, unit_id: int, kind: str) -> bool:
        """Return whether anyone reads a unit's copies and inquiries.

        Members of the whole city do not count: they could, but do not look after every unit.
        """
        return any(
            grant.gives(f"{kind}:case:view") and grant.is_of(unit_id)
            for grants in (*self.staffing.people.values(), *self._lent.values())
            for grant in grants
        )


def covered(people: Iterable[Sequence[Grant]], unit_id: int, kind: str, *, heads: bool) -> Topics:
    """Return the categories that any of these people cover.

    :param people: the grants of each person.
    :param heads: include the categories covered by heads of units.
    """
    found: Topics = NOTHING
    for grants in people:
        counting = [grant for grant in grants if not grant.administrator and (heads or not grant.leads)]
        seen = _scope(counting, unit_id, f"{kind}:case:view")
        found = _either(found, _both(seen, _scope(counting, unit_id, f"{kind}:case:work")))
        if found is None:
            break
    return found


def has(topics: Topics, category_id: int | None) -> bool:
    """Return whether a category is among them."""
    return topics is None or (category_id or 0) in topics


def _scope(grants: Iterable[Grant], unit_id: int, permission: str) -> Topics:
    """Return the categories of a right in a unit.

    See :meth:`~civicportal.core.security.Grant.covers`.
    """
    found: Topics = NOTHING
    for grant in grants:
        if grant.gives(permission) and (grant.units is None or unit_id in grant.units):
            own = grant.categories
            if own is not None and grant.units is not None:
                own = own | {0}
            found = _either(found, own)
    return found


def _either(one: Topics, other: Topics) -> Topics:
    return None if one is None or other is None else one | other


def _both(one: Topics, other: Topics) -> Topics:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _kinds(grants: Iterable[Grant]) -> Iterator[str]:
    for grant in grants:
        yield from (name.partition(":case:")[0] for name in grant.permissions if ":case:" in name)


def _gives(grants: Iterable[Grant], kind: str, verb: str) -> bool:
    return any(grant.gives(f"{kind}:case:{verb}") for grant in grants)
