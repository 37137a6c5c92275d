"""An S3-compatible service on loopback: moto's server in a process of its own."""

import itertools
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from portal import READY, free_port


class S3Service:
    """A service that keeps its buckets in memory, and takes every key of access.

    :param log: file for what it says.
    """

    def __init__(self, log: Path) -> None:
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        self._numbers = itertools.count(1)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                stdout=output,
                stderr=output,
            )
        self._wait()

    def new_bucket(self) -> dict[str, str]:
        """Make an empty bucket.

        :returns: the table ``[s3]`` of a site that keeps its pictures there.
        """
        name = f"pictures-{next(self._numbers)}"
        urlopen(Request(f"{self.endpoint}/{name}", method="PUT"), timeout=READY).close()
        return {"bucket": name, "endpoint": self.endpoint, "access_key": "a key", "secret_key": "its secret"}

    def close(self) -> None:
        """Stop the service."""
        self._process.kill()
        self._process.wait()

    def _wait(self) -> None:
        ends = time.monotonic() + READY
        while True:
            try:
                urlopen(self.endpoint, timeout=2).close()
                return
            except (URLError, OSError):
                assert time.monotonic() < ends, "the service of buckets does not answer"
                time.sleep(0.05)
