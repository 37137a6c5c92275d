"""Form options for administration."""

from typing import TYPE_CHECKING

from civicportal.domain.cases.kinds import kinds_of
from civicportal.util.calendar import CityCalendar
from civicportal.util.calendar.formats import WEEKDAYS
from civicportal.util.i18n import is_persian
from civicportal.web.request import Request
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.domain.organization.models import Category


def kind_options(request: Request) -> list[Option]:
    """Return the kinds of cases."""
    return [Option(value=kind.name, label=kind.title) for kind in kinds_of(request.site).values()]


def root_options(roots: "list[Category]") -> list[Option]:
    """Return root categories as options."""
    return [Option(value=str(root.id), label=root.name) for root in roots]


def day_options(calendar: CityCalendar, locale: str) -> list[Option]:
    """Return the days of the city's week, from its first."""
    names = WEEKDAYS["fa" if is_persian(locale) else "en"]
    return [Option(value=str(day), label=names[day]) for day in calendar.week]
