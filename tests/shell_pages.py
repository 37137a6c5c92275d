"""Pages of the documentation whose commands are run one after the other, as their readers run them."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_page(page: str, folder: Path, **environ: str) -> list[Any]:
    """Run every command of a page and return the JSON documents that they print; none may fail.

    :param page: below ``docs``.
    :param environ: variables that the page asks its reader to set.
    """
    script = "\n".join(_BLOCK.findall((DOCS / page).read_text(encoding="utf-8")))
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return list(_documents(done.stdout))


def _documents(text: str) -> Iterator[Any]:
    """Yield the JSON documents that stand one after the other in a text."""
    decoder, position = json.JSONDecoder(), 0
    while position < len(text.rstrip()):
        found, position = decoder.raw_decode(text, position)
        yield found
