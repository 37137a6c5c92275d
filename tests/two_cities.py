"""A second city that is really served, with an Open311 server that can be made to fail."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from civicportal_reports.open311_client.delivery import RemoteQueue
from civicportal_reports.open311_client.models import RemoteDelivery, RemoteRule, RemoteServer
from civicportal_reports.open311_client.services import RemoteService
from sqlalchemy import select

from civicportal.api.cases import AttachmentService, Case, CaseEvent
from civicportal.api.pictures import PictureFiles
from civicportal.api.plugins import Site

LOCAL = {"http": True, "private_networks": ["127.0.0.0/8"]}
Answer = tuple[str, bytes, list[tuple[str, str]]]


@dataclass
class Cuts:
    """The application of a city, with faults that the next new requests meet.

    :ivar before: instead of the application.
    :ivar after: instead of the answer of the application, which has done its work.
    :ivar hangs: the next answer comes when ``ends`` is set.
    """

    app: Callable[..., Iterable[bytes]]
    before: list[Answer] = field(default_factory=list)
    after: list[Answer] = field(default_factory=list)
    hangs: bool = False
    ends: threading.Event = field(default_factory=threading.Event)
    calls: list[tuple[str, str]] = field(default_factory=list)
    accepted: int = 0

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.calls.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        is_new = environ["REQUEST_METHOD"] == "POST"
        if is_new and self.before:
            return self._answer(self.before.pop(0), start_response)
        if is_new and (self.after or self.hangs):
            list(self.app(environ, self._counting(lambda *_answer, **_more: None)))
            if self.hangs:
                self.hangs = False
                self.ends.wait(60)
            return self._answer(self.after.pop(0) if self.after else said("200 OK"), start_response)
        return self.app(environ, self._counting(start_response) if is_new else start_response)

    def _counting(self, start_response: Any) -> Any:
        """Count the new requests that were accepted, also those that the server has recognised as repeated."""

        def counted(status: str, *more: Any, **options: Any) -> Any:
            self.accepted += status.startswith("200")
            return start_response(status, *more, **options)

        return counted

    def _answer(self, answer: Answer, start_response: Any) -> Iterable[bytes]:
        status, body, headers = answer
        start_response(status, [("Content-Length", str(len(body))), *headers])
        return [body]


def said(status: str, body: bytes = b"", **headers: str) -> Answer:
    return status, body, list(headers.items())


@dataclass
class Neighbour:
    """The other city as ours knows it."""

    site: Site
    city: Any
    cuts: Cuts
    server_id: int
    clock: Any

    def trust(self, site: Site) -> None:
        """The server has shown soon after a delivery that it lists what we send."""
        with site.work() as work:
            RemoteQueue(work).health(self.server_id).lists_ours = True

    def requests(self) -> list[Case]:
        """What has arrived there."""
        with self.site.work(write=False) as work:
            return list(work.session.scalars(select(Case).where(Case.source == "open311").order_by(Case.id)))

    def case(self, number: str) -> Case:
        with self.site.work(write=False) as work:
            return work.session.get_one(Case, int(number))


def add_server(site: Site, address: str, key: str, **changed: object) -> int:
    values = {
        "name": "شهر همسایه",
        "address": address,
        "jurisdiction": "",
        "personal": False,
        "pictures": "addresses",
        "closes_with": "",
    }
    with site.work() as work:
        return work.get(RemoteService).add({**values, **changed}, key).id


def add_rule(site: Site, server_id: int, service: str, **values: object) -> int:
    columns = {
        "category_id": None,
        "unit_id": None,
        "service_code": service,
        "definition": [],
        "attributes": {},
    }
    with site.work() as work:
        service_ = work.get(RemoteService)
        return service_.save_rule(service_.fetch(server_id), None, {**columns, **values}).id


def change_server(site: Site, server_id: int, **values: object) -> None:
    with site.work() as work:
        for name, value in values.items():
            setattr(work.session.get_one(RemoteServer, server_id), name, value)


def change_rule(site: Site, rule_id: int, **values: object) -> None:
    with site.work() as work:
        for name, value in values.items():
            setattr(work.session.get_one(RemoteRule, rule_id), name, value)


def deliveries(site: Site) -> list[RemoteDelivery]:
    with site.work(write=False) as work:
        return list(work.session.scalars(select(RemoteDelivery).order_by(RemoteDelivery.id)))


def events(site: Site, case_id: int) -> list[CaseEvent]:
    with site.work(write=False) as work:
        query = select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.id)
        return list(work.session.scalars(query))


def photo(site: Site, city: Any) -> str:
    image = PictureFiles.process(city.picture())
    key = PictureFiles(site).put(image)
    with site.work() as work:
        work.get(AttachmentService).add(key, image, "test")
    return key
