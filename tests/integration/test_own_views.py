"""Own views: filters saved with a name, shared within a unit, and columns chosen by person and list."""

import threading

import pytest
from rows import press_row
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.services import CaseService
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.own_views.models import LONGEST_NAME, ListColumns, SavedView
from civicportal.domain.own_views.services import MOST, NAME_TAKEN, OwnViewService
from civicportal.domain.privacy.erasure import ErasureService
from civicportal.domain.privacy.export import PersonalDataService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit
from civicportal.util.errors import NotFound, Refused

pytestmark = pytest.mark.both_databases

RIGHTS = ["petitions:case:view", "petitions:case:work", "petitions:case:refer", "petitions:case:comment"]
PAGE = "kartable"


@pytest.fixture
def people(site):
    """Two units, one below the other, another one, and people of each."""
    with site.work() as work:
        works = make_unit(work, "works")
        waste = make_unit(work, "waste", parent_id=works.id)
        light = make_unit(work, "light")
        users = {
            "head": make_staff(
                work, "head", unit=works, permissions=[*RIGHTS, "core:unit:lead"], username="head"
            ),
            "member": make_staff(work, "officer", unit=works, permissions=RIGHTS, username="member"),
            "below": make_staff(work, "officer", unit=waste, permissions=RIGHTS, username="below"),
            "elsewhere": make_staff(work, "officer", unit=light, permissions=RIGHTS, username="elsewhere"),
            "administrator": make_staff(work, "administrator", username="administrator"),
        }
        topics = [make_category(work, unit.key, unit=unit) for unit in (works, waste, light)]
        codes = [make_case(work, category=topic).code for topic in topics]
        return users, {unit.key: unit.id for unit in (works, waste, light)}, codes


@pytest.fixture
def views(site, people):
    """Return a function that calls the service as a person."""
    users, _units, _codes = people

    def call(name, act):
        with site.work() as work:
            actor = identity(work, users[name])
        with site.work(actor=actor) as work:
            return act(work.get(OwnViewService))

    return call


def names(service, page=PAGE):
    return [view.name for view in service.of_page(page)]


def test_a_view_is_saved_renamed_moved_and_deleted(views):
    for name in ("first", "second"):
        views(
            "member", lambda service, name=name: service.save(PAGE, name, {"view": "overdue", "citizen": "7"})
        )
    found = views("member", lambda service: service.own())
    assert [(view.name, view.query) for view in found] == [
        ("first", {"view": "overdue"}),
        ("second", {"view": "overdue"}),
    ]
    views("member", lambda service: service.move(service.fetch(found[1].id), -1))
    assert views("member", names) == ["second", "first"]
    views("member", lambda service: service.change(service.fetch(found[0].id), "third", None))
    views("member", lambda service: service.delete(service.fetch(found[1].id)))
    assert views("member", names) == ["third"]
    assert views("member", lambda service: names(service, "reports.desk")) == []


def test_names_are_unique_by_owner_and_list(views):
    views("member", lambda service: service.save(PAGE, "زباله‌ها", {"view": "new"}))
    # Another spelling of the same name.
    with pytest.raises(Refused) as refused:
        views("member", lambda service: service.save(PAGE, "زباله ها", {"view": "new"}))
    assert refused.value.reason == NAME_TAKEN
    views("member", lambda service: service.save("reports.desk", "زباله‌ها", {}))
    views("below", lambda service: service.save(PAGE, "زباله‌ها", {}))


def test_a_person_has_a_limited_number_of_views(views):
    for number in range(MOST):
        views("member", lambda service, number=number: service.save(PAGE, f"view {number}", {}))
    with pytest.raises(Refused, match=str(MOST)):
        views("member", lambda service: service.save("reports.desk", "one more", {}))


def test_a_filter_that_is_too_long_is_refused(views):
    with pytest.raises(Refused, match="too long"):
        views("member", lambda service: service.save(PAGE, "long", {"q": "x" * 3000}))


#: Whether the members of a unit see a view that the unit "works" shares, and may change it.
SHARED = {
    "head": (True, True),
    "member": (True, False),
    "below": (True, False),
    "elsewhere": (False, False),
    "administrator": (False, True),
}


@pytest.mark.parametrize("name", SHARED)
def test_a_shared_view_is_seen_by_the_unit_and_changed_by_its_head(people, views, name):
    _users, units, _codes = people
    saved = views("head", lambda service: service.save(PAGE, "ours", {"view": "overdue"}))
    assert views("member", names) == []
    views("head", lambda service: service.change(service.fetch(saved.id), "ours", units["works"]))
    sees, manages = SHARED[name]
    assert views(name, names) == (["ours"] if sees else [])
    assert views(name, lambda service: [view.name for view in service.manageable()]) == (
        ["ours"] if manages else []
    )
    if manages:
        views(name, lambda service: service.delete(service.fetch(saved.id)))
        assert views("member", names) == []
    else:
        with pytest.raises(NotFound):
            views(name, lambda service: service.fetch(saved.id))


@pytest.mark.parametrize("name", ["member", "below", "elsewhere"])
def test_only_who_heads_a_unit_shares_within_it(people, views, name):
    _users, units, _codes = people
    saved = views(name, lambda service: service.save(PAGE, "mine", {}))
    assert views(name, lambda service: service.units()) == []
    for unit_id in units.values():
        with pytest.raises(NotFound):
            views(
                name,
                lambda service, unit_id=unit_id: service.change(service.fetch(saved.id), "mine", unit_id),
            )


def test_sharing_is_in_the_audit_trail(site, people, views):
    _users, units, _codes = people
    saved = views("head", lambda service: service.save(PAGE, "ours", {}))
    for name, unit in (
        ("ours", "works"),
        ("new", "works"),
        ("new", "waste"),
        ("new", None),
        ("new", "works"),
    ):
        views("head", lambda s, name=name, unit=unit: s.change(s.fetch(saved.id), name, units.get(unit)))
    views("head", lambda service: service.delete(service.fetch(saved.id)))
    with site.work(write=False) as work:
        query = select(AuditEvent.action).where(AuditEvent.action.like("view:%")).order_by(AuditEvent.id)
        assert list(work.session.scalars(query)) == [
            "view:share",
            "view:change",
            "view:share",
            "view:unshare",
            "view:share",
            "view:delete",
        ]


@pytest.mark.parametrize(("name", "number"), [("head", 2), ("below", 1), ("elsewhere", 1)])
def test_a_view_shows_only_what_its_reader_may_see(people, site, app, sign_in, views, name, number):
    users, units, codes = people
    saved = views("head", lambda service: service.save(PAGE, "ours", {"kind": "petitions"}))
    views("head", lambda service: service.change(service.fetch(saved.id), "ours", units["works"]))
    sign_in(users[name])
    page = app.get("/kartable?kind=petitions", status=200)
    shown = {box["value"] for box in page.html.select("input[name=code]")}
    assert len(shown) == number
    assert shown <= set(codes)
    assert bool(page.html.select("a[data-own-view][aria-current]")) == (name != "elsewhere")


def test_views_and_columns_are_in_the_archive_and_erased_with_the_person(site, people, views):
    users, _units, _codes = people
    views("member", lambda service: service.save(PAGE, "mine", {"q": "lamp"}))
    views("member", lambda service: service.choose(PAGE, ["status"]))
    with site.work() as work:
        member = work.session.get(User, users["member"].id)
        rows = work.get(PersonalDataService).rows(member)
        assert [(row["name"], row["query"]) for row in rows["saved_views"]] == [("mine", {"q": "lamp"})]
        assert rows["list_columns"][0]["names"] == ["status"]
        work.get(ErasureService).erase(member)
        assert list(work.session.scalars(select(SavedView))) == []
        assert list(work.session.scalars(select(ListColumns))) == []


# -- the pages ----------------------------------------------------------------------------------------------


def form_of(page, field):
    return next(form for form in page.forms.values() if field in form.fields)


def test_a_filter_is_saved_from_the_list_without_a_script(people, app, sign_in):
    users, _units, _codes = people
    sign_in(users["member"])
    page = app.get("/kartable", status=200)
    assert not [form for form in page.forms.values() if "name" in form.fields]
    form = form_of(app.get("/kartable?view=new&kind=petitions", status=200), "name")
    form["name"] = "تازه‌ها"
    page = form.submit(status=303).follow(status=200)
    assert page.request.path_qs == "/kartable?view=new&kind=petitions"
    (tab,) = page.html.select("a[data-own-view]")
    assert "تازه‌ها" in tab.text
    assert tab["aria-current"]
    assert len(page.html.select(".tabs-x [aria-current]")) == 1
    # The same name is refused beside the field, and nothing typed is lost.
    form = form_of(app.get("/kartable?view=overdue", status=200), "name")
    form["name"] = "تازه‌ها"
    page = form.submit(status=422)
    again = form_of(page, "name")
    assert again["name"].value == "تازه‌ها"
    again["name"] = "دیرکرده"
    again.submit(status=303)
    form["name"] = "x" * (LONGEST_NAME + 1)
    form.submit(status=422)


def test_the_list_of_views_renames_orders_and_deletes(people, app, sign_in, views):
    users, units, _codes = people
    first, second = (
        views("head", lambda service, name=name: service.save(PAGE, name, {"view": name}))
        for name in ("new", "overdue")
    )
    sign_in(users["head"])
    press_row(app.get("/desk/views", status=200), f"/desk/views/{second.id}/move", "up")
    assert views("head", names) == ["overdue", "new"]
    form = form_of(app.get(f"/desk/views/{first.id}", status=200), "owner")
    form["name"], form["owner"] = "همه", str(units["works"])
    assert "همه" in form.submit(status=303).follow(status=200)
    page = app.get(f"/desk/views/{second.id}/delete", status=200)
    next(f for f in page.forms.values() if f.action.endswith("/delete")).submit(status=303)
    assert views("head", names) == ["همه"]
    sign_in(users["member"])
    page = app.get("/desk/views", status=200)
    assert "همه" in page
    app.get(f"/desk/views/{first.id}", status=404)
    app.get(f"/desk/views/{first.id}/delete", status=404)
    assert not page.html.select("form[action$='/move']")


def test_a_view_that_names_something_gone_opens_without_it(site, people, app, sign_in, views):
    users, _units, _codes = people
    with site.work() as work:
        topic = make_category(work, "gone")
    views("member", lambda service: service.save(PAGE, "gone", {"view": "new", "category": str(topic.id)}))
    with site.work() as work:
        work.get(OrganizationService)
        work.session.delete(work.session.merge(topic))
    sign_in(users["member"])
    page = app.get("/kartable", status=200)
    (tab,) = page.html.select("a[data-own-view]")
    page = app.get(tab["href"], status=200)
    assert page.html.select(".notice.warn li")
    assert page.html.select("a[data-own-view][aria-current]")
    assert "/desk/views" in page.html.select_one(".notice.warn").decode()


def test_a_view_of_an_officer_who_has_left_opens_without_the_officer(site, people, app, sign_in, views):
    users, _units, _codes = people
    with site.work() as work:
        gone = make_staff(work, "gone", permissions=RIGHTS).id
    views("head", lambda service: service.save(PAGE, "theirs", {"view": "new", "holder": str(gone)}))
    sign_in(users["head"])
    (tab,) = app.get("/kartable", status=200).html.select("a[data-own-view]")
    page = app.get(tab["href"], status=200)
    assert page.html.select(".notice.warn li")
    assert len(page.html.select("input[name=code]")) == 2


def test_columns_are_chosen_by_person_and_list(people, app, sign_in):
    users, _units, _codes = people
    sign_in(users["member"])

    def titles(page):
        return len(page.html.select("table thead th"))

    page = app.get("/kartable?view=new", status=200)
    usual = titles(page)
    form = form_of(page, "column")
    for box in form.fields["column"]:
        box.checked = box._value in ("status", "age")
    answer = form.submit(status=303)
    assert answer.location.endswith("/kartable?view=new")
    page = answer.follow(status=200)
    assert titles(page) == usual - 2
    assert [box._value for box in form_of(page, "column").fields["column"] if box.checked] == [
        "status",
        "age",
    ]
    sign_in(users["head"])
    assert titles(app.get("/kartable", status=200)) == usual
    sign_in(users["member"])
    form_of(app.get("/kartable", status=200), "column").submit("reset", value="true", status=303)
    assert titles(app.get("/kartable", status=200)) == usual


def test_nonsense_is_refused_or_ignored(people, app, sign_in, views):
    users, _units, _codes = people
    sign_in(users["member"])
    form = form_of(app.get("/kartable", status=200), "column")
    token = form["csrf_token"].value
    app.post("/desk/views/columns", {"csrf_token": token, "page": "nowhere"}, status=404)
    sent = [("csrf_token", token), ("page", PAGE), ("column", "<b>"), ("column", "status")]
    app.post("/desk/views/columns", sent, status=303)
    assert views("member", lambda service: service.columns(PAGE)) == ("status",)
    app.post("/desk/views", {"csrf_token": token, "page": "nowhere", "name": "x", "query": ""}, status=422)
    app.get("/desk/views/999", status=404)


def test_the_bulk_actions_of_a_desk_lead_back_to_it(site, people, app, sign_in):
    users, _units, codes = people
    sign_in(users["head"])
    form = app.get("/kartable?view=new", status=200).forms["bulk"]
    for box in form.fields["code"]:
        box.checked = box._value in codes[:2]
    asked = form.submit("action", value="note", status=200)
    note = form_of(asked, "text")
    note["text"] = ""
    note = form_of(note.submit(status=422), "text")
    note["text"] = "seen on site"
    page = note.submit(status=303).follow(status=200)
    assert "/kartable?view=new" in page
    with site.work(write=False) as work:
        service = work.get(CaseService)
        assert [service.events(service.fetch(code))[0].internal_text for code in codes[:2]] == [
            "seen on site"
        ] * 2


@pytest.mark.parametrize("round_", range(3))
def test_of_two_views_saved_at_one_moment_one_gets_the_name(site, views, people, round_):
    users, _units, _codes = people
    with site.work() as work:
        actor = identity(work, users["member"])
    start, results = threading.Barrier(2), []

    def save():
        try:
            with site.work(actor=actor) as work:
                service = work.get(OwnViewService)
                start.wait()
                results.append(service.save(PAGE, "باز", {"view": "new"}).name)
        except Refused as refusal:
            results.append(refusal.reason)

    threads = [threading.Thread(target=save) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == sorted(["باز", str(NAME_TAKEN)])
    assert views("member", names) == ["باز"]


@pytest.mark.parametrize("round_", range(3))
def test_columns_chosen_in_two_tabs_at_one_moment_are_kept(site, views, people, round_):
    users, _units, _codes = people
    with site.work() as work:
        actor = identity(work, users["member"])
    start, failed = threading.Barrier(2), []

    def choose(column):
        try:
            with site.work(actor=actor) as work:
                service = work.get(OwnViewService)
                start.wait()
                service.choose(PAGE, [column])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=choose, args=(name,)) for name in ("unit", "age")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert views("member", lambda service: service.columns(PAGE)) in (("unit",), ("age",))
