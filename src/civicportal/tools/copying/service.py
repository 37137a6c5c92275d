"""The steps of a copy.

After an interruption, the same command continues.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from civicportal.domain.ownership.models import COPYING, ID, MOVED
from civicportal.tools.backup.databases import Figure, Figures, differences, file_of
from civicportal.tools.copying.errors import CopyError, explaining
from civicportal.tools.copying.source import SourceDatabase, quiet_source
from civicportal.tools.copying.tables import CopiedTable, tables_of
from civicportal.tools.copying.target import CopyMark, TargetDatabase, open_target

if TYPE_CHECKING:
    from civicportal.core.site import Site

Report = Callable[[str, str, int, int], None]
"""Called with the step, the table at work (empty at the end of the step), the number of rows done, and that of all
rows.
"""
KEYS = (0x636F7079, 0x73616D65)
"""Key of an advisory lock by which two connections find out that they lead to one database."""


@dataclass(frozen=True, kw_only=True)
class CopyResult:
    """Result of a copy.

    :ivar tables: number of tables that were compared; 0 if the portal had been moved to this target before.
    :ivar rows: number of their rows.
    :ivar resumed: rows that an earlier, interrupted run had written.
    """

    tables: int
    rows: int
    resumed: int


def copy_database(source_site: "Site", target_site: "Site", report: Report) -> CopyResult:
    """Move the portal of a site to another database.

    Afterwards the target is the database of the portal, with the same id, file store, sessions and waiting messages.
    The source keeps all its rows and is marked as moved, so that no portal starts on it.

    :param source_site: the site with the database that is copied.
    :param target_site: the same site with an empty database, or with one into which this copy was begun.
    :raises CopyError: when one of them does not fit, or the rows differ afterwards; the source is as it was then.
    """
    tables = tables_of(source_site)
    try:
        refuse_same(source_site, target_site)
        with open_target(target_site, tables) as target:
            target.refuse_unfit()
            with quiet_source(source_site, tables) as source:
                return _copy(source, target, tables, report)
    finally:
        source_site.engines.dispose()
        target_site.engines.dispose()


def refuse_same(source: "Site", target: "Site") -> None:
    """Refuse a missing source, and one that is the target.

    Two URLs can lead to the same database.

    :raises CopyError: for such a source.
    """
    if source.engines.dialect == "sqlite" and not file_of(source.engines).is_file():
        raise CopyError(f"{source.engines.address}: there is no such file: correct the address of the source")
    if source.engines.dialect != target.engines.dialect:
        return
    if source.engines.dialect == "sqlite":
        is_same = _is_same_file(file_of(source.engines), file_of(target.engines))
    else:
        is_same = _is_same_server_and_database(source, target)
    if is_same:
        raise CopyError(f"{target.engines.address} is the source itself: name another database")


def _is_same_file(source: Path, target: Path) -> bool:
    return target.exists() and source.samefile(target)


def _is_same_server_and_database(source: "Site", target: "Site") -> bool:
    first, second = KEYS
    lock = text("SELECT pg_advisory_xact_lock(:first, :second)")
    seen = text(
        "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON oid = database WHERE locktype = 'advisory'"
        " AND datname = current_database() AND classid = :first AND objid = :second)"
    )
    keys = {"first": first, "second": second}
    with explaining(source.engines.address), source.engines.steady.connect() as here:
        here.execute(lock, keys)
        with explaining(target.engines.address), target.engines.read.connect() as there:
            return bool(there.scalar(seen, keys))


def _copy(
    source: SourceDatabase, target: TargetDatabase, tables: list[CopiedTable], report: Report
) -> CopyResult:
    portal, marks = source.marks[ID].value, target.marks()
    begun = CopyMark.of(marks[COPYING]) if COPYING in marks else None
    moved = json.loads(source.marks[MOVED].value) if MOVED in source.marks else None
    if moved and not begun and marks.get(ID) == portal:
        return CopyResult(tables=0, rows=0, resumed=0)
    if moved and not (begun and begun.copy == moved["copy"]):
        raise CopyError(f"{source.place}: the portal was moved to {moved['to']}: copy from there")
    if begun and begun.portal != portal:
        raise CopyError(f"{target.place}: a copy of another portal was begun in it: name an empty database")
    rows = _figures("reading", source.figure, tables, {one.name: source.count(one) for one in tables}, report)
    resumed = 0
    if begun and begun.rows == rows:
        resumed = _fill(source, target, tables, rows, report)
    else:
        if not begun:
            target.refuse_filled()
        begun = target.begin(portal, rows, begun.copy if begun else "")
        _fill(source, target, tables, rows, report)
    found = _differences(target, tables, rows, report)
    if found and resumed:
        # Rows were written in between by another program.
        begun, resumed = target.begin(portal, rows, begun.copy), 0
        _fill(source, target, tables, rows, report)
        found = _differences(target, tables, rows, report)
    if found:
        raise CopyError(f"{target.place}: {found[0]}: the source is as it was; report this")
    _finish(source, target, tables, begun, report)
    return CopyResult(
        tables=len(tables), rows=sum(count for count, _digest in rows.values()), resumed=resumed
    )


def _figures(
    step: str,
    figure: Callable[[CopiedTable], Figure],
    tables: list[CopiedTable],
    counts: Mapping[str, int],
    report: Report,
) -> Figures:
    """Return the figures of all tables of one side."""
    found, done, total = {}, 0, sum(counts.values())
    for one in tables:
        report(step, one.name, done, total)
        found[one.name] = figure(one)
        done += found[one.name][0]
    report(step, "", total, total)
    return found


def _fill(
    source: SourceDatabase, target: TargetDatabase, tables: list[CopiedTable], rows: Figures, report: Report
) -> int:
    """Write the missing rows; return how many existed."""
    total = sum(count for count, _digest in rows.values())
    done = found = 0
    for one in tables:
        present = target.count(one)
        found += present
        done += present
        report("copying", one.name, done, total)
        missing = source.rows(one, present)
        while number := target.write(one, missing) if present < rows[one.name][0] else 0:
            present += number
            done += number
            report("copying", one.name, done, total)
    report("copying", "", total, total)
    return found


def _differences(
    target: TargetDatabase, tables: list[CopiedTable], rows: Figures, report: Report
) -> list[str]:
    counts = {name: count for name, (count, _digest) in rows.items()}
    return list(differences(rows, _figures("comparing", target.figure, tables, counts, report)))


def _finish(
    source: SourceDatabase, target: TargetDatabase, tables: list[CopiedTable], begun: CopyMark, report: Report
) -> None:
    """Build derived data, and switch the portal's database.

    Between the two commits neither is the portal's: the next run of the command ends what this one has begun.
    """
    report("indexing", "", 0, 1)
    target.build(source.positions(tables))
    report("indexing", "", 1, 1)
    source.move(json.dumps({"copy": begun.copy, "to": target.place}))
    target.end(source)
