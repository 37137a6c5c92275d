"""The administrators' pages of imports, through the real application, without script."""

import csv
import io
import subprocess
import sys

import pytest
from senders import wait_until
from sqlalchemy import delete, select
from webtest import Upload

from civicportal.core.jobs import JobRun
from civicportal.domain.audit.models import AuditEvent
from civicportal.portal.importing import working
from civicportal.portal.importing.mapping import read_sections
from civicportal.portal.importing.models import ImportBatch, ImportFile
from civicportal.portal.importing.tasks import KEPT, MOST, ImportTaskService, clean_imports
from civicportal.portal.importing.uploads import safe_name
from civicportal.testing import identity, make_staff
from civicportal.util.countries import get_country

from . import legacy
from .pages import LIST, button, form_of, number_of_cases, tables, taken, task_of, upload, uploaded

pytestmark = pytest.mark.both_databases


@pytest.fixture
def civic_settings():
    return {"site": {"plugins": ["reports", "feedback"], "locale": "en"}, "contact": {"phone": "137"}}


def test_files_are_mapped_in_forms_checked_imported_and_taken_back(city, admin):
    page = upload(admin, tables()).follow()
    assert "The files" in page or "Waits" in page
    page = taken(city, admin, page)
    assert "requests.csv" in page
    # The columns of the cases: nearly all were guessed; date and time are two columns.
    page = page.click("Columns: Cases")
    form = form_of(page, "created_column_1")
    assert form["created_column_1"].value == "تاریخ ثبت"
    assert form["code_column_1"].value == "کد پیگیری"
    form["created_column_2"] = "ساعت"
    page = form.submit(status=303).follow()
    form = form_of(page, "case_column_1")
    form["unit_column_1"] = "ارجاع به"
    page = form.submit(status=303).follow()
    # Texts that have names of the portal are chosen; the others are marked.
    assert "Not mapped" in page
    form = form_of(page, "text_0_0")
    meanings = {
        "خاتمه یافته": "reviewed",
        "رد شده": "rejected",
        "در دست اقدام": "in_action",
        "سطل زباله": "bin",
        "روشنایی": "lamp",
        "پسماند": "waste",
    }
    for name, field in list(form.fields.items()):
        if name and name.startswith("text_"):
            label = page.html.find("label", attrs={"for": field[0].id}).get_text()
            text = next(text for text in meanings if text in label)
            is_unit = "lighting" in [option for option, _s, _t in field[0].options]
            form[name] = "lighting" if text == "روشنایی" and is_unit else meanings[text]
    page = form.submit(status=303).follow()
    assert "not mapped yet" not in page
    page = taken(city, admin, button(page, "/check").submit(status=303).follow())
    assert number_of_cases(city) == 0
    assert task_of(city).counts["cases"] == {"new": 4}
    page = taken(city, admin, button(page, "/apply").submit(status=303).follow())
    assert "The import is done" in page
    assert number_of_cases(city) == 4
    batch = task_of(city).batch_id
    assert "4" in admin.get(LIST)
    # Again: nothing is imported twice.
    page = taken(city, admin, button(page, "/check").submit(status=303).follow())
    assert task_of(city).counts["cases"] == {"present": 4}
    page = admin.get(f"{LIST}/batches/{batch}/undo")
    page = next(f for f in page.forms.values() if "btn-danger" in f.text).submit(status=303).follow()
    page = taken(city, admin, page)
    assert "The import was taken back" in page
    assert number_of_cases(city) == 0
    with city.work(write=False) as work:
        assert work.session.get_one(ImportBatch, batch).state == "undone"
        actions = set(work.session.scalars(select(AuditEvent.action)))
    assert {
        "import:upload",
        "import:map",
        "import:check",
        "import:apply",
        "import:begin",
        "import:undone",
    } <= actions


def test_the_mapping_of_the_page_is_that_of_the_command(city, admin, run, tmp_path):
    uploaded(city, admin, mapping=legacy.MAPPING)
    key = task_of(city).key
    text = admin.get(f"{LIST}/{key}/mapping.toml").body.decode()
    assert text == legacy.MAPPING
    summary = run(legacy.write(tmp_path / "old"), text)
    assert summary.counts["cases"]["new"] == 4
    page = taken(city, admin, button(admin.get(f"{LIST}/{key}"), "/check").submit(status=303).follow())
    assert task_of(city).counts["cases"] == {"present": 4}
    assert "There already" in page


def test_rejected_lines_are_listed_page_by_page_and_in_a_file(city, admin):
    broken = [
        (
            f"98-{n}",
            f"137-{n}",
            "1398/02/03",
            "",
            "موضوع ناشناخته",
            "",
            "",
            "",
            "",
            "",
            "0912",
            "",
            "?",
            "",
            "",
        )
        for n in range(60)
    ]
    page = uploaded(city, admin, tables(broken, []), mapping=legacy.MAPPING)
    page = taken(city, admin, button(page, "/check").submit(status=303).follow())
    assert task_of(city).counts["cases"]["rejected"] == 60
    page = page.click("Every line of these")
    assert len(page.html.find_all("tr")) == 51
    page = page.click(href="page=2")
    file = admin.get(f"{LIST}/{task_of(city).key}/report.csv")
    rows = list(csv.reader(io.StringIO(file.body.decode("utf-8-sig"))))
    assert len(rows) == 181
    assert rows[1][:3] == ["requests.csv", "2", "98-0"]
    assert "0912" not in {row[4] for row in rows}
    for number in ("900", "9" * 20, "9" * 5000, "x"):
        admin.get(f"{LIST}/{task_of(city).key}/report?page={number}", status=200)


def test_keys_of_ten_digits_are_no_national_codes_unless_the_column_says_so(city, admin):
    """One in eleven of them has the right check digit by chance."""

    def keys_of(numbers):
        lines = [
            (number, f"x-{number}", *legacy.CASES[0][2:12], "?", *legacy.CASES[0][13:]) for number in numbers
        ]
        page = uploaded(city, admin, tables(lines, []), mapping=legacy.MAPPING)
        taken(city, admin, button(page, "/check").submit(status=303).follow())
        text = admin.get(f"{LIST}/{task_of(city).key}/report.csv").body.decode("utf-8-sig")
        return [row[2] for row in csv.reader(io.StringIO(text))][1:]

    serial = [str(1398000000 + number) for number in range(40)]
    assert keys_of(serial) == serial
    people = [
        str(one) for one in range(4990000000, 4990000400) if get_country("ir").is_national_code(str(one))
    ]
    assert len(people) > 30
    assert set(keys_of(people)) == {"**********"}


def test_numbers_of_people_are_masked_in_the_report(city, admin):
    line = list(legacy.CASES[0])
    line[0], line[12], line[11] = "09123456789", "وضعیت 0499370899", "تلفن ۰۹۱۲۳۴۵۶۷۸۹"
    page = uploaded(city, admin, tables([tuple(line)], []), mapping=legacy.MAPPING)
    taken(city, admin, button(page, "/check").submit(status=303).follow())
    text = admin.get(f"{LIST}/{task_of(city).key}/report.csv").body.decode("utf-8-sig")
    assert "1234567" not in text
    assert "۱۲۳۴۵۶۷" not in text
    assert "0499370899" not in text


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "Choose at least one file"),
        ([Upload("a.exe", b"MZ")], "is none of CSV"),
        ([Upload("a.csv", b"")], "is empty"),
        ([Upload("a.csv", b"a\n1\n"), Upload("x/a.csv", b"a\n1\n")], "Two files are called a.csv"),
        ([Upload(f"{n}.csv", b"a\n1\n") for n in range(11)], "At most 10"),
    ],
)
def test_a_bad_upload_is_named_at_its_field(city, admin, files, said):
    page = upload(admin, files, status=422)
    assert said in page.html.find(attrs={"data-field": "tables"}).get_text()
    assert form_of(page, "source")["source"].value == "سامانهٔ ۱۳۷"
    assert task_of(city) is None


def test_a_bad_mapping_file_is_named_at_its_field(city, admin):
    page = upload(admin, tables(), mapping="[source", status=422)
    assert "not TOML" in page.html.find(attrs={"data-field": "mapping"}).get_text()


@pytest.mark.parametrize("mapping", [None, "[source"])
def test_files_of_a_refused_form_must_be_chosen_again(city, admin, mapping):
    page = upload(admin, tables(), mapping=mapping, source="", status=422)
    told = {name: page.html.find(attrs={"data-field": name}).get_text() for name in ("tables", "mapping")}
    assert "choose it again" in told["tables"]
    assert ("choose it again" in told["mapping"]) == bool(mapping)


def test_a_file_that_cannot_be_read_is_named(city, admin):
    page = uploaded(city, admin, [Upload("a.xlsx", b"PK\x03\x04 nothing")])
    assert "a.xlsx: it is no Excel file" in page
    assert task_of(city).state == "failed"


def test_what_a_file_is_can_be_changed_and_its_table_follows(city, admin):
    page = uploaded(city, admin, [Upload("a.csv", "کد,نام\n1,یک\n".encode()), tables()[0]])
    form = form_of(page, "file_0")
    assert [form[f"file_{number}"].value for number in (0, 1)] == ["units", "cases"]
    form["file_0"] = "people"
    page = form.submit(status=303).follow()
    assert form_of(page, "file_0")["file_0"].value == "people"
    found = read_sections(task_of(city).mapping)
    assert {name: section.columns.get("name") for name, section in found.items()} == {
        "people": ("نام",),
        "cases": ("نام متقاضی",),
    }
    # People are known by their mobiles: that column is missing, and is asked for.
    assert "The mapping is not complete" in page


def test_a_mapping_file_takes_the_place_of_the_present_one(city, admin):
    page = uploaded(city, admin)
    key = task_of(city).key
    address = f"{LIST}/{key}/mapping"
    form = form_of(admin.get(address), "mapping_files")
    form["mapping_files"] = Upload("mapping.toml", b"[source]\nname = 3")
    page = form.submit(status=422)
    assert "none of the tables" in page.html.find(attrs={"data-field": "mapping"}).get_text()
    form = form_of(page, "mapping_files")
    form["mapping_files"] = Upload("mapping.toml", legacy.MAPPING.replace('"history*"', '"others*"').encode())
    page = form.submit(status=422)
    assert "history.csv belongs to no table" in page
    form = form_of(page, "mapping_files")
    form["mapping_files"] = Upload("mapping.toml", legacy.MAPPING.encode())
    page = form.submit(status=303).follow()
    assert task_of(city).mapping == legacy.MAPPING
    assert "not mapped yet" not in page


def test_required_columns_are_demanded_at_their_fields(city, admin):
    page = uploaded(city, admin, [Upload("a.csv", b"one,two\n1,2\n")])
    assert "The mapping is not complete" in page
    page = page.click("Columns: Cases")
    page = form_of(page, "key_column_1").submit(status=422)
    assert "Choose the column" in page.html.find(attrs={"data-field": "key_column_1"}).get_text()


def test_nothing_is_imported_without_a_check_of_the_present_mapping(city, admin):
    page = uploaded(city, admin, mapping=legacy.MAPPING)
    key = task_of(city).key
    token = button(page, "/check")["csrf_token"].value
    page = admin.post(f"{LIST}/{key}/apply", {"csrf_token": token}, status=303).follow()
    assert "Check the files with this mapping first" in page
    page = taken(city, admin, button(page, "/check").submit(status=303).follow())
    form = form_of(page.click("Columns: Cases"), "key_column_1")
    form["option_unattended"] = "list"
    form.submit(status=303)
    page = admin.get(f"{LIST}/{key}")
    assert "The mapping or the files have changed since" in page
    assert not [form for form in page.forms.values() if form.action.endswith("/apply")]


def test_an_interrupted_import_is_continued_by_the_next_worker(city, admin, monkeypatch):
    page = uploaded(city, admin, mapping=legacy.MAPPING)
    page = taken(city, admin, button(page, "/check").submit(status=303).follow())
    page = button(page, "/apply").submit(status=303).follow()
    monkeypatch.setattr("civicportal.portal.importing.run.CHUNK", 2)

    class Killed(BaseException):
        pass

    def die(*_arguments):
        raise Killed

    with monkeypatch.context() as patch:
        written = working._write

        def write(site, task, values):
            written(site, task, values)
            if values.get("done") == 4:
                die()

        patch.setattr(working, "_write", write)
        with pytest.raises(Killed):
            working.run_waiting(city)
    assert number_of_cases(city) == 2
    assert task_of(city).state == "running"
    assert "of 7 lines" in admin.get(page.request.path)
    page = taken(city, admin, page)
    assert "The import is done" in page
    assert number_of_cases(city) == 4
    with city.work(write=False) as work:
        assert work.session.scalars(select(ImportBatch.counts)).one() == {"cases": 4, "people": 2}


def test_a_stopped_step_stops(city, admin):
    page = upload(admin, tables()).follow()
    page = button(page, "/cancel").submit(status=303).follow()
    assert "The step is stopped" in page
    working.run_waiting(city)
    assert task_of(city).state == "cancelled"
    assert not task_of(city).contents


def test_the_progress_is_told_as_json(city, admin):
    page = upload(admin, tables()).follow()
    answer = admin.get(f"{page.request.path}/progress").json
    assert answer == {"running": True, "percent": 0, "text": "Waits for the worker."}
    working.run_waiting(city)
    assert admin.get(f"{page.request.path}/progress").json["running"] is False


def test_files_are_deleted_by_hand_and_by_time(city, admin, clock):
    page = uploaded(city, admin)
    with city.work(write=False) as work:
        keys = list(work.session.scalars(select(ImportFile.key)))
    assert all(map(city.storage.exists, keys))
    button(page, "/delete").submit(status=303)
    assert not any(map(city.storage.exists, keys))
    assert task_of(city) is None
    uploaded(city, admin)
    with city.work(write=False) as work:
        keys = list(work.session.scalars(select(ImportFile.key)))
    clean_imports(city)
    assert all(map(city.storage.exists, keys))
    clock.advance(days=KEPT.days, minutes=1)
    clean_imports(city)
    assert not any(map(city.storage.exists, keys))
    assert task_of(city) is None


def test_cleanup_does_not_take_uploaded_files_for_orphans(city, admin, clock):
    from civicportal.portal.cleanup import clean_attachments

    uploaded(city, admin)
    clock.advance(days=2)
    clean_attachments(city)
    with city.work(write=False) as work:
        assert all(map(city.storage.exists, work.session.scalars(select(ImportFile.key))))


def test_the_right_is_needed_at_the_request_and_at_the_work(city, app, sign_in, boss):
    page = uploaded(city, app, mapping=legacy.MAPPING)
    path = page.request.path
    button(page, "/check").submit(status=303)
    with city.work() as work:
        from civicportal.domain.accounts.models import User

        work.session.get_one(User, boss.id).disabled_at = work.clock.now()
    working.run_waiting(city)
    assert task_of(city).state == "failed"
    assert "may not import any more" in task_of(city).error
    with city.work() as work:
        officer = make_staff(work, "officer2")
    sign_in(officer)
    for address in (LIST, f"{LIST}/new", path, f"{path}/report.csv", f"{path}/mapping.toml"):
        app.get(address, status=(403, 404))


def test_a_proof_is_asked_before_files_are_taken_and_before_an_import(city, app, boss, clock):
    page = uploaded(city, app, mapping=legacy.MAPPING)
    page = taken(city, app, button(page, "/check").submit(status=303).follow())
    clock.advance(minutes=6)
    for address in (f"{LIST}/new",):
        assert "/account/confirm" in app.get(address, status=303).location
    assert "/account/confirm" in button(page, "/apply").submit(status=303).location
    assert task_of(city).step == "check"


def test_there_are_only_so_many_prepared_imports(city, admin):
    for _number in range(MOST):
        upload(admin, [Upload("a.csv", b"a\n1\n")])
    page = upload(admin, [Upload("a.csv", b"a\n1\n")], status=422)
    assert "too many prepared imports" in page


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C:\\old\\requests [1]*.csv", "requests _1_.csv"),
        ("../../etc/passwd", "passwd"),
        ("درخواست‌ها.xlsx", "درخواست‌ها.xlsx"),
        ("", ""),
        ("x" * 300 + ".csv", "x" * 100 + ".csv"),
    ],
)
def test_a_name_of_a_file_is_no_path_and_no_pattern(name, expected):
    assert safe_name(name) == expected


def test_a_killed_worker_is_followed_by_another(city, admin, boss, civic_environment):
    """Processes of their own, each ended with SIGKILL in the middle of a check, an import, and of taking it back."""
    rows = [(f"99-{n}", f"x-{n}", *legacy.CASES[0][2:]) for n in range(1500)]
    uploaded(city, admin, tables(rows, []), mapping=legacy.MAPPING)
    key = task_of(city).key
    with city.work() as work:
        actor = identity(work, boss, "staff")

    def killed(order, is_begun):
        # Ordered without the page: the clock of the process is the real one, by which the session has ended.
        with city.work(actor=actor) as work:
            order(work.get(ImportTaskService))
            # The lease of the worker that was killed before.
            work.session.execute(delete(JobRun))
        command = [sys.executable, "-m", "civicportal.portal.worker", str(civic_environment.path)]
        with subprocess.Popen(command) as worker:
            try:
                wait_until(is_begun)
            finally:
                worker.kill()
        working.run_waiting(city)
        assert task_of(city).state == "done"

    killed(lambda service: service.order_check(service.fetch(key)), lambda: task_of(city).done > 0)
    assert task_of(city).counts["cases"] == {"new": 1500}
    killed(lambda service: service.order_apply(service.fetch(key)), lambda: number_of_cases(city) > 0)
    assert number_of_cases(city) == 1500
    with city.work(write=False) as work:
        batch = work.session.scalars(select(ImportBatch)).one()
    assert batch.counts["cases"] == 1500
    killed(lambda service: service.order_undo(batch.id), lambda: number_of_cases(city) < 1500)
    assert number_of_cases(city) == 0
    with city.work(write=False) as work:
        assert work.session.get_one(ImportBatch, batch.id).state == "undone"
