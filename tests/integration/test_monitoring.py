"""Figures for a monitor: who may read them, what they say, and that they take nothing down."""

from datetime import timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as older_format
from sqlalchemy.exc import OperationalError

from civicportal.core.jobs import Job
from civicportal.core.settings import read_settings
from civicportal.core.storage import images
from civicportal.core.storage.slots import MachineSlots
from civicportal.domain.notifications.gate import SendingGateService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.notifications.services import NotificationService
from civicportal.portal.health import metrics
from civicportal.portal.worker.heartbeat import Heartbeat
from civicportal.portal.worker.jobs import JobRunner
from civicportal.testing import make_case, make_category, make_citizen, make_site_file, make_unit
from civicportal.util.errors import ConfigurationError

pytestmark = pytest.mark.both_databases

TOKEN = "a token that nobody guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def token_file(tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "metrics-token"
    path.write_text(TOKEN)
    return str(path)


@pytest.fixture
def civic_settings(token_file):
    return {"metrics": {"token": {"file": token_file}, "addresses": ["10.0.0.0/24"]}}


def read(app, accept="application/openmetrics-text", **values):
    answer = app.get("/metrics", headers={**BEARER, "Accept": accept}, status=200, **values)
    return answer.text


@pytest.fixture
def samples(app):
    """Return a function that reads all samples, by name and labels."""

    def samples():
        found = {}
        for family in text_string_to_metric_families(read(app)):
            for sample in family.samples:
                key = (sample.name.removeprefix("civicportal_"), *sorted(sample.labels.values()))
                assert key not in found
                found[key] = sample.value
        return found

    return samples


class TestWhoMayRead:
    def test_a_token(self, app):
        app.get("/metrics", status=404)
        app.get("/metrics", headers={"Authorization": "Bearer wrong"}, status=404)
        app.get("/metrics", headers={"Authorization": f"Basic {TOKEN}"}, status=404)
        app.get("/metrics", headers={"Authorization": "Bearer "}, status=404)
        answer = app.get("/metrics", headers=BEARER, status=200)
        assert answer.headers["Cache-Control"] == "no-store"

    def test_an_address(self, app):
        app.get("/metrics", extra_environ={"REMOTE_ADDR": "10.0.0.5"}, status=200)
        app.get("/metrics", extra_environ={"REMOTE_ADDR": "10.0.1.5"}, status=404)
        app.get("/metrics", extra_environ={"REMOTE_ADDR": "::1"}, status=404)
        app.get("/metrics", extra_environ={"REMOTE_ADDR": ""}, status=404)

    @pytest.mark.parametrize(
        ("table", "problem"),
        [
            ({}, "metrics: token or addresses says who may read them"),
            (
                {"token": "in the file, for everybody to read"},
                "metrics.token: a secret is never written here",
            ),
            ({"token": {"env": "SHORT"}}, "metrics.token: needs 16 characters or more"),
            ({"token": {"env": "MISSING"}}, "metrics: token or addresses says who may read them"),
            ({"addresses": ["all"]}, "metrics.addresses: must be an address or a network"),
        ],
    )
    def test_settings_that_allow_no_or_every_client_are_refused(self, tmp_path, table, problem):
        path = make_site_file(tmp_path / "site", metrics=table)
        with pytest.raises(ConfigurationError, match=problem):
            read_settings(path, {"SHORT": "abc"})


def test_both_formats_can_be_parsed(app):
    assert read(app).endswith("# EOF\n")
    assert list(older_format(read(app, accept="text/plain")))


def test_requests_are_counted_by_route_and_class(app, samples):
    before = samples()
    app.get("/login", status=200)
    app.get("/nothing/there", status=404)
    app.get("/healthz", status=200)
    now = samples()

    def more(*key):
        return now.get(key, 0) - before.get(key, 0)

    assert more("http_requests_total", "2xx", "login") == 1
    assert more("http_requests_total", "4xx", "none") == 1
    assert more("http_request_duration_seconds_count", "login") == 1
    assert more("http_request_duration_seconds_bucket", "+Inf", "healthz") == 1


def test_refused_sign_ins_are_counted(app, samples):
    before = samples()
    page = app.get("/staff/login")
    form = next(form for form in page.forms.values() if "password" in form.fields)
    form["username"], form["password"] = "nobody", "wrong password"
    form.submit(status=422)
    key = ("sign_ins_refused_total", "password", "staff")
    assert samples()[key] - before.get(key, 0) == 1


def test_a_worker(site, clock, samples):
    assert (samples()["workers_running",], samples()["worker_last_seen_timestamp_seconds",]) == (0, 0)
    Heartbeat(site, ()).beat()
    assert samples()["workers_running",] == 1
    clock.advance(minutes=2)
    now = samples()
    assert now["workers_running",] == 0
    assert clock.now().timestamp() - now["worker_last_seen_timestamp_seconds",] == 120


def test_jobs(site, clock, samples, monkeypatch):
    def fail(site):
        raise ValueError

    def run(site):
        clock.advance(seconds=30)
        during.update(samples())

    during = {}
    hour = timedelta(hours=1)
    monkeypatch.setattr(metrics, "registered", lambda site: {"a.job": None, "b.job": None})
    begun = clock.now().timestamp()
    JobRunner(
        site, [Job(name="a.job", every=hour, run=run), Job(name="b.job", every=hour, run=fail)]
    ).run_due()
    now = samples()
    assert during["job_running_seconds", "a.job"] == 30
    assert during["job_lease_remaining_seconds", "a.job"] == 90
    assert during["job_overdue_seconds", "b.job"] == 30
    assert ("job_running_seconds", "a.job") not in now
    assert now["job_last_success_timestamp_seconds", "a.job"] == begun + 30
    assert (now["job_failures", "a.job"], now["job_failures", "b.job"]) == (0, 1)
    assert now["job_last_duration_seconds", "a.job"] >= 0
    clock.advance(hours=2)
    assert samples()["job_overdue_seconds", "a.job"] == 3600


def test_messages(site, clock, samples):
    assert (samples()["outbox_messages", "notices"], samples()["outbox_dead_messages",]) == (0, 0)
    with site.work() as work:
        for number in range(3):
            number_ = f"+98900000000{number}"
            work.get(NotificationService).send("staff.overdue", recipient=number_, fields={"COUNT": "3"})
        work.get(SendingGateService).seen()
    clock.advance(minutes=10)
    with site.work() as work:
        messages = work.session.query(OutboxMessage).order_by(OutboxMessage.id).all()
        messages[0].state = "dead"
        waiting = min(message.next_at for message in messages[1:])
        work.get(SendingGateService).judge("misconfigured", "no credit")
        work.get(SendingGateService).note_credit(7)
    now = samples()
    assert (now["outbox_messages", "notices"], now["outbox_messages", "codes"]) == (2, 0)
    assert now["outbox_oldest_due_seconds", "notices"] == (clock.now() - waiting).total_seconds()
    assert now["outbox_dead_messages",] == 1
    assert (now["gate_open",], now["gate_credit_messages",]) == (0, 7)


def test_used_shares_of_site_wide_limits_are_reported(site, samples):
    before = {key: value for key, value in samples().items() if key[0] == "limit_used_ratio"}
    assert len(before) >= 5
    assert set(before.values()) == {0}


def test_the_store_and_the_database(site, samples):
    now = samples()
    assert 0 < now["store_free_bytes",] <= now["store_size_bytes",]
    assert now["store_quarantined_files",] == 0
    assert now["database_up",] == 1
    if site.engines.dialect == "postgresql":
        assert 1 <= now["database_connections",] <= now["database_connections_max",]


def test_a_failing_collector_does_not_affect_others(site):
    def broken(work):
        yield from metrics.gauge("half", "Half of it.", 1)
        raise ValueError

    def good(work):
        yield from metrics.gauge("good", "Good.", 2)

    found = {family.name: family for family in metrics.MetricsCollector(site, (broken, good)).collect()}
    assert "civicportal_half" not in found
    assert found["civicportal_good"].samples[0].value == 2
    failed = {
        sample.labels["collector"]: sample.value for sample in found["civicportal_collector_failed"].samples
    }
    assert failed == {"broken": 1, "good": 0}


def test_without_a_database_the_rest_is_told(app, samples, monkeypatch):
    def refuse(*_arguments):
        raise OperationalError("SELECT 1", {}, Exception())

    monkeypatch.setattr("sqlalchemy.engine.Engine.connect", refuse)
    now = samples()
    assert now["database_up",] == 0
    assert ("http_request_duration_seconds_count", "metrics") in now
    assert not any(name[0].startswith("job_") for name in now)


def test_metrics_contain_no_personal_data(site, app, samples):
    with site.work() as work:
        person = make_citizen(work, "+989123456789", name="نگار راد")
        work.get(NotificationService).send("staff.overdue", recipient=person.mobile, fields={"COUNT": "3"})
    app.get("/t/ABC?mobile=+989123456789", status="*")
    words = read(app)
    assert "9123456789" not in words
    assert "راد" not in words


def test_labels_are_few(samples):
    """Whatever is asked for, a label has as many values as the portal has routes."""
    assert len(samples()) < 3000


def test_unattended_cases_are_counted(site, samples):
    assert samples()["unattended_cases",] == 0
    with site.work() as work:
        make_case(work, category=make_category(work, unit=make_unit(work)))
    site.clock.advance(seconds=61)
    assert samples()["unattended_cases",] == 1


def test_decoders_in_use_are_counted_on_the_machine(samples, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # As another process holds it.
    slots, other = MachineSlots("decoder", 3), MachineSlots("decoder", 3)
    monkeypatch.setattr(images, "_slots", slots)
    held = other.acquire(0)
    found = samples()
    assert (found["picture_decoders_in_use",], found["picture_decoders_max",]) == (1, 3)
    other.release(held)
    assert samples()["picture_decoders_in_use",] == 0
