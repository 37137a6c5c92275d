"""Mutation testing: change a module in many small ways and print the changes its tests do not notice.

``make mutants MODULE=domain/notifications/outcomes``. The changes are made in a copy, never in the tree that one works
on.

The tests run once as usual, then for each change in a fork of that process, where everything is imported and every site
is assembled: only the code of the changed function is another. A change outside of functions takes a new process.
"""

import argparse
import ast
import difflib
import gc
import inspect
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import _lru_cache_wrapper
from itertools import count, zip_longest
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, TextIO

import cosmic_ray.plugins
import hypothesis
import pytest
from cosmic_ray.mutating import mutate_code
from sqlalchemy import Engine

ROOT = Path(__file__).parent.parent
#: The files of tests/integration that belong to each module.
TESTS = {
    "domain/cases/access/rights": ("test_access", "test_on_behalf"),
    "domain/accounts/city_rights": ("test_rights_scope",),
    "domain/accounts/identity": (
        "test_accounts_identity",
        "test_rights_scope",
        "test_deputies",
        "test_strong_factors",
    ),
    "domain/accounts/otp": ("test_accounts_codes",),
    "domain/accounts/rights": ("test_rights_scope", "test_roles", "test_deputies", "test_members"),
    "domain/accounts/sessions": (
        "test_accounts_identity",
        "test_accounts_pages",
        "test_pending_submissions",
        "test_step_up",
    ),
    "core/limits/challenges": ("test_challenge_tickets",),
    "core/limits/counters": ("test_limit_classes", "test_limits"),
    "core/limits/counting": (
        "test_limits",
        "test_limit_classes",
        "test_site_limits",
        "test_challenge_tickets",
    ),
    "core/limits/requesters": ("test_limits", "test_limit_classes"),
    "domain/notifications/delivery": ("test_delivery", "test_broadcast_lane", "test_chunks"),
    "domain/notifications/outbox": ("test_outbox", "test_delivery", "test_choices"),
    "domain/notifications/outcomes": ("../unit/test_outcomes",),
    "domain/cases/access/sql": ("test_scopes", "test_access", "test_summed_counts", "test_copied_columns"),
}
COPIED = ("src", "tests", "plugins", "examples", "benchmarks", "docs", "pyproject.toml", "assets")
#: A decorator that is missing says nothing of what the code does, nor does a comparison that only asks in other words.
LEFT_OUT = (
    "core/RemoveDecorator",
    "core/ReplaceComparisonOperator_Is_Eq",
    "core/ReplaceComparisonOperator_IsNot_NotEq",
    "core/ReplaceComparisonOperator_Eq_Is",
    "core/ReplaceComparisonOperator_NotEq_IsNot",
)
#: Seconds of the processor, and of waiting, after which a run of the tests is taken for one that does not end.
MOST_WORK, MOST_WAITING = 200, 1800
#: Calls a function when a module is imported.
IMPORT = "import"
SQLITE, POSTGRESQL = "[sqlite", "[postgresql"
Codes = Iterable[tuple[CodeType, CodeType]]
OPTIONS = ("-q", "-x", "--assert=plain", "--civic-db", "both")


class _WithoutHints(ast.NodeTransformer):
    """Takes type hints out of a module, and whether arguments go by name or by place: nothing is done by them."""

    def visit_If(self, node: ast.If) -> ast.AST:
        return ast.Pass() if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
        node.defaults = [*node.defaults, *filter(None, node.kw_defaults)]
        node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


class Trial:
    """A plugin of pytest that tries the changes in place of running the tests once.

    :param most: how many changes are tried, chosen at random but the same each time; all if None.
    :param is_for_both: try on PostgreSQL what no test notices on SQLite.
    """

    def __init__(self, module: str, path: Path, most: int | None, is_for_both: bool, out: TextIO) -> None:
        self._module, self._path, self._is_for_both, self._out = module, path, is_for_both, out
        self._source = path.read_text(encoding="utf-8")
        self._functions = [
            node for node in ast.walk(ast.parse(self._source)) if isinstance(node, ast.FunctionDef)
        ]
        self._found = changes(self._source)
        if most and most < len(self._found):
            self.chosen = random.Random(0).sample(self._found, most)
        else:
            self.chosen = self._found
        self._now = IMPORT
        self._failed: pytest.TestReport | None = None
        #: Tests that pass in a fork, and such as need a process of their own.
        self._sound: set[str] = set()
        self._alone: set[str] = set()
        #: How many changes each test has noticed in each function, and under None in all of them.
        self._noticed: Counter[tuple[ast.FunctionDef | None, str]] = Counter()
        self._is_postgresql_ready = False
        self._callers: dict[int, set[str]] = {}
        self._seconds: dict[str, float] = {}
        self.survived: list[str] = []
        threading.settrace(self._note)
        sys.settrace(self._note)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how long each test takes."""
        if POSTGRESQL not in report.nodeid:
            self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0) + report.duration
        self._failed = report if report.failed else self._failed

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Note which test runs now; what makes a site, which many tests use, belongs to all of them."""
        self._now = item.nodeid
        try:
            return (yield)
        finally:
            self._now = ""

    def pytest_internalerror(self, excrepr: object) -> None:
        """Print what went wrong with the trial itself."""
        self._out.write(f"{excrepr}\n")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests once, and then for each change."""
        began = time.monotonic()
        self._items = {item.nodeid: item for item in session.items}
        self._now = ""
        self._prepare([item for item in session.items if POSTGRESQL not in item.nodeid])
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]  # None ends tracing, which the stub omits
        self._out.write(
            f"{self._module}: {len(self._items)} tests, {len(self.chosen)} changes to try of {len(self._found)}\n"
        )
        for number, changed in enumerate(self.chosen, 1):
            if not self._notices(changed):
                self.survived.append(changed)
                self._print(changed)
            if number % 10 == 0 or number == len(self.chosen):
                self._out.write(
                    f"{self._module}: {number - len(self.survived)} of {number} changes noticed,"
                    f" {len(self.survived)} not; {(time.monotonic() - began) / 60:.1f} minutes\n"
                )
        return True

    def _prepare(self, items: Iterable[pytest.Item]) -> None:
        """Run tests without a change: what they import and assemble stays for the forks."""
        self._run(items)
        if self._failed:
            self._out.write(f"{self._failed.longreprtext}\nthe tests fail without a change\n")
            os._exit(1)
        # A fork must not write through the connections of another one.
        for engine in gc.get_objects():
            if isinstance(engine, Engine):
                engine.dispose()
        gc.unfreeze()
        made = gc.get_objects()
        # Looked up once, for a fork that goes through all objects gets a copy of each.
        self._own = [one for one in made if isinstance(one, FunctionType) and self._is_own(one.__code__)]
        self._caches = [one for one in made if isinstance(one, _lru_cache_wrapper)]
        del made
        gc.freeze()

    def _is_own(self, code: CodeType) -> bool:
        return code.co_filename == str(self._path)

    def _note(self, frame: Any, event: str, _argument: object) -> None:
        if event == "call" and self._is_own(frame.f_code):
            self._callers.setdefault(frame.f_code.co_firstlineno, set()).add(self._now)

    def _run(self, items: Iterable[pytest.Item]) -> None:
        """Run tests until one fails; what lives as long as the session stays for the next ones."""
        for item in items:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=item.session)
            if self._failed:
                return

    def _function_of(self, changed: str) -> ast.FunctionDef | None:
        """Return the innermost function that is changed; None for what is around functions."""
        pairs = zip_longest(self._source.splitlines(), changed.splitlines())
        line = next(number for number, (one, other) in enumerate(pairs, 1) if one != other)
        around = [node for node in self._functions if _begin(node) <= line <= (node.end_lineno or 0)]
        return max(around, key=_begin, default=None)

    def _callers_of(self, function: ast.FunctionDef | None) -> set[str]:
        """Return what calls a function: the names of tests, and "" for what all of them share."""
        is_plain = function and not function.decorator_list
        return self._callers.get(_begin(function), set()) if is_plain else {""}

    def _notices(self, changed: str) -> bool:
        """Return whether a test fails with the changed module, on SQLite or on PostgreSQL."""
        self._changed = self._function_of(changed)
        callers = self._callers_of(self._changed)
        every = sorted(self._seconds, key=self._rank)
        tests = every if callers & {"", IMPORT} else [name for name in every if name in callers]
        others = [name.replace(SQLITE, POSTGRESQL) for name in tests if SQLITE in name and self._is_for_both]
        codes = _new_codes(*(compile(text, str(self._path), "exec") for text in (self._source, changed)))
        if codes is None or IMPORT in callers:
            # What was made of it at import stays in a fork as it was.
            values = _new_values(ast.parse(self._source), ast.parse(changed))
            directly = tests if codes is None else [name for name in tests if name in callers]
            if (codes or values) and self._fails_in_fork(directly, codes or (), values):
                return True
            return not (self._passes_anew(tests, changed) and self._passes_anew(others, changed))
        if not self._passes(tests, changed, codes):
            return True
        if others and not self._is_postgresql_ready:
            self._prepare(item for name, item in self._items.items() if POSTGRESQL in name)
            self._is_postgresql_ready = True
        return not self._passes(others, changed, codes)

    def _rank(self, test: str) -> tuple[float, ...]:
        """Order tests: first those that have noticed most in this function, then in all, then the quick ones."""
        return -self._noticed[self._changed, test], -self._noticed[None, test], self._seconds[test]

    def _fails_in_fork(self, tests: list[str], codes: Codes, values: Iterable[ast.Assign] = ()) -> bool:
        """Return whether a test fails in a fork with the change that passes in one without it."""
        while failed := self._failing([name for name in tests if name not in self._alone], codes, values):
            if failed in self._sound or not self._failing([failed], ()):
                self._sound.add(failed)
                self._noticed.update({(self._changed, failed), (None, failed)})
                return True
            # For instance a server of the tests does not answer in a fork.
            self._alone.add(failed)
        return False

    def _passes(self, tests: list[str], changed: str, codes: Codes) -> bool:
        """Run tests in forks with the change, and in a new process those that fail in any fork."""
        if self._fails_in_fork(tests, codes):
            return False
        return self._passes_anew([name for name in tests if name in self._alone], changed)

    def _failing(self, tests: list[str], codes: Codes, values: Iterable[ast.Assign] = ()) -> str:
        """Run tests in a fork, and return the name of the first one that fails or does not end, if any does."""
        receive, send = os.pipe()
        child = os.fork()
        if child:
            os.close(send)
            with os.fdopen(receive) as names:
                *_before, last = ["", *names.read().splitlines()]
            return "" if os.waitpid(child, 0)[1] == 0 else last
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (MOST_WORK, MOST_WORK))
            signal.alarm(MOST_WAITING)
            os.write(send, "".join(f"{name}\n" for name in tests[:1]).encode())
            for old, new in codes:
                for one in self._own:
                    if one.__code__ == old:
                        one.__code__ = new
            for cache in self._caches if codes else ():
                cache.cache_clear()
            for assign in values:
                self._assign(assign)
            for name in tests:
                os.write(send, f"{name}\n".encode())
                self._run([self._items[name]])
                if self._failed:
                    os._exit(1)
            os._exit(0)
        finally:
            # A fork never goes on as its parent does.
            os._exit(1)

    def _assign(self, assign: ast.Assign) -> None:
        """Give a name of the module another value, in the modules too that have imported it."""
        own = vars(sys.modules[f"civicportal.{self._module.replace('/', '.')}"])
        name, code = assign.targets[0].id, compile(ast.Expression(assign.value), "", "eval")
        old, new = own[name], eval(code, own)
        for one in list(sys.modules.values()):
            if getattr(one, "__dict__", {}).get(name) is old:
                setattr(one, name, new)

    def _passes_anew(self, tests: list[str], changed: str) -> bool:
        """Run tests in a new process with the changed module."""
        if not tests:
            return True
        self._path.write_text(changed, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", *OPTIONS, *tests]
        try:
            made = subprocess.run(command, stdout=subprocess.DEVNULL, timeout=MOST_WAITING, check=False)
            return made.returncode == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            self._path.write_text(self._source, encoding="utf-8")

    def _print(self, changed: str) -> None:
        texts = (self._source.splitlines(), changed.splitlines())
        lines = difflib.unified_diff(*texts, self._module, n=2, lineterm="")
        self._out.write("\n".join([*lines, "", ""]))


def _begin(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(one.lineno for one in function.decorator_list)])


def _new_codes(old: CodeType, new: CodeType) -> list[tuple[CodeType, CodeType]] | None:
    """Return old and new code of each changed function, None if code around the functions has changed too."""
    if old.co_flags & inspect.CO_OPTIMIZED:
        return [] if old == new else [(old, new)]
    plain, inner = zip(*map(_parts, (old, new)), strict=True)
    if plain[0] != plain[1]:
        return None
    found = [_new_codes(*pair) for pair in zip(*inner, strict=True)]
    return None if None in found else [pair for pairs in found for pair in pairs or ()]


def _new_values(old: ast.Module, new: ast.Module) -> list[ast.Assign]:
    """Return the assignments that change; none when anything else of the module does."""
    pairs = zip(old.body, new.body, strict=True)
    found = [after for before, after in pairs if ast.dump(before) != ast.dump(after)]
    are_plain = all(isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) for one in found)
    return found if are_plain else []


def _parts(code: CodeType) -> tuple[object, list[CodeType]]:
    """Return what a module or class does by itself, and the code of the functions and classes in it."""
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    constants = [one for one in code.co_consts if not isinstance(one, CodeType)]
    return (code.co_code, code.co_names, constants), inner


def changes(source: str) -> list[str]:
    """Return a module in each of its changed forms, without those that are no Python or do what another one does."""
    known, found = {_meaning(source), None}, []
    for name in cosmic_ray.plugins.operator_names():
        operator = cosmic_ray.plugins.get_operator(name)
        if name in LEFT_OUT or operator.arguments():
            continue
        for number in count():
            changed = mutate_code(source, operator(), number)
            if changed is None:
                break
            meaning = _meaning(changed)
            if meaning not in known:
                known.add(meaning)
                found.append(changed)
    return found


def _meaning(source: str) -> str | None:
    """Return a text that is the same for code that does the same; None for what is no Python, or orders texts."""
    try:
        with warnings.catch_warnings(action="error"):
            compile(source, "", "exec")
    except SyntaxError:
        return None
    tree = _WithoutHints().visit(ast.parse(source))
    compared = (node for node in ast.walk(tree) if isinstance(node, ast.Compare))
    return None if any(_orders_texts(node) for node in compared) else ast.dump(tree)


def _orders_texts(node: ast.Compare) -> bool:
    is_order = any(isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for operator in node.ops)
    values = (node.left, *node.comparators)
    return is_order and any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in values)


def run(module: str, folder: Path, most: int | None, *, is_for_both: bool) -> int:
    """Try the changes of a module in a copy of the tree, and print those that its tests do not notice.

    :returns: 0 when 85 % and more are noticed.
    """
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, symlinks=True)
        else:
            shutil.copy(ROOT / name, folder / name)
    os.chdir(folder)
    # Before the tree itself, to which the installed packages point.
    sources = [
        str(one) for one in (folder / "src", *folder.glob("plugins/*/src"), *folder.glob("examples/*/src"))
    ]
    sys.path[:1] = sources
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONPATH": os.pathsep.join(sources), "PYTHONDONTWRITEBYTECODE": "1"}
    # The same each time, and a test that fails need not find its simplest example.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None, phases=phases)
    hypothesis.settings.load_profile("mutants")
    out = os.fdopen(os.dup(1), "w", buffering=1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    trial = Trial(module, folder / f"src/civicportal/{module}.py", most, is_for_both, out)
    failed = pytest.main([*OPTIONS, *(f"tests/integration/{name}.py" for name in TESTS[module])], [trial])
    return 1 if failed or len(trial.survived) > 0.15 * len(trial.chosen) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", choices=TESTS, metavar="MODULE", help=", ".join(TESTS))
    parser.add_argument(
        "most", nargs="?", type=int, help="how many changes are tried; all of them by default"
    )
    parser.add_argument(
        "--both", action="store_true", help="try on PostgreSQL what no test notices on SQLite"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        sys.exit(run(arguments.module, Path(made), arguments.most, is_for_both=arguments.both))
