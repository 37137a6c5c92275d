"""Categories by the API: one as it is written, and what their pages change."""

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

from civicportal.domain.organization.categories import CategoryService
from civicportal.domain.organization.models import Unit
from civicportal.testing import make_staff, make_unit

pytestmark = pytest.mark.both_databases

RIGHT = "core:category:manage"
WASTE, LIGHT = "/categories/petitions/waste", "/categories/petitions/light"
MAIN = {"name": "نظافت شهر", "short_name": "نظافت"}
NEW = {**MAIN, "kind": "petitions"}
change = partial(change_at, 3)
add = partial(add_at, "/categories")
keys = partial(keys_at, "/categories?limit=100")


@pytest.fixture
def civic_settings():
    return {"site": {"languages": ["fa", "en"]}}


class TestReading:
    def test_a_category_is_shown_in_the_language_of_the_site_with_its_translations(self, boss, site):
        with site.work() as work:
            found = work.get(CategoryService).named("petitions", "waste")
            found.translations = {"en": {"name": "Waste", "synonyms": ["bin"]}, "de": {"name": "Abfall"}}
        assert boss.get(WASTE).json == {
            "kind": "petitions",
            "key": "waste",
            "name": found.name,
            "short_name": found.short_name,
            "parent": None,
            "unit": "waste",
            "deadline_days": found.deadline_days,
            "hint": "",
            "synonyms": [],
            "public": False,
            "icon": found.icon,
            "tint": found.tint or "none",
            "active": True,
            "position": 1,
            "translations": {"en": {"name": "Waste", "synonyms": ["bin"]}},
        }
        boss.get("/categories/petitions/nowhere", status=404)
        boss.get("/categories/nonsense/waste", status=404)

    def test_staff_read_categories_as_written_and_citizens_only_the_list(self, caller, staff):
        assert caller("officer", "organization:read").get(LIGHT).json["position"] == 2
        caller("officer", "cases:read").get(LIGHT, status=403)
        caller("boss", "organization:write").get(LIGHT, status=403)
        citizen = caller("citizen", "cases:read")
        citizen.get(LIGHT, status=403)
        assert {"waste", "light"} <= set(keys(citizen))


class TestCreating:
    def test_main_category_and_subcategory_are_added(self, boss):
        main = {**NEW, "key": "T-1", "icon": "trash", "tint": "none", "synonyms": ["زباله", "سطل"]}
        made = add(boss, main).json
        left_out = {"parent": None, "unit": None, "deadline_days": None, "hint": "", "public": False}
        shown = {"active": True, "position": 3, "translations": {"en": {}}}
        assert made == {**main, **left_out, **shown}
        below = {**NEW, "key": "T-2", "parent": "T-1", "unit": "light", "deadline_days": 2.5, "public": True}
        leaf = add(boss, below)
        look = {"icon": "trash", "tint": "none", "hint": "", "synonyms": []}
        assert leaf.json == {**below, **look, **shown, "position": 1}
        assert boss.get("/categories/petitions/T-2").headers["ETag"] == leaf.headers["ETag"]
        # Seen by whatever reads the cached tree.
        assert {"T-1", "T-2"} <= set(keys(boss))
        assert boss.get("/categories/petitions/T-2/questions").json == {"questions": []}

    def test_the_same_call_adds_one_category_with_a_key_and_a_look(self, boss):
        first = add(boss, NEW)
        assert first.json["key"].startswith("category_")
        assert (first.json["icon"], first.json["tint"]) == ("trash", "t")
        again = add(boss, NEW)
        assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
        boss.post("/categories", NEW, status=400)

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({"key": "waste"}, ["#/key"]),
            ({"key": "a/b"}, ["#/key"]),
            ({"kind": "nonsense"}, ["#/kind"]),
            ({"parent": "nowhere"}, ["#/parent"]),
            ({"unit": "nowhere"}, ["#/unit"]),
            ({"unit": "shut"}, ["#/unit"]),
            ({"short_name": "😀" * 13}, ["#/short_name"]),
            ({"short_name": None}, ["#/short_name"]),
            ({"name": ""}, ["#/name"]),
            ({"deadline_days": 0}, ["#/deadline_days"]),
            ({"deadline_days": "2"}, ["#/deadline_days"]),
            ({"icon": "skull"}, ["#/icon"]),
            ({"tint": "pink"}, ["#/tint"]),
            ({"icon": "trash", "parent": "waste"}, ["#/icon"]),
            ({"tint": "g", "parent": "waste"}, ["#/tint"]),
            ({"synonyms": "زباله، سطل"}, ["#/synonyms"]),
            ({"synonyms": ["زباله، سطل"]}, ["#/synonyms"]),
            ({"synonyms": [str(n) for n in range(41)]}, ["#/synonyms"]),
            ({"public": "yes"}, ["#/public"]),
            ({"active": False}, ["#/active"]),
            ({"translations": {"en": {"short_name": "😀" * 13}}}, ["#/translations/en/short_name"]),
            ({"translations": {"en": {"synonyms": ["a,b"]}}}, ["#/translations/en/synonyms"]),
            ({"translations": {"de": {}}}, ["#/translations/de"]),
        ],
    )
    def test_mistakes_are_named_by_their_place(self, boss, site, body, named):
        with site.work() as work:
            make_unit(work, "shut", active=False)
        before = keys(boss)
        wrong = add(boss, {**NEW, **body}, status=422)
        assert pointers(wrong) == named
        assert all(one["detail"] for one in wrong.json["errors"])
        assert keys(boss) == before

    def test_there_is_no_third_level(self, boss):
        add(boss, {**NEW, "key": "leaf", "parent": "waste"})
        wrong = add(boss, {**NEW, "parent": "leaf"}, status=422)
        assert pointers(wrong) == ["#/parent"]
        assert "two levels" in wrong.json["errors"][0]["detail"]
        # One with subcategories stays a main one, and none stands below itself.
        for path, parent in ((WASTE, "light"), (LIGHT, "light")):
            assert pointers(change(boss, path, {**MAIN, "parent": parent}, status=422)) == ["#/parent"]


class TestChanging:
    def test_all_fields_are_replaced_and_the_look_stays(self, boss):
        english = {"name": "Clean city", "short_name": "Clean", "hint": "Bins", "synonyms": ["bin", "litter"]}
        body = {
            **MAIN,
            "unit": "light",
            "deadline_days": 3,
            "hint": "سطل و زباله",
            "synonyms": ["زباله"],
            "public": True,
            "icon": "trash",
            "tint": "g",
            "translations": {"en": english},
        }
        found = change(boss, WASTE, body)
        assert found.json.items() >= body.items()
        assert boss.get(WASTE).headers["ETag"] == found.headers["ETag"]
        listed = {one["key"]: one for one in boss.get("/categories").json["items"]}["waste"]
        assert (listed["name"], listed["synonyms"], listed["unit"]) == (
            "Clean city",
            ["bin", "litter"],
            "light",
        )
        emptied = change(boss, WASTE, MAIN).json
        assert (emptied["unit"], emptied["deadline_days"], emptied["hint"]) == (None, None, "")
        assert (emptied["synonyms"], emptied["public"], emptied["translations"]) == ([], False, {"en": {}})
        assert (emptied["icon"], emptied["tint"]) == ("trash", "g")

    def test_subcategories_follow_the_look_of_their_main_category(self, boss):
        add(boss, {**NEW, "key": "leaf", "parent": "waste"})
        change(boss, WASTE, {**MAIN, "icon": "bulb", "tint": "r"})
        leaf = boss.get("/categories/petitions/leaf").json
        assert (leaf["icon"], leaf["tint"]) == ("bulb", "r")
        # Under another one it has that one's, and by itself it keeps it.
        change(boss, LIGHT, {**MAIN, "icon": "sun", "tint": "none"})
        moved = change(boss, "/categories/petitions/leaf", {**MAIN, "parent": "light"}).json
        assert (moved["parent"], moved["icon"], moved["tint"], moved["position"]) == (
            "light",
            "sun",
            "none",
            1,
        )
        alone = change(boss, "/categories/petitions/leaf", MAIN).json
        assert (alone["parent"], alone["icon"], alone["position"]) == (None, "sun", 3)

    def test_a_closed_unit_stays_responsible_and_is_not_chosen_again(self, boss, site):
        with site.work() as work:
            work.session.scalars(select(Unit).where(Unit.key == "waste")).one().active = False
        assert change(boss, WASTE, {**MAIN, "unit": "waste"}).json["unit"] == "waste"
        assert pointers(change(boss, LIGHT, {**MAIN, "unit": "waste"}, status=422)) == ["#/unit"]

    def test_key_and_kind_stay(self, boss):
        for name, value in (("key", "new"), ("kind", "petitions")):
            assert pointers(change(boss, WASTE, {**MAIN, name: value}, status=422)) == [f"#/{name}"]

    def test_what_was_changed_meanwhile_is_not_overwritten(self, boss):
        seen = boss.get(WASTE).headers["ETag"]
        boss.post(WASTE, {**MAIN, "hint": "نخست"}, If_Match=seen)
        for path, body in (("", MAIN), ("/move", {"position": 1}), ("/active", {"active": False})):
            stale = boss.post(f"{WASTE}{path}", body, status=412, If_Match=seen)
            assert stale.headers["ETag"] == boss.get(WASTE).headers["ETag"]
            boss.post(f"{WASTE}{path}", body, status=428)
            boss.post(f"/categories/petitions/nowhere{path}", body, status=404, If_Match=seen)
        boss.post(f"{WASTE}/delete", status=412, If_Match=seen)
        boss.post(f"{WASTE}/delete", status=428)
        assert boss.get(WASTE).json["hint"] == "نخست"

    def test_a_category_is_moved_among_its_siblings(self, boss):
        for key in "ab":
            add(boss, {**NEW, "key": key, "parent": "waste"})
        assert change(boss, "/categories/petitions/b/move", {"position": 1}).json["position"] == 1
        assert boss.get("/categories/petitions/a").json["position"] == 2
        assert change(boss, f"{WASTE}/move", {"position": 9}).json["position"] == 2
        assert boss.get(LIGHT).json["position"] == 1
        change(boss, f"{WASTE}/move", {"position": 0}, status=422)

    def test_citizens_are_not_offered_what_is_switched_off(self, boss, caller):
        assert change(boss, f"{WASTE}/active", {"active": False}).json["active"] is False
        citizen = caller("citizen", "cases:read")
        assert "waste" not in keys(citizen)
        citizen.get(f"{WASTE}/questions", status=404)
        assert change(boss, f"{WASTE}/active", {"active": True}).json["active"] is True
        assert "waste" in keys(citizen)
        change(boss, f"{WASTE}/active", {}, status=422)

    def test_only_what_nothing_refers_to_is_deleted(self, boss):
        refused = change(boss, f"{WASTE}/delete", status=422)
        assert "switched off, not deleted" in refused.json["detail"]
        add(boss, {**NEW, "key": "gone"})
        assert change(boss, "/categories/petitions/gone/delete").json["key"] == "gone"
        boss.get("/categories/petitions/gone", status=404)
        assert "gone" not in keys(boss)
        add(boss, {**NEW, "key": "gone"}, status=404)


class TestRights(TokenRights):
    calls = (
        ("/categories", NEW),
        (WASTE, MAIN),
        (f"{WASTE}/move", {"position": 2}),
        (f"{WASTE}/active", {"active": False}),
        (f"{WASTE}/delete", {}),
    )

    def test_the_right_and_the_scope_are_both_needed(self, caller, staff, site):
        change(caller("keeper", *BOTH), WASTE, {**MAIN, "hint": "نخست"})
        self.refused(caller("keeper", "organization:read"), 403)
        self.refused(caller("officer", *BOTH), 403)
        self.refused(caller("citizen", "cases:write"), 403)
        with site.work() as work:
            unit = work.session.scalars(select(Unit).where(Unit.key == "waste")).one()
            staff["units"] = make_staff(
                work, "units", permissions=["core:unit:manage"], unit=unit, username="units"
            )
        # Units are another right, and one of the whole city is not in a token of a unit.
        self.refused(caller("units", *BOTH), 403)
        self.refused(caller("boss", *BOTH, unit=unit), 403)
        assert caller("boss", *BOTH).get(WASTE).json["hint"] == "نخست"

    def test_the_record_names_the_token(self, boss, site):
        add(boss, {**NEW, "key": "new"})
        change(boss, WASTE, {**MAIN, "hint": "نخست"})
        change(boss, f"{WASTE}/move", {"position": 2})
        change(boss, f"{WASTE}/active", {"active": False})
        change(boss, "/categories/petitions/new/delete")
        rows = recorded(site, "category")
        made = [row.action.partition(":")[2] for row in rows]
        assert made == ["add", "change", "move", "close", "delete"]
        assert rows[1].data["changes"]["hint"] == ["", "نخست"]


@pytest.mark.one_database("postgresql")
def test_the_later_of_two_changes_at_once_is_stale(boss, site):
    seen = boss.get(WASTE).headers["ETag"]

    def other():
        boss.post(WASTE, {**MAIN, "hint": "نخست"}, If_Match=seen)

    with concurrently(
        site, other, before=lambda sql: "FROM categories" in sql and "FOR NO KEY UPDATE" in sql
    ):
        boss.post(WASTE, {**MAIN, "hint": "دوم"}, status=412, If_Match=seen)
    assert boss.get(WASTE).json["hint"] == "نخست"
