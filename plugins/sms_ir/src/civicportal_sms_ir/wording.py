"""The site's texts in the format of the provider's panel."""

import re
from collections.abc import Mapping

from civicportal.api.plugins import Site

FIRST_NUMBER = 100001
"""First template id in a demo."""
OWN = ("SITE", "HOST", "PHONE")
"""Placeholders that are constant for a site, and so no parameters."""
_FIELD = re.compile(r"\{([A-Z]+)\}")


def fields_of(wording: str, own: Mapping[str, str]) -> list[str]:
    """Return the placeholders of a text that vary between messages, in order.

    :param own: placeholders that are constant for the site.
    """
    return list(dict.fromkeys(name for name in _FIELD.findall(wording) if name not in own))


def panel_words(wording: str, own: Mapping[str, str]) -> str:
    """Return a text with its parameters as ``#NAME#``.

    :param own: placeholders that are constant for the site.
    """
    return _FIELD.sub(lambda match: own.get(match[1], f"#{match[1]}#"), wording)


def panel_form(key: str, wording: str, own: Mapping[str, str]) -> str:
    """Return a text and its line for the settings.

    Its parameters are written ``#NAME#``; the line belongs to ``[plugins.sms_ir.templates]``.

    :param own: placeholders that are constant for the site, and no parameters.
    """
    names = ", ".join(f'{name} = "{name}"' for name in fields_of(wording, own))
    parameters = f", parameters = {{ {names} }}" if names else ""
    return f'{panel_words(wording, own)}\n\n"{key}" = {{ id = 0{parameters} }}\n'


def parameters_of(site: Site, key: str) -> dict[str, str]:
    """Return all possible parameters of a text's template."""
    return {field: field for field in site.messages[key].fields if field not in OWN}
