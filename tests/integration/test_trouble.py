"""A plugin in trouble on a portal with another one that is well: what it costs, and what people are told."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from kinds import PERMITS
from sqlalchemy import Column, Integer, MetaData, Table, inspect, select

from civicportal import __version__
from civicportal.api.plugins import PluginModels, hookimpl
from civicportal.api.web import DashboardWidget, PagePermission
from civicportal.cli import main
from civicportal.core.logging import JsonFormatter, MaskingFilter
from civicportal.domain.cases.models import Case
from civicportal.portal import upgrade as migrate
from civicportal.testing import identity, make_case, make_citizen, make_staff, make_unit, outbox
from civicportal.util.errors import ConfigurationError

CARD = "civicportal:templates/dashboard/card.jinja2"
KIND = replace(PERMITS, name="gadget", permission_prefix="gadget:case")
REVISION = """
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "gadget_part",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    )


def downgrade():
    op.drop_table("gadget_part")
"""


def show(name, fails):
    """An implementation of ``dashboard_widgets`` that draws a card, or fails."""

    def dashboard_widgets(request):
        if fails:
            raise ZeroDivisionError(name)
        context = {"title": name, "text": "", "url": "/", "icon": "star", "tone": "b"}
        return [DashboardWidget(name=name, area="card", template=CARD, context=context)]

    return hookimpl(dashboard_widgets)


@pytest.mark.both_databases
def test_a_raise_in_a_display_hook_costs_its_own_card_only(install, assemble_migrated, browse, caplog):
    install.plugin("broken", show("BROKEN", fails=True))
    install.plugin("gadget", show("WHOLE", fails=False))
    page = browse(assemble_migrated("broken", "gadget")).get("/", status=200)
    assert "WHOLE" in page
    assert "BROKEN" not in page
    assert [record.name for record in caplog.records if "broken" in record.getMessage()]


RUBBISH = [
    5,
    "words",
    ["words"],
    [None],
    [DashboardWidget(name="x", area="card", template="gadget:none.jinja2", context=lambda: 7)],
]


@pytest.mark.both_databases
@pytest.mark.parametrize("rubbish", RUBBISH, ids=["number", "text", "texts", "none", "widget"])
@pytest.mark.parametrize("hook", ["dashboard_widgets", "navigation_items"])
def test_rubbish_of_a_display_hook_is_left_out(install, assemble_migrated, browse, caplog, hook, rubbish):
    def broken(request):
        return rubbish

    broken.__name__ = hook
    install.plugin("broken", hookimpl(broken))
    install.plugin("gadget", show("WHOLE", fails=False))
    page = browse(assemble_migrated("broken", "gadget")).get("/", status=200)
    assert "WHOLE" in page
    assert [record.name for record in caplog.records if "broken" in record.getMessage()]


@pytest.mark.both_databases
def test_a_raise_in_a_transaction_rolls_back_and_tells(install, assemble_migrated, browse, caplog):
    def case_changed(change):
        if change.type == "transition":
            raise ZeroDivisionError("gadget cannot count")

    install.plugin("gadget", hookimpl(case_changed))
    site = assemble_migrated("gadget")
    with site.work() as work:
        unit = make_unit(work, "pr")
        officer, citizen = make_staff(work, unit=unit), make_citizen(work)
        code = make_case(work, citizen=citizen).code
        promised = len(outbox(work))
    browser = browse(site, officer, "staff")
    page = browser.get(f"/kartable/cases/{code}", status=200)
    form = next(form for form in page.forms.values() if form.action.endswith("/accept"))
    answer = form.submit(status=500)
    assert answer.html.select("h1")
    assert answer.html.select("a[href='/']")
    assert "gadget cannot count" not in answer
    assert "gadget cannot count" in caplog.text
    with site.work(write=False) as work:
        assert work.session.scalars(select(Case.status)).all() == ["registered"]
        assert len(outbox(work)) == promised
    browser.get(f"/kartable/cases/{code}", status=200)


def test_the_code_of_an_error_is_found_in_the_log(install, assemble_migrated, browse, caplog, monkeypatch):
    def includeme(config):
        config.add_route("gadget.page", "/gadget")
        config.add_view(lambda request: 1 / 0, route_name="gadget.page", permission=PagePermission.EVERYBODY)

    install.plugin("gadget", hookimpl(includeme))
    # Six digits in a row are masked as a sign-in code elsewhere in a line.
    monkeypatch.setattr(
        "civicportal.web.errors.secrets", SimpleNamespace(token_hex=lambda _bytes: "123456d3")
    )
    page = browse(assemble_migrated("gadget")).get("/gadget", status=500)
    (record,) = [record for record in caplog.records if record.name == "civicportal.web.errors"]
    MaskingFilter().filter(record)
    assert "123456d3" in page
    assert json.loads(JsonFormatter().format(record))["crash"] == "123456d3"


def test_one_for_a_newer_civicportal_is_refused_with_both_versions(install, assemble, tmp_path):
    assemble()
    path = tmp_path / "assembled0/site.toml"
    path.write_text(path.read_text().replace("plugins = []", 'plugins = ["gadget"]'))
    install.plugin("gadget", requires="civicportal>=99,<100")
    told = CliRunner().invoke(main, ["--site", str(path), "check"])
    assert told.exit_code != 0
    assert "civicportal <100,>=99" in told.output
    assert f"this is civicportal {__version__}" in told.output


@pytest.fixture
def gadget(install):
    """Install a plugin with a kind of case and a table; return the folder of its distribution."""
    metadata, folder = MetaData(), []
    Table("gadget_part", metadata, Column("case_id", Integer, primary_key=True))

    @hookimpl
    def register_models():
        return PluginModels(prefix="gadget", metadata=metadata, migrations=folder[0])

    @hookimpl
    def register_case_kinds():
        return [KIND]

    files = {"migrations/versions/0001_initial.py": REVISION}
    module = install.plugin("gadget", register_models, register_case_kinds, files=files)
    folder.append(install.folder_of(module) / "migrations")
    return install.folder_of(module).parent


def test_uninstalled_without_purge_it_leaves_a_working_portal(gadget: Path, assemble, browse, empty_database):
    before = assemble("gadget", site={"database_url": empty_database})
    migrate.upgrade(before)
    with before.work() as work:
        unit = make_unit(work, "pr")
        officer, citizen = make_staff(work, unit=unit), make_citizen(work)
        code = make_case(work, citizen=citizen, kind="gadget").code
    before.engines.dispose()

    for path in gadget.glob("gadget*"):
        shutil.rmtree(path)
    with pytest.raises(ConfigurationError, match="'gadget' is not installed"):
        assemble("gadget", site={"database_url": empty_database})
    after = assemble(site={"database_url": empty_database})
    after.check_start()
    assert "gadget_part" in inspect(after.engines.read).get_table_names()
    browse(after).get("/", status=200)
    assert code in browse(after, citizen, "citizen").get("/my", status=200)
    browse(after, citizen, "citizen").get(f"/my/{code}", status=200)
    staff = browse(after, officer, "staff")
    assert code in staff.get("/kartable", status=200)
    staff.get(f"/kartable/cases/{code}", status=200)
    with after.work() as work:
        boss = make_staff(work, "administrator")
        assert identity(work, boss).is_staff
    listed = browse(after, boss, "staff").get("/admin/plugins", status=200)
    assert "gadget" in listed
    migrate.purge(after, "gadget")
    assert "gadget_part" not in inspect(after.engines.read).get_table_names()
    staff.get(f"/kartable/cases/{code}", status=200)


def test_a_badly_encoded_address_is_answered_in_the_style_of_the_portal(app):
    page = app.get("/?v=%ff", status=400)
    paths = re.findall(r'(?:href|src)="(/[^"]+)"', page.text)
    assert len([path for path in paths if path.endswith(".css")]) == 5
    for path in paths:
        app.get(path, status=200)
