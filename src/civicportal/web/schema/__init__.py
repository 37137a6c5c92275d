"""Schema types for forms, settings in ``site.toml`` and JSON bodies.

colander's own ``Float`` accepts ``nan``, its ``Integer`` takes ``1_000`` and numbers of any length, its ``String``
takes NUL and lone surrogates: no schema of the portal uses them.
"""

from civicportal.web.schema.base import JsonObject, Node, Scalar, StrictMapping, StrictSchema
from civicportal.web.schema.choices import Choice, KeyList, ListOf, Option
from civicportal.web.schema.codes import (
    CityDate,
    ClockTime,
    Code,
    Digits,
    IdempotencyKey,
    Key,
    LegalId,
    Mobile,
    NationalCode,
    TrackingCode,
    new_key,
)
from civicportal.web.schema.numbers import BoundedInt, FiniteFloat, Flag, RowId, whole_number
from civicportal.web.schema.place import Degrees, Place
from civicportal.web.schema.secret import SECRET_FIELDS, Password, RecoveryCodeString, Secret, SecretText
from civicportal.web.schema.text import CleanText, Identifier, at_least

__all__ = [
    "SECRET_FIELDS",
    "BoundedInt",
    "Choice",
    "CityDate",
    "CleanText",
    "ClockTime",
    "Code",
    "Degrees",
    "Digits",
    "FiniteFloat",
    "Flag",
    "IdempotencyKey",
    "Identifier",
    "JsonObject",
    "Key",
    "KeyList",
    "LegalId",
    "ListOf",
    "Mobile",
    "NationalCode",
    "Node",
    "Option",
    "Password",
    "Place",
    "RecoveryCodeString",
    "RowId",
    "Scalar",
    "Secret",
    "SecretText",
    "StrictMapping",
    "StrictSchema",
    "TrackingCode",
    "at_least",
    "new_key",
    "whole_number",
]
