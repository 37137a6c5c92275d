"""Rules for the outcome of an attempt to send."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from civicportal.core.db import NEVER
from civicportal.core.messages import (
    GatewayMisconfigured,
    Lane,
    LookupFailed,
    PermanentFailure,
    Receipt,
    SendError,
    TransientFailure,
    UncertainDelivery,
)
from civicportal.domain.notifications import timing
from civicportal.domain.notifications.troubles import keep

MOST_ATTEMPTS = 12
LOOK_UP_AFTER = timedelta(minutes=2)
"""Delays after which the provider is asked about a message with an uncertain outcome."""

Outcome = Receipt | SendError
Verdict = Literal["works", "fails", "misconfigured", "unknown"]
_GRAVITY: tuple[Verdict, ...] = ("misconfigured", "fails", "works", "unknown")


@dataclass(frozen=True, kw_only=True)
class SendAttempt:
    """One attempt.

    :ivar number: of this attempt, from 1.
    :ivar maybe_sent: an earlier attempt was uncertain, so this one looked it up first.
    :ivar probe: it was sent through a closed gate and does not count as an attempt.
    """

    lane: Lane
    number: int
    maybe_sent: bool = False
    probe: bool = False


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """The result of an attempt.

    :ivar next_at: NEVER for an unknown message that is not looked up any more.
    :ivar attempts: used up so far.
    :ivar verdict: what the attempt shows about the transport.
    """

    state: Literal["sent", "new", "unknown", "dead"]
    next_at: datetime
    attempts: int
    verdict: Verdict
    error: str = ""


def settle(attempt: SendAttempt, outcome: Outcome, now: datetime, chance: float) -> Settlement:
    """Return the settlement of an outcome.

    :param chance: a random number from 0 to 1, for the jitter of retries.
    """
    error = "" if isinstance(outcome, Receipt) else keep(outcome.words)
    attempts = attempt.number - attempt.probe
    waiting: Literal["new", "unknown"] = "unknown" if attempt.maybe_sent else "new"
    match outcome:
        case Receipt():
            return Settlement(state="sent", next_at=now, attempts=attempt.number, verdict="works")
        case PermanentFailure():
            # Often the provider was not called: a foreign number, a text without a template.
            return Settlement(
                state="dead", next_at=now, attempts=attempt.number, verdict="unknown", error=error
            )
        case GatewayMisconfigured():
            return Settlement(
                state=waiting, next_at=now, attempts=attempt.number - 1, verdict="misconfigured", error=error
            )
        case LookupFailed():
            return Settlement(
                state="unknown", next_at=NEVER, attempts=attempt.number, verdict="unknown", error=error
            )
        case TransientFailure() if attempts < MOST_ATTEMPTS:
            wait = timing.pause(attempt.number, chance, outcome.retry_after)
            return Settlement(
                state=waiting, next_at=now + wait, attempts=attempts, verdict="fails", error=error
            )
        case UncertainDelivery() if attempt.lane != "codes" and attempts < MOST_ATTEMPTS:
            return Settlement(
                state="unknown", next_at=now + LOOK_UP_AFTER, attempts=attempts, verdict="fails", error=error
            )
    # Uncertain codes are never sent again; after the last attempt a message that may have been sent stays unknown.
    maybe = attempt.maybe_sent or isinstance(outcome, UncertainDelivery)
    return Settlement(
        state="unknown" if maybe else "dead",
        next_at=NEVER if maybe else now,
        attempts=attempt.number,
        verdict="fails",
        error=error,
    )


def worst_outcome(settlements: Iterable[Settlement]) -> Settlement:
    """Return the worst outcome for the transport.

    Some messages may have been found sent while others failed.
    """
    return min(settlements, key=lambda settlement: _GRAVITY.index(settlement.verdict))
