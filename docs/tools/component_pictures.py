"""Generate the pictures of the page components: ``python -m docs.tools.component_pictures``.

It draws each example with the macros and styles of the portal, looks at it with Chromium in light and in dark, and
writes ``docs/pictures/components``.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page
from pyramid.events import BeforeRender
from pyramid.scripting import prepare

from civicportal.app import create_app
from civicportal.testing.browser import Server, launched
from civicportal.web.context import environment
from docs.tools.components_page import Component, components
from docs.tools.reference import whole_site

FOLDER = Path(__file__).parents[1] / "pictures/components"
WIDTH, GAP = 420, 12
"""Pixels: of one picture, and between the light and the dark one."""
MOMENT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
FRAME = """\
{%% import "civicportal:templates/widgets.jinja2" as widgets with context %%}
<!DOCTYPE html>
<html lang="en" dir="ltr" class="js" data-bs-theme="%s">
  <head>
    <link rel="stylesheet" href="{{ static('vendor/bootstrap.min.css') }}">
    {%% for name in ['tokens', 'portal', 'forms', 'citizen', 'staff', 'statistics', 'map'] %%}
      <link rel="stylesheet" href="{{ static(name ~ '.css') }}">
    {%% endfor %%}
  </head>
  <body data-icons="{{ static('vendor/icons.svg') }}"><div id="shown" class="p-3">%s</div></body>
</html>
"""


def drawn(app: object, component: Component, theme: str) -> str:
    """Return a page with the example of a component."""
    with prepare(registry=app.registry) as scripting:  # type: ignore[attr-defined]  # pyramid's router
        request = scripting["request"]
        request.locale_name = "en"
        names = BeforeRender({"request": request, "moment": MOMENT}, {})
        request.registry.notify(names)
        return environment(request).from_string(FRAME % (theme, component.example)).render(names)


def look(page: Page, address: str, html: str) -> Image.Image:
    """Return a screenshot of a page."""
    page.goto(f"{address}/healthz")
    page.set_content(html, wait_until="networkidle")
    page.evaluate("document.fonts.ready")
    return Image.open(BytesIO(page.locator("#shown").screenshot()))


def main() -> None:
    """Render and photograph all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    with whole_site() as site, launched() as browser:
        app = create_app(site)
        server = Server(app)
        page = browser.new_context(viewport={"width": WIDTH, "height": 600}, locale="en").new_page()
        for component in components():
            if not component.example:
                continue
            light, dark = (
                look(page, server.address, drawn(app, component, theme)) for theme in ("light", "dark")
            )
            both = Image.new("RGB", (light.width + GAP + dark.width, max(light.height, dark.height)), "white")
            both.paste(light, (0, 0))
            both.paste(dark, (light.width + GAP, 0))
            both.save(FOLDER / f"{component.name}.webp", quality=85, method=6)
        server.close()


if __name__ == "__main__":
    main()
