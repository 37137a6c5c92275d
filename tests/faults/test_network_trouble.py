"""The line between a citizen and the portal breaks: what was cut off is no case, what was sent twice is one."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from portal import READY, Portal, running
from senders import BOUNDARY, Citizen, by_form, senders, wait_until
from sqlalchemy import select

from civicportal.domain.cases.models import Case
from civicportal.domain.statistics.services import StatisticsService
from civicportal.web.schema import new_key

pytestmark = pytest.mark.fault


@pytest.fixture
def portal(tmp_path: Path, empty_database: str, civic_session) -> Iterator[Portal]:
    with running(tmp_path, empty_database, make_tables=civic_session.databases.migrate) as found:
        found.start()
        yield found


class Line:
    """A connection to the portal, at the level of bytes."""

    def __init__(self, citizen: Citizen, body: bytes) -> None:
        port = citizen.portal.port
        head = (
            f"POST /reports/new HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n"
            f"Cookie: cp={citizen.token}\r\nOrigin: http://127.0.0.1:{port}\r\n\r\n"
        )
        self.whole = head.encode() + body
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=READY)

    def cut(self) -> None:
        """Break off: the portal is told by RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def answer(self) -> bytes:
        """Return the answer, whole."""
        with self.socket:
            pieces = []
            while piece := self.socket.recv(65536):
                pieces.append(piece)
            return b"".join(pieces)


def codes(portal: Portal, key: str) -> list[str]:
    with portal.site.work(write=False) as work:
        return [
            code for form, code in by_form(work.session.scalars(select(Case)).all()).items() if form == key
        ]


def case_count(portal: Portal) -> int:
    with portal.site.work(write=False) as work:
        return len(work.session.scalars(select(Case)).all())


def breaks_off(portal: Portal, citizen: Citizen) -> None:
    key = new_key()
    body = citizen.form(key, 1)
    before = case_count(portal)
    for part in (0.1, 0.5, 0.99):
        line = Line(citizen, body)
        line.socket.sendall(line.whole[: int(len(line.whole) * part)])
        line.cut()
    # Those that broke off before are dealt with when a later one is answered.
    assert b" 303 " in send_whole(citizen, body)[:20]
    assert case_count(portal) == before + 1
    assert len(codes(portal, key)) == 1


def send_whole(citizen: Citizen, body: bytes) -> bytes:
    line = Line(citizen, body)
    line.socket.sendall(line.whole)
    return line.answer()


def loses_its_answer(portal: Portal, citizen: Citizen) -> None:
    key = new_key()
    body = citizen.form(key, 2)
    line = Line(citizen, body)
    line.socket.sendall(line.whole)
    line.cut()
    wait_until(lambda: bool(codes(portal, key)) or b" 303 " in send_whole(citizen, body)[:20])
    [code] = codes(portal, key)
    assert f"/reports/sent/{code}".encode() in send_whole(citizen, body)
    assert codes(portal, key) == [code]


def drips(portal: Portal, citizen: Citizen) -> None:
    key = new_key()
    line = Line(citizen, citizen.form(key, 3))
    line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for begin in range(0, len(line.whole), 97):
        line.socket.sendall(line.whole[begin : begin + 97])
    assert b" 303 " in line.answer()[:20]
    assert len(codes(portal, key)) == 1


def says_no_more(portal: Portal, citizen: Citizen) -> None:
    key = new_key()
    line = Line(citizen, citizen.form(key, 4))
    line.socket.sendall(line.whole)
    line.socket.shutdown(socket.SHUT_WR)
    assert b" 303 " in line.answer()[:20]
    assert len(codes(portal, key)) == 1


@pytest.mark.both_databases
def test_what_breaks_off_is_no_case_and_what_comes_twice_is_one(portal: Portal) -> None:
    [citizen] = senders(portal, 1).citizens
    for trouble in (breaks_off, loses_its_answer, drips, says_no_more):
        trouble(portal, citizen)
    with portal.site.work(write=False) as work:
        assert work.get(StatisticsService).verify() == {}
