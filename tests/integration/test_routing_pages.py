"""The administrators' pages of routing: rules, what they have done, and what they would do."""

import pytest
from rows import press_row
from sqlalchemy import select

from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.rules import RuleService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.transfer import transfer
from civicportal.domain.organization.models import Category, Unit
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit

PAGE = "/admin/routing"
TWO = "منطقهٔ دو"


@pytest.fixture
def city(site):
    with site.work() as work:
        ids = {key: make_unit(work, key).id for key in ("pr", "waste", "civil")}
        root = make_category(work, "cleaning")
        waste = work.session.get(Unit, ids["waste"])
        ids["cleaning"] = root.id
        ids["bin"] = make_category(work, "bin", unit=waste, parent_id=root.id).id
        return ids


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


def add(site, key, unit_id, position=0, **values):
    with site.work() as work:
        rule = RoutingRule(
            **{"key": key, "title": key, "unit_id": unit_id, "position": position, "facts": {}, **values}
        )
        work.session.add(rule)
        work.session.flush()
        return rule.id


def form_of(page, action=""):
    return next(form for form in page.forms.values() if form.action == action)


def titles(app):
    return [
        " ".join(link.text.split()).partition(". ")[2] for link in app.get(PAGE).html.select("tbody .subj")
    ]


def opened(site, category_id, place=""):
    with site.work() as work:
        case = make_case(work, category=work.session.get(Category, category_id), place=place)
        return case.unit_id


def test_a_rule_is_added_and_routes(site, app, boss, city):
    with site.work() as work:
        officer = make_staff(work, unit=work.session.get(Unit, city["civil"])).id
    form = form_of(app.get(f"{PAGE}/new", status=200))
    form["title"], form["kind"], form["category"] = "سطل‌های منطقهٔ دو", "petitions", str(city["cleaning"])
    form["fact_district"], form["unit"] = TWO, str(city["civil"])
    form["user"], form["deadline_days"] = f"{city['civil']}-{officer}", "۳"
    form.submit(status=303)
    with site.work(write=False) as work:
        rule = work.session.scalar(select(RoutingRule))
    assert (rule.facts, rule.user_id, rule.deadline_days, rule.active) == (
        {"district": TWO},
        officer,
        3.0,
        True,
    )
    assert opened(site, city["bin"], TWO) == city["civil"]
    assert opened(site, city["bin"], "منطقهٔ یک") == city["waste"]
    page = app.get(f"{PAGE}/{rule.id}")
    assert "cannot" not in page
    assert f"{PAGE}/{rule.id}/delete" not in page


@pytest.mark.parametrize(
    ("name", "value"),
    [("title", ""), ("unit", "999999999"), ("user", "999999999-1"), ("fact_district", "ناکجا")],
)
def test_invalid_rules_are_refused_with_an_error(site, app, boss, city, name, value):
    form = form_of(app.get(f"{PAGE}/new"))
    form["title"], form["unit"], form["deadline_days"] = "قاعده", str(city["civil"]), "5"
    field = form[name]
    field.force_value(value) if name != "title" else form.set(name, value)
    assert form_of(form.submit(status=422))["deadline_days"].value == "۵"


def test_a_person_of_another_unit_is_refused(site, app, boss, city):
    with site.work() as work:
        officer = make_staff(work, unit=work.session.get(Unit, city["civil"])).id
    form = form_of(app.get(f"{PAGE}/new"))
    form["title"], form["unit"], form["user"] = "قاعده", str(city["waste"]), f"{city['civil']}-{officer}"
    form.submit(status=422)


def test_rules_are_ordered_switched_and_deleted(site, app, boss, city):
    for n, key in enumerate(("first", "second", "third")):
        ident = add(site, key, city["pr"], n, kind="petitions")
    assert titles(app) == ["first", "second", "third"]
    press_row(app.get(PAGE), f"{PAGE}/{ident}/move", "up")
    assert titles(app) == ["first", "third", "second"]
    press_row(app.get(PAGE), f"{PAGE}/{ident}/switch", "false")
    with site.work(write=False) as work:
        assert not work.session.get(RoutingRule, ident).active
    form_of(app.get(f"{PAGE}/{ident}"), f"{PAGE}/{ident}/delete").submit(status=303)
    assert titles(app) == ["first", "second"]


def test_facts_that_no_form_knows_stay(site, app, boss, city):
    ident = add(site, "old", city["pr"], facts={"colour": "red", "district": TWO})
    form = form_of(app.get(f"{PAGE}/{ident}"))
    form["fact_district"] = ""
    form.submit(status=303)
    with site.work(write=False) as work:
        assert work.session.get(RoutingRule, ident).facts == {"colour": "red"}


def test_a_district_that_the_map_has_no_more_is_kept_and_told(site, app, boss, city):
    ident = add(site, "old", city["pr"], facts={"district": "منطقهٔ پیشین"})
    reason = "No case has the fact “District: منطقهٔ پیشین”."
    with site.work(write=False) as work:
        assert {one: str(told.interpolate()) for one, told in work.get(RuleService).dead().items()} == {
            ident: reason
        }
    form = form_of(app.get(f"{PAGE}/{ident}"))
    form["title"] = "نام تازه"
    form.submit(status=303)
    with site.work(write=False) as work:
        rule = work.session.get(RoutingRule, ident)
        assert (rule.title, rule.facts) == ("نام تازه", {"district": "منطقهٔ پیشین"})
    form = form_of(app.get(f"{PAGE}/{ident}"))
    form["fact_district"] = TWO
    form.submit(status=303)
    with site.work(write=False) as work:
        assert work.get(RuleService).dead() == {}


def test_two_administrators_do_not_overwrite_each_other(site, app, boss, city):
    ident = add(site, "rule", city["pr"])
    first, second = (form_of(app.get(f"{PAGE}/{ident}")) for _ in range(2))
    first["unit"] = str(city["civil"])
    first.submit(status=303)
    second["title"] = "نام تازه"
    answer = second.submit(status=409)
    assert "واحد civil" in answer.html.select_one("#merge").text
    assert form_of(answer)["title"].value == "نام تازه"


def test_hits_are_counted_and_a_rule_with_hits_stays(site, app, boss, city, clock, sign_in):
    ident = add(site, "all", city["civil"])
    opened(site, city["bin"])
    clock.advance(days=40)
    opened(site, city["bin"])
    with site.work() as work:
        hits = work.get(RuleService).hits()["all"]
        assert (hits.total, hits.lately, hits.last) == (2, 1, clock.now())
    sign_in(boss)
    token = form_of(app.get(f"{PAGE}/{ident}"))["csrf_token"].value
    app.post(f"{PAGE}/{ident}/delete", {"csrf_token": token}, status=303)
    assert titles(app) == ["all"]


def test_what_is_handed_over_is_no_hit(site, boss, city, clock):
    add(site, "all", city["civil"])
    routed = clock.now()
    with site.work() as work:
        code = make_case(work, category=work.session.get(Category, city["bin"])).code
        leaving = make_staff(work, unit=work.session.get(Unit, city["civil"]))
        chief, officer = identity(work, boss), identity(work, leaving)
    for _number in range(3):
        clock.advance(days=40)
        with site.work(actor=officer) as work:
            work.get(KartableService).take(work.get(CaseService).fetch(code, lock=True))
        assert transfer(site, chief, leaving.id).total == 1
    with site.work() as work:
        hits = work.get(RuleService).hits()["all"]
        assert (hits.total, hits.lately, hits.last) == (1, 0, routed)


def test_rules_that_can_never_decide_are_marked(site, app, boss, city):
    ids = {
        "narrow": add(site, "narrow", city["pr"], 0, category_id=city["bin"], facts={"district": TWO}),
        "broad": add(site, "broad", city["pr"], 1, category_id=city["cleaning"]),
        "shadowed": add(site, "shadowed", city["civil"], 2, category_id=city["bin"]),
        "other": add(site, "other", city["civil"], 3, kind="petitions"),
        "gone": add(site, "gone", city["civil"], 4, kind="nothing"),
        "off": add(site, "off", city["civil"], 5, active=False),
    }
    with site.work() as work:
        assert set(work.get(RuleService).dead()) == {ids["shadowed"], ids["gone"]}
        work.session.get(Unit, city["civil"]).active = False
        work.session.flush()
    with site.work() as work:
        assert set(work.get(RuleService).dead()) == {ids["shadowed"], ids["gone"], ids["other"]}
    assert len(app.get(PAGE).html.select("tbody .accent-text")) == 3


def test_the_dry_run_says_what_would_change_and_changes_nothing(site, app, boss, city, clock, sign_in):
    assert opened(site, city["bin"], TWO) == city["waste"]
    clock.advance(days=2)
    assert opened(site, city["bin"], "منطقهٔ یک") == city["waste"]
    add(site, "two", city["civil"], facts={"district": TWO}, active=False)
    sign_in(boss)
    page = app.get(f"{PAGE}/dry-run", status=200)
    assert page.html.select("table.cards-sm tbody tr") == []
    page = app.get(f"{PAGE}/dry-run?off=true")
    [row] = page.html.select("table.cards-sm tbody tr")
    assert [cell.span.text.strip() for cell in row.select("td")[2:]] == ["واحد waste", "واحد civil"]
    day = site.calendar.format_date(clock.now().date(), "short")
    assert page.html.select_one("tbody tr td").text.strip() == "۱"
    page = app.get(f"{PAGE}/dry-run", {"off": "true", "first": day})
    assert page.html.select("table.cards-sm tbody tr") == []
    with site.work(write=False) as work:
        assert not work.session.scalar(select(RoutingRule)).active


def test_a_rule_is_tried_before_it_is_saved(site, app, boss, city):
    opened(site, city["bin"], TWO)
    form = form_of(app.get(f"{PAGE}/new"))
    form["title"], form["unit"], form["fact_district"] = "آزمایشی", str(city["civil"]), TWO
    page = form.submit("try", status=200)
    assert len(page.html.select("#outcome table.cards-sm tbody tr")) == 1
    assert form_of(page)["title"].value == "آزمایشی"
    assert titles(app) == []
    form_of(page).submit(status=303)
    ident = add(site, "first", city["pr"], -1)
    page = app.get(f"{PAGE}/{ident}")
    form = form_of(page)
    form["fact_district"] = "منطقهٔ یک"
    page = form.submit("try", status=200)
    assert [row.td.text.strip() for row in page.html.select("#outcome table:not(.cards-sm) tbody tr")][
        :2
    ] == [
        "۰",
        "۱",
    ]
    with site.work(write=False) as work:
        assert work.session.get(RoutingRule, ident).facts == {}


def test_the_dry_run_names_only_cases_that_may_be_seen(site, app, sign_in, city):
    opened(site, city["bin"])
    add(site, "all", city["civil"])
    with site.work() as work:
        clerk = make_staff(work, "clerk", permissions=["core:routing:manage"])
    sign_in(clerk)
    page = app.get(f"{PAGE}/dry-run")
    [row] = page.html.select("table.cards-sm tbody tr")
    assert row.select("a") == []
    assert "سطل زباله پر است" not in page
