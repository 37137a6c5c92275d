"""The demonstration: invented people and cases, and the phones on which their messages arrive. Mode demo only."""

from typing import Any

from civicportal.security import EVERYBODY


def includeme(config: Any) -> None:
    """Add the phone page; in other modes these routes do not exist."""
    config.add_route("demo.phones", "/demo/phones")
    config.add_route("demo.phone", "/demo/phones/{number}")
    views = "civicportal.demo.views"
    templates = "civicportal:templates/demo"
    config.add_view(
        f"{views}.phones",
        route_name="demo.phones",
        renderer=f"{templates}/phones.jinja2",
        permission=EVERYBODY,
    )
    config.add_view(
        f"{views}.phone", route_name="demo.phone", renderer=f"{templates}/phone.jinja2", permission=EVERYBODY
    )
