"""Web nodes behind nginx die or are restarted one after the other: who reads notices nothing, no form is lost."""

import re
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead
from itertools import cycle
from pathlib import Path

import pytest
from portal import READY, Portal, Process, free_port, running
from selection import LONG
from senders import by_form, senders, wait_until
from sqlalchemy import select

from civicportal.domain.cases.models import Case

pytestmark = pytest.mark.fault

PAGE = Path(__file__).parents[2] / "docs/scaling.md"
RESTARTS = 20 if LONG else 2
NGINX = Path("/usr/sbin/nginx")


def configuration(folder: Path, port: int, nodes: list[int]) -> Path:
    """Write a proxy with the upstream of the documentation, which says which node has answered."""
    [upstream] = re.findall(r"```nginx\n(upstream .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for number, node in zip((11, 12), nodes, strict=True):
        upstream = upstream.replace(f"10.0.0.{number}:6543", f"127.0.0.1:{node}")
    path = folder / "nginx.conf"
    path.write_text(
        f"pid {folder}/pid; error_log {folder}/nginx.log; worker_processes 1; events {{}} http {{ access_log off;"
        f"client_body_temp_path {folder}; proxy_temp_path {folder}; {upstream}"
        f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://civicportal; proxy_http_version 1.1;"
        "proxy_set_header Connection close; proxy_next_upstream error timeout; proxy_next_upstream_tries 2;"
        "add_header X-Node $upstream_addr always; } } }"
    )
    return path


class Readers:
    """Visitors who ask for a page without a pause.

    :ivar statuses: of all answers.
    :ivar nodes: that answered since this was emptied.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.statuses: set[int] = set()
        self.nodes: set[str] = set()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(3)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            connection = HTTPConnection("127.0.0.1", self.port, timeout=READY)
            try:
                connection.request("GET", "/track")
                answer = connection.getresponse()
                answer.read()
            except IncompleteRead:
                # It was on its way when its node died.
                continue
            finally:
                connection.close()
            self.statuses.add(answer.status)
            self.nodes.add((answer.getheader("X-Node") or "").rpartition(", ")[2])

    def answered_by(self, node: int) -> None:
        """Wait until a node answers one of them."""
        self.nodes.clear()
        wait_until(lambda: f"127.0.0.1:{node}" in self.nodes)

    def finish(self) -> None:
        """Let each end with what it is at."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def proxied(
    tmp_path_factory: pytest.TempPathFactory, civic_session
) -> Iterator[tuple[Portal, dict[int, Process]]]:
    """Two nodes on PostgreSQL behind nginx, whose port is that of the portal; the nodes by their ports."""
    if not NGINX.exists():
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("proxied")
    database, migrate = civic_session.new_database("postgresql"), civic_session.databases.migrate
    with running(folder, database, make_tables=migrate) as portal:
        ports = [free_port(), free_port()]
        nodes = {port: portal.server(port, folder / f"node{port}.log") for port in ports}
        proxy = subprocess.Popen(
            [NGINX, "-c", configuration(folder, portal.port, ports), "-g", "daemon off;"]
        )
        try:
            for node in nodes.values():
                node.launch()
            for node in nodes.values():
                node.wait()
            wait_until(lambda: is_listening(portal.port))
            yield portal, nodes
        finally:
            proxy.terminate()
            proxy.wait()
            for node in nodes.values():
                node.kill()


def test_readers_notice_no_nodes_that_die_in_turn(proxied) -> None:
    portal, nodes = proxied
    readers, ports = Readers(portal.port), list(nodes)
    try:
        for port, other in (ports, ports[::-1]):
            readers.answered_by(port)
            readers.answered_by(other)
            nodes[port].kill()
            readers.answered_by(other)
            nodes[port].launch()
            nodes[port].wait()
        readers.answered_by(ports[0])
    finally:
        readers.finish()
    assert readers.statuses == {200}


def test_restarts_in_turn_lose_no_form(proxied) -> None:
    portal, nodes = proxied
    readers, citizens = Readers(portal.port), senders(portal)
    citizens.start()
    try:
        for _round, port in zip(range(RESTARTS), cycle(nodes), strict=False):
            citizens.wait_for(2)
            # As an operator does: the next one when the proxy has taken up the one before.
            for node in nodes:
                readers.answered_by(node)
            nodes[port].stop()
            citizens.wait_for(1)
            nodes[port].launch()
            nodes[port].wait()
        for port in nodes:
            readers.answered_by(port)
        citizens.wait_for(2)
    finally:
        citizens.finish()
        readers.finish()
    assert (citizens.refused, citizens.broken) == ([], [])
    assert readers.statuses == {200}
    with portal.site.work(write=False) as work:
        cases = work.session.scalars(select(Case)).all()
    kept = by_form(cases)
    assert len(kept) == len(cases)
    assert citizens.acknowledged.items() <= kept.items()
    print(f"restarts={RESTARTS} forms={len(citizens.acknowledged)} again={Counter(citizens.postponed)}")  # noqa: T201 - figures of a long run
