"""Simulated citizens who repeat each form until it is acknowledged."""

import http.client
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from PIL import Image
from portal import READY, Portal
from sqlalchemy import select

from civicportal.core.site import Site
from civicportal.core.work import Work
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.stock import damages
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.statistics.services import StatisticsService
from civicportal.web.schema import new_key

BOUNDARY = "civicportal-form-boundary"
BUSY = "در این لحظه تصویرهای زیادی می‌رسد"
COME_AGAIN = (502, 503)
"""Statuses."""


def _picture(number: int) -> bytes:
    image = Image.new("RGB", (640, 480), (number * 37 % 256, number * 91 % 256, 120))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80)
    return target.getvalue()


def _form(csrf: str, key: str, number: int) -> bytes:
    fields = {
        "csrf_token": csrf,
        "key": key,
        "category": "pothole",
        "address": "خیابان نارون، روبه‌روی بانک",
        "near_seen": "true",
        "lat": "",
        "lon": "",
        "body": f"چالهٔ شمارهٔ {number} وسط خیابان است: {key}",
    }
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo_key_files"; filename="{number}.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return b"".join([*parts, head.encode(), _picture(number), f"\r\n--{BOUNDARY}--\r\n".encode()])


@dataclass
class Citizen:
    """A client that sends one report after the other, each until it is acknowledged."""

    portal: Portal
    token: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    postponed: list[int] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            self._send_until_acknowledged(new_key(), number, stop)

    def _send_until_acknowledged(self, key: str, number: int, stop: threading.Event) -> None:
        body = self.form(key, number)
        while not stop.is_set():
            try:
                status, location = self.post(body, self.portal.port)
            except (OSError, http.client.HTTPException) as error:
                self.broken.append(repr(error))
                stop.wait(0.02)
                continue
            if status == 303 and "/reports/sent/" in location:
                self.acknowledged[key] = location.rpartition("/")[2]
                return
            if status not in COME_AGAIN:
                self.refused.append(f"{status} {location}")
                return
            self.postponed.append(status)

    def form(self, key: str, number: int) -> bytes:
        """Return a report with a picture.

        :param key: of the form.
        """
        return _form(self.portal.csrf(self.token), key, number)

    def post(self, body: bytes, port: int) -> tuple[int, str]:
        """Send a report and return status and location of the response.

        The status is in :data:`COME_AGAIN` if the form may be sent again.
        """
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY)
        try:
            connection.request(
                "POST",
                "/reports/new",
                body,
                {
                    "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
                    "Cookie": f"cp={self.token}",
                    "Origin": f"http://127.0.0.1:{port}",
                },
            )
            answer = connection.getresponse()
            # The picture was not processed for lack of time: sending it again a moment later is right.
            is_busy = BUSY in answer.read().decode()
            return 503 if is_busy else answer.status, answer.getheader("Location") or ""
        finally:
            connection.close()


def by_form(cases: Iterable[Case]) -> dict[str, str]:
    """Return the tracking codes by the keys of the forms that they were sent with: these are their last word."""
    return {case.body.rpartition(" ")[2]: case.code for case in cases}


def sign_in(portal: Portal, number: int) -> str:
    with portal.site.work() as work:
        citizen = work.get(AccountService).citizen_by_mobile(f"+9890000001{number:02d}", name="نگار رادمنش")
        citizen.level = 1
        work.session.flush()
        return work.get(SessionService).open("citizen", citizen)


@dataclass
class Senders:
    """Some citizens, each in a thread of its own, between ``start`` and ``finish``."""

    citizens: list[Citizen]
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Let all of them begin."""
        self.threads = [threading.Thread(target=one.run, args=(self.stop,)) for one in self.citizens]
        for thread in self.threads:
            thread.start()

    def wait_for(self, more: int) -> None:
        """Wait until so many more forms are acknowledged."""
        wanted = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= wanted)

    def finish(self) -> None:
        """Let each end with what it is at."""
        self.stop.set()
        for thread in self.threads:
            thread.join()

    @property
    def acknowledged(self) -> dict[str, str]:
        """Return the tracking codes by the keys of the forms."""
        return {key: code for citizen in self.citizens for key, code in list(citizen.acknowledged.items())}

    @property
    def broken(self) -> list[str]:
        """Return why forms had to be sent again: no answer came."""
        return [reason for citizen in self.citizens for reason in citizen.broken]

    @property
    def postponed(self) -> list[int]:
        """Return the statuses of the answers that said "come again"."""
        return [status for citizen in self.citizens for status in citizen.postponed]

    @property
    def refused(self) -> list[str]:
        """Return the answers that were neither a yes nor "come again"."""
        return [answer for citizen in self.citizens for answer in citizen.refused]


def kept_once(work: Work, citizens: Senders) -> dict[str, str]:
    """Check that each acknowledged form is one case, and that statistics agree.

    :returns: the codes by the keys of the forms.
    """
    cases = work.session.scalars(select(Case)).all()
    kept = by_form(cases)
    assert len(kept) == len(cases)
    assert citizens.acknowledged.items() <= kept.items()
    assert work.get(StatisticsService).verify() == {}
    return kept


def everything_is_there_once(site: Site, citizens: Senders) -> dict[str, str]:
    """Look at pictures and notices too: each case has one of each, and no picture is damaged."""
    with site.work(write=False) as work:
        kept = kept_once(work, citizens)
        cases = Counter(work.session.scalars(select(Case.id)))
        pictures = work.session.scalars(select(Attachment).where(Attachment.case_id.is_not(None))).all()
        assert Counter(picture.case_id for picture in pictures) == cases
        assert Counter(work.session.scalars(select(OutboxMessage.case_id))) == cases
    assert list(damages(site, site.storage, contents=True)) == []
    for picture in pictures:
        for name in (picture.key, f"{picture.key}.small"):
            with site.storage.open(name) as file, Image.open(file) as image:
                image.load()
    return kept


def wait_until(holds: Callable[[], bool], seconds: float = READY) -> None:
    """Wait until something holds, as long as a portal may take to start."""
    pause, ends = threading.Event(), time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        pause.wait(0.05)


def senders(portal: Portal, count: int = 4) -> Senders:
    """Return citizens who are signed in."""
    return Senders([Citizen(portal, sign_in(portal, number)) for number in range(count)])
