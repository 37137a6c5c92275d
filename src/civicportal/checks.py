"""What a check of the running site finds."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, and what to do.

    :ivar level: "error" keeps the portal from working rightly, "warning" may be meant so.
    """

    level: Literal["error", "warning"]
    place: str
    text: str
    remedy: str = ""
