"""The page about Open311 does what it says: its commands are run one after the other."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from civicportal_reports.open311.services import STATES
from lxml import etree

from civicportal.testing import identity, make_staff
from civicportal.testing.serving import Server
from civicportal.testing.tokens import token_for

PAGE = Path(__file__).parents[3] / "docs/integrate/open311.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def served(app):
    server = Server(app.app)
    yield server
    server.close()


def test_every_step_of_the_page(site, city, served, tmp_path):
    code = city.send()
    city.publish(code)
    city.step(code, "start_action", public_text="کار شروع شد و ادامه دارد.")
    with site.work() as work:
        machine = identity(work, make_staff(work, "registrar", permissions=["reports:case:register"]))
    token = token_for(site, machine, "cases:read", "cases:write")
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
    endpoint, services, own, update, refused = documents(done.stdout)
    assert endpoint["endpoints"][0]["url"].endswith("/open311/v2")
    assert services[0]["service_code"] == "pothole"
    assert own[0]["description"].startswith("A deep hole")
    assert sorted(update[0]) == ["update_id"]
    assert [one["code"] for one in refused] == [400, 400]
    public = str(city.case(code).id)
    assert [one["service_request_id"] for one in json.loads((tmp_path / "requests.json").read_text())] == [
        public
    ]
    tree = etree.parse(tmp_path / "requests.xml")
    assert [found.text for found in tree.iter("service_request_id")] == [public]
    [told] = json.loads((tmp_path / "updates.json").read_text())
    assert told["status"] == "in_progress"


def test_its_states_are_those_of_the_workflow():
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| [^|]+ \| `(\w+)` \|$", text, re.MULTILINE)) == {*STATES.values(), "reopen"}


def documents(text):
    """Return the JSON documents that stand one after the other in a text."""
    decoder, position, found = json.JSONDecoder(), 0, []
    while position < len(text.rstrip()):
        value, position = decoder.raw_decode(text, position)
        found.append(value)
    return found
