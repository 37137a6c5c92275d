from typing import Any

from colander import Invalid
from deform import Field

class Widget:
    css_class: str | None
    error_class: str | None
    hidden: bool
    template: str
    def __init__(self, **attributes: Any) -> None: ...
    def deserialize(self, field: Field, pstruct: Any) -> Any: ...
    def handle_error(self, field: Field, error: Invalid) -> None: ...
    def serialize(self, field: Field, cstruct: Any, **values: Any) -> Any: ...
