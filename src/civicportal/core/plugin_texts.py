"""Translations of the plugins' settings in ``site.toml`` that citizens read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import colander

from civicportal.core.settings import validate
from civicportal.util.errors import ConfigurationError
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site


class PluginTexts:
    """Settings in a language: ``site.plugin_texts.of("meetings", "en")["place"]``.

    A plugin marks a setting that citizens read: ``setting(str, "", translated=True)``.

    :raises ConfigurationError: for a translation of another setting, or of another type.
    """

    def __init__(self, site: "Site", schemas: Mapping[str, colander.SchemaNode]) -> None:
        self._settings = site.plugin_settings
        self._nodes = {
            name: [node for node in schema if getattr(node, "translated", False)]
            for name, schema in schemas.items()
        }
        self._texts = {
            locale: {
                name: self._checked(site, f"translations.{locale}.plugins.{name}", name, table)
                for name, table in texts["plugins"].items()
            }
            for locale, texts in site.settings["translations"].items()
        }

    def of(self, plugin: str, locale: str) -> Values:
        """Return the settings of a plugin, those that citizens read in a language."""
        return {**self._settings[plugin], **self._texts.get(locale, {}).get(plugin, {})}

    def untranslated(self, locale: str) -> list[str]:
        """Return the keys of the settings that have no translation into a language: ``plugins.meetings.place``."""
        own: Mapping[str, Values] = self._texts.get(locale, {})
        return [
            f"plugins.{name}.{node.name}"
            for name, nodes in self._nodes.items()
            for node in nodes
            if self._settings[name][node.name] and not own.get(name, {}).get(node.name)
        ]

    def _checked(self, site: "Site", place: str, name: str, table: object) -> Values:
        known = self._nodes.get(name)
        if not isinstance(table, dict) or known is None:
            raise ConfigurationError(f"{site.path}: {place}: no plugin of this name has settings")
        nodes = {node.name: node for node in known}
        for key in table:
            if key not in nodes:
                raise ConfigurationError(f"{site.path}: {place}: {key!r} is no setting with translations")
        schema = colander.SchemaNode(colander.Mapping(), *(nodes[key].clone() for key in table))
        return validate(schema, table, site.path, place)
