"""The exchange itself: in time, only with the provider, and never behind one's back."""

import datetime
import ipaddress
import socket
import ssl
import threading

import pytest
from civicportal_sms_ir import exchange
from civicportal_sms_ir.exchange import HttpRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from civicportal.api.notifications import GatewayMisconfigured, TransientFailure, UncertainDelivery
from civicportal.testing.sms_simulator import API_KEY


def ask(url):
    headers = {"X-API-KEY": API_KEY}
    return exchange.exchange(HttpRequest(method="GET", url=f"{url}/v1/credit", headers=headers, direct=True))


def test_the_key_is_not_shown():
    request = HttpRequest(method="GET", url="https://api.sms.ir", headers={"X-API-KEY": API_KEY})
    assert API_KEY not in repr(request)


def test_an_abandoned_request_is_not_sent_later(sms_simulator, monkeypatch):
    """A name that takes too long to look up: the answer comes after the time is up, and must not be used."""
    gave_up, real = threading.Event(), socket.getaddrinfo

    def slow(*arguments, **options):
        gave_up.wait()
        return real(*arguments, **options)

    before = set(threading.enumerate())
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setattr(exchange, "TIMEOUT", 0.2)
    with pytest.raises(TransientFailure, match="not reached"):
        ask(sms_simulator.url.replace("127.0.0.1", "localhost"))
    (thread,) = [thread for thread in set(threading.enumerate()) - before if thread.name == "sms_ir"]
    gave_up.set()
    thread.join()
    assert sms_simulator.entries() == []


def test_a_request_without_an_answer_in_time_is_uncertain(sms_simulator, monkeypatch):
    ask(sms_simulator.url)  # what is loaded with the first one takes its time
    monkeypatch.setattr(exchange, "TIMEOUT", 1.0)
    sms_simulator.script.append("hang")
    with pytest.raises(UncertainDelivery, match="in time"):
        ask(sms_simulator.url)


@pytest.fixture
def impostor(tmp_path):
    """The address of a server with an untrusted certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "impostor.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    got = []

    def serve(listener):
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                got.append(tls.recv(4096))
        except (ssl.SSLError, OSError):
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()
    assert got in ([], [b""])


def test_an_impostor_gets_nothing(impostor):
    with pytest.raises(GatewayMisconfigured, match="certificate"):
        ask(impostor)
