"""Where webhooks may send to: no private network, in no spelling, and no other machine than the one that was checked."""

import socket
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from receivers import receiving

from civicportal.core.outgoing import addresses
from civicportal.core.outgoing.addresses import AddressRefused, checked_address, refuse_private, resolve
from civicportal.core.outgoing.client import HttpAnswer
from civicportal.domain.webhooks.sending import WebhookConnection
from civicportal.testing import NOON

LOOPBACK = (ip_network("127.0.0.0/8"),)
PRIVATE = (
    *("127.0.0.1", "127.255.0.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
    *("100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1"),
    # IPv4 inside IPv6: mapped, compatible, 6to4, NAT64, Teredo
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:c0a8:101::1"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::7f00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
)
PUBLIC = (
    "8.8.8.8",
    "93.184.215.14",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
)


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_are_refused(text):
    with pytest.raises(AddressRefused):
        refuse_private(ip_address(text), ())


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text):
    refuse_private(ip_address(text), ())


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="127.0.0.0/8"))
@example(ip_address("10.0.0.0"))
def test_no_form_of_a_private_address_gets_through(inner):
    number = int(inner)
    mapped = ip_address(f"::ffff:{inner}")
    nat64 = ip_address(int(ip_address("64:ff9b::")) | number)
    sixtofour = ip_address((0x2002 << 112) | (number << 80))
    for address in (inner, mapped, nat64, sixtofour):
        with pytest.raises(AddressRefused):
            refuse_private(address, ())


def test_a_setting_allows_a_network():
    refuse_private(ip_address("10.20.3.4"), [ip_network("10.20.0.0/16")])
    with pytest.raises(AddressRefused):
        refuse_private(ip_address("10.21.3.4"), [ip_network("10.20.0.0/16")])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://gis.example.org/events", "https://gis.example.org/events"),
        ("https://GIS.Example.org", "https://gis.example.org/"),
        ("https://gis.example.org:8443/a?b=c", "https://gis.example.org:8443/a?b=c"),
        ("https://شهر.example/events", "https://xn--4gbjw.example/events"),
        ("https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x"),
    ],
)
def test_an_address_is_kept_in_its_usual_form(text, kept):
    if "شهر" in text:
        kept = f"https://{'شهر'.encode('idna').decode()}.example/events"
    assert checked_address(text, http=False, private=()) == kept


@pytest.mark.parametrize(
    "text",
    [
        *("", "gis.example.org", "ftp://gis.example.org", "https://", "https:///x", "https://a b.example/"),
        *("http://gis.example.org/", "https://user:word@gis.example.org/", "https://user@gis.example.org/"),
        *("https://gis.example.org:0/", "https://gis.example.org:99999/", "https://gis.example.org:x/"),
        *(
            "https://gis.example.org/#part",
            "https://gis.example.org/\r\nHost: x",
            "https://[::1",
            "https://.../",
        ),
        *("https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://[::1]/"),
        *("https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/", "https://10.0.0.1:8443/"),
        *("https://017700000001/", f"https://gis.example.org/{'x' * 500}", "https://gis.example.org/مسیر"),
    ],
)
def test_wrong_and_private_addresses_are_refused(text):
    with pytest.raises(AddressRefused):
        checked_address(text, http=False, private=())


@given(st.text(max_size=80))
def test_any_text_is_either_kept_or_refused(text):
    for beginning in ("", "https://", "https://["):
        try:
            kept = checked_address(beginning + text, http=False, private=())
        except AddressRefused:
            continue
        assert checked_address(kept, http=False, private=()) == kept


def answering(monkeypatch, *answers):
    """Let the lookup of a name answer one after the other; return the names that were looked up."""
    asked, left, real = [], list(answers), socket.getaddrinfo

    def look_up(host, port, *arguments, **options):
        if host[0].isdigit():
            return real(host, port, *arguments, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in left.pop(0)]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)
    return asked


def test_one_private_address_among_several_refuses_the_name(monkeypatch):
    answering(monkeypatch, ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        resolve("mixed.example", 443, 2, ())


def test_a_demo_sends_to_allowed_networks_only(monkeypatch):
    answering(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    with pytest.raises(AddressRefused, match="demo"):
        resolve("public.example", 443, 2, LOOPBACK, public=False)
    assert resolve("near.example", 443, 2, LOOPBACK, public=False) == [ip_address("127.0.0.1")]


def test_a_name_that_changes_after_the_check_leads_nowhere_else(monkeypatch):
    with receiving() as receiver:
        asked = answering(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
        connection = WebhookConnection(f"http://rebinding.example:{receiver.port}/events", LOOPBACK)
        first = connection.send({"webhook-id": "1"}, b"{}", NOON)
        connection.close()
        assert (first.status, asked) == (204, ["rebinding.example"])
        assert receiver.received[0].headers["host"] == f"rebinding.example:{receiver.port}"
        again = WebhookConnection(f"http://rebinding.example:{receiver.port}/events", LOOPBACK)
        second = again.send({"webhook-id": "2"}, b"{}", NOON)
        again.close()
        assert second.status is None
        assert "private network" in str(second.error)
        assert len(receiver.received) == 1


def test_a_name_without_private_address_is_not_connected(monkeypatch):
    with receiving() as receiver:
        answering(monkeypatch, ["127.0.0.1"])
        connection = WebhookConnection(f"http://inside.example:{receiver.port}/", ())
        result = connection.send({}, b"{}", NOON)
        connection.close()
        assert receiver.received == []
        assert "private network" in str(result.error)


def test_the_next_address_is_tried_when_the_first_does_not_answer(monkeypatch):
    with receiving() as receiver:
        answering(monkeypatch, ["127.0.0.9", "127.0.0.1"])
        connection = WebhookConnection(f"http://two.example:{receiver.port}/", LOOPBACK)
        result = connection.send({"webhook-id": "1"}, b"{}", NOON)
        connection.close()
        assert result.status == 204


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    with receiving() as receiver, receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        connection = WebhookConnection(receiver.address, LOOPBACK)
        result = connection.send({"webhook-id": "1"}, b"{}", NOON)
        connection.close()
        assert result.status == 204
        assert proxy.received == []


def test_several_events_share_a_connection(monkeypatch):
    with receiving() as receiver:
        asked = answering(monkeypatch, ["127.0.0.1"])
        connection = WebhookConnection(f"http://kept.example:{receiver.port}/", LOOPBACK)
        for number in range(3):
            assert connection.send({"webhook-id": str(number)}, b"{}", NOON).status == 204
        connection.close()
        assert (len(receiver.received), len(asked)) == (3, 1)


def test_what_is_stored_of_an_answer_is_short_and_readable():
    assert HttpAnswer(status=200, body=b"\xff\x00ok\nnext\x1b[31m").excerpt() == "� ok\nnext [31m"
    assert len(HttpAnswer(status=200, body="ش".encode() * 1000).excerpt().encode()) <= 1024 + 3
