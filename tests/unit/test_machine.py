import os

import pytest

from civicportal.core import machine


@pytest.fixture
def tree(tmp_path):
    """Write what a system says of the control groups of this process: files by their place in the tree."""

    def write(group, **files):
        (tmp_path / "proc/self").mkdir(parents=True)
        (tmp_path / "proc/self/cgroup").write_text(f"12:pids:/\n0::{group}\n")
        for place, text in files.items():
            *folders, name, suffix = place.split("_")
            folder = tmp_path.joinpath("sys/fs/cgroup", *folders)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.{suffix}").write_text(text)
        return tmp_path

    return write


@pytest.fixture(autouse=True)
def four_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2, 3}, raising=False)


def test_a_container_has_its_quota(tree):
    root = tree("/", cpu_max="150000 100000\n", memory_max=f"{512 * 2**20}\n")
    assert (machine.cores(root), machine.memory_mb(root)) == (2, 512)


def test_the_narrowest_of_the_groups_around_counts(tree):
    root = tree(
        "/city/portal",
        city_cpu_max="100000 100000",
        city_portal_cpu_max="300000 100000",
        city_memory_max="max",
        city_portal_memory_max=str(256 * 2**20),
    )
    assert (machine.cores(root), machine.memory_mb(root)) == (1, 256)


@pytest.mark.parametrize("files", [{}, {"cpu_max": "max 100000", "memory_max": "max"}])
def test_without_a_limit_it_is_the_machine(tree, tmp_path, files):
    root = tree("/", **files)
    assert machine.cores(root) == machine.cores(tmp_path / "none") == 4
    assert machine.memory_mb(root) == machine.memory_mb(tmp_path / "none") > 512
