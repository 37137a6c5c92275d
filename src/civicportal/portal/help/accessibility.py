"""What the automatic accessibility tests have checked, for the statement.

``docs/tools/accessibility.py`` writes the file after the tests of the pages have passed.
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("accessibility.json")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Extent of the tests, which found no violation.

    :ivar pages: number of pages, each in both themes, on a telephone and on a desk.
    :ivar engine: name and version of the program.
    """

    pages: int
    engine: str
    checked_on: date


@cache
def checked() -> Checked:
    """Return what was checked."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return Checked(
        pages=found["pages"], engine=found["engine"], checked_on=date.fromisoformat(found["checked_on"])
    )
