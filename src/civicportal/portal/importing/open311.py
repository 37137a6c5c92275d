"""A snapshot of another GeoReport v2 server as files that an import reads.

Requests are read in windows of time, each into a JSON Lines file that is renamed when it is whole: an interrupted
snapshot is continued in the same folder. Updates, the extension by which servers tell the history, are files of
their own, and pictures are stored beside them.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode, urlsplit

import tomlkit
from translationstring import TranslationString

from civicportal.core.outgoing.addresses import AddressRefused
from civicportal.core.outgoing.client import GuardedClient
from civicportal.core.storage.images import MAX_BYTES
from civicportal.domain.cases.attachments import MOST as MOST_PICTURES
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.importing.contents import read_contents
from civicportal.portal.importing.errors import ImportRefused, LineProblem
from civicportal.portal.importing.reading import named
from civicportal.portal.importing.report import ImportReport
from civicportal.portal.importing.sources import SourceFile, read_json
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.persian import key

if TYPE_CHECKING:
    from civicportal.core.site import Site

WINDOW = timedelta(days=89)
"""Servers answer for at most 90 days."""
PAGE = 500
MOST_ANSWERED = 1000
"""Requests that a server without pages answers at most; a window with so many is divided."""
MOST_PAGES = 1000
MOST_BYTES = 32 * 1024**2
"""Bytes of one answer."""
SECONDS = 120.0
"""For one answer."""
MOST_ATTEMPTS = 4
LONGEST_PAUSE = 60.0
"""Seconds between two attempts at most, whatever the server wishes."""
PICTURES, REQUESTS, UPDATES = "pictures", "requests", "updates"
_WINDOW = re.compile(rf"(?:{REQUESTS}|{UPDATES})-\d{{8}}", re.ASCII)
NO_ID = _("It has no id.")
TOO_LARGE = _("The answer is too large.")
_FIELDS = (
    "service_request_id",
    "status",
    "service_code",
    "service_name",
    "description",
    "agency_responsible",
    "requested_datetime",
    "expected_datetime",
    "address",
    "lat",
    "long",
)
_STEP_FIELDS = ("service_request_id", "updated_datetime", "status", "description")
Item = dict[str, object]
"""An object of an answer."""
Progress = Callable[[str, int], None]
"""Called with the name of a file and the number of its lines so far, for every line."""
Wait = Callable[[float], None]
"""Waits some seconds."""


@dataclass(frozen=True, kw_only=True)
class Open311Server:
    """A server.

    :ivar address: of its endpoint, such as ``https://city.example/open311/v2``.
    :ivar jurisdiction: value of ``jurisdiction_id``; empty if it serves one city.
    """

    address: str
    jurisdiction: str = ""


class Open311Snapshot:
    """Reads a server into a folder.

    :ivar server: with its address in the usual form.
    :param folder: that of the files; what is there already is not read again.
    :param report: what the server has, but cannot be read, line by line.
    :param most: bytes of all answers together; None for any number.
    :param wait: waits for a server that is busy.
    """

    def __init__(
        self,
        site: "Site",
        server: Open311Server,
        folder: Path,
        report: ImportReport | None = None,
        *,
        most: int | None = None,
        wait: Wait = time.sleep,
    ) -> None:
        try:
            address = GuardedClient.checked(site, server.address.rstrip("/"))
        except Refused as refused:
            raise ImportRefused(refused.reason) from None
        self._site, self.server = site, replace(server, address=address)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._report = report or ImportReport(site)
        self._left, self._wait = most, wait
        self._client = GuardedClient.of(site, most=MOST_BYTES)

    def __enter__(self) -> Self:
        """Return the snapshot."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the connection."""
        self._client.close()

    def services(self) -> list[Item]:
        """Return the services.

        :raises ImportRefused: when the server does not answer as it should.
        """
        return self._items("services", {})

    def read(self, since: datetime, progress: Progress, until: datetime | None = None) -> Iterator[Path]:
        """Read all requests and updates of a time; yield the files, each as soon as it is whole.

        Updates are read until now: those of a request are often later than the time.

        :param until: None for now.
        :raises ImportRefused: when the server does not answer as it should.
        """
        now = self._site.clock.now()
        first = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        end = min(until or now, now)
        for begin in _windows(first, end):
            path, last = self._window_file(REQUESTS, begin, end)
            if last == now or not path.exists():
                self._write(path, self._requests(path.name, begin, last), progress)
            if path.stat().st_size:
                yield path
        for begin in _windows(first, now):
            path, last = self._window_file(UPDATES, begin, now)
            if last == now or not path.exists():
                try:
                    self._write(path, self._updates(path.name, begin, last), progress)
                except _NotOffered:
                    return
            if path.stat().st_size:
                yield path

    def _window_file(self, what: str, begin: datetime, end: datetime) -> tuple[Path, datetime]:
        """Return the file of a window, and until when it is read.

        One that ends before its window has another name, so that it does not stand for the whole window later.
        """
        last = begin + WINDOW
        until = min(last, end)
        cut = f"-{until:%Y%m%d%H%M}" if until < last else ""
        return self.folder / f"{what}-{begin:%Y%m%d}{cut}.jsonl", until

    def sample(self) -> list[Path]:
        """Read the requests of the last window; return the file if there are any."""
        now = self._site.clock.now()
        path = self.folder / "requests-sample.jsonl"
        items = self._requests(path.name, now - WINDOW, now, pictures=False)
        self._write(path, items, lambda _name, _number: None)
        return [path] if path.stat().st_size else []

    def _write(self, path: Path, items: Iterator[Item], progress: Progress) -> None:
        partial, total = path.with_suffix(".part"), 0
        with partial.open("w", encoding="utf-8") as file:
            for total, item in enumerate(items, 1):
                file.write(json.dumps(item, ensure_ascii=False) + "\n")
                progress(path.name, total)
        partial.replace(path)
        progress(path.name, total)
        if (window := window_of(path)) is not None:
            for earlier in self.folder.glob(f"{window}-*.jsonl"):
                if earlier != path:
                    earlier.unlink()

    def _requests(
        self, file: str, first: datetime, last: datetime, *, pictures: bool = True
    ) -> Iterator[Item]:
        for number, item in enumerate(self._window("requests", file, first, last), 1):
            found = {name: item.get(name) for name in _FIELDS}
            # Every line has every column.
            is_closed = found["status"] == "closed"
            closed = item.get("updated_datetime") or item.get("requested_datetime")
            found["closed_datetime"] = closed if is_closed else None
            found["closing_notes"] = item.get("status_notes") if is_closed else None
            if pictures:
                addresses = _media(item)[:MOST_PICTURES]
                key = str(item["service_request_id"])
                found["media"] = [self._picture(one, file, number, key) for one in addresses]
            yield found

    def _updates(self, file: str, first: datetime, last: datetime) -> Iterator[Item]:
        for item in self._window("servicerequestupdates", file, first, last):
            yield {name: item.get(name) for name in _STEP_FIELDS}

    def _window(self, what: str, file: str, first: datetime, last: datetime) -> Iterator[Item]:
        """Yield what a server has of a window, divided while it answers with as many as it answers at most."""
        known = set[str]()
        identity = "update_id" if what == "servicerequestupdates" else "service_request_id"
        for page in range(1, MOST_PAGES + 1):
            query = {
                "start_date": _text(first),
                "end_date": _text(last),
                "page": str(page),
                "page_size": str(PAGE),
            }
            items = self._items(what, query)
            new = [one for one in items if one.get(identity) and str(one[identity]) not in known]
            for one in items:
                if not one.get(identity):
                    self._report.add(file, 0, "", LineProblem(reason=NO_ID, column=identity))
            if (
                page == 2
                and items
                and not new
                and len(known) >= MOST_ANSWERED
                and last - first > timedelta(hours=1)
            ):
                # A server without pages has left out the rest.
                middle = first + (last - first) / 2
                halves = (self._window(what, file, first, middle), self._window(what, file, middle, last))
                for part in halves:
                    yield from (one for one in part if _add(known, str(one[identity])))
                return
            if not new:
                return
            known.update(str(one[identity]) for one in new)
            yield from new

    def _items(self, what: str, query: dict[str, str]) -> list[Item]:
        if self.server.jurisdiction:
            query = {**query, "jurisdiction_id": self.server.jurisdiction}
        address = f"{self.server.address}/{what}.json?{urlencode(query)}".rstrip("?")
        content = self._get(address, "application/json")
        try:
            items = read_json(content)
        except (ValueError, RecursionError):
            items = None
        if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
            raise ImportRefused(
                _("${address} is no answer of an Open311 server.", mapping={"address": address})
            )
        return items

    def _get(self, address: str, accept: str) -> bytes:
        """Return the body of an answer; a server that is busy is asked again.

        :raises ImportRefused: when there is none.
        """
        headers = {"Accept": accept, "User-Agent": "civicportal"}
        for attempt in range(1, MOST_ATTEMPTS + 1):
            answer = self._client.request("GET", address, headers, seconds=SECONDS)
            self._count(len(answer.body))
            if answer.error is None and answer.is_whole:
                return answer.body
            if answer.status == 404:
                raise _NotOffered(_("${address} does not exist.", mapping={"address": address}))
            is_busy = answer.status in (None, 429, 502, 503, 504) and answer.was_sent
            if not is_busy or attempt == MOST_ATTEMPTS:
                break
            pause = answer.retry_after if answer.retry_after is not None else attempt
            self._wait(min(pause, LONGEST_PAUSE))
        raise _NoAnswer(address, answer.error or TOO_LARGE)

    def _count(self, size: int) -> None:
        """Count the bytes of an answer.

        :raises ImportRefused: when they are too many.
        """
        if self._left is not None:
            self._left -= size
            if self._left < 0:
                raise ImportRefused(_("The server has more than may be read here: choose fewer days."))

    def _picture(self, address: str, file: str, line: int, key: str) -> str:
        """Return the path of a picture below the folder; of one that cannot be fetched too, which is then missing."""
        name = f"{PICTURES}/{hashlib.sha256(address.encode()).hexdigest()[:32]}"
        path = self.folder / name
        if path.exists():
            return name
        path.parent.mkdir(exist_ok=True)
        try:
            content = self._get(GuardedClient.checked(self._site, address), "image/*")
            if len(content) > MAX_BYTES:
                raise _NoAnswer(address, TOO_LARGE)
        except (_NoAnswer, _NotOffered, AddressRefused) as refused:
            reason = refused.cause if isinstance(refused, _NoAnswer) else refused.reason
            problem = LineProblem(reason=reason, column="media_url", value=address[:200], level="warning")
            self._report.add(file, line, key, problem)
            return name
        partial = path.with_suffix(".part")
        partial.write_bytes(content)
        partial.replace(path)
        return name


class _NotOffered(ImportRefused):
    """The server does not have this."""


class _NoAnswer(ImportRefused):
    """The server did not answer with content."""

    def __init__(self, address: str, cause: TranslationString) -> None:
        super().__init__(_("${address}: ${reason}", mapping={"address": address, "reason": cause}))
        self.cause = cause


def suggest_open311(site: "Site", snapshot: Open311Snapshot, kind: str) -> str:
    """Return a first mapping for a server, from its services and its requests of the last 90 days.

    :param kind: of the cases.
    :raises ImportRefused: when the server does not answer as it should.
    """
    agencies = [
        text
        for path in snapshot.sample()
        for text in read_contents(SourceFile(path)).texts.get("agency_responsible", ())
    ]
    return open311_mapping(site, snapshot.server.address, snapshot.services(), agencies, kind)


def open311_mapping(
    site: "Site", address: str, services: Sequence[Item], agencies: Sequence[str], kind: str, source: str = ""
) -> str:
    """Return a first mapping for a server.

    :param agencies: texts of ``agency_responsible``.
    :param source: name of the earlier system; its host if empty.
    """
    workflow = kind_of(site, kind).workflow
    with site.work(write=False) as work:
        categories = work.get(OrganizationService).categories_of(kind).by_id.values()
        keys = named((one.key, (one.key, one.name)) for one in categories)
    document = tomlkit.document()
    document.add(tomlkit.comment(f"A first mapping for {address}: check every line."))
    document.add("source", tomlkit.item({"name": source or host_of(address)}))
    cases = tomlkit.table()
    cases.add("kind", kind)
    cases.add("files", ["requests-*.jsonl"])
    cases.add("missing_attachment", "warn")
    columns = {
        "key": "service_request_id",
        "created": "requested_datetime",
        "closed": "closed_datetime",
        "deadline": "expected_datetime",
        "status": "status",
        "category": "service_code",
        **({"unit": "agency_responsible"} if agencies else {}),
        "body": "description",
        "place": "address",
        **({"lat": "lat", "lon": "long"} if {"lat", "lon"} <= {*kind_of(site, kind).import_columns} else {}),
        "answer": "closing_notes",
        "attachments": "media",
    }
    cases.add("columns", tomlkit.item(columns))
    values = tomlkit.table(is_super_table=True)
    ended = next((state.name for state in workflow.states if not state.is_open), "")
    values.add("status", tomlkit.item({"open": workflow.initial, "closed": ended}))
    meanings = tomlkit.table()
    for service in services:
        code, name = str(service.get("service_code", "")), str(service.get("service_name", ""))
        found = keys.get(key(code)) or keys.get(key(name)) or ""
        meanings.add(code, tomlkit.string(found).comment(name) if name else found)
    values.add("category", meanings)
    if agencies:
        values.add("unit", tomlkit.item(dict.fromkeys(agencies, "")))
    cases.add("values", values)
    document.add("cases", cases)
    history = tomlkit.table()
    history.add("files", ["updates-*.jsonl"])
    steps = {"case": "service_request_id", "date": "updated_datetime", "text": "description"}
    history.add("columns", tomlkit.item(steps))
    document.add("history", history)
    return tomlkit.dumps(document)


def host_of(address: str) -> str:
    """Return the host of a server, by which it is called if it has no other name."""
    return (urlsplit(address).hostname or "open311")[:60]


def _windows(first: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the beginnings of the windows of a time."""
    while first < end:
        yield first
        first += WINDOW


def window_of(path: Path) -> str | None:
    """Return the beginning of the names of the files of a window; the latest one stands for all of them."""
    found = _WINDOW.match(path.name)
    return found[0] if found else None


def _media(item: Item) -> list[str]:
    """Return the addresses of the pictures of a request."""
    extended = item.get("extended_attributes")
    photos = extended.get("photos") if isinstance(extended, dict) else None
    found = [photo.get("media_url") for photo in photos or () if isinstance(photo, dict)]
    return list(dict.fromkeys(one for one in (item.get("media_url"), *found) if isinstance(one, str) and one))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _add(known: set[str], one: str) -> bool:
    is_new = one not in known
    known.add(one)
    return is_new
