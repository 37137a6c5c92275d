"""Identity verification by the site's provider."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.core.limits import LimitExceeded, Use
from civicportal.core.work import Work
from civicportal.domain.accounts.guards import limited_attempt
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.schemas import IdentityEntry
from civicportal.domain.accounts.signing import onward
from civicportal.domain.accounts.types import IdentityClaim, IdentityVerdict
from civicportal.domain.accounts.verification import (
    CodeTaken,
    VerificationService,
    ask_provider,
    identity_facts,
    is_offered,
)
from civicportal.domain.accounts.views.account import own_user
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button
from civicportal.web.request import Request, ViewResult

WAITING = _(
    "The register of people does not answer at present. What you wrote is kept sealed and checked again; "
    "you are told by SMS."
)
TAKEN = _(
    "Another account was verified with this national code. Sign in with its number, or contact the municipality."
)
MISMATCHED = _(
    "National code, date of birth and mobile number do not belong together. Please check what you wrote; "
    "the number must be registered in your own name."
)

CHANGED = _("Your mobile number has been changed since. Please check again.")


def identity(request: Request) -> ViewResult:
    """Ask for the identity, and verify it with the provider."""
    user = own_user(request)
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        service = work.get(VerificationService)
        own, waits = service.own(user), service.has_claim(user)
    facts = identity_facts(request.site, own) if own else ()
    context = {"user": user, "facts": facts, "waits": waits, "is_offered": is_offered(request.site)}
    if own or not context["is_offered"] or not user.mobile:
        return {"form": None, **context}
    form = BoundForm(
        request,
        IdentityEntry(),
        buttons=(Button(title=_("Check my identity")),),
        bindings={"today": request.site.calendar.local(request.site.clock.now()).date()},
    )

    def check(values: Values) -> ViewResult:
        claim = IdentityClaim(mobile=user.mobile or "", **values)
        return _settle(request, form, claim, _ask(request, user, claim))

    return form.handle(check, **context)


def _ask(request: Request, user: User, claim: IdentityClaim) -> IdentityVerdict:
    """Ask the provider before the unit of work opens.

    Only rejected claims count against the person. While it is unavailable it is asked once a minute per person, so that
    repeated attempts do not block others.

    :raises LimitExceeded: after too many rejected ones.
    """
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        if work.get(VerificationService).was_unavailable(user):
            return IdentityVerdict(outcome="unavailable", checked_at=work.clock.now())
    uses: tuple[Use, ...] = (
        ("identity_person", user.id),
        ("identity_code", claim.national_code),
        ("identity_site",),
    )
    try:
        with limited_attempt(request, *uses) as trying:
            verdict = ask_provider(request.site, claim)
            trying.good = verdict.outcome != "mismatched"
    except LimitExceeded as refusal:
        if refusal.name != "identity_site":
            raise
        # The site-wide limit is used up: this claim waits for the job, as when the provider is unavailable.
        return IdentityVerdict(outcome="unavailable", checked_at=request.site.clock.now())
    return verdict


def _settle(request: Request, form: BoundForm, claim: IdentityClaim, verdict: IdentityVerdict) -> ViewResult:
    """Store the provider's answer.

    Only a confirmed person is told that a national code belongs to another account.
    """
    if verdict.outcome == "mismatched":
        with request.site.work(actor=request.identity, locale=request.locale_name) as work:
            if user := _asked_for(work, claim):
                work.get(VerificationService).refuse(user)
        form.refuse("", MISMATCHED if user else CHANGED)
    service = request.work.get(VerificationService)
    user = _asked_for(request.work, claim)
    if user is None:
        form.refuse("", CHANGED)
    if verdict.outcome == "unavailable":
        service.keep_claim(user, claim)
        request.session.flash(request.translate(WAITING), "warn")
        return HTTPSeeOther(onward(request, "account_identity"))
    try:
        service.accept(user, claim)
    except CodeTaken:
        form.refuse("national_code", TAKEN)
    request.session.flash(request.translate(_("Your identity is verified.")), "good")
    return HTTPSeeOther(request.safe_next("/account"))


def _asked_for(work: Work, claim: IdentityClaim) -> User | None:
    """Return the actor, unless their number has changed."""
    user = work.session.get_one(User, work.actor.user_id, with_for_update=True)
    return user if user.mobile == claim.mobile else None
