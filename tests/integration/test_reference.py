"""Reference data is cached by each process, and reloaded when any process has changed it."""

import pytest
from sqlalchemy import event, update

from civicportal.core.branding.values import STALE
from civicportal.core.reference import LONGEST, VISITORS
from civicportal.core.security import Identity
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.testing import make_staff, make_unit
from civicportal.web.counting import statements

pytestmark = pytest.mark.both_databases


@pytest.fixture
def unit(site):
    with site.work() as work:
        return make_unit(work, "lights", name="Lights").id


def name(site, unit_id, **options):
    with site.work(write=False, **options) as work:
        return work.get(OrganizationService).unit_name(unit_id)


def rename(site, unit_id, text):
    with site.work() as work:
        work.session.get(Unit, unit_id).name = text


def test_a_second_unit_of_work_asks_for_the_stamp_alone(site, unit):
    assert name(site, unit) == "Lights"
    with statements(site.engines.read) as texts:
        assert name(site, unit) == "Lights"
    assert [text.split("FROM")[1].split()[0] for text in texts] == ["reference_stamp"]


def test_a_change_is_seen_by_this_process_and_by_another(site, other_process, unit):
    assert [name(one, unit) for one in (site, other_process)] == ["Lights", "Lights"]
    rename(other_process, unit, "Lamps")
    assert [name(one, unit) for one in (site, other_process)] == ["Lamps", "Lamps"]


def test_a_statement_that_changes_many_rows_is_a_change_too(site, other_process, unit):
    assert name(other_process, unit) == "Lights"
    with site.work() as work:
        work.session.execute(update(Unit).values(name="All"))
    assert name(other_process, unit) == "All"


def test_uncommitted_reference_data_is_not_shared(site, unit):
    class Broken(Exception):
        pass

    with pytest.raises(Broken), site.work() as work:
        work.session.get(Unit, unit).name = "Lamps"
        assert work.get(OrganizationService).unit_name(unit) == "Lamps"
        raise Broken
    assert name(site, unit) == "Lights"


def test_visitors_see_a_change_of_their_own_process_at_once(site, unit):
    assert name(site, unit, actor=Identity.VISITOR) == "Lights"
    rename(site, unit, "Lamps")
    assert name(site, unit, actor=Identity.VISITOR) == "Lamps"


def test_a_request_of_staff_takes_one_statement_to_know_who_asks(site, app, sign_in, unit):
    with site.work() as work:
        person = make_staff(work, unit=work.session.get(Unit, unit))
    sign_in(person)
    app.get("/offline")
    with statements(site.engines.read) as texts:
        app.get("/offline", status=200)
    assert len(texts) == 1, texts


class TestAge:
    """What was kept grows old by the clock of the site, the same whatever else the machine is busy with."""

    @pytest.mark.parametrize(("seconds", "asked"), [(0, 1), (LONGEST, 1), (LONGEST + 1, 2), (-1, 2)])
    def test_a_row_that_was_changed_by_hand_is_seen_in_the_end(self, site, clock, unit, seconds, asked):
        name(site, unit)
        clock.advance(seconds=seconds)
        with statements(site.engines.read) as texts:
            name(site, unit)
        assert len(texts) == asked

    @pytest.mark.parametrize(("seconds", "asked"), [(STALE, 0), (STALE + 1, 1), (-1, 1)])
    def test_the_words_of_the_city_too(self, site, clock, seconds, asked):
        site.branding_cache.current()
        clock.advance(seconds=seconds)
        with statements(site.engines.read) as texts:
            site.branding_cache.current()
        assert len(texts) == asked

    def test_what_a_database_takes_long_for_is_not_stale_when_it_comes(self, site, clock, unit):
        def take_long(*_statement):
            clock.advance(seconds=STALE + VISITORS)

        site.branding_cache.current()
        name(site, unit, actor=Identity.VISITOR)
        clock.advance(seconds=STALE + VISITORS)
        event.listen(site.engines.read, "before_cursor_execute", take_long)
        for ask in (site.branding_cache.current, lambda: name(site, unit, actor=Identity.VISITOR)):
            with statements(site.engines.read) as texts:
                for _template in range(3):
                    ask()
            assert len(texts) == 1
        event.remove(site.engines.read, "before_cursor_execute", take_long)
