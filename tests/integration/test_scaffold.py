"""``civicportal plugin new``: what it writes and what it refuses.

That the plugin works is tested where it is installed.
"""

import errno
import tomllib
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from click.testing import CliRunner
from pyramid.interfaces import IRoutesMapper

from civicportal.app import create_app
from civicportal.cli import main
from civicportal.tools.scaffold import KINDS
from civicportal.tools.scaffold.names import TAKEN

ROOT = Path(__file__).parents[2]
PACKAGE = "src/civicportal_green_space"
LOCALE = "locale/fa/LC_MESSAGES"


@pytest.fixture
def new(tmp_path):
    """Run the command; the distribution is made in ``tmp_path``."""
    return lambda *words: CliRunner().invoke(main, ["plugin", "new", "--folder", str(tmp_path), *words])


@pytest.fixture(params=KINDS)
def written(new, tmp_path, request):
    words = ("--kind", request.param, "--title", "Green space", "--persian", "فضای سبز")
    answer = new("green_space", *words)
    assert answer.exit_code == 0, answer.output
    return tmp_path / "civicportal-green-space"


@pytest.mark.parametrize("kind", KINDS)
def test_the_output_lists_the_next_commands(new, kind):
    steps = [line.split() for line in new("green_space", "--kind", kind).output.splitlines()]
    commands = [words[1:] for words in steps if words[:1] == ["civicportal"]]
    way = ["plugin enable green_space", "db upgrade", "site load", "user add", "serve"]
    assert [" ".join(words) for words in commands if words != ["check"]] == way
    for words in commands:
        assert CliRunner().invoke(main, [*words[:2], "--help"]).exit_code == 0


def catalogue(path):
    with path.open("rb") as file:
        return read_po(file, locale="fa", abort_invalid=True)


def files_of(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_no_placeholder_of_the_template_is_left(written):
    for path in files_of(written):
        assert "NAME" not in str(path.relative_to(written))
        assert path.suffix != ".in"
        assert "§" not in path.read_text(encoding="utf-8"), path


def test_the_distribution_names_its_plugin(written):
    project = tomllib.loads((written / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "civicportal-green-space"
    assert project["entry-points"]["civicportal.plugins"] == {"green_space": "civicportal_green_space.plugin"}


def test_texts_are_translated_like_in_the_core(written):
    own, core = (
        catalogue(written / PACKAGE / LOCALE / "civicportal_green_space.po"),
        catalogue(ROOT / "src/civicportal" / LOCALE / "civicportal.po"),
    )
    assert own["Green space"].string == "فضای سبز"
    with (written / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    used = {text for _file, _line, text, *_ in extract_from_dir(written / PACKAGE, methods, options) if text}
    assert {text for text in used if not (own.get(text) or core.get(text))} == set()
    assert {message.id for message in own if message.id} - used == set()
    both = [(own[message.id], message) for message in core if message.id and own.get(message.id)]
    assert [here.id for here, there in both if here.string != there.string] == []


def test_a_name_alone_is_enough(new, tmp_path):
    assert new("parking").exit_code == 0
    text = (tmp_path / "civicportal-parking/src/civicportal_parking/workflow.py").read_text(encoding="utf-8")
    assert 'TITLE = _("Parking")' in text


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("Parking",), "a-z"),
        (("park-ing",), "try park_ing"),
        (("2parking",), "a letter first"),
        (("p",), "2 to 30"),
        (("p" * 31,), "2 to 30"),
        (("پارک",), "a-z"),
        (("class",), "no word of Python"),
        (("admin",), "of the portal itself"),
        (("core",), "of the portal itself"),
        (("reports",), "installed already"),
        (("parking", "--title", 'Parking "permits"'), "the title"),
        (("parking", "--persian", "پارک\nپارک"), "the title"),
        (("parking", "--title", "{x}"), "the title"),
    ],
)
def test_invalid_arguments_are_refused_with_the_reason(new, tmp_path, words, why):
    answer = new(*words)
    assert answer.exit_code == 1
    assert why in answer.output
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_begins_as_another_plugins_is_told(new):
    assert "No site can have it beside reports: " in new("reports_more").output
    assert "No site can have it" not in new("reporting").output


def test_a_folder_that_is_there_stays_as_it_is(new, written):
    mark = written / "README.md"
    mark.write_text("mine", encoding="utf-8")
    answer = new("green_space")
    assert answer.exit_code == 1
    assert "is there already" in answer.output
    assert mark.read_text(encoding="utf-8") == "mine"


def test_a_kind_that_is_none_is_refused(new, tmp_path):
    answer = new("parking", "--kind", "theme")
    assert answer.exit_code == 2
    assert "'case', 'content', 'gateway'" in answer.output
    assert list(tmp_path.iterdir()) == []


def test_a_failed_run_leaves_no_files(new, tmp_path, monkeypatch):
    def full(path, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    answer = new("parking")
    assert answer.exit_code == 1
    assert "cannot be written: No space left on device" in answer.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["hatch_build.py", "babel.cfg"])
def test_build_files_equal_those_of_the_core(written, name):
    assert (written / name).read_text(encoding="utf-8") == (ROOT / name).read_text(encoding="utf-8")


def test_addresses_of_the_portal_are_no_names(assemble):
    site = assemble(site={"mode": "demo"}, notifications={"transport": "console"})
    create_app(site)
    patterns = [route.pattern for route in site.registry.getUtility(IRoutesMapper).get_routes()]
    heads = {pattern.strip("/").partition("/")[0] for pattern in patterns}
    assert {head for head in heads if head.isidentifier()} <= TAKEN
