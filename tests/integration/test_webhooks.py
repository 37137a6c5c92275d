"""Webhooks: what is queued with a change, and what arrives at a receiver."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
import standardwebhooks
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat
from receivers import hang, raw, receiving, status
from sqlalchemy import select

from civicportal.core.outgoing import client
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.webhooks import jobs
from civicportal.domain.webhooks.delivery import deliver_once
from civicportal.domain.webhooks.events import EVENTS, schema_of
from civicportal.domain.webhooks.findings import findings
from civicportal.domain.webhooks.models import Webhook, WebhookAttempt, WebhookDelivery
from civicportal.domain.webhooks.services import WebhookService
from civicportal.portal.health.metrics import webhooks
from civicportal.testing import (
    UndoService,
    identity,
    make_case,
    make_category,
    make_citizen,
    make_staff,
    make_unit,
)

pytestmark = pytest.mark.both_databases
READER = Path(__file__).with_name("webhook_reader.mjs")


@pytest.fixture
def receiver():
    with receiving() as running:
        yield running


@pytest.fixture(autouse=True)
def local(site, monkeypatch):
    """Allow the receivers of the tests."""
    settings = {**site.settings["webhooks"], "http": True, "private_networks": ["127.0.0.0/8"]}
    monkeypatch.setitem(site.settings, "webhooks", settings)
    return settings


def subscribe(site, address, events=tuple(EVENTS), **values):
    with site.work() as work:
        columns = {
            "address": address,
            "description": "",
            "events": list(events),
            "category_id": None,
            "unit_id": None,
            **values,
        }
        webhook, secret = work.get(WebhookService).add(columns)
        return webhook.id, secret


def drain(site):
    while deliver_once(site):
        pass


def open_case(site, **values):
    with site.work() as work:
        citizen = make_citizen(work, values.pop("mobile", "+989000000001"), name="Zohreh Tavakoli")
        return make_case(work, citizen=citizen, **values).code


@pytest.fixture
def officer(site):
    with site.work() as work:
        return make_staff(work, "administrator")


def step(site, officer, code, name):
    """Let an officer take a step, and return the id of its event."""
    with site.work() as work:
        work.actor = identity(work, officer)
        service = work.get(CaseService)
        return service.apply(service.fetch(code, lock=True), name).id


def deliveries(site):
    with site.work(write=False) as work:
        return work.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)).all()


def attempts(site):
    with site.work(write=False) as work:
        return work.session.scalars(select(WebhookAttempt).order_by(WebhookAttempt.id)).all()


def found(site, webhook_id):
    with site.work(write=False) as work:
        return work.session.get(Webhook, webhook_id)


def test_a_receiver_can_check_and_read_an_event(site, receiver, clock):
    # The library compares the time of an event with the clock of the machine.
    clock.set(datetime.now(UTC))
    _webhook, secret = subscribe(site, receiver.address)
    code = open_case(site)
    drain(site)
    [event] = receiver.received
    data = standardwebhooks.Webhook(secret).verify(event.body, event.headers)
    read = from_structured_event(HTTPMessage(event.headers, event.body), JSONFormat())
    assert read.get_type() == "org.civicportal.case.created"
    assert read.get_subject() == code
    assert read.get_id() == event.headers["webhook-id"] == data["id"]
    assert read.get_data()["status"] == "registered"
    assert event.headers["content-type"].startswith("application/cloudevents+json")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(event.body + b" ", event.headers)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is missing")
def test_a_receiver_in_another_language_can_check_and_read_an_event(site, receiver, clock, tmp_path):
    clock.set(datetime.now(UTC))
    _webhook, secret = subscribe(site, receiver.address)
    code = open_case(site)
    drain(site)
    [event] = receiver.received
    npm = [
        "npm",
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "standardwebhooks@1.1.1",
        "cloudevents@10",
    ]
    subprocess.run(npm, cwd=tmp_path, check=True)
    shutil.copy(READER, tmp_path)
    headers = {name.lower(): value for name, value in event.headers.items()}
    sent = json.dumps({"secret": secret, "headers": headers, "body": event.body.decode()})
    said = subprocess.run(
        ["node", READER.name], cwd=tmp_path, input=sent, capture_output=True, text=True, check=True
    )
    read = json.loads(said.stdout)
    assert (read["valid"], read["forged"]) == (True, True)
    assert (read["type"], read["subject"]) == ("org.civicportal.case.created", code)
    assert read["data"]["status"] == "registered"


def test_an_event_tells_nothing_about_the_citizen(site, receiver, officer):
    subscribe(site, receiver.address)
    code = open_case(site, body="My neighbour Parviz is ill", place="Laleh 14", subject="Laleh 14")
    step(site, officer, code, "accept")
    drain(site)
    assert len(receiver.received) == 2
    for event in receiver.received:
        text = event.body.decode()
        assert not [word for word in ("Zohreh", "Tavakoli", "Parviz", "Laleh", "9000000001") if word in text]


def test_each_event_fits_its_schema(site, receiver, officer, monkeypatch):
    monkeypatch.setitem(site.settings["site"], "public_url", "https://city.example.org")
    subscribe(site, receiver.address)
    code = open_case(site)
    for name in ("accept", "finish"):
        step(site, officer, code, name)
    with site.work() as work:
        service = work.get(CaseService)
        service.comment(service.fetch(code, lock=True), "It is done.", expert=True, public=True)
    drain(site)
    names = []
    for event in receiver.received:
        body = json.loads(event.body)
        name = body["type"].removeprefix("org.civicportal.")
        names.append(name)
        assert body["dataschema"] == f"https://city.example.org/api/v1/schemas/events/{name}/1.json"
        jsonschema.validate(body["data"], schema_of(site, name))
    assert names == [
        "case.created",
        "case.status_changed",
        "case.status_changed",
        "case.closed",
        "message.added",
    ]


def test_nothing_is_queued_for_a_change_that_is_rolled_back(site, receiver):
    subscribe(site, receiver.address)
    with pytest.raises(ZeroDivisionError), site.work() as work:
        make_case(work, citizen=make_citizen(work))
        assert work.session.scalar(select(WebhookDelivery.id)) is not None
        _ = 1 / 0
    assert deliveries(site) == []


def test_only_ordered_events_of_the_chosen_part_of_the_city_are_sent(site, receiver):
    with site.work() as work:
        district = make_unit(work, "district")
        crew = make_unit(work, "crew", parent_id=district.id)
        other = make_unit(work, "other")
        roads = make_category(work, "roads", unit=crew)
        holes = make_category(work, "holes", parent_id=roads.id, unit=crew)
        parks = make_category(work, "parks", unit=other)
        ids = district.id, roads.id
    subscribe(site, f"{receiver.address}?unit", unit_id=ids[0])
    subscribe(site, f"{receiver.address}?category", category_id=ids[1])
    subscribe(site, f"{receiver.address}?closed", events=["case.closed"])
    open_case(site, category=holes)
    open_case(site, category=parks, mobile="+989000000002")
    drain(site)
    assert sorted(event.path for event in receiver.received) == ["/events?category", "/events?unit"]


def test_the_events_of_a_case_arrive_in_order_when_one_fails(site, receiver, officer, clock):
    subscribe(site, receiver.address, ["case.created", "case.status_changed"])
    receiver.answers.append(status(500, body=b"out of order"))
    first = open_case(site)
    step(site, officer, first, "accept")
    other = open_case(site, mobile="+989000000002")
    drain(site)
    told = [json.loads(event.body)["subject"] for event in receiver.received]
    assert told == [first, other]
    clock.advance(minutes=1)
    drain(site)
    told = [
        (json.loads(event.body)["subject"], json.loads(event.body)["type"]) for event in receiver.received
    ]
    assert told[2:] == [
        (first, "org.civicportal.case.created"),
        (first, "org.civicportal.case.status_changed"),
    ]
    assert receiver.ids[0] == receiver.ids[2]
    assert {delivery.state for delivery in deliveries(site)} == {"sent"}
    assert [attempt.status for attempt in attempts(site)] == [500, 204, 204, 204]
    assert attempts(site)[0].answer == "out of order"


def test_a_lost_worker_loses_no_event_and_sends_it_with_the_same_id(site, receiver, clock, monkeypatch):
    subscribe(site, receiver.address)
    open_case(site)

    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("civicportal.domain.webhooks.delivery.WebhookQueue.settle", killed)
        deliver_once(site)
    assert not deliver_once(site)
    clock.advance(minutes=2)
    drain(site)
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1
    assert deliveries(site)[0].state == "sent"


def test_an_event_is_given_up_after_three_days_and_can_be_sent_again(site, receiver, clock):
    webhook, _secret = subscribe(site, receiver.address)
    receiver.answers += [status(500)] * 100
    open_case(site)
    for _hour in range(24 * 4):
        drain(site)
        clock.advance(hours=1)
    [delivery] = deliveries(site)
    assert delivery.state == "dead"
    assert 10 <= len(receiver.received) <= 40
    assert len(set(receiver.ids)) == 1
    receiver.answers.clear()
    with site.work() as work:
        service = work.get(WebhookService)
        service.resume(service.fetch(webhook, lock=True))
        assert service.replay(service.fetch(webhook, lock=True)) == 1
    drain(site)
    assert deliveries(site)[0].state == "sent"
    assert len(set(receiver.ids)) == 1


def test_an_address_that_fails_for_days_is_paused_and_reported(site, receiver, clock):
    webhook, _secret = subscribe(site, receiver.address)
    receiver.answers += [status(503)] * 1000
    for day in range(5):
        open_case(site, mobile=f"+98900000010{day}")
        for _hour in range(24):
            drain(site)
            clock.advance(hours=1)
    assert found(site, webhook).paused == "failing"
    with site.work() as work:
        recorded = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "webhook:pause")).all()
    assert [event.data["why"] for event in recorded] == ["failing"]
    sent = len(receiver.received)
    drain(site)
    assert len(receiver.received) == sent


def test_a_receiver_that_is_gone_gets_nothing_more(site, receiver):
    webhook, _secret = subscribe(site, receiver.address)
    receiver.answers.append(status(410))
    open_case(site)
    drain(site)
    assert found(site, webhook).paused == "gone"
    open_case(site, mobile="+989000000002")
    assert [delivery.state for delivery in deliveries(site)] == ["dead"]


def test_a_receiver_is_left_alone_as_long_as_it_wants(site, receiver, clock):
    subscribe(site, receiver.address)
    receiver.answers.append(status(429, {"retry-after": "7200"}))
    open_case(site)
    open_case(site, mobile="+989000000002")
    drain(site)
    clock.advance(minutes=119)
    drain(site)
    assert len(receiver.received) == 1
    clock.advance(minutes=2)
    drain(site)
    assert len(receiver.received) == 3


def test_a_redirect_is_not_followed(site, receiver):
    subscribe(site, receiver.address)
    with receiving() as other:
        receiver.answers.append(status(307, {"location": other.address}))
        open_case(site)
        drain(site)
        assert other.received == []
    assert attempts(site)[0].status == 307
    assert deliveries(site)[0].state == "new"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (raw(b"garbage\r\n\r\n"), "as HTTP demands"),
        (raw(), "as HTTP demands"),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-le"), "as HTTP demands"),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"), "as HTTP demands"),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nshort"), ""),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"x-long: " + b"y" * 300_000), "as HTTP demands"),
    ],
    ids=["garbage", "closed", "half", "length", "wrong-length", "long-header"],
)
def test_a_receiver_that_lies_stops_nothing(site, receiver, answer, error):
    subscribe(site, receiver.address)
    receiver.answers.append(answer)
    open_case(site)
    drain(site)
    [attempt] = attempts(site)
    assert error in attempt.error
    assert deliveries(site)[0].state == ("new" if error else "sent")


@pytest.mark.parametrize("kind", ["silent", "slow"])
def test_a_receiver_that_hangs_ends_after_the_total_time(site, receiver, monkeypatch, kind):
    monkeypatch.setattr(client, "TOTAL_SECONDS", 0.6)
    subscribe(site, receiver.address)
    slow = raw(*[bytes([letter]) for letter in b"HTTP/1.1 200 OK\r\n" * 40], pause=0.05)
    receiver.answers.append(hang(receiver) if kind == "silent" else slow)
    open_case(site)
    drain(site)
    [attempt] = attempts(site)
    assert "did not answer in time" in attempt.error
    assert attempt.milliseconds < 5000


def test_a_long_answer_is_not_read(site, receiver):
    subscribe(site, receiver.address)
    receiver.answers.append(status(500, body=b"z" * 10_000_000))
    open_case(site)
    drain(site)
    [attempt] = attempts(site)
    assert attempt.answer == "z" * 1024


def test_what_is_kept_of_an_answer_holds_no_secret_and_no_number(site, receiver):
    _webhook, secret = subscribe(site, receiver.address)
    told = f"bad key {secret} or {secret.removeprefix('whsec_')} of 09123456789\x07"
    receiver.answers.append(status(400, body=told.encode()))
    open_case(site)
    drain(site)
    [attempt] = attempts(site)
    assert attempt.answer == "bad key … or … of 0912***6789 "


def test_both_secrets_sign_for_a_day(site, receiver, clock):
    webhook, former = subscribe(site, receiver.address)
    with site.work() as work:
        service = work.get(WebhookService)
        secret = service.rotate(service.fetch(webhook, lock=True))
    open_case(site)
    drain(site)
    clock.advance(hours=25)
    open_case(site, mobile="+989000000002")
    drain(site)
    first, second = receiver.received
    # The clock of the test stands still, that of the library does not.
    for event, keys in ((first, 2), (second, 1)):
        assert len(event.headers["webhook-signature"].split()) == keys
    signed = {
        key: standardwebhooks.Webhook(key).sign(
            first.id, clock.now() - timedelta(hours=25), first.body.decode()
        )
        for key in (former, secret)
    }
    assert first.headers["webhook-signature"].split() == [signed[secret], signed[former]]


def test_a_paused_webhook_collects_and_sends_later(site, receiver):
    webhook, _secret = subscribe(site, receiver.address)
    with site.work() as work:
        service = work.get(WebhookService)
        service.pause(service.fetch(webhook, lock=True))
    open_case(site)
    drain(site)
    assert receiver.received == []
    with site.work() as work:
        service = work.get(WebhookService)
        service.resume(service.fetch(webhook, lock=True))
    drain(site)
    assert len(receiver.received) == 1


def test_an_undone_step_is_told_as_a_change(site, receiver, officer):
    subscribe(site, receiver.address, ["case.closed", "case.reopened"])
    code = open_case(site)
    event_id = step(site, officer, code, "reject")
    with site.work() as work:
        work.actor = identity(work, officer)
        work.get(UndoService).undo(work.get(CaseService).fetch(code, lock=True), event_id)
    drain(site)
    told = [json.loads(event.body)["type"].rpartition(".case.")[2] for event in receiver.received]
    assert told == ["closed", "reopened"]


def test_a_restored_portal_sends_nothing_until_it_is_told_to(site, receiver):
    webhook, _secret = subscribe(site, receiver.address)
    open_case(site)
    with site.work() as work:
        assert ["paused 1 webhooks"] in site.hooks.hook.portal_restored(work=work)
    drain(site)
    assert receiver.received == []
    assert found(site, webhook).paused == "restored"
    assert [delivery.state for delivery in deliveries(site)] == ["new"]


def test_what_waits_too_long_has_failed_and_old_deliveries_are_deleted(site, receiver, clock):
    webhook, _secret = subscribe(site, receiver.address)
    with site.work() as work:
        service = work.get(WebhookService)
        service.pause(service.fetch(webhook, lock=True))
    open_case(site)
    clock.advance(hours=71)
    jobs.give_up(site)
    assert [delivery.state for delivery in deliveries(site)] == ["new"]
    clock.advance(hours=2)
    jobs.give_up(site)
    assert [delivery.state for delivery in deliveries(site)] == ["dead"]
    clock.advance(days=26)
    jobs.clean(site)
    assert len(deliveries(site)) == 1
    clock.advance(days=2)
    jobs.clean(site)
    assert deliveries(site) == []


def test_administrators_find_what_failed_in_the_findings_and_the_metrics(site, receiver, clock):
    subscribe(site, receiver.address)
    subscribe(site, f"{receiver.address}?gone")
    receiver.answers += [status(500), status(410)]
    open_case(site)
    deliver_once(site)
    deliver_once(site)
    clock.advance(hours=2)
    with site.work(write=False) as work:
        told = [str(finding.text.interpolate()) for finding in findings(work)]
        measured = {
            family.name.removeprefix("civicportal_"): family.samples[0].value for family in webhooks(work)
        }
    assert told == [
        "the receiver has not accepted an event for more than an hour",
        "Stopped: the receiver wants no events any more",
        "events that could not be delivered: 1",
    ]
    assert measured == {
        "webhook_waiting_events": 1,
        "webhook_failed_events": 1,
        "webhooks_paused": 1,
        "webhook_failing_seconds": 7200,
    }
