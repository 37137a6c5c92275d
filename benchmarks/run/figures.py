"""Results of a run, as they are stored in ``results.json``."""

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from benchmarks.run import proc
from benchmarks.run.client import Measured


@dataclass(kw_only=True)
class Figures:
    """Results of one scenario on one server.

    :ivar app_ms: CPU time of the server for one answer.
    :ivar database_ms: CPU time of PostgreSQL for one answer.
    :ivar load: load average at the end of the window.
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
    load: float = 0.0
    errors: list[str] = field(default_factory=list)

    @property
    def cpu_ms(self) -> float:
        """Return the total CPU time of one response."""
        return self.app_ms + self.database_ms


@dataclass(kw_only=True)
class Result:
    """One scenario: the results of each server, and other findings.

    :ivar floor: of the bare WSGI function.
    :ivar plain: of the plain Pyramid application.
    :ivar base: of the portal of another commit.
    :ivar page: name of the result of the page that shows the same; empty if there is none.
    :ivar growth: ratio of the CPU to that with the fewest cases of the same suite, None in the smallest run.
    """

    name: str
    portal: Figures
    floor: Figures | None = None
    plain: Figures | None = None
    base: Figures | None = None
    page: str = ""
    problems: list[str]
    growth: float | None = None


@dataclass(kw_only=True)
class Run:
    """A whole run.

    :ivar machine: versions of what was measured on, by name.
    :ivar hello: CPU in milliseconds of the emptiest request, by server: of portal and floor.
    :ivar memory: largest resident set and proportional set in MB, at the start and in the end.
    :ivar spread: difference between the slowest and the fastest window of the emptiest request, in percent of its rate.
    """

    database: str
    cases: int
    results: list[Result]
    machine: dict[str, str] = field(default_factory=dict)
    hello: dict[str, float] = field(default_factory=dict)
    memory: dict[str, tuple[float, float]]
    load: tuple[float, float]
    spread: float

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def figures(measured: Measured, app_ms: float, database_ms: float) -> Figures:
    """Return the results of one window.

    :param app_ms: CPU time of the server for all of its requests.
    :param database_ms: CPU time of PostgreSQL for them.
    """
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
        load=proc.load_average(),
        errors=measured.errors,
    )


def middle(rounds: list[Figures]) -> Figures:
    """Return the medians of several windows, with the fewest statements of any."""
    numbers = ("rate", "p50", "p95", "p99", "app_ms", "database_ms", "bytes", "load")
    counted = [part.statements for part in rounds if part.statements is not None]
    return Figures(
        requests=sum(part.requests for part in rounds),
        # A session is noted as seen once a minute: of few slow answers, as many may say so as do not.
        statements=min(counted) if counted else None,
        errors=[error for part in rounds for error in part.errors],
        **{name: median(getattr(part, name) for part in rounds) for name in numbers},
    )


def spread(rounds: list[Figures]) -> float:
    """Return the difference between the lowest and the highest rate in percent of the highest."""
    rates = [part.rate for part in rounds]
    return (max(rates) - min(rates)) / max(rates) * 100 if max(rates) else 0.0
