"""The administrators' pages of categories, through the real application."""

from importlib.resources import files
from urllib.parse import urlencode

import pytest
from rows import press_row
from sqlalchemy import select

from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.organization.models import Category
from civicportal.portal.admin.icons import ICONS
from civicportal.testing import make_case, make_category, make_staff, make_unit

PAGE = "/admin/categories"


@pytest.fixture
def city(site):
    """A root with two leaves, and a root that is chosen itself."""
    with site.work() as work:
        unit = make_unit(work, "waste")
        root = make_category(work, "cleaning", icon="trash", tint="t", weight=0)
        ids = {"cleaning": root.id, "unit": unit.id}
        for n, key in enumerate(("bin", "sweeping")):
            ids[key] = make_category(
                work, key, unit=unit, parent_id=root.id, weight=-n, icon="trash", tint="t", synonyms=["زباله"]
            ).id
        ids["other"] = make_category(work, "other", weight=-5).id
        return ids


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


def form_of(page, action=""):
    return next(form for form in page.forms.values() if form.action == action)


def names(app, **query):
    return [link.text.strip() for link in app.get(PAGE, query).html.select("tbody .subj")]


def read(site, category_id):
    with site.work(write=False) as work:
        return work.session.get(Category, category_id)


def test_every_icon_to_choose_is_in_the_sprite():
    sprite = files("civicportal").joinpath("static/vendor/icons.svg").read_text("utf-8")
    assert [name for name in ICONS if f'id="{name}"' not in sprite] == []


def test_a_leaf_is_added_with_the_look_of_its_root(site, app, boss, city):
    form = form_of(app.get(f"{PAGE}/new?parent={city['cleaning']}", status=200))
    assert "icon" not in form.fields
    form["name"], form["short_name"] = "بوی بد", "بوی بد"
    form["unit"], form["deadline_days"] = str(city["unit"]), "۱٫۵"
    form["synonyms"] = "بو، تعفن\nشیرابه، بو"
    form.submit(status=303)
    with site.work(write=False) as work:
        leaf = work.session.scalar(select(Category).where(Category.name == "بوی بد"))
    assert (leaf.kind, leaf.parent_id, leaf.icon, leaf.tint) == ("petitions", city["cleaning"], "trash", "t")
    assert (leaf.unit_id, leaf.deadline_days) == (city["unit"], 1.5)
    assert leaf.synonyms == ["بو", "تعفن", "شیرابه"]
    assert names(app)[3] == "بوی بد"


def test_a_root_is_added_and_its_leaves_follow_its_look(site, app, boss, city):
    form = form_of(app.get(f"{PAGE}/new?kind=petitions"))
    form["name"], form["short_name"], form["icon"], form["tint"] = "آب", "آب", "droplet", "b"
    form.submit(status=303)
    assert names(app)[-1] == "آب"
    form = form_of(app.get(f"{PAGE}/{city['cleaning']}"))
    form["icon"], form["tint"] = "tree", "none"
    form.submit(status=303)
    assert (read(site, city["bin"]).icon, read(site, city["bin"]).tint) == ("tree", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [("name", ""), ("deadline_days", "0"), ("deadline_days", "nan"), ("short_name", "😀" * 13)],
)
def test_invalid_categories_are_refused_with_an_error(app, boss, city, name, value):
    form = form_of(app.get(f"{PAGE}/{city['bin']}"))
    form["hint"] = "سطل‌های خیابان"
    form[name] = value
    assert form_of(form.submit(status=422))["hint"].value == "سطل‌های خیابان"


def test_there_is_no_third_level(app, boss, city):
    app.get(f"{PAGE}/new?parent={city['bin']}", status=404)
    app.get(f"{PAGE}/new?kind=nothing", status=404)
    form = form_of(app.get(f"{PAGE}/{city['bin']}"))
    form["parent"].force_value(str(city["sweeping"]))
    form.submit(status=422)


def test_two_administrators_do_not_overwrite_each_other(site, app, boss, city):
    first, second = (form_of(app.get(f"{PAGE}/{city['bin']}")) for _ in range(2))
    first["public"] = True
    first.submit(status=303)
    second["hint"] = "تازه"
    answer = second.submit(status=409)
    assert "بله" in answer.html.select_one("#merge").text
    assert form_of(answer)["hint"].value == "تازه"
    assert read(site, city["bin"]).hint == ""


def test_categories_are_ordered_switched_and_searched(site, app, boss, city):
    press_row(app.get(PAGE), f"{PAGE}/{city['sweeping']}/move", "up")
    assert names(app) == ["موضوع cleaning", "موضوع sweeping", "موضوع bin", "موضوع other"]
    press_row(app.get(PAGE), f"{PAGE}/{city['other']}/move", "up")
    assert names(app)[0] == "موضوع other"
    assert names(app, kind="petitions", q="زبا") == ["موضوع sweeping", "موضوع bin"]
    assert names(app, kind="nonsense", q="چیزی که نیست") == []
    with site.work() as work:
        code = make_case(work, category=work.session.get(Category, city["bin"])).code
    found = app.get(PAGE, {"kind": "petitions", "q": "زبا"})
    words = urlencode({"q": "زبا"})
    back = press_row(found, f"{PAGE}/{city['bin']}/switch?{words}", "false")
    assert back.html.select_one("#find-category")["value"] == "زبا"
    assert not read(site, city["bin"]).active
    assert "موضوع bin" in app.get(f"/kartable/cases/{code}")
    press_row(app.get(PAGE), f"{PAGE}/{city['bin']}/switch", "true")
    assert read(site, city["bin"]).active


def test_only_what_nothing_refers_to_is_deleted(site, app, boss, city):
    with site.work() as work:
        make_case(work, category=work.session.get(Category, city["bin"]))
    for key in ("bin", "cleaning"):
        page = app.get(f"{PAGE}/{city[key]}")
        assert f"{PAGE}/{city[key]}/delete" not in page
        token = form_of(page)["csrf_token"].value
        app.post(f"{PAGE}/{city[key]}/delete", {"csrf_token": token}, status=303)
        assert read(site, city[key])
    form_of(app.get(f"{PAGE}/{city['other']}"), f"{PAGE}/{city['other']}/delete").submit(status=303)
    assert read(site, city["other"]) is None
    with site.work(write=False) as work:
        assert "category:delete" in work.session.scalars(select(AuditEvent.action)).all()
