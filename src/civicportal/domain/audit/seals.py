"""Sealing of the audit trail, and verification.

No writer waits for a seal: a job seals rows that are older than a few seconds. A hash chain whose head
every writer moves would serialise them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, or_, select
from translationstring import TranslationString

from civicportal.core.crypto import same
from civicportal.core.work import Service
from civicportal.domain.audit.digests import changed_words, sealed_line
from civicportal.domain.audit.models import AuditSeal, SealedRow
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work

MATURE = timedelta(seconds=10)
"""Younger rows may still be in open transactions."""
LATE = timedelta(hours=1)
"""A row committed later than this after it was written is not sealed; verification reports it."""
MOST_ROWS = 1000
"""Maximum rows in one seal."""
FIRST = ""
"""Predecessor of the first seal."""


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """A problem found by verification.

    :ivar seal: number of the seal; 0 for rows without one.
    :ivar source: table of the rows.
    """

    seal: int
    source: str
    problem: TranslationString


@dataclass(frozen=True, kw_only=True)
class SealVerification:
    """The result of a verification.

    :ivar last: number of the last seal; if there was none, of the previous one.
    """

    last: int
    seals: int
    rows: int
    flaws: tuple[Flaw, ...]


class SealService(Service):
    """Seal and verify every table with ``SealedRow``."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.keys = work.site.keys

    def last(self) -> AuditSeal | None:
        """Return the newest seal."""
        return self.session.scalar(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1))

    def waiting(self) -> int:
        """Return the number of unsealed rows."""
        return sum(self._waiting(model) for model in _models())

    def seal(self, *, late: bool = True) -> int:
        """Seal the rows of each table that are old enough.

        :param late: include rows that were committed after others that are sealed.
        :returns: how many rows were sealed.
        """
        return sum(self._seal(model, late) for model in _models())

    def verify(self, newest: int | None = None, anchor: tuple[int, str] | None = None) -> SealVerification:
        """Verify the seals.

        :param newest: number of newest seals; all if None.
        :param anchor: number and hash of a seal noted elsewhere, which reveals a truncated
        trail.
        """
        found = self.verify_on(self._before(newest) if newest else 0)
        return replace(found, flaws=(*self._against(anchor), *found.flaws))

    def verify_on(self, after: int, most: int | None = None) -> SealVerification:
        """Verify the seals after a given one.

        :param after: its number; 0 for the beginning.
        :param most: maximum seals; all if None.
        """
        flaws: list[Flaw] = []
        seals = rows = 0
        last, previous = after, self._hash_at(after)
        for seal in islice(self._seals(after), most):
            seals, rows = seals + 1, rows + seal.rows
            if seal.previous != previous:
                flaws.append(_flaw(seal, _("a seal before it is missing")))
            flaws += self._flaws(seal)
            last, previous = seal.id, seal.hash
        return SealVerification(last=last, seals=seals, rows=rows, flaws=tuple(flaws))

    # -- sealing --------------------------------------------------------------------------------------------

    def _seal(self, model: type[Any], late: bool) -> int:
        unsealed = [model.id > self._front(model)]
        if late and (ids := self._passed_over(model)):
            unsealed.append(model.id.in_(ids))
        mature = model.at < self.work.clock.now() - MATURE
        query = select(model).where(or_(*unsealed), mature).order_by(model.id).limit(MOST_ROWS)
        rows = self.session.scalars(query).all()
        if not rows:
            return 0
        last = self.last()
        previous = last.hash if last else FIRST
        self.session.add(
            AuditSeal(
                at=self.work.clock.now(),
                source=model.__tablename__,
                last_id=rows[-1].id,
                ranges=_ranges(row.id for row in rows),
                rows=len(rows),
                previous=previous,
                hash=self._hash(model.__tablename__, previous, rows),
            )
        )
        self.session.flush()
        return len(rows)

    def _waiting(self, model: type[Any]) -> int:
        ahead = select(func.count()).where(model.id > self._front(model))
        return len(self._passed_over(model)) + (self.session.scalar(ahead) or 0)

    def _front(self, model: type[Any], *conditions: ColumnElement[bool]) -> int:
        """Return the highest sealed id."""
        of_table = AuditSeal.source == model.__tablename__
        return self.session.scalar(select(func.max(AuditSeal.last_id)).where(of_table, *conditions)) or 0

    def _passed_over(self, model: type[Any]) -> list[int]:
        """Return ids of rows committed too late for their seal."""
        late = self.work.clock.now() - LATE
        floor = self._front(model, AuditSeal.at < late)
        young = (model.id > floor, model.id <= self._front(model), model.at >= late)
        ids = self.session.scalars(select(model.id).where(*young).order_by(model.id)).all()
        if not ids:
            return []
        reaching = (
            AuditSeal.source == model.__tablename__,
            AuditSeal.last_id >= ids[0],
            AuditSeal.at >= late,
        )
        seals = self.session.scalars(select(AuditSeal.ranges).where(*reaching))
        sealed = {number for ranges in seals for number in _ids(ranges)}
        return [number for number in ids if number not in sealed]

    def _hash(self, source: str, previous: str, rows: Iterable[SealedRow]) -> str:
        return self.keys.mac("audit:seal", source, previous, *map(sealed_line, rows)).hex()

    # -- verifying ------------------------------------------------------------------------------------------

    def _seals(self, after: int) -> Iterator[AuditSeal]:
        query = select(AuditSeal).order_by(AuditSeal.id).limit(100)
        while seals := self.session.scalars(query.where(AuditSeal.id > after)).all():
            yield from seals
            after = seals[-1].id

    def _before(self, newest: int) -> int:
        """Return the number of seals before the newest ones.

        It is 0 if these are all.
        """
        numbers = select(AuditSeal.id).order_by(AuditSeal.id.desc())
        return self.session.scalar(numbers.offset(newest).limit(1)) or 0

    def _hash_at(self, number: int) -> str:
        """Return the hash that the seal after this number must include."""
        hashes = select(AuditSeal.hash).where(AuditSeal.id <= number).order_by(AuditSeal.id.desc())
        return self.session.scalar(hashes.limit(1)) or FIRST

    def _flaws(self, seal: AuditSeal) -> Iterator[Flaw]:
        model = next((model for model in _models() if model.__tablename__ == seal.source), None)
        if model is None:
            yield _flaw(seal, _("its table is unknown"))
            return
        rows = self._rows(model, seal)
        if len(rows) != seal.rows:
            yield _flaw(seal, _("${n} rows are missing", mapping={"n": seal.rows - len(rows)}))
        elif not same(seal.hash, self._hash(seal.source, seal.previous, rows)):
            yield _flaw(seal, _("a row or the seal itself was changed"))
        for row in rows:
            for column in changed_words(self.keys, row):
                mapping = {"row": row.id, "column": column}
                yield _flaw(seal, _("the words of row ${row} were changed (${column})", mapping=mapping))
            self.session.expunge(row)

    def _rows(self, model: type[Any], seal: AuditSeal) -> Sequence[Any]:
        query = select(model).where(model.id.in_(_ids(seal.ranges))).order_by(model.id)
        return self.session.scalars(query).all()

    def _against(self, anchor: tuple[int, str] | None) -> Iterator[Flaw]:
        if anchor is None:
            return
        number, kept = anchor
        seal = self.session.get(AuditSeal, number)
        if seal is None or not same(seal.hash, kept):
            yield Flaw(seal=number, source="audit_seals", problem=_("it is not the seal that was noted"))


def _models() -> list[type[Any]]:
    return sorted(SealedRow.__subclasses__(), key=lambda model: str(getattr(model, "__tablename__", "")))


def _ranges(ids: Iterable[int]) -> list[list[int]]:
    """Return sorted numbers as ranges: 1, 2, 3, 7 → [1, 3], [7, 7]."""
    ranges: list[list[int]] = []
    for number in ids:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def _ids(ranges: Iterable[Sequence[int]]) -> list[int]:
    """Return the numbers of closed ranges."""
    return [number for first, last in ranges for number in range(first, last + 1)]


def _flaw(seal: AuditSeal, problem: TranslationString) -> Flaw:
    return Flaw(seal=seal.id, source=seal.source, problem=problem)
