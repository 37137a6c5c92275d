import socket
from collections.abc import Callable

from waitress.channel import HTTPChannel

class _Dispatcher:
    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool: ...

class BaseWSGIServer:
    active_channels: dict[int, HTTPChannel]
    channel_class: Callable[..., HTTPChannel]
    effective_port: int
    socket: socket.socket
    task_dispatcher: _Dispatcher
    def del_channel(self, map: dict[int, object] | None = None) -> None: ...
    def handle_accept(self) -> None: ...
    def print_listen(self, format_str: str) -> None: ...
