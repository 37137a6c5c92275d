"""Browsers at other addresses, and the solving of challenges."""

import hashlib
from functools import partial
from itertools import count
from typing import Any

import sign_in_forms
from sign_in_forms import form_with
from webtest import TestApp

#: Sends a form, whatever is answered: many of them are refused.
send = partial(sign_in_forms.send, status="*")


def at(wsgi: Any, address: str) -> TestApp:
    """Return a browser without cookies whose requests come from an address."""
    return TestApp(wsgi, extra_environ={"REMOTE_ADDR": address})


def challenge_of(page: Any) -> Any:
    """Return the box of the challenge on a page, None where there is none."""
    return page.html.select_one("[data-challenge]")


def solve(page: Any) -> Any:
    """Do the work that a page asks for as its script would, and return the form to send."""
    box = challenge_of(page)
    form = form_with(page, "challenge_ticket")
    form["challenge_answer"] = answer(box["data-nonce"], int(box["data-bits"]), int(box["data-parts"]))
    return form


def answer(nonce: str, bits: int, parts: int) -> str:
    return ".".join(str(_number(f"{nonce}.{part}.", bits)) for part in range(parts))


def _number(begin: str, bits: int) -> int:
    base = hashlib.sha256(begin.encode())
    for number in count():
        digest = base.copy()
        digest.update(str(number).encode())
        if int.from_bytes(digest.digest()[:8]) >> (64 - bits) == 0:
            return number
    raise AssertionError
