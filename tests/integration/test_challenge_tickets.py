"""A ticket of a challenge is worth something to the browser and the form that got it, once and for a while."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from civicportal.core.limits import Requester
from civicportal.core.limits.challenges import LIFE, PARTS, WAIT, Challenge, Challenges, is_solved

BROWSER, FORM, NONCE = "browser", "/login", "0123456789abcdef0123"


@pytest.fixture
def civic_settings() -> dict[str, Any]:
    return {"limits": {"track_site": [[8, 3600]]}}


@pytest.fixture
def challenges(site: Any) -> Challenges:
    return Challenges(site)


@pytest.fixture
def ticket(challenges: Challenges, clock: Any) -> Challenge:
    """One whose wait is over."""
    issued = challenges.issue("otp_send_address", BROWSER, FORM)
    clock.advance(seconds=WAIT.seconds + 1)
    return issued


def passes(challenges: Challenges, ticket: str, browser: str = BROWSER, form: str = FORM) -> bool:
    return challenges.passes(ticket, "", browser, form, "192.0.2.1")


def test_a_ticket_passes_once(challenges: Challenges, ticket: Challenge) -> None:
    assert passes(challenges, ticket.ticket)
    assert not passes(challenges, ticket.ticket)


def test_used_tickets_are_remembered_until_they_expire(
    site: Any, challenges: Challenges, ticket: Challenge
) -> None:
    assert passes(challenges, ticket.ticket)
    site.limits.sweep()
    assert not passes(challenges, ticket.ticket)


def test_a_ticket_passes_without_work_after_the_wait(challenges: Challenges, clock: Any) -> None:
    issued = challenges.issue("otp_send_address", BROWSER, FORM)
    clock.advance(seconds=9)
    assert not passes(challenges, issued.ticket)
    clock.advance(seconds=1)
    assert passes(challenges, issued.ticket)


def test_the_more_pass_the_harder_it_gets(site: Any, challenges: Challenges, clock: Any) -> None:
    found = []
    for _doubled in range(4):
        issued = challenges.issue("track_site", BROWSER, FORM)
        found.append((issued.bits, issued.ready_at - clock.now()))
        for _use in range(2):
            site.limits.hit("track_site", by=Requester(challenged=True))
    assert found == [(16 + n, timedelta(seconds=10) * 2**n) for n in range(4)]


def test_a_ticket_is_bound_to_one_browser_and_one_form(challenges: Challenges, ticket: Challenge) -> None:
    assert not passes(challenges, ticket.ticket, browser="another")
    assert not passes(challenges, ticket.ticket, form="/track")
    assert passes(challenges, ticket.ticket)


def test_a_ticket_expires(challenges: Challenges, ticket: Challenge, clock: Any) -> None:
    clock.advance(seconds=LIFE.seconds - WAIT.seconds - 1)
    assert not passes(challenges, ticket.ticket)


def test_a_changed_ticket_is_refused(challenges: Challenges, ticket: Challenge) -> None:
    nonce, issued, pressure, mark = ticket.ticket.split(".")
    forged = {
        "another nonce": f"{'0' * 20}.{issued}.{pressure}.{mark}",
        "issued before": f"{nonce}.{int(issued) - 60}.{pressure}.{mark}",
        "issued in days to come": f"{nonce}.{int(issued) + 86400}.{pressure}.{mark}",
        "less work": f"{nonce}.{issued}.9.{mark}",
        "another mark": f"{nonce}.{issued}.{pressure}.{'0' * 64}",
        "no mark": f"{nonce}.{issued}.{pressure}.",
        "nothing": "",
    }
    assert [name for name, text in forged.items() if passes(challenges, text)] == []
    assert passes(challenges, ticket.ticket)


def test_a_wrong_answer_before_its_time_passes_nothing(challenges: Challenges) -> None:
    issued = challenges.issue("otp_send_address", BROWSER, FORM)
    wrong = ".".join(["0"] * PARTS)
    assert not challenges.passes(issued.ticket, wrong, BROWSER, FORM, "192.0.2.1")


def test_only_a_valid_ticket_is_shown_again(challenges: Challenges, clock: Any) -> None:
    issued = challenges.issue("otp_send_address", BROWSER, FORM)
    clock.advance(minutes=14, seconds=59)
    assert challenges.again(issued.ticket, BROWSER, FORM) == issued
    assert challenges.again(issued.ticket, "another", FORM) is None
    assert challenges.again(issued.ticket, BROWSER, "/track") is None
    for _second in range(2):
        clock.advance(seconds=1)
        assert challenges.again(issued.ticket, BROWSER, FORM) is None


def test_work_is_done_when_every_piece_has_its_zero_bits() -> None:
    def zeros(part: int, number: int) -> int:
        digest = hashlib.sha256(f"{NONCE}.{part}.{number}".encode()).digest()
        return 256 - int.from_bytes(digest).bit_length()

    numbers = [next(n for n in range(10**6) if zeros(part, n) == 5) for part in range(PARTS)]
    answer = ".".join(map(str, numbers))
    assert is_solved(NONCE, 5, answer)
    assert not is_solved(NONCE, 6, answer)
    assert not is_solved("another", 5, answer)
    for part in range(PARTS):
        weaker = next(n for n in range(10**6) if zeros(part, n) == 4)
        assert not is_solved(NONCE, 5, ".".join(map(str, [*numbers[:part], weaker, *numbers[part + 1 :]])))


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "0",
        ".".join(["0"] * (PARTS - 1)),
        ".".join(["0"] * (PARTS + 1)),
        ".".join(["۰"] * PARTS),
        "x" * 15,
    ],
)
def test_malformed_answers_are_not_solved(answer: str) -> None:
    assert not is_solved(NONCE, 0, answer)
    assert is_solved(NONCE, 0, ".".join(["0"] * PARTS))
