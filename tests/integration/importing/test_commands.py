"""What the commands of an import answer to wrong arguments."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from civicportal.cli import main

from .test_guide import parts


@pytest.fixture
def run(city, civic_environment, tmp_path, monkeypatch):
    """Run a command in a folder with the files of the guide."""
    monkeypatch.chdir(tmp_path)
    for name, _language, content in parts():
        if name:
            Path(name).write_text(content, encoding="utf-8")

    def run(*arguments, **options):
        done = CliRunner().invoke(
            main, ["--site", str(civic_environment.path), "import", *arguments], **options
        )
        assert isinstance(done.exception, SystemExit | None), done.exception
        return done

    return run


FILES = ("requests.csv", "history.csv", "--mapping", "mapping.toml")


def test_a_batch_is_shown_before_it_is_deleted(run):
    applied = run("apply", *FILES)
    number = applied.output.split("This is batch ")[1].partition(".")[0]
    asked = run("undo", number, input="n\n")
    assert asked.exit_code == 1
    assert "requests.csv, history.csv\nDelete its cases" in asked.output
    assert "2 cases and 2 people deleted" in run("undo", number, input="y\n").output


@pytest.mark.parametrize("number", ["0", "9" * 9, "9" * 30])
def test_an_unknown_batch_is_refused_without_a_question(run, number):
    refused = run("undo", number)
    assert refused.exit_code == 1
    assert refused.output == f"Error: there is no batch {number}\n"


def test_a_mapping_that_is_not_utf_8_is_refused(run):
    Path("mapping.toml").write_bytes(b"\xff\xfe[\x00")
    refused = run("check", *FILES)
    assert (refused.exit_code, "its text is not UTF-8" in refused.output) == (1, True)


def test_a_report_in_a_folder_that_is_not_there_is_named(run):
    refused = run("check", *FILES, "--report", "nowhere/report.csv")
    assert refused.exit_code == 1
    assert refused.output.endswith("nowhere/report.csv: No such file or directory\n")


def test_a_full_disk_is_told_in_one_line(run):
    refused = run("check", *FILES, "--report", "/dev/full")
    assert (refused.exit_code, refused.output) == (1, "Error: No space left on device\n")
