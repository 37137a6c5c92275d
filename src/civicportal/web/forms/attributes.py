"""HTML attributes as markup.

Optimised because a staff page has more than twenty controls with a dozen each.
"""

from collections.abc import Mapping

from markupsafe import Markup, escape


def attributes(values: Mapping[str, str | int | bool | None]) -> Markup:
    """Return attributes as markup, each preceded by a space.

    :param values: by name; empty values, None and False are left out, True has no value.
    """
    parts = (
        f" {name}" if value is True else f' {name}="{escape(value)}"'
        for name, value in values.items()
        if value
    )
    return Markup("".join(parts))  # noqa: S704 - values are escaped, names are ours
