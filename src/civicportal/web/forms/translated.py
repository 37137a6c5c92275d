"""Fields of a form for the texts of the site's further languages."""

from collections.abc import Mapping, Sequence
from copy import copy

import colander

from civicportal.core.site import Site
from civicportal.util.i18n import text_direction
from civicportal.util.values import Values
from civicportal.web.forms.widgets import TextWidget
from civicportal.web.language import all_languages


class TranslatedFields:
    """Copies of text fields, one a language: ``en_name`` for ``name``. They may be empty.

    :ivar codes: of the further languages.
    :ivar groups: name of a language in itself and the names of its fields.
    """

    def __init__(self, site: Site, names: Sequence[str]) -> None:
        self._names = names
        self._languages = [(code, name) for code, name in all_languages(site) if code != site.locale]
        self.codes = [code for code, _name in self._languages]
        self.groups = [(language, [f"{code}_{name}" for name in names]) for code, language in self._languages]

    def add_to(self, schema: colander.SchemaNode) -> colander.SchemaNode:
        """Add the fields to an unbound schema, and return it."""
        for code, _language in self._languages:
            for name in self._names:
                node = schema[name].clone()
                node.name, node.missing, node.description = f"{code}_{name}", "", None
                if text_direction(code) == "ltr":
                    node.widget = copy(node.widget or TextWidget())
                    node.widget.css_class = "ltr d-block w-100"
                schema.add(node)
        return schema

    def initial(self, translations: Mapping[str, Values]) -> dict[str, str]:
        """Return the values of the fields."""
        return {
            f"{code}_{name}": translations.get(code, {}).get(name, "")
            for code, _language in self._languages
            for name in self._names
        }

    def read(self, values: Values) -> dict[str, dict[str, str]]:
        """Return the texts of a submitted form: language, name, text; those that were left empty are missing."""
        return {
            code: {name: values[f"{code}_{name}"] for name in self._names if values[f"{code}_{name}"]}
            for code, _language in self._languages
        }
