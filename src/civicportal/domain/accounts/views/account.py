"""The user's account: name, password, sessions, and re-authentication."""

from collections.abc import Callable
from functools import wraps

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.domain.accounts.agents import describe
from civicportal.domain.accounts.messages import AccountMessages
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.passkeys import PasskeyService
from civicportal.domain.accounts.passwords import CITIZEN_MINIMUM, STAFF_MINIMUM, check_password_policy
from civicportal.domain.accounts.proofs import needs_staff_session
from civicportal.domain.accounts.schemas import NameEntry, NewPassword, PasswordChange
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.accounts.signing import record_refusal
from civicportal.domain.accounts.step_up import ask_proof
from civicportal.domain.accounts.verification import VERIFIED, is_offered
from civicportal.domain.accounts.views.citizen import verified
from civicportal.domain.audit.services import AuditService
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request, ViewResult

View = Callable[[Request], ViewResult]


def own_user(request: Request) -> User:
    """Return the signed-in person, read in a separate transaction."""
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return work.session.get_one(User, request.identity.user_id)


def proved(view: View) -> View:
    """Require re-authentication unless the last one was within five minutes."""

    @wraps(view)
    def asking(request: Request) -> ViewResult:
        # An address that only accepts POST cannot be returned to.
        back = "" if request.method == "GET" else request.route_path("account")
        return ask_proof(request, back=back) or view(request)

    return asking


def changes(view: View) -> View:
    """Protect a page that changes the sign-in, like :func:`proved`, and for staff in a staff session only.

    A code by SMS opens their citizen session; it must not suffice to change their staff sign-in.
    """

    @wraps(view)
    def guarding(request: Request) -> ViewResult:
        if needs_staff_session(request.identity, own_user(request)):
            words = _("You work here: sign in on the staff sign-in page to change this.")
            request.session.flash(request.translate(words), "bad")
            return HTTPSeeOther(request.route_path("account"))
        return proved(view)(request)

    return guarding


def account(request: Request) -> dict[str, object]:
    """Show name, mobile and links to change them."""
    user = request.work.session.get_one(User, request.identity.user_id)
    sessions = request.work.get(SessionService).list_of(user)
    return {
        "user": user,
        "session_count": len(sessions),
        "passkeys": len(request.work.get(PasskeyService).of(user)),
        "needs_staff_session": needs_staff_session(request.identity, user),
        "offers_identity": is_offered(request.site) or user.level >= VERIFIED,
    }


def name(request: Request) -> ViewResult:
    """Change the name."""
    form = BoundForm(request, NameEntry(), initial={"name": request.identity.name})

    def save(values: Values) -> ViewResult:
        user = request.work.session.get_one(User, request.identity.user_id)
        request.work.get(AccountService).rename(user, values["name"])
        return _back(request, _("Your name was changed."))

    return form.handle(save)


def password(request: Request) -> ViewResult:
    """Set a password, or change it with the current one."""
    view = _change_password if own_user(request).password_hash else _set_first_password
    return changes(view)(request)


def _change_password(request: Request) -> ViewResult:
    user = own_user(request)
    form = BoundForm(request, PasswordChange())

    def save(values: Values) -> ViewResult:
        if verified(request, f"user {user.id}", values["present"], User.id == user.id) is None:
            record_refusal(request, "password", user.id, "password")
            form.refuse("present", _("The present password is not correct."))
        return _save_password(request, form, user, values["new"])

    return form.handle(save, minimum=_minimum(user))


def _set_first_password(request: Request) -> ViewResult:
    user = own_user(request)
    form = BoundForm(request, NewPassword())
    return form.handle(
        lambda values: _save_password(request, form, user, values["new"]),
        minimum=_minimum(user),
    )


def _save_password(request: Request, form: BoundForm, user: User, new: str) -> ViewResult:
    accounts = request.work.get(AccountService)
    problem = check_password_policy(new, minimum=_minimum(user), words=accounts.password_words(user))
    if problem:
        form.refuse("new", problem)
    accounts.set_password(request.work.session.get_one(User, user.id), new)
    request.work.get(AccountMessages).notify("member.password_changed", user)
    return _back(request, _("Your password was changed; other devices have to sign in again."))


def _minimum(user: User) -> int:
    return STAFF_MINIMUM if user.username else CITIZEN_MINIMUM


def sessions(request: Request) -> dict[str, object]:
    """List the user's sessions."""
    user = request.work.session.get_one(User, request.identity.user_id)
    rows = request.work.get(SessionService).list_of(user)
    own = request.identity.session_id
    return {
        "rows": [(row, describe(row.user_agent), row.id == own) for row in rows],
        "has_password": bool(user.password_hash),
    }


def end_session(request: Request) -> ViewResult:
    """End one of the user's sessions.

    :raises NotFound: when it is not theirs.
    """
    user = request.work.session.get_one(User, request.identity.user_id)
    if not request.work.get(SessionService).end_one(user, int(request.matchdict["id"])):
        raise NotFound("session")
    request.work.get(AuditService).record("session:end", subject_id=user.id)
    request.session.flash(request.translate(_("This device has been signed out.")), "good")
    return HTTPSeeOther(request.route_path("account_sessions"))


def end_other_sessions(request: Request) -> ViewResult:
    """End all of the user's sessions except this one."""
    user = request.work.session.get_one(User, request.identity.user_id)
    request.work.get(SessionService).end_all_others(user, request.identity.session_id)
    request.work.get(AuditService).record("session:end-others", subject_id=user.id)
    request.session.flash(request.translate(_("All other devices have been signed out.")), "good")
    return HTTPSeeOther(request.route_path("account_sessions"))


def _back(request: Request, text: TranslationString) -> ViewResult:
    request.session.flash(request.translate(text), "good")
    return HTTPSeeOther(request.route_path("account"))
