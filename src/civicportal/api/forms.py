"""Schemas, fields, widgets, and the processing of forms."""

from civicportal.util.values import Values
from civicportal.web.forms import (
    BoundForm,
    ChoiceCardsWidget,
    FormInvalid,
    RadioWidget,
)
from civicportal.web.schema import (
    BoundedInt,
    Choice,
    CityDate,
    CleanText,
    ClockTime,
    Flag,
    IdempotencyKey,
    KeyList,
    LegalId,
    ListOf,
    NationalCode,
    Node,
    Option,
    StrictSchema,
    TrackingCode,
    whole_number,
)
from civicportal.web.schema import Place as PlaceField

__all__ = [
    "BoundForm",
    "BoundedInt",
    "Choice",
    "ChoiceCardsWidget",
    "CityDate",
    "CleanText",
    "ClockTime",
    "Flag",
    "FormInvalid",
    "IdempotencyKey",
    "KeyList",
    "LegalId",
    "ListOf",
    "NationalCode",
    "Node",
    "Option",
    "PlaceField",
    "RadioWidget",
    "StrictSchema",
    "TrackingCode",
    "Values",
    "whole_number",
]
