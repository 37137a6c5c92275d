"""Write the generated reference pages: ``python -m docs.tools.reference``."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from civicportal.core.site import Site
from civicportal.domain.cases.kinds import kinds_of
from docs.tools import (
    architecture,
    chart,
    combined_page,
    commands_page,
    components_page,
    findings_page,
    messages_page,
    rights_page,
    seeds_page,
    settings_page,
    templates_page,
    workflows_page,
)

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/reference"
#: A site of all plugins and of no city, so that nothing is adapted; the provider of messages is asked for nothing.
SITE = """
[site]
name = "All plugins"
short_name = "All"
mode = "development"
plugins = ["reports", "meetings", "feedback", "announcements", "sms_ir"]
database_url = "sqlite:///{folder}/portal.db"
files = "{folder}/files"
secret = {{ file = "secret" }}
fallback_unit = "pr"

[notifications]
transport = "sms_ir"

[plugins.sms_ir]
api_key = "none"
line = "3000"
"""
NOTE = "<!-- Written by `python -m docs.tools.reference`; what it says is changed in the code. -->\n\n"


@contextmanager
def whole_site() -> Iterator[Site]:
    """Assemble a site with all plugins; no database is used."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.toml"
        path.write_text(SITE.format(folder=folder), encoding="utf-8")
        (path.parent / "secret").write_text("0123456789abcdef" * 2)
        site = Site(path)
        try:
            yield site
        finally:
            site.engines.dispose()


def pages(site: Site) -> dict[str, str]:
    """Return all pages, by their path below ``docs/reference``."""
    written = {
        "settings.md": settings_page.page(site),
        "seeds.md": seeds_page.page(),
        "commands.md": commands_page.page(site),
        "permissions.md": rights_page.permissions(site),
        "messages.md": messages_page.page(site),
        "jobs.md": rights_page.jobs(site),
        "workflows.md": workflows_page.page(site),
        "findings.md": findings_page.page(),
        "combined-fields.md": combined_page.page(),
        "templates.md": templates_page.templates(),
        "icons.md": templates_page.icons(),
        "components.md": components_page.page(),
    }
    charts = {f"workflows/{kind.name}.svg": chart.draw(kind) for kind in kinds_of(site).values()}
    charts["icons.svg"] = templates_page.sheet()
    charts["architecture.svg"] = architecture.draw()
    return {name: NOTE + text for name, text in written.items()} | charts


def main() -> None:
    """Write all pages."""
    with whole_site() as site:
        for name, text in pages(site).items():
            target = FOLDER / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
