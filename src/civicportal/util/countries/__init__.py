"""Rules of countries: mobile numbers, national codes, fixed holidays.

``[site] country`` selects one. The core has two; plugins and sites add others by the hook ``register_countries``.
"""

from civicportal.util.countries.base import Country, InvalidMobile
from civicportal.util.countries.generic import GenericCountry
from civicportal.util.countries.ir import Iran
from civicportal.util.persian import DASHES, compact

__all__ = ["COUNTRIES", "OWN", "Country", "InvalidMobile", "get_country", "is_national_code"]

OWN: tuple[Country, ...] = (Iran(), GenericCountry())
COUNTRIES: dict[str, Country] = {country.code: country for country in OWN}


def get_country(code: str) -> Country:
    """Return the country with a code.

    :raises KeyError: when there is none; ``COUNTRIES`` names them all.
    """
    return COUNTRIES[code]


def is_national_code(country: Country, text: str) -> bool:
    """Return whether a text is a national code.

    It must not be put into a URL.
    """
    return country.is_national_code(compact(text, also=DASHES))
