from collections.abc import Iterator
from typing import BinaryIO

import webob.response

class Response(webob.response.Response): ...

class FileResponse(Response):
    def __init__(
        self,
        path: str,
        request: object = None,
        cache_max_age: int | None = None,
        content_type: str | None = None,
        content_encoding: str | None = None,
    ) -> None: ...

class FileIter:
    def __init__(self, file: BinaryIO, block_size: int = ...) -> None: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def __next__(self) -> bytes: ...
    def close(self) -> None: ...
