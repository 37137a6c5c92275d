"""Database, file store and secrets belong to one portal: those of another are refused before anything is changed."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from civicportal.app import create_app
from civicportal.cli import main
from civicportal.core.clock import SystemClock
from civicportal.core.migration import state as migrate_state
from civicportal.core.storage import (
    FileMissing,
    ProcessedImage,
    StorageUnavailable,
    StoreMark,
    StoreRefused,
    new_key,
)
from civicportal.domain.audit.seals import SealService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.models import Attachment
from civicportal.domain.ownership import OwnershipMismatch, adopt_secrets, adopt_store, establish, portal_id
from civicportal.portal.cleanup import clean_attachments, empty_quarantine
from civicportal.portal.doctor.services import findings as doctor
from civicportal.portal.worker.process import Worker
from civicportal.testing import make_citizen, make_site, make_site_file
from civicportal.util.i18n import say

pytestmark = pytest.mark.both_databases

SECRETS = {
    "first": "the first secret of a portal, long enough for everything",
    "second": "the second secret of a portal, long enough for everything",
    "old": "an-old-key-of-the-encryption-long-enough-for-everything",
    "new": "a-new-key-of-the-encryption-long-enough-for-everything",
}


class Later(SystemClock):
    """The clock of the machine, some days ahead: files bear the time of the machine."""

    def __init__(self, days):
        self.days = days

    def now(self):
        return super().now() + timedelta(days=self.days)


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path):
    """A function that returns the tables of a site with a store of its own, or with that of an earlier call."""
    made = {}

    def tables(name):
        if name not in made:
            made[name] = _bucket(request, tmp_path) if request.param == "bucket" else {}
        files = {} if request.param == "bucket" else {"site": {"files": str(tmp_path / f"files-{name}")}}
        return {**made[name], **files}

    return tables


def _bucket(request, tmp_path):
    table = request.getfixturevalue("s3_service").new_bucket()
    for name in ("access_key", "secret_key"):
        (tmp_path / name).write_text(table[name])
        table[name] = {"file": f"../{name}"}
    return {"s3": table}


@pytest.fixture
def assemble(tmp_path, civic_session, civic_database):
    """Return a function that assembles a site with tables and without marks."""
    sites = []
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "both").write_text(f"{SECRETS['new']} {SECRETS['old']}")

    def assemble(name, *, database="", secret="first", pii_keys="old", tables=None, clock=None):
        tables = dict(tables or {})
        table = {
            "database_url": database or civic_session.new_database(civic_database),
            "secret": {"file": f"../{secret}"},
            "pii_keys": {"file": f"../{pii_keys}"},
            **tables.pop("site", {}),
        }
        site = make_site(make_site_file(tmp_path / name, site=table, **tables), clock=clock or SystemClock())
        sites.append(site)
        if not database:
            civic_session.databases.migrate(site)
        return site

    yield assemble
    for site in sites:
        site.engines.dispose()


def address(site):
    return site.settings["site"]["database_url"]


def add_pictures(site, number=3, *, files=True):
    keys = [new_key() for _ in range(number)]
    with site.work() as work:
        for key in keys:
            if files:
                site.storage.store.put(key, b"large")
                site.storage.store.put(f"{key}.small", b"small")
            image = ProcessedImage(b"large", b"small", 1, 1, "image/jpeg", "0" * 64)
            row = work.get(AttachmentService).add(key, image, "")
            row.owner = ""
    return keys


def forget(site, keys):
    """Take the rows away, as an older backup would."""
    with site.work() as work:
        work.session.execute(delete(Attachment).where(Attachment.key.in_(keys)))


class TestStore:
    def test_a_fresh_portal_marks_its_empty_store(self, assemble, store):
        site = assemble("one", tables=store("one"))
        site.check_start()
        assert site.storage.read_mark() == StoreMark(portal=portal_id(site), mode="development")
        assert list(site.storage.keys()) == []
        site.check_start()

    def test_a_second_portal_on_one_store_is_refused_and_deletes_nothing(self, assemble, store):
        production = assemble("production", tables=store("shared"), clock=Later(2))
        production.check_start()
        add_pictures(production, 20)
        staging = assemble("staging", tables=store("shared"), clock=Later(2))
        with pytest.raises(OwnershipMismatch, match="belongs to another portal"):
            staging.check_start()
        with pytest.raises(StoreRefused, match="belongs to another portal"):
            clean_attachments(staging)
        Worker(staging).run_once()
        assert len(list(production.storage.keys())) == 40
        assert list(production.storage.quarantined()) == []
        clean_attachments(production)
        assert len(list(production.storage.keys())) == 40
        with staging.work(write=False) as work:
            [said] = [say(one.text) for one in doctor(work) if one.place in ("site.files", "[s3]")]
        assert portal_id(production) in said

    def test_every_use_of_a_foreign_store_is_refused(self, assemble, store):
        production = assemble("production", tables=store("shared"))
        production.check_start()
        [key] = add_pictures(production, 1)
        staging = assemble("staging", tables=store("shared"))
        with pytest.raises(OwnershipMismatch):
            establish(staging)
        uses = (
            lambda: staging.storage.put(new_key(), b""),
            lambda: staging.storage.open(key),
            lambda: staging.storage.exists(key),
            lambda: staging.storage.delete(key),
            lambda: staging.storage.keys(),
            lambda: staging.storage.quarantine(key),
            lambda: staging.storage.discard_partial(SystemClock().now()),
        )
        for use in uses:
            with pytest.raises(StoreRefused):
                use()
        assert production.storage.exists(key)

    def test_an_older_portal_adopts_the_store_in_which_its_pictures_lie(self, assemble, store):
        site = assemble("one", tables=store("one"))
        add_pictures(site)
        site.storage.store.put(new_key(), b"an orphan")
        assert site.storage.read_mark() is None
        site.check_start()
        assert site.storage.read_mark().portal == portal_id(site)

    def test_it_does_not_adopt_one_in_which_others_lie(self, assemble, store):
        site = assemble("one", tables=store("one"))
        site.storage.store.put(new_key(), b"whose is it?")
        with pytest.raises(OwnershipMismatch, match="bears no mark"):
            site.check_start()
        add_pictures(site, files=False)
        with pytest.raises(OwnershipMismatch, match="civicportal files adopt"):
            site.check_start()
        assert site.storage.read_mark() is None

    def test_a_disk_that_is_not_mounted_is_no_store(self, assemble, store):
        site = assemble("one", tables=store("one"))
        site.check_start()
        add_pictures(site)
        other = assemble("again", database=address(site), tables=store("empty"))
        with pytest.raises(OwnershipMismatch, match="look whether the disk is mounted"):
            other.check_start()
        site.storage.store.write_mark(None)
        with pytest.raises(StoreRefused):
            clean_attachments(site)

    def test_a_damaged_mark_is_refused(self, assemble, tmp_path):
        site = assemble("one")
        site.check_start()
        (site.folder().directory / "portal.json").write_text("{")
        again = assemble(
            "again", database=address(site), tables={"site": {"files": str(site.folder().directory)}}
        )
        with pytest.raises(OwnershipMismatch, match=r"portal\.json of the store cannot be read"):
            again.check_start()

    def test_a_copy_of_the_database_gets_an_id_of_its_own(self, assemble, store):
        production = assemble("production", tables=store("one"))
        production.check_start()
        before = portal_id(production)
        copy = assemble("copy", database=address(production), tables=store("two"))
        with pytest.raises(OwnershipMismatch, match="bears no mark"):
            copy.check_start()
        adopt_store(copy, copy.storage.store, new_id=True)
        copy.check_start()
        assert portal_id(copy) != before
        copied = assemble("third", database=address(copy), tables=store("one"))
        with pytest.raises(OwnershipMismatch, match="belongs to another portal"):
            copied.check_start()

    def test_the_portal_starts_while_its_bucket_does_not_answer(self, assemble, tmp_path):
        for name in ("access_key", "secret_key"):
            (tmp_path / name).write_text("x")
        table = {
            "bucket": "none",
            "endpoint": "http://127.0.0.1:9",
            "access_key": {"file": "../access_key"},
            "secret_key": {"file": "../secret_key"},
        }
        site = assemble("one", tables={"s3": table})
        site.check_start()
        assert portal_id(site)

    @pytest.mark.parametrize("is_known", [True, False])
    def test_a_store_that_was_away_at_the_first_start_is_looked_at_when_it_answers(
        self, assemble, store, monkeypatch, is_known
    ):
        site = assemble("one", tables=store("one"))
        [key, *_others] = add_pictures(site, files=is_known)

        def away():
            raise StorageUnavailable("no answer")

        with monkeypatch.context() as patch:
            patch.setattr(site.storage.store, "read_mark", away)
            site.check_start()
        if is_known:
            with site.storage.open(key) as file:
                assert file.read() == b"large"
            assert site.storage.read_mark().portal == portal_id(site)
        else:
            with pytest.raises(StoreRefused, match="bears no mark"):
                site.storage.open(key)
            assert site.storage.read_mark() is None


class TestSecrets:
    def test_another_secret_is_refused_before_anything_is_served_or_sealed(self, assemble):
        site = assemble("one")
        site.check_start()
        wrong = assemble("wrong", database=address(site), secret="second", tables=_same_store(site))
        for start in (wrong.check_start, lambda: create_app(wrong)):
            with pytest.raises(OwnershipMismatch, match=r"site\.secret: it is not the secret"):
                start()
        for command in (
            "worker --once",
            "check",
            "user disable x",
            "audit verify",
            "files verify",
            "keys rotate",
        ):
            done = CliRunner().invoke(main, ["--site", str(wrong.path), *command.split()])
            assert (done.exit_code, "site.secret" in done.output) == (2, True), (command, done.output)
        assert SECRETS["first"] not in done.output

    def test_the_check_values_tell_nothing_of_each_other(self, assemble):
        one, two = assemble("one"), assemble("two")
        for site in (one, two):
            site.check_start()
        marks = [site.keys.secret_mark(portal_id(site)) for site in (one, two)]
        assert marks[0] != marks[1]
        assert [len(mark) for mark in marks] == [32, 32]

    def test_a_wrong_secret_is_known_by_the_seals_of_an_older_portal(self, assemble):
        site = assemble("one")
        with site.work() as work:
            make_citizen(work)
            for _ in range(3):
                work.get(AuditService).record("login:staff")
        site.clock = Later(1)
        with site.work() as work:
            assert work.get(SealService).seal()
        wrong = assemble("wrong", database=address(site), secret="second", tables=_same_store(site))
        with pytest.raises(OwnershipMismatch, match=r"none of the last 1 seals.* civicportal keys adopt"):
            wrong.check_start()
        assert not portal_id(wrong)
        site.check_start()

    def test_an_older_portal_whose_secrets_are_lost_has_a_way_on(self, assemble):
        """It has no marks yet, so nothing but the command can say that these are its secrets from now on."""
        site = assemble("one")
        with site.work() as work:
            make_citizen(work, national_code=site.keys.encrypt("0012345678"))
        other = assemble("other", database=address(site), pii_keys="new", tables=_same_store(site))
        with pytest.raises(OwnershipMismatch, match=r"site\.pii_keys: none of .* civicportal keys adopt"):
            other.check_start()
        done = CliRunner().invoke(main, ["--site", str(other.path), "keys", "adopt", "--yes"])
        assert done.exit_code == 0, done.output
        other.check_start()

    def test_a_key_of_the_encryption_that_is_left_out_is_refused_until_it_was_rotated(self, assemble):
        site = assemble("one")
        site.check_start()
        with site.work() as work:
            make_citizen(work, national_code=site.keys.encrypt("0012345678"))
        without = assemble("without", database=address(site), pii_keys="new", tables=_same_store(site))
        with pytest.raises(OwnershipMismatch, match=r"site\.pii_keys: the key [0-9a-f]{8} is missing"):
            without.check_start()
        both = assemble("both-keys", database=address(site), pii_keys="both", tables=_same_store(site))
        both.check_start()
        rotated = CliRunner().invoke(main, ["--site", str(both.path), "keys", "rotate"])
        assert rotated.exit_code == 0, rotated.output
        assert "0 left: older keys may be removed" in rotated.output
        without.check_start()
        both.check_start()

    def test_a_rotation_that_leaves_something_behind_says_so(self, assemble):
        site = assemble("one")
        with site.work() as work:
            make_citizen(work, national_code=site.keys.encrypt("0012345678"))
        other = assemble("other", database=address(site), pii_keys="new", tables=_same_store(site))
        adopt_secrets(other)
        done = CliRunner().invoke(main, ["--site", str(other.path), "keys", "rotate"])
        assert (done.exit_code, "1 by a key that is missing" in done.output) == (1, True)

    def test_a_lost_secret_is_given_up_by_a_command(self, assemble):
        site = assemble("one")
        site.check_start()
        wrong = assemble(
            "wrong", database=address(site), secret="second", pii_keys="new", tables=_same_store(site)
        )
        with pytest.raises(OwnershipMismatch):
            wrong.check_start()
        done = CliRunner().invoke(main, ["--site", str(wrong.path), "keys", "adopt", "--yes"])
        assert done.exit_code == 0, done.output
        wrong.check_start()
        adopt_secrets(site)
        site.check_start()


def _same_store(site):
    return {"site": {"files": site.settings["site"]["files"]}}


class TestQuarantine:
    def test_what_no_row_names_is_kept_aside_for_thirty_days(self, assemble, store):
        site = assemble("one", tables=store("one"), clock=Later(2))
        site.check_start()
        kept, lost = add_pictures(site, 2)
        forget(site, [lost])
        clean_attachments(site)
        assert sorted(site.storage.keys()) == sorted([kept, f"{kept}.small"])
        assert sorted(site.storage.quarantined()) == sorted([lost, f"{lost}.small"])
        site.clock = Later(29)
        empty_quarantine(site)
        assert len(list(site.storage.quarantined())) == 2
        site.clock = Later(31)
        empty_quarantine(site)
        assert list(site.storage.quarantined()) == []
        with pytest.raises(FileMissing):
            site.storage.open(lost)

    def test_what_is_named_again_is_served_repaired_and_never_deleted(self, assemble, store):
        site = assemble("one", tables=store("one"), clock=Later(2))
        site.check_start()
        keys = add_pictures(site, 3)
        with site.work() as work:
            rows = {row.key: row.sha256 for row in work.session.query(Attachment)}
        forget(site, keys)
        clean_attachments(site)
        assert list(site.storage.keys()) == []
        with site.work() as work:
            for key, digest in rows.items():
                image = ProcessedImage(b"large", b"small", 1, 1, "image/jpeg", digest)
                work.get(AttachmentService).add(key, image, "").owner = ""
        with site.storage.open(keys[0]) as file:
            assert file.read() == b"large"
        run = CliRunner().invoke
        command = ["--site", str(site.path), "files", "verify", "--quick"]
        missing = run(main, command)
        assert (missing.exit_code, "5 files are missing" in missing.output) == (1, True)
        repaired = run(main, [*command, "--repair"])
        assert repaired.exit_code == 0, repaired.output
        assert "5 files put back from quarantine" in repaired.output
        site.storage.quarantine(keys[1])
        site.clock = Later(40)
        empty_quarantine(site)
        assert site.storage.exists(keys[1])

    def test_the_command_shows_and_empties_it(self, assemble):
        site = assemble("one")
        site.check_start()
        keys = add_pictures(site, 2)
        for key in keys:
            site.storage.quarantine(key)
        run = CliRunner().invoke
        command = ["--site", str(site.path), "files", "quarantine"]
        assert run(main, command).output == "2 files in quarantine, kept for 30 days\n"
        assert run(main, [*command, "--empty"], input="y\n").output.endswith("2 files deleted\n")
        assert list(site.storage.quarantined()) == []


class TestCommands:
    def test_adopt_asks_and_names_the_portal_that_owned_it(self, assemble):
        one, two = assemble("one"), assemble("two")
        for site in (one, two):
            site.check_start()
        shared = assemble("three", database=address(two), tables=_same_store(one))
        run = CliRunner().invoke
        command = ["--site", str(shared.path), "files", "adopt"]
        assert run(main, command, input="n\n").exit_code == 1
        refused = run(main, [*command, "--yes"])
        assert (refused.exit_code, f"--owner {portal_id(one)}" in refused.output) == (2, True)
        done = run(main, [*command, "--yes", "--owner", portal_id(one)])
        assert done.exit_code == 0, done.output
        shared.check_start()
        with pytest.raises(OwnershipMismatch):
            one.check_start()

    def test_the_upgrade_marks_a_portal_and_refuses_a_foreign_store(self, assemble, tmp_path, empty_database):
        one = assemble("one")
        one.check_start()
        path = make_site_file(
            tmp_path / "fresh", site={"database_url": empty_database, **_same_store(one)["site"]}
        )
        done = CliRunner().invoke(main, ["--site", str(path), "db", "upgrade"])
        assert (done.exit_code, "belongs to another portal" in done.output) == (2, True)
        site = make_site(path)
        assert migrate_state.pending(site) == []
        site.engines.dispose()

    def test_check_names_the_store(self, assemble):
        one, two = assemble("one"), assemble("two")
        for site in (one, two):
            site.check_start()
        mixed = assemble("mixed", database=address(two), tables=_same_store(one))
        done = CliRunner().invoke(main, ["--site", str(mixed.path), "check"])
        assert done.exit_code == 1
        assert f"belongs to another portal ({portal_id(one)}" in done.output

    def test_the_mark_is_readable_by_people(self, assemble):
        site = assemble("one")
        site.check_start()
        text = (site.folder().directory / "portal.json").read_text()
        assert json.loads(text) == {
            "portal": portal_id(site),
            "mode": "development",
            "is_restoring": False,
        }
