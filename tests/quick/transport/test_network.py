"""Proxies and certificates by httpx's usual variables, against real sockets."""

import datetime
import ipaddress
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from shared_transport import HubClient, Settings
from shared_transport.errors import TransportError
from tests.quick.transport.tools import FAST

ONCE = FAST.__class__(attempts=1)


class Hub(BaseHTTPRequestHandler):
    """A Hub with one backend."""

    def do_GET(self):
        body = b'[{"id": "a"}]'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Say nothing."""


class Proxy(BaseHTTPRequestHandler):
    """A proxy that leads every host to one address, and notes the host."""

    target = ("", 0)
    asked: ClassVar[list[str]] = []

    def do_CONNECT(self):
        self.asked.append(self.path)
        with socket.create_connection(self.target) as onward:
            self.send_response(200)
            self.end_headers()
            threading.Thread(target=self._copy, args=(onward, self.connection), daemon=True).start()
            self._copy(self.connection, onward)

    @staticmethod
    def _copy(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
        except OSError:
            return

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority of our own, and a certificate of hub.test and of 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    names = [x509.DNSName("hub.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    key, ca_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    now = datetime.datetime.now(datetime.UTC)

    def certificate(subject, public_key):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    root = certificate(ca_name, ca_key.public_key())
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    leaf = certificate(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.test")]), key.public_key()
    ).add_extension(x509.SubjectAlternativeName(names), critical=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "hub.pem").write_bytes(
        key.private_bytes(pem, *plain) + leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem)
    )
    return folder


@pytest.fixture
def tls_hub(authority):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "hub.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    yield from _served(server)


@pytest.fixture
def proxy(tls_hub, monkeypatch):
    monkeypatch.setattr(Proxy, "target", ("127.0.0.1", tls_hub))
    monkeypatch.setattr(Proxy, "asked", [])
    yield from _served(ThreadingHTTPServer(("127.0.0.1", 0), Proxy))


def _served(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def backends(base_url):
    settings = Settings(base_url, SecretStr("token"), journal=None, retry=ONCE)
    with HubClient(settings) as client:
        return [backend.id for backend in client.backends.list()]


def test_a_proxy_and_an_authority_of_the_environment(proxy, authority, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    assert backends("https://hub.test/quantum") == ["a"]
    assert Proxy.asked == ["hub.test:443"]


def test_an_unknown_authority_is_refused(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
    with pytest.raises(TransportError, match=r"(?i)certificate"):
        backends("https://hub.test/quantum")


def test_on_loopback_no_proxy_is_asked_and_the_authority_holds(
    tls_hub, proxy, authority, monkeypatch
):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
    base_url = f"https://127.0.0.1:{tls_hub}/quantum"
    with pytest.raises(TransportError, match=r"(?i)certificate"):
        backends(base_url)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    assert backends(base_url) == ["a"]
    assert Proxy.asked == []
