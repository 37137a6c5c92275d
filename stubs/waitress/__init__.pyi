from typing import Any
from wsgiref.types import WSGIApplication

from waitress.server import BaseWSGIServer

# The settings of a server are those of its documentation.
def create_server(
    application: WSGIApplication, map: dict[int, object] | None = None, **settings: Any
) -> BaseWSGIServer: ...
