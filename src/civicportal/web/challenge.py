"""Challenges on pages: tickets in forms."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from civicportal.core.limits import Challenge, ChallengeNeeded, Challenges, LimitExceeded
from civicportal.web.request import Request

TICKET, ANSWER = "challenge_ticket", "challenge_answer"
"""Names of fields."""
FIELDS = frozenset({TICKET, ANSWER})
_PASSED = "civicportal.challenge"


@dataclass(frozen=True)
class ShownChallenge:
    """A challenge for display in a form.

    :ivar seconds: waiting time of a browser without scripts.
    :ivar was_refused: the form was submitted already and is processed as soon as the challenge is passed.
    """

    challenge: Challenge
    seconds: int
    was_refused: bool


def has_passed(request: Request) -> bool:
    """Return whether this request has passed a challenge.

    The ticket is used up.

    A request that is retried because the database was busy has still passed.

    :raises ChallengeNeeded: when too many have passed from this network by waiting.
    """
    if _PASSED not in request.environ:
        request.environ[_PASSED] = _passes(request)
    return bool(request.environ[_PASSED])


def after_refusal(request: Request, needed: LimitExceeded, path: str = "") -> ShownChallenge:
    """Return the next challenge of a refused form.

    Its own ticket if that was only too early, else a new one.

    :param path: path the form is sent to; that of the page if empty.
    """
    challenges, browser = Challenges(request.site), request.ensure_session_token()
    path = path or request.path
    challenge = challenges.again(_sent(request, TICKET), browser, path)
    challenge = challenge or challenges.issue(needed.name, browser, path)
    ready = (
        max(challenge.ready_at, needed.retry_after)
        if needed.name == "challenge_waits"
        else challenge.ready_at
    )
    return _shown(request, challenge, ready, was_refused=True)


def beforehand(request: Request, site_limits: Iterable[str], path: str = "") -> ShownChallenge | None:
    """Return the challenge for a form, if needed.

    The work is done while the person types. None for clients that may be known; unknown ones among them get it
    afterwards.
    """
    site, names = request.site, tuple(site_limits)
    if not names:
        return None
    may_be_known = request.identity.user_id is not None or f"{site.cookie_name}-device" in request.cookies
    if may_be_known or not site.limits.slows_unknown(names):
        return None
    challenge = Challenges(site).issue(names[0], request.ensure_session_token(), path or request.path)
    return _shown(request, challenge, challenge.ready_at, was_refused=False)


def _shown(request: Request, challenge: Challenge, ready: datetime, *, was_refused: bool) -> ShownChallenge:
    left = (ready - request.site.clock.now()).total_seconds()
    return ShownChallenge(challenge, max(0, ceil(left)), was_refused)


def _passes(request: Request) -> bool:
    ticket = _sent(request, TICKET)
    if not ticket or request.session_token is None:
        return False
    try:
        return Challenges(request.site).passes(
            ticket, _sent(request, ANSWER), request.session_token, request.path, request.remote_addr
        )
    except LimitExceeded as waits:
        raise ChallengeNeeded(waits.name, waits.retry_after) from waits


def _sent(request: Request, name: str) -> str:
    value = request.POST.get(name, "") if request.method == "POST" else ""
    return value if isinstance(value, str) else ""
