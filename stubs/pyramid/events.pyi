from typing import Any

from pyramid.response import Response

class BeforeRender(dict[str, Any]):
    def __init__(self, system: dict[str, Any], val: Any = None) -> None: ...

class NewResponse:
    request: Any
    response: Response
