"""Three reports from the first word to the figures: who is told what on the way, and that figures equal their lists."""

import csv
import re
from io import StringIO
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from civicportal.domain.accounts.permissions import LEAD
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.notifications.inbound import InboundService
from civicportal.testing import make_category, make_citizen, make_staff, make_unit
from civicportal.util.i18n import latin_digits

pytestmark = pytest.mark.both_databases

CALLER, WRITER, NEIGHBOUR = "+989000000007", "+989000000001", "+989000000002"
STREET = {"lat": "31.0203", "lon": "52.015"}
QUEUE_KEY = "q" * 22
#: The export of a list, and where a row of it is on the page.
LISTS = {
    "/kartable": ("kartable.list", "tr[data-row]"),
    "/desk/reports": ("reports.list", "tbody a.item-link"),
}
WHY_BACK, WHY_AGAIN = "مربوط به واحد ما نیست.", "چاله هنوز باز است."


@pytest.fixture
def civic_settings():
    return {
        "site": {"plugins": ["reports"]},
        "contact": {"phone": "137"},
        "notifications": {"accept": "1", "object": "2"},
    }


@pytest.fixture
def people(site):
    """Two units with an officer each, the head of one, an operator, who sees the whole city, and two citizens."""
    with site.work() as work:
        roads, waste = make_unit(work, "roads"), make_unit(work, "waste")
        make_category(work, "pothole", kind="reports", unit=roads)
        make_category(work, "bin", kind="reports", unit=waste)
        rights = [LEAD, *(f"reports:case:{verb}" for verb in ("view", "work", "refer", "export"))]
        return SimpleNamespace(
            roads=roads.id,
            waste=waste.id,
            operator=make_staff(work, "operator", permissions=["reports:case:register"]),
            officer=make_staff(work, unit=roads, name="سارا احمدی"),
            far=make_staff(work, unit=waste, name="رضا مرادی"),
            head=make_staff(work, "head", unit=roads, permissions=rights),
            everything=make_staff(work, "administrator"),
            writer=make_citizen(work, WRITER, name="مریم رضایی"),
            neighbour=make_citizen(work, NEIGHBOUR, name="علی کریمی"),
        )


class Story:
    """The portal as its people use it, without scripts.

    :ivar told: how many messages were read so far.
    """

    def __init__(self, site, app, sign_in, clock, outbox):
        self.site, self.app, self.clock, self.outbox = site, app, clock, outbox
        self.sign_in = sign_in
        self.read = 0

    def news(self):
        """Let a minute pass in which messages go out; return the new ones as pairs of recipient and kind."""
        self.clock.advance(minutes=1)
        self.outbox.deliver()
        new = self.outbox()[self.read :]
        self.read += len(new)
        assert {message.state for message in new} <= {"sent"}
        return {(message.recipient, message.kind.removeprefix("reports.")) for message in new}

    def page(self, person, path, **query):
        self.sign_in(person)
        return self.app.get(path, query, status=200)

    def form(self, person, path, action="", **values):
        """Return a form of a page, filled in; the action is the end of the path unless it is named."""
        wanted = action or path
        forms = self.page(person, path).forms.values()
        form = next(form for form in forms if form.action.partition("?")[0].endswith(wanted))
        for name, value in values.items():
            form[name] = value
        return form

    def case_form(self, person, code, action, **values):
        return self.form(person, f"/kartable/cases/{code}", f"/{action}", **values)

    def call(self, operator):
        """Register the report of a caller, with a wrong category."""
        said = {"category": "pothole", "body": "سطل زباله شکسته است.", "mobile": "09000000007"}
        self.form(operator, "/desk/reports/new", **said, **STREET).submit(status=200)
        return self.codes()[-1]

    def send_from_queue(self, citizen):
        """Send a report as the queue of a browser does; return what the server answers."""
        said = {"category": "pothole", "body": "چالهٔ عمیقی وسط خیابان است."}
        form = self.form(citizen, "/reports/new", **said, **STREET)
        fields = {**dict(form.submit_fields()), "queue_key": QUEUE_KEY, "near_seen": "true"}
        fields = {
            name: value for name, value in fields.items() if name not in ("csrf_token", "photo_key_files")
        }
        token = self.app.get("/queue/session").json["token"]
        script = {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest", "X-CSRF-Token": token}
        return self.app.post("/reports/new", fields, script, status=200).json

    def send(self, citizen):
        """Send a report from the form though similar ones are shown."""
        said = {"category": "pothole", "body": "جلوی خانهٔ ما چاله است."}
        shown = self.form(citizen, "/reports/new", **said, **STREET).submit(status=200)
        form = next(form for form in shown.forms.values() if form.action.endswith("/reports/new"))
        form.submit(status=303)
        return self.codes()[-1]

    def link_duplicate(self, officer, later, earlier):
        """Press the button beside a report nearby on the page of a later one."""
        forms = self.page(officer, f"/kartable/cases/{later}").forms.values()
        pressed = next(form for form in forms if f'value="{earlier}"' in form.text)
        pressed.submit("duplicate_of", value=earlier, status=303)

    def close(self, officer, code):
        form = self.form(
            officer, f"/kartable/cases/{code}/close", f"/{code}/close", public_text="چاله پر شد."
        )
        form.submit("then", value="stay", status=303)

    def say(self, sender, text):
        """Send an SMS to the city's line; return the words of the answers."""
        before = len(self.outbox.sent)
        with self.site.work() as work:
            work.get(InboundService).keep(f"test:{text}", sender, text, work.clock.now())
        InboundService.answer_waiting(self.site)
        self.outbox.deliver()
        return [message.text for message in self.outbox.sent[before:]]

    def codes(self):
        with self.site.work(write=False) as work:
            return work.session.scalars(select(Case.code).order_by(Case.id)).all()

    def state(self, code):
        """Return status, unit and addressee of a case; the last two are None when it is closed."""
        with self.site.work(write=False) as work:
            case = work.session.scalars(select(Case).where(Case.code == code)).one()
            referral = work.get(AccessService).action_referral(case)
            return case.status, referral and referral.to_unit_id, referral and referral.to_user_id

    def figures(self, person, path, links):
        """Return the numbers of the links of a page, each compared with the list that it leads to."""
        found = {}
        for link in self.page(person, path).html.select(links):
            said = number(link.get("title", link.text).rpartition(":")[2])
            assert self.listed(link["href"]) == said, link["href"]
            found[link["href"]] = said
        return found

    def listed(self, path):
        """Return the number of cases in a list, which its export has too."""
        page = self.app.get(path, status=200)
        address, _question, query = path.partition("?")
        name, rows = LISTS[address]
        shown = len(page.html.select(rows))
        token = page.html.find("input", {"name": "csrf_token"})["value"]
        taken = self.app.post(f"/exports/{name}?{query}", {"format": "csv", "csrf_token": token}, status=200)
        lines = csv.reader(StringIO(taken.body.decode("utf-8-sig"), newline=""))
        assert len(list(lines)) - 1 == shown, path
        return shown


@pytest.fixture
def story(site, app, sign_in, clock, outbox):
    return Story(site, app, sign_in, clock, outbox)


def number(text):
    return int(re.sub(r"\D", "", latin_digits(text)))


def test_three_reports_from_the_first_word_to_the_figures(story, people):
    news, state = story.news, story.state
    officer, far = people.officer, people.far

    caller = story.call(people.operator)
    assert news() == {(CALLER, "registered")}
    first = story.send_from_queue(people.writer)
    code = first["location"].rpartition("/")[2]
    assert story.send_from_queue(people.writer) == {**first, "repeated": True}
    assert first["repeated"] is False
    assert story.codes() == [caller, code]
    assert news() == {(WRITER, "registered")}
    later = story.send(people.neighbour)
    assert news() == {(NEIGHBOUR, "registered")}

    # The neighbour hears of the earlier report from now on.
    story.link_duplicate(officer, later, code)
    assert state(later) == ("duplicate", None, None)
    assert news() == {(NEIGHBOUR, "duplicate")}

    correction = {"category": "bin", "move": True, "deadline": True, "notify": True}
    story.form(officer, f"/kartable/cases/{caller}/correct", **correction).submit(status=303)
    assert state(caller) == ("registered", people.waste, None)
    assert news() == {(CALLER, "corrected")}

    referred = story.case_form(officer, code, "refer", unit=str(people.waste))
    referred.submit("then", value="stay", status=303)
    assert state(code) == ("registered", people.waste, None)
    assert news() == {(WRITER, "referred"), (NEIGHBOUR, "referred")}
    back = story.case_form(far, code, "refer", note=WHY_BACK)
    back.action = f"/kartable/cases/{code}/return"
    back.submit(status=303)
    assert state(code) == ("registered", people.roads, officer.id)
    assert news() == set()
    [row] = story.page(officer, "/kartable", view="returned").html.select("tr[data-row]")
    assert f"برگشت‌خورده از واحد waste: {WHY_BACK}" in row.text

    story.close(officer, code)
    assert news() == {(WRITER, "reviewed"), (NEIGHBOUR, "reviewed")}
    story.form(people.writer, f"/my/{code}", "/object", reason=WHY_AGAIN).submit(status=303)
    assert state(code) == ("in_review", people.roads, officer.id)
    assert news() == {(WRITER, "reopened"), (NEIGHBOUR, "reopened")}
    [row] = story.page(officer, "/kartable", view="reopened").html.select("tr[data-row]")
    assert WHY_AGAIN in row.text
    tabs, holders = "nav.tabs-x a", "table.team td a.strong"
    assert story.figures(officer, "/kartable", tabs)["/kartable?view=reopened"] == 1
    assert story.figures(people.head, "/desk/team", holders)[f"/kartable?holder={officer.id}"] == 1

    story.close(officer, code)
    assert news() == {(WRITER, "reviewed"), (NEIGHBOUR, "reviewed")}
    assert story.say(WRITER, "۱ ممنون") == [f"نمونه: از پاسخ شما سپاسگزاریم. رضایت از {code} ثبت شد."]
    assert state(code) == ("reviewed", None, None)

    story.figures(officer, "/kartable", tabs)
    assert story.figures(people.head, "/desk/team", holders) == {
        f"/kartable?view=week&holder={officer.id}": 2
    }
    story.clock.advance(days=3)
    assert story.figures(far, "/kartable", tabs)["/kartable?view=overdue"] == 1
    links = ".kpi a.fig-link, .kpi a.fig-share, section a.fig-link"
    figures = story.figures(people.everything, "/desk/reports/statistics", links)
    expected = {
        "stage=open": 1,
        "overdue=true": 1,
        "stage=done": 1,
        "stage=rejected": 1,
        "reopened=true": 1,
        "rating=satisfied": 1,
        "category=pothole": 2,
        "category=bin": 1,
        "unit=roads": 2,
        "unit=waste": 1,
    }
    days = "/desk/reports?first_day=1405%2F02%2F14&last_day=1405%2F03%2F12"
    assert figures[days] == 3
    assert {name: figures[f"{days}&{name}"] for name in expected} == expected
