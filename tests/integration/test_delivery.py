"""Bringing the outbox out: outcomes, order, leases, deadlines, the gate. One step at a time, without threads."""

import threading
from datetime import timedelta

import pytest

from civicportal.core.db import NEVER
from civicportal.core.deliveries import LEASE
from civicportal.core.messages import (
    GatewayMisconfigured,
    LookupFailed,
    PermanentFailure,
    Receipt,
    TransientFailure,
    UncertainDelivery,
)
from civicportal.core.security import Grant, Identity
from civicportal.domain.accounts.models import OtpChallenge
from civicportal.domain.cases.services import CaseService
from civicportal.domain.notifications.delivery import OutboxDelivery, _stirs, deliver_once
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.models import Gate
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.timing import quiet_hours_around
from civicportal.domain.notifications.transports import memory
from civicportal.testing import NOON, make_case, make_citizen, make_staff, mark_alive, outbox

pytestmark = pytest.mark.both_databases

CITIZEN, OTHER = "+989000000001", "+989000000002"


@pytest.fixture
def phone(site):
    """The transport, forgetful before each test."""
    box = memory(site)
    box.sent.clear()
    box.script.clear()
    mark_alive(site)
    return box


def queue(site, *numbers, lane="notices"):
    with site.work() as work:
        for number in numbers:
            work.get(NotificationService).send(
                "staff.overdue", recipient=number, fields={"COUNT": "3"}, lane=lane
            )


def promise_code(site):
    with site.work() as work:
        challenge = OtpChallenge(
            nonce=b"n" * 16,
            purpose="login",
            mobile=CITIZEN,
            cookie_hash="c",
            created_at=work.clock.now(),
            expires_at=work.clock.now() + timedelta(minutes=3),
        )
        work.session.add(challenge)
        work.session.flush()
        work.get(NotificationService).send_code(challenge)
        return challenge.id


def open_case(site, *steps, citizen=CITIZEN):
    """Open a case and let an administrator take steps; their notices wait 30 seconds."""
    with site.work() as work:
        boss = make_staff(work, "administrator")
        code = make_case(work, citizen=make_citizen(work, citizen)).code
    grant = Grant(permissions=frozenset(), administrator=True)
    with site.work(actor=Identity(user_id=boss.id, name=boss.name, realm="staff", grants=(grant,))) as work:
        cases = work.get(CaseService)
        for step in steps:
            cases.apply(cases.fetch(code, "work", lock=True), step)
    return code


def rows(site):
    with site.work(write=False) as work:
        found = outbox(work)
        work.session.expunge_all()
        return found


def row(site):
    (only,) = rows(site)
    return only


def gate(site):
    with site.work(write=False) as work:
        found = work.session.get(Gate, site.transport)
        work.session.expunge_all()
        return found


def drain(site, lane="notices"):
    count = 0
    while deliver_once(site, lane):
        count += 1
    return count


def test_a_message_is_sent_and_settled(site, phone):
    queue(site, CITIZEN)
    assert drain(site) == 1
    message = row(site)
    assert (message.state, message.sent_at, message.attempts, message.lease_id) == ("sent", NOON, 1, None)
    assert message.provider_id == f"memory-{message.id}"
    assert [sent.text for sent in phone.sent] == [message.text]
    assert phone.sent[0].fields["COUNT"] == "3"


LATER, PAST = timedelta(seconds=30), timedelta(seconds=-1)


@pytest.mark.parametrize(
    ("state", "next_in", "expires_in", "locked_in", "stirs"),
    [
        ("new", timedelta(0), None, None, True),
        ("new", LATER, None, None, False),
        ("new", LATER, LATER, None, False),
        ("new", LATER, timedelta(0), None, True),
        ("unknown", timedelta(0), None, None, True),
        ("unknown", None, PAST, None, False),
        ("leased", LATER, None, LATER, False),
        ("leased", LATER, None, timedelta(0), True),
        ("leased", LATER, None, PAST, True),
        ("new", PAST, None, None, True),
        ("new", LATER, PAST, None, True),
        ("sent", PAST, None, None, False),
        ("dead", PAST, PAST, None, False),
    ],
)
def test_a_lane_stirs_when_the_time_of_a_message_has_come(
    site, phone, state, next_in, expires_in, locked_in, stirs
):
    queue(site, CITIZEN)
    with site.work() as work:
        message = outbox(work)[0]
        message.state = state
        message.next_at = NEVER if next_in is None else NOON + next_in
        message.expires_at = None if expires_in is None else NOON + expires_in
        message.locked_until = None if locked_in is None else NOON + locked_in
    assert {lane for lane in ("codes", "notices", "broadcasts") if _stirs(site, lane)} == (
        {"notices"} if stirs else set()
    )


@pytest.mark.parametrize(("seconds", "goes"), [(61, 0), (60, 1), (1, 1)])
def test_what_was_promised_right_before_the_night_still_goes_out(site, phone, clock, seconds, goes):
    with site.work(write=False) as work:
        quiet = work.get(NotificationService).quiet_hours
    dusk, _dawn = quiet_hours_around(NOON + timedelta(hours=11), quiet, site.calendar)
    clock.set(dusk - timedelta(seconds=seconds))
    queue(site, CITIZEN)
    clock.set(dusk + timedelta(seconds=1))
    mark_alive(site)
    assert drain(site) == goes


def test_lanes_are_apart(site, phone):
    queue(site, CITIZEN, lane="broadcasts")
    assert drain(site, "notices") == drain(site, "codes") == 0
    assert drain(site, "broadcasts") == 1


def test_messages_are_not_sent_before_they_are_due(site, phone, clock):
    queue(site, CITIZEN)
    with site.work() as work:
        outbox(work)[0].next_at = NOON + timedelta(seconds=30)
    assert drain(site) == 0
    clock.advance(seconds=30)
    assert drain(site) == 1


def test_transient_failures_are_tried_again_twelve_times(site, phone, clock):
    queue(site, CITIZEN)
    phone.script.extend(TransientFailure("500") for _ in range(12))
    for number in range(1, 13):
        with site.work() as work:
            work.session.get(Gate, site.transport).failures = 0
        assert drain(site) == 1
        assert row(site).attempts == number
        clock.advance(days=1)
    assert row(site).state == "dead"
    assert drain(site) == 0


def test_a_permanent_failure_is_dead_and_the_next_goes_on(site, phone):
    queue(site, CITIZEN, OTHER)
    phone.script.append(PermanentFailure("blacklisted 09123456789"))
    assert drain(site) == 2
    assert [message.state for message in rows(site)] == ["dead", "sent"]
    assert rows(site)[0].last_error == "blacklisted 0912***6789"
    assert gate(site).open


def test_a_crash_of_the_transport_leaves_the_message_unknown(site, phone):
    def crash(message):
        raise KeyError("bug")

    queue(site, CITIZEN)
    phone.script.append(crash)
    drain(site)
    assert (row(site).state, row(site).next_at) == ("unknown", NOON + timedelta(minutes=2))


@pytest.mark.parametrize(
    ("answer", "state", "next_at"),
    [
        (Receipt(provider_id="7"), "sent", None),
        (LookupFailed("no list"), "unknown", NEVER),
        (TransientFailure("500"), "unknown", None),
        (PermanentFailure("no"), "dead", None),
    ],
)
def test_an_uncertain_message_is_looked_up_first(site, phone, clock, answer, state, next_at):
    asked = []

    def look_up(message):
        asked.append(message)
        return answer

    queue(site, CITIZEN)
    phone.script.extend([UncertainDelivery("lost"), look_up])
    drain(site)
    assert row(site).state == "unknown"
    assert drain(site) == 0
    clock.advance(minutes=2)
    assert drain(site) == 1
    assert asked[0].maybe_sent
    assert row(site).state == state
    assert next_at is None or row(site).next_at == next_at


def test_a_code_is_never_sent_again_after_an_uncertain_end(site, phone, clock):
    promise_code(site)
    phone.script.append(UncertainDelivery("lost"))
    drain(site, "codes")
    clock.advance(minutes=2, seconds=30)
    assert drain(site, "codes") == 0
    assert (row(site).state, phone.sent) == ("unknown", [])


def test_a_code_goes_out_with_its_digits(site, phone):
    promise_code(site)
    drain(site, "codes")
    code = site.keys.otp_code(b"n" * 16)
    assert code in phone.sent[0].text
    assert phone.sent[0].fields["CODE"] == code
    assert code not in row(site).text + row(site).fields


def test_a_code_past_its_deadline_is_cancelled(site, phone, clock):
    promise_code(site)
    clock.advance(minutes=3)
    assert drain(site, "codes") == 0
    assert (row(site).state, phone.sent) == ("cancelled", [])


def test_the_deadline_is_checked_again_after_leasing(site, phone, clock, monkeypatch):
    promise_code(site)
    lease = OutboxDelivery.lease

    def slow(self, lane):
        taken = lease(self, lane)
        clock.advance(minutes=3)
        return taken

    monkeypatch.setattr(OutboxDelivery, "lease", slow)
    assert deliver_once(site, "codes")
    assert (row(site).state, row(site).attempts, phone.sent) == ("cancelled", 0, [])


def test_an_erased_challenge_sends_no_empty_code(site, phone):
    challenge_id = promise_code(site)
    with site.work() as work:
        work.session.delete(work.session.get(OtpChallenge, challenge_id))
    drain(site, "codes")
    assert (row(site).state, phone.sent) == ("dead", [])


def test_the_messages_of_a_case_keep_their_order(site, phone, clock):
    open_case(site, "accept", "finish")
    open_case(site, citizen=OTHER)
    clock.advance(seconds=30)
    phone.script.append(TransientFailure("500"))
    assert drain(site) == 2
    assert [message.state for message in rows(site)] == ["new", "new", "new", "sent"]
    clock.advance(minutes=1)
    assert drain(site) == 3
    kinds = [message.kind for message in phone.sent if message.recipient == CITIZEN]
    assert kinds == ["petitions.registered", "petitions.working", "petitions.done"]


@pytest.mark.parametrize("numbers", [("+989000000003", "+989000000004"), ("+989000000004", "+989000000003")])
def test_a_message_to_one_person_holds_up_none_to_another(site, phone, numbers):
    with site.work() as work:
        case = make_case(work)
        for number in numbers:
            work.get(NotificationService).send(
                "staff.overdue", recipient=number, fields={"COUNT": "3"}, case=case
            )
        outbox(work, numbers[0])[0].next_at = NOON + timedelta(hours=1)
    drain(site)
    states = {message.recipient: message.state for message in rows(site)}
    assert [states[number] for number in numbers] == ["new", "sent"]


def test_messages_with_unknown_outcome_do_not_block_the_case(site, phone, clock):
    open_case(site, "accept")
    clock.advance(seconds=30)
    phone.script.extend([UncertainDelivery("lost"), LookupFailed("?")])
    assert drain(site) == 1
    clock.advance(minutes=2)
    assert drain(site) == 2
    assert [message.state for message in rows(site)] == ["unknown", "sent"]


def test_what_is_past_its_deadline_unsettled_does_not_hold_up_the_case(site, phone, clock):
    open_case(site, "accept")
    with site.work() as work:
        outbox(work)[0].expires_at = NOON + timedelta(hours=1)
    clock.advance(seconds=30)
    phone.script.extend([UncertainDelivery("lost"), TransientFailure("500")])
    assert drain(site) == 1
    clock.advance(minutes=2)
    assert drain(site) == 1
    clock.advance(hours=1)
    assert (drain(site), drain(site)) == (0, 1), "tidied up first"
    assert [(message.state, message.next_at == NEVER) for message in rows(site)] == [
        ("unknown", True),
        ("sent", False),
    ]
    assert not _stirs(site, "notices")


def test_a_lost_code_past_its_deadline_is_looked_at_no_more(site, phone, clock):
    promise_code(site)
    phone.script.append(UncertainDelivery("lost"))
    drain(site, "codes")
    clock.advance(minutes=3)
    assert not _stirs(site, "codes")


def test_a_lease_that_ran_out_is_unknown_and_its_late_holder_writes_nothing(site, phone, clock):
    queue(site, CITIZEN)
    with site.work() as work:
        leases = OutboxDelivery(work).lease("notices")
    clock.set(NOON + timedelta(seconds=59))
    assert (drain(site), row(site).state) == (0, "leased")
    clock.set(NOON + timedelta(seconds=60))
    assert drain(site) == 0
    assert (row(site).state, row(site).next_at) == ("unknown", NOON + timedelta(minutes=3))
    with site.work() as work:
        OutboxDelivery(work).settle(leases, [Receipt()])
    assert row(site).state == "unknown"
    clock.advance(minutes=2)
    assert drain(site) == 1
    assert phone.sent[0].maybe_sent


def test_a_lost_code_is_not_looked_up(site, phone, clock):
    promise_code(site)
    with site.work() as work:
        OutboxDelivery(work).lease("codes")
    clock.set(NOON + LEASE)
    drain(site, "codes")
    assert (row(site).state, row(site).next_at) == ("unknown", NEVER)


def test_workers_side_by_side_send_nothing_twice(site, phone):
    queue(site, *(f"+98900000{number:04}" for number in range(40)))
    problems = []

    def work_hard():
        try:
            drain(site)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work_hard) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drain(site)
    assert problems == []
    assert len(phone.sent) == len({message.id for message in phone.sent}) == 40


def test_a_configuration_error_closes_the_gate_and_uses_no_attempt(site, phone, clock):
    queue(site, CITIZEN, OTHER)
    phone.script.append(GatewayMisconfigured("wrong key"))
    assert drain(site) == 1
    assert [(message.state, message.attempts) for message in rows(site)] == [("new", 0), ("new", 0)]
    assert (gate(site).open, gate(site).reason) == (False, "wrong key")
    clock.advance(seconds=59)
    assert drain(site) == 0
    clock.advance(seconds=1)
    phone.script.append(GatewayMisconfigured("wrong key"))
    assert drain(site) == 1
    assert all(message.attempts == 0 for message in rows(site))
    clock.advance(minutes=1)
    assert drain(site) == 2
    assert (gate(site).open, gate(site).reason) == (True, "")


def test_five_failures_close_the_gate_and_a_probe_opens_it(site, phone, clock):
    queue(site, *(f"+98900000{number:04}" for number in range(8)))
    phone.script.extend(TransientFailure("down") for _ in range(6))
    assert drain(site) == 5
    assert not gate(site).open
    clock.advance(minutes=1)
    assert drain(site) == 1
    assert sum(message.attempts for message in rows(site)) == 5
    clock.advance(minutes=1)
    assert drain(site) == 8
    assert gate(site).open
    assert len(phone.sent) == 8


def test_a_message_that_can_never_go_out_opens_no_gate_and_leaves_the_probe_to_the_next(site, phone, clock):
    queue(site, CITIZEN, OTHER)
    phone.script.append(GatewayMisconfigured("down"))
    assert drain(site) == 1
    clock.advance(minutes=1)
    phone.script.extend([PermanentFailure("a number abroad"), TransientFailure("down")])
    assert drain(site) == 2
    assert [message.state for message in rows(site)] == ["dead", "new"]
    assert (gate(site).open, gate(site).last_ok_at) == (False, None)
    assert drain(site) == 0
    clock.advance(minutes=1)
    assert drain(site) == 1
    assert gate(site).open


def test_waiting_messages_are_pulled_forward_when_the_gate_opens(site, phone, clock):
    queue(site, CITIZEN)
    with site.work() as work:
        message = outbox(work)[0]
        message.attempts, message.next_at = 7, NOON + timedelta(hours=1)
        work.session.get(Gate, site.transport).open = False
    queue(site, OTHER)
    clock.advance(minutes=1)
    assert drain(site) == 2


def test_a_dead_gateway_blocks_no_case(site, phone):
    phone.script.extend(GatewayMisconfigured("dead") for _ in range(5))
    queue(site, OTHER)
    drain(site)
    code = open_case(site, "accept")
    with site.work(write=False) as work:
        assert work.get(CaseService).fetch(code).status == "working"
    assert [message.state for message in rows(site)] == ["new", "new", "new"]


def test_the_sign_in_page_can_ask_whether_codes_get_through(site, clock):
    with site.work(write=False) as work:
        assert not work.get(SendingGateService).works
    mark_alive(site)
    with site.work(write=False) as work:
        assert work.get(SendingGateService).works
    clock.advance(seconds=30)
    with site.work(write=False) as work:
        assert not work.get(SendingGateService).works
    mark_alive(site)
    with site.work() as work:
        work.session.get(Gate, site.transport).open = False
    with site.work(write=False) as work:
        assert not work.get(SendingGateService).works


def test_an_unknown_transport_closes_the_gate(site, phone, monkeypatch):
    queue(site, CITIZEN)
    monkeypatch.setattr(site, "transport", "pigeon")
    mark_alive(site)
    drain(site)
    assert "pigeon" in gate(site).reason
    assert row(site).state == "new"


class TestAtNight:
    """22:00 to 08:00 in the city; NOON is 12:00."""

    def test_what_failed_by_day_waits_for_the_morning(self, site, clock, phone):
        clock.advance(hours=9, minutes=55)
        queue(site, CITIZEN)
        phone.script.append(TransientFailure("busy", retry_after=600))
        assert deliver_once(site, "notices")
        clock.advance(hours=1)
        assert not deliver_once(site, "notices")
        clock.advance(hours=10)
        assert deliver_once(site, "notices")
        assert [message.recipient for message in phone.sent] == [CITIZEN]

    def test_an_answer_to_what_a_person_does_at_night_goes_out(self, site, clock, phone):
        clock.advance(hours=12)
        mark_alive(site)
        with site.work() as work:
            make_case(work, citizen=make_citizen(work, CITIZEN))
        assert deliver_once(site, "notices")
        assert [message.recipient for message in phone.sent] == [CITIZEN]
