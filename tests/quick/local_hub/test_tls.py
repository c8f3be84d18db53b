"""The Hub over https: what it announces, who can talk to it, and what it says of files that do not fit."""

from __future__ import annotations

import ipaddress
import json
import shutil
import ssl
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local_hub.tls import check_pair
from shared_transport import HubClient, JobRequest
from shared_transport.settings import Settings
from tests.quick.local_hub.hub_process import BELL3, ROOT, HubProcess

PASSWORD = b"a word"


@dataclass
class Pair:
    """A certificate for 127.0.0.1 that signs itself, and its key."""

    certificate: Path
    key: Path
    encrypted_key: Path

    @property
    def options(self) -> list[str]:
        return ["--tls-cert", str(self.certificate), "--tls-key", str(self.key)]


def make_pair(folder: Path, name: str) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key", folder / f"{name}.locked")
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    locked = serialization.BestAvailableEncryption(PASSWORD)
    for path, encryption in ((pair.key, plain), (pair.encrypted_key, locked)):
        form = serialization.PrivateFormat.PKCS8
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
    return pair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_pair(tmp_path_factory.mktemp("tls"), "hub")


def test_clients_that_trust_the_certificate_reach_an_embedded_hub(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = HubProcess(*pair.options, "--workers", "1", "--user", "ada:secret")
    try:
        address = hub.info["base_url"]
        assert address.startswith("https://127.0.0.1:")
        assert hub.info["token_url"] == f"{address}/oauth/token"
        assert json.loads(Path(hub.info["runtime_file"]).read_text())["base_url"] == address
        headers = {"X-Auth-Token": hub.info["token"]}

        trusting = ssl.create_default_context(cafile=pair.certificate)
        with httpx.Client(verify=trusting, trust_env=False, headers=headers) as client:
            assert client.get(f"{address}/jobs").json()["content"] == []
            form = {"grant_type": "password", "client_id": "c", "username": "ada"}
            login = client.post(hub.info["token_url"], data={**form, "password": "secret"})
            assert login.json()["token_type"] == "Bearer"
        with (
            httpx.Client(trust_env=False) as stranger,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            stranger.get(f"{address}/backends")
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{address}/backends".replace("https:", "http:"), trust_env=False)

        monkeypatch.setenv("SSL_CERT_FILE", str(pair.certificate))
        with HubClient(Settings.of_runtime_file(hub.info["runtime_file"])) as own:
            request = JobRequest(backend_id="aws.sim.sv1", input={"qasm": BELL3}, shots=50)
            job = own.jobs.create(request)
            own.jobs.wait(job.id)
            rows = own.jobs.result(job.id)["measurements"]
        assert len(rows) == 50
        assert {tuple(row) for row in rows} <= {(0, 0), (1, 1)}
    finally:
        assert hub.close() == 0


def test_by_hand_it_prints_https_addresses(pair: Pair) -> None:
    command = [sys.executable, "-m", "local_hub", "--port", "0", "--token", "mine +1"]
    process = subprocess.Popen(
        [*command, *pair.options], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline().strip() for _ in range(3)]
    finally:
        process.terminate()
        process.communicate(timeout=20)
    base_url = lines[0].rpartition(" ")[2]
    assert base_url.startswith("https://127.0.0.1:")
    assert lines[2] == f"Console: {base_url.removesuffix('/quantum')}/#token=mine%20%2B1"


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("no key", ["--tls-cert needs --tls-key"]),
        ("no certificate", ["--tls-key needs --tls-cert"]),
        ("missing certificate", ["--tls-cert", "absent.pem", "No such file"]),
        ("missing key", ["--tls-key", "absent.key", "No such file"]),
        ("a folder", ["--tls-cert", "directory"]),
        ("another's key", ["other.key", "is not the key of the certificate in", "hub.pem"]),
        ("an encrypted key", ["hub.locked is encrypted", "without a password"]),
        ("an old encrypted key", ["old.locked is encrypted"]),
        ("text", ["text.pem", "not a certificate"]),
    ],
)
def test_files_that_cannot_be_served(
    pair: Pair, tmp_path: Path, case: str, words: list[str]
) -> None:
    other = make_pair(tmp_path, "other")
    text = tmp_path / "text.pem"
    text.write_text("no certificate\n")
    certificate, key = str(pair.certificate), str(pair.key)
    options = {
        "no key": ["--tls-cert", certificate],
        "no certificate": ["--tls-key", key],
        "missing certificate": ["--tls-cert", str(tmp_path / "absent.pem"), "--tls-key", key],
        "missing key": ["--tls-cert", certificate, "--tls-key", str(tmp_path / "absent.key")],
        "a folder": ["--tls-cert", str(tmp_path), "--tls-key", key],
        "another's key": ["--tls-cert", certificate, "--tls-key", str(other.key)],
        "an encrypted key": ["--tls-cert", certificate, "--tls-key", str(pair.encrypted_key)],
        "an old encrypted key": [
            *("--tls-cert", certificate),
            *("--tls-key", str(_old_encrypted(pair, tmp_path))),
        ],
        "text": ["--tls-cert", str(text), "--tls-key", key],
    }[case]
    given = dict(zip(options[::2], map(Path, options[1::2]), strict=True))
    with pytest.raises((ValueError, OSError)) as refusal:
        check_pair(given.get("--tls-cert"), given.get("--tls-key"))
    for word in words:
        assert word in str(refusal.value)


def test_an_embedded_hub_reports_them_to_its_parent(pair: Pair) -> None:
    hub = HubProcess("--tls-cert", str(pair.certificate))
    assert hub.info == {"error": "--tls-cert needs --tls-key beside it: give both, or neither."}
    assert hub.close() == 1


def _old_encrypted(pair: Pair, folder: Path) -> Path:
    """The key in the format of before PKCS 8."""
    key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    path = folder / "old.locked"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.BestAvailableEncryption(PASSWORD),
        )
    )
    return path


def test_a_terminal_is_not_asked_for_a_password(pair: Pair) -> None:
    command = [sys.executable, "-m", "local_hub", "--tls-cert", str(pair.certificate)]
    program = shutil.which("setsid") or "setsid"
    done = subprocess.run(
        [program, *command, "--tls-key", str(pair.encrypted_key)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The local Hub could not start: --tls-key")
    assert "PEM pass phrase" not in done.stdout + done.stderr
