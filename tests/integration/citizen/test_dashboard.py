"""Pages that plugins fill: one that fails costs its own pieces, navigation shows what one may use."""

import logging
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select, text

from civicportal.core.plugins import hookimpl
from civicportal.domain.accounts.models import User
from civicportal.domain.organization.models import Unit
from civicportal.util.i18n import _
from civicportal.web.display import read_or_fallback
from civicportal.web.items import DashboardWidget, NavigationItem, Panel
from civicportal.web.request import Request

CARD = "civicportal:templates/dashboard/card.jinja2"
GOOD = {"title": "کارت خوب", "text": "", "url": "/good", "icon": "star", "tone": "t"}


def card(name: str, **context: Any) -> DashboardWidget:
    return DashboardWidget(name=name, area="card", template=CARD, context=context)


@pytest.fixture
def plugin(site: Any) -> Any:
    """Return a function that plugs hooks in until the test ends."""
    plugged = []

    def plug(name: str, **hooks: Any) -> None:
        module = ModuleType(name)
        for hook, function in hooks.items():
            setattr(module, hook, hookimpl(function, specname=hook))
        site.hooks.register(module, name)
        plugged.append(module)

    yield plug
    for module in plugged:
        site.hooks.unregister(module)


def raising(request: Request) -> Any:
    raise RuntimeError("broken on purpose")


def bad_sql(request: Request) -> Any:
    yield card("before", **GOOD)
    request.display_work.session.execute(text("SELECT * FROM no_such_table"))


def test_a_hook_that_raises_costs_its_own_card(
    browser: Any, plugin: Any, caplog: pytest.LogCaptureFixture
) -> None:
    plugin("broken", dashboard_widgets=raising)
    plugin("healthy", dashboard_widgets=lambda request: [card("good", **GOOD)])
    with caplog.at_level(logging.ERROR):
        page = browser.get("/", status=200)
    assert "کارت خوب" in page.text
    assert 'href="/track"' in page.text
    assert "broken" in caplog.text


def test_a_failed_statement_leaves_the_page_whole(as_citizen: Any, open_case: Any, plugin: Any) -> None:
    code = open_case()
    plugin("sql", dashboard_widgets=bad_sql, case_panels=lambda case, request: bad_sql(request))
    assert "کارت خوب" in as_citizen.get("/", status=200).text
    as_citizen.get(f"/my/{code}", status=200)


def test_a_template_that_raises_costs_its_own_card(browser: Any, plugin: Any) -> None:
    widgets = [
        card("undefined"),
        card("good", **GOOD),
        DashboardWidget(name="none", area="card", template="no_such_package:no.jinja2"),
    ]
    plugin("mixed", dashboard_widgets=lambda request: widgets)
    page = browser.get("/", status=200).text
    assert page.count("/good") == 1


def test_what_was_read_for_an_item_stays_readable_when_another_one_fails(
    as_citizen: Any, plugin: Any
) -> None:
    def widgets(request: Request) -> Any:
        user = request.display_work.session.scalars(select(User).limit(1)).one()
        yield card("undefined")
        yield DashboardWidget(
            name="later", area="card", template=CARD, context=lambda: {**GOOD, "text": len(user.memberships)}
        )

    def outer(request: Request) -> Any:
        user = request.display_work.session.scalars(select(User).limit(1)).one()
        assert read_or_fallback(request, lambda work: 1 // 0, 7) == 7
        yield card("outer", **{**GOOD, "url": f"/outer-{len(user.memberships)}"})

    plugin("mixed", dashboard_widgets=widgets)
    plugin("outer", dashboard_widgets=outer)
    page = as_citizen.get("/", status=200).text
    assert "/good" in page
    assert "/outer-0" in page


def test_only_what_a_page_shows_is_read(browser: Any, plugin: Any) -> None:
    read = []

    def context(name: str, found: Any) -> Any:
        return lambda: read.append(name) or found

    widgets = [
        DashboardWidget(name="shown", area="card", template=CARD, context=context("shown", GOOD)),
        DashboardWidget(name="nothing", area="card", template=CARD, context=context("nothing", None)),
        DashboardWidget(name="desk", area="desk", template=CARD, context=context("desk", GOOD)),
    ]
    plugin("lazy", dashboard_widgets=lambda request: widgets)
    page = browser.get("/", status=200).text
    assert page.count("/good") == 1
    assert read == ["shown", "nothing"]


def test_hooks_that_display_cannot_write(browser: Any, plugin: Any, open_case: Any, site: Any) -> None:
    seen = []

    def look(request: Request) -> Any:
        seen.append(request.display_work.writing)
        return []

    plugin("reader", dashboard_widgets=look)
    browser.get("/")
    assert seen == [False]


def test_items_share_one_unit_of_work_until_one_fails(browser: Any, plugin: Any, site: Any) -> None:
    used = []

    def look(request: Request) -> Any:
        used.append(request.display_work)
        request.display_work.session.scalar(text("SELECT 1"))
        return []

    def change(request: Request) -> Any:
        look(request)
        request.display_work.session.add(Unit(key="made", name="made"))
        return []

    plugin("first", dashboard_widgets=look)
    plugin("second", dashboard_widgets=look)
    plugin("writer", dashboard_widgets=change)
    plugin("last", dashboard_widgets=look)
    browser.get("/", status=200)
    places = [used.index(work) for work in used]
    assert places == [0, 0, 2, 2], "the last one and the writer, and the two that were registered before them"
    assert not any(work.session.in_transaction() or work.session.new for work in used), "all are closed"


def test_panels_stand_on_the_page_of_the_case(as_citizen: Any, open_case: Any, plugin: Any) -> None:
    def panels(case: Any, request: Request) -> Any:
        context = {**GOOD, "title": f"پنل {case.code}"}
        yield Panel(name="place", area="citizen", template=CARD, context=context)
        yield Panel(name="other", area="facts", template=CARD, context={**GOOD, "title": "برای کارکنان"})

    plugin("panel", case_panels=panels)
    code = open_case()
    page = as_citizen.get(f"/my/{code}").text
    assert "پنل" in page
    assert "برای کارکنان" not in page


def test_weight_then_name_decide_the_order(browser: Any, plugin: Any) -> None:
    def widgets(request: Request) -> Any:
        for name, weight in (("b", 500), ("a", 500), ("c", 900)):
            context = {**GOOD, "url": f"/card-{name}"}
            yield DashboardWidget(name=name, area="card", template=CARD, context=context, weight=weight)

    plugin("many", dashboard_widgets=widgets)
    page = browser.get("/").text
    assert page.index("/card-c") < page.index("/card-a") < page.index("/card-b")


def test_navigation_shows_what_one_may_use(as_officer: Any, plugin: Any) -> None:
    def items(request: Request) -> Any:
        common: Any = {"route": "home", "icon": "star", "area": "staff"}
        yield NavigationItem(name="mine", title=_("Mine"), permission="requests:case:view", **common)
        yield NavigationItem(name="theirs", title=_("Theirs"), permission="core:audit:view", **common)
        yield NavigationItem(name="lost", title=_("Lost"), **{**common, "route": "no.such.route"})

    plugin("items", navigation_items=items)
    plugin("broken", navigation_items=raising)
    page = as_officer.get("/desk", status=200).text
    assert "Mine" in page
    assert "Theirs" not in page
    assert "Lost" not in page


def test_badges_count_the_open_referrals_of_ones_kartable(
    as_officer: Any, plugin: Any, open_case: Any
) -> None:
    def items(request: Request) -> Any:
        yield NavigationItem(
            name="counted",
            title=_("Counted"),
            route="desk",
            icon="star",
            area="staff",
            kind="requests",
            weight=999,
        )

    plugin("counting", navigation_items=items)
    assert 'class="n"' not in as_officer.get("/desk").text
    for _number in range(3):
        open_case()
    page = as_officer.get("/desk").text
    link = page[page.index("Counted") : page.index("</a>", page.index("Counted"))]
    assert "۳" in link


def test_the_desk_is_for_staff(browser: Any, as_citizen: Any) -> None:
    assert "/staff/login" in browser.get("/desk", status=303).headers["Location"]
    as_citizen.get("/desk", status=403)


def test_own_cases_stand_on_the_citizens_home_only(as_citizen: Any, browser: Any, open_case: Any) -> None:
    code = open_case()
    assert f"/my/{code}" in as_citizen.get("/").text
    assert f"/my/{code}" not in browser.get("/").text


def test_the_language_is_one_of_the_sites(browser: Any) -> None:
    token = browser.token()
    answer = browser.post("/language", {"csrf_token": token, "language": "xx", "next": "//evil.example"})
    assert answer.headers["Location"] == "http://localhost/"
    assert "lang=" not in answer.headers.get("Set-Cookie", "")
    browser.post("/language", {"csrf_token": token, "language": "en", "next": "/track"}).follow()
    assert '<html lang="en" dir="ltr"' in browser.get("/track").text


def test_the_shell_of_the_app_is_the_same_for_everybody(browser: Any, as_citizen: Any, citizen: Any) -> None:
    worker = browser.get("/sw.js")
    assert worker.headers["Cache-Control"] == "no-cache"
    shell = [part.split('"')[0] for part in worker.text.split('"')[1::2] if part.startswith("/")]
    assert "/offline" in shell
    for path in shell:
        browser.get(path, status=200)
    offline = as_citizen.get("/offline")
    assert citizen.name not in offline.text
    assert {"/", "/my"} <= {link["href"] for link in offline.html.select("main a")}
    assert "csrf" not in offline.text
    manifest = browser.get("/manifest.webmanifest").json
    for icon in manifest["icons"]:
        assert browser.get(icon["src"]).content_type == "image/png"


def test_pages_that_may_be_kept_say_whose_they_are(browser: Any, as_citizen: Any, open_case: Any) -> None:
    nobody = browser.get("/").headers["Portal-Owner"]
    assert as_citizen.get("/").headers["Portal-Owner"] == as_citizen.get("/my").headers["Portal-Owner"]
    assert as_citizen.get(f"/my/{open_case()}").headers["Portal-Owner"] != nobody
    for path in ("/account", "/track", "/offline", "/nowhere"):
        assert "Portal-Owner" not in as_citizen.get(path, status="*").headers


def test_the_map_is_read_once_and_revalidated_by_its_tag(browser: Any) -> None:
    first = browser.get("/map.geojson")
    assert first.json["type"] == "FeatureCollection"
    assert browser.get("/map.geojson", headers={"If-None-Match": first.headers["ETag"]}).status_int == 304
