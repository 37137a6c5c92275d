"""Failure of PostgreSQL under load: 503, recovery, no lost cases."""

from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

import pytest
from portal import READY, Portal, running
from replication import or_skip
from senders import kept_once, senders, wait_until

from civicportal.testing.postgres import TemporaryCluster

PAGES = ("/login", "/my", "/reports", "/reports/new", "/staff/login", "/kartable")

#: For visitors; the home page lacks its figures then, not its telephone numbers.
READS_NOTHING = ("/", "/track")


@pytest.fixture
def cluster() -> Iterator[TemporaryCluster]:
    found = or_skip(partial(TemporaryCluster, durable=True))
    yield found
    found.stop()


def get(portal: Portal, path: str, token: str = "") -> tuple[HTTPResponse, str]:
    return ask(portal, "GET", path, {"Cookie": f"cp={token}"} if token else {})


def post(portal: Portal, path: str, token: str, csrf: str, **fields: str) -> tuple[HTTPResponse, str]:
    headers = {"Cookie": f"cp={token}", "Content-Type": "application/x-www-form-urlencoded"}
    return ask(portal, "POST", path, headers, urlencode({"csrf_token": csrf, **fields}))


def ask(
    portal: Portal, method: str, path: str, headers: dict[str, str], body: str = ""
) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection("127.0.0.1", portal.port, timeout=READY)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.fault
def test_the_portal_outlives_its_database(tmp_path: Path, cluster: TemporaryCluster) -> None:
    with running(tmp_path, cluster.create_database()) as portal:
        citizens = senders(portal)
        portal.start()
        citizens.start()
        try:
            citizens.wait_for(8)
            cluster.break_off()
            for path in PAGES:
                is_unavailable(portal, path, citizens.citizens[0].token)
            for path in READS_NOTHING:
                assert get(portal, path)[0].status == 200
                assert get(portal, path, citizens.citizens[0].token)[0].status == 503
            assert get(portal, "/healthz")[0].status == 200
            assert get(portal, "/readyz")[0].status == 503
            gives_back_what_was_written(portal, citizens.citizens[0].token)
            cluster.start()
            wait_until(lambda: get(portal, "/readyz")[0].status == 200)
            citizens.wait_for(8)
        finally:
            citizens.finish()
        assert get(portal, "/my", citizens.citizens[0].token)[0].status == 200
        assert citizens.refused == []
        with portal.site.work(write=False) as work:
            kept_once(work, citizens)


def is_unavailable(portal: Portal, path: str, token: str) -> None:
    for sent in ("", token):
        answer, page = get(portal, path, sent)
        if answer.status == 303:
            # A visitor is redirected to the sign-in before anything is read.
            assert not sent
            continue
        assert (path, answer.status) == (path, 503)
        assert int(answer.getheader("Retry-After") or 0) > 0
        assert "</html>" in page
        assert "Traceback" not in page


def gives_back_what_was_written(portal: Portal, token: str) -> None:
    words = "چراغ‌های کوچه خاموش است"
    own = portal.site.keys.mac("csrf", token).hex()
    answer, page = post(portal, "/feedback/new", token, own, body=words)
    assert answer.status == 503
    assert f'name="body" value="{words}"' in page
    assert 'action="/feedback/new"' in page
    answer, page = post(portal, "/feedback/new", token, "0" * 64, body=words)
    assert answer.status == 400
    assert words not in page
