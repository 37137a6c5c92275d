"""The webhook: what it is sent, and what its answers come to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server
from threading import Thread
from types import SimpleNamespace

import pytest
from rivertown_site import webhook

from civicportal.api.notifications import (
    GatewayMisconfigured,
    Message,
    PermanentFailure,
    TransientFailure,
    UncertainDelivery,
)


class Receiver(ThreadingHTTPServer):
    """Takes what it is sent and answers as it is told; 0 breaks the connection off.

    :ivar length: of the body that it announces and does not send.
    """

    status = 204
    length = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken: list[tuple[str, dict[str, object]]] = []


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken.append((self.headers["Authorization"], body))
        if self.server.status:
            self.send_response(self.server.status)
            if self.server.status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(self.server.length))
            self.end_headers()

    def do_GET(self) -> None:
        self.server.taken.append((self.headers["Authorization"], {"path": self.path}))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def site(address: str) -> SimpleNamespace:
    return SimpleNamespace(plugin_settings={"site": {"webhook": address, "token": "a token"}})


@pytest.fixture
def message() -> Message:
    return Message(
        id=17,
        kind="reports.registered",
        lane="notices",
        recipient="+999712345678",
        text="It is in.",
        fields={},
    )


def test_a_message_is_handed_over(receiver, message):
    receipt = webhook.send(message, site(f"http://127.0.0.1:{receiver.server_port}/sms"))
    assert receipt.provider_id == "17"
    assert receiver.taken == [("Bearer a token", {"id": 17, "to": "+999712345678", "text": "It is in."})]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, GatewayMisconfigured),
        (401, GatewayMisconfigured),
        (404, GatewayMisconfigured),
        (400, PermanentFailure),
        (429, TransientFailure),
        (503, TransientFailure),
        (0, UncertainDelivery),
    ],
)
def test_what_the_answers_come_to(receiver, message, status, error):
    receiver.status = status
    with pytest.raises(error):
        webhook.send(message, site(f"http://127.0.0.1:{receiver.server_port}/sms"))
    assert len(receiver.taken) == 1


def test_the_body_of_an_answer_is_not_read(receiver, message):
    receiver.status, receiver.length = 200, 10
    receipt = webhook.send(message, site(f"http://127.0.0.1:{receiver.server_port}/sms"))
    assert receipt.provider_id == "17"


@pytest.fixture
def closed() -> int:
    """Return an unused port."""
    with create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_undelivered_message_may_be_sent_again(closed, message, scheme):
    with pytest.raises(TransientFailure):
        webhook.send(message, site(f"{scheme}://127.0.0.1:{closed}/sms"))


def test_who_speaks_no_tls_has_got_nothing(receiver, message):
    with pytest.raises(TransientFailure):
        webhook.send(message, site(f"https://127.0.0.1:{receiver.server_port}/sms"))
    assert receiver.taken == []


def test_what_is_sent_again_has_the_same_id(receiver, message):
    receiver.status = 0
    with pytest.raises(UncertainDelivery):
        webhook.send(message, site(f"http://127.0.0.1:{receiver.server_port}/sms"))
    receiver.status = 204
    webhook.send(replace(message, maybe_sent=True), site(f"http://127.0.0.1:{receiver.server_port}/sms"))
    assert [body["id"] for _authorization, body in receiver.taken] == [17, 17]


def test_without_an_address_the_gate_closes(message):
    with pytest.raises(GatewayMisconfigured):
        webhook.send(message, site(""))


@pytest.mark.parametrize("address", ["http://sms.example/", "ftp://sms.example/", "sms.example"])
def test_an_address_is_safe(address):
    with pytest.raises(Exception, match="must begin with https"):
        webhook.Settings().deserialize({"webhook": address})
