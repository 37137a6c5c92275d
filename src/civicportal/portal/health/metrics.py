"""Metrics that are read from database and store on each scrape.

To add a metric, add a line to one of the functions below, or a new function to :data:`COLLECTORS`. Labels have few
values and no personal data; a query reads a bounded number of rows, however many cases there are.
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from civicportal import __version__
from civicportal.core.jobs import JobRun, registered
from civicportal.core.storage.images import decoders
from civicportal.domain.exports.models import RUNNING, ExportJob
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.notifications.delivery import IS_UNSETTLED, LANES
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.webhooks.models import Webhook, WebhookDelivery, WebhookHealth
from civicportal.portal.admin.health import last_check
from civicportal.portal.backups.records import last_verified
from civicportal.portal.opendata.services import BuildService
from civicportal.portal.worker.heartbeat import WorkerService
from civicportal.util.lists import MOST_COUNTED as MOST_LISTED

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)

MOST_COUNTED = 100_000
"""Maximum rows that are counted of a queue."""
MOST_RECENT = 20_000
"""Recent messages examined for failures."""
MOST_QUARANTINED = 1_000
ONE_DAY = timedelta(days=1)


def gauge(name: str, help_: str, value: float | None) -> "Iterator[Metric]":
    """Yield a metric without labels; nothing if its value is unknown.

    :param name: without ``civicportal_``, with its unit at the end.
    """
    if value is not None:
        yield GaugeMetricFamily(f"civicportal_{name}", help_, value=value)


def gauges(name: str, help_: str, label: str, values: Mapping[str, float | None]) -> "Iterator[Metric]":
    """Yield a metric with a sample per label value."""
    family = GaugeMetricFamily(f"civicportal_{name}", help_, labels=[label])
    for key, value in values.items():
        if value is not None:
            family.add_metric([key], value)
    yield family


def workers(work: "Work") -> "Iterator[Metric]":
    """Yield the number of running workers, and when one was last seen."""
    service = work.get(WorkerService)
    yield from gauge("workers_running", "Workers seen within two minutes.", service.count_running())
    seen = _timestamp(service.last_seen())
    yield from gauge("worker_last_seen_timestamp_seconds", "When any worker was seen last.", seen or 0)


def jobs(work: "Work") -> "Iterator[Metric]":
    """Yield the result of the last and the duration of the current run of each job."""
    now = work.clock.now()
    known = JobRun.name.in_(registered(work.site))
    rows = {row.name: row for row in work.session.scalars(select(JobRun).where(known))}
    held = {name: row for name, row in rows.items() if row.locked_until and row.locked_until > now}
    yield from gauges(
        "job_last_success_timestamp_seconds",
        "When the job last ended well.",
        "job",
        {name: _timestamp(row.last_ok_at) for name, row in rows.items()},
    )
    yield from gauges(
        "job_last_duration_seconds",
        "How long its last run took.",
        "job",
        {name: row.last_seconds for name, row in rows.items()},
    )
    yield from gauges(
        "job_failures",
        "Runs that failed since the last that did not.",
        "job",
        {name: row.failures for name, row in rows.items()},
    )
    yield from gauges(
        "job_overdue_seconds",
        "How long the job has been due and no worker has run it.",
        "job",
        {name: 0 if name in held else _age(row.next_at, now) for name, row in rows.items()},
    )
    yield from gauges(
        "job_running_seconds",
        "How long the run under way has taken.",
        "job",
        {name: _age(row.started_at, now) for name, row in held.items()},
    )
    yield from gauges(
        "job_lease_remaining_seconds",
        "How long the lease of the run under way lasts if it is not renewed.",
        "job",
        {name: -_seconds(row.locked_until, now) for name, row in held.items()},
    )


def outbox(work: "Work") -> "Iterator[Metric]":
    """Yield the waiting messages of each lane, and the permanently failed ones."""
    now = work.clock.now()
    depths: dict[str, float | None] = {}
    oldest: dict[str, float | None] = {}
    for lane in LANES:
        waiting = select(OutboxMessage.next_at).where(OutboxMessage.lane == lane, IS_UNSETTLED)
        some = waiting.limit(MOST_COUNTED).subquery()
        depths[lane] = work.session.scalar(select(func.count()).select_from(some))
        due = work.session.scalar(waiting.order_by(OutboxMessage.next_at).limit(1))
        oldest[lane] = _age(due, now) if due else 0
    yield from gauges("outbox_messages", f"Messages not settled, {MOST_COUNTED} at most.", "lane", depths)
    yield from gauges(
        "outbox_oldest_due_seconds", "How long the oldest message has been due.", "lane", oldest
    )
    recent = select(OutboxMessage.state).where(OutboxMessage.created_at > now - ONE_DAY)
    some = recent.order_by(OutboxMessage.created_at.desc()).limit(MOST_RECENT).subquery()
    dead = work.session.scalar(select(func.count()).select_from(some).where(some.c.state == "dead"))
    yield from gauge(
        "outbox_dead_messages", f"Of the last day's {MOST_RECENT} newest, failed for good.", dead
    )


def webhooks(work: "Work") -> "Iterator[Metric]":
    """Yield the events that wait for webhooks or have failed, and the webhooks that send nothing."""
    counts: dict[str, float | None] = {}
    for state in ("new", "dead"):
        some = select(WebhookDelivery.id).where(WebhookDelivery.state == state).limit(MOST_COUNTED).subquery()
        counts[state] = work.session.scalar(select(func.count()).select_from(some))
    yield from gauge("webhook_waiting_events", f"Events to be sent, {MOST_COUNTED} at most.", counts["new"])
    yield from gauge("webhook_failed_events", f"Events given up, {MOST_COUNTED} at most.", counts["dead"])
    paused = select(func.count()).where(Webhook.paused != "")
    yield from gauge("webhooks_paused", "Webhooks that send nothing.", work.session.scalar(paused))
    now = work.clock.now()
    failing = work.session.scalar(select(func.min(WebhookHealth.failing_since)))
    yield from gauge(
        "webhook_failing_seconds",
        "How long the address that fails longest has failed.",
        _age(failing, now) if failing else 0,
    )


def unattended(work: "Work") -> "Iterator[Metric]":
    """Yield the number of unattended cases."""
    total = CustodyService(work).recent_total()
    yield from gauge(
        "unattended_cases", f"Open cases without anyone in charge, {MOST_LISTED} at most.", total.number
    )


def gate(work: "Work") -> "Iterator[Metric]":
    """Yield the state of the gate and the credit."""
    service = work.get(SendingGateService)
    yield from gauge("gate_open", "1 while messages get through, 0 after failures.", int(service.is_open))
    credit = service.row.credit if service.row else None
    yield from gauge("gate_credit_messages", "Messages that the provider's account pays for.", credit)


def exports(work: "Work") -> "Iterator[Metric]":
    """Yield the pending and running exports."""
    query = (
        select(ExportJob.state, func.count()).where(ExportJob.state.in_(RUNNING)).group_by(ExportJob.state)
    )
    found: dict[str, float | None] = dict.fromkeys(RUNNING, 0)
    found |= dict(work.session.execute(query).all())
    yield from gauges("exports", "Exports under way.", "state", found)


def health(work: "Work") -> "Iterator[Metric]":
    """Yield the findings of the last check."""
    last = last_check(work)
    if last is None:
        return
    levels = [one["level"] for one in last.findings]
    counts: dict[str, float | None] = {level: levels.count(level) for level in ("error", "warning")}
    yield from gauges("findings", "What the last check found.", "level", counts)
    yield from gauge("check_timestamp_seconds", "When the portal was last checked.", _timestamp(last.at))


def limits(work: "Work") -> "Iterator[Metric]":
    """Yield the used part of each site-wide limit."""
    fullest: dict[tuple[str, str], float] = {}
    for one in work.site.limits.usage():
        key = (one.name, one.requesters)
        fullest[key] = max(fullest.get(key, 0.0), one.used / one.hits)
    used = GaugeMetricFamily(
        "civicportal_limit_used_ratio",
        "Uses of a ceiling of the whole site as a share of it; above 1 it is reached.",
        labels=["limit", "requesters"],
    )
    for key, ratio in fullest.items():
        used.add_metric(list(key), ratio)
    yield used


def connections(work: "Work") -> "Iterator[Metric]":
    """Yield the used and the maximum PostgreSQL connections."""
    if work.site.engines.dialect != "postgresql":
        return
    query = text(
        "SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity "
        "WHERE datname = current_database()"
    )
    used, most = work.session.execute(query).one()
    yield from gauge("database_connections", "Connections to the portal's database.", used)
    yield from gauge("database_connections_max", "Connections that the server takes in all.", most)


def store(work: "Work") -> "Iterator[Metric]":
    """Yield quarantined files and free disk space.

    If the file store is a folder.

    A bucket is not queried: one that does not answer would delay all other metrics. The findings of the last check
    cover it.
    """
    if work.site.settings["s3"]:
        return
    aside = sum(1 for _key in islice(work.site.storage.quarantined(), MOST_QUARANTINED))
    yield from gauge("store_quarantined_files", f"Files in quarantine, {MOST_QUARANTINED} at most.", aside)
    usage = shutil.disk_usage(work.site.settings["site"]["files"])
    yield from gauge("store_free_bytes", "Free room on the disk of the file store.", usage.free)
    yield from gauge("store_size_bytes", "Size of the disk of the file store.", usage.total)


def pictures(_work: "Work") -> "Iterator[Metric]":
    """Yield how many pictures this machine decodes."""
    used, most = decoders()
    yield from gauge("picture_decoders_in_use", "Pictures that this machine decodes at the moment.", used)
    yield from gauge("picture_decoders_max", "Pictures that it decodes at once at most.", most)


def backups(work: "Work") -> "Iterator[Metric]":
    """Yield when the newest verified backup was made."""
    made_at = _timestamp(last_verified(work))
    yield from gauge(
        "backup_last_verified_timestamp_seconds",
        "When the newest verified backup was made; 0 if there is none.",
        made_at or 0,
    )


def open_data(work: "Work") -> "Iterator[Metric]":
    """Yield when open data were last built, if the site publishes any."""
    if not work.site.settings["open_data"]["enabled"]:
        return
    last = work.get(BuildService).last_good()
    yield from gauge(
        "open_data_built_timestamp_seconds",
        "When the files of open data were last built; 0 if never.",
        _timestamp(last.finished_at) or 0 if last else 0,
    )


Collector = Callable[["Work"], "Iterator[Metric]"]
COLLECTORS: tuple[Collector, ...] = (
    workers,
    jobs,
    outbox,
    webhooks,
    gate,
    unattended,
    exports,
    health,
    limits,
    connections,
    store,
    pictures,
    backups,
    open_data,
)


class MetricsCollector:
    """Collect the metrics of a site.

    A failing collector does not affect the others.
    """

    def __init__(self, site: "Site", collectors: tuple[Collector, ...] = COLLECTORS) -> None:
        self.site = site
        self.collectors = collectors

    def describe(self) -> "list[Metric]":
        """Return nothing.

        The metrics depend on the site, and are read only on a scrape.
        """
        return []

    def collect(self) -> "Iterator[Metric]":
        """Yield all metrics."""
        began = time.monotonic()
        yield InfoMetricFamily("civicportal_build", "The running code.", value={"version": __version__})
        is_up = self._is_database_up()
        yield from gauge("database_up", "1 while the database answers.", int(is_up))
        failed: dict[str, float | None] = {}
        for collector in self.collectors if is_up else ():
            name = collector.__name__
            failed[name] = 0
            try:
                with self.site.work(write=False) as work:
                    found = list(collector(work))
            except Exception:
                log.exception("the metrics of %s cannot be read", name)
                failed[name] = 1
            else:
                yield from found
        yield from gauges("collector_failed", "1 where figures could not be read.", "collector", failed)
        yield from gauge("collect_seconds", "How long reading these figures took.", time.monotonic() - began)

    def _is_database_up(self) -> bool:
        try:
            with self.site.engines.read.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True


def _timestamp(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


def _seconds(since: Any, now: datetime) -> float:
    return float((now - since).total_seconds())


def _age(since: datetime | None, now: datetime) -> float | None:
    return max(0.0, _seconds(since, now)) if since else None
