"""Webhook deliveries a second, to receivers on the same machine, and what a step of a case costs more with a webhook."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

if TYPE_CHECKING:
    from civicportal.core.site import Site

EVENT = "case.status_changed"
THREADS = (1, 4)
"""Webhooks, each with a receiver and a thread of the worker."""
DELIVERY = "webhook delivery"
"""Its gate in ``gates.toml``."""
HELLO_SECONDS = 3.0


class _Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


def _receive(ports: "multiprocessing.SimpleQueue[int]", number: int) -> None:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) for _number in range(number)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ports.put(server.server_address[1])
    threading.Event().wait()


@contextmanager
def _receivers(number: int) -> Iterator[list[str]]:
    """Run receivers in a process of their own; yield their addresses."""
    context = multiprocessing.get_context("spawn")
    ports = context.SimpleQueue()
    process = context.Process(target=_receive, args=(ports, number), daemon=True)
    process.start()
    try:
        yield [f"http://127.0.0.1:{ports.get()}/" for _number in range(number)]
    finally:
        process.terminate()
        process.join()


def rate(site: "Site", webhooks: int, events: int) -> tuple[float, float]:
    """Return the deliveries a second, and the CPU milliseconds of the worker for one.

    :param events: for each webhook; each belongs to a case of its own.
    """
    from civicportal.domain.cases.models import Case
    from civicportal.domain.webhooks.delivery import deliver_once
    from civicportal.domain.webhooks.events import body_of
    from civicportal.domain.webhooks.models import Webhook, WebhookDelivery
    from civicportal.domain.webhooks.services import WebhookService

    site.settings["webhooks"].update(http=True, private_networks=["127.0.0.0/8"])
    with _receivers(webhooks) as addresses:
        with site.work() as work:
            ids = work.session.scalars(select(Case.id).order_by(Case.id).limit(events)).all()
            now = work.clock.now()
            common = {"event": EVENT, "state": "new", "attempts": 0, "last_error": ""}
            common |= {"created_at": now, "next_at": now, "expires_at": None}
            for address in addresses:
                columns = {"address": address, "description": "", "category_id": None, "unit_id": None}
                webhook, _secret = work.get(WebhookService).add({**columns, "events": [EVENT]})
                body = body_of(site, EVENT, event_id="evt_0", at=now, data={"filler": "x" * 500})
                rows = [
                    {
                        "webhook_id": webhook.id,
                        "event_id": f"evt_{one}",
                        "case_id": one,
                        "body": body,
                        **common,
                    }
                    for one in ids
                ]
                work.session.execute(insert(WebhookDelivery), rows)

        def drain() -> None:
            while deliver_once(site):
                pass

        threads = [threading.Thread(target=drain) for _number in range(webhooks)]
        began, cpu = time.monotonic(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds, used = time.monotonic() - began, time.process_time() - cpu
        with site.work() as work:
            states = set(work.session.scalars(select(WebhookDelivery.state).distinct()))
            if states != {"sent"}:
                raise RuntimeError(f"not all events were delivered: {states}")
            work.session.execute(delete(Webhook))
    sent = webhooks * len(ids)
    return sent / seconds, used * 1000 / sent


def hello_of_floor(database: str) -> float:
    """Return the CPU milliseconds of the emptiest request of the floor."""
    from benchmarks.run import serving
    from benchmarks.run.client import Client, Request

    with TemporaryDirectory() as folder, serving.floor(database, Path(folder) / "floor.log") as server:
        with Client(server.port, "") as client:
            client.measure(lambda _n: Request("/hello"), 200, seconds=0.5)
            before = server.cpu_ms
            measured = client.measure(lambda _n: Request("/hello"), 200, seconds=HELLO_SECONDS)
        return (server.cpu_ms - before) / len(measured.latencies)


def cost(database: str, events: int) -> Iterator[tuple[str, list[str]]]:
    """Yield what was measured, one line for each number of webhooks, with the gate that it exceeds."""
    from benchmarks.run import report
    from benchmarks.run.serving import SITE
    from civicportal.core.site import Site

    site = Site(SITE)
    socket.setdefaulttimeout(5)
    hello = hello_of_floor(database)
    for number in THREADS:
        deliveries, milliseconds = rate(site, number, events)
        hellos = milliseconds / hello
        told = f"{number} webhooks: {deliveries:.0f} deliveries a second, {milliseconds:.2f} ms of CPU each"
        yield f"{told}, {hellos:.0f} times that of the floor's hello", report.exceeded(DELIVERY, hellos)
    site.engines.dispose()
