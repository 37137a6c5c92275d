"""The questions of a category: asked of citizens, officers and programs, shown, filtered and exported."""

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest
from bs4 import BeautifulSoup
from civicportal_reports.search import Filters, ReportSearch
from sqlalchemy import select, text

from civicportal.api.cases import Case, CaseService
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Refused
from civicportal.api.submission import QuestionnaireService
from civicportal.testing import CorrectionService, identity, make_question, make_staff, statements
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

BODY = "از دیروز چالهٔ عمیقی وسط خیابان باز شده است."
STOP = "با ۱۲۵ تماس بگیرید."
NOTHING_SENT = "هنوز ارسال نشده"


@pytest.fixture
def asked(city):
    """Names of the fields of the questions of a category: one that may stop, one that depends on it, and others."""
    with city.site.work() as work:
        pothole = work.get(OrganizationService).category("reports", "pothole")
        danger = make_question(
            work,
            pothole,
            "danger",
            label="خطر دارد؟",
            choices={"no": "خیر", "yes": "بله", "some": "کمی"},
            stops={"yes": STOP},
            required=True,
            public=True,
        )
        rows = [
            danger,
            make_question(
                work,
                pothole,
                "depth",
                label="عمق آن چقدر است؟",
                datatype="number",
                condition_id=danger.id,
                condition_keys=["some"],
                required=True,
            ),
            make_question(work, pothole, "seen", label="کی دیدید؟", datatype="datetime"),
            make_question(work, pothole, "who", label="چه کسی گفت؟"),
        ]
        return {row.key: f"q{row.id}" for row in rows}


def the_form(page, action="/reports/new"):
    """The form as a browser sends it: without the fields of disabled parts."""
    form = next(form for form in page.forms.values() if form.action.endswith(action))
    parsed = BeautifulSoup(page.text, "html.parser")
    disabled = [
        one.get("name") for one in parsed.select("fieldset[disabled] [name]") if one["name"] != "asked"
    ]
    drawn = [one["value"] for one in parsed.select("[name=asked]")]
    gone = {one["value"] for one in parsed.select("fieldset[disabled] [name=asked]")}
    for name in disabled:
        form.fields.pop(name, None)
    form.fields["asked"] = [one for one in form.fields.get("asked", []) if one.value not in gone]
    form.field_order = [
        (name, field)
        for name, field in form.field_order
        if name not in disabled and not (name == "asked" and field.value in gone)
    ]
    assert len(form.fields["asked"]) == len(drawn) - len(gone)
    return form


def filled(city, app, **values):
    form = the_form(app.get("/reports/new"))
    point = {"lat": str(city.street.lat), "lon": str(city.street.lon)}
    for name, value in {"category": "pothole", "body": BODY, **point, **values}.items():
        form[name] = value
    return form


def exported(app, filters=""):
    """Return the rows of a file with the codes and answers of the list of reports."""
    token = app.get("/account").html.find("input", {"name": "csrf_token"})["value"]
    form = [("format", "csv"), ("csrf_token", token), ("columns", "code"), ("columns", "answers")]
    sheet = app.post(f"/exports/reports.list{filters}", form, status=200).body.decode("utf-8-sig")
    return list(csv.DictReader(StringIO(sheet, newline="")))


def is_shown(page, name):
    """Whether a field is asked: in no part of the form that is hidden."""
    field = page.html.find(attrs={"name": name})
    return field is not None and not any("hidden" in parent.attrs for parent in field.parents)


def the_case(city):
    with city.site.work(write=False) as work:
        return work.session.scalars(select(Case)).one()


def no_case(city):
    with city.site.work(write=False) as work:
        return work.session.scalars(select(Case)).all() == []


def answers(city, case):
    with city.site.work(write=False) as work:
        found = work.get(QuestionnaireService).of(case)
    return {one.question.key: one.words for one in found}


class TestWithoutScript:
    def test_the_questions_come_after_the_category(self, city, app, sign_in, asked):
        sign_in(city.citizen)
        page = app.get("/reports/new")
        assert not is_shown(page, asked["danger"])
        page = filled(city, app).submit(status=200)
        assert NOTHING_SENT in page.text
        assert no_case(city)
        assert is_shown(page, asked["danger"])
        assert not is_shown(page, asked["depth"])
        form = the_form(page)
        assert form["body"].value == BODY
        form[asked["danger"]], form[asked["who"]] = "no", "همسایه"
        page = form.submit(status=303).follow()
        case = the_case(city)
        assert case.code in page.request.path
        assert answers(city, case) == {"danger": "خیر", "who": "همسایه"}

    def test_one_that_depends_comes_after_the_answer(self, city, app, sign_in, asked):
        sign_in(city.citizen)
        form = the_form(filled(city, app).submit(status=200))
        form[asked["danger"]] = "some"
        page = form.submit(status=200)
        assert is_shown(page, asked["depth"])
        form = the_form(page)
        form[asked["depth"]], form[asked["seen"]] = "۱۲٫۵", "۱۴۰۵/۰۹/۰۱ ۸:۳۰"
        form.submit(status=303)
        found = answers(city, the_case(city))
        assert (found["danger"], found["depth"]) == ("کمی", "۱۲٫۵")
        assert found["seen"].endswith("۰۸:۳۰")

    def test_mistakes_are_answered_at_their_fields(self, city, app, sign_in, asked):
        sign_in(city.citizen)
        form = the_form(filled(city, app).submit(status=200))
        page = form.submit(status=422)
        assert page.html.find(id=f"{asked['danger']}-error") is not None
        form = the_form(page)
        form[asked["danger"]], form[asked["who"]], form[asked["seen"]] = "no", "x" * 201, "فردا"
        page = form.submit(status=422)
        for name in ("who", "seen"):
            assert page.html.find(id=f"{asked[name]}-error") is not None
        assert the_form(page)[asked["seen"]].value == "فردا"
        assert no_case(city)

    def test_a_report_with_a_stopping_choice_is_not_taken(self, city, app, sign_in, asked):
        sign_in(city.citizen)
        form = the_form(filled(city, app).submit(status=200))
        form[asked["danger"]] = "yes"
        page = form.submit(status=422)
        assert STOP in page.html.find(id=f"{asked['danger']}-error").text
        assert no_case(city)

    def test_an_answer_that_is_not_asked_any_more_is_left_out(self, city, app, sign_in, asked):
        sign_in(city.citizen)
        form = the_form(filled(city, app).submit(status=200))
        form[asked["danger"]] = "some"
        form = the_form(form.submit(status=200))
        form[asked["danger"]], form[asked["depth"]] = "no", "3"
        form.submit(status=303)
        assert answers(city, the_case(city)) == {"danger": "خیر"}

    def test_another_category_asks_nothing(self, city, app, sign_in, asked):
        sign_in(city.citizen)
        filled(city, app, category="sidewalk").submit(status=303)
        assert answers(city, the_case(city)) == {}

    def test_answers_of_a_visitor_stay_over_the_sign_in(self, city, app, asked):
        form = the_form(filled(city, app).submit(status=200))
        form[asked["danger"]], form[asked["who"]] = "no", "همسایه"
        form.submit(status=303)
        page = app.get("/reports/new")
        assert is_shown(page, asked["danger"])
        assert the_form(page)[asked["danger"]].value == "no"
        assert the_form(page)[asked["who"]].value == "همسایه"

    def test_the_questions_cost_no_statement_where_there_are_none(self, city, app):
        app.get("/reports/new")
        with statements(city.site) as before:
            app.get("/reports/new")
        assert not any("category_questions" in one for one in map(str, before))


class TestQueue:
    def test_an_entry_with_answers_is_taken(self, city, app, sign_in, asked):
        sign_in(city.citizen)
        sent = dict(filled(city, app).submit_fields())
        ids = [name[1:] for key, name in asked.items() if key != "depth"]
        fields = [*sent.items(), (asked["danger"], "no"), *(("asked", one) for one in ids)]
        assert "location" in city.queue(app, "/reports/new", fields, photos=0, status=200)
        assert answers(city, the_case(city)) == {"danger": "خیر"}

    def test_one_that_does_not_know_the_questions_waits_for_its_person(self, city, app, sign_in, asked):
        sign_in(city.citizen)
        fields = list(filled(city, app).submit_fields())
        assert "message" in city.queue(app, "/reports/new", fields, photos=0, status=409)
        assert no_case(city)


class TestOfficer:
    @pytest.fixture(autouse=True)
    def registrar(self, site, city, sign_in):
        with site.work() as work:
            person = identity(work, make_staff(work, "registrar", permissions=["reports:case:register"]))
        sign_in(person)

    def test_the_same_questions_are_asked_for_a_caller(self, city, app, asked):
        form = the_form(app.get("/desk/reports/new"), "/desk/reports/new")
        form["category"], form["body"], form["address"] = "pothole", BODY, "خیابان آزادی، پلاک ۸"
        page = form.submit(status=422)
        assert is_shown(page, asked["danger"])
        form = the_form(page, "/desk/reports/new")
        form[asked["danger"]] = "yes"
        assert STOP in form.submit(status=422).html.find(id=f"{asked['danger']}-error").text
        form[asked["danger"]] = "no"
        form.submit(status=200)
        assert answers(city, the_case(city)) == {"danger": "خیر"}


class TestCase:
    @pytest.fixture
    def code(self, city, asked):
        return city.send(answers={"danger": "some", "depth": 3.0, "who": "همسایه"})

    def test_its_citizen_and_its_officers_read_them(self, city, app, sign_in, code):
        for person, path in ((city.citizen, f"/my/{code}"), (city.officer, f"/kartable/cases/{code}")):
            sign_in(person)
            page = app.get(path)
            for words in ("خطر دارد؟", "کمی", "عمق آن چقدر است؟", "۳", "همسایه"):
                assert words in page.text

    def test_everybody_reads_only_public_choices_of_a_published_one(self, city, app, code, asked):
        city.publish(code)
        page = app.get(f"/reports/{city.case(code).id}")
        assert "خطر دارد؟" in page.text
        assert "کمی" in page.text
        for path in (f"/reports/{city.case(code).id}", "/reports", "/reports/feed.xml", "/reports/map.json"):
            shown = app.get(path).text
            assert "همسایه" not in shown
            assert "عمق آن" not in shown

    def test_a_crew_reads_them_without_names(self, city, app, sign_in, asked):
        code = city.send(answers={"danger": "no", "who": "مریم رضایی از پلاک ۱۲"})
        city.step(code, "start_review")
        sign_in(city.officer)
        page = app.get(f"/desk/reports/field/{code}")
        assert "خطر دارد؟" in page.text
        assert "مریم رضایی" not in page.text

    def test_a_correction_of_the_category_asks_nothing_and_keeps_them(self, city, app, sign_in, code, asked):
        with city.site.work(actor=city.officer) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            other = work.get(OrganizationService).category("reports", "sidewalk")
            work.get(CorrectionService).correct(case, category=other)
        sign_in(city.officer)
        assert "همسایه" in app.get(f"/kartable/cases/{code}").text

    def test_the_list_is_filtered_by_a_choice(self, city, app, sign_in, code, asked):
        city.send(answers={"danger": "no"}, by=city.other)
        sign_in(city.officer)
        with city.site.work(write=False, actor=city.officer) as work:
            options = {one.label: one.value for one in work.get(QuestionnaireService).choice_options()}
            found = work.get(ReportSearch).page(Filters(answer=options["کمی"])).rows
        assert [row[0].code for row in found] == [code]
        page = app.get(f"/desk/reports?category=pothole&answer={options['کمی']}")
        assert code in page.text.replace(" ", "")
        assert [one["value"] for one in page.html.select("select[name=answer] option")] == [
            "",
            *options.values(),
        ]
        assert page.html.select("select[name=answer]")
        assert not app.get("/desk/reports?category=sidewalk").html.select("select[name=answer]")

    def test_the_export_has_them_in_a_column(self, city, app, sign_in, code):
        sign_in(city.officer)
        [row] = exported(app)
        assert row["پاسخ‌ها"].splitlines() == ["خطر دارد؟ کمی", "عمق آن چقدر است؟ ۳", "چه کسی گفت؟ همسایه"]

    def test_the_export_of_a_category_has_a_column_for_each_question(self, city, app, sign_in, code):
        """Numbers and times are written as such; what was answered before a correction stands in a column of its own."""
        seen = datetime(2026, 5, 4, 5, tzinfo=UTC)
        other = city.send(answers={"danger": "no", "seen": seen}, by=city.other)
        with city.site.work() as work:
            sidewalk = work.get(OrganizationService).category("reports", "sidewalk")
            make_question(work, sidewalk, "width", label="پهنا؟", datatype="number")
        sign_in(city.officer)
        rows = exported(app, "?category=pothole")
        own = ["خطر دارد؟", "عمق آن چقدر است؟", "کی دیدید؟", "کی دیدید؟ (میلادی)", "چه کسی گفت؟"]
        assert list(rows[0]) == ["کد رهگیری", *own, "پاسخ‌های دیگر"]
        assert {row["کد رهگیری"]: [*row.values()][1:] for row in rows} == {
            code: ["کمی", "3", "", "", "همسایه", ""],
            other: ["خیر", "", "1405/02/14 08:30", "2026-05-04 08:30", "", ""],
        }
        with city.site.work(actor=city.officer) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            work.get(CorrectionService).correct(case, category=sidewalk)
        [row] = exported(app, "?category=sidewalk")
        assert row["پهنا؟"] == ""
        assert row["پاسخ‌های دیگر"].splitlines()[0] == "خطر دارد؟ کمی"

    def test_answers_that_the_questions_do_not_allow_open_nothing(self, city, asked):
        for wrong in ({}, {"danger": "yes"}, {"danger": "no", "depth": 3.0}, {"danger": "no", "other": "x"}):
            with pytest.raises(Refused):
                city.send(answers=wrong)
        assert no_case(city)


class TestApi:
    @pytest.fixture
    def call(self, site, app, city):
        headers = {"Authorization": f"Bearer {token_for(site, city.citizen, 'cases:read', 'cases:write')}"}

        def call(given, status=201, key="0123456789abcdef"):
            body = {
                "category": "pothole",
                "place": {"lat": city.street.lat, "lon": city.street.lon},
                "body": BODY,
                "answers": given,
            }
            return app.post_json(
                "/api/v1/reports", body, headers={**headers, "Idempotency-Key": key}, status=status
            )

        call.headers = headers
        return call

    def test_a_program_reads_the_questions(self, app, asked):
        found = app.get("/api/v1/categories/reports/pothole/questions").json["questions"]
        assert [one["key"] for one in found] == ["danger", "depth", "seen", "who"]
        assert found[0]["choices"][1] == {"key": "yes", "label": "بله", "stop": STOP}
        assert (found[1]["after"], found[1]["after_choices"]) == ("danger", ["some"])
        app.get("/api/v1/categories/reports/nothing/questions", status=404)

    def test_it_sends_and_reads_answers(self, city, app, asked, call):
        given = {"danger": "some", "depth": 12.5, "seen": "2026-11-22T08:30:00+03:30"}
        code = call(given).json["code"]
        found = app.get(f"/api/v1/cases/{code}", headers=call.headers).json["answers"]
        assert [(one["question"], one["value"]) for one in found] == [
            ("danger", "some"),
            ("depth", 12.5),
            ("seen", "2026-11-22T08:30:00+03:30"),
        ]

    @pytest.mark.parametrize(
        ("given", "pointers"),
        [
            (None, ["#/answers/danger"]),
            ({"danger": "yes"}, ["#/answers/danger"]),
            ({"danger": 5}, ["#/answers/danger"]),
            ({"danger": "some", "depth": "12"}, ["#/answers/depth"]),
            ({"danger": "no", "seen": "۱۴۰۵/۰۹/۰۱"}, ["#/answers/seen"]),
            ({"danger": "no", "q/1": "x"}, ["#/answers/q~11"]),
            ([], ["#/answers"]),
            ({str(number): "x" for number in range(21)}, ["#/answers"]),
        ],
    )
    def test_a_mistake_is_pointed_at(self, city, asked, call, given, pointers):
        wrong = call(given, status=422)
        assert [one["pointer"] for one in wrong.json["errors"]] == pointers
        assert no_case(city)


def test_answers_go_with_their_case(city, asked):
    city.send(answers={"danger": "no", "who": "همسایه"})
    with city.site.work() as work:
        assert work.session.scalar(text("SELECT count(*) FROM case_answers")) == 2
        work.session.delete(work.session.scalars(select(Case)).one())
    with city.site.work(write=False) as work:
        assert work.session.scalar(text("SELECT count(*) FROM case_answers")) == 0
