"""Cost of hostile requests: each is passed, as by a server, to an application in a separate process."""

from __future__ import annotations

import io
import multiprocessing
import os
import resource
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from PIL import Image
from pyramid.config import Configurator
from pyramid.response import Response

MIB = 1024 * 1024
BOUNDARY = "B"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
UPLOADS = "/uploads"


@dataclass(frozen=True)
class Cost:
    """Cost of one case to its process.

    :ivar status: of the answers, each once.
    :ivar cpu: seconds, children included.
    :ivar grown: MiB by which the peak of memory of the process rose.
    """

    status: tuple[int, ...]
    cpu: float
    grown: float


def application() -> Any:
    """Return an application with the first checks only, and one view that reads the form."""
    with Configurator(
        settings={
            "civicportal.upload_paths": [UPLOADS],
            "retry.activate_hook": "civicportal.web.request_checks.attempts",
        }
    ) as config:
        config.include("pyramid_retry")
        config.include("civicportal.web.headers")
        config.include("civicportal.web.request_checks")
        config.add_translation_dirs("civicportal:locale")
        config.add_route("any", "/*path")
        config.add_view(lambda request: Response(str(len(request.POST))), route_name="any")
        return config.make_wsgi_app()


def _send(app: Any, body: Callable[[Any], None], content_type: str) -> int:
    with tempfile.TemporaryFile() as file:
        body(file)
        length = file.tell()
        file.seek(0)
        environ = {
            "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": UPLOADS, "QUERY_STRING": "",
            "HTTP_HOST": "localhost", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(length), "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": file,
            "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip
        answer: list[int] = []
        for _chunk in app(environ, lambda status, _headers, _error=None: answer.append(int(status[:3]))):
            pass
    return answer[0]


def _repeat(file: Any, sign: bytes, size: int) -> None:
    block = sign * (MIB // len(sign))
    for _block in range(size // MIB):
        file.write(block)


def _form(size: int) -> Callable[[Any], None]:
    """Return a form with one file of `size` bytes."""

    def write(file: Any) -> None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        file.write(head.encode())
        for _block in range(size // MIB):
            file.write(os.urandom(MIB))
        file.write(f"\r\n--{BOUNDARY}--\r\n".encode())

    return write


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(side: int = 6300) -> bytes:
    """Return a PNG of a few kilobytes with nearly the maximum number of pixels, four bytes each."""
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    packer = zlib.compressobj(9)
    lines = b"".join(packer.compress(bytes(1 + 4 * side)) for _line in range(side)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", lines) + _chunk(b"IEND", b"")


def webp_bomb() -> bytes:
    """Return a WebP of a few kilobytes with 40 megapixels."""
    out = io.BytesIO()
    Image.new("RGBA", (8000, 5000), (1, 2, 3, 99)).save(out, "WEBP", method=0)
    return out.getvalue()


def json_lists(app: Any) -> list[int]:
    """Send 43 MiB of JSON."""

    def write(file: Any) -> None:
        file.write(b"[")
        _repeat(file, b"[],", 43 * MIB)
        file.write(b"[]]")

    return [_send(app, write, "application/json")]


def newlines(app: Any) -> list[int]:
    """Send 42 MiB of newlines as a form with files."""
    return [_send(app, lambda file: _repeat(file, b"\n", 42 * MIB), MULTIPART)]


def newlines_within(app: Any) -> list[int]:
    """Send a file of 42 MiB of newlines in a valid form."""

    def write(file: Any) -> None:
        file.write(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'.encode()
        )
        _repeat(file, b"\n", 42 * MIB)
        file.write(f"\r\n--{BOUNDARY}--\r\n".encode())

    return [_send(app, write, MULTIPART)]


def folded(app: Any) -> list[int]:
    """Send parts whose headers are folded thousands of times."""

    def write(file: Any) -> None:
        for _part in range(190):
            file.write(b'--B\r\nContent-Disposition: form-data; name="a"\r\n')
            for _header in range(8):
                file.write(b"X-A: b\r\n" + b" a\r\n" * 6000)
            file.write(b"\r\nx\r\n")
        file.write(b"--B--\r\n")

    return [_send(app, write, MULTIPART)]


def sixteen(app: Any) -> list[int]:
    """Send sixteen files of 20 MiB at once."""
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(_send(app, _form(20 * MIB), MULTIPART)))
        for _one in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


CASES: dict[str, Callable[[Any], list[int]]] = {
    "43 MiB of JSON": json_lists,
    "42 MiB of newlines as a form": newlines,
    "42 MiB of newlines as a file": newlines_within,
    "folded headers": folded,
    "sixteen files of 20 MiB at once": sixteen,
}


def _run(name: str, answer: Connection) -> None:
    app = application()
    _send(app, _form(0), MULTIPART)
    before = resource.getrusage(resource.RUSAGE_SELF)
    # The peak so far is not the case's: Linux forgets it on demand.
    Path("/proc/self/clear_refs").write_text("5")
    rested = _memory("VmRSS")
    statuses = CASES[name](app)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    answer.send(Cost(tuple(sorted(set(statuses))), cpu, _memory("VmHWM") - rested))


def _memory(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def cost(name: str) -> Cost:
    """Return the cost of a case of `CASES`, measured in a separate process."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(name, there))
    process.start()
    there.close()
    found: Cost = here.recv()
    process.join()
    return found


def bombs(data: bytes, number: int = 10, processes: int = 2) -> float:
    """Decode pictures in several processes at once; return the peak memory of their decoders in MiB."""
    context = multiprocessing.get_context("spawn")
    own = [context.Process(target=_hand_over, args=(data, number // processes)) for _one in range(processes)]
    done = threading.Event()
    peak = 0.0

    def watch() -> None:
        nonlocal peak
        while not done.is_set():
            peak = max(peak, _children_memory())
            time.sleep(0.005)

    for process in own:
        process.start()
    watching = threading.Thread(target=watch)
    watching.start()
    for process in own:
        process.join()
    done.set()
    watching.join()
    return peak


def _hand_over(data: bytes, number: int) -> None:
    from civicportal.core.storage import ImageRefused, process_image

    def send() -> None:
        with suppress(ImageRefused):
            process_image(data, patience=60)

    threads = [threading.Thread(target=send) for _one in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _children_memory() -> float:
    """Return the memory of the decoders below this process, in MiB."""
    parents: dict[int, tuple[int, int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(place.parent.name)] = (int(fields[1]), int(fields[21]))
    below = {os.getpid()}
    while new := {pid for pid, (parent, _pages) in parents.items() if parent in below} - below:
        below |= new
    decoders = [pid for pid in below if "image_worker" in _command(pid)]
    return sum(parents[pid][1] for pid in decoders) * resource.getpagesize() / MIB


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def table() -> str:
    """Return all cases as a table."""
    lines = ["| request | answer | CPU | memory |", "|---|---|---|---|"]
    for name in CASES:
        found = cost(name)
        answers = ", ".join(map(str, found.status))
        lines.append(f"| {name} | {answers} | {found.cpu:.2f} s | +{found.grown:.0f} MiB |")
    for kind, data in (("PNG", bomb()), ("WebP", webp_bomb())):
        lines.append(
            f"| ten {kind} of 40 megapixels at once, two processes | | | {bombs(data):.0f} MiB in all |"
        )
    return "\n".join(lines)
