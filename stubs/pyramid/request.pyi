from collections.abc import Callable
from typing import Any, Generic, TypeVar

from pyramid.i18n import Localizer
from pyramid.interfaces import IRoute, ISession
from pyramid.registry import Registry
from pyramid.response import Response
from webob.request import BaseRequest

_T = TypeVar("_T")

class Request(BaseRequest):
    context: Any
    exception: BaseException | None
    locale_name: str
    localizer: Localizer
    matchdict: dict[str, str]
    matched_route: IRoute | None
    override_renderer: str
    registry: Registry
    response: Response
    session: ISession
    def add_finished_callback(self, callback: Callable[[Any], object]) -> None: ...
    def add_response_callback(self, callback: Callable[[Any, Response], object]) -> None: ...
    def current_route_path(self, *elements: Any, **values: Any) -> str: ...
    def route_path(self, route_name: str, *elements: Any, **values: Any) -> str: ...
    def route_url(self, route_name: str, *elements: Any, **values: Any) -> str: ...

class RequestLocalCache(Generic[_T]):
    def __init__(self, creator: Callable[[Any], _T] | None = None) -> None: ...
    def clear(self, request: Request) -> None: ...
    def get(self, request: Request, default: _T | None = None) -> _T | None: ...
    def get_or_create(self, request: Request, creator: Callable[[Any], _T] | None = None) -> _T: ...
    def set(self, request: Request, value: _T) -> None: ...
