"""Build hook: compile every message catalogue (.po) of the distribution to .mo."""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Compile ``src/*/locale/*/LC_MESSAGES/*.po`` before the wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for po in Path(self.root).glob("src/*/locale/*/LC_MESSAGES/*.po"):
            written = po.with_suffix(f".mo.{os.getpid()}")
            with po.open("rb") as source, written.open("wb") as target:
                write_mo(target, read_po(source, locale=po.parts[-3]))
            # A portal that starts at this moment reads the complete previous file.
            written.replace(po.with_suffix(".mo"))
