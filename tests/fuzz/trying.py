"""Trying one reader with many inputs. A failure names its input, and ``CIVICPORTAL_FUZZ_ONLY`` tries that one alone."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from fuzz.generated import Source
from selection import LONG

ONLY = os.environ.get("CIVICPORTAL_FUZZ_ONLY", "")
"""Number of the only input that is tried."""
INPUTS = os.environ.get("CIVICPORTAL_FUZZ_INPUTS", "")
"""How many inputs are tried in place of the usual number."""
REPORT = os.environ.get("CIVICPORTAL_FUZZ_REPORT", "")
"""File to which each run adds a line of JSON: name, inputs, how many were taken, seconds, the slowest input and its seconds."""

ENOUGH = 100
"""Of so many inputs and more some must be taken."""


def number_of(short: int, long: int) -> range:
    """Return the numbers of the inputs that this run tries."""
    if ONLY:
        return range(int(ONLY), int(ONLY) + 1)
    return range(int(INPUTS) if INPUTS else long if LONG else short)


def try_all(name: str, numbers: range, once: Callable[[Source], bool], *, some: bool = True) -> None:
    """Try a reader with inputs; whatever it raises and is not meant to ends the test with the number of the input.

    :param once: tries one and tells whether it was taken: where none of many is, nothing was tried.
    :param some: whether some have to be.
    """
    began = time.perf_counter()
    slowest, taken = (0.0, 0), 0
    for number in numbers:
        before = time.perf_counter()
        try:
            taken += once(Source(name, number))
        except Exception as error:
            error.add_note(f"{name}, input {number}: try it alone with CIVICPORTAL_FUZZ_ONLY={number}")
            raise
        slowest = max(slowest, (time.perf_counter() - before, number))
    assert taken or not some or len(numbers) < ENOUGH, f"no input of {name} was taken"
    if REPORT:
        seconds = time.perf_counter() - began
        line = {"name": name, "inputs": len(numbers), "taken": taken, "seconds": seconds, "slowest": slowest}
        with Path(REPORT).open("a", encoding="utf-8") as report:
            report.write(json.dumps(line) + "\n")


def storable(value: object) -> bool:
    """Return whether a database and a page take every text in a value."""
    if isinstance(value, str):
        return "\0" not in value and value == value.encode("utf-8", "ignore").decode()
    if isinstance(value, dict):
        return all(map(storable, value)) and all(map(storable, value.values()))
    return all(map(storable, value)) if isinstance(value, (list, tuple, set)) else True
