"""The page about the first call does what it says: its commands are run one after the other."""

import pytest
from shell_pages import run_page

from civicportal.testing.serving import Server
from civicportal.testing.tokens import token_for


@pytest.fixture
def served(app):
    server = Server(app.app)
    yield server
    server.close()


def test_every_step_of_the_page(site, city, served, tmp_path):
    token = token_for(site, city[0]["officer"], "cases:read", "cases:write", "organization:read")
    answers = run_page("integrate/first-call.md", tmp_path, ADDRESS=served.address, TOKEN=token)
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
