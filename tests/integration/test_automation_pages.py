"""The administrators' pages of automations, through the real application, without script."""

import pytest
from rows import press_row
from sqlalchemy import select

from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.automation.models import Automation
from civicportal.domain.automation.running import run_waiting
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.cases.models import CaseEvent
from civicportal.domain.organization.models import Unit
from civicportal.testing import make_case, make_category, make_citizen, make_staff, make_unit

LIST = "/admin/automations"


@pytest.fixture
def civic_settings():
    return {"site": {"locale": "en"}}


@pytest.fixture
def city(site, sign_in):
    """An administrator who is signed in, a unit with an officer, and a category."""
    with site.work() as work:
        unit = make_unit(work, "roads")
        make_staff(work, unit=unit)
        found = {"unit": unit.id, "category": make_category(work, "lamps").id}
        empty = make_unit(work, "empty")
        found["empty"] = empty.id
        boss = make_staff(work, "administrator")
    sign_in(boss)
    return found


def form_of(page):
    return next(form for form in page.forms.values() if "trigger" in form.fields)


def button(page, action):
    return next(form for form in page.forms.values() if form.action.endswith(action))


def add(app, **values):
    form = form_of(app.get(f"{LIST}/new", status=200))
    for name, value in {"title": "Lamps first", "trigger": "opened", "set_urgent": "yes", **values}.items():
        form[name] = value
    return form.submit(status=303)


def only(site):
    with site.work(write=False) as work:
        return work.session.scalars(select(Automation)).one()


def titles(app):
    return [
        " ".join(link.text.split()).partition(". ")[2] for link in app.get(LIST).html.select("tbody .subj")
    ]


def test_an_empty_list_gives_examples(app, city):
    page = app.get(LIST, status=200)
    assert "No automation" in page
    assert len(page.html.select(".empty li")) == 2


def test_an_automation_is_added_changed_and_shown(site, app, city):
    add(
        app,
        kind="petitions",
        status="petitions:registered",
        category=str(city["category"]),
        words="lamp, light",
        to_unit=str(city["unit"]),
        note="tonight",
    )
    stored = only(site)
    assert (stored.kind, stored.status, stored.category_id) == ("petitions", "registered", city["category"])
    assert (stored.set_urgent, stored.to_unit_id, stored.note) == (True, city["unit"], "tonight")
    page = app.get(LIST, status=200)
    for shown in ("Lamps first", "A case was registered", "Mark as urgent", "lamp, light"):
        assert shown in page
    form = form_of(app.get(f"{LIST}/{stored.id}", status=200))
    assert form["status"].value == "petitions:registered"
    form["trigger"], form["age"], form["title"] = "overdue", "2.5", "Late lamps"
    form.submit(status=303)
    stored = only(site)
    assert (stored.trigger, stored.age, stored.age_unit, stored.note) == ("overdue", 2.5, "days", "tonight")
    assert "2.5 office days" in app.get(LIST)
    with site.work(write=False) as work:
        actions = work.session.scalars(
            select(AuditEvent.action).where(AuditEvent.action.like("automation:%"))
        )
        assert list(actions) == ["automation:add", "automation:change"]


@pytest.mark.parametrize(
    ("values", "field", "told"),
    [
        ({"title": ""}, "title", "Please fill in"),
        ({"trigger": "age"}, "age", "Please write how long."),
        ({"trigger": "status_age", "age": "0"}, "age", "Please write how long."),
        ({"trigger": "age", "age": "soon"}, "age", "Please write a number."),
        ({"set_urgent": "", "note": ""}, "set_urgent", "Choose at least one thing to do."),
        ({"message": "Dear {FRIEND}, hello"}, "message", "{FRIEND}"),
        ({"question": "Where is it exactly?"}, "question", "whose citizens can be asked"),
    ],
)
def test_bad_input_is_answered_at_its_field_and_nothing_typed_is_lost(app, city, values, field, told):
    form = form_of(app.get(f"{LIST}/new", status=200))
    typed = {
        "title": "Lamps first",
        "trigger": "opened",
        "set_urgent": "yes",
        "note": "typed before",
        **values,
    }
    for name, value in typed.items():
        form[name] = value
    refused = form.submit(status=422)
    wrong = refused.html.select_one(f"[name={field}]")
    assert wrong["aria-invalid"] == "true"
    assert told in refused.html.get_text()
    again = form_of(refused)
    assert {name: again[name].value for name in typed} == typed


def test_a_status_and_a_category_belong_to_the_service(site, app, city):
    with site.work() as work:
        other = make_category(work, "other", kind="elsewhere").id
    assert other
    form = form_of(app.get(f"{LIST}/new", status=200))
    form["title"], form["trigger"], form["tells"] = "x1", "opened", True
    form["kind"], form["to_user"] = (
        "petitions",
        next(value for value, *_more in form["to_user"].options if value),
    )
    assert "not of that unit" in form.submit(status=422)


def test_two_editors_lose_nothing(site, app, city):
    add(app)
    path = f"{LIST}/{only(site).id}"
    first, second = form_of(app.get(path)), form_of(app.get(path))
    first["title"] = "first"
    first.submit(status=303)
    second["title"] = "second"
    merged = second.submit(status=409)
    assert "A colleague saved this while you were writing" in merged
    form_of(merged).submit(status=303)
    assert only(site).title == "second"


def test_an_automation_for_a_district_that_is_gone_says_so_and_keeps_it(site, app, city):
    add(app)
    with site.work() as work:
        work.session.scalars(select(Automation)).one().facts = {"district": "Old town"}
    assert "No case has the fact “District: Old town”." in app.get(LIST)
    form = form_of(app.get(f"{LIST}/{only(site).id}"))
    form["title"] = "Lamps last"
    form.submit(status=303)
    assert (only(site).title, only(site).facts) == ("Lamps last", {"district": "Old town"})


def test_conditions_that_are_not_offered_any_more_stay(site, app, city):
    add(app, unit=str(city["empty"]))
    with site.work() as work:
        row = work.session.scalars(select(Automation)).one()
        row.kind, row.status = "bicycles", "lent"
        work.session.get(Unit, city["empty"]).active = False
    page = app.get(f"{LIST}/{only(site).id}")
    assert "bicycles (not offered any more)" in page
    form = form_of(page)
    form["title"] = "Lamps last"
    form.submit(status=303)
    found = only(site)
    assert (found.title, found.kind, found.status) == ("Lamps last", "bicycles", "lent")
    assert found.unit_id == city["empty"]
    form = form_of(app.get(f"{LIST}/{found.id}"))
    form["kind"] = form["status"] = ""
    form.submit(status=303)
    assert (only(site).kind, only(site).status) == (None, None)
    page = app.get(f"{LIST}/{found.id}")
    assert [one.text for one in page.html.select("option") if "not offered" in one.text] == []


def test_order_switch_and_deletion(site, app, city):
    add(app, title="first")
    add(app, title="second")
    assert titles(app) == ["first", "second"]
    with site.work(write=False) as work:
        second = work.get(AutomationService).all()[-1].id
    page = press_row(app.get(LIST), f"{LIST}/{second}/move", "up")
    assert titles(app) == ["second", "first"]
    assert "The automation is switched off." in press_row(page, f"{LIST}/{second}/switch", "false")
    with site.work(write=False) as work:
        rows = work.get(AutomationService).all()
    assert [row.active for row in rows] == [False, True]
    page = app.get(f"{LIST}/{rows[0].id}")
    assert "deleted" in button(page, "/delete").submit(status=303).follow()
    assert titles(app) == ["first"]


def test_what_has_acted_is_not_deleted_and_its_log_links_the_cases(site, app, city):
    add(app, trigger="opened", note="seen")
    add(app, title="Nobody is there", to_unit=str(city["empty"]))
    with site.work() as work:
        code = make_case(work).code
    run_waiting(site)
    with site.work(write=False) as work:
        first, second = work.get(AutomationService).all()
    page = app.get(f"{LIST}/{first.id}", status=200)
    assert "It can be switched off, not deleted." in page
    app.post(f"{LIST}/{first.id}/delete", {"csrf_token": page.forms[0]["csrf_token"].value}, status=303)
    assert "Lamps first" in titles(app)
    log = app.get(f"{LIST}/{first.id}/log", status=200)
    assert log.html.select_one(f"a[href='/kartable/cases/{code}']")
    refused = app.get(f"{LIST}/{second.id}/log?state=refused", status=200)
    assert "No one in “واحد empty” sees this case" in refused
    assert "Nothing yet" in app.get(f"{LIST}/{second.id}/log?state=done", status=200)
    listed = app.get(LIST)
    assert "1 not possible" in listed
    assert "sees this case" in listed
    case_page = app.get(f"/kartable/cases/{code}", status=200)
    assert "by the automation “Lamps first”" in case_page


def test_a_dry_run_shows_past_cases_and_changes_nothing(site, app, city):
    with site.work() as work:
        unit = work.session.get(Unit, city["unit"])
        topic = make_category(work, "trees", unit=unit)
        citizen = make_citizen(work, "+989000000077")
        codes = [make_case(work, citizen=citizen, category=topic).code for _number in range(3)]
        make_case(work, citizen=citizen)
        category = topic.id
    form = form_of(app.get(f"{LIST}/new", status=200))
    form["title"], form["trigger"], form["category"] = "Trees", "opened", str(category)
    form["set_urgent"] = "yes"
    tried = form.submit("try", status=200)
    assert "What the automation would have done" in tried
    links = {link["href"] for link in tried.html.select("#outcome a.subj")}
    assert links == {f"/kartable/cases/{code}" for code in codes}
    assert form_of(tried)["title"].value == "Trees"
    with site.work(write=False) as work:
        assert not work.get(AutomationService).all()
        assert set(work.session.scalars(select(CaseEvent.type))) == {"opened"}
    form["trigger"], form["age"] = "age", "3"
    assert "It would have done nothing" in form.submit("try", status=200)


def test_a_closed_unit_hands_its_automations_over(site, app, city):
    with site.work() as work:
        target = make_unit(work, "parks")
        make_staff(work, unit=target, username="gardener")
        successor = target.id
    add(app, to_unit=str(city["unit"]))
    page = app.get(f"/admin/units/{city['unit']}/close", status=200)
    assert "Automation: Lamps first" in " ".join(page.html.get_text().split())
    form = next(form for form in page.forms.values() if "target" in form.fields)
    form["target"] = str(successor)
    form.submit(status=303)
    assert only(site).to_unit_id == successor


def test_an_automation_whose_unit_was_closed_says_so(site, app, city):
    add(app, to_unit=str(city["unit"]))
    page = app.get(f"/admin/units/{city['unit']}/close", status=200)
    next(form for form in page.forms.values() if "target" in form.fields).submit(status=303)
    assert "Its unit takes no cases any more." in app.get(LIST)
    assert "It can do nothing" in app.get(f"{LIST}/{only(site).id}")


def test_only_those_with_the_right_see_the_pages(site, app, sign_in, city):
    add(app)
    number = only(site).id
    with site.work() as work:
        officer = make_staff(work, "clerk", username="clerk", permissions=["core:routing:manage"])
    sign_in(officer)
    for path in (LIST, f"{LIST}/new", f"{LIST}/{number}", f"{LIST}/{number}/log"):
        app.get(path, status=403)
    assert "/admin/automations" not in app.get("/desk")
