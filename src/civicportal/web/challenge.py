"""A challenge on a page: what a form brings along, and whether the request that came with it has passed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from civicportal.limits import Challenge, ChallengeNeeded, Challenges, TooMany
from civicportal.web.request import Request

TICKET, ANSWER = "challenge_ticket", "challenge_answer"
"""Names of fields."""
FIELDS = frozenset({TICKET, ANSWER})
_PASSED = "civicportal.challenge"


@dataclass(frozen=True)
class ShownChallenge:
    """A challenge as a form shows it.

    :ivar seconds: how long a browser without scripts waits.
    :ivar was_refused: the form has been sent and goes on as soon as the challenge is passed.
    """

    challenge: Challenge
    seconds: int
    was_refused: bool


def has_passed(request: Request) -> bool:
    """Tell whether this request has brought a ticket and passes; the ticket is used up.

    A request that is begun again, because the database was busy, has passed still.

    :raises ChallengeNeeded: when enough have passed from this network by waiting.
    """
    if _PASSED not in request.environ:
        request.environ[_PASSED] = _passes(request)
    return bool(request.environ[_PASSED])


def after_refusal(request: Request, needed: TooMany, path: str = "") -> ShownChallenge:
    """Return what a form that was refused shows: the ticket it came with, if that was only too early, else a fresh one.

    :param path: where the form is sent to; the page's own if empty.
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
    """Return what a stranger's form shows while one of these ceilings is reached: it is passed while they type.

    None for whoever may be recognised; if they are not, they are asked for it afterwards.
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
    except TooMany as waits:
        raise ChallengeNeeded(waits.name, waits.retry_after) from waits


def _sent(request: Request, name: str) -> str:
    value = request.POST.get(name, "") if request.method == "POST" else ""
    return value if isinstance(value, str) else ""
