from collections.abc import Iterable, MutableMapping
from datetime import datetime, timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

class CacheControl:
    max_age: int | None
    no_cache: bool
    no_store: bool
    private: bool
    public: bool

class Response:
    app_iter: Iterable[bytes]
    body: bytes
    cache_control: Any
    charset: str | None
    conditional_response: bool
    content_disposition: str | None
    content_encoding: str | None
    content_length: int | None
    content_range: Any
    content_type: str
    etag: str | None
    headers: MutableMapping[str, str]
    json_body: Any
    last_modified: datetime | None
    location: str | None
    status: str
    status_code: int
    status_int: int
    text: str
    vary: Any
    def __init__(
        self,
        body: bytes | str | None = None,
        status: int | str | None = None,
        headerlist: list[tuple[str, str]] | None = None,
        app_iter: Iterable[bytes] | None = None,
        content_type: str | None = None,
        conditional_response: bool | None = None,
        charset: str | None = None,
        **attributes: Any,
    ) -> None: ...
    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]: ...
    def delete_cookie(self, name: str, path: str = "/", domain: str | None = None) -> None: ...
    def md5_etag(self, body: bytes | None = None, set_content_md5: bool = False) -> None: ...
    def set_cookie(
        self,
        name: str,
        value: str = "",
        max_age: int | timedelta | None = None,
        path: str = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        comment: str | None = None,
        overwrite: bool = False,
        samesite: str | None = None,
    ) -> None: ...
