"""Open data of the services of a city: what officers do with reports and announcements decides what is published."""

import csv
from io import StringIO

import pytest
from civicportal_announcements.services import AnnouncementContent, PostService
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from sqlalchemy import update

from civicportal.api.geo import Point
from civicportal.domain.cases.services import CaseService
from civicportal.domain.organization.models import Category
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.opendata.building import build
from civicportal.portal.opendata.services import BuildService
from civicportal.testing import identity, make_category, make_citizen, make_staff, make_unit

NUMBER = 6
"""Reports of the city: one more than a group needs."""


@pytest.fixture
def civic_settings():
    plugins = {"announcements": {"opt_out": "لغو11", "part_price": 100, "currency": "ریال", "per_minute": 12}}
    return {
        "site": {"plugins": ["reports", "announcements"]},
        "contact": {"phone": "137"},
        "open_data": {"enabled": True},
        "plugins": plugins,
    }


class Reports:
    """Reports that are sent, closed and published as people do it."""

    def __init__(self, site, clock):
        self.site, self.clock = site, clock
        with site.work() as work:
            units = [make_unit(work, key) for key in ("pr", "civil")]
            self.category = make_category(work, "pothole", kind="reports", unit=units[1], public=True).id
            self.citizen = identity(work, make_citizen(work), "citizen")
            self.officer = identity(work, make_staff(work, unit=units[1]))

    def send(self, number=NUMBER):
        """Send and close reports; return their codes."""
        codes = []
        for _one in range(number):
            with self.site.work(actor=self.citizen) as work:
                found = work.get(ReportService).submit(
                    NewReport(
                        category=work.get(OrganizationService).category("reports", "pothole"),
                        body="چالهٔ عمیقی وسط خیابان است.",
                        location=locate_point(self.site.map, Point(31.0203, 52.0151)),
                    )
                )
                codes.append(found.code)
            for step, values in (
                ("start_review", {}), ("start_action", {}), ("close", {"public_text": "پر شد."}),
            ):  # fmt: skip
                with self.site.work(actor=self.officer) as work:
                    cases = work.get(CaseService)
                    cases.apply_form(cases.fetch(codes[-1], "work", lock=True), step, values)
        return codes

    def publish(self, code, public=True):
        """Publish or withdraw a report."""
        with self.site.work(actor=self.officer) as work:
            cases = work.get(CaseService)
            cases.publish(cases.fetch(code), public)

    def rows(self, name="reports.cases"):
        """Build, and return the rows of a file."""
        build(self.site)
        with self.site.work(write=False) as work:
            found = work.get(BuildService).file(name, "csv")
        with self.site.storage.open(found.key) as file:
            return list(csv.DictReader(StringIO(file.read().decode("utf-8-sig"))))


@pytest.fixture
def reports(site, clock):
    return Reports(site, clock)


def test_reports_are_in_open_data_once_officers_have_published_them(reports, clock):
    codes = reports.send()
    for code in codes[: NUMBER - 1]:
        reports.publish(code)
    assert reports.rows() == []
    clock.advance(days=45)
    rows = reports.rows()
    # The last one was never published.
    assert len(rows) == NUMBER - 1
    first = rows[0]
    assert (first["category"], first["unit"], first["channel"], first["stage"]) == (
        "pothole",
        "civil",
        "web",
        "done",
    )
    assert (first["place_precision"], first["district"]) == ("cell", "منطقهٔ یک")
    assert (first["south"], first["west"]) == ("31.02", "52.015")
    assert (float(first["north"]), float(first["east"])) == (31.0225, 52.0175)
    assert not {"چالهٔ", "عمیقی", "31.0203"} & {
        word for row in rows for word in " ".join(row.values()).split()
    }
    # One is withdrawn: with it goes the only group.
    reports.publish(codes[0], public=False)
    assert reports.rows() == []


def test_reports_of_a_private_category_are_not(reports, site, clock):
    for code in reports.send():
        reports.publish(code)
    with site.work() as work:
        work.session.execute(update(Category).where(Category.id == reports.category).values(public=False))
    clock.advance(days=45)
    assert reports.rows() == []
    # And leave when it is made private later.
    with site.work() as work:
        work.session.execute(update(Category).where(Category.id == reports.category).values(public=True))
    clock.advance(days=31)
    assert len(reports.rows()) == NUMBER
    with site.work() as work:
        work.session.execute(update(Category).where(Category.id == reports.category).values(public=False))
    assert reports.rows() == []


def test_announcements_are_those_that_were_on_the_board(reports, site, clock):
    with site.work() as work:
        boss = identity(work, make_staff(work, "administrator"))
    with site.work(actor=boss) as work:
        posts = work.get(PostService)
        for title, publish in (("آب قطع می‌شود", True), ("پیش‌نویس", False), ("اشتباه", True)):
            content = AnnouncementContent(title=title, body="متن اطلاعیه برای شهروندان")
            post = posts.create(content, publish=publish, owner="boss")
        posts.delete(post)
    rows = reports.rows("announcements.posts")
    assert [row["title"] for row in rows] == ["آب قطع می‌شود"]
    assert rows[0]["published_from"].endswith("Z")
