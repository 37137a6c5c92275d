"""Ready texts: kept in their order by those who may, and only of the kinds they work on."""

import pytest
from rows import press_row

from civicportal.domain.cases.schemas import PublicAnswer
from civicportal.domain.cases.workflow import Transition
from civicportal.domain.kartable.ready_texts import ON_TOPIC, TEXTS, ReadyTextService
from civicportal.testing import make_case, make_category, make_staff, make_unit
from civicportal.util.i18n import _

ANSWER = Transition(
    name="answer", title=_("Answer"), sources=("registered",), target="done", schema=PublicAnswer
)

WORDS = {"place": "petitions:", "title": "سپاس", "text": "{NAME} گرامی، سپاسگزاریم."}
RIGHTS = ["petitions:case:view", "petitions:case:work", "core:text:manage"]


@pytest.fixture
def officer(site):
    with site.work() as work:
        unit = make_unit(work, "pr")
        return make_staff(work, "officer", unit=unit, permissions=RIGHTS)


@pytest.fixture
def texts(site):
    """Three texts, by their titles."""
    with site.work() as work:
        service = work.get(ReadyTextService)
        return {
            title: service.add("petitions", title=title, text="متن نمونه").id for title in ("یک", "دو", "سه")
        }


def titles(site):
    with site.work(write=False) as work:
        return [row.title for row in work.get(ReadyTextService).rows("petitions")]


def the_form(page):
    return next(form for form in page.forms.values() if "text" in form.fields)


def test_a_text_is_added_and_changed(site, app, sign_in, officer):
    sign_in(officer)
    form = the_form(app.get("/desk/texts/new?kind=petitions"))
    for name, value in WORDS.items():
        form[name] = value
    assert form["active"].checked
    page = form.submit(status=303).follow(status=200)
    assert "سپاس" in page.text
    form = the_form(page.click("سپاس", href=r"/desk/texts/\d+$"))
    assert form["text"].value == WORDS["text"]
    form["title"], form["active"] = "قدردانی", False
    form.submit(status=303)
    with site.work(write=False) as work:
        (row,) = work.get(ReadyTextService).rows("petitions")
        assert (row.title, row.active, row.transition) == ("قدردانی", False, "")


@pytest.mark.parametrize(
    ("name", "value"),
    [("title", ""), ("text", "کم"), ("text", "سلام {FATHER} گرامی"), ("text", "سلام {NAME گرامی")],
)
def test_what_is_missing_or_filled_in_by_nothing_is_refused(site, app, sign_in, officer, name, value):
    sign_in(officer)
    form = the_form(app.get("/desk/texts/new"))
    for field, words in {**WORDS, name: value}.items():
        form[field] = words
    page = form.submit(status=422)
    assert the_form(page)[name].value == value
    assert titles(site) == []


def test_the_order_is_changed_step_by_step(site, app, sign_in, officer, texts):
    sign_in(officer)

    def press(title, way):
        press_row(app.get("/desk/texts"), f"/desk/texts/{texts[title]}/move", way)

    press("سه", "up")
    assert titles(site) == ["یک", "سه", "دو"]
    press("یک", "down")
    assert titles(site) == ["سه", "یک", "دو"]


def test_the_ends_stay_where_they_are(site, texts):
    with site.work() as work:
        service = work.get(ReadyTextService)
        service.move(service.fetch(texts["یک"]), -1)
        service.move(service.fetch(texts["سه"]), 1)
    assert titles(site) == ["یک", "دو", "سه"]


def test_the_page_is_for_those_with_the_right(site, app, sign_in):
    app.get("/desk/texts", status=303)
    with site.work() as work:
        handler = make_staff(work, "handler", permissions=["petitions:case:work"])
    sign_in(handler)
    app.get("/desk/texts", status=403)


def test_texts_of_other_kinds_are_not_found(site, app, sign_in, texts):
    with site.work() as work:
        other = make_staff(work, "writer", permissions=["core:text:manage"])
    sign_in(other)
    app.get(f"/desk/texts/{texts['یک']}", status=404)
    app.get("/desk/texts", status=403)


@pytest.mark.both_databases
def test_texts_on_the_topic_of_the_case_come_first_and_others_not_at_all(site):
    with site.work() as work:
        roads, parks = make_category(work, "roads"), make_category(work, "parks")
        pothole = make_category(work, "pothole", parent_id=roads.id)
        service = work.get(ReadyTextService)
        for title, topic in (("همه", None), ("چاله", pothole), ("درخت", parks), ("معابر", roads)):
            service.add("petitions", title=title, text="متن", category_id=topic.id if topic else None)
        cases = [make_case(work, category=pothole), make_case(work, category=roads), make_case(work)]
    with site.work(write=False) as work:
        offers = [work.get(ReadyTextService).offers(case, ANSWER) for case in cases]
    assert [[offer.title for offer in found] for found in offers] == [
        ["چاله", "معابر", "همه"],
        ["معابر", "همه"],
        ["همه"],
    ]
    assert [offer.group for offer in offers[0]] == [ON_TOPIC, ON_TOPIC, TEXTS]


def test_a_topic_is_chosen_for_a_text(site, app, sign_in, officer):
    with site.work() as work:
        topic, foreign = make_category(work), make_category(work, "foreign", kind="meetings")
    sign_in(officer)
    form = the_form(app.get("/desk/texts/new?kind=petitions"))
    assert str(foreign.id) not in [value for value, _chosen, _text in form["category"].options]
    for name, value in {**WORDS, "category": str(topic.id)}.items():
        form[name] = value
    page = form.submit(status=303).follow(status=200)
    assert topic.name in page.text
    with site.work(write=False) as work:
        (row,) = work.get(ReadyTextService).rows("petitions")
        assert row.category_id == topic.id
    assert the_form(page.click("سپاس", href=r"/desk/texts/\d+$"))["category"].value == str(topic.id)
