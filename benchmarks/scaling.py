"""Scaling by processes, and the cost of a bucket: messages by several workers, pictures from a folder and from S3."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import URLError
from urllib.request import Request as Ask
from urllib.request import urlopen

from PIL import Image
from sqlalchemy import delete, func, select

from benchmarks.run import proc
from benchmarks.run.client import Client, Request
from benchmarks.run.serving import SITE, Server, free_port
from civicportal.core.crypto import token_hash
from civicportal.core.site import Site
from civicportal.core.storage import process_image
from civicportal.domain.accounts.models import User
from civicportal.domain.accounts.sessions import SessionService
from civicportal.domain.cases.attachments import AttachmentService, PictureFiles
from civicportal.domain.cases.models import Attachment
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.testing.sms_simulator import API_KEY, LINE, SmsSimulator

WORKERS = (1, 2, 4)
MESSAGES = 40
"""For each worker."""
LATENCY = 0.1
"""Seconds that the provider takes for a message."""
PICTURES = 40
PATIENCE = 120.0
KIND = "bench.scaling"
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Figures:
    """CPU and elapsed milliseconds of one way to store pictures, of the web server's process."""

    put_cpu: float
    put: float
    get_cpu: float
    get: float
    unchanged_cpu: float


def compare(folder: Path, progress: Progress) -> str:
    """Measure on the database that ``BENCH_DATABASE_URL`` names, and return two tables in Markdown.

    What it writes into the database is deleted in the end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rates = {number: _messages(folder, number, progress) for number in WORKERS}
    pictures = {"a folder": _pictures(_site(folder), folder)}
    progress("pictures from a folder")
    with _s3(folder) as bucket:
        pictures["S3"] = _pictures(_site(folder, bucket), folder)
    progress("pictures from S3")
    return f"{_messages_table(rates)}\n\n{_pictures_table(pictures)}"


# -- messages -----------------------------------------------------------------------------------------------


class Slow(SmsSimulator):
    """A provider with the latency of a remote one."""

    def serve(self, handler: Any, body: Any) -> None:
        """Answer one request later."""
        threading.Event().wait(LATENCY)
        super().serve(handler, body)


def _messages(folder: Path, number: int, progress: Progress) -> tuple[float, float]:
    """Return the messages per second of some workers, and their CPU time per message in milliseconds."""
    provider = Slow(folder / "ledger.jsonl")
    table = (
        f'[plugins.sms_ir]\napi_key = {{ env = "BENCH_KEY" }}\nline = "{LINE}"\nbase_url = "{provider.url}"\n'
    )
    os.environ["BENCH_KEY"] = API_KEY
    site = _site(folder, table, transport="sms_ir")
    workers = [_Worker(site.path, folder / f"worker{index}.log") for index in range(number)]
    try:
        for worker in workers:
            worker.wait()
        before = sum(worker.cpu_ms for worker in workers)
        _promise(site, MESSAGES * number)
        rate = _rate(site)
        cpu = (sum(worker.cpu_ms for worker in workers) - before) / (MESSAGES * number)
    finally:
        for worker in workers:
            worker.stop()
        provider.close()
        with site.work() as work:
            work.session.execute(delete(OutboxMessage).where(OutboxMessage.kind == KIND))
        site.engines.dispose()
    progress(f"{number} workers: {rate:.1f} messages a second, {cpu:.1f} ms of CPU each")
    return rate, cpu


class _Worker:
    def __init__(self, path: Path, log: Path) -> None:
        self._log = log
        command = [sys.executable, "-m", "civicportal", "--site", str(path), "worker"]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)

    def wait(self) -> None:
        ends = time.monotonic() + PATIENCE
        while "started" not in self._log.read_text():
            if time.monotonic() > ends or self._process.poll() is not None:
                raise RuntimeError(f"the worker did not start; see {self._log}")
            time.sleep(0.2)

    @property
    def cpu_ms(self) -> float:
        return proc.cpu_ms(self._process.pid)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


def _promise(site: Site, number: int) -> None:
    with site.work() as work:
        now = work.clock.now()
        work.session.add_all(
            OutboxMessage(
                event_key=f"{KIND}:{index}",
                kind=KIND,
                recipient=f"+98900{index:07d}",
                text=f"message {index}",
                created_at=now,
                next_at=now,
            )
            for index in range(number)
        )


def _rate(site: Site) -> float:
    ours = OutboxMessage.kind == KIND
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with site.work(write=False) as work:
            sent, first, last, all_ = work.session.execute(
                select(
                    func.count(OutboxMessage.sent_at),
                    func.min(OutboxMessage.sent_at),
                    func.max(OutboxMessage.sent_at),
                    func.count(),
                ).where(ours)
            ).one()
        if first is not None and last is not None and sent == all_:
            return float((sent - 1) / (last - first).total_seconds())
        time.sleep(0.5)
    raise RuntimeError(f"only {sent} of {all_} messages went out")


# -- pictures -----------------------------------------------------------------------------------------------


def _pictures(site: Site, folder: Path) -> Figures:
    image = process_image(_photo())
    put, keys = _timed(lambda: PictureFiles(site).put(image))
    with site.work() as work:
        citizen = work.session.scalars(select(User).where(User.username.is_(None)).limit(1)).one()
        token = work.get(SessionService).open("citizen", citizen)
        for key in keys:
            work.get(AttachmentService).add(key, image, token_hash(token))
    command = [sys.executable, "-m", "civicportal", "--site", str(site.path), "serve", "--no-worker"]
    command += ["--processes", "1", "--port", "{port}"]
    server = Server(command, os.environ["BENCH_DATABASE_URL"], folder / "pictures.log")
    try:
        client = Client(server.wait().port, site.cookie_name, connections=1)
        get = _asked(server, client, lambda n: Request(f"/attachments/{keys[n % PICTURES]}", token), 200)
        tags = {key: {"If-None-Match": f'"{key}"'} for key in keys}
        unchanged = _asked(
            server,
            client,
            lambda n: Request(f"/attachments/{keys[n % PICTURES]}", token, None, tags[keys[n % PICTURES]]),
            304,
        )
    finally:
        server.stop()
        with site.work() as work:
            work.session.execute(delete(Attachment).where(Attachment.key.in_(keys)))
        PictureFiles(site).drop(keys)
        site.engines.dispose()
    return Figures(put_cpu=put[0], put=put[1], get_cpu=get[0], get=get[1], unchanged_cpu=unchanged[0])


def _photo() -> bytes:
    """Return a phone-sized picture of noise, the hardest to compress."""
    target = BytesIO()
    Image.effect_noise((1600, 1200), 40).convert("RGB").save(target, "JPEG", quality=70)
    return target.getvalue()


def _timed(what: Callable[[], str]) -> tuple[tuple[float, float], list[str]]:
    what()
    keys, clock, cpu = [], [], time.process_time()
    for _ in range(PICTURES):
        began = time.perf_counter()
        keys.append(what())
        clock.append((time.perf_counter() - began) * 1000)
    return ((time.process_time() - cpu) * 1000 / PICTURES, median(clock)), keys


def _asked(
    server: Server, client: Client, make: Callable[[int], Request], expected: int
) -> tuple[float, float]:
    client.measure(make, expected, seconds=10, most=PICTURES)
    before = server.cpu_ms
    measured = client.measure(make, expected, seconds=30, most=5 * PICTURES)
    if measured.errors:
        raise RuntimeError(measured.errors[0])
    return (server.cpu_ms - before) / len(measured.latencies), measured.percentile(50)


@contextmanager
def _s3(folder: Path) -> Iterator[str]:
    """Yield the table ``[s3]`` of a bucket on loopback: moto's server."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                urlopen(Ask(f"http://127.0.0.1:{port}/pictures", method="PUT"), timeout=5).close()
                break
            except (URLError, OSError):
                if time.monotonic() > ends:
                    raise
                time.sleep(0.2)
        os.environ["BENCH_S3"] = "key"
        keys = "".join(f'{name} = {{ env = "BENCH_S3" }}\n' for name in ("access_key", "secret_key"))
        yield f'[s3]\nbucket = "pictures"\nendpoint = "http://127.0.0.1:{port}"\n{keys}'
    finally:
        process.kill()
        process.wait()


# -- both ---------------------------------------------------------------------------------------------------


def _site(folder: Path, tables: str = "", transport: str = "memory") -> Site:
    """Return the city of the benchmark with more in its file."""
    text = SITE.read_text(encoding="utf-8").replace('"../', f'"{SITE.parents[1]}/')
    text = re.sub(r'transport = "\w+"', f'transport = "{transport}"', text)
    text = re.sub(r'quiet_hours = "[\d:-]+"', 'quiet_hours = "00:00-00:00"', text)
    path = folder / f"site{abs(hash((tables, transport)))}.toml"
    path.write_text(f"{text}\n{tables}", encoding="utf-8")
    return Site(path)


def _messages_table(rates: dict[int, tuple[float, float]]) -> str:
    one = rates[WORKERS[0]][0]
    rows = [
        f"| {number} | {rate:.1f} | {rate / one:.1f} | {cpu:.1f} |" for number, (rate, cpu) in rates.items()
    ]
    head = f"| workers | messages/s, the provider takes {LATENCY * 1000:g} ms | times one worker | CPU ms a message |"
    return "\n".join([head, "|--:|--:|--:|--:|", *rows])


def _pictures_table(figures: dict[str, Figures]) -> str:
    head = "| pictures in | kept: CPU ms / p50 ms | shown: CPU ms / p50 ms | unchanged (304): CPU ms |\n|---|--:|--:|--:|"
    rows = [
        f"| {name} | {one.put_cpu:.1f} / {one.put:.1f} | {one.get_cpu:.1f} / {one.get:.1f} | {one.unchanged_cpu:.1f} |"
        for name, one in figures.items()
    ]
    load = (
        f"Load average {proc.load_average():.1f}; both sizes of a picture are kept, the large one is shown."
    )
    return "\n".join([head, *rows, "", load])
