"""The counters of places say what the reports say, whatever happens to them."""

import runpy
from pathlib import Path

import civicportal_reports
import pytest
from civicportal_reports.grid import Cell
from civicportal_reports.models import PlaceCount, Report
from civicportal_reports.place_counts import LEVELS, PLACES, summed
from civicportal_reports.places import Location
from civicportal_reports.relocation import relocate
from integration.concurrent import concurrently
from sqlalchemy import delete, func, select, text, update

from civicportal.api.cases import Case, CaseService
from civicportal.api.plugins import Refused
from civicportal.testing import CounterTableService, UndoService

pytestmark = pytest.mark.both_databases


def counted(work):
    return work.session.scalar(
        select(func.coalesce(func.sum(PlaceCount.n), 0)).where(PlaceCount.level == LEVELS[0])
    )


def test_every_step_is_counted(city):
    codes = [city.send(), city.send(point=city.other_district), city.send("sidewalk", by=city.other)]
    city.step(codes[0], "start_review")
    city.take_up(codes[1], "waste")
    city.step(codes[2], "reject", public_text="چنین جایی نیست.")
    city.publish(codes[0])
    with city.site.work() as work:
        service = work.get(CounterTableService)
        assert list(service.counter_tables()) == [PLACES]
        assert service.differences(PLACES) == []
        assert counted(work) == 3
        row = work.session.execute(
            select(PlaceCount).where(PlaceCount.public, PlaceCount.n > 0, PlaceCount.level == LEVELS[1])
        ).scalar_one()
        assert (row.grid_row, row.grid_column) == Cell.of(city.street, LEVELS[1])
        assert (row.district, row.status, row.n) == ("منطقهٔ یک", "in_review", 1)


def test_a_step_back_is_counted_back(city):
    code = city.send()
    city.step(code, "start_review")
    with city.site.work(actor=city.officer) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        undo = work.get(UndoService)
        undo.undo(case, undo.last(case).id)
    with city.site.work() as work:
        assert work.get(CounterTableService).differences(PLACES) == []


def test_a_report_without_a_point_counts_nowhere(city):
    with city.site.work(actor=city.citizen) as work:
        code = city.submit(work, location=Location(point=None, address="کنار بانک")).code
    city.step(code, "start_review")
    with city.site.work() as work:
        assert counted(work) == 0
        assert work.get(CounterTableService).differences(PLACES) == []


def test_a_step_that_is_refused_changes_no_counter(city):
    code = city.send()
    with city.site.work(actor=city.officer) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        with pytest.raises(Refused):
            work.get(CaseService).apply(case, "duplicate", data={"duplicate_of": code})
    with city.site.work() as work:
        assert work.get(CounterTableService).differences(PLACES) == []


def test_wrong_counters_are_found_and_rebuilt(city):
    city.send()
    city.send(point=city.other_district)
    with city.site.work() as work:
        service = work.get(CounterTableService)
        work.session.execute(update(PlaceCount).values(n=7))
        assert len(service.differences(PLACES)) == 16
        assert service.rebuild(PLACES) == 8
        assert service.differences(PLACES) == []


def test_another_map_moves_the_counters(city):
    code = city.send()
    with city.site.work() as work:
        work.session.execute(update(Report).values(district="کهنه"))
        work.get(CounterTableService).rebuild(PLACES)
    assert relocate(city.site) == 1
    with city.site.work() as work:
        assert work.get(CounterTableService).differences(PLACES) == []
        counted = select(PlaceCount.district).where(PlaceCount.n != 0)
        assert set(work.session.scalars(counted)) == {"منطقهٔ یک"}
    assert city.case(code).status == "registered"


# These write inside another writer, which SQLite does not allow.
@pytest.mark.one_database("postgresql")
def test_others_work_during_a_rebuild(city):
    code, elsewhere = city.send(), city.send(point=city.other_district)
    with city.site.work() as work:
        district = work.session.scalar(select(Report.district).join(Case).where(Case.code == elsewhere))
        work.session.execute(update(PlaceCount).where(PlaceCount.district == district).values(n=7))
    with city.site.work() as work:
        work.get(CounterTableService).rebuild(PLACES)
        city.send()
        city.step(code, "start_review")
    with city.site.work() as work:
        assert work.get(CounterTableService).differences(PLACES) == []


@pytest.mark.one_database("postgresql")
def test_a_step_and_another_map_at_one_moment(city):
    code = city.send()
    with city.site.work() as work:
        work.session.execute(update(Report).values(district="کهنه"))
        work.get(CounterTableService).rebuild(PLACES)

    def is_moving(statement):
        return statement.startswith("UPDATE reports_report")

    with concurrently(city.site, lambda: city.step(code, "start_review"), before=is_moving):
        assert relocate(city.site) == 1
    assert city.case(code).status == "in_review"
    with city.site.work() as work:
        assert work.get(CounterTableService).differences(PLACES) == []


@pytest.mark.parametrize(
    ("level", "name"), [(LEVELS[0], "0003_summed_places.py"), (LEVELS[1], "0004_summed_districts.py")]
)
def test_places_of_before_are_summed_when_the_tables_are_migrated(city, level, name):
    codes = [city.send(), city.send("sidewalk"), city.send(point=city.other_district)]
    city.step(codes[0], "start_review")
    migration = Path(civicportal_reports.__file__).parent / "migrations/versions" / name
    with city.site.work() as work:
        work.session.execute(delete(PlaceCount).where(PlaceCount.level == summed(level)))
        assert len(work.get(CounterTableService).differences(PLACES)) == 3
        work.session.execute(text(runpy.run_path(str(migration))["FILL"]))
        assert work.get(CounterTableService).differences(PLACES) == []
        of_all = select(func.sum(PlaceCount.n)).where(PlaceCount.level == summed(level))
        assert work.session.scalar(of_all) == counted(work) == 3
