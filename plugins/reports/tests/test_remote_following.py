"""What another city says of our reports is read back: the history, the marks, the conflicts, the panel."""

from contextlib import suppress

import pytest
from civicportal_reports.open311_client.delivery import deliver
from civicportal_reports.open311_client.following import FollowingService, fetch
from civicportal_reports.open311_client.models import RemoteDelivery, RemoteHealth, RemoteServer
from civicportal_reports.open311_client.services import RemoteService, conflict_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from two_cities import change_rule, change_server, deliveries, events, said

from civicportal.api.cases import AccessService, CaseService
from civicportal.testing import make_staff

pytestmark = pytest.mark.both_databases

STEPS = st.lists(
    st.sampled_from(
        ["send", "send", "work", "work", "wait", "fetch", "503", "500", "lost", "garbage", "kill"]
    ),
    min_size=6,
    max_size=24,
)


@pytest.fixture
def delivered(site, city, neighbour):
    """Return the code of a report that the other city has published."""
    code = city.send()
    deliver(site)
    neighbour.city.publish(there(neighbour).code)
    return code


def there(neighbour):
    return neighbour.requests()[0]


def notes(site, city, code):
    found = [event for event in events(site, city.case(code).id) if event.data.get("remote_server")]
    assert not any(event.public for event in found)
    return [event.internal_text for event in found]


def is_unread(site, city, code):
    with site.work(write=False) as work:
        return work.get(AccessService).action_referral(city.case(code)).read_at is None


def take(site, city, code):
    from civicportal.api.kartable import KartableService

    with site.work(actor=city.officer) as work:
        work.get(KartableService).take(work.get(CaseService).fetch(code, "work", lock=True))
    assert not is_unread(site, city, code)


def conflict(site, city, code):
    [row] = deliveries(site)
    return conflict_of(row, city.case(code))


def test_status_and_updates_come_into_the_history_once(site, city, neighbour, delivered, clock):
    take(site, city, delivered)
    fetch(site)
    [row] = deliveries(site)
    assert (row.remote_status, row.remote_notes) == ("open", "ثبت شده")
    assert row.checked_at is not None
    assert notes(site, city, delivered) == []
    neighbour.city.step(there(neighbour).code, "start_action", public_text="گروه اعزام شد و کار ادامه دارد.")
    clock.advance(minutes=10)
    fetch(site)
    fetch(site)
    told = notes(site, city, delivered)
    assert sum("گروه اعزام شد" in text for text in told) == 1
    assert all(text.startswith("شهر همسایه") for text in told)
    assert is_unread(site, city, delivered)
    assert conflict(site, city, delivered) == ""


def test_a_request_that_was_closed_there_changes_no_status_but_marks_the_case(
    site, city, neighbour, delivered, app, login
):
    take(site, city, delivered)
    before = city.case(delivered)
    neighbour.city.step(there(neighbour).code, "close", public_text="ترمیم شد و کار پایان یافت.")
    fetch(site)
    case = city.case(delivered)
    assert (case.status, case.is_open) == (before.status, True)
    assert any("بسته شد" in text for text in notes(site, city, delivered))
    assert is_unread(site, city, delivered)
    assert conflict(site, city, delivered) == "closed_there"
    login(city.officer, "staff")
    page = app.get(f"/kartable/cases/{delivered}")
    assert "شهر همسایه" in page.text
    assert "آنجا بسته، اینجا باز" in page.text
    assert f"/desk/reports/servers/{neighbour.server_id}" not in page.text


def test_an_administrator_may_choose_the_step(site, city, neighbour, delivered, outbox):
    change_server(site, neighbour.server_id, closes_with="close")
    neighbour.city.step(there(neighbour).code, "close", public_text="ترمیم شد و کار پایان یافت.")
    fetch(site)
    case = city.case(delivered)
    assert case.status == "reviewed"
    [closing] = [event for event in events(site, case.id) if event.transition == "close"]
    assert "شهر همسایه" in closing.public_text
    assert closing.realm == "system"
    assert conflict(site, city, delivered) == ""


def test_a_step_that_is_not_possible_leaves_the_mark(site, city, neighbour, delivered):
    change_server(site, neighbour.server_id, closes_with="no_answer")
    neighbour.city.step(there(neighbour).code, "close", public_text="ترمیم شد و کار پایان یافت.")
    fetch(site)
    assert city.case(delivered).is_open
    assert conflict(site, city, delivered) == "closed_there"


def test_closed_here_and_open_there(site, city, neighbour, delivered):
    fetch(site)
    city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
    fetch(site)
    assert conflict(site, city, delivered) == "open_there"


def test_unknown_there(site, city, neighbour, delivered):
    fetch(site)
    with neighbour.site.work() as work:
        work.session.delete(work.session.merge(there(neighbour)))
    fetch(site)
    fetch(site)
    assert conflict(site, city, delivered) == "missing"
    assert len(notes(site, city, delivered)) == 1


def test_opened_again_there(site, city, neighbour, delivered):
    neighbour.city.step(there(neighbour).code, "close", public_text="ترمیم شد و کار پایان یافت.")
    fetch(site)
    neighbour.city.step(there(neighbour).code, "reopen", public_text="هنوز باقی است و باید بررسی شود.")
    fetch(site)
    assert conflict(site, city, delivered) == ""
    assert any("دوباره باز" in text for text in notes(site, city, delivered))


def test_a_server_that_shows_our_reference_soon_is_trusted(site, city, neighbour, delivered):
    fetch(site)
    with site.work(write=False) as work:
        assert work.session.get(RemoteHealth, neighbour.server_id).lists_ours


def test_the_services_are_fetched_each_day(site, city, neighbour, clock, app, login):
    fetch(site)
    with site.work(write=False) as work:
        assert len(work.session.get(RemoteServer, neighbour.server_id).services) == 4
        [rule] = work.get(RemoteService).rules(neighbour.server_id)
    change_rule(site, rule.id, service_code="tram")
    with site.work() as work:
        admin = make_staff(work, "administrator")
    login(admin, "staff")
    assert "tram" in app.get("/desk/reports/servers").text


def test_a_server_that_fails_is_left_alone_for_a_while(site, city, neighbour, delivered):
    change_server(site, neighbour.server_id, address="http://127.0.0.1:9/v2")
    fetch(site)
    with site.work(write=False) as work:
        health = work.session.get(RemoteHealth, neighbour.server_id)
        assert (health.failures, bool(health.last_error)) == (1, True)
        assert health.retry_at > site.clock.now()
    assert deliveries(site)[0].missing_at is None


def test_updates_from_before_a_server_offered_none_for_a_day_are_not_lost(
    site, city, neighbour, delivered, clock
):
    """It was busy for hours, and answered with 404 while a new version of it was installed."""
    fetch(site)
    neighbour.city.step(there(neighbour).code, "start_action", public_text="گروه اعزام شد و کار ادامه دارد.")
    clock.advance(hours=6)
    with site.work() as work:
        work.get(FollowingService).note_no_updates(neighbour.server_id)
    clock.advance(hours=21)
    for _turn in range(2):
        fetch(site)
    assert len([text for text in notes(site, city, delivered) if "گروه اعزام شد" in text]) == 1


def test_a_token_that_the_server_does_not_know_hides_nothing_else(site, city, neighbour, delivered):
    city.send()
    deliver(site)
    with site.work() as work:
        row = work.session.get_one(RemoteDelivery, deliveries(site)[1].id)
        row.remote_id, row.token = "", "forgotten"
    fetch(site)
    first, second = deliveries(site)
    assert (first.remote_status, second.remote_id) == ("open", "")
    with site.work(write=False) as work:
        health = work.session.get(RemoteHealth, neighbour.server_id)
        assert (health.failures, health.last_error) == (0, "")


@pytest.mark.parametrize("body", [b"no json", b"{}", b"[1, null, []]", b'[{"service_request_id": null}]'])
def test_garbage_makes_no_request_unknown_by_mistake(site, city, neighbour, delivered, monkeypatch, body):
    fetch(site)
    real = neighbour.cuts.app

    def lies(environ, start_response):
        if environ["PATH_INFO"].endswith(("requests.json", "updates.json")):
            start_response("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        return real(environ, start_response)

    monkeypatch.setattr(neighbour.cuts, "app", lies)
    fetch(site)
    assert deliveries(site)[0].missing_at is None
    assert notes(site, city, delivered) == []


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_nothing_is_lost_and_nothing_arrives_twice(site, city, neighbour, clock, monkeypatch, steps):
    from civicportal_reports.open311_client import delivery

    class Killed(BaseException):
        pass

    real = delivery.send

    def sent_and_gone(where, parcel):
        real(where, parcel)
        raise Killed

    def wait(minutes):
        clock.advance(minutes=minutes)
        neighbour.clock.advance(minutes=minutes)

    begun, accepted = len(neighbour.requests()), neighbour.cuts.accepted
    neighbour.trust(site)
    sent = []
    for step in steps:
        if step == "send":
            sent.append(city.case(city.send()).id)
        elif step == "work":
            deliver(site)
        elif step == "wait":
            wait(3)
        elif step == "fetch":
            fetch(site)
        elif step == "503":
            neighbour.cuts.before.append(said("503 Busy"))
        elif step == "lost":
            neighbour.cuts.before.append(said("500 Broken"))
        elif step == "500":
            neighbour.cuts.after.append(said("500 Broken"))
        elif step == "garbage":
            neighbour.cuts.after.append(said("200 OK", b"?"))
        elif step == "kill":
            with monkeypatch.context() as patch:
                patch.setattr(delivery, "send", sent_and_gone)
                with suppress(Killed):
                    deliver(site)
    neighbour.cuts.before.clear()
    neighbour.cuts.after.clear()
    for _turn in range(30):
        deliver(site)
        wait(3)
    rows = [row for row in deliveries(site) if row.case_id in sent]
    arrived = neighbour.requests()[begun:]
    assert [row.state for row in rows] == ["sent"] * len(sent)
    assert sorted(row.remote_id for row in rows) == sorted(str(case.id) for case in arrived)
    assert len(arrived) == len(sent) == neighbour.cuts.accepted - accepted
    with site.work() as work:
        for row in work.session.scalars(select(type(rows[0])) if rows else select(RemoteHealth)):
            work.session.delete(row)
