"""Following a part of the city or a category: one message a day, if there is something new."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from civicportal_reports.digest import DigestService, send_digests
from civicportal_reports.models import Subscription
from civicportal_reports.subscriptions import MOST, AreaChoice, SubscriptionService
from sqlalchemy import func, select

from civicportal.api.cases import CaseEvent, CaseService
from civicportal.api.notifications import InboundService
from civicportal.api.people import User
from civicportal.api.plugins import Forbidden, Refused
from civicportal.testing import outbox


def follow(city, **what):
    with city.site.work(actor=city.other) as work:
        work.get(SubscriptionService).add(AreaChoice(**what))


def publish(city, *places, clock):
    for key, point in places:
        city.publish(city.send(key, point), by=city.stranger if key == "bin" else city.officer)
    clock.advance(minutes=15)


def told(city):
    with city.site.work(write=False) as work:
        return [one.text for one in outbox(work, city.other.mobile) if one.kind == "reports.digest"]


@pytest.mark.both_databases
class TestDigest:
    def test_counts_what_was_published_where_one_follows(self, city, clock):
        follow(city, category="roads")
        follow(city, near=city.other_district, metres=500)
        publish(
            city,
            ("pothole", city.street),
            ("bin", city.other_district),
            ("bin", city.street),
            ("sidewalk", city.other_district),
            clock=clock,
        )
        send_digests(city.site)
        (text,) = told(city)
        assert "۳ گزارش تازه" in text
        assert "لغو" in text

    def test_says_nothing_twice_and_nothing_without_news(self, city, clock):
        publish(city, ("pothole", city.street), clock=clock)
        follow(city, district="منطقهٔ یک")
        send_digests(city.site)
        assert told(city) == []
        publish(city, ("pothole", city.street), clock=clock)
        for _day in range(3):
            send_digests(city.site)
            clock.advance(days=1)
        assert len(told(city)) == 1

    def test_is_one_message_a_day_and_the_next_day_counts_the_rest(self, city, clock):
        follow(city, category="roads")
        for _run in range(2):
            publish(city, ("pothole", city.street), clock=clock)
            send_digests(city.site)
        assert len(told(city)) == 1
        clock.advance(days=1)
        send_digests(city.site)
        assert len(told(city)) == 2
        assert "۱ گزارش تازه" in told(city)[0]

    def test_leaves_out_ones_own_reports_hidden_ones_and_those_not_published(self, city, clock):
        with city.site.work(actor=city.citizen) as work:
            work.get(SubscriptionService).add(AreaChoice(category="roads"))
        follow(city, category="bin")
        city.send("bin", city.street)
        publish(city, ("pothole", city.street), clock=clock)
        send_digests(city.site)
        with city.site.work(write=False) as work:
            assert [one for one in outbox(work) if one.kind == "reports.digest"] == []

    def test_an_imported_entry_does_not_end_the_wait_for_those_before_it(self, city, clock):
        """Its id is high and its date old; a publication with a lower id may not be written yet."""
        follow(city, category="roads")
        code = city.send("pothole", city.street)
        city.publish(code)
        with city.site.work() as work:
            case = work.get(CaseService).fetch(code)
            long_ago = clock.now() - timedelta(days=400)
            work.session.add(CaseEvent(case_id=case.id, type="comment", realm="staff", at=long_ago))
        with city.site.work(write=False) as work:
            assert work.get(DigestService).due() == (0, {})
        clock.advance(minutes=15)
        send_digests(city.site)
        assert len(told(city)) == 1

    def test_is_not_sent_to_disabled_accounts(self, city, clock):
        follow(city, category="roads")
        with city.site.work() as work:
            work.session.get_one(User, city.other.user_id).disabled_at = work.clock.now()
        publish(city, ("pothole", city.street), clock=clock)
        send_digests(city.site)
        assert told(city) == []

    @pytest.mark.parametrize("word", ["لغو", "«لغو»؟"])
    def test_the_word_of_the_message_ends_it(self, city, clock, word):
        follow(city, category="roads")
        with city.site.work() as work:
            work.get(InboundService).keep("test:1", city.other.mobile, word, clock.now())
        InboundService.answer_waiting(city.site)
        with city.site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Subscription)) == 0


class TestRules:
    def test_the_same_is_followed_once_and_not_too_much(self, city):
        for _twice in range(2):
            follow(city, category="roads")
        for metres in range(MOST - 1):
            follow(city, near=city.street, metres=500 + metres)
        with pytest.raises(Refused):
            follow(city, category="bin")
        with city.site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Subscription)) == MOST

    def test_something_must_be_chosen(self, city):
        with pytest.raises(Refused):
            follow(city)

    def test_officers_follow_nothing(self, city):
        with city.site.work(actor=city.officer) as work, pytest.raises(Forbidden):
            work.get(SubscriptionService).add(AreaChoice(category="roads"))


class TestPage:
    def test_a_visitor_signs_in_first(self, app, city):
        assert "/login" in app.get("/reports/follow?category=roads", status=303).location

    def test_follows_what_the_list_shows_and_stops(self, app, city, sign_in):
        sign_in(city.citizen)
        assert app.get("/account").html.select("a[href='/reports/follow']")
        link = app.get(f"/reports?category=roads&place={quote('کوچهٔ بهار')}").html.select_one(
            "a[href*='/reports/follow']"
        )
        form = app.get(link["href"]).forms["follow-form"]
        assert form["category"].value == "roads"
        assert form["near"].value == "31.0200,52.0100"
        page = form.submit(status=303).follow(status=200)
        assert "ریشهٔ roads · جایی روی نقشه" in page.text
        stopped = page.html.select_one("button[name=stop]")["value"]
        other = next(form for form in page.forms.values() if "stop" in form.fields)
        other.submit("stop", value=stopped, status=303)
        assert not app.get("/reports/follow").html.select("button[name=stop]")

    def test_a_refused_form_keeps_its_place_and_distance(self, app, city, sign_in):
        with city.site.work(actor=city.citizen) as work:
            for metres in range(MOST):
                work.get(SubscriptionService).add(AreaChoice(near=city.street, metres=500 + metres))
        sign_in(city.citizen)
        form = app.get("/reports/follow?near=31.0203,52.0157&within=5000").forms["follow-form"]
        kept = form.submit(status=422).forms["follow-form"]
        assert (kept["near"].value, kept["within"].value) == ("31.0203,52.0157", "5000")

    def test_names_what_is_missing(self, app, city, sign_in):
        sign_in(city.citizen)
        page = app.get("/reports/follow").forms["follow-form"].submit(status=422)
        assert "لطفاً یک موضوع، یک منطقه" in page.text
