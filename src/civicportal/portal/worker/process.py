"""The worker: threads of messages, webhooks, jobs and exports."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from civicportal.core.jobs import JOB_LANES
from civicportal.core.serving.stopping import StopRequest
from civicportal.domain.exports.running import make_next
from civicportal.domain.notifications.delivery import LANES, SEND_TIMEOUT, deliver_once
from civicportal.domain.webhooks import delivery as webhooks
from civicportal.portal.worker.heartbeat import BEAT_SECONDS, Heartbeat
from civicportal.portal.worker.jobs import JobRunner

if TYPE_CHECKING:
    from civicportal.core.site import Site

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
JOB_POLL_SECONDS = 5.0
DEMO_JOB_POLL_SECONDS = 1.0
"""Interval for demo phones, whose users wait for an answer."""
EXPORT_POLL_SECONDS = 1.0
WEBHOOK_POLL_SECONDS = 1.0
AFTER_ERROR_SECONDS = 5.0
STUCK_SECONDS = 180.0
"""No message takes this long: its lease has expired, and the transport will not return."""
STOP_SECONDS = 10.0


class Worker:
    """Run the lanes until told to stop.

    :param parent: process id of the server that started it; the worker stops when it is gone.
    """

    def __init__(self, site: "Site", parent: int | None = None) -> None:
        self.site = site
        self.parent = parent
        self.stop = threading.Event()
        self.lanes: dict[str, Callable[[], bool]] = {
            lane: partial(deliver_once, site, lane) for lane in LANES
        }
        for number in range(1, webhooks.THREADS + 1):
            self.lanes[f"webhooks-{number}"] = partial(webhooks.deliver_once, site)
        names = (*self.lanes, *(f"jobs-{lane}" for lane in JOB_LANES), "exports")
        self.heartbeat = Heartbeat(site, names)
        self._begun: dict[str, float] = {}
        self.jobs = JobRunner(site, worker_id=self.heartbeat.id)

    def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        The current work is finished within ten seconds.
        """
        asked = StopRequest(signal.SIGTERM, signal.SIGINT)
        # A fallback for transports of plugins, which should set their own timeout.
        socket.setdefaulttimeout(SEND_TIMEOUT)
        threads = [self._thread("heartbeat", BEAT_SECONDS, self.heartbeat.beat)]
        for lane in self.lanes:
            pause = POLL_SECONDS if lane in LANES else WEBHOOK_POLL_SECONDS
            threads.append(self._thread(lane, pause, partial(self._drain, lane)))
        pause = DEMO_JOB_POLL_SECONDS if self.site.is_demo else JOB_POLL_SECONDS
        threads += [self._thread(f"jobs-{one}", pause, partial(self.jobs.run_due, one)) for one in JOB_LANES]
        threads.append(self._thread("exports", EXPORT_POLL_SECONDS, self._export))
        log.info("worker of %s started, transport %s", self.site.short_name, self.site.transport)
        while not asked.wait(1):
            if self.parent is not None and os.getppid() != self.parent:
                log.warning("the server is gone")
                break
            if stuck := self._stuck():
                log.error("the transport hangs in the lane %s: the worker ends, to be started again", stuck)
                break
        self.stop.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._end()
        log.info("worker stopped")

    def run_once(self) -> None:
        """Send everything that is due now, run the due jobs, and return."""
        self.heartbeat.beat()
        for lane in self.lanes:
            self._drain(lane)
        self.jobs.run_due()
        self._export()
        self._end()

    def _end(self) -> None:
        try:
            self.heartbeat.end()
        except Exception:
            log.exception("the end of the worker could not be written down")

    def _drain(self, lane: str) -> None:
        is_more = True
        while is_more and not self.stop.is_set():
            self._begun[lane] = time.monotonic()
            try:
                is_more = self.lanes[lane]()
            finally:
                del self._begun[lane]

    def _stuck(self) -> str | None:
        """Return the lane whose message takes too long, if any.

        Threads cannot be killed.
        """
        late = time.monotonic() - STUCK_SECONDS
        return next((lane for lane, begun in list(self._begun.items()) if begun < late), None)

    def _export(self) -> None:
        while not self.stop.is_set() and make_next(self.site, self.stop):
            pass

    def _thread(self, name: str, pause: float, what: Callable[[], object]) -> threading.Thread:
        # Daemon threads: a hanging provider call does not keep the process from ending; its lease expires.
        thread = threading.Thread(name=name, target=self._repeat, args=(name, pause, what), daemon=True)
        thread.start()
        return thread

    def _repeat(self, name: str, pause: float, what: Callable[[], object]) -> None:
        while not self.stop.is_set():
            wait = pause
            try:
                what()
            except Exception:
                log.exception("the lane %s failed and goes on", name)
                wait = AFTER_ERROR_SECONDS
            self.stop.wait(wait)
