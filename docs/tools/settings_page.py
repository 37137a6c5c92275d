"""Generate the page of settings, from the schemas that parse ``site.toml``."""

from civicportal.core.plugins import in_order
from civicportal.core.settings import SiteSettings
from civicportal.core.site import Site
from civicportal.portal.branding.schemas import SettingsForm
from civicportal.util.toml_types import FreeTable
from docs.tools.tables import code, table
from docs.tools.toml_keys import section

INTRODUCTION = """\
# Settings

All keys of `site.toml` with their defaults. The portal refuses to start with an unknown key or a value of the wrong type, and
reports it. A value can also be `{ env = "NAME" }`, `{ env = "NAME", default = "…" }` or
`{ file = "path" }`; secrets must be. [A first site](../first-site.md) shows a complete file.
"""


def page(site: Site) -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for node in SiteSettings():
        if not isinstance(node, FreeTable):
            parts.append(section(f"[{node.name}]", node))
    parts += [_face(name) for name in ("look", "contact", "texts")]
    parts.append(
        "## `[limits]`\n\nOne key for each limit, an array of `[hits, seconds]`: [limits](../security/limits.md).\n"
    )
    for name, schema in in_order(site.hooks, "register_settings"):
        parts.append(section(f"[plugins.{name}]", schema()))
    return "\n".join(parts)


def _face(name: str) -> str:
    prefix = f"{name}_"
    fields = [node for node in SettingsForm() if node.name.startswith(prefix)]
    rows = [(code(node.name.removeprefix(prefix)), str(node.title)) for node in fields]
    said = {
        "look": "Colours as `#rrggbb`; [theming](../extend/theming.md) names the tints that are made of them. ",
        "contact": "What the foot of each page says. ",
        "texts": "Words of the pages. ",
    }
    words = f"{said[name]}All may be changed under `/admin/settings`, which counts more than the file."
    return f"## `[{name}]`\n\n{words}\n\n{table(('key', 'what it is'), rows)}"
