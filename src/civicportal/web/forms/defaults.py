"""Default widgets of schema types."""

from __future__ import annotations

import colander

from civicportal.web import schema
from civicportal.web.forms import groups, widgets
from civicportal.web.forms.widgets import FormWidget

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


def default_widget(node: colander.SchemaNode) -> FormWidget:
    """Return the widget of a node that defines none."""
    if isinstance(node.typ, schema.CleanText) and node.typ.multiline:
        return widgets.TextAreaWidget(rows=2 if node.typ.max <= 300 else 5)
    return next(
        (widget() for kind, widget in _DEFAULTS if isinstance(node, kind) or isinstance(node.typ, kind)),
        widgets.TextWidget(),
    )
