from typing import Any

# The request has the class that the application chose.
def get_current_request() -> Any: ...

class _Manager:
    def pop(self) -> dict[str, Any]: ...
    def push(self, info: dict[str, Any]) -> None: ...

manager: _Manager
