"""Architecture rules: imports, and forbidden constructs."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.tools.architecture import ROOMS, core_imports, imports, room

ROOT = Path(__file__).parents[1]
CORE = ROOT / "src/civicportal"
PACKAGES = [CORE, *sorted(ROOT.glob("plugins/*/src/*")), *sorted(ROOT.glob("examples/*/src/*"))]
PLUGINS = sorted(
    path.name
    for path in (*ROOT.glob("plugins/*"), *ROOT.glob("examples/*"))
    if path.is_dir() and not path.name.endswith("_site")
)
CITIES = sorted(path.name.removesuffix("_site") for path in ROOT.glob("examples/*_site"))

RANKS = list(ROOMS)
MOST_ENTRIES = 18
"""Files and folders of Python code, templates and the like that the root of the package shows."""
LONGEST_MODULE = 500
"""Lines."""
TEMPLATE_WIDTH = 120
"""Columns."""
MOST_ANY = 270
"""Lines that name ``Any``, imports included. Lower it when there are fewer."""


def modules(*folders: Path) -> list[Path]:
    """The Python files below the folders, revisions of the database excepted."""
    found = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [path for path in found if "versions" not in path.parts and "scaffold" not in path.parts]


def templates(*folders: Path) -> list[Path]:
    """The templates below the folders, those of new plugins included."""
    return [path for folder in folders for path in sorted(folder.rglob("*.jinja2*"))]


def name_of(path: Path) -> str:
    """``src/civicportal/domain/cases/services.py`` → ``cases.services``, relative to its package."""
    package = next(folder for folder in PACKAGES if path.is_relative_to(folder))
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines_with(pattern: str, paths: list[Path]) -> list[str]:
    """``file:line: text`` of every line that matches."""
    regex = re.compile(pattern)
    return [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if regex.search(line)
    ]


def is_in_use(folder: Path) -> bool:
    """Tell whether a folder holds more than what Python compiled of files that have left."""
    return any(path.is_file() and "__pycache__" not in path.parts for path in folder.rglob("*"))


def test_every_module_has_a_room() -> None:
    lost = [relative(path) for path in modules(CORE) if name_of(path) not in ("", "__main__", "domain")]
    assert [path for path in lost if room(name_of(ROOT / path)) is None] == []


def test_imports_run_downwards_only() -> None:
    upwards = [
        f"{relative(path)} imports {target}"
        for path in modules(CORE)
        for target in sorted(core_imports(path))
        if (own := room(name_of(path))) and (other := room(target)) and RANKS.index(other) > RANKS.index(own)
    ]
    assert not upwards, "\n".join(upwards)


def test_the_root_can_be_taken_in_at_a_glance() -> None:
    entries = [path.name for path in CORE.iterdir() if path.is_file() or is_in_use(path)]
    assert len(entries) <= MOST_ENTRIES


def test_any_stands_at_borders_only() -> None:
    """No type checker sees what happens to a value of type ``Any``.

    It may stand where a library declares no types (those of Pyramid, colander and others are in ``stubs/``), or where
    only the caller of a query knows its columns. Views, forms and the API are free of it; ``disallow_any_explicit`` in
    ``pyproject.toml`` keeps them and more so, aliases included.
    """
    lines = lines_with(r"\bAny\b", modules(*PACKAGES))
    assert len(lines) <= MOST_ANY
    rooms = re.compile(r"/(api|forms|views)(/|\.py)")
    assert [line for line in lines if rooms.search(line.partition(":")[0])] == []


@pytest.mark.parametrize("folder", PACKAGES[1:], ids=relative)
def test_plugins_and_sites_import_the_api_only(folder: Path) -> None:
    topics = "|".join(path.stem for path in (CORE / "api").glob("[!_]*.py"))
    allowed = re.compile(rf"api(\.({topics})(\.\w+)?)?|testing(\..+)?|__version__")
    paths = [*modules(folder), *modules(folder.parent.parent / "tests")]
    wrong = [
        f"{relative(path)} imports civicportal.{target}"
        for path in paths
        for target in sorted(core_imports(path))
        if not allowed.fullmatch(target)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", PACKAGES[1:], ids=relative)
def test_plugins_know_no_other_plugin(folder: Path) -> None:
    others = [other.name for other in PACKAGES[1:] if other != folder]
    wrong = [
        f"{relative(path)} imports {target}"
        for path in modules(folder)
        for target in imports(path)
        if target.partition(".")[0] in others
    ]
    assert not wrong, "\n".join(wrong)


def constants(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module that is no docstring, with its line."""
    tree = ast.parse(path.read_text("utf-8"))
    spoken = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }  # a text that stands alone explains something
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node.lineno, node.value


def test_the_core_names_no_plugin_and_no_city() -> None:
    # Words in sentences are free: only what looks like a name in code counts.
    named = re.compile(rf"(^|[/.:])({'|'.join(PLUGINS + CITIES)})($|[/.:])")
    wrong = [
        f"{relative(path)}:{line}: {text!r}"
        for path in modules(CORE)
        for line, text in constants(path)
        if named.search(text) or any(city in text for city in CITIES)
    ]
    wrong += lines_with(
        rf"route_(path|url)\('({'|'.join(PLUGINS)})\b|{'|'.join(CITIES)}|شهرِ?مَ?ن", templates(CORE)
    )
    assert not wrong, "\n".join(wrong)


def test_the_core_names_no_country_but_where_countries_are() -> None:
    # The test kit's city lies in Iran, and logs hide numbers as Iranians type them, whatever the site's country.
    own = {CORE / "core/logging.py", *(CORE / "util/countries").iterdir(), *(CORE / "testing").rglob("*.py")}
    named = re.compile(r"(?i)\+98|\biran|tehran|\btoman\b|\brial\b|ایران|تهران|تومان")
    wrong = [
        f"{relative(path)}:{line}: {text!r}"
        for path in modules(CORE)
        if path not in own
        for line, text in constants(path)
        if named.search(text)
    ]
    wrong += lines_with(named.pattern, [*templates(CORE), *sorted((CORE / "static/js").glob("*.js"))])
    assert not wrong, "\n".join(wrong)


def test_what_went_wrong_with_a_message_can_be_told_in_any_language() -> None:
    bare = r"\b(SendError|TransientFailure|GatewayMisconfigured|PermanentFailure|UncertainDelivery|LookupFailed|TemplateOrLineRejected|UnexpectedResponse)\(f?[\"']"
    service = [path for path in PACKAGES if "examples" not in path.parts]
    texts = sorted((CORE / "tools/scaffold").rglob("*.py.in"))
    assert lines_with(bare, [*modules(*service), *texts]) == []


@pytest.mark.parametrize("folder", PACKAGES, ids=relative)
def test_modules_are_short(folder: Path) -> None:
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in modules(folder)}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"\.create_all\(", "tables come from migrations"),
        (r"\.utcnow\(|datetime\.now\(\)|datetime\.today\(\)", "times are aware"),
        (r"type: ignore(?!\[)", "an ignored error is named"),
        (
            r"\btext\(f[\"']|execute\(f[\"'](?!PRAGMA)|exec_driver_sql\(f[\"'](?!PRAGMA)",
            "SQL is not glued together",
        ),
        (r"session\.commit\(|session\.rollback\(", "the unit of work commits"),
        (r"\b(md5|sha1)\(", "hashes are of today"),
        (r"\b(File|Socket|HTTP|SMTP|SysLog)Handler\(", "the log goes to standard error alone"),
        (r"shell=True|os\.(system|popen)\(|(?<![\w.])(eval|exec)\(", "nothing that was typed is executed"),
        (r"\bverify(_mode)?=False|CERT_NONE|_create_unverified_context", "certificates are checked"),
        (
            r"^\s.*\baliased\(",
            "an alias takes longer to make than a query: it is made once, beside the imports",
        ),
        (r"pm\.hook\.includeme|hook\.includeme\(", "each includeme is included itself"),
    ],
)
def test_written_nowhere(pattern: str, reason: str) -> None:
    assert lines_with(pattern, modules(*PACKAGES)) == [], reason


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"\|\s*safe\b", "nothing skips the escaping"),
        (r"autoescape\s+false", "nothing skips the escaping"),
        (r"<script(?![^>]*\bsrc=)", "no script inside pages"),
        (r"<style\b(?!`)|<[a-z][^>]*\sstyle=", "no style inside pages"),
        (r"\son[a-z]+\s*=\s*[\"']", "no handlers inside pages"),
        (r"javascript:", "no script inside links"),
        (r"(src|href|action)=[\"'](https?:)?//", "nothing comes from other machines"),
    ],
)
def test_pages_hold_nowhere(pattern: str, reason: str) -> None:
    assert lines_with(pattern, templates(*PACKAGES)) == [], reason


NOBODYS = (
    *("aiohttp", "ftplib", "http.client", "lxml", "marshal", "requests"),
    *("shelve", "smtplib", "urllib.request", "urllib3", "yaml"),
)
#: Modules that can start programs, load code with data, or talk to other machines, and who has a reason to.
DANGEROUS = {
    "subprocess": {
        "backup/databases",
        "backup/programs",
        "storage/images",
        "testing/postgres",
        "worker/child",
    },
    # What this portal has written itself.
    "pickle": {"statistics/metrics"},
    # Written; read from other servers without a document type.
    "xml": {"open311_client/answers", "web/feeds"},
    "httpx": {"civicportal_sms_ir/exchange"},
    "httpcore": {"outgoing/client", "outgoing/network"},
    "obstore": {"backup/targets", "storage/s3"},
    **dict.fromkeys(NOBODYS, frozenset[str]()),
}


@pytest.mark.parametrize("dangerous", DANGEROUS)
def test_dangerous_modules_are_used_where_there_is_a_reason(dangerous: str) -> None:
    pattern = re.compile(
        rf"^\s*(?:import {re.escape(dangerous)}\b|from {re.escape(dangerous)}[.\w]* import)", re.MULTILINE
    )
    service = [path for path in PACKAGES if "examples" not in path.parts]
    using = {
        "/".join(path.with_suffix("").parts[-2:])
        for path in modules(*service)
        if pattern.search(path.read_text("utf-8"))
    }
    assert using == DANGEROUS[dangerous]


def own_scripts() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in package.rglob("static/**/*.js") if "vendor" not in path.parts)


def test_scripts_put_html_where_it_comes_from_the_portal() -> None:
    """Pieces of pages that the server has escaped; words go in by ``textContent``."""
    sink = re.compile(
        r"\b(innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\("
    )
    using = {path.name for path in own_scripts() if sink.search(path.read_text("utf-8"))}
    assert using == {"caller.js", "editor.js", "kartable.js", "map-layers.js", "portal.js", "wizard.js"}


def test_scripts_let_no_data_reach_a_prototype() -> None:
    """Computed keys are assigned on arrays, bytes and objects without prototype only: a key may be ``__proto__``."""
    filled = re.compile(r"([\w.]+)\[(?:[^][]|\[[^]]*\])+\]\s*(?:\+|-|\||\|\||\?\?)?=(?![=>])")
    safe = r"\s*=\s*(?:Object\.create\(null\)|new (?:Map|Int32Array)\b|\[|context\.getImageData\()"
    merged = re.compile(
        r"__proto__|\.prototype\[|for \([^)]* in |Object\.assign\((?!\{|new Error\()|setPrototypeOf"
    )
    seen, wrong = set(), []
    for path in own_scripts():
        text = path.read_text("utf-8")
        for name in filled.findall(text):
            seen.add(path.name)
            if not re.search(rf"\b{re.escape(name.removesuffix('.data'))}{safe}", text):
                wrong.append(f"{path.name}: {name}")
        wrong += [f"{path.name}: {found}" for found in merged.findall(text)]
    assert wrong == []
    assert {"draft.js", "map-city.js", "map-layers.js", "map-picker.js"} <= seen


def test_templates_have_no_wide_lines() -> None:
    """The formatter breaks tags; a long expression or a long text in an attribute it leaves to its author."""
    wide = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in templates(*PACKAGES)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > TEMPLATE_WIDTH
    ]
    assert wide == []


def named_icons(folder: Path) -> Iterator[str]:
    """The icons that templates draw and Python code names, as far as they stand there as a plain text."""
    drawn = re.compile(r"icon(?:\(|=)['\"]([a-z0-9-]+)['\"]")
    for path in (*modules(folder), *templates(folder)):
        yield from drawn.findall(path.read_text("utf-8"))


@pytest.mark.parametrize("folder", PACKAGES, ids=relative)
def test_every_icon_that_is_named_is_in_the_sprite(folder: Path) -> None:
    sprite = (CORE / "static/vendor/icons.svg").read_text("utf-8")
    assert {name for name in named_icons(folder) if f'id="{name}"' not in sprite} == set()


def test_every_domain_ends_in_includeme() -> None:
    from civicportal.app import CORE_PARTS

    missing = [
        part
        for part in CORE_PARTS
        if not hasattr(__import__(f"civicportal.{part}", fromlist=["x"]), "includeme")
    ]
    assert not missing, "\n".join(missing)


def test_only_the_service_and_the_import_change_a_status() -> None:
    """``CaseService`` changes it, its undo restores one, and an import writes the cases of an earlier system."""
    allowed = {"domain.cases.services", "domain.cases.snapshots", "domain.kartable.importing"}
    written = lines_with(r"\bcase\.(status|stage)\b(, case\.stage)? = ", modules(*PACKAGES))
    assert {name_of(ROOT / line.partition(":")[0]) for line in written} == allowed


def test_only_the_service_makes_public_texts() -> None:
    """Code that could create a ``PublicText`` could publish unchecked texts."""
    allowed = {"domain.cases.public_texts", "domain.cases.public_type"}
    wrong = [
        relative(path)
        for path in modules(*PACKAGES)
        if "public_type import" in (text := path.read_text("utf-8"))
        and "CHECKED" in text
        and name_of(path) not in allowed
    ]
    assert not wrong


def test_pages_for_everybody_show_checked_words() -> None:
    """The words and the place of a case as they were written are for its sender and for staff."""
    public = [
        *(
            ROOT / "plugins/reports/src/civicportal_reports/templates/reports" / name
            for name in ("page.jinja2", "card.jinja2", "list.jinja2", "near.jinja2", "me_too.jinja2")
        ),
        CORE / "templates/cases/public_case.jinja2",
    ]
    assert not lines_with(r"case\.(body|place)\b", public)


TESTS = [
    *ROOT.glob("tests/**/test_*.py"),
    *ROOT.glob("plugins/*/tests/test_*.py"),
    *ROOT.glob("examples/*/tests/test_*.py"),
]
#: A test, or what it uses, does one thing on SQLite and another on PostgreSQL.
TELLS_APART = re.compile(r"\b(?:civic_database|\w+\.dialect) [!=]= |\[\w+(?:\.\w+)*\.dialect\]")


def test_what_differs_between_the_databases_is_tested_on_both() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in TESTS}
    found = {path for path, text in texts.items() if TELLS_APART.search(text)}
    asks = re.compile(r"def test_\w+\([^)]*\bcivic_database\b")
    assert len(found) > 10
    assert [
        path for path in found if "both_databases" not in texts[path] and not asks.search(texts[path])
    ] == []


#: Names that every plugin may use, since a reader of one plugin finds the same part in another by them.
PLUGIN_NAMES = {
    "CustomBuildHook": "hatchling looks for it in hatch_build.py",
    "DeskFields": "schema of the fields of the staff's list",
    "DeskFilters": "schema of the filters of the staff's list",
    "StatisticsSchema": "schema of the filters of the statistics page",
    "Filters": "filters of the plugin's search",
    "Registration": "schema of a case registered by an officer",
    "Settings": "settings of the plugin or site",
    "Submission": "schema of the citizen's form",
}


def public_classes(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the public classes of a package, each with its module."""
    for path in modules(folder):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, relative(path)


def test_no_two_classes_have_one_name() -> None:
    places = defaultdict(list)
    for folder in PACKAGES:
        own = dict[str, list[str]]()
        for name, path in public_classes(folder):
            own.setdefault(name, []).append(path)
        for name, paths in own.items():
            shared = folder != CORE and name in PLUGIN_NAMES
            places[f"{name} of {folder.name}" if shared else name] += paths
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}
