"""Questions of categories by the API: as they are written, and what their pages change."""

from functools import partial

import pytest
from integration.concurrent import concurrently
from integration.rest.administration import (
    BOTH,
    TokenRights,
    add_at,
    change_at,
    keys_at,
    pointers,
    recorded,
)
from sqlalchemy import select

from civicportal.domain.cases.models import Case
from civicportal.domain.organization.categories import CategoryService
from civicportal.domain.organization.models import Unit
from civicportal.domain.questionnaires.answers import MOST_CHOICES, MOST_QUESTIONS
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.testing import make_case, make_question

pytestmark = pytest.mark.both_databases

RIGHT = "core:category:manage"
ALL = "/categories/petitions/waste/questions"
DANGER = f"{ALL}/danger"
LIST = {"label": "خطر دارد؟", "datatype": "singlevaluelist"}
LINE = {"label": "نشانی دقیق‌تر", "datatype": "string"}
STOP = "با ۱۲۵ تماس بگیرید"
change = partial(change_at, 5)
keys = partial(keys_at, f"{ALL}/as-written")


@pytest.fixture
def civic_settings():
    return {"site": {"languages": ["fa", "en"]}}


@pytest.fixture
def asked(site, city):
    """A question with three choices, one that depends on it, and one by itself."""
    with site.work() as work:
        category = work.get(CategoryService).named("petitions", "waste")
        choices = {"yes": "بله", "no": "خیر", "maybe": "شاید"}
        danger = make_question(work, category, "danger", choices=choices, stops={"yes": STOP})
        make_question(work, category, "pole", condition_id=danger.id, condition_keys=["no"])
        make_question(work, category, "place")
        return category.id


def add(who, body, path=ALL, *, status=201):
    return add_at(path, who, body, status=status)


def choices(question):
    return [one["key"] for one in question["choices"]]


def public(who):
    """Return the questions that a new case is asked, by key."""
    return {one["key"]: one for one in who.get(ALL).json["questions"]}


def answer(site, category_id, answers):
    with site.work() as work:
        case = work.session.scalars(select(Case).where(Case.category_id == category_id)).first()
        work.get(QuestionnaireService).write(case, answers)


class TestReading:
    def test_all_questions_are_listed_as_they_are_written(self, boss, site, asked):
        with site.work() as work:
            category = work.get(CategoryService).named("petitions", "waste")
            row = make_question(work, category, "old", active=False, weight=5)
            row.translations = {"en": {"label": "Old?"}, "de": {"label": "Alt?"}}
        listed = boss.get(f"{ALL}/as-written").json["items"]
        assert [one["key"] for one in listed] == ["old", "danger", "pole", "place"]
        version = listed[0].pop("version")
        assert listed[0] == {
            "key": "old",
            "label": "پرسش old",
            "hint": "",
            "datatype": "string",
            "variable": True,
            "required": False,
            "public": False,
            "after": None,
            "after_choices": [],
            "choices": [],
            "active": False,
            "position": 1,
            "translations": {"en": {"label": "Old?"}},
            "answered": False,
        }
        assert boss.get(f"{ALL}/old").headers["ETag"] == f'"{version}"'
        assert (listed[2]["after"], listed[2]["after_choices"], listed[2]["position"]) == (
            "danger",
            ["no"],
            3,
        )
        assert listed[1]["choices"][0] == {
            "key": "yes",
            "label": "بله",
            "stop": STOP,
            "active": True,
            "position": 1,
            "translations": {},
        }
        assert list(public(boss)) == ["danger", "pole", "place"]

    def test_the_list_has_pages(self, boss, asked):
        first = boss.get(f"{ALL}/as-written?limit=2")
        assert [one["key"] for one in first.json["items"]] == ["danger", "pole"]
        second = boss.get(f"{ALL}/as-written?limit=2&cursor={first.json['next']}").json
        assert ([one["key"] for one in second["items"]], second["next"]) == (["place"], None)

    def test_what_is_not_there_is_404(self, boss, asked):
        for path in (f"{ALL}/nothing", "/categories/petitions/no/questions/danger"):
            boss.get(path, status=404)
        for path in ("/categories/nonsense/waste", "/categories/petitions/nowhere"):
            boss.get(f"{path}/questions/as-written", status=404)
            add(boss, LINE, f"{path}/questions", status=404)
        # A question of another category.
        boss.get("/categories/petitions/light/questions/danger", status=404)

    def test_staff_read_them_as_written_and_citizens_what_is_asked(self, caller, staff, asked):
        assert keys(caller("officer", "organization:read")) == ["danger", "pole", "place"]
        citizen = caller("citizen", "cases:read")
        for path in (DANGER, f"{ALL}/as-written"):
            caller("officer", "cases:read").get(path, status=403)
            caller("boss", "organization:write").get(path, status=403)
            citizen.get(path, status=403)
        assert list(public(citizen)) == ["danger", "pole", "place"]


class TestLife:
    def test_a_question_from_its_first_day_to_its_last(self, boss, caller, site):
        citizen = caller("citizen", "cases:read")
        english = {"en": {"label": "Is it dangerous?"}}
        offered = [
            {"label": "بله", "key": "yes", "stop": STOP, "translations": {"en": {"label": "Yes"}}},
            {"label": "خیر"},
        ]
        body = {**LIST, "key": "danger", "required": True, "public": True, "hint": "کابل"}
        made = add(boss, {**body, "choices": offered, "translations": english})
        assert made.json.items() >= {**body, "position": 1, "active": True, "translations": english}.items()
        assert choices(made.json) == ["yes", "c1"]
        assert made.headers["ETag"] == boss.get(DANGER).headers["ETag"]
        # The form of citizens has it at once, in their language.
        asked = public(citizen)["danger"]
        assert (asked["label"], asked["required"], asked["public"]) == ("Is it dangerous?", True, True)
        assert asked["choices"] == [
            {"key": "yes", "label": "Yes", "stop": STOP},
            {"key": "c1", "label": "خیر", "stop": ""},
        ]
        # A second one depends on it.
        depends = {"after": "danger", "after_choices": ["c1"]}
        pole = add(boss, {**LINE, **depends}).json
        assert (pole["key"], pole["position"]) == ("q1", 2)
        assert pole.items() >= depends.items()
        assert public(citizen)["q1"].items() >= depends.items()
        # Its choices change, and what the other needs stays.
        changed = change(boss, f"{DANGER}/choices/yes", {"label": "بله، خیلی", "stop": ""}).json
        assert changed["choices"][0].items() >= {"label": "بله، خیلی", "key": "yes", "stop": ""}.items()
        assert changed["choices"][0]["translations"] == {"en": {}}
        refused = change(boss, f"{DANGER}/choices/c1/active", {"active": False}, status=422)
        assert "depends on this choice" in refused.json["detail"]
        refused = change(boss, f"{DANGER}/active", {"active": False}, status=422)
        assert "depends on it" in refused.json["detail"]
        # Without the condition it may be retired, and is not asked any more.
        assert change(boss, f"{ALL}/q1", LINE).json["after"] is None
        assert change(boss, f"{DANGER}/active", {"active": False}).json["active"] is False
        assert list(public(citizen)) == ["q1"]
        assert keys(boss) == ["danger", "q1"]
        assert change(boss, f"{DANGER}/delete").json["key"] == "danger"
        assert keys(boss) == ["q1"]
        boss.get(DANGER, status=404)

    def test_all_fields_are_replaced_and_the_key_stays(self, boss, asked):
        english = {"en": {"label": "More about the place", "hint": "Near what?"}}
        body = {**LINE, "hint": "کنار چه؟", "datatype": "text", "required": True, "translations": english}
        changed = change(boss, f"{ALL}/place", body).json
        assert changed.items() >= {**body, "key": "place", "position": 3}.items()
        emptied = change(boss, f"{ALL}/place", {**LINE, "key": "where"}).json
        assert (
            emptied.items() >= {"key": "where", "hint": "", "required": False, "datatype": "string"}.items()
        )
        assert emptied["translations"] == {"en": {}}
        boss.get(f"{ALL}/place", status=404)

    def test_a_text_without_an_answer_is_shown(self, boss, caller):
        made = add(boss, {"label": "پیش از تماس بخوانید", "datatype": "string", "variable": False}).json
        assert (made["variable"], made["datatype"]) == (False, "string")
        assert public(caller("citizen", "cases:read"))[made["key"]]["variable"] is False

    def test_a_line_of_text_becomes_a_list_with_choices(self, boss, asked):
        wrong = change(boss, f"{ALL}/place", LIST, status=422)
        assert pointers(wrong) == ["#/further_choices"]
        assert boss.get(f"{ALL}/place").json["datatype"] == "string"
        changed = change(boss, f"{ALL}/place", {**LIST, "further_choices": [{"label": "خیابان"}]}).json
        assert (changed["datatype"], choices(changed)) == ("singlevaluelist", ["c1"])

    def test_the_same_call_adds_one_question(self, boss):
        first = add(boss, LINE)
        again = add(boss, LINE)
        assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
        assert keys(boss) == ["q1"]
        boss.post(ALL, LINE, status=400)

    def test_after_an_answer_key_and_sort_of_answer_stay(self, boss, site, asked):
        seen = boss.get(DANGER)
        answer(site, asked, {"danger": "no", "place": "کنار پل"})
        shown = boss.get(DANGER)
        # The answer of a citizen makes no change stale.
        assert (seen.json["answered"], shown.json["answered"]) == (False, True)
        assert shown.headers["ETag"] == seen.headers["ETag"]
        for body in ({"key": "where"}, {"datatype": "text"}, {"key": "where", "variable": False}):
            fixed = change(boss, f"{ALL}/place", {**LINE, **body}, status=422)
            assert "answers" in fixed.json["detail"]
            assert pointers(fixed) == [f"#/{name}" for name in body]
        assert change(boss, f"{ALL}/place", LINE).json["label"] == LINE["label"]
        assert "answers" in change(boss, f"{ALL}/place/delete", status=422).json["detail"]
        in_use = change(boss, f"{DANGER}/choices/no", {"label": "نه", "key": "never"}, status=422)
        assert "in use" in in_use.json["detail"]
        assert pointers(in_use) == ["#/key"]
        refused = change(boss, f"{DANGER}/choices/no/delete", status=422)
        assert "chosen already" in refused.json["detail"]


class TestOrder:
    def test_a_question_is_moved(self, boss, asked):
        assert change(boss, f"{ALL}/place/move", {"position": 1}).json["position"] == 1
        assert keys(boss) == ["place", "danger", "pole"]
        change(boss, f"{ALL}/place/move", {"position": 1})
        assert keys(boss) == ["place", "danger", "pole"]
        assert change(boss, f"{ALL}/place/move", {"position": 99}).json["position"] == 3
        assert list(public(boss)) == ["danger", "pole", "place"]
        for position in (0, "1", None):
            assert pointers(change(boss, f"{ALL}/place/move", {"position": position}, status=422)) == [
                "#/position"
            ]

    @pytest.mark.parametrize(("key", "position"), [("pole", 1), ("danger", 2), ("danger", 3)])
    def test_no_question_stands_before_its_condition(self, boss, asked, key, position):
        refused = change(boss, f"{ALL}/{key}/move", {"position": position}, status=422)
        assert "before the one on which it depends" in refused.json["detail"]
        assert keys(boss) == ["danger", "pole", "place"]

    def test_a_choice_is_moved(self, boss, asked):
        moved = change(boss, f"{DANGER}/choices/maybe/move", {"position": 1}).json
        assert choices(moved) == ["maybe", "yes", "no"]
        assert choices(change(boss, f"{DANGER}/choices/maybe/move", {"position": 9}).json) == [
            "yes",
            "no",
            "maybe",
        ]
        assert choices(public(boss)["danger"]) == ["yes", "no", "maybe"]


class TestChoices:
    def test_a_choice_from_its_first_day_to_its_last(self, boss, asked):
        path = f"{DANGER}/choices"
        body = {"label": "فوری", "key": "now", "stop": STOP, "translations": {"en": {"label": "Now"}}}
        made = add(boss, body, path)
        again = add(boss, body, path)
        assert (again.json, again.headers["Idempotency-Replayed"]) == (made.json, "true")
        assert made.headers["ETag"] == boss.get(DANGER).headers["ETag"]
        assert made.json["choices"][3] == {**body, "active": True, "position": 4}
        assert public(boss)["danger"]["choices"][3] == {"key": "now", "label": "Now", "stop": STOP}
        changed = change(boss, f"{path}/now", {"label": "همین حالا", "key": "soon"}).json["choices"][3]
        assert changed.items() >= {"key": "soon", "label": "همین حالا", "stop": ""}.items()
        retired = change(boss, f"{path}/soon/active", {"active": False}).json
        assert retired["choices"][3]["active"] is False
        assert choices(public(boss)["danger"]) == ["yes", "no", "maybe"]
        change(boss, f"{path}/soon/active", {"active": True})
        assert choices(public(boss)["danger"])[3] == "soon"
        assert choices(change(boss, f"{path}/soon/delete").json) == ["yes", "no", "maybe"]
        change(boss, f"{path}/soon/delete", status=404)
        boss.post(path, body, status=400)

    def test_a_retired_choice_does_not_come_back_beside_one_of_the_same_text(self, boss, asked):
        change(boss, f"{DANGER}/choices/maybe/active", {"active": False})
        add(boss, {"label": "شاید"}, f"{DANGER}/choices")
        refused = change(boss, f"{DANGER}/choices/maybe/active", {"active": True}, status=422)
        assert "same text" in refused.json["detail"]
        assert choices(public(boss)["danger"]) == ["yes", "no", "c1"]

    def test_the_last_choice_and_one_that_is_needed_stay(self, boss, asked):
        needed = change(boss, f"{DANGER}/choices/no/delete", status=422)
        assert "depends on it" in needed.json["detail"]
        for key in ("yes", "maybe"):
            change(boss, f"{DANGER}/choices/{key}/delete")
        change(boss, f"{ALL}/pole/delete")
        for deed, body in (("delete", {}), ("active", {"active": False})):
            last = change(boss, f"{DANGER}/choices/no/{deed}", body, status=422)
            assert "at least one choice" in last.json["detail"]

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({"label": "بله"}, ["#/label"]),
            ({"label": ""}, ["#/label"]),
            ({"label": "ب" * 201}, ["#/label"]),
            ({"label": "فوری", "key": "yes"}, ["#/key"]),
            ({"label": "فوری", "key": "No"}, ["#/key"]),
            ({"label": "فوری", "stop": "ب" * 301}, ["#/stop"]),
            ({"label": "فوری", "active": False}, ["#/active"]),
            ({"label": "فوری", "translations": {"de": {}}}, ["#/translations/de"]),
        ],
    )
    def test_mistakes_are_named_by_their_place(self, boss, asked, body, named):
        assert pointers(add(boss, body, f"{DANGER}/choices", status=422)) == named
        if "key" not in body or body["key"] != "No":
            assert pointers(change(boss, f"{DANGER}/choices/maybe", body, status=422)) == named
        assert choices(boss.get(DANGER).json) == ["yes", "no", "maybe"]

    def test_only_a_list_has_choices(self, boss, asked):
        refused = add(boss, {"label": "بله"}, f"{ALL}/place/choices", status=422)
        assert "no choices" in refused.json["detail"]
        add(boss, {"label": "بله"}, f"{ALL}/nothing/choices", status=404)


class TestMistakes:
    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({"label": "x"}, ["#/label"]),
            ({"label": "ب" * 201}, ["#/label"]),
            ({"hint": "ب" * 501}, ["#/hint"]),
            ({"datatype": "info"}, ["#/datatype"]),
            ({"datatype": None}, ["#/datatype"]),
            ({"datatype": "number", "variable": False}, ["#/datatype"]),
            ({"variable": False, "required": True}, ["#/required"]),
            ({"public": True}, ["#/public"]),
            ({"required": "yes"}, ["#/required"]),
            ({"choices": [{"label": "بله"}]}, ["#/choices"]),
            ({"datatype": "singlevaluelist"}, ["#/choices"]),
            ({"datatype": "multivaluelist", "choices": ["بله"]}, ["#/choices/0"]),
            ({"datatype": "multivaluelist", "choices": [{"label": "بله"}] * 2}, ["#/choices"]),
            (
                {"datatype": "multivaluelist", "choices": [{"label": str(n)} for n in range(31)]},
                ["#/choices"],
            ),
            (
                {
                    "datatype": "multivaluelist",
                    "choices": [{"label": "بله", "key": "a"}, {"label": "خیر", "key": "a"}],
                },
                ["#/choices"],
            ),
            ({"datatype": "multivaluelist", "choices": [{"label": "بله"}, {}]}, ["#/choices/1/label"]),
            ({"key": "danger"}, ["#/key"]),
            ({"key": "Danger"}, ["#/key"]),
            ({"after": "nothing", "after_choices": ["no"]}, ["#/after"]),
            ({"after": "place", "after_choices": ["no"]}, ["#/after"]),
            ({"after": "danger"}, ["#/after_choices"]),
            ({"after": "danger", "after_choices": ["no", "never"]}, ["#/after_choices/1"]),
            ({"after_choices": ["no"]}, ["#/after"]),
            ({"active": True}, ["#/active"]),
            ({"translations": {"en": {"key": "x"}}}, ["#/translations/en/key"]),
        ],
    )
    def test_they_are_named_by_their_place(self, boss, asked, body, named):
        wrong = add(boss, {**LINE, **body}, status=422)
        assert pointers(wrong) == named
        assert all(one["detail"] for one in wrong.json["errors"])
        assert keys(boss) == ["danger", "pole", "place"]

    def test_too_many_questions_are_named(self, boss, site, asked):
        with site.work() as work:
            category = work.get(CategoryService).named("petitions", "waste")
            make_question(work, category, "old", active=False)
            for number in range(MOST_QUESTIONS - 3):
                make_question(work, category, f"more{number}")
        told = "A category asks at most 20 questions."
        new = add(boss, LINE, status=422).json
        assert (new["detail"], new["errors"]) == (told, [{"pointer": "#", "detail": told}])
        again = change(boss, f"{ALL}/old/active", {"active": True}, status=422).json
        assert (again["detail"], again["errors"]) == (told, [{"pointer": "#/active", "detail": told}])

    def test_too_many_choices_are_named(self, boss, asked):
        change(boss, f"{DANGER}/choices/maybe/active", {"active": False})
        more = [{"label": str(number)} for number in range(MOST_CHOICES - 2)]
        full = {**LIST, "further_choices": more}
        wrong = change(boss, DANGER, {**full, "further_choices": [*more, {"label": "آری"}]}, status=422)
        assert pointers(wrong) == ["#/further_choices"]
        change(boss, DANGER, full)
        assert pointers(add(boss, {"label": "آری"}, f"{DANGER}/choices", status=422)) == ["#"]
        again = change(boss, f"{DANGER}/choices/maybe/active", {"active": True}, status=422)
        assert pointers(again) == ["#/active"]
        assert again.json["detail"] == "A question offers at most 30 choices."

    def test_a_question_depends_on_an_earlier_one_only(self, boss, asked):
        add(boss, {**LIST, "key": "late", "choices": [{"label": "بله", "key": "yes"}]})
        body = {**LINE, "after": "late", "after_choices": ["yes"]}
        assert pointers(change(boss, f"{ALL}/place", body, status=422)) == ["#/after"]
        change(boss, f"{ALL}/late/move", {"position": 1})
        assert change(boss, f"{ALL}/place", body).json["after"] == "late"
        assert pointers(change(boss, f"{ALL}/late", {**LIST, **body}, status=422)) == ["#/after"]

    def test_a_retired_question_keeps_its_condition(self, boss, asked):
        change(boss, f"{ALL}/pole/active", {"active": False})
        change(boss, f"{DANGER}/choices/no/active", {"active": False})
        depends = {"after": "danger", "after_choices": ["no"]}
        assert change(boss, f"{ALL}/pole", {**LINE, **depends}).json.items() >= depends.items()
        assert pointers(change(boss, f"{ALL}/place", {**LINE, **depends}, status=422)) == [
            "#/after_choices/0"
        ]
        refused = change(boss, f"{ALL}/pole/active", {"active": True}, status=422)
        assert "not asked any more" in refused.json["detail"]


CHANGES = (
    (DANGER, LIST),
    (f"{DANGER}/move", {"position": 3}),
    (f"{DANGER}/active", {"active": False}),
    (f"{DANGER}/delete", {}),
    (f"{DANGER}/choices/yes", {"label": "آری"}),
    (f"{DANGER}/choices/yes/move", {"position": 2}),
    (f"{DANGER}/choices/yes/active", {"active": False}),
    (f"{DANGER}/choices/yes/delete", {}),
)


class TestVersions:
    def test_what_was_changed_meanwhile_is_not_overwritten(self, boss, asked):
        seen = boss.get(DANGER).headers["ETag"]
        # A choice is part of its question.
        boss.post(f"{DANGER}/choices/maybe", {"label": "نمی‌دانم"}, If_Match=seen)
        for path, body in CHANGES:
            stale = boss.post(path, body, status=412, If_Match=seen)
            assert stale.headers["ETag"] == boss.get(DANGER).headers["ETag"]
            boss.post(path, body, status=428)
            boss.post(path.replace("danger", "nothing"), body, status=404, If_Match=seen)
        assert [one["label"] for one in boss.get(DANGER).json["choices"]] == ["بله", "خیر", "نمی‌دانم"]

    @pytest.mark.one_database("postgresql")
    def test_the_later_of_two_changes_at_once_is_stale(self, boss, site, asked):
        seen = boss.get(DANGER).headers["ETag"]

        def other():
            boss.post(DANGER, {**LIST, "hint": "نخست"}, If_Match=seen)

        with concurrently(
            site, other, before=lambda sql: "FROM categories" in sql and "FOR NO KEY UPDATE" in sql
        ):
            boss.post(DANGER, {**LIST, "hint": "دوم"}, status=412, If_Match=seen)
        assert boss.get(DANGER).json["hint"] == "نخست"


@pytest.mark.usefixtures("asked")
class TestRights(TokenRights):
    calls = (*CHANGES, (ALL, LINE), (f"{DANGER}/choices", {"label": "آری"}))

    def test_the_right_and_the_scope_are_both_needed(self, caller, staff, site, asked):
        self.refused(caller("keeper", "organization:read"), 403)
        self.refused(caller("officer", *BOTH), 403)
        self.refused(caller("citizen", "cases:write"), 403)
        with site.work() as work:
            unit = work.session.scalars(select(Unit).where(Unit.key == "waste")).one()
        # The right is one of the whole city, which is not in a token of a unit.
        self.refused(caller("boss", *BOTH, unit=unit), 403)
        keeper = caller("keeper", *BOTH)
        assert keys(keeper) == ["danger", "pole", "place"]
        assert change(keeper, DANGER, {**LIST, "hint": "نخست"}).json["hint"] == "نخست"
        add(keeper, LINE)

    def test_the_record_names_the_token(self, boss, site, asked):
        add(boss, {**LIST, "key": "new", "choices": [{"label": "بله", "key": "yes"}]})
        one = f"{ALL}/new"
        change(boss, one, {**LIST, "hint": "نخست"})
        change(boss, f"{one}/move", {"position": 1})
        change(boss, f"{one}/active", {"active": False})
        change(boss, f"{one}/active", {"active": True})
        add(boss, {"label": "خیر", "key": "no"}, f"{one}/choices")
        change(boss, f"{one}/choices/no", {"label": "نه"})
        change(boss, f"{one}/choices/no/move", {"position": 1})
        change(boss, f"{one}/choices/no/active", {"active": False})
        change(boss, f"{one}/choices/no/active", {"active": True})
        change(boss, f"{one}/choices/no/delete")
        change(boss, f"{one}/delete")
        rows = recorded(site, "category_question")
        assert [row.action.partition(":")[2] for row in rows] == [
            "add",
            "choices",
            "change",
            "move",
            "retire",
            "open",
            "choices",
            "choice",
            "choice_move",
            "choice_retire",
            "choice_open",
            "choice_delete",
            "delete",
        ]
        assert rows[2].data["changes"]["hint"] == ["", "نخست"]


def test_a_case_answers_a_question_that_a_program_has_made(boss, site, city):
    add(boss, {**LIST, "key": "danger", "required": True, "choices": [{"label": "خیر", "key": "no"}]})
    with site.work() as work:
        category = work.get(CategoryService).named("petitions", "waste")
        case = make_case(work, category=category, citizen=city[0]["citizen"])
        answers = work.get(QuestionnaireService).read(category.id, {"danger": "no"})
        work.get(QuestionnaireService).write(case, answers)
        assert [one.words for one in work.get(QuestionnaireService).of(case, corrected=False)] == ["خیر"]
    assert boss.get(DANGER).json["answered"] is True
