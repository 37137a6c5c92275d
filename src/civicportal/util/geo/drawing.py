"""Drawings of the city's map as inline SVG."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from civicportal.util.geo.city_map import CityMap
from civicportal.util.geo.overview import render_overview, render_overview_png, shade_of, shade_scale
from civicportal.util.geo.points import Point
from civicportal.util.geo.raster import render_png
from civicportal.util.geo.static_map import render_svg


@dataclass(frozen=True)
class CityDrawing:
    """Drawings of a city, hidden from screen readers: text or a table beside one has the same data.

    :param size: width and height in pixels.
    """

    city_map: CityMap
    size: tuple[int, int]

    def surroundings(self, center: Point, metres: float, points: Sequence[Point]) -> Markup:
        """Render the surroundings of a place with a pin on each point.

        :param metres: width of the drawing.
        """
        return render_svg(self.city_map, center, metres, points, self.size)

    def overview(
        self,
        *,
        marks: Iterable[tuple[Point, int]] = (),
        shades: Mapping[str, int] | None = None,
        number: Callable[[int], str] = str,
    ) -> Markup:
        """Render the city with districts and numbers.

        :param marks: positions with numbers; a single one is a dot.
        :param shades: shade of a district by its name, see :meth:`shade`.
        :param number: formats a number in the reader's language.
        """
        return render_overview(self.city_map, self.size, marks=marks, shades=shades, number=number)

    def picture(self, center: Point, metres: float, points: Sequence[Point]) -> bytes:
        """Render the surroundings of a place as a PNG without text, with a pin on each point.

        :param metres: width of the picture.
        """
        return render_png(self.city_map, center, metres, self.size, pins=points)

    def overview_picture(self, marks: Iterable[tuple[Point, int]]) -> bytes:
        """Render the city as a PNG without text.

        :param marks: positions with numbers: the larger the number, the larger the dot.
        """
        return render_overview_png(self.city_map, self.size, list(marks))

    @staticmethod
    def shade(n: int, most: int) -> int:
        """Return the shade of a number, of five."""
        return shade_of(n, most)

    @staticmethod
    def scale(most: int) -> list[tuple[int, int, int]]:
        """Return each used shade with its number range."""
        return shade_scale(most)
