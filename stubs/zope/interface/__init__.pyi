from collections.abc import Callable
from typing import TypeVar

_C = TypeVar("_C", bound=type)

class Interface: ...

def implementer(*interfaces: type[Interface]) -> Callable[[_C], _C]: ...
