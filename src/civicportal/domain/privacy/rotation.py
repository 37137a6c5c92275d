"""Rotation of encryption keys while the portal runs.

A new key is put in front of the others; it encrypts from then on, and all decrypt. Rotation re-encrypts the values of
older keys in batches; when none are left an older key may be removed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Column, ColumnElement, func, select, tuple_, update

from civicportal.core.checks import Finding
from civicportal.core.crypto import MARK, CannotDecrypt
from civicportal.core.db import changed_rows
from civicportal.domain.privacy.tags import sealed_columns
from civicportal.util.i18n import _
from civicportal.util.queries import Record

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

BATCH = 200
"""Values per transaction."""


@dataclass(frozen=True, kw_only=True)
class SealedCount:
    """Numbers of encrypted values of a column by key.

    :ivar column: ``table.column``.
    :ivar newest: by the current encrypting key.
    :ivar older: by another key of the site: to be re-encrypted.
    :ivar lost: by a key that the site does not have: they cannot be read.
    """

    column: str
    newest: int
    older: int
    lost: int


def count_sealed(work: "Work") -> list[SealedCount]:
    """Return the numbers for every encrypted column."""
    return [_count(work, column) for column in sealed_columns(work.site)]


def rotate(site: "Site", progress: Callable[[str, int], None] | None = None) -> int:
    """Re-encrypt every value of an older key.

    It may be interrupted at any time and repeated.

    :param progress: called after each batch with the column and the number of values so far.
    :returns: how many were written.
    """
    written = 0
    for column in sealed_columns(site):
        last: Record | None = None
        while True:
            with site.work() as work:
                rows = _older(work, column, last)
                written += sum(_reencrypt(work, column, row) for row in rows)
            if not rows:
                break
            if progress:
                progress(f"{column.table.name}.{column.name}", written)
            last = rows[-1][:-1]
    return written


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the problems with the keys, for ``civicportal check``."""
    counts = count_sealed(work)
    older, lost = sum(count.older for count in counts), sum(count.lost for count in counts)
    if older:
        yield Finding(
            level="warning",
            place="site.pii_keys",
            text=_("${older} values are encrypted with an older key", mapping={"older": older}),
            remedy="civicportal keys rotate",
        )
    if lost:
        yield Finding(
            level="error",
            place="site.pii_keys",
            text=_("${lost} values are encrypted with a missing key", mapping={"lost": lost}),
            remedy=_("put the key back, behind the newest one; civicportal keys status names the columns"),
        )


def _count(work: "Work", column: Column[object]) -> SealedCount:
    keys, mark = work.site.keys, _mark(column)
    query = select(mark.label("mark"), func.count().label("number")).where(column.is_not(None)).group_by(mark)
    numbers = {"newest": 0, "older": 0, "lost": 0}
    for row in work.session.execute(query):
        known = "older" if row.mark in keys.older_marks else "lost"
        numbers["newest" if row.mark == keys.newest_mark else known] += row.number
    return SealedCount(column=f"{column.table.name}.{column.name}", **numbers)


def _older(work: "Work", column: Column[object], last: Record | None) -> Sequence[Record]:
    """Return a batch of primary keys with their values."""
    keys = column.table.primary_key.columns
    query = select(*keys, column).where(_mark(column).in_(work.site.keys.older_marks))
    if last is not None:
        query = query.where(tuple_(*keys) > tuple_(*last))
    return work.session.execute(query.order_by(*keys).limit(BATCH)).all()


def _reencrypt(work: "Work", column: Column[object], row: Record) -> int:
    """Re-encrypt one value unless it was changed concurrently.

    A damaged one is left as it is.
    """
    *key, value = row
    try:
        fresh = work.site.keys.encrypt(work.site.keys.decrypt(value))
    except CannotDecrypt:
        return 0
    here = [part == known for part, known in zip(column.table.primary_key.columns, key, strict=True)]
    statement = update(column.table).where(*here, column == value).values({column.name: fresh})
    return changed_rows(work.session.execute(statement))


def _mark(column: Column[object]) -> ColumnElement[str]:
    return func.substr(column, 1, MARK)
