"""Second factors: passkeys, codes of the app, recovery codes."""

from collections.abc import Callable

from civicportal.core.crypto import token_hash
from civicportal.core.work import Work
from civicportal.domain.accounts.guards import after_password, limited_attempt, requester, visitor
from civicportal.domain.accounts.models import OtpChallenge, User
from civicportal.domain.accounts.otp import OtpService, Outcome
from civicportal.domain.accounts.passkeys import PasskeyService, Purpose
from civicportal.domain.accounts.recovery import RecoveryService, match_recovery_code
from civicportal.domain.accounts.relying_party import PasskeyRefused, RelyingParty, relying_party
from civicportal.domain.accounts.schemas import PasskeyAnswer
from civicportal.domain.accounts.signing import record_refusal
from civicportal.domain.accounts.totp import TotpService
from civicportal.domain.accounts.views import codes
from civicportal.util.errors import Refused
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.request import Request


def party(request: Request) -> RelyingParty | None:
    """Return the relying party of this page, if any."""
    return relying_party(request.site, request.host_url)


def check_passkey(request: Request, purpose: Purpose, *, user: User | None = None) -> User | None:
    """Verify a passkey response, and return its person.

    A refusal is shown on the next page; without a response nothing is shown.

    :param user: the person whose passkey has to answer; None for anyone's.
    :raises LimitExceeded: after too many wrong ones: each writes into the audit trail. There is no site-wide limit,
        since a signature cannot be guessed.
    """
    if request.method != "POST":
        return None
    by = after_password(request, user.id) if purpose == "second" and user else visitor(request)
    with limited_attempt(request, ("passkey_answer", request.remote_addr), by=by) as trying:
        outcome = _outcome(request, purpose, user)
        trying.good = isinstance(outcome, User)
    if isinstance(outcome, User):
        return outcome
    record_refusal(request, purpose, user.id if user else None, f"passkey: {outcome.why}")
    say(request, outcome)
    return None


def _outcome(request: Request, purpose: Purpose, user: User | None) -> User | PasskeyRefused:
    answer, here = _answer(request), party(request)
    if answer is None or here is None or request.session_token is None:
        return PasskeyRefused("invalid")
    with request.site.work(actor=request.identity, locale=request.locale_name) as work:
        return work.get(PasskeyService).check(purpose, answer, here, token_hash(request.session_token), user)


def check_app(
    request: Request, user: User, code: str, *, realm: str, challenge: OtpChallenge | None = None
) -> Outcome:
    """Verify and use up a code of a person's authenticator app.

    :param challenge: of the second step after the password, which is used up too; None on other pages.
    :raises LimitExceeded: after too many wrong ones.
    """

    def judge() -> Outcome:
        with request.site.work(actor=request.identity, locale=request.locale_name) as work:
            person, totp = work.session.get_one(User, user.id), work.get(TotpService)
            return _settle(request, work, challenge, lambda: totp.accept(person, code))

    return _judged(request, user, realm, challenge, judge)


def check_recovery(
    request: Request, user: User, code: str, *, realm: str, challenge: OtpChallenge | None = None
) -> Outcome:
    """Verify and use up a recovery code; see :func:`check_app`."""

    def judge() -> Outcome:
        with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
            hashes = work.get(RecoveryService).hashes(user.id)
        # Outside any unit of work: it takes a while.
        code_id = match_recovery_code(hashes, code)
        with request.site.work(actor=request.identity, locale=request.locale_name) as work:
            use = work.get(RecoveryService).use
            return _settle(request, work, challenge, lambda: code_id is not None and use(code_id))

    return _judged(request, user, realm, challenge, judge)


def _settle(
    request: Request, work: Work, challenge: OtpChallenge | None, matches: Callable[[], bool]
) -> Outcome:
    if challenge is None:
        return "accepted" if matches() else "wrong"
    return work.get(OtpService).settle(challenge.id, token_hash(request.ensure_session_token()), matches)


def _judged(
    request: Request, user: User, realm: str, challenge: OtpChallenge | None, judge: Callable[[], Outcome]
) -> Outcome:
    if challenge is None:
        counted, by = f"{realm} {user.id}", requester(request, User.id == user.id)
    else:
        counted, by = str(user.id), after_password(request, user.id)
    return codes.judged(request, realm, user.id, judge, counted=counted, by=by)


def say(request: Request, refusal: Refused) -> None:
    """Flash a refusal."""
    request.session.flash(request.translate(refusal.reason), "bad")


def _answer(request: Request) -> str | None:
    try:
        values = BoundForm(request, PasskeyAnswer(), ignore=("name",)).validate(request.POST)
    except (FormInvalid, ValueError):
        return None
    return str(values["credential"])
