"""Export of all data of a person as one archive."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import BigInteger, Column, Table, and_, case, or_, select

from civicportal.core.storage import FileMissing
from civicportal.core.tags import link_of
from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Attachment, Case, CaseEvent, notes_of_follower
from civicportal.domain.privacy.tags import Owner, belongs, owner_of, tables
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site

DATA = "data.json"
NOTES = "notes_on_followed_cases"
PIECE = 64 * 1024
"""Bytes read of a picture at a time."""
PATIENCE = 60
"""Statement timeout in seconds: the whole audit trail is searched for a person."""

READ_ME = _(
    "This archive holds what the portal ${site} keeps of you, made on ${day}. data.json holds your cases, "
    "choices, sessions and who looked at your data; the folder pictures holds the pictures of your cases."
)


class PersonalDataService(Service):
    """Collect a person's data by the privacy tags of every column."""

    def rows(self, user: User) -> dict[str, list[dict[str, object]]]:
        """Return a person's rows by table.

        Secrets, internal texts of officers and texts of others in the person's cases are left out.
        """
        owner = owner_of(user)
        cases = self.session.execute(select(Case.id, Case.code).where(Case.citizen_id == user.id))
        codes: dict[int, str] = dict(cases.all())
        found = {table.name: self._rows(table, owner, codes) for table in tables(self.work.site)}
        found[NOTES] = self._notes(user)
        return {name: rows for name, rows in found.items() if rows}

    def pictures(self, user: User) -> list[tuple[str, str]]:
        """Return key and file name of the pictures of a person's cases, and of those sent to followed cases.

        The name begins with the code of an own case. That of a followed case is not given out.
        """
        own = and_(Case.citizen_id == user.id, Attachment.audience != "staff")
        query = (
            select(
                Attachment.key, Attachment.content_type, case((own, Case.code), else_=NOTES).label("place")
            )
            .join(Case, Case.id == Attachment.case_id)
            .where(or_(own, Attachment.event_id.in_(notes_of_follower(user.id))))
            .order_by(Attachment.id)
        )
        return [
            (row.key, f"{row.place}-{row.key}.{row.content_type.partition('/')[2]}")
            for row in self.session.execute(query)
        ]

    def _notes(self, user: User) -> list[dict[str, object]]:
        """Return what a person wrote as a follower of cases of others."""
        query = select(CaseEvent.at, CaseEvent.internal_text).where(
            CaseEvent.id.in_(notes_of_follower(user.id)), CaseEvent.internal_text != ""
        )
        rows = self.session.execute(query.order_by(CaseEvent.id))
        return [{"at": row.at.isoformat(), "text": row.internal_text} for row in rows]

    def _rows(self, table: Table, owner: Owner, codes: Mapping[int, str]) -> list[dict[str, object]]:
        given = {column: link for column in table.columns if _is_given(column) and (link := link_of(column))}
        conditions = {link: belongs(table, link, owner) for link in given.values()}
        if not conditions:
            return []
        marks = [condition.label(f"is_by_{link}") for link, condition in conditions.items()]
        query = select(*table.columns, *marks).where(or_(*conditions.values()))
        if table is Attachment.__table__:
            query = query.where(Attachment.audience != "staff")
        found = []
        for row in self.session.execute(query.order_by(*table.primary_key.columns)).mappings():
            values = {c.name: self._readable(c, row[c]) for c, link in given.items() if row[f"is_by_{link}"]}
            code = codes.get(row["case_id"]) if "case_id" in table.columns else None
            found.append({"case": code, **values} if code else values)
        return found

    def _readable(self, column: Column[object], value: object) -> object:
        if column.info.get("sealed") and isinstance(value, str) and value:
            return self.work.site.keys.decrypt(value)
        return value.isoformat() if isinstance(value, date | datetime) else value


def stream(site: "Site", user_id: int) -> Iterator[bytes]:
    """Yield the archive in chunks.

    The data are read first, the pictures one by one outside any transaction.
    """
    with site.work(write=False, patience=PATIENCE) as work:
        user = work.session.get_one(User, user_id)
        rows, pictures = (
            work.get(PersonalDataService).rows(user),
            work.get(PersonalDataService).pictures(user),
        )
        day = site.calendar.format_date(work.clock.now(), "long", site.locale)
    words = site.localizer().translate(_(READ_ME, mapping={"site": site.name, "day": day}))
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", words)
        archive.writestr(DATA, json.dumps(rows, ensure_ascii=False, indent=1))
        yield sink.take()
        for key, name in pictures:
            yield from _picture(site, archive, sink, key, f"pictures/{name}")
    yield sink.take()


def _picture(site: "Site", archive: ZipFile, sink: "_Sink", key: str, name: str) -> Iterator[bytes]:
    try:
        source = site.storage.open(key)
    except FileMissing:
        return
    # ZipInfo without compression: pictures are compressed already.
    with source, archive.open(ZipInfo(name), "w") as target:
        while piece := source.read(PIECE):
            target.write(piece)
            yield sink.take()


class _Sink:
    """A file-like buffer that the generator empties."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Do nothing: there is no buffering."""

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def take(self) -> bytes:
        """Return the bytes written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _is_given(column: Column[object]) -> bool:
    """Return whether a column's value is exported."""
    return bool(column.info.get("export", True)) and not isinstance(column.type, BigInteger)
