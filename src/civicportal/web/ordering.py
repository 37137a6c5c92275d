"""Buttons that move a row of an ordered list, see ``ui.order`` of the templates."""

from civicportal.web.request import Request

STEPS = {"up": -1, "down": 1}


def step(request: Request) -> int:
    """Return the direction of a move: -1 is up, 1 is down, 0 is invalid."""
    return STEPS.get(request.POST.get("direction", ""), 0)
