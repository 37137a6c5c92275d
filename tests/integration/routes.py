"""Every view of the assembled site, as Pyramid's introspector tells it."""

import re
from dataclasses import dataclass

#: Placeholders in a pattern for objects that do not exist.
UNKNOWN = {
    "code": "0000000000",
    "id": "999999999",
    "key": "x" * 22,
    "kind": "nonsense",
    "step": "nonsense",
    "owner": "nobody",
    "digest": "0",
    "path": "nothing.css",
    "name": "nothing",
    "number": "12",
    "question": "nothing",
    "choice": "nothing",
    "delivery": "999999999",
    "update": "999999999",
    "job": "999999999",
    "rule": "999999999",
    "entity": "cases",
    "version": "1",
    "token": "x" * 43,
    "page": "nothing",
    "size": "small",
    "day": "2020-02-30",
    "format": "json",
    "dataset": "nothing",
    "z": "1",
    "x": "1",
    "y": "1",
}


@dataclass(frozen=True)
class Page:
    """A view as Pyramid's introspector tells it.

    :ivar methods: those it answers; GET if it names none.
    """

    route: str
    pattern: str
    methods: frozenset[str]
    permission: str

    @property
    def has_arguments(self):
        return "{" in self.pattern

    def path(self, **known):
        """The address, with what is known in its place and else with what does not exist."""
        values = {**UNKNOWN, **known}
        return re.sub(
            r"\{(\w+)(:(?:[^{}]|\{\d+(?:,\d+)?\})*)?\}", lambda match: values[match[1]], self.pattern
        )


def pages_of(registry):
    """Every view of a route, with its permission."""
    introspector = registry.introspector
    patterns = {
        route["introspectable"]["name"]: route["introspectable"]["pattern"]
        for route in introspector.get_category("routes")
    }
    found = []
    for entry in introspector.get_category("views"):
        view = entry["introspectable"]
        if view["route_name"] is None:
            continue
        methods = view["request_methods"] or ("GET",)
        permissions = [part["value"] for part in entry["related"] if part.category_name == "permissions"]
        found.append(
            Page(
                route=view["route_name"],
                pattern=patterns[view["route_name"]],
                methods=frozenset([methods] if isinstance(methods, str) else methods),
                permission=permissions[0],
            )
        )
    return found
