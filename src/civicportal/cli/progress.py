"""Progress of long commands.

A terminal gets one line that is rewritten; other outputs get a line from time to time.
"""

import sys
import time

import click

SECONDS = 10.0
"""Between two lines about one part, where the output is no terminal."""
ERASE = "\x1b[K"
"""Tells a terminal to erase the rest of the line."""


class ProgressLine:
    """Prints how far a part of the work is."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._printed_at = time.monotonic()

    def __call__(self, part: str, done: int, total: int, detail: str = "") -> None:
        """Print the progress of a part.

        It has ended when ``done`` is ``total``, unless a detail is given.

        :param detail: what of the part is at work.
        """
        is_end = done == total and not detail
        text = f"  {part} {detail}".rstrip()
        if self._is_terminal:
            click.echo(f"\r{text}: {done}/{total}{ERASE}", nl=is_end)
        elif is_end:
            click.echo(f"{text}: {total}")
        elif time.monotonic() - self._printed_at > SECONDS:
            click.echo(f"{text}: {done}/{total}")
        else:
            return
        self._printed_at = time.monotonic()
