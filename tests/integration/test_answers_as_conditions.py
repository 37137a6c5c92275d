"""Answers to the questions of categories as conditions of automations and of routing rules."""

import re

import pytest
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from portal import Portal
from sqlalchemy import delete, event, select

from civicportal.domain.automation import trial
from civicportal.domain.automation.ages import queue_due
from civicportal.domain.automation.findings import findings
from civicportal.domain.automation.models import Automation, AutomationRun
from civicportal.domain.automation.running import run_waiting
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.automation.trial import TrialService
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.correction import CorrectionService
from civicportal.domain.kartable.dry_run import DryRunService
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.rules import RuleService
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.models import QuestionChoice
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import (
    identity,
    make_case,
    make_category,
    make_citizen,
    make_question,
    make_staff,
    make_unit,
    outbox,
    plan,
    statements,
)

pytestmark = pytest.mark.both_databases


class City:
    """Two units, a category with a question of each sort, and cases with answers."""

    def __init__(self, site, clock):
        self.site, self.clock = site, clock
        with site.work() as work:
            roads, crisis = make_unit(work, "roads"), make_unit(work, "crisis")
            topic = make_category(work, "pothole", unit=roads)
            make_question(work, topic, "danger", label="Danger?", choices={"yes": "Yes", "no": "No"})
            make_question(
                work,
                topic,
                "near",
                label="What is near?",
                datatype="multivaluelist",
                choices={"school": "A school", "hospital": "A hospital"},
            )
            make_question(work, topic, "depth", datatype="number")
            people = [make_staff(work, "officer", unit=unit) for unit in (roads, crisis)]
            self.officer = identity(work, people[0])
            self.roads, self.crisis, self.topic = roads.id, crisis.id, topic.id
            rows = work.session.scalars(select(QuestionChoice)).all()
            self.choices = {row.key: row.id for row in rows}

    def open(self, **answers):
        """Open a case as a form with these answers does."""
        with self.site.work() as work:
            questionnaires = work.get(QuestionnaireService)
            with questionnaires.opening(answers, self.topic):
                case = make_case(work, category=work.session.get(Category, self.topic))
            questionnaires.write(case, answers)
            return case.id

    def automate(self, choice, **values):
        usual = {"title": "the rule", "trigger": "opened", "active": True, "note": "seen"}
        with self.site.work() as work:
            values = {**usual, "choice_id": self.choices[choice], **values}
            return work.get(AutomationService).add(values).id

    def route(self, choice, **values):
        usual = {"title": "the rule", "kind": None, "category_id": None, "facts": {}, "unit_id": self.crisis}
        with self.site.work() as work:
            more = {"user_id": None, "deadline_days": None, "active": True, "choice_id": self.choices[choice]}
            work.get(RuleService).add({**usual, **more, **values})

    def unit_of(self, case_id):
        with self.site.work(write=False) as work:
            return work.session.get(Case, case_id).unit_id

    def notes(self, case_id):
        with self.site.work(write=False) as work:
            query = select(CaseEvent.internal_text).where(CaseEvent.case_id == case_id)
            return [text for text in work.session.scalars(query) if text]

    def run(self):
        self.clock.advance(minutes=1)
        run_waiting(self.site)


@pytest.fixture
def city(site, clock):
    return City(site, clock)


@pytest.mark.parametrize(
    ("choice", "answers", "fits"),
    [
        ("yes", {"danger": "yes"}, True),
        ("yes", {"danger": "no"}, False),
        ("yes", {}, False),
        ("school", {"near": ["school", "hospital"]}, True),
        ("school", {"near": ["hospital"]}, False),
        ("school", {"danger": "yes", "depth": 2.0}, False),
    ],
)
class TestWhichCasesFit:
    def test_an_automation(self, city, choice, answers, fits):
        city.automate(choice)
        case_id = city.open(**answers)
        city.run()
        assert city.notes(case_id) == (["seen"] if fits else [])

    def test_a_routing_rule(self, city, choice, answers, fits):
        city.route(choice)
        assert city.unit_of(city.open(**answers)) == (city.crisis if fits else city.roads)

    def test_the_dry_runs_of_both(self, city, site, choice, answers, fits):
        case_id = city.open(**answers)
        city.automate(choice)
        city.route(choice)
        with site.work(write=False) as work:
            automation = work.session.scalars(select(Automation)).one()
            assert work.get(TrialService).run(automation).hits == fits
            run = work.get(DryRunService).run(work.get(RuleService).all())
            assert run.rerouted == fits
        assert city.notes(case_id) == []

    def test_an_age(self, city, site, clock, choice, answers, fits):
        city.automate(choice, trigger="age", age=1.0, backlog=True)
        case_id = city.open(**answers)
        clock.advance(days=7)
        queue_due(site)
        city.run()
        assert city.notes(case_id) == (["seen"] if fits else [])


def test_the_answers_of_one_case_route_no_other_one(city, site):
    city.route("yes")
    with site.work() as work:
        topic = work.session.get(Category, city.topic)
        with work.get(QuestionnaireService).opening({"danger": "yes"}, city.topic):
            first = make_case(work, category=topic)
        second = make_case(work, category=topic)
        assert (first.unit_id, second.unit_id) == (city.crisis, city.roads)


def test_a_case_without_rules_on_answers_is_routed_without_a_further_statement(city, site):
    def count(**answers):
        with statements(site) as texts:
            city.open(**answers)
        return len(texts)

    city.open()
    before = count(danger="yes")
    city.route("yes", category_id=city.topic)
    city.open()
    assert count(danger="yes") <= before


def test_a_case_that_is_routed_again_keeps_its_answers(city, site):
    case_id = city.open(danger="yes")
    assert city.unit_of(case_id) == city.roads
    city.route("yes")
    with site.work(actor=city.officer) as work:
        code = work.session.get(Case, case_id).code
        case = work.get(CaseService).fetch(code, lock=True)
        work.get(CorrectionService).correct(case, subject="Deep hole", move=True)
    assert city.unit_of(case_id) == city.crisis


def test_a_choice_that_was_deleted_or_retired_is_said(city, site):
    city.automate("hospital")
    city.route("hospital")
    with site.work() as work:
        assert list(findings(work)) == []
        assert work.get(RuleService).dead() == {}
        work.session.get(QuestionChoice, city.choices["hospital"]).active = False
    told = "Its answer is not offered any more."
    with site.work() as work:
        assert [one.text for one in findings(work)] == [told]
        assert list(work.get(RuleService).dead().values()) == [told]
        work.session.execute(delete(QuestionChoice).where(QuestionChoice.id == city.choices["hospital"]))
    case_id = city.open(near=["school"])
    city.run()
    assert (city.notes(case_id), city.unit_of(case_id)) == ([], city.roads)


def test_a_broader_rule_hides_one_with_an_answer(city, site):
    city.route("yes", unit_id=city.roads)
    city.route("yes", category_id=city.topic)
    city.route("no", category_id=city.topic)
    with site.work() as work:
        by_title = [rule.id for rule in work.get(RuleService).all()]
        assert set(work.get(RuleService).dead()) == {by_title[1]}


def test_a_report_goes_where_its_answer_sends_it(civic_session, civic_database, tmp_path):
    site = Portal(tmp_path, civic_session.new_database(civic_database)).site
    try:
        with site.work() as work:
            work.get(SeedService).load()
            topic = work.get(OrganizationService).category("reports", "pothole")
            unit = make_unit(work, "crisis")
            make_staff(work, "officer", unit=unit)
            question = make_question(work, topic, "bad", choices={"yes": "Yes", "no": "No"})
            of_question = select(QuestionChoice).where(QuestionChoice.question_id == question.id)
            choice = work.session.scalars(of_question.where(QuestionChoice.key == "yes")).one().id
            for rule in work.get(RuleService).all():
                work.get(RuleService).set_active(rule, False)
            columns = {"title": "danger", "kind": None, "category_id": None, "facts": {}, "user_id": None}
            more = {"unit_id": unit.id, "deadline_days": 1.0, "active": True, "choice_id": choice}
            work.get(RuleService).add({**columns, **more})
            crisis = unit.id
        location = locate_point(site.map, site.map.center)
        units = {}
        for answer in ("yes", "no"):
            body = "از دیروز چالهٔ عمیقی وسط خیابان باز شده است."
            with site.work() as work:
                topic = work.get(OrganizationService).category("reports", "pothole")
                new = NewReport(
                    category=topic, location=location, body=body, source="web", answers={"bad": answer}
                )
                case = work.get(ReportService).make_for(
                    make_citizen(work, f"+98900000000{len(units)}").id, new
                )
                units[answer] = case.unit_id
        assert units["yes"] == crisis != units["no"]
    finally:
        site.engines.dispose()


@pytest.mark.parametrize("trigger", ["opened", "moved"])
def test_a_note_on_a_case_that_was_closed_meanwhile_changes_nothing_else(city, site, trigger):
    """What was to be read of the case is read of it still; it stays closed, and the citizen hears nothing more."""
    automation = city.automate("yes", trigger=trigger, note="look at the kerb")
    case_id = city.open(danger="yes")
    with site.work(actor=city.officer) as work:
        work.get(CaseService).apply(work.session.get(Case, case_id), "reject")
        before = len(outbox(work))
        closed = work.session.get(Case, case_id).closed_at
    city.run()
    assert city.notes(case_id) == ["look at the kerb"]
    with site.work(write=False) as work:
        case = work.session.get(Case, case_id)
        runs = work.session.scalars(select(AutomationRun.state)).all()
        assert (case.status, case.closed_at, len(outbox(work)), runs) == (
            "rejected",
            closed,
            before,
            ["done"],
        )
        assert work.session.get(Automation, automation).active


class TestReadingOfADryRun:
    """However many cases there are, a dry run reads the newest of them, in the order of an index, and few times."""

    def read(self, site, automation_id):
        """Return the result of a dry run, its statements, and how many cases it has loaded."""
        loaded = []

        def count(case, _context):
            loaded.append(case.id)

        event.listen(Case, "load", count)
        try:
            with site.work(write=False) as work, statements(site) as texts:
                found = work.get(TrialService).run(work.session.get(Automation, automation_id))
        finally:
            event.remove(Case, "load", count)
        return found, len(texts), len(loaded)

    def test_it_reads_as_often_for_many_cases_and_never_more_than_its_number(self, city, site, monkeypatch):
        monkeypatch.setattr(trial, "MOST", 6)
        automation = city.automate("yes", facts={"district": ""})
        city.open(danger="yes")
        self.read(site, automation)
        few, often, _read = self.read(site, automation)
        for _number in range(12):
            city.open(danger="yes")
        many, as_often, read = self.read(site, automation)
        assert (few.cases, few.complete, many.cases, many.complete) == (1, True, 6, False)
        assert (few.hits, many.hits) == (1, 6)
        assert as_often == often <= 8
        # One more tells that there are others.
        assert read == 7

    @pytest.mark.parametrize("kind", [None, "petitions"])
    def test_it_takes_them_in_the_order_of_an_index(self, city, site, filled_tables, kind):
        city.automate("yes", kind=kind)
        with site.work(write=False) as work, filled_tables(site) as tables:
            automation = work.session.scalars(select(Automation)).one()
            found = plan(tables, work.get(TrialService).query(automation))
        assert re.search("ix_cases_(figures|created_at)", found), found


class TestForms:
    @pytest.fixture
    def boss(self, city, site, sign_in):
        with site.work() as work:
            boss = make_staff(work, "administrator")
        sign_in(boss)

    @pytest.mark.parametrize(
        ("page", "model", "values"),
        [
            ("/admin/automations", Automation, {"title": "rule", "trigger": "opened", "note": "seen"}),
            ("/admin/routing", RoutingRule, {"title": "rule"}),
        ],
    )
    def test_an_answer_is_chosen_kept_and_shown(self, app, site, city, boss, page, model, values):
        def form_of(answer):
            return next(form for form in answer.forms.values() if "choice" in form.fields)

        with site.work() as work:
            elsewhere = make_category(work, "lamp", unit=work.session.get(Unit, city.roads)).id
        form = self.filled(form_of(app.get(f"{page}/new")), values, city, model)
        form["choice"], form["category"] = str(city.choices["yes"]), str(elsewhere)
        refused = form_of(form.submit(status=422))
        assert refused["choice"].value == str(city.choices["yes"])
        assert refused["title"].value == "rule"
        refused["category"] = str(city.topic)
        refused.submit(status=303)
        with site.work() as work:
            row = work.session.scalars(select(model)).one()
            assert row.choice_id == city.choices["yes"]
        assert "Danger? – Yes" in app.get(page)
        edited = form_of(app.get(f"{page}/{row.id}"))
        assert edited["choice"].value == str(city.choices["yes"])
        # A choice that was deleted stays a condition until someone takes it out.
        with site.work() as work:
            work.session.execute(delete(QuestionChoice).where(QuestionChoice.id == city.choices["yes"]))
        edited = form_of(app.get(f"{page}/{row.id}"))
        edited["title"] = "another"
        edited.submit(status=303)
        with site.work() as work:
            assert work.session.scalars(select(model)).one().choice_id == city.choices["yes"]
        edited = form_of(app.get(f"{page}/{row.id}"))
        edited["choice"] = ""
        edited.submit(status=303)
        with site.work() as work:
            assert work.session.scalars(select(model)).one().choice_id is None

    def filled(self, form, values, city, model):
        for name, value in values.items():
            form[name] = value
        if model is RoutingRule:
            form["unit"] = str(city.crisis)
        return form
