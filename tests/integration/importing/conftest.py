"""A city that moves in, with the plugin of reports."""

from io import BytesIO

import pytest
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from PIL import Image

from civicportal.domain.cases.attachments import AttachmentService, PictureFiles
from civicportal.domain.cases.services import CaseService
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.importing import import_files
from civicportal.portal.importing.batches import read_mapping
from civicportal.portal.importing.report import open_report
from civicportal.testing import identity, make_category, make_citizen, make_staff, make_unit
from civicportal.testing.serving import Server
from civicportal.util.geo import Point

from . import legacy

BODY = "متن این گزارش: ۳ چاله"
STREET = Point(31.0203, 52.015)
RIGHTS = ["reports:case:view", "reports:case:work", "reports:case:comment"]


@pytest.fixture
def civic_settings():
    return {
        "site": {"plugins": ["reports", "feedback"]},
        "contact": {"phone": "137"},
        "webhooks": {"http": True, "private_networks": ["127.0.0.0/8"]},
    }


@pytest.fixture
def city(site):
    """Units with staff, and categories."""
    with site.work() as work:
        make_unit(work, "pr")
        waste, lighting = make_unit(work, "waste"), make_unit(work, "lighting")
        for unit in (waste, lighting):
            make_staff(
                work,
                "handler",
                unit=unit,
                permissions=RIGHTS,
                username=f"officer_{unit.key}",
            )
        make_category(work, "bin", kind="reports", unit=waste)
        make_category(work, "lamp", kind="reports", unit=lighting)
    return site


@pytest.fixture
def boss(city, sign_in):
    with city.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


@pytest.fixture
def admin(app, boss):
    return app


@pytest.fixture
def run(city, tmp_path):
    """Import files: ``run(files)``; returns the summary."""

    def run(files, mapping=legacy.MAPPING, *, apply=True, progress=lambda name, done: None):
        with open_report(city, tmp_path / "report.csv") as report:
            return import_files(
                city, read_mapping(city, mapping), files, report, apply=apply, progress=progress
            )

    run.report = tmp_path / "report.csv"
    return run


def png():
    data = BytesIO()
    Image.new("RGB", (64, 48), "red").save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def other(civic_session):
    """Another city, served, with three published reports: open with a picture, closed, and far in the past."""
    environment = civic_session.environment(
        "sqlite", {"site": {"plugins": ["reports"], "short_name": "دیگر"}}
    )
    environment.reset()
    site = environment.site
    with site.work() as work:
        roads = make_unit(work, "roads", name="راه‌ها")
        make_category(work, "pothole", kind="reports", unit=roads, name="چاله")
        citizen = identity(work, make_citizen(work), "citizen")
        officer = identity(work, make_staff(work, unit=roads))
    codes = [send(site, citizen, photo=number == 0) for number in range(3)]
    with site.work(actor=officer) as work:
        cases = work.get(CaseService)
        for code in codes:
            cases.publish(cases.fetch(code), True)
        old = cases.fetch(codes[2])
        old.created_at = old.created_at.replace(year=old.created_at.year - 2)
    for step, more in (("start_review", {}), ("close", {"public_text": "چاله پر شد"})):
        with site.work(actor=officer) as work:
            cases = work.get(CaseService)
            cases.apply(cases.fetch(codes[1], "work", lock=True), step, **more)
    server = Server(environment.app)
    yield site, f"{server.address}/open311/v2", codes
    server.close()


def send(site, citizen, *, photo):
    keys = []
    with site.work(actor=citizen) as work:
        if photo:
            files = PictureFiles(site)
            image = files.process(png())
            keys = [files.put(image)]
            work.get(AttachmentService).add(keys[0], image, "someone")
        location = locate_point(site.map, STREET)
        category = work.get(OrganizationService).category("reports", "pothole")
        new = NewReport(category=category, location=location, body=BODY, photos=keys, owner="someone")
        return work.get(ReportService).submit(new).code


def completed(text):
    """Complete the suggested mapping of the other city, as a person does."""
    return text.replace('pothole = ""', 'pothole = "bin"').replace('"راه‌ها" = ""', '"راه‌ها" = "waste"')
