"""The city's colours as a style sheet."""

import pytest

from civicportal.util.errors import ConfigurationError
from civicportal.web.theme import theme_css


def test_colours_of_light_and_dark() -> None:
    css = theme_css({"primary": "#0b6a6b", "primary_dark": "#5fc7c0"})
    assert ":root,[data-bs-theme=light]{--primary:#0b6a6b}" in css
    assert "[data-bs-theme=dark]{--primary:#5fc7c0}" in css


@pytest.mark.parametrize(
    "look", [{"primary": "red"}, {"primary": "#fff"}, {"logo": "#0b6a6b"}, {"primary": "#0b6a6b}x{"}]
)
def test_an_invalid_colour_stops_the_start(look: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"look\.(primary|logo)"):
        theme_css(look)
