"""A piece of Python in a process of its own, with what it has used."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Used:
    """What a process has used.

    :ivar cpu: seconds.
    :ivar memory: the most, in MB.
    """

    seconds: float
    cpu: float
    memory: float
    output: str


def run(arguments: list[str], environment: Mapping[str, str]) -> Used:
    """Run Python with some arguments.

    :raises RuntimeError: with its output when it fails.
    """
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *arguments], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(output)
    return Used(
        seconds=time.monotonic() - began,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=usage.ru_maxrss / 1024,
        output=output,
    )
