"""The first tween over a small application that reads everything a request offers, through raw WSGI."""

import io
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from webtest import TestApp

from civicportal.web.request_body import keep_readable_cookies

UPLOADS = "/uploads"
WIDE = "/admin/roles"
MIB = 1024 * 1024
FORM = "application/x-www-form-urlencoded"


def reads_everything(request):
    """What views and Pyramid itself do with a request; each of these has ended in an error 500 somewhere."""
    seen = [request.path, request.url, request.host_url, request.domain, request.path_qs]
    seen += [f"{name}={value}" for name, value in request.params.items()]
    seen += [
        request.locale_name,
        str(request.accept_language),
        str(request.accept),
        str(request.if_modified_since),
    ]
    seen += [str(request.referer), str(request.user_agent), str(dict(request.cookies)), str(request.range)]
    if request.content_type == "application/json":
        seen.append(json.dumps(request.json_body, ensure_ascii=False))
    "".join(seen).encode("utf-8")
    return Response("ok", headers={"X-Seen": request.params.get("q", "").encode("utf-8").hex()})


class InMemory(Request):
    """WebOb closes its temporary files when they are no longer referenced, which is a warning."""

    request_body_tempfile_limit = 64 * MIB


def make_app(**settings):
    with Configurator(
        request_factory=InMemory,
        settings={
            "civicportal.upload_paths": [UPLOADS],
            "civicportal.wide_form_paths": [WIDE],
            "retry.activate_hook": "civicportal.web.request_checks.attempts",
            **settings,
        },
    ) as config:
        config.include("pyramid_retry")
        config.include("civicportal.web.headers")
        config.include("civicportal.web.request_checks")
        config.add_route("any", "/*path")
        config.add_view(reads_everything, route_name="any")
        return config.make_wsgi_app()


APP = make_app()


def ask(app=APP, method="GET", path="/", query="", body=b"", headers=(), **environ):
    """Send one request as a server would, with anything in it, and return (status, headers, body)."""
    environ = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "localhost",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)) if body else "", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False, **dict(headers), **environ,
    }  # fmt: skip
    environ = {name: value for name, value in environ.items() if value is not None}
    answer = []
    chunks = app(
        environ, lambda status, headers, exc_info=None: answer.extend([int(status[:3]), dict(headers)])
    )
    return answer[0], answer[1], b"".join(chunks)


def part(name='name="a"', content=b"x", extra=b""):
    head = (
        b"--B\r\nContent-Disposition: form-data; "
        + (name if isinstance(name, bytes) else name.encode())
        + b"\r\n"
    )
    return head + extra + b"\r\n" + content + b"\r\n"


MULTIPART = "multipart/form-data; boundary=B"
END = b"--B--\r\n"


def post(body, content_type=FORM, **more):
    return {"method": "POST", "body": body, "CONTENT_TYPE": content_type, **more}


def json_post(body):
    return post(body, "application/json")


JUNK = {
    "TRACE": ({"method": "TRACE"}, 405),
    "OPTIONS": ({"method": "OPTIONS"}, 405),
    "PUT": ({"method": "PUT"}, 405),
    "DELETE": ({"method": "DELETE"}, 405),
    "PATCH": ({"method": "PATCH"}, 405),
    "CONNECT": ({"method": "CONNECT"}, 405),
    "made-up method": ({"method": "G\xc3T"}, 405),
    "lower-case method": ({"method": "get"}, 405),
    "path not UTF-8": ({"path": "/\xff"}, 400),
    "path half a character": ({"path": "/\xed\xa0\x80"}, 400),
    "path overlong": ({"path": "/\xc0\xaf"}, 400),
    "path NUL": ({"path": "/\x00"}, 400),
    "path CRLF": ({"path": "/a\r\nSet-Cookie: x"}, 400),
    "path escape": ({"path": "/\x1b[2J"}, 400),
    "path beyond latin-1": ({"path": "/س"}, 400),
    "script name not UTF-8": ({"SCRIPT_NAME": "/\xff"}, 400),
    "query not UTF-8": ({"query": "v=%ff"}, 400),
    "query raw bytes": ({"query": "v=\xff"}, 400),
    "query surrogate": ({"query": "v=%ED%A0%80"}, 400),
    "query key not UTF-8": ({"query": "%ff=v"}, 400),
    "query NUL": ({"query": "v=%00"}, 400),
    "query CRLF": ({"query": "next=%0d%0aSet-Cookie:x"}, 400),
    "query raw CR": ({"query": "a=\r"}, 400),
    "query NUL with a sign": ({"query": "v=%+0"}, 400),
    "query line break with a blank": ({"query": "v%20d=% d"}, 400),
    "query fields": ({"query": "&".join(["a=1"] * 201)}, 400),
    "query separators": ({"query": "&" * 5000}, 400),
    "no host": ({"HTTP_HOST": None}, 400),
    "empty host": ({"HTTP_HOST": ""}, 400),
    "host with path": ({"HTTP_HOST": "localhost/evil"}, 400),
    "host with user": ({"HTTP_HOST": "a@localhost"}, 400),
    "host with spaces": ({"HTTP_HOST": "local host"}, 400),
    "two hosts": ({"HTTP_HOST": "localhost,evil"}, 400),
    "host port": ({"HTTP_HOST": "localhost:port"}, 400),
    "host CRLF": ({"HTTP_HOST": "localhost\r\nX: y"}, 400),
    "header CRLF": ({"HTTP_USER_AGENT": "x\r\nSet-Cookie: y"}, 400),
    "header LF": ({"HTTP_COOKIE": "a=b\nc=d"}, 400),
    "header NUL": ({"HTTP_REFERER": "http://localhost/\x00"}, 400),
    "type CRLF": (post(b"a=1", FORM + "\r\nX: y"), 400),
    "length junk": (post(b"a=1", CONTENT_LENGTH="abc"), 400),
    "length negative": (post(b"a=1", CONTENT_LENGTH="-1"), 400),
    "length Persian": (post(b"a=1", CONTENT_LENGTH="۳"), 400),
    "length twice": (post(b"a=1", CONTENT_LENGTH="3, 3"), 400),
    "length endless": (post(b"a=1", CONTENT_LENGTH="9" * 5000), 400),
    "length too long": (post(b"a=1", CONTENT_LENGTH=str(MIB + 1)), 413),
    "upload too long": (post(b"a=1", MULTIPART, path=UPLOADS, CONTENT_LENGTH=str(44 * MIB + 1)), 413),
    "neighbour of uploads": (post(b"a=1", MULTIPART, path=UPLOADS + "x", CONTENT_LENGTH=str(MIB + 1)), 413),
    "chunked too long": (post(b"a" * (MIB + 1), CONTENT_LENGTH=None, **{"wsgi.input_terminated": True}), 413),
    "GET with a body": ({"body": b"a=1", "CONTENT_TYPE": FORM}, 400),
    "GET charset": ({"CONTENT_TYPE": FORM + "; charset=utf-16"}, 400),
    "form not UTF-8": (post(b"a=%ff"), 400),
    "form raw bytes": (post(b"a=\xff"), 400),
    "form key not UTF-8": (post(b"%ff=a"), 400),
    "form surrogate": (post(b"a=%ed%a0%80"), 400),
    "form NUL": (post(b"a=%00"), 400),
    "form key CRLF": (post(b"a%0d%0ab=1"), 400),
    "form untyped": (post(b"a=%ff", ""), 400),
    "form charset": (post(b"a=1", FORM + "; charset=utf-16"), 400),
    "form unknown charset": (post(b"a=1", FORM + "; charset=x-junk"), 400),
    "form fields": (post(b"&".join([b"a=1"] * 201)), 400),
    "form many fields": (post(b"&a" * 200_000), 400),
    "wide form fields": (post(b"&".join([b"a=1"] * 2001), path=WIDE), 400),
    "multipart no boundary": (post(part() + END, "multipart/form-data"), 400),
    "multipart empty boundary": (post(part() + END, "multipart/form-data; boundary="), 400),
    "multipart bad boundary": (post(part() + END, 'multipart/form-data; boundary="\xff\t"'), 400),
    "multipart not UTF-8": (post(part(content=b"\xff") + END, MULTIPART), 400),
    "multipart name not UTF-8": (post(part(b'name="\xff"') + END, MULTIPART), 400),
    "multipart file name not UTF-8": (post(part(b'name="a"; filename="\xff.jpg"') + END, MULTIPART, path=UPLOADS), 400),
    "multipart file elsewhere": (post(part(b'name="f"; filename="a.jpg"', b"\xff\xd8") + END, MULTIPART), 400),
    "multipart file for a text": (post(part('name="q"; filename="a.jpg"', b"\xff\xd8") + END, MULTIPART, path=UPLOADS), 400),
    "multipart no file elsewhere": (post(part(b'name="f"; filename=""', b"") + END, MULTIPART), 400),
    "multipart NUL": (post(part(content=b"\x00") + END, MULTIPART), 400),
    "multipart no name": (post(part("x=y") + END, MULTIPART), 400),
    "multipart charset": (post(part(extra=b"Content-Type: text/plain; charset=x-junk\r\n") + END, MULTIPART), 400),
    "multipart base64": (post(part(content=b"A", extra=b"Content-Transfer-Encoding: base64\r\n") + END, MULTIPART), 400),
    "multipart nested": (post(part(extra=b"Content-Type: multipart/mixed; boundary=C\r\n", content=b"--C\r\n\r\nx\r\n--C--") + END, MULTIPART), 400),
    "multipart nested, folded": (post(part(extra=b"content-TYPE:\r\n multipart/mixed; boundary=C\r\n") + END, MULTIPART), 400),
    "multipart parts": (post(part() * 201 + END, MULTIPART), 400),
    "multipart long boundary": (post(part() + END, "multipart/form-data; boundary=" + "B" * 71), 400),
    "multipart cut off": (post(part(), MULTIPART), 400),
    "multipart text before": (post(b"\n" * 1000 + part() + END, MULTIPART), 400),
    "multipart folded header": (post(part(extra=b"X-A: b\r\n c\r\n") + END, MULTIPART), 400),
    "multipart long header": (post(part(extra=b"X-A: " + b"b" * 1024 + b"\r\n") + END, MULTIPART), 400),
    "multipart many headers": (post(part(extra=b"X-A: b\r\n" * 9) + END, MULTIPART), 400),
    "multipart long text": (post(part(content=b"x" * (MIB + 1)) + END, MULTIPART, path=UPLOADS), 413),
    "multipart long texts": (post(part(content=b"x" * (MIB // 2)) * 3 + END, MULTIPART, path=UPLOADS), 413),
    "multipart no form-data": (post(part().replace(b"form-data", b"attachment") + END, MULTIPART), 400),
    "multipart many parts": (post(b"--B\r\n\r\n" * 100_000 + END, MULTIPART), 400),
    "JSON broken": (json_post(b'{"a":'), 400),
    "JSON not UTF-8": (json_post(b'{"a": "\xff"}'), 400),
    "JSON UTF-16": (json_post('{"a": 1}'.encode("utf-16")), 400),
    "JSON deep": (json_post(b"[" * 30_000 + b"]" * 30_000), 400),
    "JSON of many values": (json_post(b"[" + b"[]," * 4000 + b"[]]"), 400),
    "JSON too long": (json_post(b'"' + b"x" * 64 * 1024 + b'"'), 413),
    "JSON too long, among uploads": (post(b'"' + b"x" * 64 * 1024 + b'"', "application/json; charset=utf-8", path=UPLOADS), 413),
    "report too long": (post(b"", "application/csp-report", CONTENT_LENGTH=str(64 * 1024 + 1)), 413),
    "form too long, among uploads": (post(b"a=1", path=UPLOADS, CONTENT_LENGTH=str(MIB + 1)), 413),
    "other type": (post(b"\xff\x00", "application/octet-stream"), 415),
    "other type, among uploads": (post(b"<a/>", "text/xml", path=UPLOADS), 415),
    "JSON 21 deep": (json_post(b"[" * 21 + b"]" * 21), 400),
    "JSON long integer": (json_post(b"1" * 60_000), 400),
    "JSON NaN": (json_post(b'{"a": NaN}'), 400),
    "JSON infinity": (json_post(b'{"a": 1e999}'), 400),
    "JSON NUL": (json_post(b'{"a": "\\u0000"}'), 400),
    "JSON surrogate": (json_post(b'{"a": "\\ud800"}'), 400),
    "JSON empty": (json_post(b""), 400),
    "JSON quotes": (json_post(b'"\\' * 30_000), 400),
}  # fmt: skip

GOOD = {
    "page": {},
    "HEAD": {"method": "HEAD"},
    "Persian path": {"path": "/گزارش".encode().decode("latin-1")},
    "Persian query": {"query": "q=%DA%AF%D8%B2%D8%A7%D8%B1%D8%B4&empty="},
    "half a percent sign": {"query": "q=%zz%"},
    "less than nothing": {"query": "v=%-1"},
    "200 query fields": {"query": "&".join(["a=1"] * 200)},
    "host and port": {"HTTP_HOST": "LocalHost:6543"},
    "IPv6": {"HTTP_HOST": "[::1]:6543"},
    "odd cookies": {"HTTP_COOKIE": "a=b; \xff=\xfe; ===; c"},
    "cookies that are not UTF-8": {"HTTP_COOKIE": 'a="\xed"; b=\\355; c="x;\\377"'},
    "odd accepts": {"HTTP_ACCEPT_LANGUAGE": ";;;q=x", "HTTP_ACCEPT": "\xff/*/", "HTTP_RANGE": "bytes=x"},
    "odd date": {"HTTP_IF_MODIFIED_SINCE": "Yesterday 99:99"},
    "form": post(b"a=%DA%AF&b=two+words&a="),
    "form with a charset": post(b"a=1", FORM + "; charset=UTF-8"),
    "form with lines": post(b"a=one%0d%0atwo"),
    "empty form": post(b""),
    "200 fields": post(b"&".join([b"a=1"] * 200)),
    "2000 fields": post(b"&".join([b"a=1"] * 2000), path=WIDE + "/editor"),
    "multipart": post(part(content="گزارش\r\n".encode()) + part('name="f_files"; filename="عکس.jpg"', b"\xff\xd8\xff\x00") + END, MULTIPART, path=UPLOADS),
    "multipart with a replacement character": post(part(content="a\ufffdb".encode()) + END, MULTIPART),
    "a megabyte": post(b"a=" + b"x" * (MIB - 2)),
    "an upload": post(part('name="file"; filename="a.jpg"', b"\xff" * (11 * MIB)) + END, MULTIPART, path=UPLOADS),
    "chunked": post(b"a=1", CONTENT_LENGTH=None, **{"wsgi.input_terminated": True}),
    "JSON": json_post(b'{"a": "\\\\u0000 [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "b": [1, 2.5, null]}'),
    "JSON 20 deep": json_post(b"[" * 20 + b"]" * 20),
    "JSON of a report": post(b'{"csp-report": {}}', "application/csp-report"),
    "other type without a body": post(b"", "text/plain"),
    "multipart without its last break": post(part() + END.rstrip(), MULTIPART),
}  # fmt: skip


@pytest.mark.parametrize("name", JUNK)
def test_junk_is_refused_with_a_page(name):
    request, expected = JUNK[name]
    status, headers, body = ask(**request)
    assert status == expected
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert b"<h1 " in body
    assert b"Traceback" not in body
    assert b"style=" not in body


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("lang=fa; cp=abc-_;cp_flash=ab.cd==", "lang=fa; cp=abc-_; cp_flash=ab.cd=="),
        ('a="x\\054 y"; b="\\330\\263"', 'a="x\\054 y"; b="\\330\\263"'),
        # WebOb raises an error for these...
        ('a="\xed"; lang=fa; b="\\355"; c=\\355', "lang=fa"),
        # ...and tries each place of these again.
        ("a" * 10_000, ""),
        ('a="' + "b" * 10_000 + "; lang=fa", "lang=fa"),
        ("a=[" + "b" * 10_000, ""),
        ("=" * 10_000, ""),
    ],
)
def test_views_see_the_cookies_that_can_be_read(sent, kept):
    request = Request.blank("/", environ={"HTTP_COOKIE": sent})
    keep_readable_cookies(request)
    assert request.environ["HTTP_COOKIE"] == kept
    assert len(dict(request.cookies)) == len([part for part in kept.split("; ") if part])


@pytest.mark.parametrize("name", GOOD)
def test_good_requests_arrive_unchanged(name):
    assert ask(**GOOD[name])[0] == 200


def test_the_view_reads_the_form_that_was_checked():
    assert ask(**post("q=دو خط\r\n".encode()))[1]["X-Seen"] == "دو خط\r\n".encode().hex()
    content = part('name="q"', "گزارش".encode()) + END
    assert ask(**post(content, MULTIPART))[1]["X-Seen"] == "گزارش".encode().hex()


def test_what_is_encoded_twice_is_decoded_once():
    seen = "q=%2527%252e%26lt%3B"
    assert bytes.fromhex(ask(query=seen)[1]["X-Seen"]) == b"%27%2e&lt;"
    assert bytes.fromhex(ask(**post(seen.encode()))[1]["X-Seen"]) == b"%27%2e&lt;"


def test_allowed_methods_are_named():
    assert ask(method="PUT")[1]["Allow"] == "GET, HEAD, POST"


def test_only_the_sites_hosts_are_answered():
    app = make_app(**{"civicportal.hosts": ["Shahr.example", "localhost:6543"]})
    for host, status in {
        "shahr.example": 200, "SHAHR.EXAMPLE": 200, "shahr.example:443": 200, "localhost:6543": 200, "localhost": 400,
        "localhost:1": 400, "evil.example": 400, "shahr.example.evil.example": 400, "127.0.0.1": 400,
    }.items():  # fmt: skip
        assert (host, ask(app, HTTP_HOST=host)[0]) == (host, status)


class UnexpectedResponse:
    """A body that must not be read."""

    def read(self, *_size):
        pytest.fail("the body was read")


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (post(b"", CONTENT_LENGTH=str(MIB + 1)), 413),
        (post(b"", MULTIPART, path=UPLOADS, CONTENT_LENGTH=str(44 * MIB + 1)), 413),
        (post(b"", path=UPLOADS, CONTENT_LENGTH=str(MIB + 1)), 413),
        (post(b"", "application/json", path=UPLOADS, CONTENT_LENGTH=str(43 * MIB)), 413),
        (post(b"", path="/\xff", CONTENT_LENGTH="3"), 400),
        ({"CONTENT_LENGTH": str(MIB)}, 400),
    ],
)
def test_a_body_that_is_refused_by_its_length_is_not_read(request_, expected):
    assert ask(**request_, **{"wsgi.input": UnexpectedResponse()})[0] == expected


def test_a_refusal_is_logged_without_its_content(caplog):
    with caplog.at_level("INFO", "civicportal.web.request_checks"):
        ask(**post(b"mobile=09121234567%00"))
    assert "NUL in the form" in caplog.text
    assert "0912" not in caplog.text


@pytest.mark.parametrize(
    "name", ["form fields", "form many fields", "multipart many parts", "multipart nested", "JSON deep"]
)
def test_costly_junk_is_refused_before_it_is_parsed(name, monkeypatch):
    monkeypatch.setattr(Request, "POST", property(lambda request: pytest.fail("form parsed")))
    monkeypatch.setattr(json, "loads", lambda *args, **options: pytest.fail("JSON parsed"))
    assert ask(**JUNK[name][0])[0] == 400


@pytest.mark.parametrize("beyond", range(-4, 5))
def test_a_file_may_end_anywhere_in_what_is_read_at_a_time(beyond):
    """The strict parser takes nothing behind the last boundary, not even the line break that belongs there."""
    around = len(part('name="file"; filename="a.jpg"', b"") + END)
    form = part('name="file"; filename="a.jpg"', b"x" * (64 * 1024 + beyond - around)) + END
    assert len(form) == 64 * 1024 + beyond
    assert ask(**post(form, MULTIPART, path=UPLOADS))[0] == 200


def test_the_view_gets_texts_and_files_of_a_form_in_their_order():
    seen = []

    def view(request):
        seen.extend(
            (
                name,
                value if isinstance(value, (str, bytes)) else (value.filename, value.type, value.file.read()),
            )
            for name, value in request.POST.items()
        )
        seen.append(request.POST["a_files"].file)
        return Response("ok")

    with Configurator(request_factory=InMemory, settings={"civicportal.upload_paths": [UPLOADS]}) as config:
        config.include("civicportal.web.request_checks")
        config.add_route("any", "/*path")
        config.add_view(view, route_name="any")
        app = config.make_wsgi_app()
    large = bytes(range(256)) * 1024
    form = b"".join(
        [
            part('name="a"', "یک\r\nدو".encode()),
            part('name="a_files"; filename="C:\\\\عکس.jpg"', b"\xff\xd8", b"Content-Type: image/jpeg\r\n"),
            part('name="a"', b""),
            part('name="a_files"; filename="a%22b.png"', large),
            part('name="b_files"; filename=""', b"", b"Content-Type: application/octet-stream\r\n"),
            END,
        ]
    )
    assert ask(app, **post(form, MULTIPART, path=UPLOADS))[0] == 200
    file = seen.pop()
    assert seen == [
        ("a", "یک\r\nدو"),
        ("a_files", ("عکس.jpg", "image/jpeg", b"\xff\xd8")),
        ("a", ""),
        ("a_files", ('a"b.png', "", large)),
        ("b_files", b""),
    ]
    assert file.closed


def test_webtest_finds_nothing_wrong_with_the_answers():
    app = TestApp(make_app())
    app.get("/?v=%ff", status=400)
    app.request("/", method="PUT", status=405)
    app.post("/", {"a": "۱"}, status=200)
    app.post(UPLOADS, {"a": "۱"}, upload_files=[("file", "عکس.jpg", b"\xff\xd8")], status=200)


FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
raw = st.binary(max_size=200).map(lambda data: data.decode("latin-1"))
types = st.one_of(
    st.sampled_from(
        [
            FORM,
            MULTIPART,
            "",
            "application/json",
            "application/ld+json",
            "text/plain",
            "multipart/form-data; boundary=\\",
        ]
    ),
    raw,
)


@FUZZ
@given(path=raw, query=raw)
@example(path="/", query="_LOCALE_=%00")
@example(path="//evil", query="_LOCALE_=../../x")
def test_no_address_ends_in_an_error(path, query):
    assert ask(path="/" + path, query=query)[0] in (200, 400, 404)


@FUZZ
@given(
    name=st.sampled_from(
        [
            "HOST",
            "COOKIE",
            "ACCEPT",
            "ACCEPT_LANGUAGE",
            "REFERER",
            "RANGE",
            "X_FORWARDED_FOR",
            "IF_MODIFIED_SINCE",
        ]
    ),
    value=raw,
)
def test_no_header_ends_in_an_error(name, value):
    assert ask(**{f"HTTP_{name}": value})[0] in (200, 400)


@FUZZ
@given(content_type=types, body=st.binary(max_size=400))
@example(content_type=MULTIPART, body=b"--B\r\nContent-Disposition: form-data; name=\r\n\r\n")
def test_no_body_ends_in_an_error(content_type, body):
    assert ask(**post(body, content_type))[0] in (200, 400, 415)


headers_of_parts = st.lists(
    st.sampled_from([
        b'Content-Disposition: form-data; name="a"', b'Content-Disposition: form-data; name="f"; filename="x.jpg"', b"Content-Type: text/plain",
        b"Content-Type: text/plain; charset=utf-16", b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: 1", b"Content-Length: -9",
        b"Content-Length: x", b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"Content-Disposition", b": ", b"\xff: \xff",
    ]),
    max_size=3,
)  # fmt: skip


@FUZZ
@given(
    st.lists(st.tuples(headers_of_parts, st.binary(max_size=30)), max_size=4),
    st.sampled_from([END, b"", b"--B", b"\r\n"]),
)
def test_no_multipart_ends_in_an_error(parts, end):
    body = b"".join(
        b"--B\r\n" + b"".join(line + b"\r\n" for line in head) + b"\r\n" + content + b"\r\n"
        for head, content in parts
    )
    assert ask(**post(body + end, MULTIPART))[0] in (200, 400)


@FUZZ
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        st.lists,
        max_leaves=20,
    )
)
def test_no_json_ends_in_an_error(value):
    assert ask(**json_post(json.dumps({"a": value}).encode()))[0] in (200, 400)
