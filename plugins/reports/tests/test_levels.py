"""A city may ask for a verified identity before a report is taken."""

from dataclasses import replace
from datetime import date

import pytest
from sign_in_forms import form_with
from sqlalchemy import select

from civicportal.api.cases import Case
from civicportal.api.people import IdentityVerdict
from civicportal.api.plugins import hookimpl
from civicportal.testing import kinds_of

BODY = "از دیروز چالهٔ عمیقی وسط خیابان باز شده است."
CODE, BORN = "1000000001", date(1983, 7, 8)


class Register:
    """Knows one person."""

    @hookimpl
    def verify_identity(self, claim, site):
        fits = (claim.national_code, claim.birth_date) == (CODE, BORN)
        return IdentityVerdict(outcome="matched" if fits else "mismatched", checked_at=site.clock.now())


@pytest.fixture
def strict(city, monkeypatch):
    """Reports are taken from verified citizens alone."""
    site, register = city.site, Register()
    monkeypatch.setitem(kinds_of(site), "reports", replace(kinds_of(site)["reports"], level=2))
    site.hooks.register(register)
    yield
    site.hooks.unregister(register)


def bodies(city):
    with city.site.work(write=False) as work:
        return work.session.scalars(select(Case.body)).all()


def test_a_citizen_is_led_to_the_verification_and_back_to_the_filled_form(city, app, sign_in, strict):
    sign_in(city.citizen)
    form = form_with(app.get("/reports/new"), "lat")
    form["category"], form["lat"], form["lon"] = "pothole", str(city.street.lat), str(city.street.lon)
    form["body"] = BODY
    answer = form.submit(status=303)
    assert "/account/identity?next=" in answer.location
    assert bodies(city) == []
    form = form_with(answer.follow(status=200), "national_code")
    form["national_code"], form["birth_date"] = CODE, "۱۳۶۲/۰۴/۱۷"
    back = form.submit(status=303)
    assert "/reports/new" in back.location
    again = form_with(back.follow(status=200), "lat")
    assert again["body"].value == BODY
    again.submit(status=303)
    assert bodies(city) == [BODY]
