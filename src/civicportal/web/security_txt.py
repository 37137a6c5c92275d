"""``/.well-known/security.txt``: contact for security reports (RFC 9116)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNotFound

from civicportal.core.security import PagePermission
from civicportal.web.request import Request, ViewResult

PATH = "/.well-known/security.txt"
GOOD_FOR = timedelta(days=90)
"""Less than the maximum of one year that RFC 9116 §2.5.5 recommends; counted from today, it never expires."""
A_DAY = 86400


def show(request: Request) -> ViewResult:
    """Return the file; 404 if the site has no contact."""
    site = request.site
    contact = contact_of(site.branding.contact)
    if not contact:
        raise HTTPNotFound
    day = site.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    request.response.content_type = "text/plain"
    request.response.charset = "utf-8"
    request.response.text = text(
        contact, day + GOOD_FOR, site.languages or [site.locale], site.public_url or ""
    )
    request.response.cache_control = f"public, max-age={A_DAY}"
    return request.response


def contact_of(contact: Mapping[str, str]) -> str:
    """Return the contact for security reports.

    It is ``contact.security``, else the city's mail, web site or telephone.
    """
    own = str(contact.get("security", ""))
    if own:
        return own if own.startswith(("https://", "mailto:", "tel:")) else f"mailto:{own}"
    if email := contact.get("email"):
        return f"mailto:{email}"
    website = str(contact.get("website", ""))
    if website.startswith("https://"):
        return website
    phone = str(contact.get("phone", "")).replace(" ", "")
    return f"tel:{phone}" if phone else ""


def text(contact: str, expires: datetime, languages: Iterable[str], public_url: str) -> str:
    """Return the content, one field per line."""
    lines = [f"Contact: {contact}", f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}"]
    lines.append(f"Preferred-Languages: {', '.join(dict.fromkeys(languages))}")
    if public_url.startswith("https://"):
        lines.append(f"Canonical: {public_url.rstrip('/')}{PATH}")
    return "\n".join(lines) + "\n"


def includeme(config: Configurator) -> None:
    """Add the route."""
    config.add_route("security_txt", PATH)
    config.add_view(show, route_name="security_txt", permission=PagePermission.EVERYBODY)
