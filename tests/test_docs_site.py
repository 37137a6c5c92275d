"""The documentation as a site: it is built without a warning, fetches nothing, and its Persian pages are Persian."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]
#: What a browser fetches by itself when it shows a page.
FETCHED = {"img": "src", "script": "src", "link": "href", "source": "srcset", "iframe": "src", "video": "src"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[Path, BeautifulSoup]:
    return {path: BeautifulSoup(path.read_bytes(), "html.parser") for path in built.rglob("*.html")}


def test_built_pages_load_nothing_from_other_hosts(built: Path, pages: dict[Path, BeautifulSoup]) -> None:
    fetched = {
        str(element[attribute])
        for page in pages.values()
        for name, attribute in FETCHED.items()
        for element in page.find_all(name, attrs={attribute: True})
    }
    assert fetched
    assert {address for address in fetched if urlsplit(address).netloc} == set()
    styles = [
        path
        for path in built.rglob("*.css")
        if "url(http" in path.read_text() or "@import" in path.read_text()
    ]
    assert styles == []


def test_every_link_within_the_site_leads_somewhere(pages: dict[Path, BeautifulSoup]) -> None:
    anchors = {path: {element["id"] for element in page.find_all(id=True)} for path, page in pages.items()}
    dead = []
    for path, page in pages.items():
        for link in page.find_all("a", href=True):
            parts = urlsplit(str(link["href"]))
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = anchors.get(target)
            if not target.exists() or (
                parts.fragment and known is not None and unquote(parts.fragment) not in known
            ):
                dead.append((path.name, link["href"]))
    assert dead == []


def test_persian_pages_are_persian(built: Path, pages: dict[Path, BeautifulSoup]) -> None:
    persian = {path: page for path, page in pages.items() if path.parent == built / "fa"}
    assert persian
    for page in persian.values():
        assert page.select_one("html:lang(fa)")
        assert page.select_one("article > div[dir=rtl]")
        captions = [element.get_text() for element in page.select(".sidebar-tree .caption")]
        assert captions == ["راهنمای فارسی"]
