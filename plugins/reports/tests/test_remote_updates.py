"""Updates of another city are read to the end in several runs, and it gets ours, each at most once."""

from contextlib import suppress

import pytest
from civicportal_reports.open311_client import following, telling
from civicportal_reports.open311_client.delivery import deliver
from civicportal_reports.open311_client.following import UPDATE, fetch
from civicportal_reports.open311_client.models import OwnUpdate, RemoteDelivery, RemoteHealth, RemoteServer
from civicportal_reports.open311_client.own_updates import OwnUpdateService
from civicportal_reports.open311_client.remote import GeoReportClient, RemoteError, RemoteUpdate
from civicportal_reports.open311_client.services import RemoteService
from civicportal_reports.open311_client.telling import tell, tell_once
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selection import LONG
from sqlalchemy import delete, select
from two_cities import add_rule, add_server, change_server, deliveries, events, photo, said

from civicportal.api.cases import CaseService
from civicportal.api.plugins import NotFound, Refused
from civicportal.testing import make_staff, statements

pytestmark = pytest.mark.both_databases


@pytest.fixture
def delivered(site, city, neighbour):
    """Return the code of a report that the other city has, and which gets our updates."""
    change_server(site, neighbour.server_id, tells=True)
    code = city.send()
    deliver(site)
    return code


def told(neighbour, number):
    """What the other city has noted of us, in its order."""
    return [
        event.internal_text or event.public_text
        for event in events(neighbour.site, int(number))
        if "update_id" in event.data
    ]


def updates(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(OwnUpdate).order_by(OwnUpdate.id)))


class TestInXml:
    def test_everything_comes_and_goes(self, site, city, neighbour, clock):
        change_server(site, neighbour.server_id, form="xml", tells=True)
        code = city.send()
        deliver(site)
        [row] = deliveries(site)
        [there] = neighbour.requests()
        assert (row.state, row.remote_id) == ("sent", str(there.id))
        neighbour.city.publish(there.code)
        neighbour.city.step(there.code, "start_action", public_text="گروه اعزام شد و کار ادامه دارد.")
        clock.advance(minutes=10)
        fetch(site)
        [row] = deliveries(site)
        assert (row.remote_status, row.missing_at) == ("open", None)
        texts = [event.internal_text or "" for event in events(site, city.case(code).id)]
        assert sum("گروه اعزام شد" in text for text in texts) == 1
        city.step(code, "close", public_text="ترمیم شد و کار پایان یافت.")
        tell(site)
        assert len(told(neighbour, row.remote_id)) == 1
        assert all(path.endswith(".xml") for _method, path in neighbour.cuts.calls)

    def test_a_refusal_is_read_too(self, site, city, neighbour):
        change_server(site, neighbour.server_id, form="xml")
        body = b"<errors><error><code>400</code><description>no such lane</description></error></errors>"
        neighbour.cuts.before.append(said("400 Bad", body))
        city.send()
        deliver(site)
        assert "no such lane" in deliveries(site)[0].last_error


class TestOurUpdates:
    def test_a_closing_is_told_once_without_personal_data(self, site, city, neighbour, delivered):
        number = deliveries(site)[0].remote_id
        city.step(delivered, "close", public_text="آقای مریم رضایی، چالهٔ شما ترمیم شد.")
        for _turn in range(3):
            tell(site)
        [text] = told(neighbour, number)
        # The report is not published: what was written is for its citizen.
        assert "رضایی" not in text
        assert "closed" in text
        assert [row.state for row in updates(site)] == ["sent"]

    def test_words_of_a_published_report(self, site, city, neighbour, delivered):
        city.publish(delivered)
        city.step(delivered, "start_action", public_text="گروه اعزام شد و کار ادامه دارد.")
        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        tell(site)
        texts = told(neighbour, deliveries(site)[0].remote_id)
        assert ["گروه اعزام شد" in texts[0], "ترمیم شد" in texts[1]] == [True, True]

    def test_only_if_an_administrator_wants_it(self, site, city, neighbour, delivered):
        change_server(site, neighbour.server_id, tells=False)
        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        assert updates(site) == []

    def test_what_the_server_has_caused_is_not_told_to_it(self, site, city, neighbour, delivered):
        change_server(site, neighbour.server_id, closes_with="close")
        [there] = neighbour.requests()
        neighbour.city.publish(there.code)
        neighbour.city.step(there.code, "close", public_text="ترمیم شد و کار پایان یافت.")
        fetch(site)
        assert not city.case(delivered).is_open
        assert updates(site) == []

    def test_pictures_that_are_published_later_go_once(self, site, city, neighbour, monkeypatch):
        change_server(site, neighbour.server_id, tells=True)
        monkeypatch.setattr(type(site), "public_url", "https://city.example")
        code = city.send(photos=[photo(site, city)], owner="test")
        deliver(site)
        for public in (True, False, True):
            site.clock.advance(minutes=1)
            with site.work(actor=city.officer) as work:
                work.get(CaseService).publish(work.get(CaseService).fetch(code), public)
            telling.keep_up(site)
        tell(site)
        assert [(row.state, row.last_error) for row in updates(site)] == [("sent", "")]
        [text] = told(neighbour, deliveries(site)[0].remote_id)
        assert text.count("https://city.example/attachments/") == 1

    def test_they_wait_for_the_report_and_keep_their_order(self, site, city, neighbour):
        change_server(site, neighbour.server_id, tells=True)
        code = city.send()
        city.publish(code)
        city.step(code, "start_action", public_text="گروه اعزام شد و کار ادامه دارد.")
        city.step(code, "close", public_text="ترمیم شد و کار پایان یافت.")
        assert not tell_once(site)
        # Closed before it was delivered: it is not sent any more, and neither is its news.
        deliver(site)
        assert [row.state for row in deliveries(site)] == ["dead"]
        code = city.send()
        city.publish(code)
        city.step(code, "start_action", public_text="گروه اعزام شد و کار ادامه دارد.")
        deliver(site)
        city.step(code, "close", public_text="ترمیم شد و کار پایان یافت.")
        neighbour.cuts.before.append(said("503 Busy"))
        tell(site)
        number = deliveries(site)[1].remote_id
        assert told(neighbour, number) == []
        site.clock.advance(minutes=5)
        tell(site)
        first, second = told(neighbour, number)
        assert ["گروه اعزام شد" in first, "ترمیم شد" in second] == [True, True]

    def test_a_server_whose_key_is_lost_does_not_hold_up_the_others(
        self, site, city, neighbour, delivered, clock
    ):
        with site.work(write=False) as work:
            server = work.session.get_one(RemoteServer, neighbour.server_id)
            address, key = server.address, site.keys.decrypt(server.api_key)
        other = add_server(site, address, key, tells=True)
        add_rule(site, other, "pothole", category_id=city.categories["pothole"])
        code = city.send()
        deliver(site)
        change_server(site, neighbour.server_id, api_key="lost")
        for one in (delivered, code):
            city.step(one, "start_action", public_text="گروه اعزام شد و کار ادامه دارد.")
            clock.advance(seconds=1)
        tell(site)
        assert [row.state for row in updates(site)] == ["new", "new", "sent"]
        change_server(site, neighbour.server_id, api_key=site.keys.encrypt(key))
        clock.advance(hours=2)
        tell(site)
        assert updates(site)[0].state == "sent"

    def test_one_that_may_have_arrived_is_not_repeated(self, site, city, neighbour, delivered, clock):
        neighbour.cuts.after.append(said("500 Broken"))
        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        for _turn in range(3):
            tell(site)
            clock.advance(hours=1)
        assert [row.state for row in updates(site)] == ["unclear"]
        assert len(told(neighbour, deliveries(site)[0].remote_id)) == 1

    def test_nor_is_that_of_a_worker_who_was_lost(self, site, city, neighbour, delivered, clock, monkeypatch):
        class Killed(BaseException):
            pass

        def die(self, fields):
            raise Killed

        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        with monkeypatch.context() as patch, suppress(Killed):
            patch.setattr(GeoReportClient, "update", die)
            tell(site)
        clock.advance(minutes=2)
        tell(site)
        assert [row.state for row in updates(site)] == ["unclear"]

    def test_a_server_that_takes_none_is_told_of_nothing_for_ever(self, site, city, neighbour, delivered):
        neighbour.cuts.before.append(said("404 Not Found", b"[]"))
        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        tell(site)
        [row] = updates(site)
        assert (row.state, bool(row.last_error)) == ("dead", True)

    def test_of_a_report_that_never_arrives_they_end(self, site, city, neighbour, clock):
        change_server(site, neighbour.server_id, tells=True)
        neighbour.cuts.before.append(said("400 Bad"))
        code = city.send()
        deliver(site)
        city.publish(code)
        with suppress(Refused):
            city.step(code, "close", public_text="ترمیم شد و کار پایان یافت.")
        clock.advance(days=8)
        telling.keep_up(site)
        assert {row.state for row in updates(site)} <= {"dead"}


class TestSentAgain:
    """What failed goes out again when a person wants it, unless a later update would be set back by it."""

    URL = "/desk/reports/servers"

    @pytest.fixture
    def page(self, app, site, login, neighbour):
        with site.work() as work:
            admin = make_staff(work, "administrator")
        login(admin, "staff")

        def page():
            return app.get(f"{self.URL}/{neighbour.server_id}/updates")

        return page

    @staticmethod
    def press(page, url):
        return next(form for form in page.forms.values() if form.action.endswith(url)).submit().follow()

    @pytest.mark.parametrize("all_of_them", [True, False])
    def test_a_failed_one(self, site, city, neighbour, delivered, page, all_of_them):
        neighbour.cuts.before.append(said("400 Bad"))
        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        tell(site)
        [row] = updates(site)
        assert row.state == "dead"
        shown = self.press(page(), "/updates/again" if all_of_them else f"/updates/{row.id}/again")
        assert "ارسال دوباره" not in shown.text
        tell(site)
        assert [row.state for row in updates(site)] == ["sent"]
        assert len(told(neighbour, deliveries(site)[0].remote_id)) == 1

    def test_an_unclear_one_only_by_itself(self, site, city, neighbour, delivered, page):
        neighbour.cuts.after.append(said("500 Broken"))
        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        tell(site)
        [row] = updates(site)
        assert not [form for form in page().forms.values() if form.action.endswith("/updates/again")]
        with site.work() as work:
            server = work.get(RemoteService).fetch(neighbour.server_id)
            assert work.get(OwnUpdateService).send_again(server) == 0
        self.press(page(), f"/updates/{row.id}/again")
        assert [row.state for row in updates(site)] == ["new"]

    @pytest.mark.parametrize("later", ["sent", "unclear", "leased"])
    def test_none_that_would_set_the_status_there_back(self, site, city, neighbour, delivered, page, later):
        city.publish(delivered)
        neighbour.cuts.before.append(said("400 Bad"))
        city.step(delivered, "start_action", public_text="گروه اعزام شد و کار ادامه دارد.")
        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        tell(site)
        first, second = updates(site)
        assert (first.state, second.state) == ("dead", "sent")
        with site.work() as work:
            work.session.get(OwnUpdate, second.id).state = later
        found = page()
        assert f"/updates/{first.id}/again" not in found.text
        with site.work() as work:
            server = work.get(RemoteService).fetch(neighbour.server_id)
            service = work.get(OwnUpdateService)
            assert service.send_again(server) == service.send_again(server, first.id) == 0

    def test_not_by_the_page_of_another_server(self, site, city, delivered):
        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        other = add_server(site, "http://127.0.0.1:9/v2", "k")
        [row] = updates(site)
        with site.work() as work, pytest.raises(NotFound):
            server = work.get(RemoteService).fetch(other)
            work.get(OwnUpdateService).send_again(server, row.id)

    def test_the_list_is_read_with_as_many_statements_for_many(self, site, city, neighbour, delivered, page):
        city.publish(delivered)
        city.step(delivered, "start_action", public_text="گروه اعزام شد و کار ادامه دارد.")
        page()
        with statements(site) as few:
            page()
        city.step(delivered, "close", public_text="ترمیم شد و کار پایان یافت.")
        with statements(site) as many:
            found = page()
        assert found.text.count('data-l="وضعیت"') == len(updates(site)) > 1
        assert len(many) == len(few)


class Server:
    """The updates of a server with pages, which may lose some between two runs."""

    def __init__(self, number, size, order):
        self.rows = [str(one) for one in range(number)]
        self.size, self.order, self.asked = size, order, []
        self.fails = False

    def page(self, start, end, page=1):
        self.asked.append((start, end, page))
        if self.fails:
            self.fails = False
            raise RemoteError(following._("no"), status=503)
        rows = self.rows[:: self.order]
        rows = rows[(page - 1) * self.size : page * self.size]
        return [RemoteUpdate(id=one, request_id="7", status="open", text=one, at=None) for one in rows]


@settings(max_examples=40 if LONG else 5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    number=st.integers(0, 60),
    size=st.integers(2, 9),
    pages=st.integers(2, 5),
    order=st.sampled_from([1, -1]),
    withdrawn=st.lists(st.integers(0, 60), max_size=4),
    failures=st.sets(st.integers(0, 12), max_size=4),
)
def test_every_update_is_stored_once_in_however_many_runs(
    site, city, neighbour, clock, monkeypatch, number, size, pages, order, withdrawn, failures
):
    with site.work() as work:
        for table in (RemoteDelivery, RemoteHealth):
            work.session.execute(delete(table))
    code = city.send()
    deliver(site)
    with site.work() as work:
        work.session.scalars(select(RemoteDelivery)).one().remote_id = "7"
    server = Server(number, size, order)
    monkeypatch.setattr(following, "MOST_PAGES", pages)
    monkeypatch.setattr(GeoReportClient, "updates", server.page)
    monkeypatch.setattr(GeoReportClient, "requests", lambda *_: [])
    gone = set()
    for run in range(60):
        begun = len(server.asked)
        server.fails = run in failures
        fetch(site)
        assert len(server.asked) - begun <= pages
        clock.advance(minutes=40)
        # One at a time: a whole page that vanishes at once is more than a run reads again.
        if withdrawn and server.rows:
            gone.add(server.rows.pop(withdrawn.pop() % len(server.rows)))
        with site.work(write=False) as work:
            health = work.session.get(RemoteHealth, neighbour.server_id)
            if (
                health
                and health.updates_until
                and health.updates_end is None
                and run > max(failures, default=0)
            ):
                break
    stored = [
        event.data[UPDATE].partition(":")[2]
        for event in events(site, city.case(code).id)
        if UPDATE in event.data
    ]
    assert len(stored) == len(set(stored))
    assert set(server.rows) <= set(stored) <= set(server.rows) | gone
    ends = [end for _start, end, _page in server.asked]
    assert ends == sorted(ends)


def test_a_time_with_more_than_a_run_reads_is_read_on_not_again(site, city, neighbour, monkeypatch, clock):
    city.send()
    deliver(site)
    with site.work() as work:
        work.session.scalars(select(RemoteDelivery)).one().remote_id = "7"
    server = Server(50, 2, 1)
    monkeypatch.setattr(following, "MOST_PAGES", 10)
    monkeypatch.setattr(GeoReportClient, "updates", server.page)
    monkeypatch.setattr(GeoReportClient, "requests", lambda *_: [])
    for _turn in range(3):
        fetch(site)
        clock.advance(minutes=5)
    pages = [page for _start, _end, page in server.asked]
    assert pages[:28] == [*range(1, 11), *range(10, 20), *range(19, 27)]
    assert len({(start, end) for start, end, _page in server.asked[:28]}) == 1
