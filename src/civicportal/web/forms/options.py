"""Options of drop-down lists as cached markup.

Nearly every staff page has the same units and categories.
"""

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from itertools import groupby

from markupsafe import Markup, escape

from civicportal.web.schema import Option

KEPT = 64
"""Lists cached per process, without the selection."""
Entry = tuple[str, str, str]
"""Value, label and group of an option, translated."""


def options_markup(options: Iterable[Option], chosen: Collection[str], say: Callable[[str], str]) -> Markup:
    """Return the markup of the options, with headings of their groups.

    :param chosen: the selected values.
    :param say: translates a label.
    """
    entries = tuple((option.value, say(option.label), say(option.group)) for option in options)
    parts = (f"{begin}{' selected' if value in chosen else ''}{end}" for value, begin, end in _drawn(entries))
    return Markup("".join(parts))  # noqa: S704 - what is put in was escaped


@lru_cache(maxsize=KEPT)
def _drawn(entries: tuple[Entry, ...]) -> list[tuple[str, str, str]]:
    """Return the value of each option with its markup before and after the ``selected`` attribute."""
    found = []
    for group, members in groupby(entries, key=lambda entry: entry[2]):
        own = list(members)
        for number, (value, label, _group) in enumerate(own):
            opens = f'<optgroup label="{escape(group)}">' if group and number == 0 else ""
            closes = "</optgroup>" if group and number == len(own) - 1 else ""
            found.append(
                (value, f'{opens}<option value="{escape(value)}"', f">{escape(label)}</option>{closes}")
            )
    return found
