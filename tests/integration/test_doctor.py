"""The doctor's findings on the machine, the site's file, roles and texts: each appears, and goes when it is mended."""

import secrets as randomness
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from civicportal.core.clock import SystemClock
from civicportal.core.jobs import Job, JobRun
from civicportal.core.messages import GatewayMisconfigured
from civicportal.domain.accounts.models import Role, RolePermission
from civicportal.domain.audit.services import AuditService
from civicportal.domain.audit.trail import VERIFIED
from civicportal.domain.cases.models import Case
from civicportal.domain.notifications import texts as message_texts
from civicportal.domain.notifications.delivery import deliver_once
from civicportal.domain.notifications.findings import findings as findings_of_messages
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.notifications.texts import TextService
from civicportal.domain.notifications.transports import memory
from civicportal.domain.organization.models import Category, Closure
from civicportal.domain.organization.workdays import WorkdayService
from civicportal.portal.admin import findings as arrangement
from civicportal.portal.doctor import machine as doctor_machine
from civicportal.portal.doctor import services as doctor
from civicportal.portal.doctor import words as doctor_words
from civicportal.portal.worker.heartbeat import Heartbeat
from civicportal.portal.worker.jobs import JobRunner
from civicportal.testing import make_case, make_category, make_site, make_site_file, make_staff, mark_alive
from civicportal.util.i18n import say

pytestmark = pytest.mark.both_databases

GOOD = ("9f86d081884c7d659a2feaa0c55ad015", "a secret of tests, long enough for everything")


def found(findings):
    return [(finding.level, finding.place, say(finding.text)) for finding in findings]


@pytest.fixture
def of_machine(site):
    """What is found of the machine, with the clock that tests have: on PostgreSQL it differs from the server's."""

    def look(one=site):
        with one.work(write=False) as work:
            words = found(doctor_machine.findings(work))
        return [finding for finding in words if "the clocks" not in finding[2]]

    return look


@pytest.fixture
def assemble(tmp_path, civic_session, civic_database):
    """Return a function that assembles a site with further settings."""
    sites = []

    def assemble(*, secrets=None, mode="development", **table):
        for name, text in (secrets or {}).items():
            (tmp_path / name).write_text(text)
            table[name] = {"file": f"../{name}"}
        table |= {"database_url": civic_session.new_database(civic_database), "mode": mode}
        site = make_site(make_site_file(tmp_path / f"site{len(sites)}", site=table), transport="memory")
        civic_session.databases.migrate(site)
        sites.append(site)
        return site

    yield assemble
    for site in sites:
        site.engines.dispose()


class TestClock:
    @pytest.mark.one_database("postgresql")
    def test_it_differs_from_that_of_the_database(self, site, clock):
        clock.set(SystemClock().now())
        with site.work(write=False) as work:
            assert found(doctor_machine.findings(work)) == []
        clock.set(SystemClock().now() - timedelta(minutes=2))
        with site.work(write=False) as work:
            [(level, place, text)] = found(doctor_machine.findings(work))
        assert (level, place) == ("error", "clock")
        assert "of the database differ by 1" in text

    def test_something_comes_from_the_future(self, site, clock, of_machine):
        with site.work() as work:
            make_case(work)
        assert of_machine() == []
        clock.advance(minutes=-20)
        assert of_machine() == [("error", "clock", "something was written 20 minutes in the future")]


class TestSecrets:
    @pytest.mark.parametrize(
        "secret", ["a" * 40, "0123456789abcdef" * 4, "change-me" * 5, "1112223334445556667778889990" * 2]
    )
    def test_one_that_can_be_guessed(self, assemble, of_machine, secret):
        site = assemble(secrets={"secret": secret, "pii_keys": GOOD[0]})
        assert of_machine(site) == [("error", "site.secret", "it can be guessed")]
        site = assemble(secrets={"secret": GOOD[0], "pii_keys": f"{GOOD[0][::-1]} {secret.replace('-', '')}"})
        assert of_machine(site) == [("error", "site.pii_keys", "it can be guessed")]

    def test_random_ones_are_never_taken_for_weak(self):
        made = [make(32) for make in (randomness.token_hex, randomness.token_urlsafe) for _ in range(500)]
        assert [secret for secret in made if doctor_machine.is_weak(secret)] == []

    def test_the_secret_that_encrypts_too(self, assemble, of_machine):
        site = assemble(secrets={"secret": GOOD[0], "pii_keys": GOOD[0]})
        assert [place for _level, place, _text in of_machine(site)] == ["site.pii_keys"]


class TestProduction:
    def test_it_names_its_proxy_and_a_key_of_its_own(self, assemble, of_machine, monkeypatch):
        site = assemble(public_url="https://portal.example")
        assert of_machine(site) == []
        Heartbeat(site, ()).beat()
        monkeypatch.setattr(site, "mode", "production")
        assert [place for _level, place, _text in of_machine(site)] == ["site.pii_keys", "site.trusted_proxy"]
        named = assemble(trusted_proxy="127.0.0.1", secrets={"pii_keys": GOOD[0]})
        monkeypatch.setattr(named, "mode", "production")
        Heartbeat(named, ()).beat()
        assert of_machine(named) == []


class TestSize:
    def test_sqlite_has_a_supported_number_of_cases(self, site, civic_database, of_machine, monkeypatch):
        monkeypatch.setattr(doctor_machine, "SQLITE_CASES_NEAR", 3)
        with site.work() as work:
            make_case(work)
            make_case(work)
        assert of_machine() == []
        with site.work() as work:
            make_case(work)
        text = "SQLite is supported up to 50000 cases, and this portal has 3"
        expected = [("warning", "site.database_url", text)] if civic_database == "sqlite" else []
        assert of_machine() == expected


class TestWorker:
    def test_a_job_that_failed(self, site, of_machine):
        def fail(_site):
            raise RuntimeError("the store is full")

        failing = Job(name="core.limits", every=timedelta(hours=2), run=fail)
        JobRunner(site, [failing]).run_due()
        assert of_machine() == [("warning", "job core.limits", "it failed: RuntimeError: the store is full")]

    def test_none_has_run_for_two_minutes(self, site, clock, of_machine):
        assert of_machine() == []
        heartbeat = Heartbeat(site, ())
        heartbeat.beat()
        clock.advance(seconds=119)
        assert of_machine() == []
        clock.advance(minutes=2)
        [(level, place, text)] = of_machine()
        assert (level, place) == ("error", "worker")
        assert text.startswith("no worker has run for 4 minutes")
        heartbeat.beat()
        assert of_machine() == []

    def test_none_has_ever_run_where_people_rely_on_it(self, assemble, of_machine, monkeypatch):
        named = assemble(trusted_proxy="127.0.0.1", secrets={"pii_keys": GOOD[0]})
        monkeypatch.setattr(named, "mode", "production")
        [(level, place, text)] = of_machine(named)
        assert (level, place) == ("warning", "worker")
        assert text.startswith("no worker has ever run")

    def test_it_does_not_get_round_to_some_jobs_though_it_is_there(self, site, clock, of_machine):
        JobRunner(site).run_due()
        with site.work() as work:
            running = work.session.get(JobRun, "core.health")
            running.lease_id, running.locked_until = "l", clock.now() + timedelta(days=1)
        heartbeat = Heartbeat(site, ())
        clock.advance(hours=3)
        heartbeat.beat()
        assert of_machine() == []
        clock.advance(minutes=20)
        heartbeat.beat()
        [(level, place, text)] = of_machine()
        assert (level, place) == ("error", "worker")
        assert text.startswith("these jobs are overdue: core.audit-seal, core.audit-verify, ")
        assert "core.health" not in text

    def test_a_job_that_is_no_longer_registered(self, site, clock, of_machine):
        with site.work() as work:
            work.session.add(
                JobRun(name="gone.job", next_at=clock.now(), last_error="its provider is silent")
            )
        mark_alive(site)
        clock.advance(minutes=30)
        assert of_machine() == []


class TestMessages:
    @pytest.fixture
    def of_messages(self, site):
        """Return a function that lets the worker be seen and looks at the messages."""

        def look():
            mark_alive(site)
            with site.work(write=False) as work:
                return found(findings_of_messages(work))

        return look

    def queue(self, site, lane="notices"):
        with site.work() as work:
            notifications = work.get(NotificationService)
            notifications.send("staff.overdue", recipient="+989000000001", fields={"COUNT": "3"}, lane=lane)

    def test_the_gate_is_closed_for_an_hour(self, site, clock, of_messages):
        memory(site).script.append(GatewayMisconfigured("the key is wrong"))
        mark_alive(site)
        self.queue(site)
        deliver_once(site, "notices")
        clock.advance(hours=1)
        assert of_messages() == []
        clock.advance(minutes=1)
        assert of_messages() == [
            ("error", "notifications.transport", "the transport memory sends nothing: the key is wrong")
        ]
        deliver_once(site, "notices")
        assert of_messages() == []

    def test_one_is_due_for_an_hour(self, site, clock, of_messages):
        self.queue(site)
        self.queue(site, "broadcasts")
        clock.advance(hours=1)
        assert of_messages() == []
        clock.advance(minutes=1)
        assert of_messages() == [
            ("warning", "messages", "1 messages have been due for more than an hour and were not sent")
        ]
        deliver_once(site, "notices")
        assert of_messages() == []

    def test_at_night_and_in_the_hour_after_it_they_may_wait(self, site, clock, of_messages):
        self.queue(site)
        for hours, is_told in ((11, False), (8, False), (1, False), (1, True)):
            clock.advance(hours=hours)
            assert bool(of_messages()) == is_told


def test_the_last_verification_of_the_trail_found_flaws(site):
    def of_trail():
        with site.work(write=False) as work:
            return [finding for finding in found(doctor.findings(work)) if finding[1] == "audit"]

    for flaws, told in (
        (["12 audit_events"], ["the verification of the audit trail failed: 12 audit_events"]),
        ([], []),
    ):
        with site.work() as work:
            work.get(AuditService).record(VERIFIED, flaws=flaws)
        assert [(level, text) for level, _place, text in of_trail()] == [("error", text) for text in told]


class TestRoles:
    def test_a_role_that_allows_nothing(self, site):
        with site.work() as work:
            make_staff(work, "administrator")
            make_staff(work, "handler")
            make_staff(work, "guest", permissions=[])
        with site.work(write=False) as work:
            assert [one for one in found(doctor.findings(work)) if "role" in one[1]] == [
                ("warning", "role guest", "the role has no permissions")
            ]
        with site.work() as work:
            guest = work.session.scalars(select(Role).where(Role.key == "guest")).one()
            work.session.add(RolePermission(role_id=guest.id, permission="petitions:case:view"))
        with site.work(write=False) as work:
            assert not [one for one in found(doctor.findings(work)) if "role" in one[1]]


class TestStates:
    @pytest.fixture
    def change(self, work):
        """Return a function that changes two cases of different states and returns what is found of their kinds."""
        for status in ("registered", "working"):
            make_case(work).status = status

        def change(**values):
            work.session.execute(update(Case).values(**values))
            return [finding for finding in found(doctor.findings(work)) if finding[1].startswith("kind ")]

        return change

    def test_of_a_service_that_is_switched_off_they_are_told_once(self, change):
        told = [finding for finding in change(kind="gone") if finding[1] == "kind gone"]
        assert told == [("warning", "kind gone", "there are cases, but its plugin is switched off")]

    def test_one_that_the_workflow_has_lost(self, change):
        lost = (
            "error",
            "kind petitions",
            "there are cases in the state lost, which the workflow does not have",
        )
        assert lost not in change(status="working")
        assert lost in change(status="lost")


class TestStore:
    def test_it_cannot_be_written_to(self, site, tmp_path, monkeypatch):
        broken = tmp_path / "no-folder"
        broken.write_text("a file where the folder should be")
        monkeypatch.setattr(site.storage.store, "directory", Path(broken))
        with site.work(write=False) as work:
            [(level, _place, text)] = [one for one in found(doctor.findings(work)) if one[1] == "site.files"]
        assert level == "error"
        assert "pictures cannot be stored" in text


class TestTransport:
    def test_it_is_unknown_to_all_plugins(self, site, monkeypatch):
        def transports():
            with site.work(write=False) as work:
                return [one for one in found(doctor.findings(work)) if "transport" in one[1]]

        assert transports() == []
        monkeypatch.setattr(site, "transport", "pigeon")
        assert transports() == [
            (
                "error",
                "notifications.transport",
                "no plugin provides the transport pigeon: no message is sent",
            )
        ]


class TestTelephone:
    @pytest.fixture(params=["", "137"])
    def civic_settings(self, request):
        return {"contact": {"phone": request.param} if request.param else {}}

    def test_texts_say_whom_to_call_and_the_doctor_that_there_is_no_number(self, site):
        number = site.branding.phone
        with site.work(write=False) as work:
            places = [place for _level, place, _text in found(doctor_words.findings(work))]
            texts = {
                locale: work.get(TextService).render("member.password_changed", locale, {})
                for locale in ("fa", "en")
            }
        assert ("contact.phone" in places) == (not number)
        assert texts["en"].endswith(f"call {number or 'the municipality'}.")
        assert texts["fa"].endswith(f"تلفن {number or 'شهرداری'}")

    def test_the_page_of_an_error_calls_only_a_number_that_is_there(self, site, app):
        links = app.get("/nowhere", status=404).html.select("a[href^='tel:']")
        assert {link["href"] for link in links} == (
            {f"tel:{site.branding.phone}"} if site.branding.phone else set()
        )


class TestWords:
    def test_a_message_without_words_and_one_that_is_too_long(self, site):
        def texts():
            with site.work(write=False) as work:
                return [one for one in found(doctor_words.findings(work)) if one[1].startswith("message")]

        assert texts() == []
        with site.work() as work:
            work.get(TextService).save("otp.login", "")
            for key in ("member.left", "member.invited"):
                work.get(TextService).save(key, "سلام " * 30)
        assert texts() == [
            ("error", "message otp.login", "the text is empty"),
            (
                "warning",
                "messages",
                "2 texts need more SMS parts than allowed: member.invited, member.left",
            ),
        ]
        with site.work() as work:
            for key in ("otp.login", "member.left", "member.invited"):
                work.get(TextService).reset(key)
        assert texts() == []

    def test_wordings_from_before_they_were_checked_and_of_messages_that_nobody_sends(
        self, site, monkeypatch
    ):
        def texts():
            with site.work(write=False) as work:
                return [one for one in found(doctor_words.findings(work)) if one[1].startswith("message")]

        with site.work() as work:
            for key, text in (
                ("otp.login.short", "کد شما"),
                ("member.left", "سلام {"),
                ("paid.done", "سپاس"),
            ):
                work.get(TextService).save(key, text)
        unused = ("warning", "messages", "the city's own wording is used by no message: paid.done")
        broken = "the city's own wording does not work:"
        stray = "Braces may only stand around the name of a field, such as {SITE}."
        no_code = "Without {CODE} the message does not contain the code."
        assert texts() == [
            ("warning", "message member.left", f"{broken} {stray}"),
            ("warning", "message otp.login.short", f"{broken} {no_code}"),
            unused,
        ]
        # A plugin that is switched off keeps its wordings.
        monkeypatch.setattr(message_texts, "sleeping", lambda _site: ["paid"])
        assert unused not in texts()

    def test_a_state_without_a_text(self, site, monkeypatch):
        kept = {key: text for key, text in site.messages.items() if key != "petitions.done"}
        monkeypatch.setattr(site, "messages", kept)
        with site.work(write=False) as work:
            assert ("warning", "kind petitions", "no message text for the state done") in found(
                doctor_words.findings(work)
            )

    def test_a_language_without_a_catalogue(self, site, monkeypatch):
        def languages():
            with site.work(write=False) as work:
                return [one for one in found(doctor_words.findings(work)) if one[1].startswith("language ")]

        monkeypatch.setattr(site, "languages", ("fa", "en", "ku"))
        missing = languages()
        assert [place for _level, place, _text in missing if place != "language fa"] == ["language ku"]
        # The kind that tests bring has no Persian titles; the core has all of its own.
        monkeypatch.setattr(doctor_words, "kinds_of", lambda site: {})
        monkeypatch.setattr(
            site, "messages", {k: t for k, t in site.messages.items() if "petitions" not in k}
        )
        assert [place for _level, place, _text in languages()] == ["language ku"]


def test_deadlines_need_office_hours_and_working_days(site, clock):
    def of_calendar():
        with site.work(write=False) as work:
            return [(f.level, f.place) for f in arrangement.findings(work) if f.place == "calendar"]

    assert of_calendar() == []
    with site.work() as work:
        make_category(work, "bin")
    assert of_calendar() == [("warning", "calendar")]
    with site.work() as work:
        work.session.add(work.get(WorkdayService).hours())
    assert of_calendar() == []
    with site.work() as work:
        today = site.calendar.today(clock.now())
        work.session.add(Closure(first_day=today, last_day=today + timedelta(days=70), reason="war"))
    assert of_calendar() == [("error", "calendar")]
    with site.work() as work:
        work.session.execute(delete(Category))
    assert of_calendar() == []
