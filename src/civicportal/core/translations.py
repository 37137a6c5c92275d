"""The localizers of a site, for pages and messages."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyramid.i18n import Localizer, Translations

DOMAIN = "civicportal"
"""The gettext domain of the core and of the site; a plugin's own is the name of its package."""


def make_localizer(locale: str, folders: Sequence[Path], site: Path | None = None) -> Localizer:
    """Return the localizer of a language.

    A text of the domain ``civicportal`` is translated by the site, else by the core, else by a plugin. A text of a
    plugin's domain is translated by the site, else by the plugin, else as any other text.

    :param locale: for instance ``fa`` or ``fa_IR``; the latter falls back to the former.
    :param folders: the folders ``locale`` of plugins and core, the weakest first.
    :param site: that of the site's package.
    """
    shared = [dict(_read(folder, locale)) for folder in folders]
    own = dict(_read(site, locale)) if site else {}
    domains = {domain for found in [*shared, own] for domain in found} - {DOMAIN}
    # What a plugin translates in its own domain is the last resort for a text that is marked without one.
    of_plugins = [found[domain] for found in shared for domain in sorted(domains & found.keys())]
    of_all = [found[DOMAIN] for found in [*shared, own] if DOMAIN in found]
    root = _merged(DOMAIN, [*of_plugins, *of_all])
    for domain in sorted(domains):
        layers = [found[domain] for found in shared if domain in found]
        root.add(_merged(domain, [*layers, *(own[name] for name in (DOMAIN, domain) if name in own)]))
    # A text that was marked with no domain at all is not translated, as everywhere in Pyramid.
    root.domain = Translations.DEFAULT_DOMAIN
    root._domains[root.domain] = _merged(root.domain, ())
    return Localizer(locale_name=locale, translations=root)


def _merged(domain: str, layers: Iterable[Translations]) -> Translations:
    merged = Translations(domain=domain)
    merged._catalog = {}  # as Pyramid begins one
    for layer in layers:
        merged.merge(layer)
        merged.plural = layer.plural
    return merged


def _read(folder: Path, locale: str) -> Iterator[tuple[str, Translations]]:
    """Yield the catalogues of a folder by domain.

    Those of the language are merged into those of the region.
    """
    names = list(dict.fromkeys((locale.partition("_")[0], locale)))
    paths: dict[str, list[Path]] = {}
    for name in names:
        for path in sorted((folder / name / "LC_MESSAGES").glob("*.mo")):
            paths.setdefault(path.stem, []).append(path)
    for domain, found in paths.items():
        yield domain, _merged(domain, map(_load, found))


def _load(path: Path) -> Translations:
    with path.open("rb") as file:
        return Translations(file, path.stem)
