"""The chapter on moving in does what it says: its files are written, its commands run, its answers compared."""

import re
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import select

from civicportal.cli import main
from civicportal.domain.cases.models import Case
from civicportal.portal.importing.batches import read_mapping

from .conftest import BODY, completed

PAGE = Path(__file__).parents[3] / "docs/integrate/import.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"In `([\w.-]+)`:\s*$")


def parts():
    """Yield (name of a file or "", language, content) of each block of the page."""
    text = PAGE.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        named = NAMED.search(text[: block.start()])
        yield named[1] if named else "", *block.groups()


SERVER = "https://other.example/open311/v2"


def test_every_step_of_the_chapter(city, other, civic_environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran, answer, batch = [], "", "1"
    for name, language, content in parts():
        if ran[-1:] == ["undo"] and language == "toml":
            assert {"units", "categories", "staff", "people"} <= {
                one.entity for one in read_mapping(city, content).sections
            }
        elif name:
            Path(name).write_text(content, encoding="utf-8")
        elif language == "":
            text = content.strip().replace("undo 1", f"undo {batch}").replace(SERVER, other[1])
            text, _to, written = text.partition(" > ")
            command = text.split()
            assert command[0] == "civicportal"
            result = CliRunner().invoke(main, ["--site", str(civic_environment.path), *command[1:]])
            assert result.exception is None or isinstance(result.exception, SystemExit), result.output
            assert result.exit_code in (0, 1)
            ran.append(command[2])
            if "--open311" in command and written:
                Path(written).write_text(completed(result.output), encoding="utf-8")
            # Other tests have imported into the same database.
            batch = next(iter(re.findall(r"This is batch (\d+)", result.output)), batch)
            answer = result.output.replace(f"batch {batch}.", "batch 1.").replace(f"undo {batch}", "undo 1")
        else:
            for line in content.splitlines():
                assert line.strip() in answer, answer
    assert ran == ["suggest", "check", "apply", "apply", "undo", "suggest", "check", "apply"]
    with city.work(write=False) as work:
        # Those of the other server: the first ones were taken back.
        assert work.session.scalars(select(Case.body)).all() == [BODY] * 3


def test_the_suggested_mapping_has_the_columns_of_the_chapter(city, civic_environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {name: content for name, _language, content in parts() if name}
    Path("requests.csv").write_text(files["requests.csv"], encoding="utf-8")
    arguments = [
        "--site",
        str(civic_environment.path),
        "import",
        "suggest",
        "requests.csv",
        "--kind",
        "reports",
    ]
    suggested = CliRunner().invoke(main, arguments).output
    columns = files["mapping.toml"].partition("[cases.columns]")[2].partition("[")[0]
    assert [line for line in columns.split("\n") if line and line not in suggested] == []
    assert '"خاتمه یافته" = ""' in suggested
