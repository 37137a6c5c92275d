"""A portal on several machines: shared state and killed nodes."""

import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

import pytest
from nodes import Cluster, cluster_on
from portal import READY
from selection import LONG
from senders import COME_AGAIN, by_form, everything_is_there_once, senders, sign_in, wait_until
from sqlalchemy import and_, func, select, text, update

from civicportal.core.db import NEVER
from civicportal.core.limits import DEFAULTS
from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.organization.models import Category
from civicportal.portal.branding.services import BrandingService
from civicportal.util.tracking import new_code
from civicportal.web.schema import new_key

pytestmark = pytest.mark.fault

ROUNDS = 20 if LONG else 1
RESTARTS = 20 if LONG else 1


@pytest.fixture(scope="module")
def cluster(
    civic_session: Any, s3_service: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    database = civic_session.new_database("postgresql")
    with cluster_on(tmp_path_factory.mktemp("cluster"), database, s3_service.new_bucket()) as found:
        yield found


def ask(
    cluster: Cluster, port: int, path: str, token: str = "", form: dict[str, str] | None = None
) -> tuple[HTTPResponse, str]:
    """Ask one node; with a form, post it."""
    headers = {"Cookie": f"cp={token}", "Origin": f"http://127.0.0.1:{port}"} if token else {}
    body = None
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode({"csrf_token": cluster.portal.csrf(token), **form})
    connection = HTTPConnection("127.0.0.1", port, timeout=READY)
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def everywhere(cluster: Cluster, path: str, words: str) -> bool:
    return all(words in ask(cluster, port, path)[1] for port in cluster.ports)


# -- what one node knows ------------------------------------------------------------------------------------


def test_a_session_begins_and_ends_on_every_node(cluster: Cluster) -> None:
    one, other = cluster.ports
    token = sign_in(cluster.portal, 50)
    assert [ask(cluster, port, "/my", token)[0].status for port in cluster.ports] == [200, 200]
    assert ask(cluster, one, "/logout", token, {})[0].status == 303
    assert ask(cluster, other, "/my", token)[0].status == 303


def test_a_limit_counts_what_comes_to_any_node(cluster: Cluster) -> None:
    token = sign_in(cluster.portal, 51)
    hits, now = DEFAULTS["track_code"][0].hits, cluster.portal.site.clock.now
    for _try in range(2):
        begun, miss = now().hour, {"code": new_code(), "proof": "0000"}
        answers = [
            ask(cluster, cluster.ports[n % 2], "/track", token, miss)[0].status for n in range(hits + 2)
        ]
        # With a new hour the count restarts.
        if now().hour == begun:
            break
    assert answers == [*[422] * hits, 429, 429]


def test_the_look_changes_on_every_node(cluster: Cluster) -> None:
    site = cluster.portal.site
    before = site.branding.digest
    with site.work() as work:
        work.get(BrandingService).save({"contact.phone": "18880", "look.primary": "#7a3b00"}, before)
    after = site.branding.digest
    for port in cluster.ports:
        # A page of a node that knows already may ask one that does not know yet.
        answer, colours = ask(cluster, port, f"/theme.css?{after}")
        assert "#7a3b00" in colours
        assert "max-age" in (answer.getheader("Cache-Control") or "")
        assert ask(cluster, port, "/theme.css?nobodys")[0].getheader("Cache-Control") == "no-cache"
    wait_until(lambda: everywhere(cluster, "/", "۱۸۸۸۰"))


def test_a_subject_changes_on_every_node(cluster: Cluster) -> None:
    assert everywhere(cluster, "/reports/new", "چاله")
    with cluster.portal.site.work() as work:
        pothole = work.session.scalars(select(Category).where(Category.key == "pothole")).one()
        pothole.name = "گودال خیابان"
    wait_until(lambda: everywhere(cluster, "/reports/new", "گودال خیابان"))


def test_one_form_at_two_nodes_is_one_case(cluster: Cluster) -> None:
    citizens = senders(cluster.portal, 1)
    [citizen] = citizens.citizens
    body, found = citizen.form(new_key(), 1), []

    def send(port: int) -> None:
        answer = citizen.post(body, port)
        while answer[0] in COME_AGAIN:
            answer = citizen.post(body, port)
        found.append(answer)

    threads = [threading.Thread(target=send, args=(port,)) for port in cluster.ports * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _location in found} == {303}
    assert len({location.rpartition("/")[2] for _status, location in found}) == 1


# -- what dies ----------------------------------------------------------------------------------------------


def test_old_nodes_go_on_when_newer_code_has_migrated(cluster: Cluster) -> None:
    site = cluster.portal.site
    with site.engines.write.begin() as connection:
        connection.execute(text("ALTER TABLE cases ADD COLUMN novelty VARCHAR(40)"))
        connection.execute(text("UPDATE alembic_version_civicportal SET version_num = '9999'"))
    assert [ask(cluster, port, "/readyz")[0].status for port in cluster.ports] == [200, 200]
    node = cluster.nodes[1]
    node.stop()
    node.launch()
    node.wait()
    assert ask(cluster, cluster.ports[1], "/readyz")[0].status == 200


def test_no_request_fails_during_a_restart(cluster: Cluster) -> None:
    """Where the socket outlives the server, no request has to be repeated."""
    citizens = senders(cluster.portal)
    citizens.start()
    try:
        for _ in range(RESTARTS):
            citizens.wait_for(2)
            cluster.nodes[0].stop()
            cluster.nodes[0].launch()
            cluster.nodes[0].wait()
        citizens.wait_for(2)
    finally:
        citizens.finish()
    assert citizens.refused == []
    assert citizens.broken == []
    with cluster.portal.site.work(write=False) as work:
        cases = work.session.scalars(select(Case)).all()
    assert citizens.acknowledged.items() <= by_form(cases).items()


def test_a_killed_node_and_a_killed_worker_take_nothing_with_them(cluster: Cluster) -> None:
    citizens, held = senders(cluster.portal), set[int]()
    citizens.start()
    try:
        for number in range(ROUNDS):
            node, worker = cluster.nodes[1 - number % 2], cluster.workers[number % 2]
            cluster.provider.hold()
            # Both workers have a message under way, whichever of them is killed.
            wait_until(lambda: cluster.provider.held >= 2)
            worker.kill()
            held |= leased(cluster)
            node.kill()
            cluster.provider.let_go()
            citizens.wait_for(3)
            worker.launch()
            node.launch()
            node.wait()
            citizens.wait_for(3)
    finally:
        citizens.finish()
    assert citizens.refused == []
    settle(cluster, held)
    kept = everything_is_there_once(cluster.portal.site, citizens)
    sent = Counter(code for sms in cluster.provider.sent for code in kept.values() if code in sms.text)
    assert sent == Counter(kept.values())
    assert all(cluster.balancer.taken[port] for port in cluster.ports)
    print(f"rounds={ROUNDS} cases={len(kept)} messages={sent.total()}")  # noqa: T201 - figures of a long run


def leased(cluster: Cluster) -> set[int]:
    """Return the messages that workers have in hand."""
    with cluster.portal.site.work(write=False) as work:
        return set(work.session.scalars(select(OutboxMessage.id).where(OutboxMessage.state == "leased")))


def settle(cluster: Cluster, held: set[int]) -> None:
    """Wait until every notice has gone out; in the short form what a killed worker held need not wait its minutes.

    :param held: the messages that workers had in hand when one of them was killed.
    """
    wait_until(lambda: states(cluster).keys() <= {"sent", "leased", "unknown"}, 300)
    if not LONG:
        # What a living worker has just taken is not taken from it.
        left = and_(OutboxMessage.state == "leased", OutboxMessage.id.in_(held))
        age(cluster, left, locked_until=cluster.portal.site.clock.now())
        wait_until(lambda: "leased" not in states(cluster))
        age(cluster, OutboxMessage.state == "unknown", next_at=cluster.portal.site.clock.now())
    wait_until(lambda: states(cluster).keys() == {"sent"}, 300)


def age(cluster: Cluster, which: Any, **values: Any) -> None:
    with cluster.portal.site.work() as work:
        work.session.execute(
            update(OutboxMessage).where(which, OutboxMessage.next_at < NEVER).values(values),
            execution_options={"synchronize_session": False},
        )


def states(cluster: Cluster) -> dict[str, int]:
    with cluster.portal.site.work(write=False) as work:
        rows = work.session.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state))
        return {row.state: row[1] for row in rows}
