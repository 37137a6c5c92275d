"""CPU time of an idle worker."""

import os
import subprocess
import sys
import time

from benchmarks.run import proc
from benchmarks.run.serving import SITE

SETTLE = 60.0
"""Seconds for starting, and for the jobs that are due at once."""


def cost(database: str, seconds: float) -> float:
    """Return the CPU time of an idle worker, in milliseconds a second.

    :raises RuntimeError: when it has ended in the meantime.
    """
    environment = {**os.environ, "BENCH_DATABASE_URL": database, "CIVICPORTAL_LOG": "WARNING"}
    worker = subprocess.Popen([sys.executable, "-m", "civicportal.portal.worker", str(SITE)], env=environment)
    try:
        time.sleep(SETTLE)
        before = proc.cpu_ms(worker.pid)
        time.sleep(seconds)
        used = proc.cpu_ms(worker.pid) - before
        if worker.poll() is not None:
            raise RuntimeError(f"the worker ended with {worker.returncode}")
    finally:
        worker.terminate()
        worker.wait()
    return used / seconds
