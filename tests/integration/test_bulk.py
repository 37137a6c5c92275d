"""Work on many cases: one refusal costs the others nothing, and all of it can be taken back."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from sqlalchemy import NullPool, create_engine, select, update

from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import permissions_of
from civicportal.domain.kartable import bulk
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.services import OrganizationService
from civicportal.testing import identity, kinds_of, make_case, make_category, make_staff, make_unit
from civicportal.testing.kinds import PETITIONS

pytestmark = pytest.mark.both_databases


@pytest.fixture
def desk(site):
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        topics = [make_category(work, unit.key, unit=unit) for unit in (waste, light)]
        codes = [make_case(work, category=topics[number]).code for number in (0, 0, 0, 1)]
        user = make_staff(work, "officer", unit=waste)
        make_staff(work, "officer", unit=light)
        return codes, light.id, user, identity(work, user)


def statuses(site):
    with site.work(write=False) as work:
        return dict(work.session.execute(select(Case.code, Case.status)).all())


def accept(work, case):
    work.get(CaseService).apply(case, "accept")


def test_bulk_actions_report_each_case(site, desk):
    codes, _light, _user, officer = desk
    with site.work(actor=officer) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch(codes[1], lock=True), "accept")
    outcomes = bulk.each(site, officer, [*codes, codes[0], "1234567894"], accept)
    assert [outcome.reason for outcome in outcomes] == [
        None,
        bulk.NOT_FROM_HERE,
        None,
        bulk.NOT_SEEN,
        bulk.NOT_SEEN,
    ]
    assert [statuses(site)[code] for code in codes] == ["working", "working", "working", "registered"]
    reason = bulk.each(
        site,
        officer,
        codes[:1],
        lambda work, case: work.get(KartableService).give_back(case, note="Not ours."),
    )
    assert "No one referred this case" in reason[0].reason


def test_all_of_it_can_be_taken_back(site, desk):
    codes, _light, _user, officer = desk
    before = statuses(site)
    outcomes = bulk.each(site, officer, codes[:3], accept)
    steps = [(outcome.code, outcome.event_id) for outcome in outcomes]
    assert all(outcome.reason is None for outcome in bulk.undo_each(site, officer, steps))
    assert statuses(site) == before
    assert [o.reason for o in bulk.undo_each(site, officer, steps)] == [bulk.CHANGED] * 3


def test_steps_that_any_can_take_name_how_many(site, desk):
    codes, _light, _user, officer = desk
    bulk.each(site, officer, codes[:1], accept)
    with site.work(actor=officer, write=False) as work:
        cases = [work.get(CaseService).fetch(code) for code in codes[:3]]

        def steps(some):
            return {step.key: step.number for step in bulk.possible_steps(work, some)}

        assert steps(cases[1:]) == {"accept": 2, "reject": 2}
        assert {name for name, number in steps(cases).items() if number == 3} == {"reject"}
        assert steps(cases)["accept"] == 2
        assert steps([]) == {}


def test_a_step_of_another_form_is_not_taken_by_its_name(site, desk):
    codes, _light, _user, officer = desk
    with site.work(actor=officer, write=False) as work:
        case = work.get(CaseService).fetch(codes[0])
        accept_step = next(s for s in bulk.possible_steps(work, [case]) if s.key == "accept")
        other = replace(accept_step.transition, title="Another", schema=None)
        step = bulk.BulkStep(key="accept", transition=other, number=1)
    outcomes = bulk.each(site, officer, codes[:1], lambda work, case: step.apply(work, case, {}))
    assert outcomes[0].reason == bulk.NOT_FROM_HERE


def test_steps_of_one_title_are_told_apart_by_their_service(site, desk, monkeypatch):
    codes, *_others = desk
    accept_step, *others = PETITIONS.workflow.transitions
    workflow = replace(PETITIONS.workflow, transitions=(replace(accept_step, name="begin"), *others))
    knobs = replace(PETITIONS, name="knobs", title="Knobs", permission_prefix="", workflow=workflow)
    monkeypatch.setitem(kinds_of(site), "knobs", knobs)
    for permission in permissions_of(knobs):
        monkeypatch.setitem(site.permissions, permission.name, permission)
    with site.work() as work:
        waste = work.get(OrganizationService).unit("waste")
        knob = make_case(work, kind="knobs", category=make_category(work, "knob", unit=waste)).code
        officer = identity(work, make_staff(work, "clerk", unit=waste))
    with site.work(actor=officer, write=False) as work:
        cases = [work.get(CaseService).fetch(code) for code in (codes[0], knob)]
        found = {step.key: list(step.services) for step in bulk.possible_steps(work, cases)}
        assert found == {"accept": [PETITIONS.title], "begin": ["Knobs"], "reject": []}
        assert not any(step.services for step in bulk.possible_steps(work, cases[:1]))


def test_the_key_of_a_step_does_not_depend_on_the_selected_cases(site, desk, monkeypatch):
    codes, *_others = desk
    accept_step, *others = PETITIONS.workflow.transitions
    workflow = replace(PETITIONS.workflow, transitions=(replace(accept_step, title="Another"), *others))
    knobs = replace(PETITIONS, name="knobs", permission_prefix="", workflow=workflow)
    monkeypatch.setitem(kinds_of(site), "knobs", knobs)
    for permission in permissions_of(knobs):
        monkeypatch.setitem(site.permissions, permission.name, permission)
    with site.work() as work:
        waste = work.get(OrganizationService).unit("waste")
        knob = make_case(work, kind="knobs", category=make_category(work, "knob", unit=waste)).code
        officer = identity(work, make_staff(work, "clerk", unit=waste))

    def keys(*some):
        with site.work(actor=officer, write=False) as work:
            steps = bulk.possible_steps(work, [work.get(CaseService).fetch(code) for code in some])
            return {step.transition.title: step.key for step in steps}

    before = keys(codes[0], knob)
    assert before["Another"] != before["Accept"]
    # The petition is accepted before the form is submitted: the step of the other kind keeps its key.
    bulk.each(site, officer, codes[:1], accept)
    assert keys(codes[0], knob)["Another"] == before["Another"]
    assert keys(knob)["Another"] == before["Another"]


class TestBusyDatabase:
    @pytest.fixture
    def stumble(self, site, civic_database):
        """Return an act that meets a lock which does not go away: its own case is held by its own unit of work."""
        impatient = {"options": "-c lock_timeout=1"} if civic_database == "postgresql" else {"timeout": 0}
        engine = create_engine(site.engines.write.url, connect_args=impatient, poolclass=NullPool)

        def act(work, case):
            with engine.begin() as connection:
                connection.execute(update(Case).where(Case.code == case.code).values(urgent=True))

        return act

    def test_what_was_done_is_told_and_the_rest_goes_on(self, site, desk, stumble):
        codes, _light, _user, officer = desk

        def act(work, case):
            accept(work, case)
            if case.code == codes[1]:
                stumble(work, case)

        outcomes = bulk.each(site, officer, codes[:3], act)
        assert [outcome.reason for outcome in outcomes] == [None, bulk.BUSY, None]
        assert [statuses(site)[code] for code in codes[:3]] == ["working", "registered", "working"]

    def test_it_is_not_pressed_for_ever(self, site, desk, stumble):
        codes, _light, _user, officer = desk
        with site.work() as work:
            topic = work.session.scalar(select(Case.category_id).where(Case.code == codes[0]))
            category = work.get(OrganizationService).categories.by_id[topic]
            many = [*codes[:3], *(make_case(work, category=category).code for _number in range(3))]
        tried = []

        def act(work, case):
            tried.append(case.code)
            stumble(work, case)

        outcomes = bulk.each(site, officer, many, act)
        assert tried == many[: bulk.MOST_BUSY]
        assert [outcome.reason for outcome in outcomes] == [bulk.BUSY] * len(many)


# -- the pages ----------------------------------------------------------------------------------------------


def choose(app, codes):
    form = app.get("/kartable", status=200).forms["bulk"]
    for box in form.fields["code"]:
        box.checked = box._value in codes
    return form


def test_refer_from_the_list_and_undo(site, app, sign_in, desk):
    codes, light, user, _officer = desk
    sign_in(user)
    ask = choose(app, codes[:2]).submit("action", value="refer", status=200)
    form = next(form for form in ask.forms.values() if "unit" in form.fields)
    form["unit"] = str(light)
    form["note"] = "for you"
    answer = form.submit(status=303)
    result = answer.follow(status=200)
    assert result.text.count("alert-circle") == 0
    # Reloading the page changes nothing and shows the same.
    assert answer.follow(status=200).html.find("table") == result.html.find("table")
    with site.work(write=False) as work:
        units = dict(work.session.execute(select(Case.code, Case.unit_id)).all())
    assert [units[code] == light for code in codes] == [True, True, False, True]
    undone = next(f for f in result.forms.values() if f.action == "/kartable/bulk/undo").submit(status=303)
    undone = undone.follow(status=200)
    assert "alert-circle" not in undone.text
    assert "/kartable/bulk/undo" not in undone
    with site.work(write=False) as work:
        assert work.get(CaseService).fetch(codes[0]).unit_id != light


def test_a_step_from_the_list(site, app, sign_in, desk):
    codes, _light, user, _officer = desk
    sign_in(user)
    ask = choose(app, codes[:3]).submit("action", value="step", status=200)
    form = next(
        f for f in ask.forms.values() if "transition" in f.fields and f["transition"].value == "accept"
    )
    form.submit(status=303)
    assert [statuses(site)[code] for code in codes[:3]] == ["working"] * 3


def test_a_mixed_selection_is_not_refused_whole(site, app, sign_in, desk):
    codes, _light, user, officer = desk
    bulk.each(site, officer, codes[:1], accept)
    sign_in(user)
    ask = choose(app, codes[:3]).submit("action", value="step", status=200)
    form = next(
        f for f in ask.forms.values() if "transition" in f.fields and f["transition"].value == "accept"
    )
    answer = form.submit(status=303)
    for _time in range(2):
        # Reloading shows the same.
        page = answer.follow(status=200)
        refused = {
            row.select_one("a.subj")["href"][-10:]
            for row in page.html.select("tr")
            if row.select(".danger-text")
        }
        assert refused == {codes[0]}
    assert [statuses(site)[code] for code in codes[:3]] == ["working"] * 3


def test_a_copy_of_several_cases(site, app, sign_in, desk):
    codes, light, user, _officer = desk
    sign_in(user)
    ask = choose(app, codes[:2]).submit("action", value="copy", status=200)
    form = next(form for form in ask.forms.values() if "unit" in form.fields)
    form["unit"] = ""
    form = next(f for f in form.submit(status=422).forms.values() if "unit" in f.fields)
    form["unit"] = str(light)
    page = form.submit(status=303).follow(status=200)
    assert "alert-circle" not in page.text
    with site.work(write=False) as work:
        copies = select(Referral.case_id).where(Referral.type == "copy", Referral.to_unit_id == light)
        assert len(list(work.session.scalars(copies))) == 2


def test_a_copy_that_no_one_reads_is_confirmed_first(site, app, sign_in, desk):
    codes, _light, user, _officer = desk
    with site.work() as work:
        empty = make_unit(work, "empty").id
    sign_in(user)
    form = next(
        f for f in choose(app, codes[:2]).submit("action", value="copy").forms.values() if "unit" in f.fields
    )
    form["unit"] = str(empty)
    form = next(f for f in form.submit(status=422).forms.values() if "anyway" in f.fields)
    form["anyway"].checked = True
    form.submit(status=303)


def test_selected_cases_are_printed_and_the_printing_is_recorded(site, app, sign_in, desk):
    codes, _light, user, _officer = desk
    sign_in(user)
    answer = choose(app, codes[:3]).submit("action", value="print", status=303)
    for _time in range(2):
        page = answer.follow(status=200)
        assert len(page.html.select("article.sheet")) == 3
    with site.work(write=False) as work:
        query = select(AuditEvent.case_id, AuditEvent.data).where(AuditEvent.action == "case:print")
        rows = work.session.execute(query).all()
        assert len(rows) == 6
        assert {row.data["number"] for row in rows} == {3}


def test_personal_data_on_paper_need_the_right_to_them(site, app, sign_in, desk):
    codes, _light, user, _officer = desk
    with site.work() as work:
        unit = work.get(OrganizationService).unit("waste")
        reader = make_staff(
            work, "reader", unit=unit, permissions=["petitions:case:view", "petitions:case:comment"]
        )
    shown = []
    for person in (user, reader):
        sign_in(person)
        page = choose(app, codes[:1]).submit("action", value="print", status=303).follow(status=200)
        shown.append("شهروند نمونه" in page.text)
        assert "9000000001" not in page.text
    assert shown == [True, False]


def test_a_case_outside_ones_sight_is_not_printed(app, sign_in, desk):
    codes, _light, user, _officer = desk
    sign_in(user)
    fields = [("csrf_token", choose(app, [])["csrf_token"].value), ("action", "print")]
    page = app.post("/kartable/bulk", [*fields, *(("code", code) for code in codes)], status=303).follow()
    assert len(page.html.select("article.sheet")) == 3
    assert page.html.select(".notice.warn")
    app.reset()
    sign_in(user)
    assert app.get("/kartable/print", status=303).location.endswith("/kartable")


def test_why_a_case_was_refused_stands_beside_it_and_undo_passes(app, sign_in, clock, desk):
    codes, light, user, _officer = desk
    sign_in(user)
    fields = [("csrf_token", choose(app, [])["csrf_token"].value), ("action", "refer"), ("unit", str(light))]
    fields += [("user", ""), ("note", ""), *(("code", code) for code in codes)]
    app.post("/kartable/bulk", fields, status=303)
    page = app.get("/kartable/bulk/result", status=200)
    refused = [bool(row.select(".danger-text")) for row in page.html.select("tbody tr")]
    assert refused == [False, False, False, True]
    assert "/kartable/bulk/undo" in page
    clock.advance(minutes=1)
    assert "/kartable/bulk/undo" not in app.get("/kartable/bulk/result", status=200)


def test_who_has_done_nothing_is_shown_the_list(app, sign_in, desk):
    _codes, _light, user, _officer = desk
    sign_in(user)
    assert app.get("/kartable/bulk/result", status=303).location.endswith("/kartable")


def test_nothing_chosen_and_nonsense(app, sign_in, desk):
    _codes, _light, user, _officer = desk
    sign_in(user)
    choose(app, []).submit("action", value="take", status=303)
    choose(app, []).submit("action", value="explode", status=404)


def test_the_way_back_keeps_long_filters(app, sign_in, desk):
    _codes, _light, user, _officer = desk
    sign_in(user)
    page = app.get("/kartable")
    query = urlencode({"q": "خرابی " * 16, "category": "برگ" * 30, "status": "working", "sort": "newest"})
    assert len(query) > 1000
    fields = {"csrf_token": page.forms["bulk"]["csrf_token"].value, "list": "kartable", "query": query}
    back = app.post("/kartable/bulk", fields | {"action": "refer"}, status=303)
    assert back.location.endswith(f"?{query}")


def test_more_than_twenty_are_named_first(site, app, sign_in, desk):
    _codes, light, user, officer = desk
    with site.work() as work:
        topic = make_category(work, "many", unit=make_unit(work, "many"))
    many = []
    for _number in range(21):
        with site.work(actor=officer) as work:
            many.append(make_case(work, category=topic).code)
    sign_in(user)
    form = choose(app, [])
    fields = [("csrf_token", form["csrf_token"].value), ("action", "refer"), ("unit", str(light))]
    fields += [("user", ""), ("note", ""), *(("code", code) for code in many)]
    asked = app.post("/kartable/bulk", fields, status=200)
    assert 'name="confirmed"' in asked
    with site.work(write=False) as work:
        assert light not in set(work.session.scalars(select(Case.unit_id).where(Case.code.in_(many))))
