"""Reports are delivered to another city that is really served, at most once, whatever happens between."""

from datetime import timedelta
from inspect import getmodule

import pytest
from civicportal_reports.open311_client import delivery, remote
from civicportal_reports.open311_client.delivery import bears, deliver, deliver_once
from civicportal_reports.open311_client.models import RemoteHealth
from civicportal_reports.open311_client.services import RemoteService
from two_cities import add_rule, add_server, change_rule, change_server, deliveries, photo, said

from civicportal.api.cases import AttachmentService, CaseService
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.api.outgoing import DeliveryQueue
from civicportal.api.people import User

pytestmark = pytest.mark.both_databases


@pytest.fixture
def health(site, neighbour):
    def health():
        with site.work(write=False) as work:
            return work.session.get(RemoteHealth, neighbour.server_id)

    return health


def trust(site, neighbour):
    """The server has shown us soon after a delivery that it lists what we send."""
    with site.work() as work:
        work.session.add(
            RemoteHealth(server_id=neighbour.server_id, lists_ours=True, failures=0, last_error="")
        )


class TestWhatIsQueued:
    def test_a_new_report_of_the_category_in_its_transaction(self, site, city, neighbour):
        code = city.send()
        [row] = deliveries(site)
        assert (row.state, row.attempts, row.case_id) == ("new", 0, city.case(code).id)
        with pytest.raises(RuntimeError), site.work(actor=city.citizen) as work:
            city.submit(work)
            raise RuntimeError
        assert len(deliveries(site)) == 1

    def test_of_other_categories_nothing(self, site, city, neighbour):
        city.send("sidewalk")
        assert deliveries(site) == []

    def test_of_the_categories_below(self, site, city, neighbour):
        with site.work() as work:
            roads = work.get(OrganizationService).category("reports", "roads").id
        add_rule(site, neighbour.server_id, "pothole", category_id=roads)
        city.send("sidewalk")
        assert len(deliveries(site)) == 1

    def test_what_is_referred_to_the_unit_and_only_once(self, site, city, neighbour):
        with site.work() as work:
            waste = work.get(OrganizationService).unit("waste").id
        add_rule(site, neighbour.server_id, "bin", unit_id=waste)
        code = city.send("sidewalk")
        assert deliveries(site) == []
        city.take_up(code)
        assert len(deliveries(site)) == 1
        with site.work(actor=city.stranger) as work:
            case = work.get(CaseService).fetch(code, "refer", lock=True)
            work.get(KartableService).give_back(case, note="از آنِ ما نیست")
        assert len(deliveries(site)) == 1

    def test_what_a_program_has_sent_is_not_passed_on(self, site, city, neighbour):
        """Or two cities that deliver to each other would send one report for ever."""
        back = add_server(neighbour.site, "https://city.example/open311/v2", "")
        add_rule(neighbour.site, back, "pothole", category_id=neighbour.city.categories["pothole"])
        city.send()
        deliver(site)
        [there] = neighbour.requests()
        neighbour.city.take_up(there.code)
        assert deliveries(neighbour.site) == []

    def test_what_a_citizen_has_sent_with_a_program_of_their_own_is(self, site, city, neighbour):
        city.send(source="open311")
        assert len(deliveries(site)) == 1

    def test_nothing_for_a_server_that_is_off(self, site, city, neighbour):
        with site.work() as work:
            service = work.get(RemoteService)
            service.switch(service.fetch(neighbour.server_id), active=False)
        city.send()
        assert deliveries(site) == []

    def test_the_closest_rule_says_what_it_becomes(self, site, city, neighbour):
        with site.work() as work:
            roads = work.get(OrganizationService).category("reports", "roads").id
            civil = work.get(OrganizationService).unit("civil").id
        add_rule(site, neighbour.server_id, "other", category_id=roads)
        add_rule(site, neighbour.server_id, "bin", unit_id=civil)
        codes = {
            city.case(city.send(key)).id: service
            for key, service in (("pothole", "pothole"), ("sidewalk", "other"))
        }
        deliver(site)
        assert {row.case_id: row.service_code for row in deliveries(site)} == codes


class TestWhatArrives:
    def test_the_report_with_its_number_there(self, site, city, neighbour):
        code = city.send()
        deliver(site)
        [row] = deliveries(site)
        [there] = neighbour.requests()
        assert (row.state, row.remote_id, row.doubtful_at) == ("sent", str(there.id), None)
        assert there.category_id == neighbour.city.categories["pothole"]
        case = city.case(code)
        assert there.body.startswith("چالهٔ عمیقی وسط خیابان است.")
        assert f"#{case.id}" in there.body or f"/reports/{case.id}" in there.body
        assert code not in there.body
        assert there.citizen_id is None

    def test_no_personal_data_unless_an_administrator_wants_it(self, site, city, neighbour):
        body = "من مریم رضایی هستم، ۰۹۱۲۱۲۳۴۵۶۷. چاله عمیق است."
        city.send(body=body)
        deliver(site)
        change_server(site, neighbour.server_id, personal=True)
        city.send(body=body)
        deliver(site)
        masked, full = neighbour.requests()
        assert "رضایی" not in masked.body
        assert "4567" not in masked.body
        assert "۴۵۶۷" not in masked.body
        assert masked.citizen_id is None
        assert full.body.startswith(body)
        with neighbour.site.work(write=False) as work:
            citizen = work.session.get(User, full.citizen_id)
            assert (citizen.mobile, citizen.name) == ("+989000000001", "مریم رضایی")

    @pytest.mark.parametrize("personal", [False, True])
    def test_pictures_as_files(self, app, site, city, neighbour, login, personal):
        change_server(site, neighbour.server_id, personal=personal, pictures="files")
        city.send(photos=[photo(site, city)], owner="test")
        deliver(site)
        [there] = neighbour.requests()
        with neighbour.site.work(write=False) as work:
            kept = work.get(AttachmentService).of_case(there)
        assert len(kept) == (1 if personal else 0)

    def test_addresses_of_published_pictures_only(self, site, city, neighbour, monkeypatch):
        monkeypatch.setattr(type(site), "public_url", "https://portal.example.org")
        change_server(site, neighbour.server_id, personal=True)
        first = city.send(photos=[photo(site, city)], owner="test")
        second = city.send(photos=[photo(site, city)], owner="test")
        city.publish(second)
        deliver(site)
        hidden, shown = neighbour.requests()
        with neighbour.site.work(write=False) as work:
            notes = [work.get(CaseService).events(one)[0].internal_text for one in (hidden, shown)]
        assert "attachments" not in notes[0]
        assert "https://portal.example.org/attachments/" in notes[1]
        assert first != second

    def test_a_closed_case_is_not_delivered(self, site, city, neighbour):
        code = city.send()
        city.step(code, "reject", public_text="تکراری است و رسیدگی نمی‌شود.")
        deliver(site)
        [row] = deliveries(site)
        assert row.state == "dead"
        assert neighbour.requests() == []

    def test_attributes_from_answers_or_fixed_values(self, site, city, neighbour):
        [rule] = rules(site, neighbour)
        definition = [
            {"code": "lane", "title": "Lane", "type": "string", "required": True, "values": []},
        ]
        change_rule(site, rule.id, definition=definition)
        city.send()
        deliver(site)
        [row] = deliveries(site)
        assert row.state == "dead"
        assert "Lane" in row.last_error
        assert neighbour.requests() == []
        change_rule(site, rule.id, attributes={"lane": {"question": "", "value": "left"}})
        with site.work() as work:
            service = work.get(RemoteService)
            assert service.deliver_again(service.fetch(neighbour.server_id)) == 1
        deliver(site)
        # The server asks nothing of the kind, and says so.
        [row] = deliveries(site)
        assert row.state == "dead"
        assert "attribute[lane]" in row.last_error


class TestCuts:
    @pytest.mark.parametrize("status", ["503 Busy", "429 Too Many", "403 Forbidden", "302 Found"])
    def test_what_was_refused_is_tried_again_later(self, site, city, neighbour, clock, health, status):
        neighbour.cuts.before.append(said(status, b"[]", Location="http://127.0.0.1:1/"))
        city.send()
        deliver(site)
        [row] = deliveries(site)
        assert (row.state, row.attempts, row.doubtful_at) == ("new", 1, None)
        assert row.last_error
        assert health().failures == 1
        assert not deliver_once(site)
        clock.advance(minutes=2)
        deliver(site)
        [row] = deliveries(site)
        assert (row.state, row.attempts, len(neighbour.requests())) == ("sent", 2, 1)
        assert health().failures == 0

    @pytest.mark.parametrize("status", ["400 Bad", "404 Not Found"])
    def test_what_is_refused_for_good_fails_and_is_delivered_by_hand(self, site, city, neighbour, status):
        body = '[{"code": 400, "description": "نامعتبر، تلفن ۰۹۱۲۱۲۳۴۵۶۷"}]'.encode()
        neighbour.cuts.before.append(said(status, body))
        city.send()
        deliver(site)
        [row] = deliveries(site)
        assert row.state == "dead"
        assert "نامعتبر" in row.last_error
        assert "4567" not in row.last_error
        assert "۴۵۶۷" not in row.last_error.replace("***۴۵۶۷", "")
        with site.work() as work:
            service = work.get(RemoteService)
            service.deliver_again(service.fetch(neighbour.server_id), row)
        deliver(site)
        assert deliveries(site)[0].state == "sent"

    @pytest.mark.parametrize(
        "answer",
        [
            said("500 Broken", b"<h1>oops</h1>"),
            said("200 OK", b"no json"),
            said("200 OK", b"[" * 100_000),
            said("200 OK", b"{}"),
            said("200 OK", b"x" * 6_000_000),
            said("504 Timeout"),
        ],
        ids=["500", "garbage", "deep", "object", "huge", "504"],
    )
    @pytest.mark.parametrize("trusted", [True, False])
    def test_an_answer_that_says_nothing_never_doubles(self, site, city, neighbour, clock, answer, trusted):
        if trusted:
            trust(site, neighbour)
        neighbour.cuts.after.append(answer)
        city.send()
        deliver(site)
        [row] = deliveries(site)
        assert row.state == "new"
        assert row.doubtful_at is not None
        clock.advance(minutes=5)
        deliver(site)
        [row] = deliveries(site)
        [there] = neighbour.requests()
        assert (row.state, row.remote_id) == ("sent", str(there.id))

    def test_a_server_that_hangs_has_it_once(self, site, city, neighbour, clock, monkeypatch):
        monkeypatch.setattr(remote, "SEND_SECONDS", 1.0)
        neighbour.cuts.hangs = True
        city.send()
        deliver(site)
        assert deliveries(site)[0].doubtful_at is not None
        clock.advance(minutes=5)
        deliver(site)
        assert [row.state for row in deliveries(site)] == ["sent"]
        assert len(neighbour.requests()) == 1

    @pytest.mark.parametrize("trusted", [True, False])
    def test_what_has_not_arrived_is_sent_again_only_if_that_is_certain(
        self, site, city, neighbour, clock, trusted
    ):
        if trusted:
            trust(site, neighbour)
        neighbour.cuts.before.append(said("500 Broken"))
        city.send()
        deliver(site)
        clock.advance(minutes=5)
        deliver(site)
        [row] = deliveries(site)
        assert row.state == ("sent" if trusted else "unclear")
        assert len(neighbour.requests()) == (1 if trusted else 0)
        if not trusted:
            with site.work() as work:
                service = work.get(RemoteService)
                service.deliver_again(service.fetch(neighbour.server_id), row)
            deliver(site)
            assert deliveries(site)[0].state == "sent"
            assert len(neighbour.requests()) == 1

    def test_a_person_can_name_the_number_of_an_unclear_one(self, site, city, neighbour, clock):
        neighbour.cuts.before.append(said("500 Broken"))
        city.send()
        deliver(site)
        clock.advance(minutes=5)
        deliver(site)
        with site.work() as work:
            service = work.get(RemoteService)
            server = service.fetch(neighbour.server_id)
            row, _case = service.delivery(server, deliveries(site)[0].id)
            service.note_arrived(server, row, "4711")
        assert [(row.state, row.remote_id) for row in deliveries(site)] == [("sent", "4711")]

    @pytest.mark.parametrize("place", ["leased", "sent"])
    def test_a_worker_that_is_killed(self, site, city, neighbour, clock, monkeypatch, place):
        trust(site, neighbour)

        class Killed(BaseException):
            pass

        def gone(where, parcel):
            if place == "sent":
                real(where, parcel)
            raise Killed

        real = delivery.send
        city.send()
        with monkeypatch.context() as patch:
            patch.setattr(delivery, "send", gone)
            with pytest.raises(Killed):
                deliver(site)
        assert deliveries(site)[0].state == "leased"
        deliver(site)
        assert deliveries(site)[0].state == "leased"
        clock.advance(minutes=2)
        deliver(site)
        assert len(neighbour.requests()) == (1 if place == "sent" else 0)
        clock.advance(minutes=3)
        deliver(site)
        [row] = deliveries(site)
        assert (row.state, row.remote_id) == ("sent", str(neighbour.requests()[0].id))
        assert len(neighbour.requests()) == 1

    def test_a_private_address_is_not_reached(self, site, city, neighbour, monkeypatch):
        monkeypatch.setitem(site.settings, "webhooks", {**site.settings["webhooks"], "private_networks": []})
        city.send()
        deliver(site)
        [row] = deliveries(site)
        assert (row.state, row.doubtful_at) == ("new", None)
        assert neighbour.cuts.calls == []

    def test_nobody_there_is_no_doubt(self, site, city, neighbour):
        change_server(site, neighbour.server_id, address="http://127.0.0.1:9/open311/v2")
        city.send()
        deliver(site)
        [row] = deliveries(site)
        assert (row.state, row.doubtful_at) == ("new", None)

    def test_after_a_week_it_has_failed(self, site, city, neighbour, clock):
        neighbour.cuts.before += [said("503 Busy")] * 50
        city.send()
        for _hour in range(24 * 8 // 6):
            deliver(site)
            clock.advance(hours=6)
        delivery.give_up(site)
        [row] = deliveries(site)
        assert row.state == "dead"
        assert neighbour.requests() == []

    def test_a_new_key_lets_what_waits_go(self, site, city, neighbour, health):
        key = None
        with site.work() as work:
            service = work.get(RemoteService)
            server = service.fetch(neighbour.server_id)
            key = service.address_of(server).api_key
            service.change(server, {}, "wrong")
        city.send()
        deliver(site)
        assert deliveries(site)[0].state == "new"
        with site.work() as work:
            service = work.get(RemoteService)
            service.change(service.fetch(neighbour.server_id), {}, key)
        deliver(site)
        assert deliveries(site)[0].state == "sent"
        assert health().failures == 0


def test_after_a_restore_nothing_is_sent(site, city, neighbour):
    city.send()
    with site.work() as work:
        told = [line for lines in site.hooks.hook.portal_restored(work=work) for line in lines]
    assert any("Open311" in line for line in told)
    deliver(site)
    assert [row.state for row in deliveries(site)] == ["new"]
    assert neighbour.requests() == []


def test_our_reference_is_not_the_beginning_of_another():
    assert bears("متن\n\nhttps://a.example/reports/12", "https://a.example/reports/12")
    assert not bears("https://a.example/reports/123", "https://a.example/reports/12")


def test_the_times_fit_into_a_lease():
    lease, client = (getmodule(one) for one in (DeliveryQueue, DeliveryQueue.Client))
    assert timedelta(seconds=client.TOTAL_SECONDS + remote.SEND_SECONDS + 10) < lease.LEASE
    assert delivery.SETTLES > lease.LEASE


def rules(site, neighbour):
    with site.work(write=False) as work:
        return work.get(RemoteService).rules(neighbour.server_id)
