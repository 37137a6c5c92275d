"""Generate the page of messages, from the texts that core and plugins register."""

from civicportal.core.plugins import in_order
from civicportal.core.site import Site
from docs.tools.tables import code, table

INTRODUCTION = """\
# Messages

All texts that the portal sends by SMS. `data/messages.toml` and `/admin/messages/texts` change the wording, with these keys and
fields in braces; the texts here are those of the code, before translation. A part of a message has 70 Persian letters.
"""
HEAD = ("key", "when", "words", "fields", "parts")


def page(site: Site) -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for owner, implementation in in_order(site.hooks, "register_messages"):
        rows = [
            (
                code(text.key),
                str(text.title),
                str(text.text),
                " ".join(code(name) for name in text.fields) or "–",
                str(text.parts),
            )
            for text in implementation(site=site)
        ]
        title = "the core" if owner == "core" else f"the plugin {owner}"
        parts.append(f"## Of {title}\n\n{table(HEAD, rows)}")
    return "\n".join(parts)
