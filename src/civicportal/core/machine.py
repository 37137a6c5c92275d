"""Available CPU cores and memory, within the limits of containers."""

import os
from collections.abc import Iterator
from math import ceil
from pathlib import Path

ROOT = Path("/")


def cores(root: Path = ROOT) -> int:
    """Return the number of available cores.

    :param root: of the file system with these data.
    """
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = (file.read_text().split() for file in _files("cpu.max", root))
    return min([own, *(ceil(int(quota) / int(period)) for quota, period in quotas if quota != "max")])


def memory_mb(root: Path = ROOT) -> float:
    """Return the available memory in MiB.

    :param root: of the file system with these data.
    """
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = (file.read_text().strip() for file in _files("memory.max", root))
    return min([most, *(int(limit) for limit in limits if limit != "max")]) / 2**20


def _files(name: str, root: Path) -> Iterator[Path]:
    """Yield a file of this process's control group, and of its ancestors.

    The tree is that of version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html.
    """
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    tree = root / "sys/fs/cgroup"
    for group in (line.removeprefix("0::/") for line in groups if line.startswith("0::/")):
        for folder in (tree / group, *(tree / group).parents):
            if folder.is_relative_to(tree) and (folder / name).is_file():
                yield folder / name
