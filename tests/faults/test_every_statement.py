"""A transaction that fails at any of its statements, or at its commit, leaves the database as it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from civicportal.core.db import WRITE
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.statistics.services import StatisticsService
from civicportal.portal.models import Base
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit

pytestmark = pytest.mark.fault

Snapshot = dict[str, list[tuple[Any, ...]]]


STOPPED = "the database failed here"
EXECUTING = ("do_execute", "do_executemany", "do_execute_no_params")


class Desk:
    """Two units, an officer, a citizen and an open case.

    :ivar code: of the case.
    """

    def __init__(self, site: Any) -> None:
        self.site = site
        with site.work() as work:
            unit, other = make_unit(work, "waste"), make_unit(work, "lighting")
            self.category, self.other = make_category(work, unit=unit).id, other.id
            self.officer = identity(work, make_staff(work, "officer", unit=unit))
            # Nothing is referred to a unit in which no one would see it.
            make_staff(work, "neighbour", unit=other)
            self.citizen = make_citizen(work).id
            self.code = make_case(work, category=make_category(work, "lamp", unit=unit)).code

    def open(self, work: Any) -> None:
        make_case(work, citizen=make_citizen(work, "+989000000009"))

    def accept(self, work: Any) -> None:
        work.get(CaseService).apply(self._case(work), "accept")

    def reject(self, work: Any) -> None:
        work.get(CaseService).apply(self._case(work), "reject")

    def take(self, work: Any) -> None:
        work.get(KartableService).take(self._case(work))

    def refer(self, work: Any) -> None:
        work.get(KartableService).refer(self._case(work), unit_id=self.other, note="لطفاً رسیدگی شود.")

    def comment(self, work: Any) -> None:
        work.get(CaseService).comment(self._case(work), "بازدید شد.")

    def _case(self, work: Any) -> Any:
        return work.get(CaseService).fetch(self.code, lock=True)


DEEDS = ("open", "accept", "reject", "take", "refer", "comment")


def snapshot(site: Any) -> Snapshot:
    """Return every row of every table."""
    with site.engines.read.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in Base.metadata.sorted_tables
        }


@contextmanager
def failing(site: Any, number: int) -> Iterator[list[int]]:
    """Make the driver fail at the statement of this number, among those of writing transactions; yield their count.

    The one after the last is ``COMMIT``.
    """
    count, engine = [0], site.engines.read
    error, commit = engine.dialect.loaded_dbapi.OperationalError, engine.dialect.do_commit

    def step() -> None:
        count[0] += 1
        if count[0] == number:
            raise error(STOPPED)

    def execute(_cursor: Any, _statement: str, _parameters: Any, context: Any) -> None:
        if context.root_connection.get_execution_options().get(WRITE):
            step()

    def do_commit(connection: Any) -> None:
        try:
            step()
        except error:
            # PostgreSQL refuses a COMMIT by being gone; a full disk lets SQLite's transaction stay open.
            if site.engines.dialect == "postgresql":
                connection.dbapi_connection.close()
            raise
        commit(connection)

    for name in EXECUTING:
        event.listen(engine, name, execute)
    engine.dialect.do_commit = do_commit
    try:
        yield count
    finally:
        engine.dialect.do_commit = commit
        for name in EXECUTING:
            event.remove(engine, name, execute)


@contextmanager
def closing_error() -> Iterator[list[Exception]]:
    """Yield a list for the error of the database that ends the block."""
    errors: list[Exception] = []
    try:
        yield errors
    except OperationalError as error:
        errors.append(error)


@pytest.mark.both_databases
@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_half_done_stays(site: Any, deed: str) -> None:
    desk = Desk(site)
    act: Callable[[Any], None] = getattr(desk, deed)
    before, points = snapshot(site), 0
    while True:
        points += 1
        # What an attempt has read is not kept, so that the next one has the same statements.
        site.reference.forget()
        with failing(site, points) as count, closing_error() as errors, site.work(actor=desk.officer) as work:
            act(work)
        if not errors:
            break
        assert (points, STOPPED in str(errors[0])) == (points, True), errors
        assert snapshot(site) == before, f"{deed} stopped at {points}"
    assert count[0] == points - 1 > 3
    assert snapshot(site) != before
    with site.work(write=False) as work:
        assert work.get(StatisticsService).verify() == {}
    print(f"{deed}: {points - 1} points")  # noqa: T201 - figures of the run
