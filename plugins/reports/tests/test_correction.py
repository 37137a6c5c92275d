"""Correction of reports: the pin, its street and district, and the counters of places."""

import pytest
from civicportal_reports.correction import initial
from civicportal_reports.models import Report
from civicportal_reports.place_counts import PLACES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from civicportal.api.cases import Case, CaseService
from civicportal.api.organization import Category
from civicportal.api.plugins import Refused
from civicportal.testing import CorrectionService, CounterTableService, UndoService

pytestmark = pytest.mark.both_databases


def correct(city, code, *, lat=None, lon=None, address="", street="", category=None, **more):
    with city.site.work(actor=city.officer) as work:
        case = work.get(CaseService).fetch(code, lock=True)
        own = {"place": {"lat": lat, "lon": lon, "address": address}, "street": street}
        chosen = work.session.get(Category, city.categories[category]) if category else None
        return work.get(CorrectionService).correct(case, category=chosen, own=own, **more).id


def place(city, code):
    with city.site.work(write=False) as work:
        case, report = work.session.execute(select(Case, Report).join(Report).where(Case.code == code)).one()
        assert work.get(CounterTableService).differences(PLACES) == []
        return case.subject, case.place, report.point, report.street, report.district


def point(of):
    return {"lat": of.lat, "lon": of.lon}


def test_a_moved_pin_gets_district_street_and_subject_of_its_new_place(city):
    code = city.send()
    before = place(city, code)
    event = correct(city, code, **point(city.other_district), address="کنار بانک")
    subject, address, moved, _street, district = place(city, code)
    assert (moved, district) == (city.other_district, "منطقهٔ دو")
    assert address.startswith("کنار بانک، ")
    assert address.endswith("منطقهٔ دو")
    assert subject == before[0].replace(before[3], _street or district)
    with city.site.work(actor=city.officer) as work:
        work.get(UndoService).undo(work.get(CaseService).fetch(code, lock=True), event)
    assert place(city, code) == before


def test_an_edited_subject_stays(city):
    code = city.send()
    correct(city, code, **point(city.street), subject="چالهٔ روبه‌روی مدرسه")
    correct(city, code, **point(city.other_district), category="bin")
    assert place(city, code)[0] == "چالهٔ روبه‌روی مدرسه"


def test_the_address_alone_is_corrected_and_the_pin_stays(city):
    code = city.send()
    before = place(city, code)
    correct(city, code, lat=city.street.lat + 0.000001, lon=city.street.lon, address="روبه‌روی بانک")
    after = place(city, code)
    assert after[1] == f"روبه‌روی بانک، {before[1]}"
    assert after[2:] == before[2:]
    with pytest.raises(Refused):
        correct(city, code, **point(city.street), address="روبه‌روی بانک")


def test_words_that_end_like_the_name_of_a_district_are_kept(city):
    code = city.send()
    with city.site.work() as work:
        case, report = work.session.execute(select(Case, Report).join(Report).where(Case.code == code)).one()
        case.place, report.street, report.district = "ورزشگاه آزادی", "", "آزادی"
        values = {
            "place": case.place,
            "lat": report.lat,
            "lon": report.lon,
            "street": "",
            "district": "آزادی",
        }
        assert initial(values, work)["place"]["address"] == "ورزشگاه آزادی"
        assert "address" not in initial({**values, "place": "آزادی"}, work)["place"]
        assert initial({**values, "place": "پلاک ۲، آزادی"}, work)["place"]["address"] == "پلاک ۲"


def test_the_history_says_whether_a_pin_was_set_moved_or_removed(city, app, sign_in):
    code = city.send()
    correct(city, code, address="جلوی پارک")
    correct(city, code, **point(city.street), address="جلوی پارک")
    correct(city, code, **point(city.other_district), address="جلوی پارک")
    sign_in(city.officer)
    history = app.get(f"/kartable/cases/{code}", status=200).html.select(".tl > li")
    said = ("محل نشانگر روی نقشه تغییر کرد", "محل روی نقشه مشخص شد", "نشانگر از روی نقشه برداشته شد")
    for entry, line in zip(history, said, strict=False):
        assert line in entry.text


def test_a_pin_moves_to_a_street_by_its_name(city):
    code = city.send(point=city.other_district)
    with pytest.raises(Refused) as unknown:
        correct(city, code, **point(city.other_district), street="خیابان آزاد")
    assert unknown.value.field == "street"
    assert "خیابان آزادی" in unknown.value.reason.interpolate()
    correct(city, code, **point(city.other_district), street="خیابان آزادی")
    assert place(city, code)[3] == "خیابان آزادی"


def test_a_place_outside_the_city_is_refused_at_its_field(city):
    code = city.send()
    with pytest.raises(Refused) as outside:
        correct(city, code, lat=35.0, lon=51.0)
    assert outside.value.field == "place"
    assert place(city, code)[2] == city.street


def test_counters_of_places_are_exact_after_random_corrections(city):
    codes = [city.send(), city.send("sidewalk", city.other_district)]
    spots = st.sampled_from((city.street, city.other_district, None))
    topics = st.sampled_from((None, "pothole", "bin", "other"))
    story = st.lists(st.tuples(st.sampled_from(codes), spots, topics, st.booleans()), min_size=1, max_size=6)
    corrected = []

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(story)
    def play(steps):
        for code, spot, topic, undone in steps:
            try:
                values = point(spot) if spot else {"address": "جلوی پارک"}
                event = correct(city, code, **values, category=topic)
            except Refused:
                continue
            corrected.append(event)
            place(city, code)
            if undone:
                with city.site.work(actor=city.officer) as work:
                    work.get(UndoService).undo(work.get(UndoService).fetch(code), event)
                place(city, code)

    play()
    assert corrected
