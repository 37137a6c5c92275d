"""What large blocks leave behind: nothing, on Linux with glibc."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from pathlib import Path
from civicportal.core.serving import heap

if sys.argv[1] == "ours":
    heap.use_one_heap()
page = 4096

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * page

before, kept = held(), []
for size in (1, 2, 3, 4, 5, 6) * 3:
    block = bytearray(size * 1024 * 1024)
    kept.append(bytearray(100_000))
    del block
if sys.argv[1] == "given back":
    heap.give_back()
print(held() - before - sum(map(len, kept)))
"""


def left(how):
    """Return how many bytes a process holds more than it needs after large blocks came and went between small ones."""
    run = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, check=True)
    return int(run.stdout)


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or os.sysconf("SC_PAGE_SIZE") != 4096, reason="another allocator"
)
def test_large_blocks_go_back_to_the_machine():
    usual = left("usual")
    assert usual > 1024 * 1024, "glibc gives them back by itself"
    assert left("ours") < usual / 2
    assert left("given back") < usual / 2
