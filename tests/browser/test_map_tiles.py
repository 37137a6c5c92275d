"""The maps of a site with tiles of its own, in both kinds of file."""

from pathlib import Path

import pytest
from browser.conftest import Browsers
from playwright.sync_api import Browser, expect
from portal import Portal, running
from tilesets import make_tiles

pytestmark = pytest.mark.browser
LOADED = """() => {
  const tiles = [...document.querySelectorAll('.map-tiles img')];
  return tiles.length > 0 && tiles.every(tile => tile.complete && (tile.naturalWidth === 256 || tile.style.display === 'none'))
    && tiles.some(tile => tile.naturalWidth === 256);
}"""


def with_tiles(portal: Portal, tiles: Path) -> None:
    """Let the portal's site have tiles."""
    text = portal.path.read_text(encoding="utf-8")
    said = f'kind = "tiles"\ntiles = "{tiles}"'
    assert 'kind = "schematic"' in text
    portal.path.write_text(text.replace('kind = "schematic"', said), encoding="utf-8")


@pytest.mark.parametrize("kind", ["pmtiles", "mbtiles"])
def test_tiles_are_shown(tmp_path: Path, chromium: Browser, civic_session, kind: str) -> None:
    migrate = civic_session.databases.migrate
    with running(tmp_path, f"sqlite:///{tmp_path / 'portal.db'}", make_tables=migrate) as portal:
        with_tiles(portal, make_tiles(tmp_path / f"city.{kind}"))
        portal.start()
        browsers = Browsers(chromium, portal.address, lambda role: None)
        page = browsers.open()
        page.goto("/reports")
        page.wait_for_function(LOADED)
        expect(page.locator(".leaflet-control-attribution").first).to_contain_text("شهرداری شهرمن")
        page.locator(".leaflet-control-zoom-in").click()
        page.wait_for_function(LOADED)
        assert browsers.complaints == []
        browsers.close()
        portal.stop()
