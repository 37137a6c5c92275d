"""A transport that takes many messages in one call: who is asked, with what, and what its answers lead to."""

from datetime import timedelta

import pytest

from civicportal.api.notifications import BroadcastLane, PermanentFailure, Receipt, TransientFailure
from civicportal.api.plugins import hookimpl
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.testing import deliver_once, mark_alive, memory, outbox

PEOPLE = 3


class Transport:
    """What a plugin was asked to send, one by one and at once."""

    def __init__(self):
        self.single, self.calls = [], []
        self.answer = lambda messages: [Receipt(provider_id=f"bulk-{message.id}") for message in messages]

    def implementations(self):
        def send_message(message):
            self.single.append(message.id)
            return Receipt(provider_id=f"single-{message.id}")

        def send_messages(messages):
            self.calls.append([message.id for message in messages])
            return self.answer(messages)

        return hookimpl(send_message), hookimpl(send_messages)


@pytest.fixture
def transport():
    return Transport()


@pytest.fixture
def start(install, assemble_migrated, transport):
    """Return a function that assembles a site with the plugin and brings out a text to three people."""
    install.plugin("gadget", *transport.implementations())

    def start(named="gadget", batches=("one",)):
        site = assemble_migrated("gadget", notifications={"transport": named})
        mark_alive(site)
        for batch in batches:
            queue(site, batch)
        deliver(site)
        return site

    return start


def queue(site, batch):
    people = [(number, f"+98900000{number:04}") for number in range(PEOPLE)]
    with site.work() as work:
        work.get(BroadcastLane).queue(batch, "news", "خبر", people, timedelta())


def deliver(site):
    while deliver_once(site, "broadcasts"):
        pass


def rows(site):
    with site.work(write=False) as work:
        return outbox(work)


def states(site):
    return [row.state for row in rows(site)]


def failures(site):
    with site.work(write=False) as work:
        return work.get(SendingGateService).row.failures


@pytest.mark.parametrize("column", ["text", "locale"])
def test_a_call_contains_one_text_in_one_language(start, transport, column):
    site = start(batches=())
    with site.work() as work:
        people = [(number, f"+98900000{number:04}") for number in range(4)]
        work.get(BroadcastLane).queue("many", "news", "خبر", people, timedelta())
        ids = [row.id for row in outbox(work)]
        for row, value in zip(outbox(work), ("fb", "fa", "fc", "fb"), strict=True):
            setattr(row, column, value)
    deliver(site)
    assert (transport.calls, transport.single) == ([[ids[0], ids[3]]], [ids[1], ids[2]])


def test_no_call_takes_more_than_a_hundred(start, transport):
    site = start(batches=())
    with site.work() as work:
        people = [(number, f"+98900000{number:04}") for number in range(205)]
        work.get(BroadcastLane).queue("many", "news", "خبر", people, timedelta())
    deliver(site)
    assert [len(call) for call in transport.calls] == [100, 100, 5]


def test_only_the_transport_that_the_site_names_is_asked(start, transport):
    site = start("memory")
    assert (transport.calls, transport.single) == ([], [])
    assert len(memory(site).sent) == PEOPLE


def test_each_batch_is_a_call(start, transport):
    site = start(batches=("one", "two"))
    ids = [row.id for row in rows(site)]
    assert transport.calls == [ids[:PEOPLE], ids[PEOPLE:]]
    assert transport.single == []
    assert [row.provider_id for row in rows(site)] == [f"bulk-{number}" for number in ids]


def test_one_message_needs_no_such_call(start, transport, clock):
    transport.answer = lambda messages: [TransientFailure("later"), Receipt(), Receipt()]
    site = start()
    assert states(site) == ["new", "sent", "sent"]
    clock.advance(minutes=1)
    deliver(site)
    assert transport.single == [rows(site)[0].id]
    assert states(site) == ["sent"] * PEOPLE


def test_messages_are_settled_one_by_one_and_the_gate_by_the_worst(start, transport):
    transport.answer = lambda messages: [
        Receipt(provider_id="x"),
        PermanentFailure("no"),
        TransientFailure("later"),
    ]
    site = start()
    assert states(site) == ["sent", "dead", "new"]
    assert [row.last_error for row in rows(site)] == ["", "no", "later"]
    assert failures(site) == 1


def fail(messages):
    raise TransientFailure("busy")


def crash(messages):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (fail, "new"),
        (crash, "unknown"),
        (lambda messages: None, "new"),
        (lambda messages: [Receipt()], "unknown"),
        (lambda messages: [Receipt(), Receipt(), "fine"], "unknown"),
    ],
    ids=["raises", "crashes", "does not take them", "says too little", "says something else"],
)
def test_an_error_of_the_call_applies_to_all_messages(start, transport, answer, state):
    transport.answer = answer
    site = start()
    assert states(site) == [state] * PEOPLE
    assert len(transport.calls) == 1
    assert failures(site) == 1
    assert len({row.next_at for row in rows(site)}) == 1


def test_uncertain_messages_are_looked_up_together(start, transport, clock):
    transport.answer = crash
    site = start()
    transport.answer = lambda messages: [Receipt(provider_id=str(message.maybe_sent)) for message in messages]
    queue(site, "two")
    clock.advance(minutes=2)
    deliver(site)
    assert [row.provider_id for row in rows(site)] == ["True"] * PEOPLE + ["False"] * PEOPLE
    assert [len(call) for call in transport.calls] == [PEOPLE] * 3
