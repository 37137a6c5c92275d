"""Kill the server in the middle of submits, again and again: what was acknowledged is there, once and whole.

The clients repeat a form with its idempotency key until it is acknowledged, as a person does who sees no answer.
"""

import http.client
import io
import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image
from portal import Portal, running
from sqlalchemy import func, select, text

from civicportal.accounts.services import AccountService
from civicportal.accounts.sessions import SessionService
from civicportal.cases.models import Attachment, Case, CaseEvent
from civicportal.kartable.models import Referral
from civicportal.notifications.models import OutboxMessage
from civicportal.schema import new_key
from civicportal.statistics.services import StatisticsService

CLIENTS = 4
KILLS = 40 if os.environ.get("CIVICPORTAL_LONG") else 10
BOUNDARY = "civicportal-form-boundary"


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
        "lat": "",
        "lon": "",
        "body": f"چالهٔ شمارهٔ {number} وسط خیابان است.",
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

    def run(self, stop: threading.Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            self._send_until_acknowledged(new_key(), number, stop)

    def _send_until_acknowledged(self, key: str, number: int, stop: threading.Event) -> None:
        body = _form(self.portal.csrf(self.token), key, number)
        while not stop.is_set():
            try:
                status, location = self._post(body)
            except (OSError, http.client.HTTPException):
                stop.wait(0.02)
                continue
            if status == 303 and "/reports/sent/" in location:
                self.acknowledged[key] = location.rpartition("/")[2]
                return
            if status not in (503, 502):
                self.refused.append(f"{status} {location}")
                return

    def _post(self, body: bytes) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.portal.port, timeout=15)
        try:
            connection.request(
                "POST",
                "/reports/new",
                body,
                {
                    "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
                    "Cookie": f"cp={self.token}",
                    "Origin": self.portal.address,
                },
            )
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("Location") or ""
        finally:
            connection.close()


def _sign_in(portal: Portal, number: int) -> str:
    with portal.site.work() as work:
        citizen = work.get(AccountService).citizen_by_mobile(
            f"+9890000001{number:02d}", name=f"شهروند {number}"
        )
        citizen.level = 1
        work.session.flush()
        return work.get(SessionService).open("citizen", citizen)


def _kill_again_and_again(portal: Portal, kills: int) -> list[Citizen]:
    citizens = [Citizen(portal, _sign_in(portal, number)) for number in range(CLIENTS)]
    stop = threading.Event()
    threads = [threading.Thread(target=citizen.run, args=(stop,)) for citizen in citizens]
    dice = random.Random(1405)
    portal.start()
    for thread in threads:
        thread.start()
    try:
        for _ in range(kills):
            time.sleep(dice.uniform(0.3, 1.0))
            portal.kill()
            portal.start()
        time.sleep(1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        portal.kill()
    return citizens


@pytest.mark.fault
def test_what_was_acknowledged_is_there_once_and_whole(tmp_path: Path, empty_database: str) -> None:
    with running(tmp_path, empty_database) as portal:
        citizens = _kill_again_and_again(portal, KILLS)
        acknowledged = {key: code for citizen in citizens for key, code in citizen.acknowledged.items()}
        assert [citizen.refused for citizen in citizens if citizen.refused] == []
        assert len(acknowledged) >= KILLS
        with portal.site.work(write=False) as work:
            session = work.session
            cases = session.scalars(select(Case)).all()
            codes = [case.code for case in cases]
            assert set(acknowledged.values()) <= set(codes)
            assert len(set(acknowledged.values())) == len(acknowledged)
            keys = [case.idempotency_key for case in cases]
            assert len(keys) == len(set(keys))
            assert _count_by_case(session, CaseEvent.case_id, CaseEvent.type == "opened") == {
                c.id: 1 for c in cases
            }
            assert _count_by_case(session, Referral.case_id, Referral.type == "action") == {
                c.id: 1 for c in cases
            }
            assert _count_by_case(session, OutboxMessage.case_id) == {c.id: 1 for c in cases}
            assert _count_by_case(session, Attachment.case_id) == {c.id: 1 for c in cases}
            for attachment in session.scalars(select(Attachment).where(Attachment.case_id.is_not(None))):
                _assert_whole(portal, attachment)
            assert work.get(StatisticsService).verify() == {}
            if portal.site.engines.dialect == "sqlite":
                assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        print(f"kills={KILLS} acknowledged={len(acknowledged)} cases={len(cases)}")  # noqa: T201  the ledger of the run


def _count_by_case(session, column, *conditions):  # type: ignore[no-untyped-def]
    query = select(column, func.count()).where(column.is_not(None), *conditions).group_by(column)
    return dict(session.execute(query).all())


def _assert_whole(portal: Portal, attachment: Attachment) -> None:
    for name in (attachment.key, f"{attachment.key}.small"):
        with portal.site.storage.open(name) as file, Image.open(file) as image:
            image.load()
