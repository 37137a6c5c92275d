"""The portal of a Persian city in English, from the home page to a published report."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from sqlalchemy import update
from webtest import TestApp

from civicportal.app import create_app
from civicportal.core.site import Site
from civicportal.core.translated import OfferedLanguages, missing_translations
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import FakeClock, identity, make_citizen, make_staff

CITY = Path(__file__).parents[2] / "examples/shahreman_site/src/shahreman_site/site.toml"
BODY = "چالهٔ عمیقی وسط خیابان باز شده است."
MOBILE = "+989990000099"
NAME = "سارا راد"
LETTERS = re.compile(r"[\u0620-\u064a\u066e-\u06d3]+")
VISITORS = (
    "/",
    "/reports/new",
    "/reports",
    "/track",
    "/help",
    "/feedback",
    "/announcements",
    "/about",
    "/privacy",
    "/terms",
    "/login",
)
ISOLATE = "\N{FIRST STRONG ISOLATE}"
PLAIN = ("text", "option", "script", "style", "template", "textarea", "title")
"""Elements that hold text alone."""
READ_ALOUD = ("alt", "aria-label", "placeholder", "title", "content")


@pytest.fixture
def city(tmp_path: Path, empty_database: str, civic_session: Any) -> Iterator[Site]:
    environ = {
        "SHAHREMAN_DATABASE_URL": empty_database,
        "SHAHREMAN_FILES": str(tmp_path / "files"),
        "SHAHREMAN_SECRET": "0123456789abcdef" * 4,
        "SMS_IR_API_KEY": "key",
        "SMS_IR_LINE": "3000",
    }
    site = Site(CITY, mode="development", environ=environ, clock=FakeClock(), transport="memory")
    civic_session.databases.migrate(site)
    with site.work() as work:
        work.get(SeedService).load()
    yield site
    site.engines.dispose()


@pytest.fixture
def report(city: Site) -> Case:
    """A published report that another unit works on."""
    with city.work() as work:
        citizen = identity(work, make_citizen(work, MOBILE, name=NAME))
        officer = identity(work, make_staff(work, "officer_of_test"))
    street = next(iter(city.map.streets))
    point = city.map.point_on_street(street, 0.5)
    with city.work(actor=citizen) as work:
        category = work.get(OrganizationService).category("reports", "pothole")
        new = NewReport(category=category, body=BODY, location=locate_point(city.map, point))
        code = work.get(ReportService).submit(new).code
    with city.work(actor=officer) as work:
        cases, case = work.get(CaseService), work.get(CaseService).fetch(code, "work", lock=True)
        cases.apply(case, "start_review")
        work.get(KartableService).refer(case, work.get(OrganizationService).unit("planning").id)
        cases.publish(case, True)
        return case


@pytest.fixture
def browse(city: Site):
    def browse(user_id: int | None = None) -> TestApp:
        browser = TestApp(create_app(city))
        browser.set_cookie(city.language_cookie_name, "en")
        if user_id is not None:
            with city.work() as work:
                token = work.get(SessionService).open("citizen", work.session.get(User, user_id))
            browser.set_cookie(city.cookie_name, token)
        return browser

    return browse


def persian(page, city: Site) -> list[str]:
    """Return the Persian words of a page besides what people wrote, names of the map, and names of languages."""
    allowed = [
        "فارسی",
        BODY,
        BODY.removesuffix("."),
        NAME,
        *city.map.streets,
        *city.map.districts,
    ]
    html = page.html
    for hidden in html.select("script, style, template, .avatar"):
        hidden.decompose()
    texts = [html.get_text("\n")]
    texts += [str(tag[name]) for name in READ_ALOUD for tag in html.select(f"[{name}]")]
    text = "\n".join(texts)
    for one in sorted(allowed, key=len, reverse=True):
        text = text.replace(one, " ")
    return LETTERS.findall(text)


def not_isolated(page) -> list[str]:
    """Return the lines of a page with Persian and other words whose order the browser would mix up."""
    return [
        f"{line.parent.name}: {line.strip()}"
        for line in page.html.find_all(string=LETTERS)
        if line.parent.name not in PLAIN and ISOLATE not in line and not line.find_parent(isolates)
    ]


def isolates(tag) -> bool:
    return tag.name == "bdi" or (tag.name != "html" and ("dir" in tag.attrs or "lang" in tag.attrs))


def test_the_city_has_all_its_translations(city: Site) -> None:
    with city.engines.read.connect() as connection:
        assert list(missing_translations(city, connection, "en")) == []
    assert list(OfferedLanguages().of(city)) == ["fa", "en"]


def test_a_visitor_reads_no_persian(city: Site, browse, report: Case) -> None:
    browser, found = browse(), {}
    for path in VISITORS:
        page = browser.get(path).maybe_follow()
        assert page.html.html["lang"] == "en"
        found[path] = persian(page, city) + not_isolated(page)
    assert found == {path: [] for path in VISITORS}


def test_the_pages_of_a_case_are_in_english(city: Site, browse, report: Case) -> None:
    own = browse(report.citizen_id)
    paths = ("/", "/my", f"/my/{report.code}", "/account", "/reports/new", f"/reports/{report.id}")
    pages = {path: own.get(path) for path in paths}
    found = {path: persian(page, city) + not_isolated(page) for path, page in pages.items()}
    assert found == {path: [] for path in paths}
    page = own.get(f"/my/{report.code}")
    assert "Pothole or damaged road surface, " in page
    assert "Referred to Planning and Architecture" in page
    form = next(form for form in browse().get("/track").forms.values() if "code" in form.fields)
    form["code"], form["proof"] = report.code, MOBILE[-4:]
    assert persian(form.submit().maybe_follow(), city) == []


def test_a_refused_form_keeps_its_language(city: Site, browse, report: Case) -> None:
    own = browse(report.citizen_id)
    form = next(
        form for form in own.get("/reports/new").forms.values() if form.action.endswith("/reports/new")
    )
    page = form.submit(expect_errors=True)
    assert page.status_int == 422

    assert "Pothole or damaged road surface" in page
    assert persian(page, city) == []


def test_a_unit_without_its_english_name_takes_english_out_of_the_switch(city: Site, browse) -> None:
    assert browse().get("/").html.select('form[action="/language"]')
    with city.work() as work:
        work.session.execute(update(Unit).where(Unit.key == "waste").values(translations={}))
    city.cache.of(OfferedLanguages).forget()
    browser = browse()
    browser.reset()
    assert not browser.get("/").html.select('form[action="/language"]')
