"""The receiver of the chapter about webhooks, run as its reader runs it."""

import os
import re
import socket
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from portal import free_port
from senders import wait_until
from sqlalchemy import select

from civicportal.domain.webhooks.delivery import deliver_once
from civicportal.domain.webhooks.models import WebhookAttempt
from civicportal.domain.webhooks.services import WebhookService
from civicportal.testing import make_case, make_citizen

CHAPTER = Path(__file__).parents[2] / "docs/integrate/webhooks.md"


def block(language):
    return re.search(rf"```{language}\n(.*?)```", CHAPTER.read_text("utf-8"), re.DOTALL)[1]


def is_open(port):

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def receiver(site, tmp_path, monkeypatch):
    """Run the receiver of the chapter; return its process and the webhook."""

    settings = tomllib.loads(block("toml"))["webhooks"]
    monkeypatch.setitem(site.settings, "webhooks", {**site.settings["webhooks"], **settings})
    port = free_port()
    with site.work() as work:
        columns = {"address": f"http://127.0.0.1:{port}/", "events": ["case.created"], "description": ""}
        webhook, secret = work.get(WebhookService).add({**columns, "category_id": None, "unit_id": None})
    script = tmp_path / "receiver.py"
    script.write_text(block("python"), "utf-8")
    environ = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, script], env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        wait_until(lambda: is_open(port))
        yield process, webhook.id
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_receiver_of_the_chapter_takes_genuine_events_once(site, clock, receiver):
    process, webhook = receiver
    clock.set(datetime.now(UTC))
    with site.work() as work:
        service = work.get(WebhookService)
        test = service.test(service.fetch(webhook)).id
        code = make_case(work, citizen=make_citizen(work)).code
    deliver_once(site)
    with site.work() as work:
        service = work.get(WebhookService)
        assert service.replay(service.fetch(webhook), service.delivery(service.fetch(webhook), test)) == 1
    deliver_once(site)
    with site.work() as work:
        work.get(WebhookService).rotate(work.get(WebhookService).fetch(webhook))
        work.get(WebhookService).fetch(webhook).former_until = clock.now()
        make_case(work, citizen=make_citizen(work, "+989000000002"))
    deliver_once(site)
    with site.work(write=False) as work:
        statuses = list(work.session.scalars(select(WebhookAttempt.status).order_by(WebhookAttempt.id)))
    assert statuses == [204, 204, 204, 401]
    process.terminate()
    printed = process.communicate()[0].splitlines()
    assert printed == ["org.civicportal.portal.test  ", f"org.civicportal.case.created {code} registered"]
