"""Delivery reports, credit and inbound messages."""

from datetime import timedelta

import pytest
from civicportal_sms_ir.credit import poll_credit
from civicportal_sms_ir.deliveries import forget_deliveries, poll_deliveries
from civicportal_sms_ir.inbound import poll_inbound, poll_missed
from civicportal_sms_ir.models import Delivery
from civicportal_sms_ir.plugin import register_jobs
from sqlalchemy import select

from civicportal.api.database import NEVER
from civicportal.api.notifications import SendingGateService
from civicportal.testing import NOON, make_case, make_category, make_citizen, make_unit
from civicportal.testing.sms_simulator import Inbound


def deliveries(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(Delivery).order_by(Delivery.provider_id)))


def test_hook_register_jobs_only_for_sites_that_send_by_it(site, monkeypatch):
    names = ["sms_ir.inbound", "sms_ir.missed", "sms_ir.deliveries", "sms_ir.credit", "sms_ir.forget"]
    assert [job.name for job in register_jobs(site)] == names
    monkeypatch.setattr(site, "transport", "memory")
    assert register_jobs(site) == ()


@pytest.mark.parametrize(
    ("state", "becomes", "told"),
    [
        (1, "delivered", "arrived"),
        (2, "failed", "off"),
        (4, "failed", "not_taken"),
        (6, "failed", "lost"),
        (7, "blocked", "blocked"),
    ],
)
def test_the_delivery_is_asked_for_once_it_is_known(site, clock, messages, provider, state, becomes, told):
    messages.queue()
    messages.deliver()
    poll_deliveries(site)
    assert [entry["path"] for entry in provider.entries()] == ["send/verify"]
    provider.sent[0].delivery_state = state
    clock.advance(minutes=1)
    poll_deliveries(site)
    clock.advance(days=1)
    poll_deliveries(site)
    (row,) = deliveries(site)
    assert (row.state, row.next_at, row.message_id) == (becomes, NEVER, messages.rows()[0].id)
    assert len(provider.entries()) == 2
    message = messages.rows()[0]
    assert (message.delivery, message.delivered_at) == (told, NOON + timedelta(seconds=5))


@pytest.mark.parametrize("state", [None, 3, 5, 8])
def test_after_six_hours_the_state_is_not_asked_any_more(site, clock, messages, provider, state):
    messages.queue()
    messages.deliver()
    provider.sent[0].delivery_state = state
    for minutes in (1, 4, 25, 330):
        assert deliveries(site)[0].state == "pending"
        clock.advance(minutes=minutes)
        poll_deliveries(site)
        poll_deliveries(site)
    (row,) = deliveries(site)
    assert (row.state, row.checks, row.next_at) == ("unknown", 4, NEVER)
    assert messages.rows()[0].delivery == "silent"
    assert len(provider.entries()) == 5


def test_messages_unknown_to_the_provider_stay_unknown(site, clock, messages, provider):
    messages.queue()
    messages.deliver()
    provider.sent.clear()
    clock.advance(minutes=1)
    poll_deliveries(site)
    assert deliveries(site)[0].state == "unknown"


def test_a_provider_that_is_down_is_asked_again(site, clock, messages, provider):
    messages.queue()
    messages.deliver()
    clock.advance(minutes=1)
    provider.script.append("500")
    poll_deliveries(site)
    assert (deliveries(site)[0].checks, deliveries(site)[0].state) == (0, "pending")
    provider.sent[0].delivery_state = 1
    poll_deliveries(site)
    assert deliveries(site)[0].state == "delivered"


@pytest.fixture
def oddly(provider, monkeypatch):
    """Return a function that lets the provider answer questions for its first message in a way of its own."""

    def oddly(code, **payload):
        usual, odd = provider.answer, f"send/{provider.sent[0].message_id}"

        def answer(method, path, *args, **options):
            return (code, payload) if path == odd else usual(method, path, *args, **options)

        monkeypatch.setattr(provider, "answer", answer)
        return odd

    return oddly


@pytest.fixture
def two(clock, messages, provider):
    """Two messages that have arrived, to be asked for one after the other."""
    for _ in range(2):
        messages.queue()
        messages.deliver()
        clock.advance(seconds=1)
    for sms in provider.sent:
        sms.delivery_state = 1
    return messages


@pytest.mark.parametrize(
    ("code", "payload"),
    [
        (404, {"status": 404, "title": "Not Found"}),
        (400, {"status": 400, "title": "One or more validation errors occurred."}),
        (400, {"status": 16, "message": "", "data": None}),
        (200, {"status": 1, "message": "", "data": None}),
        (200, {"status": 1, "message": "", "data": {"messageId": 89545112, "mobile": "BANK"}}),
    ],
)
def test_a_message_unknown_to_the_provider_does_not_delay_others(
    site, clock, two, provider, oddly, code, payload
):
    odd = oddly(code, **payload)
    for minutes in (1, 4, 25, 330, 600):
        clock.advance(minutes=minutes)
        poll_deliveries(site)
        assert deliveries(site)[1].state == "delivered"
    assert [(row.state, row.checks) for row in deliveries(site)] == [("unknown", 4), ("delivered", 1)]
    assert [row.delivery for row in two.rows()] == ["silent", "arrived"]
    assert len(provider.entries(odd)) == 4


def test_who_makes_the_provider_stumble_is_asked_for_behind_the_others(site, clock, two, provider, oddly):
    odd = oddly(500, status=0, message="", data=None)
    clock.advance(minutes=1)
    poll_deliveries(site)
    assert [row.state for row in deliveries(site)] == ["pending", "pending"]
    poll_deliveries(site)
    assert [(row.state, row.checks) for row in deliveries(site)] == [("pending", 0), ("delivered", 1)]
    assert len(provider.entries(odd)) == 2


def test_what_cannot_be_told_of_some_is_complained_of_once(site, clock, two, oddly, caplog):
    oddly(400, status=16, message="", data=None)
    clock.advance(minutes=1)
    poll_deliveries(site)
    clock.advance(minutes=1)
    poll_deliveries(site)
    complaints = [record.message for record in caplog.records if record.name == "civicportal_sms_ir.polling"]
    assert len(complaints) == 1
    assert "status 16" in complaints[0]


def test_deliveries_are_forgotten_after_a_month(site, clock, messages):
    messages.queue()
    messages.deliver()
    clock.advance(days=29)
    forget_deliveries(site)
    assert len(deliveries(site)) == 1
    clock.advance(days=2)
    forget_deliveries(site)
    assert deliveries(site) == []


def test_the_credit_is_shown_with_the_messages(site, messages, provider):
    provider.credit = 321.5
    poll_credit(site)
    provider.script.append("500")
    poll_credit(site)
    with site.work(write=False) as work:
        row = work.get(SendingGateService).row
        assert (row.credit, row.credit_at) == (321.5, site.clock.now())


@pytest.fixture
def code(site):
    with site.work() as work:
        citizen = make_citizen(work, "+989000000001")
        return make_case(work, citizen=citizen, category=make_category(work, unit=make_unit(work))).code


def answers(messages):
    return [row.kind for row in messages.rows() if row.kind.endswith(".status") or "inbound" in row.kind]


def test_hook_message_received_answers_at_once_and_once(site, messages, provider, code):
    provider.receive("09000000001", f"وضعیت {code}")
    poll_inbound(site)
    poll_inbound(site)
    assert answers(messages) == ["petitions.status"]
    messages.deliver()
    assert code in provider.sent[-1].text
    assert provider.sent[-1].mobile == "09000000001"


def test_other_services_are_not_answered(site, messages, provider):
    provider.receive("30001234567", "سلام")
    poll_inbound(site)
    assert answers(messages) == []


class NamedSender(Inbound):
    """A message whose sender is a name, as those of banks."""

    def record(self):
        return {**super().record(), "mobile": "BANK"}


def test_an_invalid_inbound_message_does_not_affect_others(site, messages, provider, code):
    """The provider returns a hundred of them once, to the first caller."""
    provider.receive("09000000002", "سلام")
    provider.unread[0] = NamedSender(**vars(provider.unread[0]))
    provider.receive("09000000003", "تهی \x00")
    provider.receive("09000000001", code)
    poll_inbound(site)
    assert answers(messages).count("petitions.status") == 1
    assert answers(messages).count("inbound.help") == 1


def test_inbound_messages_are_stored_before_the_answer(site, messages, provider, code, monkeypatch):
    """The provider shows a message once: a failure while answering must not lose it."""
    provider.receive("09000000001", code)
    with monkeypatch.context() as broken:
        broken.setattr(type(site.limits), "hit", lambda *_: 1 / 0)
        poll_inbound(site)
    assert answers(messages) == []
    assert not provider.unread
    poll_inbound(site)
    assert answers(messages) == ["petitions.status"]


@pytest.mark.parametrize("mode", ["500", "html", "429", "truncated"])
def test_a_provider_that_cannot_be_read_is_read_later(site, clock, messages, provider, code, mode):
    provider.script.append(mode)
    poll_inbound(site)
    provider.receive("09000000001", code)
    poll_inbound(site)
    assert answers(messages) == ["petitions.status"]
    assert clock.now() == NOON


@pytest.mark.parametrize("mode", ["lost", "truncated"])
def test_lost_inbound_messages_are_read_again(site, messages, provider, code, mode):
    """The provider shows a message once, also to whom the answer does not reach; the list of today still has it."""
    provider.receive("09000000001", code)
    provider.script.append(mode)
    poll_inbound(site)
    assert not provider.unread
    assert answers(messages) == []
    poll_missed(site)
    assert answers(messages) == ["petitions.status"]


def test_the_list_of_today_brings_nothing_twice(site, clock, messages, provider, code):
    for number in range(130):
        provider.receive(f"09000001{number:03}", f"سلام {number}")
    provider.receive("09000000001", code)
    poll_inbound(site)
    poll_missed(site)
    poll_inbound(site)
    poll_missed(site)
    assert answers(messages).count("petitions.status") == 1
    assert answers(messages).count("inbound.help") == 130


def test_the_list_of_today_is_read_for_the_last_hours_only(site, clock, messages, provider, code):
    for number in range(250):
        provider.receive(f"09000001{number:03}", "سلام")
    provider.script.append("lost")
    poll_inbound(site)
    clock.advance(hours=4)
    provider.receive("09000000001", code)
    poll_missed(site)
    assert [entry["status"] for entry in provider.entries("receive/live")] == [1]
    assert answers(messages) == ["petitions.status"]


def test_a_provider_that_does_not_answer_is_asked_for_what_was_missed_later(site, messages, provider, code):
    provider.receive("09000000001", code)
    provider.script += ["lost", "500"]
    poll_inbound(site)
    poll_missed(site)
    assert answers(messages) == []
    poll_missed(site)
    assert answers(messages) == ["petitions.status"]
