"""Second factors used by several pages: passkeys, codes of the app, recovery codes."""

from civicportal.accounts.guards import after_password, attempt, code_uses, requester, visitor
from civicportal.accounts.models import User
from civicportal.accounts.passkeys import (
    PasskeyRefused,
    PasskeyService,
    Purpose,
    RelyingParty,
    relying_party,
)
from civicportal.accounts.recovery import RecoveryService, match_recovery_code
from civicportal.accounts.schemas import PasskeyAnswer
from civicportal.accounts.signing import record_refusal
from civicportal.accounts.totp import TotpService
from civicportal.crypto import token_hash
from civicportal.errors import NotPossible
from civicportal.forms import BoundForm, FormInvalid
from civicportal.web.request import Request


def party(request: Request) -> RelyingParty | None:
    """Return the relying party of this page; None if browsers do not offer passkeys here."""
    return relying_party(request.site, request.host_url)


def check_passkey(request: Request, purpose: Purpose, *, user: User | None = None) -> User | None:
    """Take the answer of a passkey that the page has sent, in a transaction of its own, and return whose it is.

    What is refused is said on the next page; nothing is said where nothing was sent.

    :param user: the person whose passkey has to answer; None for anyone's.
    :raises TooMany: when too many wrong ones came before: each writes into the audit trail. No ceiling of the site counts them,
        for nobody guesses a signature.
    """
    if request.method != "POST":
        return None
    by = after_password(request, user.id) if purpose == "second" and user else visitor(request)
    with attempt(request, ("passkey_answer", request.remote_addr), by=by) as trying:
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
    with request.site.work(actor=request.identity) as work:
        return work.get(PasskeyService).check(purpose, answer, here, token_hash(request.session_token), user)


def check_app(request: Request, user: User, code: str, *, door: str) -> bool:
    """Verify and use up a code of a person's authenticator app.

    :raises TooMany: after too many wrong ones.
    """
    uses, by = code_uses(request, f"{door} {user.id}"), requester(request, User.id == user.id)
    with attempt(request, *uses, by=by) as trying, request.site.work(actor=request.identity) as work:
        trying.good = work.get(TotpService).accept(work.session.get_one(User, user.id), code)
    if not trying.good:
        record_refusal(request, door, user.id, "wrong")
    return trying.good


def check_recovery(request: Request, user: User, code: str, *, door: str) -> bool:
    """Verify and use up a recovery code.

    :raises TooMany: after too many wrong ones.
    """
    by = requester(request, User.id == user.id)
    with attempt(request, *code_uses(request, f"{door} {user.id}"), by=by) as trying:
        with request.site.work(actor=request.identity, write=False) as work:
            hashes = work.get(RecoveryService).hashes(user.id)
        code_id = match_recovery_code(hashes, code)
        if code_id is not None:
            with request.site.work(actor=request.identity) as work:
                trying.good = work.get(RecoveryService).use(code_id)
    if not trying.good:
        record_refusal(request, door, user.id, "wrong")
    return trying.good


def say(request: Request, refusal: NotPossible) -> None:
    """Show a refusal on the next page."""
    request.session.flash(request.translate(refusal.reason), "bad")


def _answer(request: Request) -> str | None:
    try:
        values = BoundForm(request, PasskeyAnswer(), ignore=("name",)).validate(request.POST)
    except (FormInvalid, ValueError):
        return None
    return str(values["credential"])
