"""One run: the portal and what it is compared with, measured scenario by scenario in alternating rounds.

Rounds alternate so that a drift of the machine affects all servers.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from urllib.parse import quote

from sqlalchemy import text

from benchmarks.run import machine, proc, serving
from benchmarks.run.base import NOT_COMPARED, Base
from benchmarks.run.cast import Cast
from benchmarks.run.client import Client, Request
from benchmarks.run.figures import Figures, Result, Run, figures, middle, spread
from benchmarks.run.scenarios import (
    HELLO,
    WARM_UP,
    WHOLE_WINDOW,
    Make,
    Scenario,
    of_programs,
    scenarios,
)
from civicportal.core.site import Site
from civicportal.domain.audit.append_only import without_guards
from civicportal.domain.kartable.repair import wrong_referrals
from civicportal.domain.statistics.repair import wrong_counters

PORTAL, FLOOR, PLAIN, BASE = "portal", "floor", "plain", "base"
LEAST = 25
"""Requests of one window, also where a busy machine answers fewer in its time."""
WRITES = 400
"""Requests that write of one window, at most, on a floor."""
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One of the servers of a run.

    :ivar makes: returns the function that makes the requests of a scenario, None if the server has no such page.
    :ivar is_floor: it keeps no counters, so its rows are deleted again.
    """

    name: str
    server: serving.Server
    cookie: str
    makes: Callable[[Scenario], Make | None]
    is_floor: bool = False

    def most(self, one: Scenario) -> int:
        """Return the maximum number of requests of one window."""
        if not self.is_floor:
            return one.most
        return WRITES if one.writes else WHOLE_WINDOW


class Bench:
    """Measures the scenarios on one database.

    :param seconds: of one window.
    :param rounds: windows for each scenario.
    :param base: the portal of another commit, measured in the same rounds.
    """

    def __init__(
        self,
        site: Site,
        database: str,
        folder: Path,
        *,
        seconds: float,
        rounds: int,
        progress: Progress,
        base: Base | None = None,
    ) -> None:
        self.site, self.database, self.folder = site, database, folder
        self.seconds, self.rounds, self.progress = seconds, rounds, progress
        self.base = base
        self.postmaster = self._postmaster()
        self._hellos: dict[str, list[Figures]] = {PORTAL: [], FLOOR: []}
        """Windows of the emptiest request."""

    def run(
        self,
        *,
        only: str = "",
        small: bool = False,
        programs: bool = False,
        options: tuple[str, ...] = (),
    ) -> Run:
        """Measure.

        :param only: part of the names of scenarios.
        :param small: leave out what is not needed for a first look.
        :param programs: only what programs call, and the pages that show the same.
        :param options: of ``civicportal serve``.
        :raises ValueError: when the city has too few cases to act on in so many rounds.
        """
        everything = scenarios(Cast(self.site), self.rounds)
        wanted = of_programs(everything) if programs else everything
        chosen = [one for one in wanted if only in one.name and (one.small or not small)]
        if few := next((one.name for one in chosen if one.most < 1), None):
            raise ValueError(
                f"{few}: too few registered reports for {self.rounds} rounds; take fewer, or more cases"
            )
        hello = next(one for one in everything if one.name == HELLO)
        load = proc.load_average()
        with ExitStack() as stack:
            field = self._start(stack, options)
            portal = field[0].server
            memory = {"start": portal.memory_mb}
            # Before and after all others: one round has no other window that could differ.
            self._greet(hello, field)
            results = [self._scenario(one, field) for one in chosen]
            self._greet(hello, field)
            memory["end"] = portal.memory_mb
        return Run(
            database=self.site.engines.dialect,
            cases=self._count("cases"),
            results=results,
            machine=self._machine(),
            hello={name: median(part.cpu_ms for part in parts) for name, parts in self._hellos.items()},
            memory=memory,
            load=(load, proc.load_average()),
            spread=spread(self._hellos[PORTAL]),
        )

    def _start(self, stack: ExitStack, options: tuple[str, ...]) -> list[Contestant]:
        """Start the servers."""
        files, cookie = self.site.settings["site"]["files"], self.site.cookie_name

        def server(
            name: str, context: Callable[[Path], AbstractContextManager[serving.Server]]
        ) -> serving.Server:
            return stack.enter_context(context(self.folder / f"{name}.log"))

        portal = server(PORTAL, lambda log: serving.portal(self.database, log, *options, files=files))
        floor = server(FLOOR, lambda log: serving.floor(self.database, log))
        plain = server(PLAIN, lambda log: serving.plain(self.database, log))
        field = [
            Contestant(name=PORTAL, server=portal, cookie=cookie, makes=lambda one: one.make),
            Contestant(name=FLOOR, server=floor, cookie=cookie, makes=_of_floor, is_floor=True),
            Contestant(name=PLAIN, server=plain, cookie=cookie, makes=lambda one: one.plain, is_floor=True),
        ]
        if self.base is not None:
            its = scenarios(self.base.cast, self.rounds)
            own = {one.name: one.make for one in its if one.name not in NOT_COMPARED}
            field.append(
                Contestant(
                    name=BASE,
                    server=server(BASE, self.base.serve),
                    cookie=self.base.cookie,
                    makes=lambda one: own.get(one.name),
                )
            )
        return field

    # -- one scenario ---------------------------------------------------------------------------------------

    def _greet(self, hello: Scenario, field: Sequence[Contestant]) -> None:
        for one in field:
            if one.name in self._hellos and (make := one.makes(hello)):
                self._hellos[one.name].append(self._window(one, make, hello, count()))

    def _scenario(self, one: Scenario, field: Sequence[Contestant]) -> Result:
        before = {table: self._count(table) for table, _n in one.writes}
        windows: dict[str, list[Figures]] = {}
        # A case that was changed is not the same any more: requests that write are each sent once.
        numbers = {contestant.name: count() for contestant in field}
        for turn in range(self.rounds):
            for contestant in field[:: -1 if turn % 2 else 1]:
                if make := contestant.makes(one):
                    with self._undone() if one.writes and contestant.is_floor else nullcontext():
                        measured = self._window(contestant, make, one, numbers[contestant.name])
                    windows.setdefault(contestant.name, []).append(measured)
        problems: list[str] = []
        if one.writes:
            problems = [*self._missing(one, before, next(numbers[PORTAL])), *self._counters()]
        found = {name: middle(parts) for name, parts in windows.items()}
        for name, result in found.items():
            problems += [f"{name}: {error}" if name != PORTAL else error for error in result.errors[:3]]
        if one.name == HELLO:
            for name in self._hellos:
                self._hellos[name] += windows[name]
        ours = found[PORTAL]
        statements = "" if ours.statements is None else f", {ours.statements:g} statements"
        cpu = ", ".join(f"{name} {result.cpu_ms:.2f}" for name, result in found.items())
        self.progress(f"{one.name}: CPU ms {cpu}{statements}, load {ours.load:.1f}")
        return Result(
            name=one.name,
            portal=ours,
            floor=found.get(FLOOR),
            plain=found.get(PLAIN),
            base=found.get(BASE),
            page=one.page,
            problems=problems,
        )

    def _window(
        self, contestant: Contestant, make: Callable[[int], Request], one: Scenario, numbers: Iterator[int]
    ) -> Figures:
        """Warm up, then measure for a time."""

        def following(_n: int) -> Request:
            return make(next(numbers))

        server, most = contestant.server, contestant.most(one)
        with Client(server.port, contestant.cookie) as client:
            client.measure(following, one.expected, seconds=self.seconds, most=WARM_UP, least=WARM_UP)
            app, database = server.cpu_ms, self._database_ms()
            measured = client.measure(following, one.expected, seconds=self.seconds, most=most, least=LEAST)
        return figures(measured, server.cpu_ms - app, self._database_ms() - database)

    # -- the database ---------------------------------------------------------------------------------------

    def _missing(self, one: Scenario, before: dict[str, int], sent: int) -> list[str]:
        """Return acknowledged submissions that are missing in the tables."""
        wrong = []
        for table, each in one.writes:
            found = self._count(table) - before[table]
            if found != sent * each:
                wrong.append(f"{table}: {found} rows more after {sent} answers, {sent * each} expected")
        return wrong

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """Delete the rows of a floor: it keeps no counters."""
        tables = ("outbox", "case_events", "cases")
        with self.site.engines.read.connect() as connection:
            last = {table: connection.scalar(text(f"SELECT max(id) FROM {table}")) for table in tables}
        yield
        with self.site.engines.write.begin() as connection, without_guards(connection):
            for table in tables:
                connection.execute(text(f"DELETE FROM {table} WHERE id > :last"), {"last": last[table]})

    def _counters(self) -> list[str]:
        """Return wrong counters and referrals."""
        wrong = {"counters": wrong_counters(self.site), "lines": wrong_referrals(self.site)}
        return [
            f"{len(found)} {name} are wrong, the first is {found[0]}"
            for name, found in wrong.items()
            if found
        ]

    def _count(self, table: str) -> int:
        with self.site.engines.read.connect() as connection:
            return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    def _machine(self) -> dict[str, str]:
        with self.site.engines.read.connect() as connection:
            found = machine.describe(connection)
        return {**found, "compared with": self.base.commit} if self.base else found

    def _postmaster(self) -> int:
        """Return the process of PostgreSQL, 0 if it runs on another machine or is not used."""
        if self.site.engines.dialect != "postgresql":
            return 0
        with self.site.engines.read.connect() as connection:
            return proc.parent_of(int(connection.scalar(text("SELECT pg_backend_pid()")) or 0))

    def _database_ms(self) -> float:
        return proc.cpu_ms(self.postmaster) if self.postmaster > 1 else 0.0


def _of_floor(one: Scenario) -> Make | None:
    return (lambda n: Request(quote(one.floor.format(n=n % 5000), safe="/?,"))) if one.floor else None
