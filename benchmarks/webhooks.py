"""Deliveries a second to webhooks and Open311 servers, to receivers on the same machine."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

if TYPE_CHECKING:
    from civicportal.core.site import Site

EVENT = "case.status_changed"
THREADS = (1, 4)
"""Webhooks, each with a receiver and a thread of the worker."""
DELIVERY, REMOTE = "webhook delivery", "Open311 delivery"
"""Their gates in ``gates.toml``."""
HELLO_SECONDS = 3.0
_NUMBERS = count(1)


class _Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if not self.path.endswith("requests.json"):
            self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            return
        body = b'[{"service_request_id":"%d"}]' % next(_NUMBERS)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.wfile.write(head % len(body) + body)

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


def _receive(ports: "multiprocessing.SimpleQueue[int]", number: int) -> None:
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) for _number in range(number)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ports.put(server.server_address[1])
    threading.Event().wait()


@contextmanager
def receivers(number: int) -> Iterator[list[str]]:
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
    with receivers(webhooks) as addresses:
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

        seconds, used = drained(lambda: deliver_once(site), webhooks)
        with site.work() as work:
            states = set(work.session.scalars(select(WebhookDelivery.state).distinct()))
            if states != {"sent"}:
                raise RuntimeError(f"not all events were delivered: {states}")
            work.session.execute(delete(Webhook))
    sent = webhooks * len(ids)
    return sent / seconds, used * 1000 / sent


def drained(deliver_once: Callable[[], bool], threads: int) -> tuple[float, float]:
    """Deliver in several threads until nothing is left; return the seconds by the clock and those of CPU."""

    def drain() -> None:
        while deliver_once():
            pass

    running = [threading.Thread(target=drain) for _number in range(threads)]
    began, cpu = time.monotonic(), time.process_time()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return time.monotonic() - began, time.process_time() - cpu


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


def remote_rate(site: "Site", servers: int, cases: int) -> tuple[float, float]:
    """Return the open reports delivered a second to Open311 servers, and the CPU milliseconds of the worker for one.

    :param cases: for each server.
    """
    from civicportal_reports.open311_client.delivery import deliver_once
    from civicportal_reports.open311_client.models import RemoteDelivery, RemoteServer
    from civicportal_reports.open311_client.services import RemoteService

    from civicportal.domain.cases.models import Case
    from civicportal.domain.cases.workflow import Workflow
    from civicportal.domain.organization.services import OrganizationService

    site.settings["webhooks"].update(http=True, private_networks=["127.0.0.0/8"])
    with receivers(servers) as addresses:
        with site.work() as work:
            service, now = work.get(RemoteService), work.clock.now()
            roots = [
                one.id
                for one in work.get(OrganizationService).categories_of("reports").by_id.values()
                if one.parent_id is None
            ]
            query = select(Case.id).where(
                Case.kind == "reports", Case.stage.in_(Workflow.OPEN_STAGES), Case.category_id.is_not(None)
            )
            ids = work.session.scalars(query.order_by(Case.id).limit(cases)).all()
            for number, address in enumerate(addresses):
                columns = {"name": f"server {number}", "address": address.rstrip("/"), "jurisdiction": ""}
                server = service.add({**columns, "pictures": "addresses", "closes_with": ""}, "key")
                for root in roots:
                    rule: dict[str, object] = {
                        "unit_id": None,
                        "service_code": "001",
                        "definition": [],
                        "attributes": {},
                    }
                    service.save_rule(server, None, {"category_id": root, **rule})
                row = {"server_id": server.id, "state": "new", "created_at": now, "next_at": now}
                work.session.execute(insert(RemoteDelivery), [{**row, "case_id": one} for one in ids])
        seconds, used = drained(lambda: deliver_once(site), servers)
        with site.work() as work:
            states = set(work.session.scalars(select(RemoteDelivery.state).distinct()))
            if states != {"sent"}:
                raise RuntimeError(f"not all reports were delivered: {states}")
            work.session.execute(delete(RemoteServer))
    sent = servers * len(ids)
    return sent / seconds, used * 1000 / sent


def cost(database: str, events: int) -> Iterator[tuple[str, list[str]]]:
    """Yield what was measured, one line for each number of receivers, with the gate that it exceeds."""
    from benchmarks.run import report
    from benchmarks.run.serving import SITE
    from civicportal.core.site import Site

    site = Site(SITE)
    socket.setdefaulttimeout(5)
    hello = hello_of_floor(database)
    kinds = ((DELIVERY, "webhooks", rate), (REMOTE, "Open311 servers", remote_rate))
    for gate, kind, measure in kinds:
        for number in THREADS:
            deliveries, milliseconds = measure(site, number, events)
            hellos = milliseconds / hello
            told = f"{number} {kind}: {deliveries:.0f} deliveries a second, {milliseconds:.2f} ms of CPU each"
            yield f"{told}, {hellos:.0f} times that of the floor's hello", report.exceeded(gate, hellos)
    site.engines.dispose()
