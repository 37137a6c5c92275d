"""Mutation testing: changes a module of the portal in many small ways and tells which changes its tests do not notice.

``make mutants MODULE=notifications/outcomes``. The changes are made in a copy, never in the tree that one works on.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome

ROOT = Path(__file__).parent.parent
#: The tests that belong to each module.
TESTS = {
    "access": ("tests/integration/test_access.py", "tests/integration/test_scope_matrix.py"),
    "accounts/otp": ("tests/integration/test_accounts_codes.py",),
    "accounts/rights": ("tests/integration/test_rights_scope.py", "tests/integration/test_roles.py"),
    "accounts/sessions": (
        "tests/integration/test_accounts_identity.py",
        "tests/integration/test_accounts_pages.py",
    ),
    "limits/challenges": ("tests/integration/test_site_limits.py",),
    "limits/counting": ("tests/integration/test_limits.py", "tests/integration/test_limit_classes.py"),
    "limits/requesters": ("tests/integration/test_limits.py", "tests/integration/test_limit_classes.py"),
    "notifications/outbox": ("tests/integration/test_outbox.py", "tests/integration/test_delivery.py"),
    "notifications/outcomes": ("tests/unit/test_outcomes.py",),
}
COPIED = ("src", "tests", "plugins", "examples", "benchmarks", "docs", "pyproject.toml", "assets")
#: Type hints are not evaluated, and a decorator that is missing says nothing of what the code does.
LEFT_OUT = "core/(RemoveDecorator|ReplaceBinaryOperator_BitOr_.*)"


def run(module: str, folder: Path) -> int:
    """Try the changes of a module in a copy of the tree, and print those that its tests do not notice.

    :returns: 0 when 85 % and more are noticed.
    """
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, symlinks=True)
        else:
            shutil.copy(ROOT / name, folder / name)
    tests = " ".join(TESTS[module])
    config, session = folder / "mutants.toml", folder / "mutants.sqlite"
    config.write_text(
        f"""[cosmic-ray]
module-path = "src/civicportal/{module}.py"
timeout = 120.0
excluded-modules = []
test-command = "{sys.executable} -m pytest -q -x --civic-db sqlite {tests}"
[cosmic-ray.distributor]
name = "local"
[cosmic-ray.filters.operators-filter]
exclude-operators = ["{LEFT_OUT}"]
""",
        encoding="utf-8",
    )
    # Before the tree itself, to which the installed package points.
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    programs = Path(sys.executable).parent
    for command in (
        ("cosmic-ray", "baseline", str(config)),
        ("cosmic-ray", "init", str(config), str(session)),
        ("cr-filter-operators", str(session), str(config)),
        ("cosmic-ray", "exec", str(config), str(session)),
    ):
        subprocess.run([programs / command[0], *command[1:]], cwd=folder, env=environment, check=True)
    return report(module, session)


def report(module: str, session: Path) -> int:
    """Print how many changes were noticed, and each that was not."""
    killed, survived = 0, []
    with use_db(session, WorkDB.Mode.open) as database:
        for _job, result in database.completed_work_items:
            killed += result.test_outcome in (TestOutcome.KILLED, TestOutcome.INCOMPETENT)
            if result.test_outcome == TestOutcome.SURVIVED:
                survived.append(result.diff)
    for diff in survived:
        print(diff, end="\n\n")
    total = killed + len(survived)
    print(f"{module}: {killed} of {total} changes noticed, {len(survived)} not")
    return 0 if total and killed >= 0.85 * total else 1


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in TESTS:
        sys.exit(f"MODULE is one of {', '.join(TESTS)}")
    with tempfile.TemporaryDirectory() as made:
        sys.exit(run(sys.argv[1], Path(made)))
