"""Manifest, service worker, offline page and the queue of forms."""

import json

from civicportal.web.pwa.keeping import OWNER, VISITOR
from civicportal.web.request import Request, ViewResult
from civicportal.web.static import CORE, static_url

#: Files needed by the offline pages and the layout of every page.
SHELL = (
    "vendor/bootstrap.rtl.min.css",
    "vendor/bootstrap.min.css",
    "tokens.css",
    "portal.css",
    "forms.css",
    "citizen.css",
    "vendor/icons.svg",
    "vendor/fonts/vazirmatn-arabic.woff2",
    "vendor/fonts/vazirmatn-latin.woff2",
    "mark.svg",
    "star.svg",
    "js/theme-early.js",
    "js/page.js",
    "js/portal.js",
    "js/offline.js",
    "js/queue.js",
    "js/queue-page.js",
)
#: Parts of the worker in their order.
WORKER = ("vendor/idb/umd.js", "js/queue-worker.js", "js/service-worker.js")
#: Pages that are the same for everyone.
SHELL_PAGES = ("offline", "queue")
ICON_SIZES = (192, 512)
AN_HOUR = 3600


def manifest(request: Request) -> ViewResult:
    """Describe the installed app in the language of the visitor."""
    branding = request.site.branding_in(request.locale_name)
    icons = [
        {
            "src": static_url(request, CORE, f"icons/app-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size in ICON_SIZES
        for purpose in ("any", "maskable")
    ]
    table = {
        "id": "/",
        "name": branding.name,
        "short_name": branding.short_name,
        "lang": request.locale_name,
        "dir": request.text_direction,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#F6F4EF",
        "theme_color": branding.bar,
        "icons": icons,
    }
    response = request.response
    response.content_type = "application/manifest+json"
    response.charset = "utf-8"
    response.text = json.dumps(table, ensure_ascii=False)
    response.cache_control = f"public, max-age={AN_HOUR}"
    return response


def service_worker(request: Request) -> ViewResult:
    """Serve the service worker without caching."""
    files = request.registry.static_files
    settings = {
        "version": files.digest(CORE),
        "ownerHeader": OWNER,
        "visitor": VISITOR,
        "pages": [request.route_path(name) for name in SHELL_PAGES],
        "files": [static_url(request, CORE, path) for path in SHELL],
        "session": request.route_path("queue_session"),
    }
    script = "\n".join(files.file(CORE, path).read_text(encoding="utf-8") for path in WORKER)
    response = request.response
    response.content_type = "text/javascript"
    response.charset = "utf-8"
    response.text = f"self.SETTINGS = {json.dumps(settings)};\n{script}"
    response.cache_control = "no-cache"
    return response


def offline(request: Request) -> dict[str, object]:
    """Show the offline page; it is the same for everyone and cacheable."""
    request.response.cache_control = f"public, max-age={AN_HOUR}"
    return {}


def queue(request: Request) -> dict[str, object]:
    """Show the forms that wait in this browser; the page is the same for everyone, a script fills it in."""
    return offline(request)


def queue_session(request: Request) -> dict[str, str]:
    """Return the owner of the session and the token of its forms, for the service worker."""
    request.response.cache_control = "no-store"
    return {"owner": request.offline_owner, "token": request.csrf_token_value}
