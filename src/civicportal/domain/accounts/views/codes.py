"""Shared code of pages that ask for a code by SMS."""

from collections.abc import Callable

from civicportal.core.crypto import token_hash
from civicportal.core.limits import Requester, Use
from civicportal.domain.accounts.guards import code_uses, count_send, limited_attempt, requester
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import OtpChallenge, User
from civicportal.domain.accounts.otp import RESEND_AFTER, OtpService, Outcome, Purpose
from civicportal.domain.accounts.signing import record_refusal
from civicportal.util.i18n import _
from civicportal.web.request import Request

WHY_NOT = {
    "wrong": _("The code is not correct."),
    "expired": _("The code has expired; please ask for a new one."),
    "exhausted": _("Too many wrong codes were entered; please ask for a new one."),
}


def latest(request: Request, purpose: Purpose) -> OtpChallenge | None:
    """Return the challenge of this browser, read in a separate transaction."""
    if request.session_token is None:
        return None
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return work.get(OtpService).latest(purpose, token_hash(request.ensure_session_token()))


def send(
    request: Request,
    purpose: Purpose,
    mobile: str,
    user: User | None = None,
    *,
    hollow: bool = False,
    always_new: bool = False,
    by: Requester | None = None,
    uses: tuple[Use, ...] = (),
) -> None:
    """Send a code, at most one per minute and number.

    :param hollow: a decoy: the same responses, but no message, and no code is right.
    :param always_new: send a new code even if this browser has a challenge, which may be another person's.
    :param by: the client, if known better than by the number.
    :param uses: limits to count by instead of that of the number, in addition to address and site.
    :raises LimitExceeded: when a limit for sending is used up.
    """
    waiting = latest(request, purpose)
    now = request.site.clock.now()
    if not always_new and waiting and waiting.mobile == mobile and now - waiting.created_at < RESEND_AFTER:
        return
    count_send(request, mobile, by or requester(request, User.mobile == mobile), *uses)
    cookie = token_hash(request.ensure_session_token())
    request.work.get(OtpService).ask(
        purpose, mobile, cookie, user=user, sms=not hollow, locale=request.locale_name
    )


def check(
    request: Request,
    challenge: OtpChallenge,
    code: str,
    *,
    staff_id: object = None,
    by: Requester | None = None,
) -> Outcome:
    """Verify an entered code in a separate transaction.

    Thus a wrong one counts.

    :param staff_id: id by which attempts at the staff sign-in are counted.
    :param by: the client, if known better than by the challenge.
    :raises LimitExceeded: after too many wrong ones.
    """
    cookie = token_hash(request.ensure_session_token())
    owner = User.id == challenge.user_id if challenge.user_id else User.mobile == challenge.mobile

    def verify() -> Outcome:
        with request.site.work(actor=request.identity, locale=request.locale_name) as work:
            return work.get(OtpService).verify(challenge.id, code, cookie)

    by = by or requester(request, owner)
    return judged(request, challenge.purpose, challenge.user_id, verify, counted=staff_id, by=by)


def judged(
    request: Request,
    realm: str,
    user_id: int | None,
    judge: Callable[[], Outcome],
    *,
    counted: object,
    by: Requester,
) -> Outcome:
    """Count and verify a code, and record a refusal.

    :param judge: verifies the code in a separate transaction, so that a wrong one counts.
    :param counted: further keys by which attempts are counted; none if None.
    :raises LimitExceeded: after too many wrong ones.
    """
    with limited_attempt(request, *code_uses(request, counted), by=by) as trying:
        outcome = judge()
        trying.good = outcome == "accepted"
    if outcome != "accepted":
        record_refusal(request, realm, user_id, outcome)
    return outcome


def context(request: Request, challenge: OtpChallenge) -> dict[str, object]:
    """Return the template variables of a code page.

    They are the state of the message, and the seconds until it may be sent again.
    """
    left = challenge.created_at + RESEND_AFTER - request.site.clock.now()
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return {
            "mobile": challenge.mobile,
            "seconds": max(0, int(left.total_seconds())),
            "fate": work.get(AccountMessages).state_of_code(challenge),
            "codes_arrive": work.get(AccountMessages).codes_arrive,
            "state_url": request.route_path("login_state", _query={"for": challenge.purpose}),
        }


def codes_arrive(request: Request) -> bool:
    """Return whether codes can be expected to arrive, the same for every number."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return work.get(AccountMessages).codes_arrive


def state(request: Request) -> dict[str, str]:
    """Return the state of the message for this browser's challenge as JSON."""
    purpose = request.params.get("for", "login")
    challenge = latest(request, purpose)
    if challenge is None:
        return {"state": "failed"}
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return {"state": work.get(AccountMessages).state_of_code(challenge)}
