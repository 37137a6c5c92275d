"""Forms: schemas bound to a request.

A form is flat: plain field names, a repeated name for a list. deform provides the tree of fields; its own templates and
its nested wire format are not used (they need inline scripts).
"""

from __future__ import annotations

from civicportal.web.forms.field import BoundField
from civicportal.web.forms.form import BoundForm
from civicportal.web.forms.groups import (
    ChoiceCardsWidget,
    FileWidget,
    MapPointWidget,
    PhotosWidget,
    RadioWidget,
    SelectWidget,
)
from civicportal.web.forms.optional import optional_choice
from civicportal.web.forms.parts import Button, FieldError, FileRefused, FormInvalid, UploadedFile
from civicportal.web.forms.widgets import (
    CheckboxWidget,
    CodeWidget,
    DateWidget,
    FormWidget,
    HiddenWidget,
    MobileWidget,
    NumberWidget,
    PasswordWidget,
    TextAreaWidget,
    TextWidget,
)

__all__ = [
    "BoundField",
    "BoundForm",
    "Button",
    "CheckboxWidget",
    "ChoiceCardsWidget",
    "CodeWidget",
    "DateWidget",
    "FieldError",
    "FileRefused",
    "FileWidget",
    "FormInvalid",
    "FormWidget",
    "HiddenWidget",
    "MapPointWidget",
    "MobileWidget",
    "NumberWidget",
    "PasswordWidget",
    "PhotosWidget",
    "RadioWidget",
    "SelectWidget",
    "TextAreaWidget",
    "TextWidget",
    "UploadedFile",
    "optional_choice",
]
