"""The main journeys in Firefox and in WebKit."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from urllib.request import urlopen

import pytest
from browser import wizard
from browser.engines import ENGINES, Engine, EngineMissing, Window
from browser.people import CITIZENS, STAFF, persian
from browser.samples import who
from portal import Portal
from senders import wait_until

from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.portal.demo.runner import PASSWORD

# Two more browsers take a minute, and their failures are seldom: they belong to `make test-long`.
pytestmark = pytest.mark.long


@pytest.fixture(scope="module", params=ENGINES.values(), ids=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Return an engine, started once."""
    try:
        engine = request.param(tmp_path_factory.mktemp("engine"))
    except EngineMissing as missing:
        # Both are optional: what runs everywhere is Chromium.
        pytest.skip(str(missing))
    yield engine
    engine.close()


@pytest.fixture
def window(engine: Engine, portal: Portal) -> Iterator[Window]:
    """Return its window, signed out; in the end no script may have failed."""
    window = Window(engine, portal.address)
    window.resize(1366, 900)
    window.leave()
    engine.complaints()
    yield window
    assert "\n".join(engine.complaints()) == ""


@pytest.fixture
def enter(window: Window, portal: Portal) -> Callable[[str], Window]:
    """Return a function that signs a person of the demo in: ``enter(role)``."""

    def enter(role: str) -> Window:
        with portal.site.work() as work:
            person = who(work, role)
            user = work.session.get_one(User, person.user_id)
            token = work.get(SessionService).open("citizen" if role in CITIZENS else "staff", user)
        window.enter(portal.site.cookie_name, token)
        return window

    return enter


def new_code(portal: Portal, mobile: str, seen: int) -> str:
    """Return the code for signing in that comes to a telephone, as a Persian keyboard writes it."""
    wait_until(lambda: len(messages(portal, mobile)) > seen)
    found = re.search(r"\b\d{6}\b", messages(portal, mobile)[0])
    assert found
    return persian(found[0])


def messages(portal: Portal, mobile: str) -> list[str]:
    """Return the messages on a telephone of the demo, newest first."""
    with urlopen(f"{portal.address}/demo/phones/{mobile}") as page:
        text = page.read().decode()
    return [unescape(found) for found in re.findall(r'<div class="sms">(.*?)</div>', text, re.DOTALL)]


def test_a_citizen_writes_a_report_and_follows_it(enter: Callable[[str], Window], tmp_path: Path) -> None:
    window = enter("citizen")
    window.resize(390, 844)
    window.go("/")
    window.press("a[href='/reports/new']")
    window.press("label.choice", wizard.ROOT)
    window.press("label.choice", wizard.CATEGORY)
    window.press(wizard.NEXT)
    window.see(".leaflet-tile-pane")
    window.drag("[data-map=picker]", 40, 60)
    window.see("[data-place-name]")
    window.press(wizard.NEXT)
    window.see("[data-step='3'], [data-step='4']")
    if window.run("return !document.querySelector('[data-step=\"3\"]').hidden"):
        window.press(wizard.NEXT)
    window.write("[name=body]", wizard.WORDS)
    window.choose_file("[data-photo-input]", wizard.photo(tmp_path))
    window.wait_for("[data-photo] input[name=photo_key]")
    window.press(wizard.NEXT)
    assert wizard.WORDS in window.read("[data-step='5']")
    window.press(wizard.NEXT)
    code = window.arrive(r"^/reports/sent/\d+").rpartition("/")[2]
    window.go(f"/my/{code}")
    assert wizard.WORDS in window.read("main")
    window.see("main a[href^='/attachments/']")


def test_a_citizen_signs_in_with_persian_digits(window: Window, portal: Portal) -> None:
    mobile = CITIZENS["neighbour"]
    seen = len(messages(portal, mobile))
    window.go("/my")
    window.arrive("^/login")
    window.write("[name=mobile]", persian(mobile))
    window.press("form button.btn-primary")
    window.write("[name=code]", new_code(portal, mobile, seen))
    window.press("form button.btn-primary")
    window.arrive("^/my$")
    window.see("h1")


def test_staff_sign_in_with_password_and_code(window: Window, portal: Portal) -> None:
    username, mobile = STAFF["observer"]
    seen = len(messages(portal, mobile))
    window.go("/staff/login")
    window.write("[name=username]", username)
    window.write("[name=password]", PASSWORD)
    window.press("form button.btn-primary")
    window.write("[name=code]", new_code(portal, mobile, seen))
    window.press("form button.btn-primary")
    window.arrive("^/desk$")


def test_a_visitor_tracks_a_report(window: Window, own_code: str) -> None:
    window.go("/")
    window.write("form[action='/track/code'] [name=code]", persian(own_code))
    window.press("form[action='/track/code'] button")
    window.write("[name=proof]", persian(CITIZENS["citizen"][-4:]))
    window.press("main form button.btn-primary")
    window.arrive(f"^/track/{own_code}")
    window.see("ol.tl > li")


def test_an_officer_opens_a_case_and_takes_steps(enter: Callable[[str], Window], own_code: str) -> None:
    window = enter("handler").go("/kartable?view=new&sort=newest")
    window.press(f"a[href='/kartable/cases/{own_code}']")
    window.arrive(f"^/kartable/cases/{own_code}")
    window.press("#tab-comment")
    window.write("#panel-of-comment [name=text]", "فردا بازدید می‌شود.")
    window.press("#panel-of-comment [data-default]")
    window.see("[data-toast]")
    assert "فردا بازدید می‌شود." in window.read(".tl")
    window.press("#tab-step")
    window.choose("[data-step-choice]", "panel-close")
    window.write("#panel-close [name=public_text]", "چاله پر شد.")
    window.press("#panel-close [name=then][value=stay]")
    window.see(".page-h .pill", "بررسی‌شده")


def test_the_kartable_is_worked_by_keyboard_and_filtered(
    enter: Callable[[str], Window], own_code: str
) -> None:
    window = enter("handler").go("/kartable?sort=newest")
    window.strike("body", "j")
    assert window.run("return document.activeElement.closest('tr')?.dataset.row !== undefined")
    window.press("form.filters summary")
    window.write("form.filters [name=q]", persian(own_code))
    window.press("form.filters button.btn-primary")
    window.arrive("q=")
    window.see(f"a[href='/kartable/cases/{own_code}']")


def test_the_desk_leads_from_figures_to_lists(enter: Callable[[str], Window]) -> None:
    window = enter("observer").go("/desk/reports/statistics")
    said = window.read(".kpi .v a")
    window.press(".kpi .v a")
    window.arrive(r"^/desk/reports\?")
    assert said in window.read(".page-h p")
    window.press(".filter-box summary")
    window.press(".filter-box button.btn-primary")
    window.see("tbody a.item-link")


def test_the_map_opens_a_report(window: Window) -> None:
    window.go("/reports?stage=done")
    window.see(".leaflet-marker-icon")
    window.miss(".leaflet-container[aria-busy]")
    for _ in range(8):
        if not window.run("return document.querySelector('.leaflet-marker-icon .map-cluster') !== null"):
            break
        window.strike(".leaflet-marker-icon:has(.map-cluster)", "Enter")
        window.miss(".leaflet-container[aria-busy]")
    window.strike(".leaflet-marker-icon[role=button]:has(.pin)", "Enter")
    window.see(".map-card a")


def test_the_map_moves_by_keys(window: Window) -> None:
    place = "return document.querySelector('.leaflet-map-pane').style.transform"
    window.go("/reports")
    window.see(".leaflet-map-pane .leaflet-marker-icon")
    window.miss(".leaflet-container[aria-busy]")
    before = window.run(place)
    window.strike(".leaflet-container", "Right")
    wait_until(lambda: window.run(place) != before)
