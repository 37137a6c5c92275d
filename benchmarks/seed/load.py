"""Load a migrated database, ten thousand cases per transaction; an interrupted load is continued."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, func, select, text

from benchmarks.seed.city import City
from benchmarks.seed.kinds import KINDS
from benchmarks.seed.plan import plan
from benchmarks.seed.stories import Story
from benchmarks.seed.tables import BATCH, TableWriter, reset_sequence
from civicportal.core.site import Site
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Attachment, Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.cases.vocabulary import make_vocabulary
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.organization.models import Seed
from civicportal.domain.ownership import adopt_store
from civicportal.domain.statistics.repair import rebuild_counters
from civicportal.portal import upgrade as migrate
from civicportal.portal.demo.runner import MARK, load_people
from civicportal.portal.seeds.services import SeedService
from civicportal.util.persian import folded
from civicportal.util.tracking import new_code

CHUNK = 10_000
Progress = Callable[[str], None]


def prepare(site: Site, progress: Progress) -> None:
    """Migrate, apply the site's seeds and create its staff; done once."""
    migrate.upgrade(site, progress=progress)
    # Databases of several sizes are measured with one store, one after the other.
    store = site.storage.store
    mark = store.read_mark()
    adopt_store(site, store, owner=mark.portal if mark else "")
    with site.work() as work:
        if work.session.get(Seed, MARK) is not None:
            return
        work.get(SeedService).load()
        load_people(work, site.data / "demo")
        # The demo may serve such a database too; production may not.
        work.session.add(Seed(key=MARK, digest=""))


def load(site: Site, *, cases: int, seed: int, until: datetime, progress: Progress) -> None:
    """Write the cases that are missing, and count them.

    :param cases: how many there are in the end.
    :param until: the present of the invented city; the cases lie in the two years before.
    :raises AnotherCity: when the database was seeded with other parameters.
    """
    plan(site, cases=cases, seed=seed, until=until)
    city = City(site, Random(seed), until, cases)
    _load_citizens(site, city)
    _index_words(site, False)
    writers: dict[type[Any], TableWriter] = {}
    taken: set[str] = set()
    present = _present(site)
    for start in range(0, cases, CHUNK):
        numbers = range(start, min(start + CHUNK, cases))
        rng = Random(f"{seed}:{start}")
        # The codes of chunks that are there already are drawn again, so that no later one repeats them.
        drawn = [next(fresh) for fresh in [_codes(Random(f"codes:{seed}:{start}"), taken)] for _ in numbers]
        if numbers[-1] < present:
            continue
        _write(site, writers, _stories(city, rng, numbers, drawn))
        progress(f"{numbers[-1] + 1:,} cases")
    _finish(site, progress)


def _codes(rng: Random, taken: set[str]) -> Iterator[str]:
    """Yield unused tracking codes."""
    while True:
        code = new_code(rng)
        if code not in taken:
            taken.add(code)
            yield code


def _stories(city: City, rng: Random, numbers: range, drawn: list[str]) -> Iterator[Story]:
    for number, code in zip(numbers, drawn, strict=True):
        yield Story(city, rng.choice(KINDS), rng, number, code)


def _write(site: Site, writers: dict[type[Any], TableWriter], stories: Iterator[Story]) -> None:
    rows: defaultdict[type[Any], list[dict[str, Any]]] = defaultdict(list)
    for story in stories:
        for model, row in story.rows():
            rows[model].append(row)
    with site.engines.write.begin() as connection:
        _hasten(connection)
        for model, found in rows.items():
            if model not in writers:
                writers[model] = TableWriter(site.engines.dialect, model, found[0])
            writers[model].write(connection, found)


def _load_citizens(site: Site, city: City) -> None:
    with site.engines.write.begin() as connection:
        _hasten(connection)
        first = city.first_citizen
        if connection.scalar(select(func.count()).where(User.id >= first)):
            return
        rows = [
            {
                "id": first + number,
                "mobile": city.mobile(number),
                "name": city.person(number),
                "search_name": folded(city.person(number)),
                "level": 1,
                "created_at": city.moment(0),
            }
            for number in range(city.citizens)
        ]
        writer = TableWriter(site.engines.dialect, User, rows[0])
        for start in range(0, len(rows), BATCH):
            writer.write(connection, rows[start : start + BATCH])


def _present(site: Site) -> int:
    with site.engines.read.connect() as connection:
        return connection.scalar(select(func.max(Case.id))) or 0


def _hasten(connection: Connection) -> None:
    """Drop what a repeatable load does not need."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))


def _index_words(site: Site, at_once: bool) -> None:
    """Enable or disable PostgreSQL's search index while cases are loaded."""
    if site.engines.dialect != "postgresql":
        return
    with site.engines.write.begin() as connection:
        if not at_once:
            connection.execute(text("DROP INDEX IF EXISTS ix_case_search_doc"))
        for table, trigger in (("cases", "case_search_case"), ("referrals", "case_search_line")):
            order = "ENABLE" if at_once else "DISABLE"
            connection.execute(text(f"ALTER TABLE {table} {order} TRIGGER {trigger}"))


def _finish(site: Site, progress: Progress) -> None:
    with site.engines.write.begin() as connection:
        for model in (User, Case, CaseEvent, Referral, OutboxMessage):
            reset_sequence(connection, model)
    progress("counting")
    rebuild_counters(site, progress)
    # Nothing else keeps up with rows that come by the thousand.
    progress("indexing words")
    _index_words(site, True)
    SearchIndex(site.engines).rebuild(progress)
    make_vocabulary(site)
    if site.engines.dialect == "postgresql":
        progress("analysing")
        with site.engines.read.connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("RESET statement_timeout"))


def manifest(site: Site, *, cases: int, seed: int, until: datetime) -> dict[str, Any]:
    """Return the content of the database."""
    with site.engines.read.connect() as connection:
        by_status = connection.execute(
            select(Case.kind, Case.status, func.count())
            .group_by(Case.kind, Case.status)
            .order_by(Case.kind, Case.status)
        ).all()
        tables = {
            model.__tablename__: connection.scalar(select(func.count()).select_from(model))
            for model in (User, Case, CaseEvent, Referral, OutboxMessage, Attachment)
        }
    return {
        "seed": seed,
        "cases": cases,
        "until": until.isoformat(),
        "tables": tables,
        "statuses": {f"{kind}.{status}": n for kind, status, n in by_status},
    }


def write_manifest(path: Path, values: dict[str, Any]) -> None:
    """Store a manifest as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
