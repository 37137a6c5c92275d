"""Every page that links lead to, once for each form of its address: what is slow at a city's size, or fails, shows here.

Scenarios measure what somebody has thought of; this finds what nobody has.
"""

import html
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import parse_qsl, urlsplit

from benchmarks.run.cast import PATIENCE, Cast, Person
from benchmarks.run.serving import portal
from civicportal.site import Site

BEGINNINGS = {"citizen": ("/", "/my"), "visitor": ("/",)}
STAFF = ("/desk", "/kartable", "/")
SLOWEST = 15
"""Pages that are named."""
_LINK = re.compile(r'href="([^"#]+)')
_ASIDE = ("/static/", "/exports/", "/calendar")
"""What is no page, or begins work of its own."""


@dataclass(frozen=True)
class Visit:
    """One page as it was answered.

    :ivar took: milliseconds of the clock.
    """

    path: str
    status: int
    took: float
    statements: str


def crawl(
    site: Site,
    database: str,
    folder: Path,
    people: tuple[str, ...],
    pages: int,
    progress: Callable[[str], None],
) -> tuple[str, bool]:
    """Return a table of the slowest pages of each, and whether none has failed.

    :param people: names of staff to sign in as, "citizen", or "visitor".
    :param pages: of each at most.
    """
    cast = Cast(site)
    lines = ["| who | pages | median ms | slowest |", "|---|--:|--:|---|"]
    fine = True
    with portal(database, folder / "crawl.log") as server:
        for name in people:
            person = _person(site, cast, name)
            begins = BEGINNINGS.get(name, STAFF)
            visits = list(_visits(server.port, site.cookie_name, person, begins, pages))
            failed = [visit for visit in visits if visit.status >= 500]
            fine = fine and not failed
            slowest = sorted(visits, key=lambda visit: -visit.took)[:SLOWEST]
            for visit in [*failed, *slowest]:
                progress(f"{name}: {visit.took:6.0f} ms {visit.status} {visit.statements:>3} {visit.path}")
            middle = median(visit.took for visit in visits)
            worst = "; ".join(f"{visit.took:.0f} `{visit.path}`" for visit in slowest[:3])
            lines.append(f"| {name} | {len(visits)} | {middle:.0f} | {worst} |")
    return "\n".join(lines), fine


def _person(site: Site, cast: Cast, name: str) -> Person | None:
    if name == "visitor":
        return None
    if name == "citizen":
        return next(iter(cast.citizens.values()))
    with site.work(patience=PATIENCE) as work:
        return cast.member(work, name)


def _visits(
    port: int, cookie: str, person: Person | None, begins: tuple[str, ...], pages: int
) -> Iterator[Visit]:
    headers = {"Accept-Language": "fa", **({"Cookie": f"{cookie}={person.token}"} if person else {})}
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    waiting, known, number = deque(begins), set[object](), 0
    while waiting and number < pages:
        path = waiting.popleft()
        if _form(path) in known:
            continue
        known.add(_form(path))
        number += 1
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        yield Visit(path, answer.status, took, answer.getheader("X-Statements") or "")
        location = answer.getheader("Location")
        waiting.extend(
            _links(path, location, body if "html" in (answer.getheader("Content-Type") or "") else b"")
        )


def _links(path: str, location: str | None, body: bytes) -> Iterator[str]:
    found = [html.unescape(link) for link in _LINK.findall(body.decode("utf-8", "replace"))]
    for link in [*found, *([location] if location else [])]:
        parts = urlsplit(link)
        where = parts.path or urlsplit(path).path
        is_page = where.startswith("/") and not where.startswith(_ASIDE) and "." not in where
        if is_page and parts.hostname in (None, "127.0.0.1"):
            yield f"{where}?{parts.query}" if parts.query else where


def _form(path: str) -> object:
    """Return what two addresses share that differ in numbers, codes and free words alone."""
    parts = urlsplit(path)
    values = frozenset(
        (name, value if re.fullmatch("[a-z_]+", value) else "…") for name, value in parse_qsl(parts.query)
    )
    return re.sub(r"[^/]*[0-9][^/]*", "…", parts.path), values
