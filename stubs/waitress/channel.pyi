from collections.abc import Callable
from typing import Any

from waitress.parser import HTTPRequestParser

class HTTPChannel:
    creation_time: float
    last_activity: float
    parser_class: Callable[..., HTTPRequestParser]
    request: HTTPRequestParser | None
    requests: list[HTTPRequestParser]
    total_outbufs_len: int
    will_close: bool
    def __init__(self, *arguments: Any, **options: Any) -> None: ...
