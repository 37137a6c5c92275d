"""The SMS provider hangs or fails: senders of cases notice nothing, and every notice goes out once."""

import threading
from typing import Any

import pytest
from portal import READY

from civicportal.core.messages import Message, Receipt, TransientFailure
from civicportal.core.site import Site
from civicportal.domain.notifications.delivery import deliver_once
from civicportal.testing import FakeClock, make_case, make_citizen, mark_alive, memory, outbox

CASES = 8


def send(site: Site, number: int) -> str:
    """Send a case as a new citizen; return the number of their mobile."""
    mobile = f"+9890000002{number:02d}"
    with site.work() as work:
        make_case(work, citizen=make_citizen(work, mobile))
    return mobile


def bring_out(site: Site, clock: FakeClock) -> None:
    """Let hours pass until nothing waits any more."""
    for _pause in range(6):
        mark_alive(site)
        while deliver_once(site, "notices"):
            pass
        clock.advance(minutes=45)


def all_went_out_once(site: Site, mobiles: list[str]) -> None:
    assert sorted(message.recipient for message in memory(site).sent) == sorted(mobiles)
    with site.work() as work:
        assert {row.state for row in outbox(work)} == {"sent"}
        assert sorted(row.recipient for row in outbox(work)) == sorted(mobiles)


@pytest.mark.both_databases
@pytest.mark.fault
def test_a_hanging_provider_delays_no_request(site: Site, clock: FakeClock) -> None:
    asked, answers = threading.Event(), threading.Event()

    def hang(message: Message) -> Receipt:
        asked.set()
        assert answers.wait(READY)
        return Receipt(provider_id=f"late-{message.id}")

    memory(site).script.append(hang)
    mobiles = [send(site, 0)]
    worker = threading.Thread(target=deliver_once, args=(site, "notices"))
    worker.start()
    try:
        assert asked.wait(READY)
        # The worker holds no transaction open while it waits: on SQLite this would time out otherwise.
        mobiles += [send(site, number) for number in range(1, CASES)]
    finally:
        answers.set()
        worker.join()
    bring_out(site, clock)
    all_went_out_once(site, mobiles)


@pytest.mark.both_databases
@pytest.mark.fault
@pytest.mark.parametrize("how", ["refuses", "crashes"])
def test_a_failing_provider_loses_nothing(site: Site, clock: FakeClock, how: str) -> None:
    def crash(message: Message) -> Any:
        raise ConnectionResetError(message.id)

    memory(site).script.extend([crash if how == "crashes" else TransientFailure("503")] * 2 * CASES)
    mobiles = []
    for number in range(CASES):
        mobiles.append(send(site, number))
        mark_alive(site)
        while deliver_once(site, "notices"):
            pass
    assert memory(site).sent == []
    memory(site).script.clear()
    bring_out(site, clock)
    all_went_out_once(site, mobiles)
