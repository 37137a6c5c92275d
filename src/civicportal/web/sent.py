"""The submitted form, for error pages that redisplay it."""

from dataclasses import dataclass

from pyramid.config import Configurator
from pyramid.csrf import check_csrf_origin, check_csrf_token
from pyramid.interfaces import IRoutesMapper

from civicportal.web.challenge import FIELDS
from civicportal.web.csrf import from_own_page
from civicportal.web.request import Request
from civicportal.web.schema import SECRET_FIELDS

TOKEN = "csrf_token"  # noqa: S105 - # the name of a field


@dataclass(frozen=True)
class SubmittedForm:
    """The part of a submitted form that can be redisplayed.

    :ivar texts: names and values in order, without the token and without secrets.
    :ivar files: whether there were files, which a page cannot redisplay.
    :ivar is_own: whether it comes from a page of this portal in this browser.
    """

    texts: tuple[tuple[str, str], ...] = ()
    files: bool = False
    is_own: bool = True

    def __bool__(self) -> bool:
        """Return whether there is anything to redisplay."""
        return bool(self.texts)

    @property
    def words(self) -> list[str]:
        """Return the texts written by the user.

        Not keys and choices, which are one ASCII word.
        """
        return [text for _name, text in self.texts if len(text.split()) > 1 or not text.isascii()]


def sent_form(request: Request) -> SubmittedForm:
    """Return the submitted form without its secrets.

    It is None if it may come from another site.
    """
    if request.method != "POST" or not _is_own(request):
        return SubmittedForm(is_own=False)
    return _brought(request)


def stale_form(request: Request) -> SubmittedForm:
    """Return a form of this portal from another session, after a new sign-in in another tab.

    Headers that no page can set show that it comes from a page of the portal. It is redisplayed to be submitted again,
    never processed.
    """
    try:
        own = request.method == "POST" and from_own_page(request)
        return _brought(request) if own else SubmittedForm(is_own=False)
    except ValueError:
        return SubmittedForm(is_own=False)


def _brought(request: Request) -> SubmittedForm:
    items = [(name, value) for name, value in request.POST.items() if name != TOKEN and name not in FIELDS]
    typed = [(name, value) for name, value in items if isinstance(value, str)]
    secret = secret_fields(request)
    sent = SubmittedForm(
        tuple(pair for pair in typed if pair[0] not in secret), files=len(typed) < len(items)
    )
    # Without its secret a form without texts is not worth sending again.
    return sent if len(sent.texts) == len(typed) or sent.words else SubmittedForm()


def secret_fields(request: Request) -> frozenset[str]:
    """Return the possible names of secret fields on a path.

    The schema is not known before the view runs, so every name that any schema uses for a secret
    counts, except those declared by :func:`add_open_fields`.
    """
    mapper = request.registry.queryUtility(IRoutesMapper)
    route = getattr(request, "matched_route", None) or (mapper(request)["route"] if mapper else None)
    named = request.registry.open_fields.get(route.name, frozenset()) if route else frozenset()
    return frozenset(SECRET_FIELDS) - named


def add_open_fields(config: Configurator, route: str, *names: str) -> None:
    """Declare names of a route's form as public.

    For instance ``config.add_open_fields("kartable.bulk", "code")``: these are tracking codes. A form with a secret
    field of such a name is refused on that route.
    """
    config.registry.open_fields[route] = config.registry.open_fields.get(route, frozenset()) | set(names)


def includeme(config: Configurator) -> None:
    """Add the directive."""
    config.registry.open_fields = {}
    config.add_directive("add_open_fields", add_open_fields)


def _is_own(request: Request) -> bool:
    try:
        return bool(check_csrf_origin(request, raises=False) and check_csrf_token(request, raises=False))
    except ValueError:
        # The body is not a form, or is incomplete.
        return False
