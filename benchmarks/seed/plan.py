"""Parameters of a generated city, stored in the database, so that a load is continued with the same ones."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import func, select

from benchmarks.seed.city import now
from civicportal.core.site import Site
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.models import Seed

KEY = "benchmark"
CASES, SEED = 10_000, 1405
"""Of a city of which nothing else is said."""


class AnotherCity(Exception):
    """The database was seeded with other parameters."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A city: these three parameters determine it completely.

    :ivar cases: how many there are in the end.
    :ivar until: its present; the cases lie in the two years before.
    """

    cases: int
    seed: int
    until: datetime

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse a plan."""
        cases, seed, until = text.split()
        return cls(cases=int(cases), seed=int(seed), until=datetime.fromisoformat(until))

    def __str__(self) -> str:
        return f"{self.cases} {self.seed} {self.until.isoformat()}"


def plan(
    site: Site, *, cases: int | None = None, seed: int | None = None, until: datetime | None = None
) -> Plan:
    """Return the plan of a migrated database; store it in a new one.

    :param cases: None leaves each to what the database was begun with, or to the usual.
    :raises AnotherCity: when the database was seeded with other parameters.
    """
    with site.work() as work:
        noted = work.session.get(Seed, KEY)
        if noted is None:
            if work.session.scalar(select(func.count()).select_from(Case)):
                raise AnotherCity("the database holds cases, and does not say what they were made with")
            new = Plan(cases=cases or CASES, seed=SEED if seed is None else seed, until=until or now())
            work.session.add(Seed(key=KEY, digest=str(new)))
            return new
        begun = Plan.read(noted.digest)
    for name, wanted in (("cases", cases), ("seed", seed), ("until", until)):
        there = getattr(begun, name)
        if wanted is not None and wanted != there:
            raise AnotherCity(f"the database was begun with {name} {there}: {wanted} needs one of its own")
    return begun
