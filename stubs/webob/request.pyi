from collections.abc import Mapping
from typing import Any, BinaryIO, Self
from wsgiref.types import WSGIApplication

from webob.acceptparse import AcceptHeader, AcceptLanguageHeader
from webob.multidict import MultiDict
from webob.response import Response

class BaseRequest:
    GET: MultiDict[str]
    POST: MultiDict[Any]
    accept: AcceptHeader
    accept_encoding: Any
    accept_language: AcceptLanguageHeader
    body: bytes
    body_file_raw: BinaryIO
    charset: str
    content_length: int | None
    content_type: str
    cookies: Mapping[str, str]
    environ: dict[str, Any]
    headers: Mapping[str, str]
    host: str
    host_url: str
    if_none_match: Any
    if_range: Any
    is_xhr: bool
    method: str
    params: MultiDict[Any]
    path: str
    path_qs: str
    query_string: str
    range: Any
    referer: str | None
    remote_addr: str | None
    request_body_tempfile_limit: int
    script_name: str
    url: str
    user_agent: str | None
    @classmethod
    def blank(cls, path: str, *, base_url: str | None = None, **attributes: Any) -> Self: ...
    def get_response(self, app: WSGIApplication) -> Response: ...
    def make_body_seekable(self) -> None: ...
