"""Translation in templates: ``_('…')`` and ``{% trans %}``, each in the domain of the template's package."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.ext import InternationalizationExtension
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser
from pyramid.threadlocal import get_current_request

from civicportal.core.translations import DOMAIN

_IN_DOMAIN = {"_": "gettext_in", "gettext": "gettext_in", "ngettext": "ngettext_in"}


class Gettext:
    """Translation functions for templates.

    Set as ``jinja2.i18n.gettext``; there is one for each application.
    """

    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._known: dict[tuple[str, str, str], str] = {}

    def gettext(self, message: str, mapping: Mapping[str, object] | None = None) -> str:
        """Return the translation of a text of the core or site."""
        return self.gettext_in(self._domain, message, mapping)

    def gettext_in(self, domain: str, message: str, mapping: Mapping[str, object] | None = None) -> str:
        """Return the translation of a text in a domain."""
        localizer = get_current_request().localizer
        if mapping:
            return str(localizer.translate(message, domain=domain, mapping=mapping))
        asked = (localizer.locale_name, domain, message)
        if asked not in self._known:
            self._known[asked] = str(localizer.translate(message, domain=domain))
        return self._known[asked]

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Return the form that a number takes."""
        return self.ngettext_in(self._domain, singular, plural, n)

    def ngettext_in(self, domain: str, singular: str, plural: str, n: int) -> str:
        """Return the form that a number takes, in a domain."""
        return str(get_current_request().localizer.pluralize(singular, plural, n, domain=domain))


class Translation(InternationalizationExtension):
    """Jinja's translation with the domain of the template.

    A page is rendered from templates of several packages in one context, so the domain is fixed when they are compiled.
    """

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterable[Token]:
        """Give calls of ``_`` in a template of a plugin their domain."""
        domain = domain_of(stream.name)
        return _with_domain(stream, domain) if domain else stream

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Give ``{% trans %}`` in a template of a plugin its domain."""
        parsed = super().parse(parser)
        domain = domain_of(parser.name)
        if domain and isinstance(parsed, nodes.Node):
            for call in parsed.find_all(nodes.Call):
                if isinstance(call.node, nodes.Name) and call.node.name in _IN_DOMAIN:
                    call.node.name = _IN_DOMAIN[call.node.name]
                    call.args.insert(0, nodes.Const(domain))
        return parsed


def domain_of(template: str | None) -> str | None:
    """Return the domain of a template by its asset name.

    It is None for one of the core.
    """
    package = (template or "").partition(":")[0] if ":" in (template or "") else DOMAIN
    return package if package != DOMAIN else None


def install(environment: Environment) -> None:
    """Give templates the functions that the extension calls."""
    gettext: Any = environment.globals["gettext"]
    # Jinja's own ``_`` looks up ``gettext`` in the context, which it copies for it inside of loops and blocks.
    environment.globals["_"] = gettext
    functions: Gettext = gettext.__self__
    environment.globals |= {"gettext_in": functions.gettext_in, "ngettext_in": functions.ngettext_in}


def _with_domain(stream: TokenStream, domain: str) -> Iterator[Token]:
    before, name = "", None
    for token in stream:
        if name is not None:
            is_call = token.type == "lparen"
            yield Token(name.lineno, "name", _IN_DOMAIN[name.value]) if is_call else name
            name = None
            if is_call:
                yield token
                yield Token(token.lineno, "string", domain)
                token = Token(token.lineno, "comma", ",")
        if token.type == "name" and token.value in _IN_DOMAIN and before != "dot":
            name = token
        else:
            yield token
        before = token.type
    if name is not None:
        yield name
