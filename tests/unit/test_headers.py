import pytest
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.interfaces import ITweens
from pyramid.response import Response
from webtest import TestApp

from civicportal.web.headers import content_security_policy

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "report-uri /csp-reports; report-to csp"
)


def own_headers(request):
    return Response(
        "x", headers={"Content-Security-Policy": "sandbox", "Cache-Control": "public, max-age=60"}
    )


def signs_in(request):
    response = HTTPSeeOther("/")
    response.set_cookie("cp", "x")
    return response


def fails(request):
    raise RuntimeError("broken")


@pytest.fixture(scope="module")
def app():
    with Configurator() as config:
        config.include("civicportal.web.request_checks")
        config.include("civicportal.web.headers")
        views = {
            "page": lambda request: Response("x"),
            "own": own_headers,
            "sign-in": signs_in,
            "forbidden": lambda request: HTTPForbidden(),
            "fails": fails,
            "track": lambda request: Response("x"),
        }
        for name, view in views.items():
            config.add_route(name, f"/{name}")
            config.add_view(view, route_name=name)
        config.add_static_view("static", "civicportal:data")
        config.add_exception_view(lambda request: Response("sorry", status=500), context=Exception)
        return TestApp(config.make_wsgi_app())


ANSWERS = [
    "/page",
    "/own",
    "/sign-in",
    "/forbidden",
    "/fails",
    "/nowhere",
    "/static/persian_passwords.txt",
    "/static/none",
    "/?v=%ff",
    "/track",
]


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_has_the_headers(app, path):
    headers = app.get(path, expect_errors=True).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Reporting-Endpoints"] == 'csp="/csp-reports"'
    assert headers["Permissions-Policy"].startswith("geolocation=(self)")
    assert headers["Content-Security-Policy"] == ("sandbox" if path == "/own" else POLICY)
    assert headers["Referrer-Policy"] == ("strict-origin" if path == "/track" else "same-origin")
    assert "Strict-Transport-Security" not in headers


def test_addresses_with_secrets_are_not_sent_as_referrers(app):
    for path in ("/track/1234567890", "/staff/invite/token", "/staff/reset"):
        assert app.get(path, status=404).headers["Referrer-Policy"] == "strict-origin"
    assert app.get("/tracks", status=404).headers["Referrer-Policy"] == "same-origin"


def test_https_is_asked_for_over_https_alone(app):
    headers = app.get("/page", extra_environ={"wsgi.url_scheme": "https"}).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_personal_responses_are_not_cached(app):
    app.reset()
    cookie = {"Cookie": "cp=x"}
    assert "Cache-Control" not in app.get("/page").headers
    assert app.get("/page", headers=cookie).headers["Cache-Control"] == "no-store"
    assert app.get("/forbidden", headers=cookie, status=403).headers["Cache-Control"] == "no-store"
    assert app.get("/own", headers=cookie).headers["Cache-Control"] == "public, max-age=60"
    assert app.get("/sign-in").headers["Cache-Control"] == "no-store"


def test_the_sites_own_tiles_are_allowed_in_pictures_alone():
    policy = content_security_policy("https://tiles.example.org")
    assert policy == POLICY.replace("blob:", "blob: https://tiles.example.org")


def test_the_tweens_stand_over_everything_that_reads_a_request():
    with Configurator() as config:
        for name in ("pyramid_tm", "civicportal.web.request_checks", "civicportal.web.headers"):
            config.include(name)
        config.commit()
        order = [name for name, _factory in config.registry.getUtility(ITweens).implicit()]
    assert order[:2] == [
        "civicportal.web.headers.headers_tween_factory",
        "civicportal.web.request_checks.request_check_tween_factory",
    ]
    assert "pyramid_tm.tm_tween_factory" in order
