"""Values whose types a schema knows, but not the type checker."""

from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]
"""Values by name that a colander schema has checked: of a form, of a table in ``site.toml``, of a JSON document.

Each value has the type of its node. colander declares no types, so this is the border at which they are lost.
"""
