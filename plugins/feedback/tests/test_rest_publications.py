"""“Heard and done” by other software: for everybody, and for those who write the texts."""

import pytest
from civicportal_feedback.publications import PublicationService
from sqlalchemy import select, text

from civicportal.api.cases import CaseEvent
from civicportal.testing import identity, make_staff, make_unit
from civicportal.testing.tokens import token_for

pytestmark = pytest.mark.both_databases

TEXTS = {"heard": "ایستگاه‌ها نیمکت ندارد.", "done": "در هشت ایستگاه نیمکت نصب شد."}


@pytest.fixture
def answered(city, clock):
    """An answered message whose sender agrees, a minute ago."""
    code = city.send(consent=True)
    city.step(code, "answer", public_text=city.answer)
    clock.advance(minutes=1)
    return code


@pytest.fixture
def call(site, app, city):
    """Call as a person: ``call("officer", path)``, or with a body and the version of the message as it is now."""
    tokens = {}

    def headers(who):
        own = () if who == "citizen" else ("feedback:read", "feedback:write")
        tokens[who] = tokens.get(who) or token_for(
            site, getattr(city, who), "cases:read", "cases:write", *own
        )
        return {"Authorization": f"Bearer {tokens[who]}"}

    def call(who, path, body=None, *, status=200, version=None):
        if body is None:
            return app.get(f"/api/v1/feedback{path}", headers=headers(who), status=status)
        shown = path.removesuffix("/withdraw")
        version = version or app.get(f"/api/v1/feedback{shown}", headers=headers("officer")).headers["ETag"]
        more = {**headers(who), "If-Match": version}
        return app.post_json(f"/api/v1/feedback{path}", body, headers=more, status=status)

    return call


def test_the_texts_are_written_published_changed_and_withdrawn(app, city, call, answered):
    path = f"/{answered}/publication"
    shown = call("officer", path).json
    assert (shown["possible"], shown["public"], shown["heard"], shown["reason"]) == (True, False, None, None)
    assert (shown["message"], shown["answer"]) == (city.body, city.answer)
    assert (shown["proposed_heard"], shown["proposed_done"]) == (city.body, city.answer)
    made = call("officer", path, TEXTS)
    assert (made.json["public"], made.json["heard"]) == (True, TEXTS["heard"])
    assert made.headers["ETag"] == f'"{made.json["version"]}"' != f'"{shown["version"]}"'
    [item] = app.get("/api/v1/feedback").json["items"]
    assert {name: item[name] for name in TEXTS} == TEXTS
    assert item["unit"] == {"key": "bus", "name": "سازمان اتوبوسرانی"}
    for secret in (answered, city.citizen.name, city.body):
        assert secret not in app.get("/api/v1/feedback").text
    assert TEXTS["heard"] in app.get("/feedback").text
    changed = {**TEXTS, "done": "در ده ایستگاه نیمکت نصب شد."}
    assert call("officer", path, changed).json["done"] == changed["done"]
    taken = call("officer", f"{path}/withdraw", {}).json
    assert (taken["public"], taken["done"], taken["proposed_done"]) == (False, *[changed["done"]] * 2)
    assert app.get("/api/v1/feedback").json["items"] == []
    with city.site.work(write=False) as work:
        types = work.session.scalars(select(CaseEvent.type).order_by(CaseEvent.id)).all()
    assert types[-3:] == ["published", "published", "hidden"]


def test_the_lists_of_those_who_write(city, call, clock):
    codes = {}
    for name, consent in (("first", True), ("second", True), ("none", False), ("open", True)):
        codes[name] = city.send(consent=consent)
        if name != "open":
            city.step(codes[name], "answer", public_text=city.answer)
        clock.advance(minutes=1)

    def listed(state="candidate", more=""):
        return call("officer", f"/publications?state={state}{more}").json

    def found(state):
        return [one["code"] for one in listed(state)["items"]]

    assert found("candidate") == [codes["second"], codes["first"]]
    page = listed(more="&limit=1")
    rest = listed(more=f"&limit=1&cursor={page['next']}")
    assert [one["code"] for one in (*page["items"], *rest["items"])] == [codes["second"], codes["first"]]
    assert (page["items"][0]["possible"], rest["next"]) == (True, None)
    city.publish(codes["first"])
    assert (found("candidate"), found("published")) == ([codes["second"]], [codes["first"]])
    call("officer", f"/{codes['first']}/publication/withdraw", {})
    assert (found("published"), found("withdrawn")) == ([], [codes["first"]])


def test_everybody_reads_on_from_page_to_page(app, city, clock):
    for number in range(3):
        code = city.send(consent=True)
        city.step(code, "answer", public_text=city.answer)
        city.publish(code, heard=f"پیام شمارهٔ {number}")
        clock.advance(minutes=1)
    first = app.get("/api/v1/feedback?limit=2").json
    last = app.get(f"/api/v1/feedback?limit=2&cursor={first['next']}").json
    assert [one["heard"][-1] for one in (*first["items"], *last["items"])] == ["2", "1", "0"]
    assert last["next"] is None
    for cursor in ("0", "x", "-1", "999999999", "9" * 30):
        app.get(f"/api/v1/feedback?cursor={cursor}", status=400)


def test_a_list_of_those_who_write_refuses_other_cursors(city, call):
    for query in ("cursor=x", "cursor=0", "state=other", "sort=newest", "limit=0"):
        call("officer", f"/publications?{query}", status=400)


def test_without_consent_or_answer_it_says_why(city, call):
    silent, early = city.send(), city.send(consent=True)
    city.step(silent, "answer", public_text=city.answer)
    for code, words in ((silent, "موافقت نکرده"), (early, "پاسخ")):
        shown = call("officer", f"/{code}/publication").json
        assert shown["possible"] is False
        assert words in shown["reason"]
        assert call("officer", f"/{code}/publication", TEXTS, status=422).json["detail"] == shown["reason"]


def test_a_text_with_personal_data_is_pointed_at(city, call, answered):
    path = f"/{answered}/publication"
    wrong = call("officer", path, {**TEXTS, "heard": "تلفن من 09000000001 است."}, status=422).json
    assert [one["pointer"] for one in wrong["errors"]] == ["#/heard"]
    named = {**TEXTS, "done": "خانم رضایی خبر داده است که نیمکت نصب شد."}
    wrong = call("officer", path, named, status=422).json
    assert [one["pointer"] for one in wrong["errors"]] == ["#/done"]


def test_words_that_are_no_names_are_allowed_and_recorded(city, call, answered):
    path, done = f"/{answered}/publication", "با رضایی کامل مردم نیمکت نصب شد."
    wrong = call("officer", path, {**TEXTS, "done": done}, status=422).json
    [mistake] = wrong["errors"]
    made = call("officer", path, {**TEXTS, "done": done, "allowed": mistake["words"]}).json
    assert made["done"] == done
    with city.site.work(write=False) as work:
        actions = work.session.scalars(text("select action from audit_events")).all()
    assert actions.count("text:allow_word") == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"heard": None}, "#/heard"),
        ({"heard": "کم"}, "#/heard"),
        ({"done": ""}, "#/done"),
        ({"done": 3}, "#/done"),
        ({"allowed": "x"}, "#/allowed"),
        ({"public": True}, "#/public"),
    ],
)
def test_what_is_wrong_is_named(call, answered, change, pointer):
    wrong = call("officer", f"/{answered}/publication", {**TEXTS, **change}, status=422).json
    assert [one["pointer"] for one in wrong["errors"]] == [pointer]


def test_an_old_version_is_refused(city, call, answered):
    path = f"/{answered}/publication"
    old = call("officer", path).headers["ETag"]
    call("officer", path, TEXTS)
    call("officer", path, {**TEXTS, "heard": "متن همکار دیگر است."}, status=412, version=old)
    call("officer", f"{path}/withdraw", {}, status=412, version=old)
    assert call("officer", path).json["heard"] == TEXTS["heard"]


def test_it_takes_the_right_and_the_case(site, app, city, call, answered):
    with site.work() as work:
        unit = make_unit(work, "elsewhere")
        city.stranger = identity(
            work, make_staff(work, "stranger", unit=unit, permissions=["feedback:answer:publish"])
        )
        city.reader = identity(
            work,
            make_staff(work, "reader", permissions=["feedback:case:view", "feedback:answer:publish"]),
        )
    city.publish(answered)
    path = f"/{answered}/publication"
    for who, status in (("citizen", 403), ("expert", 403), ("stranger", 404)):
        call(who, path, status=status)
        call(who, path, TEXTS, status=status)
        call(who, f"{path}/withdraw", {}, status=status)
    assert call("stranger", "/publications?state=published").json["items"] == []
    # Who reads every message and works on none sees the texts only.
    [item] = call("reader", "/publications?state=published").json["items"]
    assert (item["code"], item["possible"]) == (answered, False)
    call("reader", path, TEXTS, status=403)
    call("reader", f"{path}/withdraw", {}, status=403)
    app.get(f"/api/v1/feedback{path}", status=401)
    call("officer", "/9999999999/publication", status=404)
    with site.work(write=False) as work:
        assert [row.public for row, _feedback in work.get(PublicationService).latest(9)] == [True]
