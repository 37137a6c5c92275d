"""A case is found by the code that the earlier system gave it, with the same proof as by its own."""

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.domain.cases.finding import FindService
from civicportal.domain.cases.models import Case, CaseReference
from civicportal.testing import identity

from . import legacy


@pytest.fixture
def moved(city, run, tmp_path):
    run(legacy.write(tmp_path / "old"))
    with city.work(write=False) as work:
        query = select(CaseReference.code, Case.code).join(Case, Case.id == CaseReference.case_id)
        return dict(work.session.execute(query).all())


def track(app, code, proof):
    form = next(form for form in app.get("/track").forms.values() if "proof" in form.fields)
    form["code"], form["proof"] = code, proof
    return form.submit(expect_errors=True)


@pytest.mark.parametrize("typed", ["137-98-001", "۱۳۷-۹۸-۰۰۱", "137 98 001", "13798001"])
def test_a_citizen_follows_up_by_the_old_code(app, moved, typed):
    found = track(app, typed, "6789").follow()
    assert found.request.path == f"/track/{moved['۱۳۷-۹۸-۰۰۱']}"
    assert "تخلیه شد" in found.text
    assert "۱۳۷-۹۸-۰۰۱" in found.text


@pytest.mark.parametrize(
    ("code", "proof"), [("137-98-001", "6780"), ("137-98-999", "6789"), ("137-98-002", "0000")]
)
def test_the_old_code_alone_is_not_enough(app, moved, code, proof):
    answer = track(app, code, proof)
    assert answer.status_int == 422
    assert "درخواستی با این کد رهگیری" in answer.text or "No request was found" in answer.text


def test_where_nothing_was_imported_a_wrong_code_is_named(app, city):
    assert "No request was found" not in track(app, "137-98-001", "6789").text


def test_old_and_own_code_have_one_number_of_attempts(app, moved):
    for _attempt in range(5):
        track(app, "137-98-001", "0000")
    assert track(app, moved["۱۳۷-۹۸-۰۰۱"], "6789").status_int == 429


def test_staff_find_a_case_by_the_old_code(city, moved):
    with city.work(write=False) as work:
        waste = work.session.scalars(select(User).where(User.username == "officer_waste")).one()
        lighting = work.session.scalars(select(User).where(User.username == "officer_lighting")).one()
        actors = [identity(work, waste), identity(work, lighting)]
    found = []
    for actor in actors:
        with city.work(actor=actor, write=False) as work:
            found.append(work.get(FindService).read("۱۳۷-۹۸-۰۰۱").code)
    assert found == [moved["۱۳۷-۹۸-۰۰۱"], None]


def test_staff_read_the_old_code_on_the_page_of_the_case(city, browse, moved):
    with city.work(write=False) as work:
        officer = work.session.scalars(select(User).where(User.username == "officer_waste")).one()
    page = browse(city, officer, "staff").get(f"/kartable/cases/{moved['۱۳۷-۹۸-۰۰۱']}")
    assert "۱۳۷-۹۸-۰۰۱" in page.text


@pytest.mark.parametrize(("code", "has_place"), [("۱۳۷-۹۸-۰۰۱", True), ("۱۳۷-۹۸-۰۰۲", False)])
def test_a_report_without_a_place_has_no_empty_card_for_it(city, browse, moved, code, has_place):
    with city.work(write=False) as work:
        officer = work.session.scalars(select(User).where(User.username == "officer_waste")).one()
    page = browse(city, officer, "staff").get(f"/kartable/cases/{moved[code]}")
    headings = [" ".join(one.get_text().split()) for one in page.html.find_all("h2")]
    assert ("مکان" in headings) == has_place
