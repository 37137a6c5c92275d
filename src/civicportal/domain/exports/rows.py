"""Rows of an export in batches, with constant memory.

The cases and their order are those of the list when the export starts: one statement reads their ids, eight bytes
each. So no row is repeated or left out, however long it takes and whatever changes concurrently;
a case that no longer matches the filters, or that the reader may no longer see, is skipped.
"""

import logging
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import colander
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from civicportal.core.security import Identity
from civicportal.domain.cases.access.rights import visible
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.paging import SORTS
from civicportal.domain.exports.types import (
    SORT,
    Export,
    ExportColumn,
    ExportDefinition,
    ExportSource,
    Masked,
)
from civicportal.util.queries import Rows, Selected
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

log = logging.getLogger(__name__)

BATCH = 1000
"""Cases per transaction."""
PATIENCE = 60
"""Statement timeout of the worker in seconds."""
AWAITED = 3
"""Statement timeout of a request in seconds, as for every page."""
SLICE = 2_000
"""Ids fetched at once."""
Row = Sequence[object]


@dataclass(frozen=True, kw_only=True)
class ExportQuery:
    """The content of an export.

    :ivar values: of the filters.
    :ivar full: numbers of people in full where the actor has the right, else masked as on the screen.
    :ivar locale: of the names of units and categories; that of the site by default.
    """

    export: Export
    values: Values
    columns: tuple[ExportColumn, ...]
    full: bool = False
    locale: str = ""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch of rows.

    :ivar shown: by verb, the cases with their citizens whose numbers are shown in full.
    """

    rows: Sequence[Row]
    shown: Mapping[str, list[tuple[int, int | None]]]


def export_rows(
    site: "Site", actor: Identity, export: str, values: Values, columns: Sequence[str] = ()
) -> Iterator[dict[str, object]]:
    """Yield the rows of an export as dictionaries by column name.

    :param values: of the filters, as parsed from the list's URL; missing ones do not filter.
    :param columns: names; the default columns if empty.
    """
    found: Export = site.exports[export]
    with site.work(actor=actor, write=False) as work:
        usual = {node.name: node.missing for node in bound_schema(work, found).children}
    order = ExportQuery(export=found, values={**usual, **values}, columns=found.chosen(columns))
    names = [column.name for column in order.columns]
    for batch in batches(site, actor, order):
        for row in batch.rows:
            yield dict(zip(names, row, strict=True))


def bound_schema(work: "Work", export: ExportDefinition) -> colander.SchemaNode:
    """Return the bound schema of an export's filters."""
    site = work.site
    return export.schema().bind(country=site.country, calendar=site.calendar, **export.bindings(work))


def count(
    site: "Site", actor: Identity, order: ExportQuery, most: int | None = None, *, patience: int = PATIENCE
) -> int | None:
    """Return the number of rows, or None after a timeout.

    :param most: maximum; all if None.
    :param patience: statement timeout in seconds, if longer than a page's.
    """
    try:
        with site.work(actor=actor, write=False, patience=patience) as work:
            rows = _selected(work, order, Case.id).limit(most).subquery()
            return work.session.scalar(select(func.count()).select_from(rows)) or 0
    except OperationalError:
        log.warning("%s cannot be counted in good time", order.export.name)
        return None


def count_few(site: "Site", actor: Identity, order: ExportQuery, most: int) -> int:
    """Return the number of rows.

    ``most + 1`` means more, or a timeout.
    """
    found = count(site, actor, order, most + 1, patience=0)
    return most + 1 if found is None else found


def batches(
    site: "Site",
    actor: Identity,
    order: ExportQuery,
    *,
    size: int = BATCH,
    most: int | None = None,
    patience: int = PATIENCE,
) -> Iterator[Batch]:
    """Yield the rows; between two batches no transaction is open.

    :param size: maximum rows of a batch.
    :param most: maximum rows; all if None.
    :param patience: statement timeout in seconds.
    """
    with site.work(actor=actor, write=False, patience=patience) as work:
        ids = _ids(work, order, most)
    for start in range(0, len(ids), size):
        with site.work(actor=actor, write=False, patience=patience, locale=order.locale) as work:
            batch = _batch(work, order, ids[start : start + size])
        if batch.rows:
            yield batch


def _ids(work: "Work", order: ExportQuery, most: int | None) -> "array[int]":
    """Read the ids in slices, on PostgreSQL with a server-side cursor and a longer timeout."""
    sort = getattr(_source(work, order), SORT, SORTS["newest"])
    query = _selected(work, order, Case.id).order_by(*sort.order).limit(most)
    return array("q", work.session.scalars(query.execution_options(yield_per=SLICE)))


def _batch(work: "Work", order: ExportQuery, ids: "array[int]") -> Batch:
    source = _source(work, order)
    verbs = sorted({column.personal for column in order.columns if column.personal})
    rights = [visible(work.actor, verb).label(f"may_{verb}") for verb in verbs]
    query = source.query(*source.entities, *rights).where(
        visible(work.actor, "export"), Case.id.in_(list(ids))
    )
    places = {case_id: place for place, case_id in enumerate(ids)}
    found = sorted(work.session.execute(query), key=lambda one: places[one[0].id])
    width = len(source.entities)
    rows, shown = [], {verb: list[tuple[int, int | None]]() for verb in verbs}
    for row, one in zip(source.rows([one[:width] for one in found]), found, strict=True):
        may = {verb for verb, right in zip(verbs, one[width:], strict=True) if right}
        cells = [_cell(column, row, may, order.full) for column in order.columns]
        rows.append([value for value, _full in cells])
        for column, (_value, full) in zip(order.columns, cells, strict=True):
            if full:
                shown[column.personal].append((one[0].id, one[0].citizen_id))
    return Batch(rows=rows, shown=shown)


def _cell(column: ExportColumn, row: object, may: set[str], full: bool) -> tuple[object, bool]:
    """Return a visible value, and whether it is a full number."""
    if column.personal and column.personal not in may:
        return None, False
    value = column.value(row)
    if isinstance(value, Masked):
        return (value.full, True) if full else (value.masked, False)
    return value, False


def _selected(work: "Work", order: ExportQuery, *columns: Selected) -> Rows:
    return _source(work, order).query(*columns).where(visible(work.actor, "export"))


def _source(work: "Work", order: ExportQuery) -> ExportSource:
    names = frozenset(column.name for column in order.columns)
    return order.export.source(work, order.values, names)
