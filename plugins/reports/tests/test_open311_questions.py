"""Questions of categories by Open311: their definition, answers with a new request, and what is told of them."""

import pytest
from open311_schemas import checked, plain
from sqlalchemy import select

from civicportal.api.cases import Case
from civicportal.api.organization import Category
from civicportal.api.submission import QuestionnaireService
from civicportal.testing import identity, make_question, make_staff, statements
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

ROOT = "/open311/v2"
FORMATS = ("xml", "json")
FORM = {
    "service_code": "pothole",
    "lat": "31.0203",
    "long": "52.015",
    "description": "چالهٔ عمیق کنار جدول است.",
}
LISTS = ("service_requests", "services", "attributes", "values", "photos", "notes")


@pytest.fixture
def asked(site, city):
    """Ask about potholes: a text to read, choices one of which stops, depth after one of them, lanes, and a remark."""
    with site.work() as work:
        category = work.session.get(Category, city.categories["pothole"])
        make_question(work, category, "advice", variable=False, label="اگر کسی زخمی است با ۱۱۵ تماس بگیرید.")
        kind = make_question(
            work,
            category,
            "kind",
            choices={"hole": "چاله", "crack": "ترک", "collapse": "فروریختن"},
            stops={"collapse": "خطر جانی دارد: با ۱۱۰ تماس بگیرید."},
            label="چه شده است؟",
            required=True,
            public=True,
        )
        make_question(
            work,
            category,
            "depth",
            datatype="number",
            label="عمق به سانتی‌متر",
            hint="حدودی",
            required=True,
            condition_id=kind.id,
            condition_keys=["hole"],
        )
        make_question(
            work,
            category,
            "lane",
            datatype="multivaluelist",
            choices={"left": "چپ", "middle": "وسط", "right": "راست"},
            label="کدام خط؟",
            public=True,
        )
        make_question(work, category, "remark", label="نشانه")


@pytest.fixture
def send(app, site, city, asked):
    """Send a new request with attributes, and return its number."""
    with site.work() as work:
        machine = identity(work, make_staff(work, "registrar", permissions=["reports:case:register"]))
    key = token_for(site, machine, "cases:write")

    def send(*attributes, form="json", status=200, **changed):
        fields = [("api_key", key), *{**FORM, **changed}.items(), *attributes]
        answer = app.post(f"{ROOT}/requests.{form}", fields, status=status)
        return answer if status != 200 else answer.json[0]["service_request_id"]

    send.key = key
    return send


def answers(site):
    with site.work(write=False) as work:
        [case] = work.session.scalars(select(Case))
        return {one.question.key: one.value for one in work.get(QuestionnaireService).of(case)}


KIND, DEPTH = ("attribute[kind]", "hole"), ("attribute[depth]", "12.5")


class TestDefinition:
    @pytest.mark.parametrize("form", FORMATS)
    def test_services_say_whether_they_have_one(self, app, asked, form):
        found = checked(app.get(f"{ROOT}/services.{form}"), "services")
        found = found if form == "json" else plain(found, LISTS)
        asking = [one["service_code"] for one in found if one["metadata"] in (True, "true")]
        assert asking == ["pothole"]

    @pytest.mark.parametrize("form", FORMATS)
    def test_has_the_questions_in_order(self, app, asked, form):
        found = checked(app.get(f"{ROOT}/services/pothole.{form}"), "service_definition")
        attributes = found["attributes"] if form == "json" else plain(found, LISTS)["attributes"]
        assert [one["code"] for one in attributes] == ["advice", "kind", "depth", "lane", "remark"]
        assert [int(one["order"]) for one in attributes] == [1, 2, 3, 4, 5]
        assert [one["datatype"] for one in attributes] == [
            "string",
            "singlevaluelist",
            "number",
            "multivaluelist",
            "string",
        ]
        assert attributes[0]["variable"] in (False, "false")
        assert attributes[1]["values"][0] == {"key": "hole", "name": "چاله"}
        assert attributes[2]["datatype_description"] == "حدودی"

    def test_what_depends_on_another_answer_is_not_required(self, app, asked):
        attributes = app.get(f"{ROOT}/services/pothole.json").json["attributes"]
        assert {one["code"] for one in attributes if one["required"]} == {"kind"}


class TestAnswers:
    def test_come_in_brackets(self, site, send):
        send(
            KIND,
            DEPTH,
            ("attribute[lane][]", "left"),
            ("attribute[lane][]", "middle"),
            ("attribute[remark]", "الف"),
        )
        assert answers(site) == {"kind": "hole", "depth": 12.5, "lane": ("left", "middle"), "remark": "الف"}

    @pytest.mark.parametrize("body", ["attribute[kind]=crack", "attribute%5Bkind%5D=crack"])
    def test_brackets_may_be_encoded(self, app, site, send, body):
        usual = "&".join(
            f"{name}={value}" for name, value in {**FORM, "description": "x", "api_key": send.key}.items()
        )
        app.post(f"{ROOT}/requests.json", f"{usual}&{body}", status=200)
        assert answers(site) == {"kind": "crack"}

    def test_one_of_several_may_come_alone(self, site, send):
        send(("attribute[kind][]", "crack"), ("attribute[lane]", "right"))
        assert answers(site) == {"kind": "crack", "lane": ("right",)}

    def test_an_empty_one_is_none(self, site, send):
        send(("attribute[kind]", "crack"), ("attribute[remark]", ""), ("attribute[lane][]", ""))
        assert answers(site) == {"kind": "crack"}

    @pytest.mark.parametrize("form", FORMATS)
    @pytest.mark.parametrize(
        ("attributes", "named"),
        [
            ([], "attribute[kind]"),
            ([KIND], "attribute[depth]"),
            ([KIND, ("attribute[depth]", "deep")], "attribute[depth]"),
            ([("attribute[kind]", "flood")], "attribute[kind]"),
            ([("attribute[kind]", "crack"), DEPTH], "attribute[depth]"),
            ([KIND, DEPTH, ("attribute[color]", "red")], "attribute[color]"),
            ([KIND, DEPTH, ("attribute[advice]", "x")], "attribute[advice]"),
            ([KIND, DEPTH, ("attribute[lane][]", "left"), ("attribute[lane][]", "sky")], "attribute[lane]"),
            ([("attribute[kind][]", "hole"), ("attribute[kind][]", "crack")], "attribute[kind]"),
            ([KIND, DEPTH, ("attribute[remark]", "x" * 201)], "attribute[remark]"),
        ],
    )
    def test_a_mistake_is_400_and_named(self, site, send, attributes, named, form):
        answer = send(*attributes, form=form, status=400)
        checked(answer, "errors")
        assert named in answer.text
        with site.work(write=False) as work:
            assert work.session.scalars(select(Case)).all() == []

    def test_a_choice_that_stops_says_whom_to_call(self, send):
        [error] = send(("attribute[kind]", "collapse"), status=400).json
        assert "خطر جانی دارد" in error["description"]

    def test_a_service_without_questions_takes_none(self, app, site, send):
        answer = send(("attribute[kind]", "hole"), service_code="bin", status=400)
        checked(answer, "errors")


class TestExtensions:
    @pytest.mark.parametrize("form", FORMATS)
    def test_tell_the_answers_that_are_public(self, app, site, city, send, form):
        number = send(
            KIND,
            DEPTH,
            ("attribute[lane][]", "left"),
            ("attribute[lane][]", "right"),
            ("attribute[remark]", "راز"),
        )
        with site.work(write=False) as work:
            code = work.session.scalar(select(Case.code))
        city.publish(code)
        for path in (f"requests/{number}", "requests"):
            answer = app.get(f"{ROOT}/{path}.{form}?extensions=true")
            found = checked(answer, "service_requests")
            [item] = found if form == "json" else plain(found, LISTS)
            assert {one["code"]: one["value"] for one in item["attributes"]} == {
                "kind": "hole",
                "lane": "left,right",
            }
            assert item["attributes"][0]["name"] == "چاله"
            assert "راز" not in answer.text

    def test_cost_no_more_statements_for_many(self, app, site, city, send):
        for kind in ("hole", "crack"):
            send(("attribute[kind]", kind), *([DEPTH] if kind == "hole" else []))
        with site.work(write=False) as work:
            codes = work.session.scalars(select(Case.code)).all()
        for code in codes:
            city.publish(code)
        numbers = []
        for size in (1, 2):
            app.get(f"{ROOT}/requests.json?page_size={size}&extensions=true")
            with statements(city.site) as executed:
                app.get(f"{ROOT}/requests.json?page_size={size}&extensions=true")
            numbers.append(len(executed))
        assert numbers[0] == numbers[1] <= 5
