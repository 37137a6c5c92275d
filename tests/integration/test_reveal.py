"""National code and birth date on a case's page: masked, shown by right, and each look is on the record."""

import logging
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from translationstring import TranslationString

from civicportal.domain.accounts.identity_levels import IdentityFact
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.types import IdentityClaim
from civicportal.domain.accounts.verification import VerificationService
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.privacy.data_access import DataAccessService
from civicportal.testing import make_case, make_category, make_citizen, make_staff, make_unit

MOBILE, CODE, SHOWN, MASKED = "+989000000001", "1000000001", "۱۰۰۰۰۰۰۰۰۱", "۱۰۰*****۰۱"
VIEW = ["petitions:case:view"]


@pytest.fixture
def city(site):
    """A verified citizen's case in the unit of three officers with different rights."""
    with site.work() as work:
        unit = make_unit(work)
        category = make_category(work, unit=unit)
        citizen = make_citizen(work, MOBILE)
        claim = IdentityClaim(mobile=MOBILE, national_code=CODE, birth_date=date(1983, 7, 8))
        work.get(VerificationService).accept(citizen, claim)
        rights = {
            "all": [*VIEW, "petitions:case:contact", "petitions:case:identity"],
            "contact": [*VIEW, "petitions:case:contact"],
            "none": VIEW,
        }
        people = {
            name: make_staff(work, name, unit=unit, permissions=given) for name, given in rights.items()
        }
        code = make_case(work, citizen=citizen, category=category).code
    return {"citizen": citizen, "people": people, "page": f"/kartable/cases/{code}", "code": code}


def ask(app, city, what="identity", status=200):
    form = next(
        form
        for form in app.get(city["page"]).forms.values()
        if form.action.endswith("/reveal") and form["what"].value == what
    )
    return form.submit(status=status)


def reveals(site):
    with site.work(write=False) as work:
        query = select(AuditEvent).where(AuditEvent.action.like("reveal:%"))
        return [(event.action, event.subject_id, event.actor_id) for event in work.session.scalars(query)]


def test_a_number_is_masked_until_revealed_once(site, app, sign_in, city):
    officer = city["people"]["all"]
    sign_in(officer)
    shown = app.get(city["page"])
    assert MASKED in shown.text
    assert SHOWN not in shown.text
    answer = ask(app, city)
    assert SHOWN in answer.text
    assert "۱۳۶۲/۰۴/۱۷" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert SHOWN not in app.get(city["page"]).text
    assert reveals(site) == [("reveal:identity", city["citizen"].id, officer.id)]


def test_the_citizen_sees_the_access(site, app, sign_in, city):
    sign_in(city["people"]["all"])
    ask(app, city)
    with site.work(write=False) as work:
        accesses = work.get(DataAccessService).of(city["citizen"].id).accesses
    assert str(accesses[0].title) == "Looked at your identity data"


def test_one_look_shows_one_thing(app, sign_in, city):
    sign_in(city["people"]["all"])
    assert "tel:" not in ask(app, city, "identity").text
    contact = ask(app, city, "contact").text
    assert "tel:" in contact
    assert SHOWN not in contact


@pytest.mark.parametrize("who", ["contact", "none"])
def test_without_the_right_it_is_refused_and_noted(site, app, sign_in, city, who):
    sign_in(city["people"][who])
    page = app.get(city["page"])
    assert (MASKED in page.text) is (who == "contact")
    assert 'value="identity"' not in page.text
    token = next(form for form in page.forms.values() if "csrf_token" in form.fields)["csrf_token"].value
    answer = app.post(f"{city['page']}/reveal", {"csrf_token": token, "what": "identity"}, status=403)
    assert SHOWN not in answer.text
    assert reveals(site) == []


def test_only_so_many_an_hour(app, sign_in, clock, city):
    sign_in(city["people"]["all"])
    for _look in range(30):
        ask(app, city)
    ask(app, city, status=429)
    clock.advance(minutes=29)
    app.get(city["page"])
    clock.advance(minutes=29)
    app.get(city["page"])
    clock.advance(minutes=29)
    ask(app, city)


def test_what_a_kind_knows_itself_stands_before_what_the_portal_knows(site, app, sign_in, city, monkeypatch):
    fact = IdentityFact(title=TranslationString("Passport"), masked="A***", value="A123")
    kind = replace(kind_of(site, "petitions"), identity=lambda case, work: (fact,))
    monkeypatch.setitem(kinds_of(site), "petitions", kind)
    sign_in(city["people"]["all"])
    page = app.get(city["page"]).text
    assert "A***" in page
    assert MASKED not in page
    assert "A123" in ask(app, city).text


def test_unverified_people_have_no_identity_data(site, app, sign_in, city):
    with site.work() as work:
        work.session.get(User, city["citizen"].id).level = 1
    sign_in(city["people"]["all"])
    assert MASKED not in app.get(city["page"]).text


def test_revealed_data_is_not_logged(site, app, sign_in, city, caplog):
    sign_in(city["people"]["all"])
    with caplog.at_level(logging.DEBUG):
        ask(app, city, "identity")
        ask(app, city, "contact")
    logged = caplog.text + " ".join(str(record.__dict__) for record in caplog.records)
    assert not [secret for secret in (CODE, SHOWN, "9000000001", "1983-07-08") if secret in logged]
