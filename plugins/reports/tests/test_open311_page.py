"""The page about Open311 does what it says: its commands are run one after the other."""

import json
import re

import pytest
from civicportal_reports.open311.services import STATES
from lxml import etree
from shell_pages import DOCS, run_page

from civicportal.testing import identity, make_staff
from civicportal.testing.serving import Server
from civicportal.testing.tokens import token_for


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
    answers = run_page("integrate/open311.md", tmp_path, ADDRESS=served.address, TOKEN=token)
    endpoint, services, own, update, refused = answers
    assert endpoint["endpoints"][0]["url"].endswith("/open311/v2")
    assert services[0]["service_code"] == "pothole"
    assert own[0]["description"].startswith("A deep hole")
    assert sorted(update[0]) == ["update_id"]
    assert [one["code"] for one in refused] == [400, 400]
    public = str(city.case(code).id)
    assert [one["service_request_id"] for one in json.loads((tmp_path / "requests.json").read_text())] == [
        public
    ]
    assert made_there(tmp_path) == [own[0]["service_request_id"], public]
    tree = etree.parse(tmp_path / "requests.xml")
    assert [found.text for found in tree.iter("service_request_id")] == [public]
    [told] = json.loads((tmp_path / "updates.json").read_text())
    assert told["status"] == "in_progress"


def made_there(tmp_path):
    """The numbers that a lost request would be looked for in."""
    return [one["service_request_id"] for one in json.loads((tmp_path / "lost.json").read_text())]


def test_its_states_are_those_of_the_workflow():
    text = (DOCS / "integrate/open311.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| [^|]+ \| `(\w+)` \|$", text, re.MULTILINE)) == {*STATES.values(), "reopen"}
