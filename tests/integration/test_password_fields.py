"""Fields for passwords suit password managers, and a password lasts until its owner changes it."""

from typing import Any

import pytest
from sign_in_forms import MOBILE, PASSWORD, send

from civicportal.domain.accounts.services import AccountService
from civicportal.testing import make_citizen, make_staff


def fields(page: Any) -> dict[str, tuple[str, str]]:
    """Return type and autocomplete of the page's fields that are for passwords."""
    names = ("password", "present", "new", "again")
    found = page.html.find_all("input", attrs={"name": names})
    return {field["name"]: (field["type"], field.get("autocomplete", "")) for field in found}


@pytest.mark.parametrize("path", ["/login/password", "/staff/login"])
def test_on_sign_in_pages_a_manager_fills_it_in(app: Any, path: str) -> None:
    assert fields(app.get(path)) == {"password": ("password", "current-password")}


def test_on_the_page_of_ones_password_too(site: Any, app: Any, sign_in: Any) -> None:
    with site.work() as work:
        officer = make_staff(work, "officer")
        work.get(AccountService).set_password(officer, PASSWORD)
    sign_in(officer)
    new = ("password", "new-password")
    assert fields(app.get("/account/password", status=200)) == {
        "present": ("password", "current-password"),
        "new": new,
        "again": new,
    }


def test_passwords_do_not_expire(site: Any, app: Any, clock: Any) -> None:
    with site.work() as work:
        work.get(AccountService).set_password(make_citizen(work, MOBILE), PASSWORD)
    clock.advance(days=5 * 365)
    entered = send(app.get("/login/password"), mobile="09120000000", password=PASSWORD)
    assert entered.location.endswith("/my")
    app.get("/account", status=200)
