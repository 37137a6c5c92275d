"""Two cities in one process do not affect each other."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from browser.test_pages import barriers
from browser.wizard import pass_place, proceed
from civicportal_parking_permits.zones import FILE, ZoneService
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from civicportal.app import create_app
from civicportal.core.checks import collect_findings
from civicportal.core.site import Site
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.portal import upgrade as migrate
from civicportal.portal.demo import runner
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import FakeClock, outbox
from civicportal.testing.browser import BrowserApp
from civicportal.testing.people import People

pytestmark = pytest.mark.browser
EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "0123456789abcdef" * 4
THURSDAY = datetime(2026, 11, 19, 11, 0, tzinfo=UTC)
PERSIAN = re.compile("[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")
WIDTHS = (390, 1366)
CITIZENS_PAGES = (
    "/",
    "/reports",
    "/reports/new",
    "/feedback/new",
    "/parking_permits/new",
    "/announcements",
    "/statistics",
    "/track",
    "/my",
    "/account",
)
STAFF_PAGES = (
    "/desk",
    "/kartable",
    "/desk/reports",
    "/desk/reports/statistics?period=all",
    "/desk/parking_permits",
    "/desk/parking_permits/zones",
    "/admin/calendar",
)
#: Pages that are read, but not looked at by axe: they differ from those above by their words alone.
READ = (
    "/offline",
    "/no-such-page",
    "/about",
    "/desk/reports/map",
    "/desk/feedback",
    "/desk/announcements",
    "/desk/parking_permits/statistics?period=all",
    "/exports/parking_permits.list",
    "/admin/categories",
    "/admin/units",
    "/admin/members",
    "/admin/roles",
    "/admin/routing",
    "/admin/messages/texts",
    "/admin/messages/texts/reports.reviewed",
    "/admin/plugins",
    "/admin/settings",
    "/admin/audit",
    "/desk/reports/new",
    "/demo/phones",
)
#: All texts of a page: its words and those of its attributes.
SAID = """() => [document.title, document.body.innerText, ...[...document.querySelectorAll('*')].flatMap(
    (one) => ['aria-label', 'alt', 'title', 'placeholder', 'value', 'data-weekend'].map((name) => one.getAttribute(name) || '')
)].join('\\n')"""


@dataclass
class City:
    """A site that is served, with its people."""

    site: Site
    served: BrowserApp

    def person(self, login: str) -> User:
        """Return a person by user name or by mobile."""
        with self.site.work(write=False) as work:
            whose = User.username == login
            if login[0] in "0+":
                whose = User.mobile == self.site.country.normalize_mobile(login)
            user = work.session.scalars(select(User).where(whose)).one()
            work.session.expunge_all()
            return user

    def status(self, code: str) -> str:
        """Return the status of a case."""
        with self.site.work(write=False) as work:
            return work.session.scalars(select(Case.status).where(Case.code == code)).one()


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Callable[[str], City]]:
    """Return a function that serves one of the example sites with its people and without their cases."""
    with ExitStack() as stack:

        def city(name: str) -> City:
            folder, prefix = tmp_path_factory.mktemp(name), name.upper()
            environ = {
                f"{prefix}_DATABASE_URL": f"sqlite:///{folder / 'site.db'}",
                f"{prefix}_FILES": str(folder / "files"),
                f"{prefix}_SECRET": SECRET,
            }
            path = EXAMPLES / f"{name}_site/src/{name}_site/site.toml"
            site = Site(path, mode="demo", environ=environ, clock=FakeClock(THURSDAY))
            migrate.upgrade(site)
            with site.work() as work:
                work.get(SeedService).load()
            with site.work() as work:
                runner.load_people(work, site.data / "demo")
                if "parking_permits" in kinds_of(site):
                    work.get(ZoneService).add_missing(site.data / FILE)
            served = BrowserApp(chromium, create_app(site), site, People(site))
            stack.callback(site.engines.dispose)
            stack.callback(served.close)
            return City(site=site, served=served)

        yield city


@pytest.fixture(scope="module")
def first(build: Callable[[str], City]) -> City:
    """Return the first city, which is there before the second."""
    return build("shahreman")


@pytest.fixture(scope="module")
def second(first: City, build: Callable[[str], City]) -> City:
    """Return the second city, in the process of the first."""
    return build("rivertown")


def read(page: Page, path: str) -> str:
    """Open a page and return everything it says; it is English, from left to right."""
    page.goto(path)
    html = page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("en", "ltr"), path
    said = str(page.evaluate(SAID))
    foreign = [line for line in said.splitlines() if PERSIAN.search(line) or "+98" in line]
    assert foreign == [], path
    return said


def photo(page: Page, name: str) -> None:
    """Add a picture of the demo and wait until it has gone up."""
    picture = EXAMPLES / "rivertown_site/src/rivertown_site/data/demo/photos" / name
    page.locator("[data-photo-input]").set_input_files(picture)
    expect(page.locator("[data-photo] input[name=photo_key]")).to_be_attached()


def take_step(page: Page, code: str, transition: str, **values: str) -> None:
    """Take a step of the workflow on the page of a case."""
    page.goto(f"/kartable/cases/{code}")
    page.locator("#tab-step").click()
    page.locator("[data-step-choice]").select_option(f"panel-{transition}")
    panel = page.locator(f"#panel-{transition}")
    for name, value in values.items():
        panel.locator(f"[name={name}]").fill(value)
    panel.locator("[name=then][value=stay]").click()
    expect(page.locator("[data-toast]").first).to_be_visible()


def test_the_first_city_is_as_it_was(first: City, second: City) -> None:
    page = first.served.open("/")
    html = page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("fa", "rtl")
    assert PERSIAN.search(page.locator("h1").inner_text())
    assert second.site.country.code != first.site.country.code


def test_a_report_is_sent_handled_closed_and_rated(second: City) -> None:
    emma = second.person("0700000001")
    citizen = second.served.open("/reports/new", emma, viewport={"width": 390, "height": 844})
    citizen.locator("label.choice", has_text="Roads and pavements").first.click()
    citizen.locator("label.choice", has_text="› Pothole").click()
    proceed(citizen, 2)
    expect(citizen.locator("[data-map=picker] .leaflet-tile-pane")).to_be_attached()
    citizen.locator("[data-map=picker]").focus()
    citizen.keyboard.press("ArrowUp")
    expect(citizen.locator("#picker-lat")).to_have_value(re.compile(r"^4[45]\.\d+$"))
    expect(citizen.locator("[data-place-name]")).to_contain_text(re.compile("Road|Street|Square"))
    pass_place(citizen)
    photo(citizen, "pothole.jpg")
    citizen.locator("[name=body]").fill("A deep pothole by the bus stop; cyclists swerve into the traffic.")
    proceed(citizen, 5)
    citizen.locator("[data-next]").click()
    citizen.wait_for_url("**/reports/sent/*")
    code = citizen.url.rsplit("/", 1)[1]
    read(citizen, f"/my/{code}")

    officer = second.served.open("/desk", second.person("streets"))
    take_step(officer, code, "start_review")
    take_step(officer, code, "close", public_text="The hole was filled with hot asphalt.")
    read(officer, f"/kartable/cases/{code}")
    assert second.status(code) == "reviewed"

    assert "filled with hot asphalt" in read(citizen, f"/my/{code}")
    citizen.locator("#rating label", has=citizen.locator("[value='5']")).click()
    citizen.locator("#rating button.btn-primary").click()
    expect(citizen.locator("#rating .notice.good")).to_be_visible()
    with second.site.work(write=False) as work:
        texts = [message.text for message in outbox(work, emma.mobile)]
    assert len(texts) == 3
    assert not any(PERSIAN.search(text) for text in texts)


def test_a_permit_from_the_application_to_its_issue(second: City) -> None:
    liam = second.person("0700000002")
    citizen = second.served.open("/parking_permits/new", liam, viewport={"width": 390, "height": 844})
    assert "€" in read(citizen, "/parking_permits/new")
    citizen.locator("label", has_text="Harbour").first.click()
    citizen.locator("[name=plate]").fill("rt 2 river")
    citizen.locator("label", has_text="12 months").first.click()
    photo(citizen, "document.jpg")
    citizen.locator("form[data-draft] button.btn-primary").click()
    citizen.wait_for_url(re.compile(r"/my/\d{10}$"))
    code = citizen.url.rsplit("/", 1)[1]

    officer = second.served.open("/desk", second.person("permits"))
    take_step(officer, code, "check")
    take_step(officer, code, "ask_payment")
    cashier = second.served.open("/desk", second.person("cashier"))
    take_step(cashier, code, "record_payment", receipt="2026-0017")
    take_step(officer, code, "issue")
    assert second.status(code) == "issued"
    said = read(citizen, f"/my/{code}")
    assert "19 November 2026 until 18 November 2027" in said
    assert "144 €" in said
    with second.site.work(write=False) as work:
        last = outbox(work, liam.mobile)[-1].text
    assert last == f"Permit {code} holds until 2027/11/18.\nRivertown"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("login", "paths"), [("0700000001", CITIZENS_PAGES), ("admin", STAFF_PAGES)], ids=["citizen", "staff"]
)
def test_its_pages_are_english_and_for_everybody(
    second: City, login: str, paths: tuple[str, ...], width: int
) -> None:
    page = second.served.open("/", second.person(login), viewport={"width": width, "height": 900})
    for path in paths:
        read(page, path)
        assert barriers(page) == [], path


def test_no_page_says_a_word_of_the_first_city(second: City) -> None:
    page = second.served.open("/", second.person("admin"))
    for path in READ:
        said = read(page, path)
        assert "national code" not in said.lower(), path
    assert "Sat" in read(page, "/admin/calendar")


def test_the_doctor_has_nothing_to_say_of_its_words(second: City) -> None:
    with second.site.work(write=False) as work:
        places = [finding.place for _who, finding in collect_findings(work)]
    assert [
        place
        for place in places
        if place.startswith(("message", "category", "categories", "calendar", "map"))
    ] == []


def test_dates_are_chosen_from_a_month_that_begins_on_monday(second: City) -> None:
    page = second.served.open("/desk/reports?first_day=2026/11/19", second.person("admin"))
    field = page.locator("[name=first_day]").first
    assert field.get_attribute("data-jdate") == "gregorian"
    assert field.get_attribute("data-weekend") == "6 0"
    assert field.get_attribute("data-week") == "1"
    assert field.input_value() == "2026/11/19"


def test_the_bar_of_sections_shows_all_of_them(second: City) -> None:
    for width in (1024, 1280):
        page = second.served.open("/", viewport={"width": width, "height": 700})
        bar = page.locator(".topnav")
        assert bar.evaluate("bar => bar.scrollWidth - bar.clientWidth") == 0, width


def test_files_and_the_installed_app_are_english_too(second: City) -> None:
    page = second.served.open("/", second.person("clerk"))
    refused = page.request.get("/%ff")
    assert refused.status == 400
    assert '<html lang="en" dir="ltr"' in refused.text()
    manifest = page.request.get("/manifest.webmanifest").json()
    assert (manifest["lang"], manifest["dir"], manifest["name"]) == ("en", "ltr", "Rivertown")
    assert manifest["theme_color"] != "#0A5E5F"
    with page.expect_download() as taken:
        page.goto("/exports/reports.list")
        page.locator("form button.btn-primary").first.click()
    sheet = openpyxl.load_workbook(BytesIO(Path(taken.value.path()).read_bytes())).active
    assert not sheet.sheet_view.rightToLeft
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert not any(PERSIAN.search(cell) for cell in cells)
    assert not any("Gregorian" in cell for cell in cells)
