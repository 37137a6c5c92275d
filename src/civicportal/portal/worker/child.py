"""The worker as a child of the web server: started with it, restarted when it dies, stopped with it."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

from civicportal.portal.worker.process import STOP_SECONDS

log = logging.getLogger(__name__)

RESTART_SECONDS = 2.0


class WorkerChild:
    """Keep one worker process running.

    :param path: the site's file.
    """

    def __init__(self, path: Path) -> None:
        self.command = [
            sys.executable,
            "-m",
            "civicportal.portal.worker",
            str(path),
            "--parent",
            str(os.getpid()),
        ]
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.process = self._start()
        self._watcher = threading.Thread(name="worker-child", target=self._watch, daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Let the worker finish what it is doing, then stop it."""
        with self._lock:
            self._stopping.set()
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS + 2)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._watcher.join()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self.command)

    def _watch(self) -> None:
        while True:
            code = self.process.wait()
            self._stopping.wait(RESTART_SECONDS)
            with self._lock:
                if self._stopping.is_set():
                    return
                log.error("the worker ended with %s and is started again", code)
                self.process = self._start()
