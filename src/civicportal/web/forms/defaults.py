"""Default widgets of schema types."""

from __future__ import annotations

import colander

from civicportal.web import schema
from civicportal.web.forms import groups, widgets
from civicportal.web.forms.widgets import FormWidget
from civicportal.web.schema.base import WIDGET_OPTIONS

_DEFAULTS: tuple[tuple[type, type[FormWidget]], ...] = (
    (schema.Place, groups.MapPointWidget),
    (schema.KeyList, groups.PhotosWidget),
    (schema.IdempotencyKey, widgets.IdempotencyWidget),
    (schema.ListOf, groups.RadioWidget),
    (schema.Choice, groups.SelectWidget),
    (schema.Flag, widgets.CheckboxWidget),
    (schema.Degrees, widgets.HiddenWidget),
    (schema.FiniteFloat, widgets.NumberWidget),
    (schema.Mobile, widgets.MobileWidget),
    (schema.Code, widgets.CodeWidget),
    (schema.CityDate, widgets.DateWidget),
    (schema.ClockTime, widgets.NumberWidget),
    (schema.Password, widgets.PasswordWidget),
    (schema.TrackingCode, widgets.NumberWidget),
    (schema.NationalCode, widgets.PersonalNumberWidget),
    (schema.LegalId, widgets.NumberWidget),
    (schema.BoundedInt, widgets.NumberWidget),
)

_FOUND: dict[tuple[type, type], type[FormWidget]] = {}
"""Widgets by the types of nodes, looked up once."""


def widget_of(node: colander.SchemaNode) -> FormWidget:
    """Return the widget of a node.

    It is hidden if the node says so, else the node's own, else that of its type.
    """
    if getattr(node, "hidden", False):
        return widgets.HiddenWidget()
    if node.widget:
        return node.widget
    options = {name: getattr(node, name) for name in WIDGET_OPTIONS if hasattr(node, name)}
    text = node.typ if isinstance(node.typ, schema.CleanText) else None
    if text and (text.multiline or "rows" in options):
        return widgets.TextAreaWidget(**{"rows": 2 if text.max <= 300 else 5, **options})
    kinds = type(node), type(node.typ)
    if kinds not in _FOUND:
        _FOUND[kinds] = next(
            (widget for kind, widget in _DEFAULTS if any(issubclass(found, kind) for found in kinds)),
            widgets.TextWidget,
        )
    return _FOUND[kinds](**options)
