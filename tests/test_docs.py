"""What the docs say is what the code does; every link of the docs leads somewhere."""

import re
from pathlib import Path

import pytest

from civicportal.limits import DEFAULTS

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


def test_every_room_stands_in_the_picture_of_the_house() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    folders = [path for path in (ROOT / "src/civicportal").iterdir() if path.is_dir()]
    rooms = {path.name for path in folders if not path.name.startswith((".", "__"))}
    assert {room for room in rooms if f"`{room}/`" not in page} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    pages = [page.name for page in (ROOT / "docs/decisions").glob("0*.md")]
    assert [name for name in pages if name not in index] == []
