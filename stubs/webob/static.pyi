from collections.abc import Iterator
from typing import BinaryIO

class FileIter:
    file: BinaryIO
    def __init__(self, file: BinaryIO) -> None: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def app_iter_range(
        self, seek: int | None = None, limit: int | None = None, block_size: int | None = None
    ) -> Iterator[bytes]: ...
