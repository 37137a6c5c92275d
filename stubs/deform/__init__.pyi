from collections.abc import Callable
from typing import Any

from colander import Invalid, SchemaNode

class Field:
    children: list[Field]
    cstruct: Any
    description: str
    error: Invalid | None
    name: str
    oid: str
    renderer: Callable[..., Any]
    required: bool
    schema: SchemaNode
    title: str
    typ: Any
    widget: Any
    def serialize(self) -> str: ...

class Form(Field):
    def __init__(
        self,
        schema: SchemaNode,
        *,
        renderer: Callable[..., object] | None = None,
        focus: str = "off",
        appstruct: object = ...,
    ) -> None: ...
