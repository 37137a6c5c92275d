"""The administrators' pages of units, through the real application."""

import pytest
from rows import press_row
from sqlalchemy import select, update

from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.organization.editing import is_used
from civicportal.domain.organization.models import Category, Unit
from civicportal.portal.admin.findings import findings
from civicportal.testing import make_case, make_category, make_staff, make_unit
from civicportal.web.counting import statements

PAGE = "/admin/units"


@pytest.fixture
def city(site):
    """Three units in a row, the second one with a unit below it."""
    with site.work() as work:
        units = {key: make_unit(work, key, weight=-n) for n, key in enumerate(("pr", "services", "civil"))}
        units["waste"] = make_unit(work, "waste", parent_id=units["services"].id)
        return {key: unit.id for key, unit in units.items()}


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


def form_of(page, action=""):
    return next(form for form in page.forms.values() if form.action == action)


def names(app):
    return [link.text.strip() for link in app.get(PAGE).html.select("tbody .subj")]


def trail(site):
    with site.work(write=False) as work:
        return list(work.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def test_a_unit_is_added_below_another(site, app, boss, city):
    page = app.get(f"{PAGE}/new?parent={city['services']}", status=200)
    form = form_of(page)
    assert form["parent"].value == str(city["services"])
    form["name"], form["short_name"] = "سازمان فضای سبز", "فضای سبز"
    form.submit(status=303)
    assert names(app)[-2:] == ["سازمان فضای سبز", "واحد civil"]
    with site.work(write=False) as work:
        unit = work.session.scalar(select(Unit).where(Unit.name == "سازمان فضای سبز"))
        assert unit.parent_id == city["services"]
        assert unit.key.startswith("unit_")
    assert trail(site)[-1] == "unit:add"


@pytest.mark.parametrize(
    ("name", "value"), [("name", ""), ("short_name", "😀" * 13), ("short_name", "ب" * 26), ("parent", "9999")]
)
def test_invalid_units_are_refused_with_an_error(app, boss, city, name, value):
    form = form_of(app.get(f"{PAGE}/{city['waste']}"))
    form["phone"] = "137"
    form[name].force_value(value) if name == "parent" else form.set(name, value)
    answer = form.submit(status=422)
    assert form_of(answer)["phone"].value == "137"
    assert answer.html.select(".err-summary")


def test_no_unit_stands_below_itself(app, boss, city):
    form = form_of(app.get(f"{PAGE}/{city['services']}"))
    assert str(city["waste"]) not in [value for value, _chosen, _label in form["parent"].options]
    form["parent"].force_value(str(city["waste"]))
    form.submit(status=422)


def test_a_cycle_of_units_locks_no_one_out(site, app, sign_in, city):
    with site.work() as work:
        boss = make_staff(work, "administrator")
        officer = make_staff(work, "officer", unit=work.session.get(Unit, city["waste"]))
        category = make_category(work, unit=work.session.get(Unit, city["waste"]))
        make_case(work, category=category)
        # No page writes this: a restored or repaired table may hold it.
        work.session.execute(update(Unit).where(Unit.id == city["services"]).values(parent_id=city["waste"]))
    sign_in(officer)
    app.get("/kartable", status=200)
    sign_in(boss)
    app.get("/statistics", status=200)
    with site.work(write=False) as work:
        assert list(findings(work))
    form = form_of(app.get(f"{PAGE}/{city['services']}"))
    form["parent"] = ""
    form.submit(status=303)
    assert len(names(app)) == len(city)


def test_two_administrators_do_not_overwrite_each_other(site, app, boss, city):
    first, second = (form_of(app.get(f"{PAGE}/{city['waste']}")) for _ in range(2))
    first["phone"] = "111"
    first.submit(status=303)
    second["name"] = "سازمان پسماند شهر"
    answer = second.submit(status=409)
    assert "111" in answer.html.select_one("#merge").text
    again = form_of(answer)
    assert again["name"].value == "سازمان پسماند شهر"
    again.submit(status=303)
    with site.work(write=False) as work:
        assert work.session.get(Unit, city["waste"]).name == "سازمان پسماند شهر"


def test_a_stale_form_that_is_refused_first_stays_stale(app, boss, city):
    first, second = (form_of(app.get(f"{PAGE}/{city['waste']}")) for _ in range(2))
    first["phone"] = "111"
    first.submit(status=303)
    second["name"] = ""
    refused = form_of(second.submit(status=422))
    refused["name"] = "نام تازه"
    refused.submit(status=409)


def test_units_are_ordered_by_buttons(site, app, boss, city):
    assert names(app) == ["واحد pr", "واحد services", "واحد waste", "واحد civil"]
    press_row(app.get(PAGE), f"{PAGE}/{city['civil']}/move", "up")
    assert names(app) == ["واحد pr", "واحد civil", "واحد services", "واحد waste"]
    press_row(app.get(PAGE), f"{PAGE}/{city['pr']}/move", "down")
    assert names(app) == ["واحد civil", "واحد pr", "واحد services", "واحد waste"]
    assert trail(site).count("unit:move") == 2


def test_closing_hands_over_what_leads_there_and_leaves_its_cases(site, app, boss, city):
    with site.work() as work:
        waste = work.session.get(Unit, city["waste"])
        bins = make_category(work, "bin", unit=waste)
        work.session.add(
            RoutingRule(key="r", position=1, title="سطل‌ها", unit_id=waste.id, category_id=bins.id, facts={})
        )
        work.session.flush()
        code, category = make_case(work, category=bins).code, bins.id
        make_staff(work, unit=work.session.get(Unit, city["civil"]))
    page = app.get(f"{PAGE}/{city['waste']}/close", status=200)
    assert "سطل‌ها" in page
    form = form_of(page)
    form["target"] = str(city["civil"])
    form.submit(status=303)
    with site.work() as work:
        assert not work.session.get(Unit, city["waste"]).active
        assert work.session.get(Category, category).unit_id == city["civil"]
        assert work.session.scalar(select(RoutingRule.unit_id)) == city["civil"]
        new = make_case(work, category=work.session.get(Category, category))
        assert new.unit_id == city["civil"]
    page = app.get(f"{PAGE}/{city['waste']}")
    refer = form_of(page, f"{PAGE}/{city['waste']}/refer")
    refer["target"] = str(city["civil"])
    refer.submit(status=303)
    assert app.get(f"/kartable/cases/{code}").html.select(".tl")
    with site.work(write=False) as work:
        assert not app.get(f"{PAGE}/{city['waste']}").html.select("#refer-to")
    form_of(app.get(f"{PAGE}/{city['waste']}"), f"{PAGE}/{city['waste']}/open").submit(status=303)
    assert {"unit:close", "unit:hand_over", "unit:open"} <= set(trail(site))


def test_a_closed_unit_gets_no_case_even_without_a_successor(site, app, boss, city):
    with site.work() as work:
        category = make_category(work, "bin", unit=work.session.get(Unit, city["waste"])).id
    form_of(app.get(f"{PAGE}/{city['waste']}/close")).submit(status=303)
    with site.work() as work:
        case = make_case(work, category=work.session.get(Category, category))
        assert case.unit_id == city["pr"]


def test_the_unit_for_everything_else_stays(app, boss, city):
    form_of(app.get(f"{PAGE}/{city['pr']}/close")).submit(status=422)


def test_only_what_nothing_refers_to_is_deleted(site, app, boss, city):
    page = app.get(f"{PAGE}/{city['services']}")
    assert f"{PAGE}/{city['services']}/delete" not in page
    token = form_of(page)["csrf_token"].value
    app.post(f"{PAGE}/{city['services']}/delete", {"csrf_token": token}, status=303)
    form_of(app.get(f"{PAGE}/{city['civil']}"), f"{PAGE}/{city['civil']}/delete").submit(status=303)
    with site.work(write=False) as work:
        assert set(work.session.scalars(select(Unit.key))) == {"pr", "services", "waste"}


def test_of_a_unit_with_cases_not_all_tables_are_asked(work):
    used, unused = make_unit(work, "waste"), make_unit(work, "light")
    make_case(work, category=make_category(work, unit=used))
    with statements(work.site.engines.read) as asked:
        assert is_used(work, used)
    with statements(work.site.engines.read) as asked_in_vain:
        assert not is_used(work, unused)
    assert len(asked) < len(asked_in_vain)
    assert not [text for text in asked_in_vain if "count(" in text]


def test_who_works_in_a_unit(site, app, boss, city):
    with site.work() as work:
        make_staff(work, unit=work.session.get(Unit, city["waste"]), name="زهرا باغبان")
    assert "زهرا باغبان" in app.get(f"{PAGE}/{city['waste']}")


def test_only_those_with_the_right_come_in(site, app, sign_in, city):
    with site.work() as work:
        other = make_staff(work, "clerk", permissions=["core:category:manage"])
    sign_in(other)
    app.get(PAGE, status=403)
    app.get("/admin/categories", status=200)
    app.get(f"{PAGE}/{city['pr']}", status=403)
