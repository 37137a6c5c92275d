"""Units, categories, staff, people and pictures of an earlier system."""

import csv

import pytest
from PIL import Image
from sqlalchemy import select

from civicportal.domain.accounts.models import User
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.importing import import_files, undo_batch
from civicportal.portal.importing.batches import read_mapping
from civicportal.portal.importing.report import open_report
from civicportal.testing import identity, make_staff

from . import legacy

pytestmark = pytest.mark.both_databases

TREE = """
[source]
name = "old"

[units]
files = ["units.csv"]
columns = { key = "کد", name = "نام", parent = "والد", phone = "تلفن" }

[categories]
kind = "reports"
files = ["categories.csv"]
columns = { key = "کد", name = "نام", parent = "والد", unit = "واحد", days = "مهلت" }

[staff]
files = ["staff.csv"]
columns = { username = "نام کاربری", name = "نام", mobile = "موبایل", role = "سمت", unit = "واحد" }

[staff.values.role]
"کارشناس" = "handler"

[people]
files = ["people.csv"]
columns = { mobile = "موبایل", name = "نام" }
"""


def table(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path):
    return [
        table(
            tmp_path, "units.csv", "کد,نام,والد,تلفن\nz1,منطقه ۱,,021\nz11,ناحیه ۱,منطقه ۱,\nx,بی‌والد,zz,\n"
        ),
        table(
            tmp_path,
            "categories.csv",
            "کد,نام,والد,واحد,مهلت\ng,فضای سبز,,,\ng1,هرس درخت,g,z11,۵\ng2,چمن,g,z99,\n",
        ),
    ]


def problems(run):
    with run.report.open(encoding="utf-8-sig") as file:
        return [(row[0], row[1], row[3]) for row in list(csv.reader(file))[1:]]


def test_a_tree_is_imported_and_taken_back(city, run, files):
    summary = run(files, TREE)
    assert summary.counts == {"units": {"new": 2, "rejected": 1}, "categories": {"new": 2, "rejected": 1}}
    assert problems(run) == [("units.csv", "4", "والد"), ("categories.csv", "4", "واحد")]
    with city.work(write=False) as work:
        organization = work.get(OrganizationService)
        branch = organization.category("reports", "g1")
        unit = organization.unit("z11")
        assert organization.units.by_id[unit.parent_id].name == "منطقه ۱"
        assert (branch.unit_id, branch.deadline_days) == (unit.id, 5.0)
        assert organization.categories.by_id[branch.parent_id].key == "g"
    assert run(files, TREE).counts["units"] == {"present": 2, "rejected": 1}
    assert undo_batch(city, summary.batch, lambda done: None).others == 4
    with city.work(write=False) as work:
        assert work.session.scalars(select(Unit.key).where(Unit.key.like("z%"))).all() == []
        assert work.session.scalars(select(Category.key).where(Category.key.like("g%"))).all() == []


def test_what_was_there_before_is_neither_changed_nor_taken_back(city, run, tmp_path):
    path = table(tmp_path, "units.csv", "کد,نام,والد,تلفن\nwaste,نام دیگر,,\n")
    summary = run([path], TREE)
    assert summary.counts["units"] == {"present": 1}
    undo_batch(city, summary.batch, lambda done: None)
    with city.work(write=False) as work:
        assert work.get(OrganizationService).unit("waste").name != "نام دیگر"


STAFF = (
    "نام کاربری,نام,موبایل,سمت,واحد\n"
    "n.rad,نگار راد,09121111111,کارشناس,waste\n"
    "s.kar,سعید کار,09122222222,مدیر,waste\n"
    "x,یک نفر,021334,کارشناس,waste\n"
    "y,دیگری,09121111111,کارشناس,waste\n"
    "اکبر,اکبر,09124444444,کارشناس,waste\n"
    "officer_waste,دیگری,09125555555,کارشناس,waste\n"
)


def test_staff_have_their_role_and_no_password(city, run, tmp_path):
    summary = run([table(tmp_path, "staff.csv", STAFF)], TREE)
    assert summary.counts["staff"] == {"new": 1, "rejected": 4, "present": 1}
    with city.work(write=False) as work:
        user = work.session.scalars(select(User).where(User.username == "n.rad")).one()
        [membership] = user.memberships
        assert (user.password_hash, membership.role.key) == (None, "handler")
        assert membership.unit_id == work.get(OrganizationService).unit("waste").id
        assert work.session.scalars(select(OutboxMessage)).all() == []
    assert undo_batch(city, summary.batch, lambda done: None).people == 1


def test_the_administrator_role_is_not_given(city, run, tmp_path):
    mapping = TREE.replace('"کارشناس" = "handler"', '"کارشناس" = "administrator"')
    assert run([table(tmp_path, "staff.csv", STAFF)], mapping).counts["staff"] == {
        "rejected": 5,
        "present": 1,
    }


def test_nobody_gives_more_than_they_have_by_an_import(city, tmp_path):
    path, report = table(tmp_path, "staff.csv", STAFF), tmp_path / "report.csv"
    with city.work() as work:
        importer = identity(work, make_staff(work, permissions=["core:import:manage"]))
    for apply in (False, True):
        with open_report(city, report) as problems:
            summary = import_files(
                city,
                read_mapping(city, TREE),
                [path],
                problems,
                apply=apply,
                progress=lambda name, done: None,
                actor=importer,
            )
        assert summary.counts["staff"] == {"rejected": 5, "present": 1}


def test_people_are_imported_once(city, run, tmp_path):
    path = table(tmp_path, "people.csv", "موبایل,نام\n09121111111,نگار\n۰۹۱۲۱۱۱۱۱۱۱,نگار\n0213,نگار\n")
    summary = run([path], TREE)
    assert summary.counts["people"]["rejected"] == 1
    assert summary.counts["people"]["new"] == 1
    # Their cases come later, from another file.
    run(legacy.write(tmp_path / "old", [(*legacy.CASES[0][:10], "09121111111", *legacy.CASES[0][11:])], []))
    with city.work(write=False) as work:
        [user] = work.session.scalars(select(User).where(User.mobile == "+989121111111"))
        assert (user.name, user.level) == ("نگار", 1)
        assert work.session.scalar(select(Case.citizen_id)) == user.id


# -- pictures -----------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    image = Image.new("RGB", (60, 40), "green")
    image.getexif()[0x010F] = "a camera"
    image.save(folder / "sub/one.jpg", exif=image.getexif())
    (folder / "text.jpg").write_text("no picture")
    (tmp_path / "secret.jpg").write_bytes((folder / "sub/one.jpg").read_bytes())
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    return folder


def import_with(city, tmp_path, folder, cell, *, option="reject", apply=True):
    mapping = legacy.MAPPING.replace('kind = "reports"', f'kind = "reports"\nmissing_attachment = "{option}"')
    mapping = mapping.replace('answer = "پاسخ"', 'answer = "پاسخ"\nattachments = "پیوست"')
    path = tmp_path / "requests.csv"
    path.write_text(legacy.text_of((*legacy.HEADERS, "پیوست"), [(*legacy.CASES[0], cell)]), encoding="utf-8")
    with open_report(city, None) as report:
        return import_files(
            city,
            read_mapping(city, mapping),
            [path],
            report,
            apply=apply,
            attachments=folder,
            progress=lambda name, done: None,
        )


def test_a_picture_comes_with_its_case_without_its_metadata(city, tmp_path, pictures):
    assert import_with(city, tmp_path, pictures, "sub\\one.jpg").counts["cases"] == {"new": 1}
    with city.work(write=False) as work:
        [row] = work.session.scalars(select(Attachment))
        case = work.session.scalars(select(Case)).one()
    assert (row.case_id, row.audience, row.purpose, row.user_id) == (
        case.id,
        "citizen",
        "before",
        case.citizen_id,
    )
    with city.storage.open(row.key) as file:
        assert b"a camera" not in file.read()
    assert city.storage.exists(f"{row.key}.small")


@pytest.mark.parametrize(
    "cell",
    [
        "missing.jpg",
        "../secret.jpg",
        "link.jpg",
        "text.jpg",
        "/etc/passwd",
        "sub",
        "sub/one.jpg;" * 5,
        "a\0b",
    ],
)
def test_a_bad_picture_rejects_the_line_or_is_left_out(city, tmp_path, pictures, cell):
    assert import_with(city, tmp_path, pictures, cell).counts["cases"] in ({"rejected": 1}, {"new": 1})
    if "\0" not in cell:
        with city.work(write=False) as work:
            assert work.session.scalars(select(Case)).all() == []
        assert import_with(city, tmp_path, pictures, cell, option="warn").counts["cases"]["new"] == 1


def test_without_a_folder_no_file_is_read(city, tmp_path, pictures):
    assert import_with(city, tmp_path, None, "sub/one.jpg").counts["cases"] == {"rejected": 1}


def test_a_dry_run_stores_no_picture(city, tmp_path, pictures):
    before = set(city.storage.keys())
    assert import_with(city, tmp_path, pictures, "sub/one.jpg", apply=False).counts["cases"] == {"new": 1}
    assert set(city.storage.keys()) == before
