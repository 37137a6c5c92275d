"""The portal of the fictional city of Shahreman (شهرِمَن)."""

from pathlib import Path

__version__ = "0.1.0"

SITE = Path(__file__).with_name("site.toml")
