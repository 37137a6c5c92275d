"""Backups are encrypted for public keys and signed by the portal; the older format is accepted by an option only."""

import json
import tarfile
from io import BytesIO

import pyrage
import pytest
from backup_portals import PICTURES, quiet, rows_of
from click.testing import CliRunner

from civicportal.cli import main
from civicportal.domain.cases.stock import damages
from civicportal.tools.backup import BackupError
from civicportal.tools.backup.archive import ArchiveWriter
from civicportal.tools.backup.making import make_backup
from civicportal.tools.backup.manifest import read_manifest
from civicportal.tools.backup.restoring import restore_backup
from civicportal.tools.backup.sealing import public_key, read_identities
from civicportal.tools.backup.verifying import verify_backup
from civicportal.util.errors import ConfigurationError


@pytest.fixture
def identity(tmp_path):
    """The file with the private key, which is never on the server."""
    key = pyrage.x25519.Identity.generate()
    path = tmp_path / "identity"
    path.write_text(f"# created: today\n# public key: {key.to_public()}\n{key}\n")
    return path


@pytest.fixture
def sealed(assemble, fill, identity):
    recipient = str(read_identities(identity)[0].to_public())
    site = assemble("city", backup={"recipients": [recipient]})
    fill(site)
    return site


class TestEncrypted:
    def test_only_the_private_key_opens_it(self, sealed, assemble, identity, tmp_path):
        made = make_backup(sealed, tmp_path / "backup.age", quiet, verify=True)
        assert made.verified.files == 2 * PICTURES
        content = (tmp_path / "backup.age").read_bytes()
        assert content.startswith(b"age-encryption.org/v1")
        assert not any(word in content for word in (b"manifest.json", b"SHA256SUMS", b"PGDMP", b"SQLite"))
        with pytest.raises(
            BackupError, match="is encrypted: give the file with the private key, --identity FILE"
        ):
            restore_backup(assemble("one"), tmp_path / "backup.age", quiet)
        stranger = pyrage.x25519.Identity.generate()
        with pytest.raises(BackupError, match="cannot be decrypted with this key"):
            restore_backup(assemble("two"), tmp_path / "backup.age", quiet, identities=[stranger])
        other = assemble("other")
        restore_backup(other, tmp_path / "backup.age", quiet, identities=read_identities(identity))
        assert rows_of(other)["cases"] == rows_of(sealed)["cases"]
        assert list(damages(other, other.storage, contents=True)) == []

    def test_nothing_of_it_stays_in_the_clear(self, sealed, tmp_path):
        folder = tmp_path / "backups"
        make_backup(sealed, folder / "backup.age", quiet, verify=True)
        assert [path.name for path in folder.iterdir()] == ["backup.age"]

    def test_one_that_was_changed_is_refused(self, sealed, assemble, identity, tmp_path):
        make_backup(sealed, tmp_path / "backup.age", quiet)
        whole, other = (tmp_path / "backup.age").read_bytes(), assemble("other")
        for place in range(200, len(whole), len(whole) // 7):
            (tmp_path / "wrong").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(BackupError):
                restore_backup(other, tmp_path / "wrong", quiet, identities=read_identities(identity))
        (tmp_path / "short").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BackupError):
            restore_backup(other, tmp_path / "short", quiet, identities=read_identities(identity))

    def test_the_commands(self, sealed, assemble, identity, tmp_path):
        run, site = CliRunner().invoke, ["--site", str(sealed.path)]
        made = run(main, [*site, "backup", str(tmp_path / "backup.age")])
        assert made.exit_code == 0, made.output
        proved = run(
            main, [*site, "backup", "verify", str(tmp_path / "backup.age"), "--identity", str(identity)]
        )
        assert (proved.exit_code, "are as they were" in proved.output) == (0, True), proved.output
        other = assemble("other")
        command = [
            "--site",
            str(other.path),
            "restore",
            str(tmp_path / "backup.age"),
            "--identity",
            str(identity),
        ]
        assert run(main, command).exit_code == 0

    def test_what_is_no_key_is_named(self, assemble, fill, tmp_path):
        site = assemble("city", backup={"recipients": ["age1nonsense"]})
        fill(site)
        with pytest.raises(ConfigurationError, match=r"backup\.recipients: 'age1nonsense' is no public key"):
            make_backup(site, tmp_path / "backup", quiet)
        (tmp_path / "empty").write_text("nothing\n")
        with pytest.raises(BackupError, match="has no private key of age"):
            read_identities(tmp_path / "empty")

    def test_a_private_key_among_the_recipients_is_not_shown(self, assemble, fill, tmp_path):
        secret = str(pyrage.x25519.Identity.generate())
        site = assemble("city", backup={"recipients": [secret]})
        fill(site)
        with pytest.raises(ConfigurationError) as refused:
            make_backup(site, tmp_path / "backup", quiet)
        assert secret[:20] not in str(refused.value)


def members(path):
    with tarfile.open(path) as tar:
        return [(member.name, tar.extractfile(member).read()) for member in tar]


def write(path, found, sign=None):
    with path.open("wb") as file, ArchiveWriter(file, 0, sign) as archive:
        for name, content in found:
            if not name.startswith("SHA256SUMS"):
                archive.add(name, BytesIO(content))
    return path


class TestSigned:
    @pytest.fixture
    def backup(self, city, tmp_path):
        make_backup(city, tmp_path / "backup", quiet)
        return tmp_path / "backup"

    def test_a_repacked_archive_is_refused(self, backup, assemble, tmp_path):
        """An attacker who changes the manifest can correct all checksums, but not the signature."""
        found = [
            (name, content.replace(b'"plugins"', b'"plugins"').replace(b'"format": 2', b'"format":  2'))
            for name, content in members(backup)
        ]
        with pytest.raises(BackupError, match="the backup is not signed"):
            restore_backup(assemble("one"), write(tmp_path / "unsigned", found), quiet)
        signature = dict(members(backup))["SHA256SUMS.sig"]
        kept = write(tmp_path / "old-signature", found, lambda _sums: signature)
        with pytest.raises(BackupError, match="was changed after it was made"):
            restore_backup(assemble("two"), kept, quiet)

    def test_it_cannot_pass_for_one_of_the_older_format(self, backup, assemble, tmp_path):
        found = [(name, content.replace(b'"format": 2', b'"format": 1')) for name, content in members(backup)]
        with pytest.raises(BackupError, match="older format that is not signed"):
            restore_backup(assemble("one"), write(tmp_path / "older", found), quiet)

    def test_another_portals_is_refused(self, backup, assemble, fill, tmp_path):
        (tmp_path / "another").write_text("quite another secret, long enough for everything")
        stranger = assemble("stranger", site={"secret": {"file": "../another"}})
        fill(stranger)
        make_backup(stranger, tmp_path / "theirs", quiet)
        manifest = json.loads(dict(members(tmp_path / "theirs"))["manifest.json"])
        assert manifest["secret_mark"]
        with pytest.raises(BackupError, match="signed by another portal"):
            verify_backup(assemble("own"), str(tmp_path / "theirs"), quiet)

    def test_with_a_lost_secret_the_noted_public_key_proves_it(self, city, backup, assemble, tmp_path):
        (tmp_path / "another").write_text("quite another secret, long enough for everything")
        options = {"other_secret": True, "public_key": public_key(city)}
        done = CliRunner().invoke(main, ["--site", str(city.path), "backup", "key"])
        assert done.output.strip() == public_key(city)
        other = assemble("other", site={"secret": {"file": "../another"}})
        wrong = write(tmp_path / "wrong", members(backup))
        with pytest.raises(BackupError, match="not signed"):
            restore_backup(other, wrong, quiet, **options)
        restore_backup(other, backup, quiet, **options)

    def test_an_archive_of_the_older_format_comes_back(self, city, backup, assemble, tmp_path):
        """As the code before wrote it: no signature, no figures, no id."""
        found = []
        for name, content in members(backup):
            if name == "manifest.json":
                values = json.loads(content)
                for key in ("portal", "server", "pictures", "tables"):
                    del values[key]
                content = json.dumps({**values, "format": 1}).encode()
            found.append((name, content))
        old = write(tmp_path / "old", found)
        other = assemble("other")
        with pytest.raises(BackupError, match="add --unsigned"):
            restore_backup(other, old, quiet)
        assert verify_backup(other, str(old), quiet, unsigned=True).tables == 0
        done = CliRunner().invoke(main, ["--site", str(other.path), "restore", str(old), "--unsigned"])
        assert done.exit_code == 0, done.output
        assert rows_of(other) == rows_of(city)


@pytest.mark.parametrize(
    "changed",
    [
        {"versions": [1]},
        {"made_at": 3},
        {"made_at": "soon"},
        {"made_at": "2026-11-29T10:00:00"},
        {"server": "15"},
        {"tables": {"users": 3}},
        {"portal": "\ud800"},
    ],
)
def test_a_manifest_of_another_form_is_refused(changed):
    good = {
        "format": 2, "made_at": "2026-11-29T10:00:00+00:00", "database": "sqlite", "versions": {}, "revisions": {}, "site_file": "",
        "environment": {}, "secret_files": {}, "secret_mark": "",
    }  # fmt: skip
    read_manifest(json.dumps(good).encode())
    with pytest.raises(BackupError, match="cannot be read"):
        read_manifest(json.dumps({**good, **changed}).encode())


def test_a_manifest_that_is_nested_without_end_is_refused():
    with pytest.raises(BackupError, match="cannot be read"):
        read_manifest(b"[" * 100_000)
