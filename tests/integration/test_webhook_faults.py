"""Whatever ends a worker, and in whatever order changes, workers and failures come: every event arrives, in order, with one id."""

import contextlib
import json
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from receivers import receiving, status
from selection import LONG
from sqlalchemy import delete, event, insert, text

from civicportal.domain.cases.services import CaseService
from civicportal.domain.webhooks import delivery
from civicportal.domain.webhooks.delivery import WebhookQueue, deliver_once
from civicportal.domain.webhooks.events import EVENTS
from civicportal.domain.webhooks.models import Webhook, WebhookDelivery
from civicportal.domain.webhooks.services import WebhookService
from civicportal.testing import identity, make_case, make_citizen, make_staff, plan

pytestmark = pytest.mark.both_databases
RUNS = 200 if LONG else 12
#: What happens next: a change of one of three cases, one that is rolled back, a worker that runs or is killed, time.
STEPS = st.lists(
    st.tuples(st.just("change"), st.integers(0, 2))
    | st.tuples(st.sampled_from(["rollback", "work", "refuse", "wait"]), st.just(0))
    | st.tuples(st.just("kill"), st.sampled_from(["leased", "sending", "sent", "settling"])),
    min_size=6,
    max_size=24,
)
AROUND = ("accept", "pause", "resume")


class Killed(BaseException):
    """The worker is gone."""


@pytest.fixture
def local(site, monkeypatch):
    values = {**site.settings["webhooks"], "http": True, "private_networks": ["127.0.0.0/8"]}
    monkeypatch.setitem(site.settings, "webhooks", values)


@pytest.fixture
def city(site, local):
    """Three open cases and an officer."""
    with site.work() as work:
        officer = make_staff(work, "administrator")
        codes = [make_case(work, citizen=make_citizen(work, f"+98900000000{n}")).code for n in range(3)]
    return officer, codes


def change(site, officer, code, *, fail=False):
    with site.work() as work:
        work.actor = identity(work, officer)
        service = work.get(CaseService)
        case = service.fetch(code, lock=True)
        name = {"registered": "accept", "working": "pause", "waiting": "resume"}[case.status]
        service.apply(case, name)
        if fail:
            raise Killed


def kill(site, monkeypatch, place):
    """Run a worker that is killed at a point of its work."""

    def gone(*_arguments, **_options):
        raise Killed

    def sent_and_gone(where, batch):
        real(where, batch)
        raise Killed

    real = delivery.send_batch
    with monkeypatch.context() as patch:
        if place == "leased":
            patch.setattr(delivery, "send_batch", gone)
        elif place == "sending":
            patch.setattr(delivery.WebhookConnection, "send", gone)
        elif place == "sent":
            patch.setattr(delivery, "send_batch", sent_and_gone)
        else:
            patch.setattr(WebhookQueue, "_note_health", gone)
        with contextlib.suppress(Killed):
            deliver_once(site)


def drain(site, clock):
    """Let workers run until nothing waits."""
    for _hour in range(30):
        while deliver_once(site):
            pass
        clock.advance(hours=1)


@settings(
    max_examples=RUNS,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_every_event_arrives_in_order_with_one_id(site, city, clock, monkeypatch, steps):
    officer, codes = city
    with site.work() as work:
        work.session.execute(delete(Webhook))
    with receiving() as receiver:
        columns = {"address": receiver.address, "description": "", "category_id": None, "unit_id": None}
        with site.work() as work:
            work.get(WebhookService).add({**columns, "events": list(EVENTS)})
        expected = defaultdict(list)
        for what, which in steps:
            if what == "change":
                change(site, officer, codes[which])
                with site.work(write=False) as work:
                    expected[codes[which]].append(work.get(CaseService).fetch(codes[which]).version)
            elif what == "rollback":
                with pytest.raises(Killed):
                    change(site, officer, codes[which], fail=True)
            elif what == "work":
                deliver_once(site)
            elif what == "kill":
                kill(site, monkeypatch, which)
            elif what == "refuse":
                receiver.answers.append(status(500))
            else:
                clock.advance(minutes=7)
        drain(site, clock)
        ids, order = defaultdict(set), defaultdict(list)
        for one in receiver.received:
            body = json.loads(one.body)
            code, version = body["subject"], body["data"]["version"]
            ids[code, version].add(one.id)
            if one.accepted and version not in order[code]:
                order[code].append(version)
        assert order == expected
        assert {len(one) for one in ids.values()} <= {1}


def test_delivered_events_are_not_read_to_find_those_that_wait(site, city, clock):
    """Both statements use the index of what waits, however many events were delivered."""
    with site.work() as work:
        columns = {"address": "https://gis.example.org/", "description": "", "events": []}
        webhook, _secret = work.get(WebhookService).add({**columns, "category_id": None, "unit_id": None})
        common = {
            "webhook_id": webhook.id,
            "event": "portal.test",
            "state": "sent",
            "attempts": 1,
            "body": "",
        }
        common |= {"created_at": clock.now(), "next_at": clock.now(), "last_error": ""}
        work.session.execute(
            insert(WebhookDelivery), [{**common, "event_id": str(number)} for number in range(3000)]
        )
        work.session.execute(text("ANALYZE webhook_deliveries"))
        for query in (delivery._READY, delivery._NEXT):
            found = plan(work.session, query.params(now=clock.now(), webhook=webhook.id))
            assert "ix_webhook_deliveries_waiting" in found


def test_a_change_costs_one_statement_with_webhooks_and_none_without(site, city):
    officer, codes = city
    asked = []
    engine = site.engines.write

    def note(_connection, _cursor, statement, *_more):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        change(site, officer, codes[0])
        asked.clear()
        change(site, officer, codes[0])
        without = [one for one in asked if "webhook" in one]
        with site.work() as work:
            for number in range(3):
                columns = {"address": f"https://gis.example.org/{number}", "description": ""}
                columns |= {"category_id": None, "unit_id": None, "events": list(EVENTS)}
                work.get(WebhookService).add(columns)
        change(site, officer, codes[0])
        asked.clear()
        change(site, officer, codes[0])
        beside = [one for one in asked if "webhook" in one]
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert without == []
    assert len(beside) == 1
    assert beside[0].lstrip().startswith("INSERT INTO webhook_deliveries")


def test_a_hanging_receiver_holds_up_no_other_webhook_and_no_message(site, city, monkeypatch):
    """While one thread waits for it, another serves the next webhook."""
    import threading

    from receivers import hang

    officer, codes = city
    with receiving() as slow, receiving() as fast:
        slow.answers.append(hang(slow))
        with site.work() as work:
            for receiver in (slow, fast):
                columns = {"address": receiver.address, "description": "", "events": list(EVENTS)}
                work.get(WebhookService).add({**columns, "category_id": None, "unit_id": None})
        change(site, officer, codes[0])
        waiting = threading.Thread(target=deliver_once, args=(site,), daemon=True)
        waiting.start()
        while not slow.received:
            waiting.join(0.01)
        assert deliver_once(site)
        assert len(fast.received) == 1
        assert not deliver_once(site)
        # An event of another case does not cost it a second thread.
        change(site, officer, codes[1])
        assert deliver_once(site)
        assert (len(fast.received), len(slow.received)) == (2, 1)
        assert not deliver_once(site)
        slow.closing.set()
        waiting.join(30)
    with site.work(write=False) as work:
        states = [row.state for row in work.session.query(WebhookDelivery).order_by(WebhookDelivery.id)]
    assert states == ["new", "sent", "new", "sent"]
