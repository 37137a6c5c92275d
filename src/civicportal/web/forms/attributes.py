"""Attributes of a tag as markup: each control carries a dozen, a page of staff has twenty controls and more."""

from collections.abc import Mapping

from markupsafe import Markup, escape


def attributes(values: Mapping[str, str | int | bool | None]) -> Markup:
    """Return attributes as they stand in a tag, each behind a space.

    :param values: by name; what is empty, None or False is left out, True stands without a value.
    """
    parts = (
        f" {name}" if value is True else f' {name}="{escape(value)}"'
        for name, value in values.items()
        if value
    )
    return Markup("".join(parts))  # noqa: S704 - values are escaped, names are ours
