"""The administrators' pages of the questions of a category, and what the service keeps."""

from typing import Any

import pytest
from rows import press_row
from sqlalchemy import select

from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.models import Case
from civicportal.domain.organization.models import Category
from civicportal.domain.privacy.tags import blank
from civicportal.domain.questionnaires.answers import MOST_QUESTIONS, AnswersInvalid
from civicportal.domain.questionnaires.editing import QuestionEditor
from civicportal.domain.questionnaires.models import CaseAnswer, CategoryQuestion, QuestionChoice
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.testing import make_case, make_category, make_staff

pytestmark = pytest.mark.both_databases

EMPTY = {
    "hint": "",
    "required": False,
    "public": False,
    "key": "",
    "variable": True,
    "condition_id": None,
    "condition_keys": [],
    "translations": {},
}


@pytest.fixture
def lamp(site: Any) -> int:
    """A category with a list, of which a choice stops, a question that depends on it, and a number."""
    with site.work() as work:
        category = make_category(work, "lamp")
        editor = work.get(QuestionEditor)
        danger = editor.add(
            category,
            {**EMPTY, "label": "خطر دارد؟", "datatype": "singlevaluelist", "key": "danger", "required": True},
            [{"label": label} for label in ("بله", "خیر", "نمی‌دانم")],
        )
        yes, no, _unknown = editor.choices(danger)
        editor.change_choice(danger, yes, {"label": "بله", "stop": "با ۱۲۵ تماس بگیرید", "key": "yes"})
        editor.change_choice(danger, no, {"label": "خیر", "stop": "", "key": "no"})
        depends = {"condition_id": danger.id, "condition_keys": ["no"]}
        editor.add(category, {**EMPTY, **depends, "label": "شمارهٔ تیر", "datatype": "number", "key": "pole"})
        editor.add(category, {**EMPTY, "label": "نشانی دقیق‌تر", "datatype": "string", "key": "where"})
        return int(category.id)


@pytest.fixture
def boss(site: Any, sign_in: Any) -> None:
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)


def form_of(page: Any, field: str) -> Any:
    return next(form for form in page.forms.values() if field in form.fields)


def row_of(site: Any, key: str) -> Any:
    with site.work(write=False) as work:
        return work.session.scalar(select(CategoryQuestion).where(CategoryQuestion.key == key))


def answer(site: Any, lamp: int, answers: dict[str, Any]) -> int:
    with site.work() as work:
        case = make_case(work, category=work.session.get(Category, lamp))
        work.get(QuestionnaireService).write(case, answers)
        return int(case.id)


class TestAnswers:
    def test_they_are_kept_and_read_in_the_order_of_the_questions(self, site: Any, lamp: int) -> None:
        case_id = answer(site, lamp, {"where": "کنار پل", "danger": "no", "pole": 12.0})
        with site.work(write=False) as work:
            found = work.get(QuestionnaireService).of(work.session.get(Case, case_id), corrected=False)
        assert [(one.question.key, one.value, one.words) for one in found] == [
            ("danger", "no", "خیر"),
            ("pole", 12.0, "۱۲"),
            ("where", "کنار پل", "کنار پل"),
        ]

    @pytest.mark.parametrize(
        ("answers", "wrong"),
        [
            ({}, {"danger"}),
            ({"danger": "yes"}, {"danger"}),
            ({"danger": "maybe"}, {"danger"}),
            ({"danger": "no", "other": "x"}, {"other"}),
            ({"danger": "c3", "pole": 3}, {"pole"}),
        ],
    )
    def test_others_are_refused(self, site: Any, lamp: int, answers: dict[str, Any], wrong: set[str]) -> None:
        with site.work(write=False) as work, pytest.raises(AnswersInvalid) as refused:
            work.get(QuestionnaireService).read(lamp, answers)
        assert set(refused.value.errors) == wrong

    def test_the_message_of_the_stopping_choice_is_the_reason(self, site: Any, lamp: int) -> None:
        with site.work(write=False) as work, pytest.raises(AnswersInvalid) as refused:
            work.get(QuestionnaireService).read(lamp, {"danger": "yes"})
        assert refused.value.errors == {"danger": "با ۱۲۵ تماس بگیرید"}

    def test_the_words_are_those_of_the_day(self, site: Any, lamp: int) -> None:
        case_id = answer(site, lamp, {"danger": "no"})
        with site.work() as work:
            editor = work.get(QuestionEditor)
            question = editor.fetch(row_of(site, "danger").id, lock=True)
            columns = {name: getattr(question, name) for name in EMPTY} | {"datatype": question.datatype}
            editor.change(question, {**columns, "label": "آیا خطرناک است؟"})
            choice = next(one for one in editor.choices(question) if one.key == "no")
            editor.change_choice(question, choice, {"label": "نه", "stop": "", "key": "no"})
        with site.work(write=False) as work:
            [found] = work.get(QuestionnaireService).of(work.session.get(Case, case_id))
        assert (found.label, found.words) == ("خطر دارد؟", "خیر")

    def test_another_language_reads_what_was_not_changed_since(self, site: Any, lamp: int) -> None:
        with site.work() as work:
            question = work.session.get(CategoryQuestion, row_of(site, "danger").id)
            question.translations = {"en": {"label": "Is it dangerous?"}}
            choices = work.session.scalars(select(QuestionChoice).where(QuestionChoice.key == "no")).all()
            choices[0].translations = {"en": {"label": "No"}}
        case_id = answer(site, lamp, {"danger": "no"})
        with site.work(write=False, locale="en") as work:
            [found] = work.get(QuestionnaireService).of(work.session.get(Case, case_id))
        assert (found.label, found.words) == ("Is it dangerous?", "No")

    def test_only_public_choices_are_given_to_everybody(self, site: Any, lamp: int) -> None:
        case_id = answer(site, lamp, {"danger": "no", "where": "کنار پل"})
        with site.work() as work:
            for key in ("danger", "where"):
                work.session.get(CategoryQuestion, row_of(site, key).id).public = True
        with site.work(write=False) as work:
            found = work.get(QuestionnaireService).of(work.session.get(Case, case_id), public=True)
        assert [one.question.key for one in found] == ["danger"]

    def test_an_erased_text_is_not_shown(self, site: Any, lamp: int) -> None:
        case_id = answer(site, lamp, {"danger": "no", "where": "کنار پل"})
        column = CaseAnswer.__table__.c.text
        assert (column.info["erase"], blank(column)) == ("null", "")
        with site.work() as work:
            for row in work.session.scalars(select(CaseAnswer)):
                row.text = ""
        with site.work(write=False) as work:
            found = work.get(QuestionnaireService).of(work.session.get(Case, case_id))
        assert [one.question.key for one in found] == ["danger"]

    def test_a_category_without_questions_costs_no_statement(self, site: Any, lamp: int) -> None:
        with site.work() as work:
            case_id = make_case(work, category=make_category(work, "plain")).id
        with site.work(write=False) as work:
            case = work.session.get(Case, case_id)
            assert work.get(QuestionnaireService).of(case, corrected=False) == []


class TestPages:
    def test_a_question_with_choices_is_added(self, site: Any, app: Any, boss: None) -> None:
        with site.work() as work:
            category = make_category(work, "tree").id
        page = app.get(f"/admin/categories/{category}", status=200).click(
            href=r"/admin/categories/\d+/questions$"
        )
        page = page.click(href=r"/admin/categories/\d+/questions/new$")
        form = form_of(page, "label")
        form["label"], form["datatype"], form["choices"] = "کجا افتاده؟", "singlevaluelist", "پیاده‌رو\nخیابان"
        form["must_answer"] = True
        page = form.submit(status=303).follow()
        assert "کجا افتاده؟" in page
        assert "پیاده‌رو" in page  # the preview
        row = row_of(site, "q1")
        assert (row.required, row.public, row.datatype) == (True, False, "singlevaluelist")
        with site.work(write=False) as work:
            assert "category_question:add" in work.session.scalars(select(AuditEvent.action)).all()

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"datatype": "string", "choices": "الف"}, "choices-error"),
            ({"datatype": "string", "public": True}, "public-error"),
            ({"datatype": "info", "must_answer": True}, "must_answer-error"),
            ({"datatype": "singlevaluelist"}, "choices-error"),
            ({"datatype": "singlevaluelist", "choices": "الف\nالف"}, "choices-error"),
            ({"datatype": "singlevaluelist", "choices": "\n".join(map(str, range(31)))}, "choices-error"),
            ({"datatype": "string", "key": "Not A Key"}, "key-error"),
            ({"datatype": "string", "key": "danger"}, 'class="notice bad'),
        ],
    )
    def test_what_does_not_fit_is_answered_and_nothing_is_lost(
        self, site: Any, app: Any, boss: None, lamp: int, values: dict[str, Any], said: str
    ) -> None:
        form = form_of(app.get(f"/admin/categories/{lamp}/questions/new"), "label")
        form["label"] = "پرسش تازه"
        for name, value in values.items():
            form[name] = value
        page = form.submit(status=422)
        assert f'id="{said}"' in page or "err-summary" in page
        assert form_of(page, "label")["label"].value == "پرسش تازه"
        with site.work(write=False) as work:
            assert len(work.session.scalars(select(CategoryQuestion)).all()) == 3

    def test_a_question_depends_on_choices_of_an_earlier_one(
        self, site: Any, app: Any, boss: None, lamp: int
    ) -> None:
        page = app.get(f"/admin/questions/{row_of(site, 'where').id}")
        form, danger = form_of(page, "label"), row_of(site, "danger").id
        form.set("condition", True, index=2)
        form.submit(status=303)
        row = row_of(site, "where")
        assert (row.condition_id, row.condition_keys) == (danger, ["c3"])
        assert "condition" not in form_of(app.get(f"/admin/questions/{danger}"), "label").fields

    def test_a_question_does_not_move_before_the_one_on_which_it_depends(
        self, site: Any, app: Any, boss: None, lamp: int
    ) -> None:
        page = app.get(f"/admin/categories/{lamp}/questions")
        for key, moved in (("pole", False), ("where", True)):
            before = [one.key for one in self.questions(site, lamp)]
            page = press_row(page, f"/admin/questions/{row_of(site, key).id}/move", "up")
            assert (before != [one.key for one in self.questions(site, lamp)]) is moved

    def test_a_question_with_answers_is_retired_and_not_deleted(
        self, site: Any, app: Any, boss: None, lamp: int
    ) -> None:
        case_id, id_ = answer(site, lamp, {"danger": "no", "where": "کنار پل"}), row_of(site, "where").id
        page = app.get(f"/admin/questions/{id_}")
        token = form_of(page, "csrf_token")["csrf_token"].value
        app.post(f"/admin/questions/{id_}/delete", {"csrf_token": token}, status=303)
        assert row_of(site, "where") is not None
        app.post(f"/admin/questions/{id_}/switch", {"csrf_token": token, "active": "false"}, status=303)
        assert [one.key for one in self.questions(site, lamp)] == ["danger", "pole"]
        with site.work(write=False) as work:
            found = work.get(QuestionnaireService).of(work.session.get(Case, case_id))
        assert [one.question.key for one in found] == ["danger", "where"]
        app.post(f"/admin/questions/{id_}/switch", {"csrf_token": token, "active": "true"}, status=303)
        assert [one.key for one in self.questions(site, lamp)] == ["danger", "pole", "where"]

    def test_one_without_answers_is_deleted_unless_another_depends_on_it(
        self, site: Any, app: Any, boss: None, lamp: int
    ) -> None:
        token = form_of(app.get(f"/admin/categories/{lamp}/questions"), "csrf_token")["csrf_token"].value
        for key, left in (("danger", 3), ("pole", 2), ("danger", 1)):
            app.post(f"/admin/questions/{row_of(site, key).id}/delete", {"csrf_token": token}, status=303)
            assert len(self.questions(site, lamp)) == left

    def test_key_and_sort_stay_once_there_are_answers(
        self, site: Any, app: Any, boss: None, lamp: int
    ) -> None:
        answer(site, lamp, {"danger": "no", "where": "کنار پل"})
        form = form_of(app.get(f"/admin/questions/{row_of(site, 'where').id}"), "label")
        form["key"] = "place"
        assert "err-summary" in form.submit(status=422)
        assert row_of(site, "where") is not None

    def test_a_choice_is_changed_retired_and_deleted(
        self, site: Any, app: Any, boss: None, lamp: int
    ) -> None:
        answer(site, lamp, {"danger": "no"})
        with site.work(write=False) as work:
            ids = {row.key: row.id for row in work.session.scalars(select(QuestionChoice))}
        form = form_of(app.get(f"/admin/choices/{ids['c3']}"), "stop")
        form["stop"] = "با ۱۱۵ تماس بگیرید"
        form.submit(status=303)
        token = form["csrf_token"].value
        # One that was chosen stays, and so does one on which another question depends.
        app.post(f"/admin/choices/{ids['no']}/delete", {"csrf_token": token}, status=303)
        app.post(f"/admin/choices/{ids['no']}/switch", {"csrf_token": token, "active": "false"}, status=303)
        app.post(f"/admin/choices/{ids['yes']}/switch", {"csrf_token": token, "active": "false"}, status=303)
        asked = app.get(f"/admin/questions/{row_of(site, 'danger').id}")
        press_row(asked, f"/admin/choices/{ids['c3']}/move", "up")
        [danger, *_rest] = self.questions(site, lamp)
        assert [(one.key, one.active, one.stop) for one in danger.choices] == [
            ("yes", False, "با ۱۲۵ تماس بگیرید"),
            ("c3", True, "با ۱۱۵ تماس بگیرید"),
            ("no", True, ""),
        ]
        app.post(f"/admin/choices/{ids['yes']}/delete", {"csrf_token": token}, status=303)
        assert [one.key for one in self.questions(site, lamp)[0].choices] == ["c3", "no"]

    def test_no_more_than_so_many_are_asked(self, site: Any, app: Any, boss: None, lamp: int) -> None:
        with site.work() as work:
            editor = work.get(QuestionEditor)
            category = editor.category(lamp, lock=True)
            for number in range(MOST_QUESTIONS - 3):
                editor.add(category, {**EMPTY, "label": f"پرسش {number}", "datatype": "text"})
        form = form_of(app.get(f"/admin/categories/{lamp}/questions/new"), "label")
        form["label"], form["datatype"] = "یکی دیگر", "text"
        assert "err-summary" in form.submit(status=422)

    def test_a_colleague_s_change_is_not_overwritten_unseen(
        self, site: Any, app: Any, boss: None, lamp: int
    ) -> None:
        form = form_of(app.get(f"/admin/questions/{row_of(site, 'where').id}"), "label")
        with site.work() as work:
            work.session.get(CategoryQuestion, row_of(site, "where").id).label = "از همکار"
        form["label"] = "از من"
        page = form.submit(status=409)
        assert "از همکار" in page
        assert row_of(site, "where").label == "از همکار"

    def test_what_is_not_there_is_404(self, site: Any, app: Any, boss: None) -> None:
        for path in ("/admin/categories/99/questions", "/admin/questions/99", "/admin/choices/99"):
            app.get(path, status=404)

    @staticmethod
    def questions(site: Any, category_id: int) -> list[Any]:
        with site.work(write=False) as work:
            return list(work.get(QuestionnaireService).questions(category_id))
