"""Whose word on the visitor's address is taken."""

from typing import Any

import pytest

from civicportal.core.serving.proxies import networks, trust_proxies

TRUSTED = ["10.0.0.5", "10.0.1.0/24", "fd00::/8"]


def heard(peer: str, forwarded: str = "203.0.113.9", places: list[str] = TRUSTED) -> tuple[str, str, bool]:
    """What an application behind the proxies sees: address, scheme, and whether the header is left."""
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return []

    environ = {
        "REMOTE_ADDR": peer,
        "HTTP_X_FORWARDED_FOR": forwarded,
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "elsewhere.example",
        "wsgi.url_scheme": "http",
        "SERVER_NAME": "portal",
        "SERVER_PORT": "6543",
    }
    trust_proxies(app, places)(environ, lambda *_: None)
    assert "HTTP_X_FORWARDED_HOST" not in seen
    return seen["REMOTE_ADDR"], seen["wsgi.url_scheme"], "HTTP_X_FORWARDED_FOR" in seen


@pytest.mark.parametrize("peer", ["10.0.0.5", "10.0.1.77", "::ffff:10.0.0.5", "fd00::1"])
def test_a_named_proxy_is_believed(peer: str) -> None:
    assert heard(peer) == ("203.0.113.9", "https", True)


@pytest.mark.parametrize("peer", ["10.0.0.6", "10.0.2.1", "203.0.113.1", "2001:db8::1", "localhost"])
def test_other_peers_are_not_believed(peer: str) -> None:
    assert heard(peer) == (peer, "http", False)


def test_without_a_proxy_no_peer_is_believed() -> None:
    assert heard("127.0.0.1", places=[]) == ("127.0.0.1", "http", False)


def test_what_the_visitor_says_of_himself_does_not_count() -> None:
    assert heard("10.0.0.5", "198.51.100.1, 203.0.113.9")[0] == "203.0.113.9"


@pytest.mark.parametrize(
    "said", ["", ":80", "unknown", "203.0.113.9, :x", '"', "203.0.113", "[", "203.0.113.9,"]
)
def test_a_text_that_is_not_an_address_is_ignored(said: str) -> None:
    assert heard("10.0.0.5", said) == ("10.0.0.5", "https", False)


@pytest.mark.parametrize("said", ["203.0.113.9:443", "x, 203.0.113.9", '"203.0.113.9"'])
def test_an_address_may_have_a_port(said: str) -> None:
    assert heard("10.0.0.5", said)[0] == "203.0.113.9"


@pytest.mark.parametrize("place", ["proxy.example.org", "10.0.0.0/33", "10.0.0.5/24"])
def test_invalid_proxy_addresses_are_refused(place: str) -> None:
    with pytest.raises(ValueError, match=place):
        networks([place])
