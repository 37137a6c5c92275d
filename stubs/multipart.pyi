from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

class MultipartError(ValueError): ...

class MultipartSegment:
    charset: str | None
    content_type: str | None
    filename: str | None
    name: str
    def header(self, name: str, default: str = "") -> str: ...

class PushMultipartParser:
    def __init__(
        self,
        boundary: str,
        content_length: int = -1,
        *,
        max_header_size: int = 4096,
        max_header_count: int = 8,
        max_segment_count: int = 64,
        strict: bool = False,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def parse_blocking(
        self, read: Callable[[int], bytes], chunk_size: int
    ) -> Iterator[MultipartSegment | bytearray | None]: ...

def parse_options_header(header: str) -> tuple[str, dict[str, str]]: ...
