"""The test site with the reports plugin, a small city around 31.02/52.02, a citizen and staff."""

import io
from copy import copy
from dataclasses import dataclass

import pytest
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from PIL import Image
from two_cities import LOCAL, Cuts, Neighbour, add_rule, add_server

from civicportal.api.cases import CaseService
from civicportal.api.database import Work
from civicportal.api.geo import Point
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.api.people import Identity
from civicportal.api.plugins import Site
from civicportal.testing import identity, make_category, make_citizen, make_staff, make_unit
from civicportal.testing.serving import Server
from civicportal.testing.tokens import token_for


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["reports"]}, "contact": {"phone": "137"}}


@dataclass
class City:
    """What the tests of this plugin start from."""

    #: Beside «خیابان آزادی», in «منطقهٔ یک», and in «منطقهٔ دو».
    street = Point(31.0203, 52.015)
    other_district = Point(31.0203, 52.03)

    site: Site
    citizen: Identity
    other: Identity
    officer: Identity
    stranger: Identity
    categories: dict[str, int]

    def submit(self, work: Work, key="pothole", point=street, **more):
        """Send a report in an open unit of work."""
        category = work.get(OrganizationService).category("reports", key)
        usual = {"body": "چالهٔ عمیقی وسط خیابان است.", "location": locate_point(self.site.map, point)}
        return work.get(ReportService).submit(NewReport(category=category, **{**usual, **more}))

    def send(self, key="pothole", point=street, *, by=None, **more):
        """Send a report and return its tracking code."""
        with self.site.work(actor=by or self.citizen) as work:
            return self.submit(work, key, point, **more).code

    def step(self, code, name, *, by=None, **more):
        """Take a step of the workflow."""
        with self.site.work(actor=by or self.officer) as work:
            cases = work.get(CaseService)
            case = cases.fetch_own(code) if by else cases.fetch(code, "work", lock=True)
            cases.apply(case, name, **more)

    def take_up(self, code, unit="waste"):
        """Begin with a report and refer it to another unit; return that unit's key."""
        self.step(code, "start_review")
        with self.site.work(actor=self.officer) as work:
            case = work.get(CaseService).fetch(code, "refer", lock=True)
            work.get(KartableService).refer(case, work.get(OrganizationService).unit(unit).id)
        return unit

    def publish(self, code, *, by=None):
        """Publish a report."""
        with self.site.work(actor=by or self.officer) as work:
            cases = work.get(CaseService)
            cases.publish(cases.fetch(code), True)

    @staticmethod
    def picture():
        """Return a small picture."""
        data = io.BytesIO()
        Image.new("RGB", (64, 48), "red").save(data, "PNG")
        return data.getvalue()

    def queue(self, app, path, fields, *, photos, status):
        """Send a form as the queue of a browser does, and return the answer."""
        token = app.get("/queue/session").json["token"]
        headers = {
            "Accept": "application/json",
            "X-Requested-With": "XMLHttpRequest",
            "X-CSRF-Token": token,
        }
        files = [("photo_key_files", "photo.png", self.picture())] * photos
        return app.post(path, fields, headers, upload_files=files, status=status).json

    def case(self, code):
        """Return a case as it stands."""
        with self.site.work(write=False) as work:
            return work.get(CaseService).fetch(code)


@pytest.fixture
def city(civic_environment):
    # Some tests give it people of their own.
    return copy(civic_environment.filled(founded))


@pytest.fixture(scope="session")
def found_city():
    """Return the function that founds the city of a site, for a module that fills one for itself."""
    return founded


def founded(site):
    """Return the city of a site with its units, categories and people."""
    with site.work() as work:
        units = {key: make_unit(work, key) for key in ("pr", "civil", "waste")}
        categories = {}
        for root, leaves, unit in (
            ("roads", ("pothole", "sidewalk"), "civil"),
            ("waste", ("bin",), "waste"),
        ):
            top = make_category(work, root, kind="reports", name=f"ریشهٔ {root}", icon="road", tint="a")
            for leaf in leaves:
                made = make_category(
                    work, leaf, kind="reports", unit=units[unit], parent_id=top.id, synonyms=["گودال"]
                )
                categories[leaf] = made.id
        other = make_category(work, "other", kind="reports", unit=units["pr"], name="موضوع دیگر")
        categories["other"] = other.id
        return City(
            site=site,
            citizen=identity(work, make_citizen(work, "+989000000001", name="مریم رضایی"), "citizen"),
            other=identity(work, make_citizen(work, "+989000000002", name="علی کریمی"), "citizen"),
            officer=identity(work, make_staff(work, unit=units["civil"], name="سارا احمدی")),
            stranger=identity(work, make_staff(work, unit=units["waste"], name="رضا مرادی")),
            categories=categories,
        )


@pytest.fixture
def neighbour(site, city, civic_session, civic_database, civic_settings, monkeypatch):
    """A second city whose Open311 server gets the potholes of the first one."""
    monkeypatch.setitem(site.settings, "webhooks", {**site.settings["webhooks"], **LOCAL})
    settings = {
        **civic_settings,
        "site": {**civic_settings["site"], "name": "شهر همسایه", "short_name": "همسایه"},
    }
    environment = civic_session.environment(civic_database, settings)
    environment.reset()
    there = founded(environment.site)
    with environment.site.work() as work:
        machine = identity(work, make_staff(work, "registrar", permissions=["reports:case:register"]))
    cuts = Cuts(environment.app)
    server = Server(cuts)
    key = token_for(environment.site, machine, "cases:read", "cases:write")
    server_id = add_server(site, f"{server.address}/open311/v2", key)
    add_rule(site, server_id, "pothole", category_id=city.categories["pothole"])
    yield Neighbour(
        site=environment.site, city=there, cuts=cuts, server_id=server_id, clock=environment.clock
    )
    cuts.ends.set()
    server.close()
