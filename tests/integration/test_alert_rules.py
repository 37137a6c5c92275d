"""The alert rules that come with the documentation fit the figures that the portal tells."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from civicportal.core.jobs import Job
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.portal.admin import health
from civicportal.portal.health import metrics
from civicportal.portal.worker.heartbeat import Heartbeat
from civicportal.portal.worker.jobs import JobRunner

FILE = Path(__file__).parents[2] / "docs/use/alerts.yml"
GUIDE = FILE.with_name("monitor.md")
DURATION = re.compile(r"\d+[smh]")
#: Told on PostgreSQL only.
OF_POSTGRESQL = {"civicportal_database_connections", "civicportal_database_connections_max"}


def rules():
    [group] = yaml.safe_load(FILE.read_text())["groups"]
    assert group["name"] == "civicportal"
    return group["rules"]


@pytest.fixture
def civic_settings():
    return {"metrics": {"addresses": ["10.0.0.1"]}}


@pytest.fixture
def told(site, app, monkeypatch):
    """All samples of a portal in which each figure has a value: their names and labels."""

    def run(site):
        answer.append(app.get("/metrics", headers=accept, extra_environ={"REMOTE_ADDR": "10.0.0.1"}).text)

    answer, accept = [], {"Accept": "application/openmetrics-text"}
    page = app.get("/staff/login")
    form = next(form for form in page.forms.values() if "password" in form.fields)
    form["username"], form["password"] = "nobody", "wrong password"
    form.submit(status=422)
    Heartbeat(site, ()).beat()
    health.check(site)
    with site.work() as work:
        work.get(SendingGateService).note_credit(5000)
    monkeypatch.setattr(metrics, "registered", lambda site: {"a.job": None})
    JobRunner(site, [Job(name="a.job", every=timedelta(hours=1), run=run)]).run_due()
    samples = [sample for family in text_string_to_metric_families(answer[0]) for sample in family.samples]
    found = {}
    for sample in samples:
        found.setdefault(sample.name, []).append(set(sample.labels))
    return found


def test_a_rule_has_what_prometheus_and_people_need():
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert DURATION.fullmatch(rule.get("for", "1m"))
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "remedy"}
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert re.search(r"[<>=]=? ?[\d.]+$", rule["expr"]), "it compares a figure with a number"


def test_rules_ask_for_figures_and_labels_that_are_told(site, told):
    known = set(told) | OF_POSTGRESQL
    for rule in rules():
        asked = re.findall(r"(civicportal_\w+)(?:\{(\w+)[!=])?", rule["expr"])
        for name, label in asked:
            assert name in known, rule["alert"]
            assert not label or all(label in labels for labels in told[name]), rule["alert"]


def test_that_no_worker_runs_is_known_within_two_minutes():
    [rule] = [rule for rule in rules() if rule["alert"] == "CivicportalNoWorker"]
    seconds = int(re.search(r"> (\d+)$", rule["expr"])[1]) + int(rule["for"].removesuffix("s"))
    scraped_every = 15
    assert seconds + scraped_every <= 120


def test_the_guide_names_every_rule_and_every_figure(told):
    guide = GUIDE.read_text()
    families = {re.sub(r"_(total|created|bucket|count|sum|info)$", "", name) for name in told} | OF_POSTGRESQL
    missing = {name for name in families | {rule["alert"] for rule in rules()} if f"`{name}`" not in guide}
    assert missing == set()
