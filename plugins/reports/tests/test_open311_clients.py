"""Clients of GeoReport v2 that others have written, in an environment of their own.

They cannot be among the tools of the tests: ``georeport`` wants an earlier ``xmltodict``, and ``three`` was written for
Python 2.
"""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from civicportal.api.cases import Attachment, Case
from civicportal.testing import identity, make_staff
from civicportal.testing.serving import Server
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.long

CLIENTS = ("georeport==0.3.1", "three==0.8.0")
SCRIPT = """
import io, itertools, json, sys
itertools.ifilter = filter  # Python 2
from georeport import GeoReport
from three.core import Three

address, key, start, end, number = sys.argv[1:]
found = {}
for form in ("json", "xml"):
    client = GeoReport(address, jurisdiction="127.0.0.1", output_format=form)
    found[form] = {
        "services": [one["service_code"] for one in client.get_service_list()],
        "definition": client.get_service_definition("pothole")["service_code"],
        "requests": client.get_service_requests(start_date=start, end_date=end, status="open"),
        "request": client.get_service_request(number),
    }
client = Three(address, api_key=key, jurisdiction="127.0.0.1")
found["three"] = {
    "discovery": client.discovery()["endpoints"][0]["url"],
    "services": [one["service_code"] for one in client.services()],
    "requests": client.requests("pothole", count=5),
    "request": client.request(number),
    "made": client.post(
        "pothole", lat="31.0203", long="52.015", name="زهرا نمونه", phone="09000000007",
        description="چاله کنار جدول", media=io.BytesIO(bytes.fromhex(sys.stdin.read())),
    ),
    "refused": client.post("nothing", address="میدان نمونه"),
    "token": client.token("17"),
}
print(json.dumps(found))
"""


@pytest.fixture(scope="session")
def clients(tmp_path_factory):
    """Return the Python of an environment with the clients."""
    folder = tmp_path_factory.mktemp("clients")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin/python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *CLIENTS]
    subprocess.run(install, check=True)
    return python


def test_clients_of_others_read_and_write(site, app, city, clients):
    code = city.send(body="چالهٔ <عمیق> & بزرگ")
    city.publish(code)
    case = city.case(code)
    with site.work() as work:
        machine = identity(work, make_staff(work, "registrar", permissions=["reports:case:register"]))
    key = token_for(site, machine, "cases:write")
    server = Server(app.app)
    try:
        times = [(case.created_at + timedelta(days=days)).isoformat("T", "seconds") for days in (-1, 1)]
        done = subprocess.run(
            [clients, "-c", SCRIPT, f"{server.address}/open311/v2", key, *times, str(case.id)],
            input=city.picture().hex(),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        server.close()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    of_json, of_xml, three = found["json"], found["xml"], found["three"]
    assert of_json["services"] == of_xml["services"] == three["services"]
    assert of_json["definition"] == of_xml["definition"] == "pothole"
    # A list of one is a mapping for the parser of XML that it uses.
    assert of_xml["requests"] == of_xml["request"]
    assert of_json["requests"] == [of_json["request"]] == three["requests"] == three["request"]
    assert of_json["request"]["description"] == of_xml["request"]["description"] == "چالهٔ <عمیق> & بزرگ"
    assert three["discovery"].endswith("/open311/v2")
    [made] = three["made"]
    with site.work(write=False) as work:
        new = work.session.get(Case, int(made["service_request_id"]))
        assert (new.body, new.source) == ("چاله کنار جدول", "open311")
        assert new.citizen_id is not None
        pictures = select(func.count()).where(Attachment.case_id == new.id)
        assert work.session.scalar(pictures) == 1
    assert three["refused"][0]["code"] == three["token"][0]["code"] == 404
