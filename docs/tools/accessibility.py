"""Write what the accessibility tests of the pages have checked: ``PYTHONPATH=tests python -m docs.tools.accessibility``.

Run it after ``pytest tests/browser/test_pages.py`` has passed, which looks at every page with axe.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from browser.pages import PAGES

from civicportal.portal.help.accessibility import FILE

LOCK = Path(__file__).parents[2] / "assets/package-lock.json"


def extent() -> dict[str, object]:
    """Return the number of pages and the version of the program."""
    packages = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]
    engine = f"axe-core {packages['node_modules/axe-core']['version']}"
    return {"pages": len({page.route for page in PAGES}), "engine": engine}


def main() -> None:
    """Write the file with today's date."""
    found = {**extent(), "checked_on": datetime.now(UTC).date().isoformat()}
    FILE.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
