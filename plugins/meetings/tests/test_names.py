"""Search by names of visitors, and their migration."""

import runpy
from pathlib import Path

import civicportal_meetings
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from civicportal_meetings.services import Applicant
from sqlalchemy import select, text, update

from civicportal.api.cases import Case
from civicportal.api.people import User
from civicportal.testing import identity, make_staff

VERSIONS = Path(civicportal_meetings.__file__).parent / "migrations/versions"
FIRM = Applicant(name="علی‌رضا آذری", party="legal", organization="شرکت ACME")


def names(site):
    with site.work(write=False) as work:
        query = select(Case.people, Case.search_person).where(Case.kind == "meetings").order_by(Case.id)
        return [tuple(row) for row in work.session.execute(query)]


def migrate(site, *steps):
    """Run steps, such as ("upgrade", "0003_people"), in batches of one."""
    with (
        site.engines.write.begin() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        for way, name in steps:
            migration = runpy.run_path(str(VERSIONS / f"{name}.py"))
            migration[way].__globals__["BATCH"] = 1
            migration[way]()


def test_requests_of_before_are_found_too(office):
    office.ask(applicant=FIRM)
    office.ask(by=office.citizens[1], applicant=Applicant(name="مريم رضایی"))
    right = names(office.site)
    assert [people for people, _words in right] == ["علی‌رضا آذری\nشرکت ACME", "مريم رضایی"]
    assert all(words.endswith(("acme علیرضا", "مریم رضایی")) for _people, words in right)
    migrate(office.site, ("downgrade", "0003_people"), ("downgrade", "0002_search_name"))
    with office.site.work() as work:
        work.session.execute(update(Case).values(people="", search_person=""))
    migrate(office.site, ("upgrade", "0002_search_name"), ("upgrade", "0003_people"))
    assert names(office.site) == right


def test_going_back_keeps_what_was_searched(office):
    office.ask(applicant=FIRM)
    migrate(office.site, ("downgrade", "0003_people"))
    with office.site.engines.read.connect() as connection:
        kept = connection.execute(text("SELECT search_name FROM meetings_request")).scalars().all()
    assert kept == ["علی رضا اذری شرکت acme علیرضا"]
    migrate(office.site, ("upgrade", "0003_people"))


def test_who_was_erased_is_not_found_again_by_an_open_request(office):
    office.ask(applicant=FIRM)
    migrate(office.site, ("downgrade", "0003_people"))
    with office.site.work() as work:
        work.session.execute(update(Case).values(people="", search_person=""))
        work.session.execute(update(User).values(erased_at=work.clock.now()))
    migrate(office.site, ("upgrade", "0003_people"))
    assert names(office.site) == [("", "")]


@pytest.fixture
def kartable(site, office, app, sign_in):
    """Return a function that returns what a person finds in all cases by words."""

    def look(words, *rights):
        with site.work() as work:
            person = identity(work, make_staff(work, f"by-{len(rights)}", permissions=rights))
        sign_in(person)
        return app.get("/kartable", {"q": words, "view": "everywhere"})

    return look


@pytest.mark.parametrize("words", ["آذری", "acme", "علیرضا پروانه"])
def test_visitors_are_found_by_the_search_of_all_cases(office, kartable, words):
    code = office.ask(applicant=FIRM)
    page = kartable(words, "meetings:case:view", "meetings:case:contact")
    assert page.html.select_one(f'a[href="/kartable/cases/{code}"]')
    assert ("ACME" if words == "acme" else "آذری") in page.html.select_one("[data-row]").text


def test_visitors_are_found_only_with_the_right(office, kartable):
    code = office.ask(applicant=FIRM)
    page = kartable("آذری", "meetings:case:view")
    assert not page.html.select_one(f'a[href="/kartable/cases/{code}"]')
    assert kartable("پروانه", "meetings:case:view", "meetings:case:work").html.select_one(
        f'a[href="/kartable/cases/{code}"]'
    )
