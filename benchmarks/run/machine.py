"""The environment of a run: Python and its build, the database, the processor, the commit."""

import os
import platform
import subprocess
import sysconfig
from pathlib import Path

from sqlalchemy import Connection, text

ROOT = Path(__file__).parents[2]
_FLAGS = {
    "PGO": ("--enable-optimizations", "-fprofile-use", "-fprofile-instr-use"),
    "LTO": ("--with-lto", "-flto"),
}


def describe(connection: Connection) -> dict[str, str]:
    """Return the versions by name."""
    return {
        "Python": python(),
        "database": database(connection),
        "processor": f"{os.cpu_count()} × {_processor()}",
        "commit": commit(ROOT),
    }


def python() -> str:
    """Return version and build, and whether it was compiled with profiles (PGO) and at link time (LTO)."""
    words = " ".join(
        str(sysconfig.get_config_var(name) or "") for name in ("CONFIG_ARGS", "PY_CFLAGS", "PY_CORE_CFLAGS")
    )
    found = [name for name, marks in _FLAGS.items() if any(mark in words for mark in marks)]
    build = " + ".join(found) or ("neither PGO nor LTO" if words.strip() else "flags unknown")
    number, day = platform.python_build()
    return f"{platform.python_version()} ({number}, {day}, {platform.python_compiler()}; {build})"


def database(connection: Connection) -> str:
    """Return the version of the database, and whether it syncs to disk."""
    if connection.dialect.name == "sqlite":
        return f"SQLite {connection.scalar(text('SELECT sqlite_version()'))}"
    version, fsync = (connection.scalar(text(f"SHOW {name}")) for name in ("server_version", "fsync"))
    return f"PostgreSQL {version}, fsync {fsync}"


def commit(root: Path) -> str:
    """Return the commit of a working tree, marked if it has changes; empty outside of one."""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
