"""The image gate with real bytes and real child processes."""

import contextlib
import hashlib
import os
import random
import shutil
import signal
import struct
import threading
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from civicportal.core.storage import ImageRefused, image_worker, images, process_image
from civicportal.core.storage.slots import MachineSlots
from civicportal.tools.server import THREADS


def picture(size=(320, 200), mode="RGB", color="navy"):
    return Image.new(mode, size, color)


def encode(image, kind, **options):
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data):
    return Image.open(BytesIO(data))


def refusal(data, **options):
    with pytest.raises(ImageRefused) as caught:
        process_image(data, **options)
    return caught.value.code


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width, height):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header


JPEG = encode(picture(), "JPEG")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_pictures_come_out_as_two_jpegs(kind):
    result = process_image(encode(picture((2400, 1200)), kind))
    assert (result.width, result.height, result.content_type) == (1600, 800, "image/jpeg")
    assert opened(result.large).size == (1600, 800)
    assert opened(result.small).size == (400, 200)
    assert opened(result.large).format == opened(result.small).format == "JPEG"
    assert result.sha256 == hashlib.sha256(result.large).hexdigest()


def test_small_pictures_are_not_blown_up():
    result = process_image(encode(picture((30, 20)), "PNG"))
    assert opened(result.large).size == opened(result.small).size == (30, 20)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_is_painted(mode):
    image = Image.new(mode, (64, 64), 200 * 256) if mode == "I;16" else picture((64, 64)).convert(mode)
    assert opened(process_image(encode(image, "PNG")).large).mode == "RGB"


def test_sixteen_bit_grey_keeps_its_brightness():
    image = Image.new("I;16", (64, 64), 200 * 256)
    assert opened(process_image(encode(image, "PNG")).large).getpixel((32, 32)) == pytest.approx(
        (200, 200, 200), abs=3
    )


def test_transparent_parts_become_white():
    result = process_image(encode(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG"))
    assert opened(result.large).getpixel((32, 32)) == (255, 255, 255)


def test_cmyk_and_progressive_jpegs_are_painted():
    assert (
        opened(process_image(encode(picture(mode="CMYK", color=0), "JPEG", progressive=True)).large).mode
        == "RGB"
    )


def test_only_the_first_frame_of_an_animation_is_taken():
    frames = [picture(color="red"), picture(color="blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        large = opened(process_image(encode(frames[0], kind, save_all=True, append_images=frames[1:])).large)
        assert getattr(large, "n_frames", 1) == 1
        assert large.getpixel((100, 100)) == pytest.approx((254, 0, 0), abs=4)


def test_a_phones_double_picture_is_taken():
    data = encode(picture(), "MPO", save_all=True, append_images=[picture(color="red")])
    assert opened(process_image(data).large).size == (320, 200)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures_come_out_upright(orientation, kind):
    """A red corner, top left when seen upright, must be there after every way of holding the phone."""
    upright = picture((320, 200), color="white")
    ImageDraw.Draw(upright).rectangle((0, 0, 79, 49), fill="red")
    stored = {
        1: lambda image: image,
        2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
        4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
        6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
        7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
        8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = process_image(encode(stored, kind, exif=exif))
    large, small = opened(result.large), opened(result.small)
    assert large.size == (320, 200)
    for image in (large, small):
        assert image.getpixel((30, 20))[1] < 60
        assert all(image.getpixel(corner)[1] > 200 for corner in ((300, 20), (30, 180), (300, 180)))


def secretive(kind):
    """A picture that carries a place, a name and markup wherever its format has room."""
    exif = Image.Exif()
    exif[0x010E] = "SECRET description"
    exif[0x013B] = "SECRET artist"
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 41.0, 21.0), 3: "E", 4: (51.0, 23.0, 20.0)})
    options = {"exif": exif, "icc_profile": b"SECRET profile" * 20, "xmp": b"<x:xmpmeta>SECRET</x:xmpmeta>"}
    if kind == "JPEG":
        return encode(picture(), kind, comment=b"<script>SECRET</script>", **options)
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Comment", "<script>SECRET</script>")
        info.add_itxt("Title", "SECRET", zip=False)
        return encode(picture(), kind, pnginfo=info, exif=exif, icc_profile=options["icc_profile"])
    if kind == "GIF":
        return encode(picture(), kind, comment=b"<script>SECRET</script>")
    return encode(picture(), kind, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_no_metadata_survives(kind):
    data = secretive(kind)
    assert b"SECRET" in data
    result = process_image(data)
    for body in (result.large, result.small):
        assert b"SECRET" not in body
        assert b"<script" not in body
        assert b"Exif" not in body
        image = opened(body)
        assert dict(image.getexif()) == {}
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_hangs_on_a_picture_is_dropped(kind):
    """Polyglots: a page, an archive or a program behind the picture."""
    for tail in (
        b"<html><script>EVIL()</script>",
        b"PK\x03\x04EVIL.zip" + b"\x00" * 40,
        b"%PDF-1.7 EVIL",
        b"MZEVIL",
    ):
        result = process_image(encode(picture(), kind) + tail)
        assert b"EVIL" not in result.large + result.small


def test_a_damaged_exif_block_does_not_cost_the_photo():
    block = b"Exif\x00\x00MM\x00*" + b"\xff" * 40
    data = JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + JPEG[2:]
    assert process_image(data).width == 320


EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
WRONG = {
    "empty": b"",
    "text": b"hello",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "xml svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "pdf": b"%PDF-1.7\n1 0 obj<<>>endobj",
    "exe": b"MZ\x90\x00" + b"\x00" * 60,
    "elf": b"\x7fELF" + b"\x00" * 60,
    "zip": b"PK\x03\x04" + b"\x00" * 60,
    "gzip": b"\x1f\x8b\x08" + b"\x00" * 60,
    "rar": b"Rar!\x1a\x07\x01\x00" + b"\x00" * 60,
    "7z": b"7z\xbc\xaf'\x1c" + b"\x00" * 60,
    "php": b"<?php system($_GET['c']); ?>",
    "shell": b"#!/bin/sh\nid\n",
    "eicar": EICAR,
    "bmp": encode(picture(), "BMP"),
    "tiff": encode(picture(), "TIFF"),
    "ico": encode(picture(), "ICO"),
    "ppm": encode(picture(), "PPM"),
    "eps": encode(picture(), "EPS"),
    "tga": encode(picture(), "TGA"),
    "pcx": encode(picture(), "PCX"),
    "jpeg 2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\x00" * 60,
    "psd": b"8BPS\x00\x01" + b"\x00" * 60,
    "avif": b"\x00\x00\x00\x20ftypavif" + b"\x00" * 60,
    "heic": b"\x00\x00\x00\x20ftypheic" + b"\x00" * 60,
    "mp4": b"\x00\x00\x00\x20ftypisom" + b"\x00" * 60,
    "mp3": b"ID3\x04" + b"\x00" * 60,
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 60,
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST" + b"\x00" * 60,
    "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 60,
    "html as jpeg": b"\xff\xd8\xff<html><script>alert(1)</script>",
    "html as png": b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>",
    "html as gif": b"GIF89a/*<script>*/=alert(1);//",
    "eicar as jpeg": b"\xff\xd8\xff\xe0" + EICAR,
    "eicar as gif": b"GIF89a" + EICAR,
    "jpeg header alone": JPEG[:20],
    "png behind a space": b" " + encode(picture(), "PNG"),
    "jpeg as png": b"\x89PNG\r\n\x1a\n" + JPEG,
    "webp header alone": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
}


@pytest.mark.parametrize("name", WRONG)
def test_other_files_are_refused(name):
    assert refusal(WRONG[name]) == "not_an_image"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_picture_is_refused(kind, share):
    data = encode(Image.frombytes("RGB", (64, 64), random.Random(1).randbytes(64 * 64 * 3)), kind)
    assert refusal(data[: int(len(data) * share)]) == "not_an_image"


def test_too_many_bytes_are_refused_before_a_process_starts(monkeypatch):
    monkeypatch.setattr(images, "_run", lambda *_picture: pytest.fail("started"))
    assert refusal(JPEG + b"\x00" * (images.MAX_BYTES + 1 - len(JPEG))) == "too_big"


@pytest.mark.parametrize("size", [(12000, 12000), (8001, 5000), (40_000_001, 1), (2**31 - 1, 2**31 - 1)])
def test_bombs_are_refused_by_their_header(size):
    """No pixel follows the header: had anything been decoded, the answer would be `not_an_image`."""
    idat = chunk(b"IDAT", zlib.compress(b"\x00" * 100)) + chunk(b"IEND", b"")
    assert refusal(png_header(*size) + idat) == "too_many_pixels"


def test_a_real_bomb_is_refused():
    data = encode(Image.new("1", (12000, 12000)), "PNG")
    assert len(data) < 100_000
    assert refusal(data) == "too_many_pixels"


def test_a_bomb_within_a_text_chunk_is_refused():
    bomb = chunk(b"zTXt", b"x\x00\x00" + zlib.compress(b"\x00" * 100_000_000, 9))
    data = encode(picture(), "PNG")
    assert refusal(data[:33] + bomb + data[33:]) == "not_an_image"


def test_the_largest_allowed_pictures_pass():
    for kind, options in (
        ("JPEG", {"progressive": True}),
        ("PNG", {"compress_level": 1}),
        ("WEBP", {"method": 0}),
    ):
        assert process_image(encode(Image.new("RGB", (8000, 5000), "navy"), kind, **options)).width == 1600


def test_a_picture_that_takes_too_much_time_is_refused(monkeypatch):
    monkeypatch.setattr(
        images, "_COMMAND", (images.sys.executable, "-c", "import os; os.kill(os.getpid(), 24)")
    )
    assert refusal(JPEG) == "too_slow"


def test_a_process_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(images, "_COMMAND", (images.sys.executable, "-c", "import signal; signal.pause()"))
    monkeypatch.setattr(images, "_DEADLINE_SECONDS", 0.2)
    assert refusal(JPEG) == "too_slow"


def within(monkeypatch, attempt, *, confined=True):
    """Run code in the child of the gate where the picture would be decoded; return what it prints as JSON."""
    script = (
        "import runpy, resource, os, sys, json, socket, ctypes\n"
        f"module = runpy.run_path({image_worker.__file__!r})\n"
        "module['_load_all']()\n"
        "module['_limit'](module['MEMORY_BYTES'])\n"
        f"confined = module['_confine']() if {confined} else None\n"
        f"parent = {os.getpid()}\n"
        "def tried(what):\n"
        "    try:\n"
        "        return str(what())\n"
        "    except BaseException as error:\n"
        "        return type(error).__name__\n"
        f"sys.stdout.write(json.dumps({attempt}))\n"
        "sys.stdout.flush()\n"
    )
    monkeypatch.setattr(images, "_COMMAND", (images.sys.executable, "-I", "-c", script))
    with images._slot(None) as slot:
        return images.json.loads(images._run(b"", slot))


def test_the_process_has_its_limits_and_no_secrets(monkeypatch):
    monkeypatch.setenv("SHAHREMAN_SECRET", "do not tell")
    limits = "[resource.getrlimit(getattr(resource, f'RLIMIT_{name}')) for name in ('AS', 'CPU', 'FSIZE', 'CORE', 'NPROC', 'NOFILE')]"
    found, environ, folder = within(monkeypatch, f"[{limits}, dict(os.environ), os.getcwd()]", confined=False)
    assert found == [[448 * 1024 * 1024] * 2, [10, 10], *[[0, 0]] * 4]
    assert set(environ) <= {"LC_ALL", "MALLOC_ARENA_MAX", "LC_CTYPE"}
    assert folder == "/"


ATTEMPTS = {
    "environment of the parent": "open(f'/proc/{parent}/environ').read()",
    "a file": "open('/etc/passwd').read()",
    "a new file": "open('/tmp/written', 'w')",
    "a socket": "socket.socket()",
    "a local socket": "socket.socket(socket.AF_UNIX)",
    "2 GiB": "len(bytearray(2 << 30))",
}
OF_THE_KERNEL = {
    "a child": "os.fork()",
    "a program": "os.execv('/bin/true', ['true'])",
    "the end of the parent": "os.kill(parent, 0)",
    "memory of the parent": "ctypes.CDLL(None).ptrace(16, parent, 0, 0)",
    "the removal of a file": "os.unlink('/nowhere')",
}


@pytest.mark.parametrize("confined", [True, False])
@pytest.mark.parametrize("name", ATTEMPTS)
def test_what_a_decoder_that_was_taken_over_cannot_do(monkeypatch, name, confined):
    """With the limits of resources alone, too: where the kernel does not confine it."""
    told = within(monkeypatch, f"tried(lambda: {ATTEMPTS[name]})", confined=confined)
    assert told in ("PermissionError", "OSError", "MemoryError")


@pytest.mark.parametrize("name", OF_THE_KERNEL)
def test_what_the_kernel_refuses_to_a_decoder(monkeypatch, name):
    confined, told = within(monkeypatch, f"[confined, tried(lambda: {OF_THE_KERNEL[name]})]")
    if not confined:
        pytest.skip("this kernel does not confine processes (seccomp)")
    assert told in ("PermissionError", "-1")


def test_a_decoder_that_is_not_confined_is_named_in_the_log(monkeypatch, caplog):
    images._say_not_confined.cache_clear()
    header = images.json.dumps({"width": 1, "height": 1, "sizes": [1, 1], "confined": False})
    monkeypatch.setattr(images, "_run", lambda *_picture: f"{header}\nab".encode())
    for _picture in range(3):
        process_image(JPEG)
    assert caplog.text.count("does not confine") == 1


def test_processes_share_the_decoders(tmp_path, monkeypatch):
    """A slot that another process holds is free again when that process is killed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    script = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from civicportal.core.storage.slots import MachineSlots\n"
        "slots = MachineSlots('decoder', 2)\n"
        "slots.acquire(None), slots.acquire(None)\n"
        "print('held', flush=True)\n"
        "import signal; signal.pause()"
    )
    slots = MachineSlots("decoder", 2)
    command = [images.sys.executable, "-c", script, str(tmp_path)]
    with images.subprocess.Popen(command, stdout=images.subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        assert slots.acquire(0) is None
        assert slots.count_taken() == 2
        other.kill()
    assert slots.count_taken() == 0
    taken = [slots.acquire(0), slots.acquire(0)]
    assert None not in taken
    assert slots.acquire(0) is None
    for slot in taken:
        slots.release(slot)


def test_a_folder_deleted_by_a_cleanup_is_created_again(tmp_path, monkeypatch):
    """systemd-tmpfiles deletes files that were not written for ten days, below a running server."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    slots = MachineSlots("decoder", 1)
    slots.release(slots.acquire(0))
    [folder] = tmp_path.iterdir()
    os.utime(folder / "decoder-0", (0, 0))
    slots.release(slots.acquire(0))
    assert (folder / "decoder-0").stat().st_mtime > 0
    shutil.rmtree(folder)
    slots.release(slots.acquire(0))
    assert (folder / "decoder-0").exists()


def test_a_folder_of_another_user_is_not_trusted(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"civicportal-{os.geteuid()}").mkdir(mode=0o777)
    (tmp_path / f"civicportal-{os.geteuid()}").chmod(0o777)
    slots = MachineSlots("decoder", 1)
    slots.release(slots.acquire(0))
    assert "is not a folder of this user alone" in caplog.text
    assert not any((tmp_path / f"civicportal-{os.geteuid()}").iterdir())


@pytest.mark.parametrize(("text", "number"), [("", 2), ("5", 5), ("0", 2), ("-1", 2), ("many", 2), ("۳", 2)])
def test_the_environment_says_how_many_decoders_there_are(monkeypatch, text, number):
    monkeypatch.setenv(images.DECODERS_VARIABLE, text)
    assert images._decoders() == number


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_after_a_process_was_killed_the_next_picture_passes(monkeypatch, number):
    with monkeypatch.context() as patch:
        killed = f"import os; os.kill(os.getpid(), {int(number)})"
        patch.setattr(images, "_COMMAND", (images.sys.executable, "-c", killed))
        for _attempt in range(3):
            assert refusal(JPEG) in ("too_slow", "not_an_image")
    assert process_image(JPEG).width == 320


def test_many_threads_share_two_processes(monkeypatch):
    running, most, lock = 0, 0, threading.Lock()
    real = images._run

    def counting(data, slot):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return real(data, slot)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(images, "_run", counting)
    results = []
    threads = [threading.Thread(target=lambda: results.append(process_image(JPEG).sha256)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len(set(results)) == 1
    assert most <= 2


class Seen(MachineSlots):
    """Slots that tell of everybody who comes for one."""

    came = threading.Semaphore(0)

    def acquire(self, patience):
        self.came.release()
        return super().acquire(patience)


@pytest.fixture
def stuck(monkeypatch):
    """Make both decoders hang; return a function that sends more pictures, each in a thread waiting for a slot."""
    slots, inside, let_go = Seen("decoder", images.AT_ONCE), threading.Semaphore(0), threading.Event()
    threads, told = [], []

    def hang(_data, _slot):
        inside.release()
        assert let_go.wait(60)
        return b'{"refused": "not_an_image"}\n'

    def send(number, arrived):
        for _thread in range(number):
            threads.append(threading.Thread(target=lambda: told.append(refusal(JPEG, patience=60))))
            threads[-1].start()
            assert arrived.acquire(timeout=60)

    monkeypatch.setattr(images, "_slots", slots)
    monkeypatch.setattr(images, "_run", hang)
    send(images.AT_ONCE, inside)
    slots.came = threading.Semaphore(0)
    yield lambda number: send(number, slots.came)
    assert told == []
    let_go.set()
    for thread in threads:
        thread.join()
    assert told == ["not_an_image"] * len(threads)
    assert refusal(JPEG, patience=0) == "not_an_image"


def test_waiting_for_a_decoder_times_out(stuck):
    assert refusal(JPEG, patience=0.01) == "busy"


def test_a_few_wait_and_the_others_are_told_at_once(stuck):
    stuck(images.MOST_WAITING)
    assert refusal(JPEG, patience=60) == "busy"


def test_pictures_leave_threads_for_other_pages():
    assert images.MOST_WAITING <= THREADS // 2
    assert images.AT_ONCE + images.MOST_WAITING < THREADS


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_mutated_pictures_pass_clean_or_are_refused(kind):
    dice = random.Random(kind)
    original = secretive(kind)
    for _round in range(int(os.environ.get("CIVICPORTAL_MUTATIONS", "12"))):
        data = bytearray(original)
        for _change in range(dice.randint(1, 20)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        with contextlib.suppress(ImageRefused):
            result = process_image(bytes(data))
            assert b"SECRET" not in result.large + result.small
