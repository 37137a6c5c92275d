"""Requests of every page that links lead to, once for each form of its address, to find slow and failing pages."""

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
from civicportal.core.site import Site

BEGINNINGS = {"citizen": ("/", "/my"), "visitor": ("/",)}
STAFF = ("/desk", "/kartable", "/")
SLOWEST = 15
"""Pages that are named."""
_LINK = re.compile(r'href="([^"#]+)')
_ASIDE = ("/static/", "/exports/", "/calendar")
"""What is no page, or begins work of its own."""


@dataclass(frozen=True)
class Answer:
    """An answered request.

    :ivar page: its HTML, empty for anything else.
    :ivar location: where it leads, empty for nowhere.
    :ivar took: milliseconds of the clock.
    """

    status: int
    page: str
    location: str
    took: float = 0
    statements: str = ""


def crawl(
    site: Site,
    database: str,
    folder: Path,
    people: tuple[str, ...],
    pages: int,
    progress: Callable[[str], None],
) -> tuple[str, bool]:
    """Return a table of the slowest pages, and whether all succeeded.

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
            visits = list(walk(_by_http(server.port, site.cookie_name, person), begins, pages))
            failed = [visit for visit in visits if visit[1].status >= 500]
            fine = fine and not failed
            slowest = sorted(visits, key=lambda visit: -visit[1].took)[:SLOWEST]
            for path, answer in [*failed, *slowest]:
                progress(f"{name}: {answer.took:6.0f} ms {answer.status} {answer.statements:>3} {path}")
            middle = median(answer.took for _path, answer in visits)
            worst = "; ".join(f"{answer.took:.0f} `{path}`" for path, answer in slowest[:3])
            lines.append(f"| {name} | {len(visits)} | {middle:.0f} | {worst} |")
    return "\n".join(lines), fine


def _person(site: Site, cast: Cast, name: str) -> Person | None:
    if name == "visitor":
        return None
    if name == "citizen":
        return next(iter(cast.citizens.values()))
    with site.work(patience=PATIENCE) as work:
        return cast.member(work, name)


def walk(ask: Callable[[str], Answer], begins: tuple[str, ...], pages: int) -> Iterator[tuple[str, Answer]]:
    """Request pages and the pages they link to, each URL pattern once, and yield URL and response.

    :param pages: at most.
    """
    waiting, known, number = deque(begins), set[object](), 0
    while waiting and number < pages:
        path = waiting.popleft()
        if _form(path) in known:
            continue
        known.add(_form(path))
        number += 1
        answer = ask(path)
        yield path, answer
        waiting.extend(_links(path, answer))


def _by_http(port: int, cookie: str, person: Person | None) -> Callable[[str], Answer]:
    headers = {"Accept-Language": "fa", **({"Cookie": f"{cookie}={person.token}"} if person else {})}
    connection = HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(path: str) -> Answer:
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        is_page = "html" in (answer.getheader("Content-Type") or "")
        return Answer(
            status=answer.status,
            page=body.decode("utf-8", "replace") if is_page else "",
            location=answer.getheader("Location") or "",
            took=took,
            statements=answer.getheader("X-Statements") or "",
        )

    return ask


def _links(path: str, answer: Answer) -> Iterator[str]:
    found = [html.unescape(link) for link in _LINK.findall(answer.page)]
    for link in [*found, *filter(None, [answer.location])]:
        parts = urlsplit(link)
        where = parts.path or urlsplit(path).path
        is_page = where.startswith("/") and not where.startswith(_ASIDE) and "." not in where
        if is_page and parts.hostname in (None, "127.0.0.1"):
            yield f"{where}?{parts.query}" if parts.query else where


def _form(path: str) -> object:
    """Return the URL pattern: the URL without numbers, codes and free text."""
    parts = urlsplit(path)
    values = frozenset(
        (name, value if re.fullmatch("[a-z_]+", value) else "…") for name, value in parse_qsl(parts.query)
    )
    return re.sub(r"[^/]*[0-9][^/]*", "…", parts.path), values
