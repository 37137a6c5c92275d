"""Sending, reports nearby, "me too": the rules, with the database."""

import pytest
from civicportal_reports.models import Report
from civicportal_reports.nearby import NearbyService
from civicportal_reports.relocation import relocate
from civicportal_reports.services import ReportService
from sqlalchemy import func, select

from civicportal.api.cases import Case, CaseService, FollowerService, kind_of
from civicportal.api.geo import Point
from civicportal.api.notifications import NotificationService
from civicportal.api.organization import OrganizationService
from civicportal.api.people import Identity
from civicportal.api.plugins import Forbidden, NotFound, Refused
from civicportal.testing import outbox, plan

pytestmark = pytest.mark.both_databases

KEY = "k" * 22
METRE = 1 / 111_195  # degrees of latitude


def moved(point, metres):
    return Point(point.lat + metres * METRE, point.lon)


class TestSending:
    def test_a_report_is_named_by_us_and_goes_to_its_categorys_unit(self, city):
        case = city.case(city.send(body="اسم من مریم است و اینجا چاله است."))
        assert case.subject == "موضوع pothole، خیابان آزادی"
        assert case.place == "خیابان آزادی، منطقهٔ یک"
        assert (case.kind, case.status, case.source) == ("reports", "registered", "web")
        with city.site.work(write=False) as work:
            report = work.session.get(Report, case.id)
            assert (report.point, report.district, report.street) == (city.street, "منطقهٔ یک", "خیابان آزادی")

    def test_the_citizen_hears_of_it(self, city):
        code = city.send()
        with city.site.work(write=False) as work:
            (message,) = outbox(work, city.citizen.mobile)
            assert message.kind == "reports.registered"
            assert code in work.get(NotificationService).text_of(message)

    def test_the_same_form_sent_twice_is_one_report(self, city):
        first = city.send(idempotency_key=KEY)
        assert city.send(idempotency_key=KEY, body="متن دیگری از همان فرم.") == first
        with city.site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Case)) == 1

    def test_two_citizens_with_one_key_have_two_reports(self, city):
        assert city.send(idempotency_key=KEY) != city.send(idempotency_key=KEY, by=city.other)

    def test_without_a_proved_mobile_nothing_is_sent(self, city):
        nobody = Identity(user_id=None, name="", realm="visitor")
        with city.site.work(actor=nobody) as work, pytest.raises(Forbidden):
            city.submit(work)

    def test_the_picture_of_another_person_is_not_taken(self, city):
        with pytest.raises(NotFound), city.site.work(actor=city.citizen) as work:
            city.submit(work, photos=["a" * 22], owner="me")
        with city.site.work(write=False) as work:
            assert work.session.scalar(select(func.count()).select_from(Case)) == 0


class TestRouting:
    def test_hook_route_case_sends_a_report_to_the_unit_at_work_nearby(self, city):
        first = city.send(point=city.street)
        other = city.take_up(first)
        second = city.send(point=moved(city.street, 10))
        far = city.send(point=moved(city.street, 200))
        with city.site.work(write=False) as work:
            units = {
                case.code: work.get(OrganizationService).units.by_id[case.unit_id].key
                for case in work.session.scalars(select(Case))
            }
        assert units[second] == other
        assert units[far] != other

    def test_a_new_map_updates_the_names_of_places(self, city):
        code = city.send(point=city.street)
        with city.site.work() as work:
            report = work.session.scalars(select(Report).join(Case).where(Case.code == code)).one()
            street, report.street = report.street, "نام کهنه"
        assert relocate(city.site) == 1
        with city.site.work() as work:
            assert work.session.scalars(select(Report.street)).one() == street
        assert relocate(city.site) == 0


class TestNearby:
    def found(self, city, point=None, category="pothole"):
        with city.site.work(write=False) as work:
            near = work.get(NearbyService).reports(point or city.street, city.categories[category])
            return [item.code for item in near]

    def test_within_fifty_metres_the_nearest_first(self, city):
        far, near, _outside = (city.send(point=moved(city.street, metres)) for metres in (48, 10, 53))
        assert self.found(city) == [near, far]

    def test_of_the_same_root_category(self, city):
        code = city.send("sidewalk")
        city.send("bin")
        assert self.found(city, category="pothole") == [code]

    def test_only_open_ones(self, city):
        code = city.send()
        city.step(code, "close", public_text="انجام شد.")
        assert self.found(city) == []

    def test_also_what_came_since_it_was_asked(self, city):
        assert self.found(city) == []
        code = city.send()
        assert self.found(city) == [code]

    def test_which_reports_of_a_square_are_young_is_told_by_the_index_of_places(self, city, filled_tables):
        square = (Report.lat.between(31, 31.1), Report.lon.between(52, 52.1), Report.case_id >= 5)
        with filled_tables(city.site) as tables:
            found = plan(tables, select(Report.case_id, Report.lat, Report.lon).where(*square))
        assert "ix_reports_report_lat_lon_case_id" in found
        assert "COVERING" in found or "Index Only" in found

    def test_sixty_days_at_most(self, city, clock):
        city.send()
        clock.advance(days=59)
        assert len(self.found(city)) == 1
        clock.advance(days=2)
        assert self.found(city) == []


class TestMeToo:
    def test_another_citizen_follows(self, city):
        case = city.case(city.send())
        with city.site.work(actor=city.other) as work:
            service = work.get(ReportService)
            service.me_too(service.open_case(case.id))
        with city.site.work(write=False) as work:
            assert city.other.user_id in work.get(FollowerService).audience(case)

    def test_the_owner_does_not_follow_twice(self, city):
        case = city.case(city.send())
        with city.site.work(actor=city.citizen) as work:
            work.get(ReportService).me_too(work.session.merge(case))
        with city.site.work(write=False) as work:
            assert [*work.get(FollowerService).audience(case)] == [city.citizen.user_id]

    def test_staff_do_not_follow(self, city):
        case = city.case(city.send())
        with pytest.raises(Forbidden), city.site.work(actor=city.officer) as work:
            work.get(ReportService).me_too(work.session.merge(case))

    def test_a_closed_report_that_is_not_published_cannot_be_followed(self, city):
        code = city.send()
        city.step(code, "reject", public_text="مورد دیده نشد.")
        case = city.case(code)
        with city.site.work(actor=city.other) as work, pytest.raises(NotFound):
            work.get(ReportService).open_case(case.id)
        city.publish(code)
        with city.site.work(actor=city.other) as work:
            assert work.get(ReportService).open_case(case.id).code == code


class TestReopening:
    def test_its_citizen_may_within_seven_days(self, city, clock):
        code = city.send()
        city.step(code, "close", public_text="انجام شد.")
        clock.advance(days=6)
        city.step(code, "reopen", by=city.citizen, public_text="هنوز هست.")
        assert city.case(code).status == "in_review"

    def test_its_citizen_may_not_later_but_staff_may(self, city, clock):
        code = city.send()
        city.step(code, "close", public_text="انجام شد.")
        clock.advance(days=8)
        with pytest.raises(Refused):
            city.step(code, "reopen", by=city.citizen, public_text="هنوز هست.")
        city.step(code, "reopen", public_text="به درخواست شهروند.")
        assert city.case(code).status == "in_review"


def test_routing_rules_may_ask_for_the_district(city):
    kind = kind_of(city.site, "reports")
    code = city.send(point=city.other_district)
    with city.site.work(write=False) as work:
        assert kind.facts(work.get(CaseService).fetch(code), work) == {"district": "منطقهٔ دو"}
