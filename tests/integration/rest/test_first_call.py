"""The page about the first call does what it says: its commands are run one after the other."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from civicportal.testing.serving import Server
from civicportal.testing.tokens import token_for

PAGE = Path(__file__).parents[3] / "docs/integrate/first-call.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def served(app):
    server = Server(app.app)
    yield server
    server.close()


def test_every_step_of_the_page(site, city, served, tmp_path):
    token = token_for(site, city[0]["officer"], "cases:read", "cases:write", "organization:read")
    script = "\n".join(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "ADDRESS": served.address, "TOKEN": token, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers = list(documents(done.stdout))
    assert [sorted(answer)[0] for answer in answers] == [
        "grants",
        "items",
        "answers",
        "actor",
        "items",
        "answers",
        "detail",
    ]
    assert answers[5]["urgent"] is True
    assert {one["parameter"] for one in answers[6]["errors"]} == {"limit", "colour"}


def documents(text):
    """Yield the JSON documents that stand one after the other in a text."""
    decoder, position = json.JSONDecoder(), 0
    while position < len(text.rstrip()):
        found, position = decoder.raw_decode(text, position)
        yield found
