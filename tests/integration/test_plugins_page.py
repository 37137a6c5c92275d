"""The page of the plugins, and the commands that switch them."""

from datetime import timedelta
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from civicportal.cli import main
from civicportal.core.jobs import Job
from civicportal.portal.worker.heartbeat import Heartbeat
from civicportal.portal.worker.jobs import JobRunner
from civicportal.testing import make_site_file, make_staff, make_unit

SITE = """# The city of tests.
[site]
name = "شهر"
short_name = "شهر"
plugins = ["reports", "sms_ir"] # enabled, in this order
fallback_unit = "pr"
"""


@pytest.fixture
def boss(site, sign_in):
    with site.work() as work:
        user = make_staff(work, "administrator")
    sign_in(user)
    return user


def test_the_page_lists_plugins_and_findings(site, app, boss):
    assert "بررسی نشده" in app.get("/admin/plugins", status=200)
    page = collect_findings(app)
    names = [one.text.strip() for one in page.html.select("main summary")]
    assert any(name.startswith("خود سامانه") for name in names)
    assert "واحد pr وجود ندارد" in page
    # Installed beside the core in the house of its developers, and on no list of this site.
    sleeping = [item.text.strip() for item in page.html.select(".toggle-card")]
    assert any("sms_ir" in text and "غیرفعال" in text for text in sleeping)
    with site.work() as work:
        make_unit(work, "pr")
    assert "واحد pr وجود ندارد" in app.get("/admin/plugins")
    assert "واحد pr وجود ندارد" not in collect_findings(app)


def test_the_page_lists_workers_and_running_jobs(site, app, clock, boss):
    assert "پردازشگر پس‌زمینه کار نمی‌کند" in app.get("/admin/plugins")
    pages = []

    def run(site):
        pages.append(app.get("/admin/plugins"))

    lost, gone, alive = (Heartbeat(site, ()) for _ in range(3))
    lost.beat()
    clock.advance(minutes=2)
    gone.beat()
    gone.end()
    clock.advance(seconds=1)
    alive.beat()
    JobRunner(site, [Job(name="test.job", every=timedelta(hours=1), run=run)], alive.id).run_due()
    [page] = pages
    states = [pill.text.strip() for pill in page.html.select("[aria-labelledby=workers-h] .pill")]
    assert states == ["در حال اجرا", "متوقف‌شده", "از دست رفته"]
    assert "test.job" in page
    assert "پردازشگر پس‌زمینه کار نمی‌کند" not in page
    assert "test.job" not in app.get("/admin/plugins")


def test_the_page_reports_a_missing_worker(site, app, clock, boss, monkeypatch):
    # The clock of tests is not that of the database.
    monkeypatch.setattr("civicportal.portal.doctor.machine.SKEW", timedelta.max)
    with site.work() as work:
        make_unit(work, "pr")
    collect_findings(app)

    def verdict():
        return app.get("/admin/plugins").html.select_one(".page-h .pill").text.strip()

    assert verdict() == "ایراد دارد"
    Heartbeat(site, ()).beat()
    assert verdict() != "ایراد دارد"
    clock.advance(minutes=2)
    assert verdict() == "ایراد دارد"


def collect_findings(app):
    page = app.get("/admin/plugins")
    form = next(form for form in page.forms.values() if form.action == "/admin/plugins/check")
    return form.submit(status=303).follow()


def test_the_page_is_for_administrators(site, app, sign_in):
    with site.work() as work:
        user = make_staff(work, "handler")
    sign_in(user)
    app.get("/admin/plugins", status=403)


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")

    def run(*words):
        return CliRunner().invoke(main, ["--site", str(path), "plugin", *words])

    run.path = path
    return run


def test_enabling_and_disabling_change_one_word_of_the_file(run):
    assert "off  meetings" in run("list").output
    assert run("disable", "sms_ir").exit_code == 0
    assert run("enable", "meetings").exit_code == 0
    assert run.path.read_text(encoding="utf-8") == SITE.replace('"sms_ir"', '"meetings"')
    assert "on   meetings" in run("list").output
    assert list(run.path.parent.iterdir()) == [run.path]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("enable", "reports"), "already"),
        (("enable", "nonsense"), "not installed"),
        (("disable", "feedback"), "not on the list"),
    ],
)
def test_impossible_changes_of_the_plugin_list_are_refused(run, words, why):
    answer = run(*words)
    assert answer.exit_code == 1
    assert why in answer.output
    assert run.path.read_text(encoding="utf-8") == SITE


@pytest.fixture
def announcing(tmp_path, empty_database):
    """The commands of a migrated site with one plugin."""
    site = {"plugins": ["announcements"], "database_url": empty_database}
    path = make_site_file(tmp_path, site=site)

    def run(*words):
        return CliRunner().invoke(main, ["--site", str(path), *words])

    assert run("db", "upgrade").exit_code == 0
    return run


def test_the_list_names_versions_hooks_and_tables(announcing):
    answer = announcing("plugin", "list")
    assert answer.exit_code == 0, answer.output
    name, hooks, tables, *others = answer.output.splitlines()
    assert name == f"on   announcements {version('civicportal-announcements')}"
    assert "register_models" in hooks
    assert "announcements_post" in tables
    assert "off  sms_ir" in others


def test_a_plugin_is_purged_when_it_is_off_the_list(announcing):
    refused = announcing("plugin", "purge", "--yes", "announcements")
    assert refused.exit_code == 1
    assert "is on the list" in refused.output
    assert announcing("plugin", "disable", "announcements").exit_code == 0
    assert "off  announcements  (its tables are kept)" in announcing("plugin", "list").output
    purged = announcing("plugin", "purge", "--yes", "announcements")
    assert purged.output.startswith("The tables of announcements are gone, ")
    assert "off  announcements" in announcing("plugin", "list").output.splitlines()
