"""The population register of the demo: it contains the fictional citizens only."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

Outcome = Literal["matched", "mismatched", "unavailable"]

_CITIZENS = Path(__file__).with_name("data") / "demo" / "citizens.toml"


def verify(mobile: str, national_code: str, birth_date: date) -> Outcome:
    """Say whether mobile, national code and birth date belong to one person, as a country's register does.

    :param mobile: in E.164 or as ``09…``.
    :param national_code: ten ASCII digits.
    :returns: ``unavailable`` for the one person for whom the register does not answer.
    """
    person = _register().get(national_code)
    if person is None:
        return "mismatched"
    if person.get("registry") == "unavailable":
        return "unavailable"
    same_mobile = person["mobile"].removeprefix("0") == mobile.removeprefix("+98").removeprefix("0")
    return "matched" if same_mobile and person["birth_date"] == birth_date else "mismatched"


@cache
def _register() -> dict[str, dict[str, str]]:
    """The invented citizens by national code."""
    citizens = tomllib.loads(_CITIZENS.read_text("utf-8"))["citizens"]
    return {person["national_code"]: person for person in citizens}
