"""Broadcasts: a hundred messages in one call, each settled by its own result, none sent twice."""

from collections import Counter

import pytest
from civicportal_sms_ir.models import Delivery as Remembered
from sqlalchemy import func, select

from civicportal.api.database import NEVER
from civicportal.api.notifications import BroadcastLane, SendingGateService
from civicportal.testing import NOON, deliver_once
from civicportal.testing.sms_simulator import LINE

BULK, PACK, ARCHIVE, LIVE = "send/bulk", "send/pack", "send/archive", "send/live"
#: Faults after which it is unknown whether the messages went out, and whether they did.
UNCERTAIN = {"500": False, "html": False, "lost": True, "truncated": True, "hang": False}


def test_hook_send_messages_takes_a_hundred_people_in_one_call(site, crowd, provider):
    crowd.queue()
    crowd.deliver()
    assert crowd.calls() == [100, 100, 50]
    assert crowd.nobody_twice(250)
    body = provider.entries(BULK)[0]["body"]
    assert (body["lineNumber"], body["messageText"], body["sendDateTime"]) == (LINE, crowd.text, None)
    numbers = {f"+98{sms.mobile[1:]}": str(sms.message_id) for sms in provider.sent}
    for row in crowd.messages.rows():
        assert (row.state, row.attempts, row.provider_id) == ("sent", 1, numbers[row.recipient])
    with site.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(Remembered)) == 250


def test_texts_and_batches_are_not_mixed(crowd):
    crowd.queue(3)
    crowd.queue(3, batch="two")
    crowd.queue(3, batch="three", text="متن دیگر")
    crowd.deliver()
    assert crowd.calls() == [3, 3, 3]
    assert crowd.states() == {"sent": 9}


def test_each_has_a_result_of_its_own(crowd, provider):
    provider.blacklist.add("09000000002")
    crowd.queue(mobiles=["+989000000001", "+989000000002", "+9890", "+447700900123", "+989000000003"])
    crowd.deliver()
    rows = crowd.messages.rows()
    assert [row.state for row in rows] == ["sent", "dead", "dead", "dead", "sent"]
    assert "blacklist" in rows[1].last_error
    assert "not valid" in rows[2].last_error
    assert "not an Iranian" in rows[3].last_error
    assert crowd.calls() == [4]


def test_a_stop_takes_back_what_is_in_no_call_yet(site, crowd):
    crowd.queue()
    assert deliver_once(site, "broadcasts")
    with site.work() as work:
        work.get(BroadcastLane).cancel("one")
    crowd.deliver()
    assert crowd.states() == {"sent": 100, "cancelled": 150}
    assert crowd.calls() == [100]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", UNCERTAIN)
def test_a_call_without_an_answer_is_looked_up_by_its_pack(site, crowd, provider, mode):
    provider.script.extend(["ok", mode, "ok"])
    crowd.queue()
    crowd.deliver()
    assert crowd.states() == {"sent": 150, "unknown": 100}
    with site.work(write=False) as work:
        row = work.get(SendingGateService).row
        assert row.open
    crowd.later(minutes=2)
    assert crowd.states() == {"sent": 250}
    assert crowd.calls() == [100, 100, 50, *([] if UNCERTAIN[mode] else [100])]
    assert crowd.nobody_twice(250)
    assert len({row.provider_id for row in crowd.messages.rows()}) == 250
    asked = [entry["path"] for entry in provider.entries()]
    assert asked.count(PACK) == 1
    assert LIVE not in asked


def test_one_failed_call_is_one_failure_of_the_gate(site, crowd, provider):
    provider.script.append("lost")
    crowd.queue(100)
    crowd.deliver()
    with site.work(write=False) as work:
        assert work.get(SendingGateService).row.failures == 1


def test_people_missing_in_a_pack_are_sent_to_again(crowd, provider):
    provider.blacklist.update(["09000000002", "09000000003"])
    provider.script.append("lost")
    crowd.queue(5)
    crowd.deliver()
    provider.blacklist.remove("09000000003")
    crowd.later(minutes=2)
    assert [row.state for row in crowd.messages.rows()] == ["sent", "dead", "sent", "sent", "sent"]
    assert provider.entries(BULK)[1]["body"]["mobiles"] == ["09000000002", "09000000003"]
    assert crowd.nobody_twice(4)


def test_a_pack_is_not_taken_for_another_of_the_same_words(crowd, provider):
    crowd.queue(5)
    crowd.deliver()
    provider.script.append("500")
    crowd.queue(5, batch="two")
    crowd.deliver()
    crowd.later(minutes=2)
    assert crowd.states() == {"sent": 10}
    assert Counter(sms.mobile for sms in provider.sent) == {f"0900000000{n}": 2 for n in range(1, 6)}


def test_a_pack_that_was_found_for_some_is_not_found_for_others(site, crowd, provider):
    provider.script.extend(["lost", "500"])
    crowd.queue(5)
    crowd.queue(5, batch="two")
    crowd.deliver()
    assert crowd.states() == {"unknown": 10}
    crowd.later(minutes=2)
    assert crowd.states() == {"sent": 10}
    assert Counter(sms.mobile for sms in provider.sent) == {f"0900000000{n}": 2 for n in range(1, 6)}
    with site.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(Remembered)) == 10


def test_after_midnight_the_archive_is_asked(crowd, clock, provider):
    clock.advance(hours=9, minutes=59)
    provider.script.append("lost")
    crowd.queue(5)
    crowd.deliver()
    crowd.later(hours=10)
    assert crowd.states() == {"sent": 5}
    assert [entry["path"] for entry in provider.entries()] == [BULK, PACK, ARCHIVE]


def test_many_packs_are_read_until_time_is_up(crowd, provider, monkeypatch):
    provider.script.append("lost")
    crowd.queue(5)
    crowd.deliver()
    monkeypatch.setattr("civicportal_sms_ir.lookup.SECONDS", -1)
    crowd.later(minutes=2)
    assert {(row.state, row.next_at) for row in crowd.messages.rows()} == {("unknown", NEVER)}
    assert crowd.nobody_twice(5)


@pytest.mark.parametrize("mode", ["429", "500", "no_credit"])
def test_packs_that_cannot_be_read_now_are_read_later(crowd, provider, mode):
    provider.script.append("lost")
    crowd.queue(5)
    crowd.deliver()
    provider.script.append(mode)
    crowd.later(minutes=2)
    assert crowd.states() == {"unknown": 5}
    crowd.later(hours=1)
    assert crowd.states() == {"sent": 5}
    assert crowd.calls() == [5]


def test_a_wish_for_fewer_requests_keeps_a_chunk_together(crowd, provider):
    provider.script.append("429")
    crowd.queue(100)
    crowd.deliver()
    (due,) = {row.next_at for row in crowd.messages.rows()}
    assert (due - NOON).total_seconds() >= 90
    crowd.later(minutes=3)
    assert crowd.calls() == [100, 100]
    assert crowd.nobody_twice(100)


def test_a_closed_gate_is_tried_with_one_message(site, crowd, provider):
    provider.mode = "bad_key"
    crowd.queue()
    crowd.deliver()
    assert crowd.states() == {"new": 250}
    crowd.later(minutes=1)
    assert crowd.calls() == [100, 1]
    provider.mode = "ok"
    crowd.later(minutes=1)
    assert crowd.calls() == [100, 1, 1, 100, 100, 49]
    assert crowd.nobody_twice(250)
    assert {row.attempts for row in crowd.messages.rows()} == {1}


def test_without_a_line_the_provider_is_not_asked(site, crowd, provider, monkeypatch):
    monkeypatch.setitem(site.plugin_settings, "sms_ir", {**site.plugin_settings["sms_ir"], "line": ""})
    crowd.queue(3)
    crowd.deliver()
    assert crowd.states() == {"dead": 3}
    assert provider.entries() == []


@pytest.mark.parametrize("answer", [[1], [1, 2, "x"], None, [1, 2, 3, 4]])
def test_an_answer_that_is_not_one_for_each_is_no_answer(crowd, provider, monkeypatch, answer):
    def odd(body, sandbox):
        return 200, {"status": 1, "message": "", "data": {"messageIds": answer}}

    monkeypatch.setattr(provider, "_bulk", odd)
    crowd.queue(3)
    crowd.deliver()
    assert crowd.states() == {"unknown": 3}


def test_a_worker_that_dies_after_the_answer_sends_nothing_twice(site, crowd, provider, monkeypatch):
    crowd.queue()

    def die(self, verdict, reason):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SendingGateService, "judge", die)
        with pytest.raises(KeyboardInterrupt):
            deliver_once(site, "broadcasts")
    assert crowd.states() == {"leased": 100, "new": 150}
    crowd.later(minutes=1)
    assert crowd.states() == {"unknown": 100, "sent": 150}
    crowd.later(minutes=2)
    assert crowd.states() == {"sent": 250}
    assert crowd.calls() == [100, 100, 50]
    # What the provider accepted was stored at once: no lookup was needed.
    assert provider.entries(PACK) == []
    assert crowd.nobody_twice(250)
