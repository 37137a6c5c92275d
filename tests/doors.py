"""Filling in the forms of pages, the code that was sent to a telephone, and an officer who signs in with a password."""

from typing import Any

from civicportal.accounts.models import User
from civicportal.accounts.services import AccountService
from civicportal.notifications.services import NotificationService
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
