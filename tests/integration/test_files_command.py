"""``civicportal files``: pictures go into a bucket and back, and what is missing or changed is named."""

import hashlib

import pytest
from click.testing import CliRunner

from civicportal.cli import main
from civicportal.core.storage import ProcessedImage, new_key
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.ownership import adopt_store
from civicportal.testing import make_site, make_site_file

pytestmark = pytest.mark.both_databases


@pytest.fixture
def path(tmp_path, empty_database, bucket):
    for name in ("access_key", "secret_key"):
        (tmp_path / name).write_text(bucket[name])
        bucket[name] = {"file": name}
    return make_site_file(tmp_path, site={"database_url": empty_database}, s3=bucket)


@pytest.fixture
def site(path, civic_session):
    site = make_site(path)
    civic_session.databases.migrate(site)
    # Until now its pictures lay in the folder.
    adopt_store(site, site.folder())
    yield site
    site.engines.dispose()


@pytest.fixture
def run(path):
    return lambda *arguments: CliRunner().invoke(main, ["--site", str(path), "files", *arguments])


@pytest.fixture
def keys(site):
    """Three pictures whose files lie in the folder."""
    keys, folder = [new_key() for _ in range(3)], site.folder()
    with site.work() as work:
        for key in keys:
            large = f"the large picture {key}".encode()
            folder.put(key, large)
            folder.put(f"{key}.small", b"small")
            digest = hashlib.sha256(large).hexdigest()
            image = ProcessedImage(large, b"small", 1, 1, "image/jpeg", digest)
            work.get(AttachmentService).add(key, image, "owner")
    return keys


def test_pictures_move_into_the_bucket_and_are_verified(site, run, keys):
    refused = run("verify", "--quick")
    assert (refused.exit_code, "bears no mark of a portal" in refused.output) == (1, True)
    copied = run("copy", "--to", "s3")
    assert (copied.exit_code, copied.output) == (0, "6 of 6\n6 files copied from folder to s3\n")
    assert run("copy", "--to", "s3").output == "0 files copied from folder to s3\n"
    whole = run("verify")
    assert (whole.exit_code, whole.output) == (0, "0 files are missing or changed\n")
    assert sorted(site.storage.keys()) == sorted([*keys, *(f"{key}.small" for key in keys)])


def test_missing_and_damaged_files_are_listed(site, run, keys):
    run("copy", "--to", "s3")
    site.storage.put(keys[0], b"another picture")
    site.storage.delete(f"{keys[1]}.small")
    site.folder().delete(keys[2])
    found = run("verify")
    assert (found.exit_code, set(found.output.splitlines())) == (
        1,
        {f"changed: {keys[0]}", f"missing: {keys[1]}.small", "2 files are missing or changed"},
    )
    assert f"missing: {keys[2]}" in run("verify", "--in", "folder").output
    run("copy", "--to", "folder")
    assert run("verify", "--in", "folder").exit_code == 0


def test_without_a_bucket_there_is_nowhere_to_copy(tmp_path, empty_database):
    path = make_site_file(tmp_path / "plain", site={"database_url": empty_database})
    refused = CliRunner().invoke(main, ["--site", str(path), "files", "copy", "--to", "s3"])
    assert (refused.exit_code, "has no table [s3]" in refused.output) == (1, True)
