from collections.abc import Mapping
from typing import Any
from wsgiref.types import WSGIApplication

from webob.response import Response

class AppError(Exception): ...

class TestRequest:
    method: str
    path_qs: str

class TestResponse(Response):
    # A page as BeautifulSoup reads it.
    html: Any
    request: TestRequest
    def __getattr__(self, name: str) -> Any: ...

class TestApp:
    app: WSGIApplication
    cookies: Mapping[str, str]
    def __init__(
        self, app: WSGIApplication, extra_environ: Mapping[str, Any] | None = None, **options: Any
    ) -> None: ...
    def _check_status(self, status: Any, res: TestResponse) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
