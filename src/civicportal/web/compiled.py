"""Compiled templates, which a process keeps for all the applications that it assembles."""

from types import CodeType

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """Keeps the code of templates in memory, by file and text: what is assembled again need not be compiled again."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}
        self._keeps = True

    def keep_nothing(self) -> None:
        """Forget all, and keep nothing more: this process assembles no other application."""
        self._keeps = False
        self._codes.clear()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code if this text was compiled before."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what has just been compiled."""
        if bucket.code and self._keeps:
            self._codes[bucket.key, bucket.checksum] = bucket.code


COMPILED = CompiledTemplates()
