"""A portal on several machines: web nodes behind a balancer, workers, one database, one bucket, one SMS provider."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from balancer import Balancer
from portal import READY, Portal, free_port

from civicportal.testing.sms_simulator import API_KEY, LINE, SmsSimulator


class Provider(SmsSimulator):
    """A provider that can delay messages, so that their sender is certainly waiting."""

    def __init__(self, ledger: Path) -> None:
        self._may_go_on = threading.Event()
        self._may_go_on.set()
        self._counter = threading.Lock()
        self.held = 0
        super().__init__(ledger)

    def hold(self) -> None:
        """Delay all senders."""
        self._may_go_on.clear()

    def let_go(self) -> None:
        """Take what was held back, and all that comes."""
        self._may_go_on.set()

    def serve(self, handler: Any, body: Any) -> None:
        """Answer one request, if it sends something when it may."""
        if handler.command == "POST":
            with self._counter:
                self.held += 1
            self._may_go_on.wait(READY)
            with self._counter:
                self.held -= 1
        super().serve(handler, body)


class Cluster:
    """Two web nodes and two workers, not started yet.

    :param database_url: an empty PostgreSQL database.
    :param bucket: the table ``[s3]``.
    :ivar portal: its address is that of the balancer.
    """

    def __init__(
        self, folder: Path, database_url: str, bucket: Mapping[str, str], provider: Provider
    ) -> None:
        self.provider = provider
        access, secret = '{ env = "S3_ACCESS_KEY" }', '{ env = "S3_SECRET_KEY" }'
        tables = f'[s3]\nbucket = "{bucket["bucket"]}"\nendpoint = "{bucket["endpoint"]}"\n'
        tables += f"access_key = {access}\nsecret_key = {secret}\n"
        self.portal = Portal(
            folder,
            database_url,
            mode="development",
            tables=tables,
            sms_url=self.provider.url,
            S3_ACCESS_KEY=bucket["access_key"],
            S3_SECRET_KEY=bucket["secret_key"],
            SMS_IR_API_KEY=API_KEY,
            SMS_IR_LINE=str(LINE),
        )
        # Of the first node a service manager keeps the socket, as systemd does; the other one opens its own.
        self._kept = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.ports = [int(self._kept.getsockname()[1]), free_port()]
        self.nodes = [self.portal.server(port, folder / f"node{port}.log") for port in self.ports]
        self.nodes[0].listening = self._kept
        self.workers = [
            self.portal.prepare("worker", log=folder / f"worker{number}.log") for number in (1, 2)
        ]
        self.balancer = Balancer(self.ports)
        self.portal.port = self.balancer.port
        self.portal.address = f"http://127.0.0.1:{self.balancer.port}"

    def start(self) -> None:
        """Start everything."""
        for process in (*self.nodes, *self.workers):
            process.launch()
        for node in self.nodes:
            node.wait()

    def close(self) -> None:
        """Kill everything."""
        self.balancer.close()
        for process in (*self.nodes, *self.workers):
            process.kill()
        self._kept.close()
        self.portal.site.engines.dispose()


@contextmanager
def cluster_on(folder: Path, database_url: str, bucket: Mapping[str, str]) -> Iterator[Cluster]:
    """Yield a portal on several machines that runs; kill it in the end."""
    provider = Provider(folder / "ledger.jsonl")
    try:
        found = Cluster(folder, database_url, bucket, provider)
        try:
            found.start()
            yield found
        finally:
            found.close()
    finally:
        provider.let_go()
        provider.close()
