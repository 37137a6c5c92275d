"""The desk of a head: each number is that of the list behind it, and a colleague's cases are handed on."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.models import Membership, User
from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import TEAM, CaseFilters
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.balance import BalanceService
from civicportal.domain.kartable.exports import ExportFilters, KartableSource
from civicportal.domain.kartable.inbox import InboxQuery
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.team import TEAM_VIEWS, TeamInbox, TeamService
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.util.i18n import latin_digits
from civicportal.web.counting import statements

LOADS = ("all", "overdue", "waiting", "week")


@pytest.fixture
def city(site, clock):
    """Return people by name: two officers and the head of a unit, and those of another."""
    with site.work() as work:
        waste, light = make_unit(work, "waste"), make_unit(work, "lighting")
        make_category(work, unit=waste)
        people = {
            "sara": make_staff(work, "officer", unit=waste, name="سارا امینی"),
            "reza": make_staff(work, "officer", unit=waste, name="رضا کریمی"),
            "head": make_staff(work, "head", unit=waste, permissions=[LEAD], name="رئیس پسماند"),
            "watcher": make_staff(work, "observer", unit=waste, permissions=["petitions:case:view"]),
            "far": make_staff(work, "officer", unit=light, name="دور از اینجا"),
            "beside": make_staff(work, "head", unit=light),
        }
        found = {name: identity(work, user) for name, user in people.items()}
    codes = [case_of(site) for _number in range(3)]
    late = case_of(site, found["sara"])
    clock.advance(days=10)
    fresh, waiting, done, undone = (case_of(site, found["sara"]) for _number in range(4))
    reza = case_of(site, found["reza"])
    with site.work(actor=found["sara"]) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch(waiting, lock=True), "accept")
        cases.apply(cases.fetch(waiting, lock=True), "pause")
        cases.apply(cases.fetch(done, lock=True), "reject")
        cases.apply(cases.fetch(undone, lock=True), "reject")
    return {
        **found,
        "free": codes,
        "late": late,
        "fresh": fresh,
        "waiting": waiting,
        "done": done,
        "of_reza": reza,
    }


def case_of(site, holder=None):
    with site.work() as work:
        case = make_case(work, category=work.session.scalars(select(Category)).first())
        if holder is not None:
            work.get(AccessService).action_referral(case).taken_by_id = holder.user_id
        return case.code


def holder_of(site, code):
    with site.work(write=False) as work:
        case = work.session.scalars(select(Case).where(Case.code == code)).one()
        referral = work.get(AccessService).action_referral(case)
        return referral.taken_by_id or referral.to_user_id


def form_to(response, path):
    return next(form for form in response.forms.values() if form.action.partition("?")[0].endswith(path))


@pytest.mark.both_databases
def test_each_number_is_that_of_its_list(site, city):
    with site.work(actor=city["head"], write=False) as work:
        rows = work.get(TeamService).rows()
        loads = {row.officer.name if row.officer else "": row.load for row in rows}
        assert set(loads) == {"", "سارا امینی", "رضا کریمی", "رئیس پسماند"}, "who may only look is no officer"
        sara = loads["سارا امینی"]
        assert (sara.all, sara.overdue, sara.waiting, sara.week) == (3, 1, 1, 2)
        assert (loads[""].all, loads[""].overdue, loads["رضا کریمی"].all) == (3, 3, 1)
        inbox = work.get(TeamInbox)
        for row in rows:
            for view in LOADS:
                filters = InboxQuery(holder=row.holder)
                number = getattr(row.load, view)
                page = inbox.page(view, filters)
                assert len(page.rows) == number == inbox.total(view, filters).number
                assert inbox.counts(filters).views[view].number == number
        everyone = inbox.page("all", InboxQuery(holder=TEAM)).rows
        assert len(everyone) == sum(row.load.all for row in rows)


@pytest.mark.both_databases
def test_the_head_of_another_unit_sees_none_of_it(site, city):
    with site.work(actor=city["beside"], write=False) as work:
        assert [row.load.all for row in work.get(TeamService).rows()] == [0, 0, 0]
        for view in TEAM_VIEWS:
            for holder in (TEAM, "-", str(city["sara"].user_id)):
                assert work.get(TeamInbox).page(view, InboxQuery(holder=holder)).rows == []
    with site.work(actor=city["sara"], write=False) as work:
        assert work.get(TeamService).rows()[1:] == []
        assert work.get(TeamService).options() == []


class TestPages:
    @pytest.fixture
    def few_on_a_page(self, monkeypatch):
        monkeypatch.setattr("civicportal.domain.kartable.team.PAGE_SIZE", 2)

    def names(self, page):
        return [cell.get_text(" ", strip=True) for cell in page.html.select("table.team td:first-child")]

    def test_each_officer_is_on_one_page_and_untaken_cases_are_on_all(self, app, login, city, few_on_a_page):
        login(city["head"])
        first = app.get("/desk/team")
        second = first.click("بعدی")
        assert [len(self.names(page)) for page in (first, second)] == [3, 2]
        assert self.names(first)[0] == self.names(second)[0], "what no one holds"
        shown = " ".join(self.names(first)[1:] + self.names(second)[1:])
        assert all(shown.count(name) == 1 for name in ("سارا امینی", "رضا کریمی", "رئیس پسماند"))
        assert "صفحهٔ ۲ از ۲" in second.text
        assert self.names(second.click("قبلی")) == self.names(first)

    def test_the_number_above_is_that_of_all_pages(self, app, login, city, few_on_a_page):
        login(city["head"])
        numbers = {
            app.get(f"/desk/team?page={page}").html.select_one(".page-h p").text.split()[0] for page in (1, 2)
        }
        assert numbers == {"۷"}

    @pytest.mark.parametrize(
        ("asked", "shown"), [("0", 1), ("-1", 1), ("", 1), ("x", 1), ("3", 2), ("9" * 15, 2), ("9" * 40, 1)]
    )
    def test_the_nearest_page_answers_for_one_that_is_none(
        self, app, login, city, few_on_a_page, asked, shown
    ):
        login(city["head"])
        page = app.get("/desk/team", {"page": asked}, status=200)
        assert self.names(page) == self.names(app.get(f"/desk/team?page={shown}"))

    def test_the_largest_numbers_come_first_where_that_is_asked(self, app, login, city, few_on_a_page):
        login(city["head"])
        first = app.get("/desk/team").click("بیشترین پروندهٔ گذشته از مهلت")
        assert "سارا امینی" in self.names(first)[1], "the one with an overdue case"
        # The others have none and stay in the order of their names, also on the next page.
        second = first.click("بعدی")
        assert "رضا کریمی" in self.names(first)[2]
        assert "رئیس پسماند" in self.names(second)[1]
        assert second.html.select_one(".menu-x [aria-current]").text.strip() == "بیشترین پروندهٔ گذشته از مهلت"

    @pytest.mark.parametrize("typed", ["امینی", "امینی سارا", "اميني", "سارا  ام", "ساراامینی"])
    def test_an_officer_is_found_by_any_part_of_the_name(self, app, login, city, few_on_a_page, typed):
        login(city["head"])
        page = app.get("/desk/team", {"sort": "all"})
        form = page.forms["find-officers"]
        form["q"] = typed
        found = form.submit()
        assert [name.startswith("س سارا امینی") for name in self.names(found)] == [True]
        assert found.request.GET["sort"] == "all"
        assert found.html.select(".pages-x") == []
        everyone = found.click("پاک‌کردن")
        assert (len(self.names(everyone)), everyone.request.GET["sort"]) == (3, "all")

    def test_a_name_that_no_one_has_leads_back_to_everyone(self, app, login, city):
        login(city["head"])
        page = app.get("/desk/team", {"q": "دور"}, status=200)
        assert self.names(page) == [], "the officer of another unit is not found"
        assert len(self.names(page.click("نمایش همه"))) == 4

    def test_an_order_that_is_none_is_that_of_the_names(self, app, login, city):
        login(city["head"])
        named = self.names(app.get("/desk/team"))
        assert self.names(app.get("/desk/team", {"sort": "name; drop"}, status=200)) == named

    def test_a_team_that_fits_has_no_pages(self, app, login, city):
        login(city["head"])
        assert app.get("/desk/team").html.select(".pages-x") == []


@pytest.mark.both_databases
def test_a_case_that_is_open_again_is_not_done(site, city):
    with site.work() as work:
        citizen = work.session.scalars(select(Case).where(Case.code == city["done"])).one().citizen_id
        owner = identity(work, work.session.get(User, citizen), "citizen")
    with site.work(actor=owner) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch_own(city["done"], lock=True), "object", public_text="هنوز پر است.")
    with site.work(actor=city["head"], write=False) as work:
        rows = {row.holder: row.load for row in work.get(TeamService).rows()}
        sara = rows[str(city["sara"].user_id)]
        # It is back with who closed it.
        assert (sara.week, sara.all, rows["-"].all) == (1, 4, 3)


def test_the_page_takes_no_more_statements_for_more_officers(app, site, sign_in, city):
    sign_in(city["head"])
    app.get("/desk/team")
    with statements(site.engines.read) as few:
        app.get("/desk/team", status=200)
    with site.work() as work:
        for number in range(8):
            make_staff(work, "officer", unit=work.get(OrganizationService).unit("waste"), name=f"نو {number}")
    app.get("/desk/team")
    with statements(site.engines.read) as many:
        assert "نو 7" in app.get("/desk/team", status=200)
    assert len(many) == len(few)


def test_the_numbers_of_the_page_lead_to_their_lists(app, sign_in, city):
    sign_in(city["head"])
    page = app.get("/desk/team", status=200)
    links = page.html.select("table.team td a.strong")
    assert len(links) > 5
    for link in links:
        listed = app.get(link["href"], status=200)
        number = int(re.sub(r"\D", "", latin_digits(link.text)))
        assert len(listed.html.select("tbody tr[data-row]")) == number
        assert "holder" in parse_qs(urlsplit(link["href"]).query)


def test_the_filter_by_holder_names_no_one_but_officers(app, site, sign_in, city):
    with site.work() as work:
        citizen = make_citizen(work, "+989121234567", name="شهلا بی‌خبر")
        former = work.session.get(User, city["sara"].user_id)
        former.disabled_at = site.clock.now()
    sign_in(city["head"])
    assert "شهلا بی‌خبر" not in app.get(f"/kartable?holder={citizen.id}", status=200)
    assert "سارا امینی" in app.get(f"/kartable?holder={former.id}", status=200)


def test_only_heads_have_the_page(app, sign_in, city):
    sign_in(city["sara"])
    app.get("/desk/team", status=403)
    assert "/desk/team" not in app.get("/kartable")
    sign_in(city["beside"])
    app.get(f"/desk/team/{city['sara'].user_id}", status=404)


def test_a_head_hands_on_the_cases_of_a_colleague(app, site, sign_in, city):
    sign_in(city["head"])
    page = app.get("/desk/team").click(href=f"/desk/team/{city['sara'].user_id}$")
    form = next(one for one in page.forms.values() if "which" in one.fields)
    form["to"] = str(city["reza"].user_id)
    asked = form.submit()
    assert "۳ پرونده" in asked
    # One is taken by another officer before it is confirmed.
    with site.work(actor=city["head"]) as work:
        case = work.get(CaseService).fetch(city["fresh"], lock=True)
        work.get(AccessService).action_referral(case).taken_by_id = city["head"].user_id
    form = next(one for one in asked.forms.values() if "confirmed" in one.fields)
    result = form.submit().follow()
    assert "۲ از ۲" in result
    assert holder_of(site, city["late"]) == holder_of(site, city["waiting"]) == city["reza"].user_id
    assert holder_of(site, city["fresh"]) == city["head"].user_id


@pytest.mark.both_databases
def test_cases_are_handed_on_to_officers_of_their_unit_only(app, site, sign_in, city):
    with site.work() as work:
        boss = identity(work, make_staff(work, "administrator", username="boss"))
    sign_in(boss)
    assert "دور از اینجا" in app.get("/desk/team"), "an administrator heads every unit"
    page = app.get(f"/desk/team/{city['sara'].user_id}")
    form = next(one for one in page.forms.values() if "which" in one.fields)
    people = {value for value, *_rest in form["to"].options}
    assert people - {""} == {"unit", str(city["reza"].user_id), str(city["head"].user_id)}
    form["to"].force_value(str(city["far"].user_id))
    assert "این گزینه" in form.submit(status=422)


def test_only_the_overdue_ones_are_handed_back_to_the_unit(app, site, sign_in, city):
    sign_in(city["head"])
    page = app.get(f"/desk/team/{city['sara'].user_id}")
    form = next(one for one in page.forms.values() if "which" in one.fields)
    form["to"], form["which"] = "unit", "overdue"
    asked = form.submit()
    assert "۱ پرونده" in asked
    form = next(one for one in asked.forms.values() if "confirmed" in one.fields)
    form["which"] = "all"
    again = form.submit(status=200)
    assert "۳ پرونده" in again, "another selection is confirmed with its own number"
    assert holder_of(site, city["late"]) == city["sara"].user_id
    form["which"] = "overdue"
    form.submit().follow()
    assert holder_of(site, city["late"]) is None
    assert holder_of(site, city["fresh"]) == city["sara"].user_id


def test_who_is_away_is_marked_with_their_deputy(app, site, sign_in, city, clock):
    today = site.calendar.today(clock.now())
    with site.work() as work:
        work.get(DeputyService).add(
            work.session.get(User, city["sara"].user_id),
            city["reza"].user_id,
            today,
            today,
        )
    sign_in(city["head"])
    assert "جانشین: رضا کریمی" in app.get("/desk/team")


def test_the_case_page_hands_over_and_takes_over(app, site, sign_in, city):
    sign_in(city["head"])
    path = f"/kartable/cases/{city['fresh']}"
    form = form_to(app.get(path), "/hand-over")
    assert {value for value, *_rest in form["to"].options} >= {"unit", str(city["reza"].user_id)}
    form["to"] = str(city["reza"].user_id)
    done = form.submit().follow()
    assert holder_of(site, city["fresh"]) == city["reza"].user_id
    assert "از «سارا امینی» به «رضا کریمی» سپرده شد" in done
    form_to(done, "/take-over").submit().follow()
    assert holder_of(site, city["fresh"]) == city["head"].user_id


def test_an_officer_hands_an_untaken_case_to_a_colleague_by_the_page(app, site, sign_in, city):
    sign_in(city["sara"])
    path = f"/kartable/cases/{city['free'][0]}"
    form = form_to(app.get(path), "/hand-over")
    assert "unit" not in {value for value, *_rest in form["to"].options}
    form["to"] = str(city["reza"].user_id)
    form.submit().follow()
    assert holder_of(site, city["free"][0]) == city["reza"].user_id
    sign_in(city["sara"])
    other = app.get(f"/kartable/cases/{city['of_reza']}")
    assert "/take-over" not in other
    assert "/hand-over" not in other


def test_a_form_without_an_addressee_is_refused(app, sign_in, city):
    sign_in(city["head"])
    path = f"/kartable/cases/{city['fresh']}"
    form_to(app.get(path), "/hand-over").submit(status=422)


def test_many_cases_are_handed_over_at_once(app, site, sign_in, city):
    sign_in(city["head"])
    page = app.get("/kartable", {"holder": "-"})
    form = form_to(page, "/kartable/bulk")
    for box in form.fields["code"][:2]:
        box.checked = True
    asked = form.submit("action", value="assign")
    form = next(one for one in asked.forms.values() if "to" in one.fields)
    form["to"] = str(city["reza"].user_id)
    assert "۲ از ۲" in form.submit().follow()
    assert [holder_of(site, code) for code in city["free"]].count(city["reza"].user_id) == 2


def test_officers_are_offered_with_the_number_of_the_cases_that_they_may_have(app, site, sign_in, city):
    with site.work() as work:
        light = work.session.scalars(select(Unit).where(Unit.key == "lighting")).one()
        there = make_case(work, category=make_category(work, "lamps", unit=light)).code
        sara = work.session.get_one(User, city["sara"].user_id)
        role_id = sara.memberships[0].role_id
        work.session.add(Membership(user_id=sara.id, role_id=role_id, unit_id=light.id))
        everywhere = identity(work, make_staff(work, "everywhere", name="مدیر"))
    sign_in(everywhere)
    token = form_to(app.get("/kartable"), "/kartable/bulk")["csrf_token"].value
    body = {"csrf_token": token, "action": "assign"}

    def offered(*codes):
        asked = app.post("/kartable/bulk", [*body.items(), *(("code", code) for code in codes)])
        form = next(one for one in asked.forms.values() if "to" in one.fields)
        return asked, form, [label for _value, _chosen, label in form["to"].options[2:]]

    asked, form, labels = offered(*city["free"], there)
    assert labels[0] == "سارا امینی"
    assert labels[1:] == [
        "رضا کریمی (۳ از ۴)",
        "رئیس پسماند (۳ از ۴)",
        "دور از اینجا (۱ از ۴)",
        "کارمند ۶ (۱ از ۴)",
    ]
    assert "در چند واحد" in asked
    form["to"] = str(city["reza"].user_id)
    assert "۳ از ۴" in form.submit().follow()
    asked, _form, labels = offered(*city["free"])
    assert "رضا کریمی" in labels
    assert "در چند واحد" not in asked


def test_the_list_of_a_holder_is_exported(site, city):
    values = {child.name: child.missing for child in ExportFilters().children}
    with site.work(actor=city["head"], write=False) as work:
        for view, number in (("all", 3), ("week", 2), ("mine", 3)):
            source = KartableSource(
                work, {**values, "view": view, "holder": str(city["sara"].user_id)}, frozenset()
            )
            assert len(work.session.execute(source.query(Case.code)).all()) == number


@pytest.mark.both_databases
def test_lists_of_a_service_filter_by_holder(site, city):
    with site.work(actor=city["head"], write=False) as work:

        def found(holder):
            conditions = CaseFilters(holder=holder).conditions(work)
            return work.session.scalars(select(Case.code).where(*conditions)).all()

        rows = {row.holder: row.load.all for row in work.get(TeamService).rows()}
        assert {holder: len(found(holder)) for holder in rows} == rows
        assert len(found(TEAM)) == sum(rows.values())
        assert work.get(KartableService).holders()[0].value == TEAM


@pytest.mark.both_databases
def test_untaken_cases_are_spread_evenly_over_who_is_present(site, city, clock):
    with site.work(actor=city["head"], write=False) as work:
        suggestion = work.get(BalanceService).suggestion(100)
        shares = {share.officer.name: (share.now, len(share.codes)) for share in suggestion.shares}
        # Reza holds one and Sara three; the head gets none while there are others.
        assert shares == {"رضا کریمی": (1, 3), "سارا امینی": (3, 0), "رئیس پسماند": (0, 0)}
        assert (suggestion.total, suggestion.left) == (3, 0)
    today = site.calendar.today(clock.now())
    with site.work() as work:
        deputies, users = work.get(DeputyService), work.session
        deputies.add(users.get(User, city["reza"].user_id), city["sara"].user_id, today, today)
    with site.work(actor=city["head"], write=False) as work:
        suggestion = work.get(BalanceService).suggestion(100)
        shares = {share.officer.name: len(share.codes) for share in suggestion.shares}
        assert shares == {"سارا امینی": 3, "رئیس پسماند": 0}
    with site.work(actor=city["beside"], write=False) as work:
        assert work.get(BalanceService).suggestion(100).total == 0


def test_the_suggestion_is_handed_over_as_it_was_shown(app, site, sign_in, city):
    sign_in(city["head"])
    page = app.get("/desk/team").click(href="/desk/team/balance")
    form = next(one for one in page.forms.values() if "share" in one.fields)
    with site.work() as work:
        case = work.session.scalars(select(Case).where(Case.code == city["free"][0])).one()
        work.get(AccessService).action_referral(case).taken_by_id = city["head"].user_id
    result = form.submit().follow()
    assert "۲ از ۳" in result
    assert holder_of(site, city["free"][0]) == city["head"].user_id
    assert {holder_of(site, code) for code in city["free"][1:]} <= {
        city["sara"].user_id,
        city["reza"].user_id,
    }
