"""Fill in the forms of sign-in pages, read the code of a message, and sign people in."""

from collections.abc import Mapping
from typing import Any

from webtest import TestApp

from civicportal.app import create_app
from civicportal.core.crypto import new_token
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.notifications.services import NotificationService
from civicportal.testing import make_staff, outbox

MOBILE, TYPED = "+989120000000", "09120000000"
PASSWORD = "سپیدار بلند کنار رود"


def form_with(page: Any, *fields: str) -> Any:
    """Return the first form that has all these fields."""
    return next(form for form in page.forms.values() if all(field in form.fields for field in fields))


def send(page: Any, status: int | str | None = None, **values: str) -> Any:
    """Fill in and send the form that has these fields."""
    form = form_with(page, *values)
    for name, value in values.items():
        form[name] = value
    return form.submit(status=status)


def code_of(site: Any, mobile: str = MOBILE) -> str:
    """Return the last one-time code that was sent to a number."""
    with site.work(write=False) as work:
        codes = [message for message in outbox(work, mobile) if message.kind.startswith("otp.")]
        return str(work.get(NotificationService).fields_of(codes[-1])["CODE"])


def make_officer(site: Any) -> User:
    with site.work() as work:
        user = make_staff(work, "officer", username="s.karimi", name="سارا کریمی", mobile=MOBILE)
        work.get(AccountService).set_password(user, PASSWORD)
        return user


def browsers_of(site: Any, people: Mapping[Any, User]) -> tuple[dict[str, TestApp], dict[str, str]]:
    """Return browsers of one application, and their tokens: of people by realm, and of a visitor."""
    with site.work() as work:
        tokens = {realm: work.get(SessionService).open(realm, user) for realm, user in people.items()}
    tokens["visitor"] = new_token()
    application = create_app(site)
    browsers = {realm: TestApp(application) for realm in tokens}
    for realm, token in tokens.items():
        browsers[realm].set_cookie(site.cookie_name, token)
    return browsers, tokens
