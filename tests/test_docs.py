"""The docs agree with the code, and all links work."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from civicportal.core.limits import DEFAULTS, LIMITS, SHARES, challenges
from civicportal.core.limits.counting import MOST_PRESSURE
from civicportal.core.plugins import in_order
from civicportal.core.storage import image_worker, images
from civicportal.domain.accounts import otp, sessions
from civicportal.domain.cases import uploads
from civicportal.domain.notifications import outcomes
from civicportal.web import request_checks
from docs.tools import reference

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("plugins/*/*.md"),
        *ROOT.glob("examples/*/*.md"),
    ]
)
UNITS = {"min": 60, "hour": 3600, "day": 86400}


def _seconds(text: str) -> int:
    number, _, unit = text.rpartition(" ")
    return int(number or 1) * UNITS[unit]


def test_the_table_of_limits_is_that_of_the_code() -> None:
    page = (ROOT / "docs/security/limits.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", page, re.MULTILINE)
    documented = {
        name: [(int(hits), _seconds(period)) for hits, period in re.findall(r"(\d+)/([^,|]+)", windows)]
        for name, windows in rows
    }
    assert documented == {name: [(w.hits, w.seconds) for w in windows] for name, windows in DEFAULTS.items()}


def test_the_shares_and_the_challenge_are_those_of_the_code() -> None:
    page = (ROOT / "docs/security/limits.md").read_text()
    rows = re.findall(r"^\| ([a-z -]+) \| (\d+) \|$", page, re.MULTILINE)
    assert [int(percent) for _who, percent in rows] == list(SHARES.values())
    assert sum(SHARES.values()) == 100
    said = dict(re.findall(r"^\| ([^|`]+) \| ([^|]+) \|$", page, re.MULTILINE))
    assert said["proof of work"].startswith(f"{challenges.PARTS} pieces of {challenges.BITS} bits")
    [waits] = LIMITS["challenge_waits"].windows
    waiting = f"{challenges.WAIT.seconds} seconds, and at most {waits.hits} a minute from one network"
    assert said["waiting, for browsers without scripts"] == waiting
    assert f"up to {MOST_PRESSURE} times" in said["growth"]
    assert f"valid once within {challenges.LIFE.seconds // 60} minutes" in page


def test_the_other_limits_are_those_of_the_code() -> None:
    page = (ROOT / "docs/security/limits.md").read_text()
    said = dict(re.findall(r"^\| ([^|`]+) \| ([^|]+) \|$", page, re.MULTILINE))
    mebi = 1024 * 1024
    hours, days = sessions.LIFE["staff"] // timedelta(hours=1), sessions.LIFE["citizen"].days
    written = {
        "one-time code": f"{otp.LIFE.seconds} seconds, {otp.MOST_ATTEMPTS} guesses",
        "session of staff": f"{sessions.STAFF_IDLE.seconds // 60} minutes idle, {hours} hours in all",
        "session of a citizen": f"{days} days",
        "body of a request": f"with pictures {request_checks.UPLOAD_BYTES // mebi} MiB",
        "picture": f"{images.MAX_BYTES // mebi} MiB, {image_worker.MAX_PIXELS // 10**6} megapixels, 4 for a case; "
        f"per machine {images.AT_ONCE} are decoded at once, per process {images.MOST_WAITING} wait, {uploads.PATIENCE} seconds",
        "outbox": f"{outcomes.MOST_ATTEMPTS} attempts",
    }
    assert {name: text for name, text in written.items() if text not in said[name]} == {}


def test_every_room_stands_in_the_picture_of_the_house() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "src/civicportal").glob("*/*") if path.is_file()} - {
        "__pycache__"
    }
    assert {room for room in rooms if f"`{room}/`" not in page} == set()


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", page.read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        place = page.parent / target if target else page
        assert place.exists(), target
        assert not anchor or anchor in _anchors(place), f"{target}#{anchor}"


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    pages = [page.name for page in (ROOT / "docs/decisions").glob("0*.md")]
    assert [name for name in pages if name not in index] == []


def test_the_reference_is_what_the_code_says() -> None:
    """``python -m docs.tools.reference`` rewrites it."""
    with reference.whole_site() as site:
        written = reference.pages(site)
    kept = {
        str(path.relative_to(reference.FOLDER)): path.read_text(encoding="utf-8")
        for path in reference.FOLDER.rglob("*.*")
    }
    drawn = {name for name, text in kept.items() if text.startswith((reference.NOTE, "<svg"))}
    assert drawn == written.keys()
    assert [name for name, text in written.items() if kept[name] != text] == []


def test_plugins_name_their_settings_and_permissions() -> None:
    with reference.whole_site() as site:
        schemas = dict(in_order(site.hooks, "register_settings"))
        for name in [info.name for info in site.plugins]:
            page = (ROOT / f"plugins/{name}/README.md").read_text()
            settings, permissions = _first_cells(page, "Settings"), _first_cells(page, "Permissions")
            assert (
                settings == {node.name for node in schemas[name]()} if name in schemas else settings == set()
            )
            assert {right for right in permissions if not right.endswith("*")} <= set(site.permissions), name


def _first_cells(page: str, heading: str) -> set[str]:
    """Return what stands as code in the first column below a heading."""
    section = re.search(rf"^## {heading}\b.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^\| `([^`]+)` \|", section[0] if section else "", re.MULTILINE))
