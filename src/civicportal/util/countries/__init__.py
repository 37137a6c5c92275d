"""What differs between countries: mobile numbers, national codes, fixed holidays. ``[site] country`` chooses one.

Two come with the core; plugins and sites bring others by the hook ``register_countries``.
"""

from civicportal.util.countries.base import Country, InvalidMobile
from civicportal.util.countries.generic import Generic
from civicportal.util.countries.ir import Iran
from civicportal.util.persian import DASHES, compact

__all__ = ["COUNTRIES", "OWN", "Country", "InvalidMobile", "get_country", "is_national_code"]

OWN: tuple[Country, ...] = (Iran(), Generic())
COUNTRIES: dict[str, Country] = {country.code: country for country in OWN}


def get_country(code: str) -> Country:
    """Return the country of a code.

    :raises KeyError: when there is none; ``COUNTRIES`` names them all.
    """
    return COUNTRIES[code]


def is_national_code(country: Country, text: str) -> bool:
    """Return whether a text, as it was typed, is somebody's national code: such a one stands in no address."""
    return country.is_national_code(compact(text, also=DASHES))
