"""Seeds of several kinds of cases, of the calendar, and what stays deleted."""

from datetime import time

import pytest
from sqlalchemy import select

from civicportal.domain.automation.models import Automation
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.organization.models import Category, OfficeHours, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.models import QuestionChoice
from civicportal.portal.help.services import HelpService
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import make_staff
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
    "automations": '[automations.a]\ntitle = "a"\ntrigger = "opened"\nkind = "petitions"\nnote = "seen"\n',
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
        ('{ category = "other", choice = "yes" }', "'question' is missing or unknown"),
        ('"yes"', "name category, question and choice"),
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
