"""Archives on the page of imports: pictures, tables that are large, and archives that are refused."""

import io
import struct
import zipfile

import pytest
from sqlalchemy import func, select
from webtest import Upload

from civicportal.domain.cases.models import Attachment
from civicportal.portal.importing import archives, working

from . import legacy
from .conftest import png
from .pages import LIST, button, number_of_cases, send, tables, taken, task_of, upload, uploaded

HEADERS = (*legacy.HEADERS, "پیوست")
MAPPING = legacy.MAPPING.replace("[cases.columns]", '[cases.columns]\nattachments = "پیوست"')


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["reports", "feedback"], "locale": "en"}, "contact": {"phone": "137"}}


def packed(files, **options):
    """Return an archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def table(*names):
    """Return a table whose lines name these pictures."""
    lines = [(*case, name) for case, name in zip(legacy.CASES, names, strict=False)]
    return legacy.text_of(HEADERS, lines).encode("utf-8-sig")


def number_of_pictures(site):
    with site.work(write=False) as work:
        return work.session.scalar(select(func.count()).select_from(Attachment))


def checked(site, app, page):
    return taken(site, app, button(page, "/check").submit(status=303).follow())


def test_pictures_come_in_an_archive_beside_the_table_and_later(city, admin):
    files = [
        Upload("requests.csv", table("عکس‌ها/1.png", "more/2.png", "none.png")),
        Upload("photos.zip", packed({"عکس‌ها/1.png": png(), "__MACOSX/x": b"", ".hidden": b""})),
    ]
    page = uploaded(city, admin, files, mapping=MAPPING)
    assert "photos.zip" in page
    assert set(task_of(city).contents) == {"requests.csv"}
    page = checked(city, admin, page)
    assert task_of(city).counts["cases"] == {"new": 1, "rejected": 2}
    # The second picture comes later, and a former check is void.
    more = page.click("Add pictures").request.path
    assert "requests.csv is no ZIP archive" in send(admin, more, [Upload("requests.csv", b"a")], status=422)
    assert "Choose at least one file" in send(admin, more, [], status=422)
    later = Upload("photos.zip", packed({"more/2.png": png(), "a.txt": b"no picture"}))
    page = send(admin, more, [later]).follow()
    assert not [one for one in page.forms.values() if one.action.endswith("/apply")]
    page = checked(city, admin, page)
    assert task_of(city).counts["cases"] == {"new": 2, "rejected": 1}
    page = taken(city, admin, button(page, "/apply").submit(status=303).follow())
    assert "The import is done" in page
    assert (number_of_cases(city), number_of_pictures(city)) == (2, 2)
    page = checked(city, admin, page)
    assert task_of(city).counts["cases"] == {"present": 2, "rejected": 1}


def test_tables_may_be_in_an_archive(city, admin):
    content = {"old/requests.csv": tables()[0].content, "old/history.csv": tables()[1].content}
    page = uploaded(city, admin, [Upload("all.zip", packed(content))], mapping=legacy.MAPPING)
    assert set(task_of(city).contents) == {"requests.csv", "history.csv"}
    page = checked(city, admin, page)
    assert task_of(city).counts["cases"] == {"new": 4}
    taken(city, admin, button(page, "/apply").submit(status=303).follow())
    assert number_of_cases(city) == 4


def test_a_table_beside_an_archive_with_one_of_the_same_name_is_named(city, admin):
    [first, *_others] = tables()
    archive = Upload("all.zip", packed({first.filename: first.content}))
    assert f"Two files are called {first.filename}" in uploaded(city, admin, [archive, first])


def test_a_name_that_is_too_long_for_a_file_costs_its_picture_only(city, admin):
    """Persian letters have two bytes each: names that Windows allows are too long for Linux."""
    long = f"{'ع' * 130}.png"
    files = [
        Upload("requests.csv", table(long, "2.png")),
        Upload("photos.zip", packed({long: png(), "2.png": png()})),
    ]
    page = uploaded(city, admin, files, mapping=MAPPING)
    checked(city, admin, page)
    assert task_of(city).counts["cases"] == {"new": 1, "rejected": 1}


def encrypted():
    """Return an archive whose entry says that it is encrypted."""
    data = bytearray(packed({"a.png": png()}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(signature) + offset
        data[place : place + 2] = struct.pack("<H", 1)
    return bytes(data)


def lying():
    """Return an archive whose entry is larger than it says."""
    data = bytearray(packed({"a.csv": b"a" * 100_000}))
    size = struct.pack("<I", 100_000)
    return bytes(data.replace(size, struct.pack("<I", 10)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK nothing", "it is no ZIP archive, or damaged"),
        (packed({"a.png": png()})[:-40], "it is no ZIP archive, or damaged"),
        (packed({"a.csv": b"0" * 30_000_000}), "it unpacks to 28 MiB, which is too much"),
        (packed({"../../a.png": png()}), "a path in it is not allowed"),
        (packed({"/etc/a.png": png()}), "a path in it is not allowed"),
        (packed({"x" * 250: png()}), "a path in it is not allowed"),
        (packed({"a/x.csv": b"a\n1\n", "b/x.csv": b"a\n1\n"}), "Two files are called x.csv"),
        (encrypted(), "it is encrypted, or packed in an unusual way"),
        (
            packed({"a.png": png()}, compression=zipfile.ZIP_LZMA),
            "it is encrypted, or packed in an unusual way",
        ),
        (lying(), "it is no ZIP archive, or damaged"),
        (packed({"a.png": png()}), "There is no table"),
    ],
)
def test_a_bad_archive_is_named_and_nothing_else_is_read(city, admin, content, said):
    page = uploaded(city, admin, [Upload("all.zip", content)])
    assert said in page
    assert task_of(city).state == "failed"
    assert not task_of(city).contents


def test_there_are_limits_for_all_archives_together(city, admin, monkeypatch):
    many = {f"{number}.png": b"" for number in range(11)}
    monkeypatch.setattr(archives, "MOST_ENTRIES", 10)
    page = uploaded(city, admin, [Upload("all.zip", packed(many))])
    assert "it has more than 10 files: divide it" in page
    monkeypatch.undo()
    monkeypatch.setattr(working, "LARGEST", 150_000)
    noise = bytes(range(256)) * 400
    two = [Upload(f"{name}.zip", packed({f"{name}.png": noise})) for name in "ab"]
    page = uploaded(city, admin, [*tables(), *two])
    assert "b.zip: it unpacks to 0 MiB, which is too much" in page
    monkeypatch.undo()
    page = uploaded(city, admin, [Upload("t.zip", packed({f"{n}.csv": b"a\n1\n" for n in range(11)}))])
    assert "At most 10 are allowed here" in page


def test_archives_are_deleted_with_the_import(city, admin):
    page = uploaded(city, admin, [*tables(), Upload("photos.zip", packed({"1.png": png()}))])
    assert len(list(city.storage.keys())) == 3
    button(page, "/delete").submit(status=303)
    assert not list(city.storage.keys())


def test_more_archives_than_allowed_are_refused_at_their_field(city, admin, monkeypatch):
    monkeypatch.setattr("civicportal.portal.importing.tasks.MOST_ARCHIVES", 3)
    page = upload(admin, tables()).follow()
    working.run_waiting(city)
    two = [Upload(f"{name}.zip", packed({"1.png": png()})) for name in "ab"]
    page = send(admin, f"{LIST}/{task_of(city).key}/pictures", two, status=422)
    assert "At most 3" in page.html.find(attrs={"data-field": "tables"}).get_text()
