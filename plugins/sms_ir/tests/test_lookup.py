"""What became of a message whose sending ended uncertain."""

from datetime import timedelta

import pytest
from civicportal_sms_ir.deliveries import poll_deliveries

from civicportal.api.database import NEVER

LIVE, ARCHIVE, VERIFY = "send/live", "send/archive", "send/verify"


def paths(provider):
    return [entry["path"] for entry in provider.entries()]


def lose(messages, provider, mode="lost", **fields):
    provider.script.append(mode)
    messages.queue(**fields)
    messages.deliver()


def test_a_notice_is_not_taken_for_another_of_the_same_case(clock, messages, provider):
    messages.queue("petitions.registered", TRACK="4059031274")
    messages.deliver()
    lose(messages, provider, "500", kind="petitions.registered", TRACK="4059031274")
    clock.advance(minutes=2)
    messages.deliver()
    assert messages.states() == ["sent", "sent"]
    assert len(provider.sent) == 2
    assert len({row.provider_id for row in messages.rows()}) == 2


def test_what_was_found_for_one_notice_is_not_found_for_the_next(clock, messages, provider):
    lose(messages, provider, "lost", TRACK="4059031274")
    lose(messages, provider, "500", TRACK="4059031274")
    assert len(provider.sent) == 1
    clock.advance(minutes=2)
    messages.deliver()
    assert messages.states() == ["sent", "sent"]
    assert [row.provider_id for row in messages.rows()] == [str(sms.message_id) for sms in provider.sent]
    assert len(provider.sent) == 2


def test_of_what_was_found_the_delivery_is_asked_for_too(site, clock, messages, provider):
    lose(messages, provider)
    clock.advance(minutes=2)
    messages.deliver()
    provider.sent[0].delivery_state = 1
    clock.advance(minutes=1)
    poll_deliveries(site)
    assert messages.rows()[0].delivery == "arrived"


def test_what_went_out_before_the_promise_is_something_else(clock, messages, provider):
    lose(messages, provider, "500")
    provider.answer(
        "POST",
        VERIFY,
        {},
        {
            "mobile": "09000000001",
            "templateId": 1001,
            "parameters": [{"name": "TRACK", "value": "4059031274"}],
        },
        sandbox=False,
    )
    provider.sent[0].sent_at -= timedelta(hours=1)
    clock.advance(minutes=2)
    messages.deliver()
    assert messages.states() == ["sent"]
    assert len(provider.sent) == 2


def test_many_pages_are_read(clock, messages, provider):
    for number in range(250):
        body = {"lineNumber": 30001234, "messageText": "دیگری", "mobiles": [f"09{number:09}"]}
        provider.answer("POST", "send/bulk", {}, body, sandbox=False)
    lose(messages, provider)
    clock.advance(minutes=2)
    messages.deliver()
    assert messages.states() == ["sent"]
    assert paths(provider) == [VERIFY, LIVE, LIVE, LIVE]


def test_a_list_without_end_leaves_it_unknown(clock, messages, provider, monkeypatch):
    for number in range(250):
        body = {"lineNumber": 30001234, "messageText": "دیگری", "mobiles": [f"09{number:09}"]}
        provider.answer("POST", "send/bulk", {}, body, sandbox=False)
    monkeypatch.setattr("civicportal_sms_ir.lookup.SECONDS", -1)
    lose(messages, provider)
    clock.advance(minutes=2)
    messages.deliver()
    (row,) = messages.rows()
    assert (row.state, row.next_at) == ("unknown", NEVER)
    assert "too long" in row.last_error
    assert paths(provider) == [VERIFY, LIVE]


@pytest.mark.parametrize("mode", ["lost", "500"])
def test_after_midnight_the_archive_is_asked_too(clock, messages, provider, mode):
    clock.advance(hours=11, minutes=59)
    lose(messages, provider, mode)
    clock.advance(minutes=2)
    messages.deliver()
    assert messages.states() == ["sent"]
    assert len(provider.sent) == 1
    assert paths(provider) == [VERIFY, LIVE, ARCHIVE, *([VERIFY] if mode == "500" else [])]


@pytest.mark.parametrize("mode", ["429", "500", "html", "truncated", "no_credit"])
def test_a_provider_that_cannot_be_asked_now_is_asked_later(clock, messages, provider, mode):
    lose(messages, provider)
    clock.advance(minutes=2)
    provider.script.append(mode)
    messages.deliver()
    assert messages.states() == ["unknown"]
    clock.advance(hours=1)
    messages.deliver()
    assert messages.states() == ["sent"]
    assert len(provider.sent) == 1


def test_a_provider_that_never_tells_leaves_it_to_people(clock, messages, provider):
    lose(messages, provider)
    provider.mode = "problem_details"
    clock.advance(minutes=2)
    messages.deliver()
    (row,) = messages.rows()
    assert (row.state, row.next_at) == ("unknown", NEVER)
    assert "cannot be asked" in row.last_error
    assert len(provider.sent) == 1


def test_a_worker_that_died_after_the_answer_need_not_ask(site, clock, messages, provider):
    messages.queue()
    messages.deliver()
    with site.work() as work:
        row = work.session.merge(messages.rows()[0])
        row.state, row.lease_id, row.provider_id = "leased", "of the dead", None
        row.locked_until = clock.now()
    messages.deliver()
    assert messages.states() == ["unknown"]
    clock.advance(minutes=2)
    messages.deliver()
    (row,) = messages.rows()
    assert (row.state, row.provider_id) == ("sent", str(provider.sent[0].message_id))
    assert paths(provider) == [VERIFY]
