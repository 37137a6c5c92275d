"""One run: portal and floor, scenario by scenario, in alternating rounds, so that drift affects both."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from sqlalchemy import text

from benchmarks.run import proc, serving
from benchmarks.run.cast import Cast
from benchmarks.run.client import Client, Measured, Request
from benchmarks.run.scenarios import HELLO, WARM_UP, WHOLE_WINDOW, Scenario, scenarios
from civicportal.core.site import Site
from civicportal.domain.audit.append_only import guards_aside
from civicportal.domain.kartable.repair import wrong_referrals
from civicportal.domain.statistics.repair import wrong_counters

Progress = Callable[[str], None]


@dataclass(kw_only=True)
class Figures:
    """Results of one scenario on one server, as they are stored.

    :ivar app_ms: CPU time of the server for one answer; ``database_ms``: that of PostgreSQL.
    """

    requests: int
    rate: float
    p50: float
    p95: float
    p99: float
    app_ms: float
    database_ms: float
    bytes: float
    statements: float | None
    errors: list[str] = field(default_factory=list)

    @property
    def cpu_ms(self) -> float:
        """Return the total CPU time of one response."""
        return self.app_ms + self.database_ms


@dataclass(kw_only=True)
class Result:
    """One scenario: the portal's results, the floor's, and other findings.

    :ivar growth: times the median beside the fewest cases of the same suite, None where there are none fewer.
    """

    name: str
    portal: Figures
    floor: Figures | None
    problems: list[str]
    growth: float | None = None


@dataclass(kw_only=True)
class Run:
    """A whole run.

    :ivar memory: largest resident set and proportional set in MB, at the start and in the end.
    :ivar spread: how many answers a second fewer of the emptiest request the slowest window had than the fastest, in a
        hundred of that; windows at the beginning, at the end, and its rounds.
    """

    database: str
    cases: int
    results: list[Result]
    memory: dict[str, tuple[float, float]]
    load: tuple[float, float]
    spread: float

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


class Bench:
    """Measures the scenarios on one database.

    :param seconds: of one window.
    :param rounds: windows for each scenario that reads.
    """

    def __init__(
        self, site: Site, database: str, folder: Path, *, seconds: float, rounds: int, progress: Progress
    ) -> None:
        self.site, self.database, self.folder = site, database, folder
        self.seconds, self.rounds, self.progress = seconds, rounds, progress
        self.postmaster = self._postmaster()
        self._empty: list[Figures] = []
        """Windows of the emptiest request."""

    def run(self, *, only: str = "", small: bool = False, options: tuple[str, ...] = ()) -> Run:
        """Measure.

        :param only: part of the names of scenarios.
        :param small: leave out what is not needed for a first look.
        :param options: of ``civicportal serve``.
        :raises ValueError: when the city has too few cases to act on in so many rounds.
        """
        everything = scenarios(Cast(self.site), self.rounds)
        chosen = [one for one in everything if only in one.name and (one.small or not small)]
        if few := next((one.name for one in chosen if one.most < 1), None):
            raise ValueError(
                f"{few}: too few registered reports for {self.rounds} rounds; take fewer, or more cases"
            )
        hello = next(one for one in everything if one.name == HELLO)
        load = proc.load_average()
        with ExitStack() as stack:
            log, files = self.folder / "portal.log", self.site.settings["site"]["files"]
            portal = stack.enter_context(serving.portal(self.database, log, *options, files=files))
            floor = stack.enter_context(serving.floor(self.database, self.folder / "floor.log"))
            memory = {"start": portal.memory_mb}
            # Before and after all others: one round has no other window that could differ.
            self._empty = [self._ours(portal, hello, count())]
            results = [self._scenario(one, portal, floor) for one in chosen]
            self._empty.append(self._ours(portal, hello, count()))
            memory["end"] = portal.memory_mb
        return Run(
            database=self.site.engines.dialect,
            cases=self._count("cases"),
            results=results,
            memory=memory,
            load=(load, proc.load_average()),
            spread=_spread(self._empty),
        )

    # -- one scenario ---------------------------------------------------------------------------------------

    def _scenario(self, one: Scenario, portal: serving.Server, floor: serving.Server) -> Result:
        before = {table: self._count(table) for table, _n in one.writes}
        ours: list[Figures] = []
        theirs: list[Figures] = []
        # A case that was changed is not the same any more: requests that write are each sent once.
        numbers = count()
        for _turn in range(self.rounds):
            ours.append(self._ours(portal, one, numbers))
            if one.floor and not one.writes:
                theirs.append(self._floor(floor, one))
        problems: list[str] = []
        if one.writes:
            problems = [*self._missing(one, before, next(numbers)), *self._counters()]
            with self._undone():
                theirs.append(self._floor(floor, one))
        portals, floors = _middle(ours), _middle(theirs) if theirs else None
        problems += portals.errors[:3]
        if floors:
            problems += [f"the floor: {error}" for error in floors.errors[:3]]
        if one.name == HELLO:
            self._empty += ours
        statements = "" if portals.statements is None else f", {portals.statements:g} statements"
        self.progress(f"{one.name}: p50 {portals.p50:.1f} ms{statements}")
        return Result(
            name=one.name,
            portal=portals,
            floor=floors,
            problems=problems,
        )

    def _ours(self, portal: serving.Server, one: Scenario, numbers: Iterator[int]) -> Figures:
        return self._window(portal, one.make, one.expected, numbers, one.most)

    def _floor(self, server: serving.Server, one: Scenario) -> Figures:
        def make(n: int) -> Request:
            return Request(quote(one.floor.format(n=n % 5000), safe="/?"))

        return self._window(server, make, one.expected, count(), WHOLE_WINDOW)

    def _window(
        self,
        server: serving.Server,
        make: Callable[[int], Request],
        expected: int,
        numbers: Iterator[int],
        most: int,
    ) -> Figures:
        """Warm up, then measure for a time."""

        def following(_n: int) -> Request:
            return make(next(numbers))

        with Client(server.port, self.site.cookie_name) as client:
            client.measure(following, expected, seconds=self.seconds, most=WARM_UP)
            app, database = server.cpu_ms, self._database_ms()
            measured = client.measure(following, expected, seconds=self.seconds, most=most)
        used = (server.cpu_ms - app, self._database_ms() - database)
        return _figures(measured, *used)

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
        """Delete the rows of the floor: it keeps no counters."""
        tables = ("outbox", "case_events", "cases")
        with self.site.engines.read.connect() as connection:
            last = {table: connection.scalar(text(f"SELECT max(id) FROM {table}")) for table in tables}
        yield
        with self.site.engines.write.begin() as connection, guards_aside(connection):
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

    def _postmaster(self) -> int:
        """Return the process of PostgreSQL, 0 if it runs on another machine or is not used."""
        if self.site.engines.dialect != "postgresql":
            return 0
        with self.site.engines.read.connect() as connection:
            return proc.parent_of(int(connection.scalar(text("SELECT pg_backend_pid()")) or 0))

    def _database_ms(self) -> float:
        return proc.cpu_ms(self.postmaster) if self.postmaster > 1 else 0.0


def _figures(measured: Measured, app_ms: float, database_ms: float) -> Figures:
    number = max(len(measured.latencies), 1)
    return Figures(
        requests=len(measured.latencies),
        rate=measured.rate,
        p50=measured.percentile(50),
        p95=measured.percentile(95),
        p99=measured.percentile(99),
        app_ms=app_ms / number,
        database_ms=database_ms / number,
        bytes=measured.bytes / number,
        statements=median(measured.statements) if measured.statements else None,
        errors=measured.errors,
    )


def _middle(rounds: list[Figures]) -> Figures:
    """Return the medians of several windows, of the statements those of the quietest."""
    numbers = ("rate", "p50", "p95", "p99", "app_ms", "database_ms", "bytes")
    counted = [part.statements for part in rounds if part.statements is not None]
    return Figures(
        requests=sum(part.requests for part in rounds),
        # A session is noted as seen once a minute: of few slow answers, as many may say so as do not.
        statements=min(counted) if counted else None,
        errors=[error for part in rounds for error in part.errors],
        **{name: median(getattr(part, name) for part in rounds) for name in numbers},
    )


def _spread(rounds: list[Figures]) -> float:
    rates = [part.rate for part in rounds]
    return (max(rates) - min(rates)) / max(rates) * 100 if max(rates) else 0.0
