"""Seeds of several kinds of cases, of the calendar, and what stays deleted."""

from datetime import time

import pytest
from sqlalchemy import select

from civicportal.domain.automation.models import Automation
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.organization.models import Category, OfficeHours, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.models import QuestionChoice
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.portal.help.services import HelpService
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import make_case, make_staff
from civicportal.util.errors import ConfigurationError

pytestmark = pytest.mark.both_databases

TWO_KINDS = """
kind = "petitions"

[[categories]]
key = "cleaning"
name = "نظافت"

[[categories.children]]
key = "other"
name = "دیگر"

[[categories]]
kind = "meetings"
key = "other"
name = "موضوع ملاقات"

[[categories.children]]
key = "building"
name = "ساختمان"

[[categories]]
kind = "meetings"
key = "cleaning"
name = "نظافت"
"""


@pytest.fixture
def files(tmp_path, site, monkeypatch):
    """Return a writer of the site's files: ``files(categories="…")``; those not written are as they are."""
    folder = tmp_path / "data"
    folder.mkdir()
    for path in site.data.glob("*.toml"):
        (folder / path.name).write_text(path.read_text("utf-8"), encoding="utf-8")
    monkeypatch.setattr(site, "data", folder)

    def write(**texts):
        for name, text in texts.items():
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")

    return write


def test_one_file_holds_the_categories_of_several_kinds(work, files):
    files(categories=TWO_KINDS, routing="")
    loaded = [key for key in SeedService(work).load() if key.startswith("category:")]
    assert loaded == [
        "category:cleaning",
        "category:other",
        "category:meetings/other",
        "category:meetings/building",
        "category:meetings/cleaning",
    ]
    organization = work.get(OrganizationService)
    leaf, building = (
        organization.category("petitions", "other"),
        organization.category("meetings", "building"),
    )
    assert leaf.parent_id == organization.category("petitions", "cleaning").id
    assert building.parent_id == organization.category("meetings", "other").id
    assert [row.key for row in organization.categories_of("meetings").roots] == ["other", "cleaning"]


def test_a_changed_seed_of_another_kind_is_seen_and_applied(site, work, files):
    files(categories=TWO_KINDS, routing="")
    seeds = SeedService(work)
    seeds.load()
    files(categories=TWO_KINDS.replace("ساختمان", "ساختمان‌ها"))
    assert [difference.key for difference in seeds.diff()] == ["category:meetings/building"]
    seeds.apply(["category:meetings/building"])
    assert work.get(OrganizationService).category("meetings", "building").name == "ساختمان‌ها"


def test_a_category_of_no_kind_is_refused(work, files):
    files(categories='[[categories]]\nkey = "other"\nname = "دیگر"\n')
    with pytest.raises(ConfigurationError, match="'other': of which kind"):
        SeedService(work).load()


def test_a_rule_finds_the_category_of_its_kind(work, files):
    files(
        categories=TWO_KINDS,
        routing='[[routing]]\nkey = "r"\nkind = "meetings"\ncategory = "cleaning"\nunit = "pr"\n',
    )
    SeedService(work).load()
    of_meetings = select(Category.id).where(Category.kind == "meetings", Category.key == "cleaning")
    assert work.session.scalar(select(RoutingRule.category_id)) == work.session.scalar(of_meetings)


def test_a_rule_may_ask_of_any_fact(work, files):
    files(routing='[[routing]]\nkey = "r"\nkind = "petitions"\nzone = "Harbour"\nunit = "pr"\n')
    SeedService(work).load()
    assert work.session.scalar(select(RoutingRule.facts)) == {"zone": "Harbour"}


ASKED = """
kind = "petitions"
[[questions]]
category = "other"
key = "danger"
label = "خطر دارد؟"
datatype = "singlevaluelist"
choices = [{ key = "yes", label = "بله" }, { key = "no", label = "خیر" }]
"""
OF_ANSWER = {
    "routing": '[[routing]]\nkey = "r"\nkind = "petitions"\nunit = "pr"\n',
    "automations": '[automations.a]\ntitle = "seen"\ntrigger = "opened"\nkind = "petitions"\nnote = "seen"\n',
}


@pytest.mark.parametrize(("name", "model"), [("routing", RoutingRule), ("automations", Automation)])
def test_a_rule_may_ask_for_an_answer(work, files, name, model):
    answer = 'answer = { category = "other", question = "danger", choice = "yes" }\n'
    files(categories=TWO_KINDS, category_questions=ASKED, **{"routing": "", name: OF_ANSWER[name] + answer})
    SeedService(work).load()
    chosen = work.session.scalar(select(QuestionChoice).where(QuestionChoice.key == "yes"))
    assert work.session.scalar(select(model.choice_id).where(model.choice_id.is_not(None))) == chosen.id


@pytest.mark.parametrize("name", ["routing", "automations"])
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            '{ category = "other", question = "danger", choice = "perhaps" }',
            "'perhaps' is missing or unknown",
        ),
        ('{ category = "other", choice = "yes" }', "answer.question: Required"),
        ('"yes"', "answer: must be a table, not str"),
    ],
)
def test_an_answer_that_no_question_has_is_refused(work, files, name, answer, told):
    rules = {"routing": "", name: f"{OF_ANSWER[name]}answer = {answer}\n"}
    files(categories=TWO_KINDS, category_questions=ASKED, **rules)
    with pytest.raises(ConfigurationError, match=told):
        SeedService(work).load()


def test_the_office_hours_of_the_file_are_planted_once(work):
    seeds = SeedService(work)
    assert "calendar:hours" in seeds.load()
    hours = work.session.get(OfficeHours, 1)
    assert (hours.opens, hours.closes, hours.half_day_ends) == (time(7, 30), time(14, 30), time(13))
    hours.opens = time(9)
    work.session.flush()
    assert seeds.load() == []
    assert seeds.diff() == []
    seeds.apply(["calendar:hours"])
    assert work.session.get(OfficeHours, 1).opens == time(7, 30)


def test_what_was_deleted_in_the_browser_stays_deleted(site, app, sign_in):
    with site.work() as work:
        SeedService(work).load()
        lighting = work.get(OrganizationService).unit("lighting").id
        boss = make_staff(work, "administrator")
    sign_in(boss)
    page = app.get(f"/admin/units/{lighting}")
    next(f for f in page.forms.values() if f.action.endswith("/delete")).submit(status=303)
    with site.work() as work:
        assert SeedService(work).load() == []
        assert work.session.scalar(select(Unit.id).where(Unit.key == "lighting")) is None


def test_a_frequent_question_is_planted_once_and_overwritten_on_request(work, files):
    files(questions='[questions.hours]\nquestion = "ساعت کار؟"\nanswer = "از هفت تا دو."\n')
    service, questions = work.get(SeedService), work.get(HelpService)
    assert "question:hours" in service.load()
    (row,) = questions.rows("fa")
    questions.change(row, locale="fa", question=row.question, answer="از هشت تا سه.", active=True)
    assert service.load() == []
    assert questions.rows("fa")[0].answer == "از هشت تا سه."
    service.apply(["question:hours"])
    assert [found.answer for found in questions.rows("fa")] == ["از هفت تا دو."]


@pytest.mark.parametrize(
    ("text", "told"),
    [("{SITE} {CODE} {", "such as {SITE}"), ("{SITE}", "Without {CODE}"), ("{CODE} {CITY}", "{CITY}")],
)
def test_a_wording_that_would_not_work_is_refused_by_its_key(work, files, text, told):
    files(messages=f'[messages]\n"otp.login" = "{text}"\n')
    with pytest.raises(ConfigurationError, match=f"message:otp.login.*{told}"):
        work.get(SeedService).load()


def test_a_wording_of_a_plugin_that_is_not_installed_stays_in_the_file(work, files):
    files(messages='[messages]\n"bicycles.lent" = "{SITE}: {BIKE}"\n')
    assert "message:bicycles.lent" in work.get(SeedService).load()


def test_a_question_without_an_answer_is_refused_by_its_key(work, files):
    files(questions='[questions.hours]\nquestion = "ساعت کار؟"\n')
    with pytest.raises(ConfigurationError, match=r"question:hours.*answer"):
        work.get(SeedService).load()


UNIT = '[[units]]\nkey = "pr"\nname = "روابط عمومی"\n'
CATEGORY = 'kind = "petitions"\n[[categories]]\nkey = "cleaning"\nname = "نظافت"\n'
QUESTION = '[[questions]]\nkind = "petitions"\ncategory = "cleaning"\nkey = "how"\nlabel = "چگونه؟"\n'
AUTOMATION = '[automations.late]\ntitle = "دیر"\ntrigger = "overdue"\nage = 2\n'


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("units", UNIT.replace("units", "unit"), "unknown key 'unit'; known are units"),
        ("units", "units = 3", "units: must be an array of tables"),
        ("units", '[[units]]\nname = "روابط"\n', "units, entry 1: key is missing"),
        ("units", UNIT + 'shrot = "ر"\n', "unit:pr: unknown key 'shrot'"),
        ("units", UNIT + "phone = 137\n", "unit:pr.phone: must be a string, not int"),
        ("units", UNIT + f'short = "{"ر" * 26}"\n', "unit:pr.short: Please write at most 25"),
        ("units", UNIT + UNIT, "unit:pr: stands twice"),
        ("units", UNIT.replace('"pr"', '"public relations"'), "key: must be Latin letters"),
        ("units", UNIT.replace("روابط", "ر" * 201), "unit:pr.name: Longer than maximum length 200"),
        ("units", UNIT + 'translations.en = "Relations"\n', "en must be a table, not str"),
        ("units", UNIT + "translations.en.name = 5\n", "en.name cannot be a value of the type int"),
        ("categories", CATEGORY + "deadline_days = 3\n", "category:cleaning: unknown key 'deadline_days'"),
        ("categories", CATEGORY + 'days = "3"\n', "category:cleaning.days: must be a number, not str"),
        ("categories", CATEGORY + "days = -1\n", "category:cleaning.days: -1 is less than"),
        ("categories", CATEGORY + 'tint = "green"\n', 'tint: "green" is not one of'),
        ("categories", CATEGORY + 'parent = "gone"\n', "'gone' is missing or unknown"),
        ("category_questions", QUESTION + 'datatype = "line"\n', 'datatype: "line" is not one of'),
        (
            "category_questions",
            QUESTION + 'datatype = "string"\npublic = true\n',
            "public: Only answers with choices",
        ),
        ("category_questions", QUESTION + "required = true\n", "required: A text without an answer"),
        ("category_questions", QUESTION + 'after = "what"\n', "after and after_choices belong together"),
        ("category_questions", QUESTION + 'datatype = "singlevaluelist"\n', "needs at least one choice"),
        ("roles", '[roles.handler]\ntitle = "کارشناس"\n', "role:handler.permissions: Required"),
        ("roles", '[roles.administrator]\ntitle = "مدیر"\npermissions = []\n', "this role is built in"),
        ("routing", '[[routing]]\nkey = "r"\n', "routing:r.unit: Required"),
        ("routing", '[[routing]]\nkey = "r"\nunit = "pr"\ndistrict = 2\n', "district: the fact of a case"),
        ("automations", AUTOMATION, "Choose at least one thing to do"),
        ("automations", AUTOMATION.replace("overdue", "late"), 'trigger: "late" is not one of'),
        (
            "automations",
            AUTOMATION + 'message = "سلام {FATHER}"\n',
            "automation:late.message: Nothing fills in",
        ),
        ("automations", AUTOMATION + 'note = "یاد"\nstatus = "gone"\n', "status: This choice is not offered"),
        ("automations", AUTOMATION + 'note = "یاد"\ntexts = "x"\n', "automation:late: unknown key 'texts'"),
        ("messages", "[messages]\notp.login = 'کد'\n", "message:otp.text: must be a string, not dict"),
        (
            "questions",
            '[questions.q]\nquestion = "؟؟"\nanswer = "بله"\nlanguage = "de"\n',
            "'de' is no language",
        ),
        (
            "calendar",
            '[[holidays]]\ndate = "1405-13-01"\n',
            "holiday:1405-13-01: The calendar has no such day",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_refused_with_its_place_and_nothing_is_applied(
    work, files, file, text, told
):
    kept = {"roles": "", "routing": "", "category_questions": "", "automations": ""}
    texts = {**kept, "units": UNIT, "categories": CATEGORY, file: text}
    files(**texts)
    with pytest.raises(ConfigurationError) as refused:
        work.get(SeedService).load()
    assert f"{file}.toml" in str(refused.value)
    assert told in str(refused.value)


def test_all_problems_of_new_seeds_are_told_at_once(work, files):
    files(units=UNIT + "phone = 137\n", categories=CATEGORY + "deadline_days = 3\n")
    with pytest.raises(ConfigurationError) as refused:
        work.get(SeedService).load()
    assert len(str(refused.value).splitlines()) == 2
    assert work.session.scalars(select(Unit.key)).all() == []


def test_what_was_applied_before_the_files_were_checked_does_not_hinder_what_is_new(work, files):
    files(units=UNIT, categories=CATEGORY, routing="")
    seeds = work.get(SeedService)
    seeds.load()
    files(units=UNIT + 'fax = "1"\n[[units]]\nkey = "parks"\nname = "پارک‌ها"\n')
    assert seeds.load() == ["unit:parks"]
    (problem,) = seeds.problems()
    assert problem.endswith("units.toml: unit:pr: unknown key 'fax'")
    with pytest.raises(ConfigurationError, match="'fax'"):
        seeds.apply(["unit:pr"])


class TestApplied:
    """``site apply`` keeps the rules of the pages."""

    def test_a_unit_does_not_come_to_stand_below_itself(self, work, files):
        child = '[[units]]\nkey = "press"\nname = "رسانه"\n'
        files(units=UNIT + child + 'parent = "pr"\n', categories=CATEGORY, routing="", roles="")
        seeds = work.get(SeedService)
        seeds.load()
        files(units=child + UNIT + 'parent = "press"\n')
        with pytest.raises(ConfigurationError, match="unit:pr: A unit cannot stand below itself"):
            seeds.apply(["unit:pr"])

    def test_a_category_does_not_come_to_a_third_level(self, work, files):
        leaf = '[[categories.children]]\nkey = "bin"\nname = "سطل"\n'
        files(units=UNIT, categories=CATEGORY + leaf, routing="", roles="")
        seeds = work.get(SeedService)
        seeds.load()
        below = '[[categories]]\nkey = "town"\nname = "شهر"\n[[categories.children]]\nkey = "cleaning"\nname = "ن"\n'
        files(categories=f'kind = "petitions"\n{below}')
        seeds.load()
        with pytest.raises(ConfigurationError, match="category:cleaning: Categories have two levels"):
            seeds.apply(["category:cleaning"])

    def test_a_question_with_answers_keeps_its_sort_and_gets_further_choices(self, work, files):
        files(categories=TWO_KINDS, category_questions=ASKED, routing="")
        seeds = work.get(SeedService)
        seeds.load()
        more = ASKED.replace('{ key = "yes"', '{ key = "perhaps", label = "شاید" }, { key = "yes"')
        files(category_questions=more.replace('label = "خیر"', 'label = "نه"'))
        seeds.apply(["asked:petitions/other/danger"])
        in_order = select(QuestionChoice.label).order_by(QuestionChoice.weight.desc())
        assert work.session.scalars(in_order).all() == ["شاید", "بله", "نه"]
        category = work.session.scalars(select(Category).where(Category.key == "other")).first()
        case = make_case(work, category=category)
        work.get(QuestionnaireService).write(case, {"danger": "no"})
        work.session.flush()
        files(category_questions=ASKED.replace("singlevaluelist", "multivaluelist"))
        with pytest.raises(ConfigurationError, match="There are answers to this question"):
            seeds.apply(["asked:petitions/other/danger"])

    def test_an_automation_that_was_switched_off_stays_off(self, work, files):
        files(automations=AUTOMATION + 'note = "یاد"\nto_unit = "pr"\n')
        seeds = work.get(SeedService)
        seeds.load()
        row = work.session.scalars(select(Automation)).one()
        assert (row.active, row.age, row.trigger) == (True, 2, "overdue")
        work.get(AutomationService).set_active(row, False)
        files(automations=AUTOMATION + 'note = "یادآوری"\n')
        seeds.apply(["automation:late"])
        assert (row.active, row.note, row.to_unit_id) == (False, "یادآوری", None)
