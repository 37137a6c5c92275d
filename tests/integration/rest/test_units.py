"""Units by the API: one as it is written, and what their pages change."""

from functools import partial

import pytest
from integration.concurrent import concurrently
from integration.rest.administration import (
    BOTH,
    KEY,
    TokenRights,
    change_at,
    keys_at,
    pointers,
    recorded,
)
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.domain.automation.models import Automation
from civicportal.domain.automation.services import AutomationService
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.organization.units import UnitService
from civicportal.testing import make_staff, make_unit

pytestmark = pytest.mark.both_databases

RIGHT = "core:unit:manage"
NEW = {"name": "سازمان فضای سبز", "short_name": "فضای سبز"}
change = partial(change_at, 2)
keys = partial(keys_at, "/units?limit=100")


@pytest.fixture
def civic_settings():
    return {"site": {"languages": ["fa", "en"]}}


def stored(site, key="waste"):
    with site.work(write=False) as work:
        return work.session.scalars(select(Unit).where(Unit.key == key)).one()


class TestReading:
    def test_a_unit_is_shown_in_the_language_of_the_site_with_its_translations(self, boss, site):
        with site.work() as work:
            unit = work.get(UnitService).named("waste")
            unit.translations = {"en": {"name": "Waste"}, "de": {"name": "Abfall"}}
        assert boss.get("/units/waste").json == {
            "key": "waste",
            "name": "واحد waste",
            "short_name": unit.short_name,
            "parent": None,
            "phone": "",
            "active": True,
            "position": 1,
            "translations": {"en": {"name": "Waste"}},
        }
        boss.get("/units/nowhere", status=404)

    def test_staff_read_units_and_citizens_do_not(self, caller, staff):
        assert caller("officer", "organization:read").get("/units/light").json["position"] == 2
        caller("officer", "cases:read").get("/units/light", status=403)
        caller("boss", "organization:write").get("/units/light", status=403)
        caller("citizen", "cases:read").get("/units/light", status=403)
        caller("boss").app.get("/api/v1/units/light", status=401)


class TestCreating:
    def test_a_unit_is_added_with_a_key_of_its_own(self, boss):
        body = {**NEW, "key": "HR-0042", "parent": "waste", "phone": "137"}
        made = boss.post("/units", body, status=201, Idempotency_Key=KEY)
        assert made.json == {**body, "active": True, "position": 1, "translations": {"en": {}}}
        assert boss.get("/units/HR-0042").headers["ETag"] == made.headers["ETag"]
        # Seen by whatever reads the cached tree.
        assert "HR-0042" in keys(boss)
        assert boss.get("/units/HR-0042/people").json["items"] == []

    def test_the_same_call_adds_one_unit_and_gets_a_key(self, boss, site):
        first = boss.post("/units", NEW, status=201, Idempotency_Key=KEY)
        assert first.json["key"].startswith("unit_")
        again = boss.post("/units", NEW, status=201, Idempotency_Key=KEY)
        assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
        other = boss.post("/units", NEW, status=201, Idempotency_Key=KEY[::-1])
        assert other.json["position"] == first.json["position"] + 1
        boss.post("/units", {**NEW, "phone": "1"}, status=422, Idempotency_Key=KEY)
        boss.post("/units", NEW, status=400)

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({"key": "waste"}, ["#/key"]),
            ({"key": "با فاصله"}, ["#/key"]),
            ({"key": "a" * 41}, ["#/key"]),
            ({"parent": "nowhere"}, ["#/parent"]),
            ({"name": "x"}, ["#/name"]),
            ({"short_name": "😀" * 13}, ["#/short_name"]),
            ({"short_name": "ب" * 26}, ["#/short_name"]),
            ({"phone": 137}, ["#/phone"]),
            ({"weight": 3}, ["#/weight"]),
            ({"translations": {"de": {"name": "Garten"}}}, ["#/translations/de"]),
            ({"translations": {"en": {"short_name": "😀" * 13}}}, ["#/translations/en/short_name"]),
            ({"translations": {"en": {"phone": "1"}}}, ["#/translations/en/phone"]),
        ],
    )
    def test_mistakes_are_named_by_their_place(self, boss, body, named):
        before = keys(boss)
        wrong = boss.post("/units", {**NEW, **body}, status=422, Idempotency_Key=KEY)
        assert pointers(wrong) == named
        assert keys(boss) == before
        assert all(one["detail"] for one in wrong.json["errors"])
        # A refused call does not use up its key.
        assert boss.post("/units", NEW, status=201, Idempotency_Key=KEY).json["name"] == NEW["name"]

    def test_no_unit_is_added_below_a_closed_one(self, boss):
        change(boss, "/units/light/close")
        wrong = boss.post("/units", {**NEW, "parent": "light"}, status=422, Idempotency_Key=KEY)
        assert pointers(wrong) == ["#/parent"]


class TestChanging:
    def test_all_fields_are_replaced(self, boss, site):
        body = {**NEW, "parent": "light", "phone": "137", "translations": {"en": {"name": "City Parks"}}}
        found = change(boss, "/units/waste", body)
        # A short name is made of the name, as on the page.
        texts = {"en": {"name": "City Parks", "short_name": "City Parks"}}
        expected = {**body, "key": "waste", "active": True, "position": 1, "translations": texts}
        assert found.json == expected
        shown = boss.get("/units/waste")
        assert (shown.json, shown.headers["ETag"]) == (expected, found.headers["ETag"])
        english = {one["key"]: one for one in boss.get("/units").json["items"]}["waste"]
        assert (english["name"], english["parent"]) == ("City Parks", "light")
        emptied = change(boss, "/units/waste", NEW).json
        assert (emptied["parent"], emptied["phone"]) == (None, "")
        assert emptied["translations"] == {"en": {}}

    def test_the_key_stays(self, boss):
        assert pointers(change(boss, "/units/waste", {**NEW, "key": "new"}, status=422)) == ["#/key"]
        boss.get("/units/waste")

    def test_what_was_changed_meanwhile_is_not_overwritten(self, boss, site):
        seen = boss.get("/units/waste").headers["ETag"]
        boss.post("/units/waste", {**NEW, "phone": "111"}, If_Match=seen)
        for path in ("", "/move", "/close", "/open", "/delete"):
            body = NEW if not path else {"position": 1} if path == "/move" else {}
            stale = boss.post(f"/units/waste{path}", body, status=412, If_Match=seen)
            assert stale.headers["ETag"] == boss.get("/units/waste").headers["ETag"]
            boss.post(f"/units/waste{path}", body, status=428)
            boss.post(f"/units/nowhere{path}", body, status=404, If_Match=seen)
        assert stored(site).phone == "111"
        boss.post("/units/waste", NEW, If_Match="*")
        assert stored(site).phone == ""

    def test_no_unit_stands_below_itself(self, boss, site):
        change(boss, "/units/waste", {**NEW, "parent": "light"})
        for key in ("waste", "light"):
            wrong = change(boss, "/units/light", {**NEW, "parent": key}, status=422)
            assert pointers(wrong) == ["#/parent"]
        assert "below itself" in wrong.json["errors"][0]["detail"]
        assert stored(site, "light").parent_id is None

    def test_a_closed_parent_stays_and_is_not_chosen_again(self, boss):
        change(boss, "/units/waste", {**NEW, "parent": "light"})
        change(boss, "/units/light/close")
        assert change(boss, "/units/waste", {**NEW, "parent": "light", "phone": "1"}).json["phone"] == "1"
        change(boss, "/units/waste", NEW)
        change(boss, "/units/waste", {**NEW, "parent": "light"}, status=422)

    def test_a_unit_is_moved_among_its_siblings(self, boss, site):
        with site.work() as work:
            parent = work.get(OrganizationService).unit("waste")
            for number, key in enumerate(("a", "b", "c")):
                make_unit(work, key, parent_id=parent.id, weight=-number)

        def order():
            rows = {key: boss.get(f"/units/{key}").json["position"] for key in "abc"}
            return "".join(sorted(rows, key=rows.get))

        assert order() == "abc"
        assert change(boss, "/units/c/move", {"position": 1}).json["position"] == 1
        assert order() == "cab"
        assert change(boss, "/units/c/move", {"position": 99}).json["position"] == 3
        assert order() == "abc"
        change(boss, "/units/b/move", {"position": 2})
        assert order() == "abc"
        for position in (0, "1", None):
            change(boss, "/units/b/move", {"position": position}, status=422)
        change(boss, "/units/b/move", {}, status=422)


class TestClosing:
    @pytest.fixture
    def led(self, site, staff):
        """A category, a rule and an automation that lead to the first unit."""
        with site.work() as work:
            unit = work.get(UnitService).named("waste")
            rule = RoutingRule(key="r", title="r", position=1, unit_id=unit.id, user_id=staff["officer"].id)
            work.session.add(rule)
            values = {
                "title": "ارجاع",
                "trigger": "registered",
                "to_unit_id": unit.id,
                "to_user_id": staff["officer"].id,
            }
            work.get(AutomationService).add(values)
        return unit

    @staticmethod
    def left(closed):
        return {name: closed.json[name] for name in ("cases", "categories", "unattended")}

    def leading(self, site):
        """Return the units to which category, rule and automation lead."""
        with site.work(write=False) as work:
            tables = (
                (Category.unit_id, Category.key == "waste"),
                (RoutingRule.unit_id, RoutingRule.key == "r"),
                (Automation.to_unit_id, Automation.title == "ارجاع"),
            )
            keys = {unit.id: unit.key for unit in work.session.scalars(select(Unit))}
            return [keys[work.session.scalar(select(column).where(of))] for column, of in tables]

    def test_what_leads_to_a_unit_stays_or_is_handed_over(self, boss, site, led):
        closed = change(boss, "/units/waste/close")
        assert closed.json["active"] is False
        assert self.leading(site) == ["waste", "waste", "waste"]
        assert change(boss, "/units/waste/open").json["active"] is True
        change(boss, "/units/waste/close", {"take_over": "light"})
        assert self.leading(site) == ["light", "light", "light"]
        with site.work(write=False) as work:
            assert work.session.scalars(select(RoutingRule.user_id)).all() == [None]
        assert boss.get("/units?active=false").json["items"][0]["key"] == "waste"

    def test_what_is_left_to_do_is_told(self, boss, site, city):
        closed = change(boss, "/units/waste/close")
        assert self.left(closed) == {"cases": 1, "categories": ["petitions/waste"], "unattended": []}
        shown = boss.get("/units/waste")
        assert shown.headers["ETag"] == closed.headers["ETag"]
        assert closed.json.items() >= shown.json.items()
        with site.work() as work:
            work.session.get_one(User, city[0]["officer"].id).disabled_at = work.clock.now()
            work.session.get_one(User, city[0]["other"].id).disabled_at = work.clock.now()
        closed = change(boss, "/units/waste/close", {"take_over": "light"})
        assert self.left(closed) == {"cases": 1, "categories": [], "unattended": ["light", "waste"]}

    @pytest.mark.parametrize("successor", ["nowhere", "waste", "shut"])
    def test_only_another_open_unit_takes_over(self, boss, site, led, successor):
        with site.work() as work:
            make_unit(work, "shut", active=False)
        wrong = change(boss, "/units/waste/close", {"take_over": successor}, status=422)
        assert pointers(wrong) == ["#/take_over"]
        assert stored(site).active
        assert self.leading(site) == ["waste", "waste", "waste"]

    def test_the_unit_for_everything_else_stays(self, boss, site):
        for path, body in (("close", {"take_over": "light"}), ("delete", {})):
            refused = change(boss, f"/units/{site.fallback_unit}/{path}", body, status=422)
            assert "no rule fits" in refused.json["detail"]
        assert stored(site, site.fallback_unit).active

    def test_only_what_nothing_refers_to_is_deleted(self, boss, site):
        refused = change(boss, "/units/waste/delete", status=422)
        assert "closed, not deleted" in refused.json["detail"]
        boss.post("/units", {**NEW, "key": "parks"}, status=201, Idempotency_Key=KEY)
        assert change(boss, "/units/parks/delete").json["key"] == "parks"
        boss.get("/units/parks", status=404)
        assert "parks" not in keys(boss)
        # What the first call has made is not there any more.
        boss.post("/units", {**NEW, "key": "parks"}, status=404, Idempotency_Key=KEY)


class TestRights(TokenRights):
    calls = (
        ("/units", NEW),
        ("/units/waste", NEW),
        ("/units/waste/move", {"position": 2}),
        ("/units/waste/close", {}),
        ("/units/waste/open", {}),
        ("/units/waste/delete", {}),
    )

    def test_the_right_and_the_scope_are_both_needed(self, caller, staff, site):
        changes = caller("keeper", *BOTH)
        change(changes, "/units/waste", {**NEW, "phone": "1"})
        self.refused(caller("keeper", "organization:read"), 403)
        self.refused(caller("keeper", "members:write"), 403)
        self.refused(caller("officer", *BOTH), 403)
        self.refused(caller("citizen", "cases:write"), 403)
        with site.work(write=False) as work:
            unit = work.get(OrganizationService).unit("waste")
        # The right is one of the whole city, so a token of a unit has not got it.
        self.refused(caller("keeper", *BOTH, unit=unit), 403)
        self.refused(caller("boss", *BOTH, unit=unit), 403)
        assert stored(site).phone == "1"

    def test_no_one_manages_units_by_a_role_in_a_unit(self, caller, staff, site):
        with site.work() as work:
            unit = work.get(OrganizationService).unit("waste")
            staff["local"] = make_staff(
                work, "local", unit=unit, permissions=["core:member:manage"], username="local"
            )
        self.refused(caller("local", *BOTH), 403)

    def test_the_record_names_the_token(self, boss, site):
        change(boss, "/units/waste", {**NEW, "phone": "1"})
        change(boss, "/units/waste/move", {"position": 2})
        change(boss, "/units/waste/close", {"take_over": "light"})
        rows = recorded(site, "unit")
        assert [row.action for row in rows] == ["unit:change", "unit:move", "unit:close", "unit:hand_over"]
        assert rows[0].data["changes"]["phone"] == ["", "1"]


def test_the_document_lists_the_languages_of_the_site(boss):
    document = boss.app.get("/api/v1/openapi.json").json
    body = document["paths"]["/units"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert list(body["properties"]["translations"]["properties"]) == ["en"]
    assert body["required"] == ["name", "short_name"]


def test_the_document_says_what_closing_tells(boss):
    document = boss.app.get("/api/v1/openapi.json").json
    answers = document["paths"]["/units/{key}/close"]["post"]["responses"]
    place = answers["200"]["content"]["application/json"]["schema"]["$ref"]
    told = document["components"]["schemas"][place.rpartition("/")[2]]
    assert {"active", "cases", "categories", "unattended"} <= {*told["required"]}


@pytest.mark.one_database("postgresql")
class TestTwoCallsAtOnce:
    def test_one_key_is_given_once(self, boss, site):
        def other():
            boss.post("/units", {**NEW, "key": "parks"}, status=201, Idempotency_Key=KEY[::-1])

        with concurrently(site, other, before=lambda sql: sql.startswith("INSERT INTO units")):
            late = boss.post("/units", {**NEW, "key": "parks"}, status=422, Idempotency_Key=KEY)
        assert pointers(late) == ["#/key"]
        assert keys(boss).count("parks") == 1

    def test_the_later_change_is_stale(self, boss, site):
        seen = boss.get("/units/waste").headers["ETag"]

        def other():
            boss.post("/units/waste", {**NEW, "phone": "111"}, If_Match=seen)

        with concurrently(site, other, before=lambda sql: "FROM units" in sql and "UPDATE" in sql):
            boss.post("/units/waste", {**NEW, "phone": "222"}, status=412, If_Match=seen)
        assert stored(site).phone == "111"


@pytest.mark.parametrize("content_type", ["application/json", None])
def test_what_takes_no_body_may_be_called_without_one(boss, content_type):
    headers = boss.headers({"If-Match": boss.get("/units/waste").headers["ETag"]})
    boss.app.post("/api/v1/units/waste/open", b"", headers=headers, content_type=content_type, status=200)


def test_what_takes_a_body_says_that_there_is_none(boss):
    headers = boss.headers({"Idempotency-Key": KEY})
    answer = boss.app.post("/api/v1/units", b"", headers=headers, content_type="application/json", status=400)
    assert answer.json["detail"] == "The body is not JSON."
