"""The portal of the fictional city of Rivertown."""

from pathlib import Path

__version__ = "0.1.0"

SITE = Path(__file__).with_name("site.toml")
