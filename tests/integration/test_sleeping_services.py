"""A plugin that is taken off the list leaves its cases readable and passed on; back on the list, everything is back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from civicportal_announcements.services import AnnouncementContent, PostService
from civicportal_feedback.services import FeedbackService, NewFeedback
from civicportal_meetings.services import Applicant, MeetingService, NewMeeting
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, inspect, select

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.geo import Point
from civicportal.api.organization import OrganizationService
from civicportal.domain.accounts.models import RolePermission
from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.statistics.services import StatisticsService
from civicportal.portal import upgrade as migrate
from civicportal.portal.admin.purging import purge_plugin
from civicportal.testing import identity, make_category, make_citizen, make_staff, make_unit
from civicportal.util.errors import ConfigurationError

INACTIVE = "خدمت غیرفعال"
REASON = "پیگیری پروندهٔ ساختمانی که ماه‌هاست بدون نتیجه مانده است."
NATIONAL_CODE = "0499370899"
"""Has a correct check digit, but belongs to no person."""


def _report(work: Work) -> Case:
    category = work.get(OrganizationService).category("reports", "pothole")
    place = locate_point(work.site.map, Point(31.0203, 52.015))
    return work.get(ReportService).submit(NewReport(category=category, body=REASON, location=place))


def _meeting(work: Work) -> Case:
    who = Applicant(name="مریم رضایی", national_code=NATIONAL_CODE, birth_date=date(1985, 3, 21))
    return work.get(MeetingService).submit(NewMeeting(subject="پروانه", reason=REASON, applicant=who))


def _message(work: Work) -> Case:
    return work.get(FeedbackService).submit(NewFeedback(type="suggestion", body=REASON))


@dataclass(frozen=True, kw_only=True)
class Service:
    """A plugin with a kind of case.

    :ivar opening: sends a case as the acting citizen.
    :ivar step: the first step an officer takes.
    """

    name: str
    opening: Callable[[Work], Case]
    step: str

    @property
    def new(self) -> str:
        return f"/{self.name}/new"

    @property
    def desk(self) -> str:
        return f"/desk/{self.name}"


SERVICES = (
    Service(name="reports", opening=_report, step="start_review"),
    Service(name="meetings", opening=_meeting, step="start_review"),
    Service(name="feedback", opening=_message, step="start_review"),
)


class City:
    """One database, and the portal started on it again and again.

    :param start: assembles a site with plugins on that database.
    :param browse: gives a browser of a site.
    """

    def __init__(self, start: Callable[..., Any], browse: Callable[..., Any]) -> None:
        self._start, self._browse = start, browse

    def restart(self, *plugins: str) -> None:
        """Start the portal with these plugins on its list."""
        self.site = self._start(*plugins)

    def settle(self, *permissions: str) -> None:
        """Let people come: a citizen, and an officer with these rights in the unit that new cases reach."""
        migrate.upgrade(self.site)
        with self.site.work() as work:
            unit, other = make_unit(work, "pr", name="روابط عمومی"), make_unit(work, "civil")
            if "reports" in kinds_of(self.site):
                make_category(work, "pothole", kind="reports", unit=unit)
            self.citizen = make_citizen(work, level=2)
            self.officer = make_staff(work, "clerk", unit=unit, permissions=permissions)
            self.colleague = make_staff(work, "clerk", unit=other)
            self.other_unit = other

    def send(self, opening: Callable[[Work], Case]) -> str:
        """Send a case and return its tracking code."""
        with self.site.work(write=False) as work:
            actor = identity(work, self.citizen, "citizen")
        with self.site.work(actor=actor) as work:
            return opening(work).code

    def browser(self, user: Any = None, realm: str = "staff") -> Any:
        """Return the browser of a signed-in person, or of a visitor."""
        return self._browse(self.site, user, realm)


@pytest.fixture
def city(assemble, browse, empty_database):
    return City(lambda *plugins: assemble(*plugins, site={"database_url": empty_database}), browse)


def links(page: Any) -> set[str]:
    """Return where a page leads to."""
    return {link["href"].partition("?")[0] for link in page.html.select("a[href]")}


def act(browser: Any, code: str, action: str, **values: str) -> Any:
    """Send one of the forms of the page of a case, or press another button of it."""
    path = f"/kartable/cases/{code}"
    page = browser.get(path, status=200)
    buttons = {button.get("formaction") for button in page.html.select("button[formaction]")}
    home = "refer" if f"{path}/{action}" in buttons else action
    form = next(form for form in page.forms.values() if form.action == f"{path}/{home}")
    for name, value in values.items():
        form[name] = value
    return browser.post(f"{path}/{action}", form.submit_fields(), status=303)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_sleeps_and_wakes(city, service):
    rights = [f"{service.name}:case:{verb}" for verb in ("view", "work", "refer", "comment")]
    city.restart(service.name)
    city.settle(*rights)
    code = city.send(service.opening)
    check_awake(city, service, code)

    city.restart()
    assert not [name for name in city.site.permissions if name.startswith(f"{service.name}:")]
    visitor = city.browser()
    assert service.new not in links(visitor.get("/", status=200))
    visitor.get(service.new, status=404)
    citizen = city.browser(city.citizen, "citizen")
    assert f"/my/{code}" in links(citizen.get("/my", status=200))
    assert INACTIVE in citizen.get(f"/my/{code}", status=200)
    officer = city.browser(city.officer)
    assert service.desk not in links(officer.get("/desk", status=200))
    officer.get(service.desk, status=404)
    assert f"/kartable/cases/{code}" in links(officer.get("/kartable", status=200))
    page = officer.get(f"/kartable/cases/{code}", status=200)
    assert INACTIVE in page
    assert page.html.select_one(".page-h .pill").text.strip() == "ثبت‌شده"
    assert not page.html.select(f"option[value=panel-{service.step}]")
    act(officer, code, "comment", text="یادداشت هنگام خاموشی")
    act(officer, code, "refer", unit=str(city.other_unit.id))
    colleague = city.browser(city.colleague)
    act(colleague, code, "return", note="مربوط به ما نیست.")
    assert f"/kartable/cases/{code}" in links(officer.get("/kartable", status=200))

    city.restart(service.name)
    check_awake(city, service, code)
    assert "یادداشت هنگام خاموشی" in city.browser(city.officer).get(f"/kartable/cases/{code}")


@pytest.mark.parametrize("fate", ["keep", "delete"])
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_sleeping_service_is_purged_with_its_rights_and_cases_or_without_them(city, service, fate):
    city.restart(service.name)
    city.settle(f"{service.name}:case:view", f"{service.name}:case:work", "core:unit:lead")
    codes = [city.send(service.opening)]
    city.restart()
    with pytest.raises(ConfigurationError, match="--cases"):
        purge_plugin(city.site, service.name, progress=lambda *_: None)
    told = []
    done = purge_plugin(city.site, service.name, cases=fate, progress=lambda *counts: told.append(counts))
    assert (done.cases, told) == ((1, [(1, 1)]) if fate == "delete" else (0, []))
    with city.site.work(write=False) as work:
        left = work.session.scalars(select(Case.code)).all()
        rights = set(work.session.scalars(select(RolePermission.permission)))
        event = work.session.scalars(select(AuditEvent).where(AuditEvent.action == "plugin:purge")).one()
        assert event.data["plugin"] == service.name
        assert event.data["cases_kept"] == len(left)
        wrong = wrong_counters(work)
    assert left == (codes if fate == "keep" else [])
    assert not [name for name in rights if name.startswith(f"{service.name}:")]
    assert "core:unit:lead" in rights
    assert not wrong
    assert not [
        name for name in inspect(city.site.engines.read).get_table_names() if name.startswith(service.name)
    ]
    officer = city.browser(city.officer)
    officer.get("/kartable", status=200)
    city.browser(city.citizen, "citizen").get("/my", status=200)


@pytest.mark.parametrize(
    "stage",
    [
        "civicportal.portal.admin.purging.rebuild",
        "civicportal.portal.admin.purging.AuditService.record",
        "civicportal.portal.upgrade.purge",
    ],
)
def test_an_interrupted_purge_is_repeated(city, monkeypatch, stage):
    city.restart("reports")
    city.settle("reports:case:view")
    city.send(_report)
    city.restart()

    def purge():
        return purge_plugin(city.site, "reports", cases="delete", progress=lambda *_: None)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(stage, interrupt)
        purge()
    purge()
    with city.site.work(write=False) as work:
        assert not work.session.scalars(select(Case.code)).all()
        assert not wrong_counters(work)
        rights = work.session.scalars(select(RolePermission.permission)).all()
        assert not [name for name in rights if name.startswith("reports:")]


def wrong_counters(work):
    service = work.get(StatisticsService)
    return service.verify() | service.verify_months() | service.verify_totals()


def interrupt(*_arguments, **_values):
    raise KeyboardInterrupt


def test_a_plugin_that_names_cases_of_others_is_purged_without_them(city):
    """Two services sleep; one has a table whose rows name cases of the other, and is none of theirs."""
    city.restart("reports")
    city.settle("reports:case:view")
    code = city.send(_report)
    city.restart()
    with city.site.engines.write.begin() as connection:
        metadata = MetaData()
        reported = Table("cases", metadata, autoload_with=connection)
        answers = Table(
            "surveys_answers",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("case_id", ForeignKey(reported.c.id, ondelete="CASCADE")),
        )
        version = Table(
            "alembic_version_surveys", metadata, Column("version_num", String(32), primary_key=True)
        )
        metadata.create_all(connection, [answers, version])
        number = connection.scalar(select(reported.c.id).where(reported.c.code == code))
        connection.execute(answers.insert().values(id=1, case_id=number))
    done = purge_plugin(city.site, "surveys", cases="delete", progress=lambda *_: None)
    assert (done.tables, done.cases, done.rights) == (("alembic_version_surveys", "surveys_answers"), 0, ())
    with city.site.work(write=False) as work:
        assert work.session.scalars(select(Case.code)).all() == [code]


def check_awake(city: City, service: Service, code: str) -> None:
    """The service is there, with its card, its desk, its page of the case and its steps."""
    visitor = city.browser()
    assert service.new in links(visitor.get("/", status=200))
    visitor.get(service.new, status=200)
    officer = city.browser(city.officer)
    assert service.desk in links(officer.get("/desk", status=200))
    officer.get(service.desk, status=200)
    page = officer.get(f"/kartable/cases/{code}", status=200)
    assert INACTIVE not in page
    assert page.html.select(f"option[value=panel-{service.step}]")
    assert INACTIVE not in city.browser(city.citizen, "citizen").get(f"/my/{code}", status=200)


def test_announcements_sleep_and_wake(city):
    city.restart("announcements")
    city.settle("announcements:post:edit", "announcements:post:publish")
    with city.site.work(write=False) as work:
        actor = identity(work, city.officer)
    with city.site.work(actor=actor) as work:
        content = AnnouncementContent(title="قطع آب", body="فردا صبح آب قطع است.")
        post_id = work.get(PostService).create(content, publish=True, owner="").id
    path = f"/announcements/{post_id}"
    for listed in (("announcements",), (), ("announcements",)):
        city.restart(*listed)
        officer, status = city.browser(city.officer), 200 if listed else 404
        assert ("قطع آب" in city.browser().get("/", status=200)) == bool(listed)
        assert ("/desk/announcements" in links(officer.get("/desk"))) == bool(listed)
        officer.get("/desk/announcements", status=status)
        city.browser().get(path, status=status)
