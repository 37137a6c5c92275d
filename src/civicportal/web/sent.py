"""What a form has brought, for pages that give it back because it could not be acted on."""

from dataclasses import dataclass
from typing import Any

from pyramid.csrf import check_csrf_origin, check_csrf_token

from civicportal.web.csrf import from_own_page

TOKEN = "csrf_token"  # noqa: S105 - # the name of a field
_SECRET = "password"  # noqa: S105 - # part of a field's name


@dataclass(frozen=True)
class Sent:
    """What a form has brought that can be given back.

    :ivar texts: names and texts in their order, without the token.
    :ivar files: there were files beside them, which a page cannot give back.
    :ivar is_own: a page of ours made it for this very browser.
    """

    texts: tuple[tuple[str, str], ...] = ()
    files: bool = False
    is_own: bool = True

    def __bool__(self) -> bool:
        """Tell whether there is anything to give back."""
        return bool(self.texts)

    @property
    def words(self) -> list[str]:
        """Return what a person has written: keys and choices are one word of ASCII."""
        return [text for _name, text in self.texts if len(text.split()) > 1 or not text.isascii()]


def sent_form(request: Any) -> Sent:
    """Return the form that a request brought; nothing where another site may have made it, nor where a password is in it."""
    if request.method != "POST" or not _is_own(request):
        return Sent(is_own=False)
    return _brought(request)


def stale_form(request: Any) -> Sent:
    """Return a form of ours whose token is none of this session: somebody has signed in anew in another tab.

    That a page of ours has sent it says the browser itself, in headers that no page can write. It is given back to be sent
    again, never acted on.
    """
    try:
        own = request.method == "POST" and from_own_page(request)
        return _brought(request) if own else Sent(is_own=False)
    except ValueError:
        return Sent(is_own=False)


def _brought(request: Any) -> Sent:
    items = [(name, value) for name, value in request.POST.items() if name != TOKEN]
    texts = tuple((name, value) for name, value in items if isinstance(value, str))
    if any(_SECRET in name for name, _text in texts):
        return Sent()
    return Sent(texts, files=len(texts) < len(items))


def _is_own(request: Any) -> bool:
    try:
        return bool(check_csrf_origin(request, raises=False) and check_csrf_token(request, raises=False))
    except ValueError:
        # The body is none of a form, or broke off.
        return False
