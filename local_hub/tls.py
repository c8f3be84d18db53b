"""TLS: the certificate and the key that the server shows, looked at before it listens."""

from __future__ import annotations

import ssl
from pathlib import Path

_MISMATCH = "KEY_VALUES_MISMATCH"


class _EncryptedKey(Exception):
    """OpenSSL asked for a password."""


def check_pair(certificate: Path | None, key: Path | None) -> bool:
    """Look whether a certificate and a key can be served.

    Args:
        certificate: A PEM file: the server's certificate, then those between it and the authority; None for plain http.
        key: A PEM file with the certificate's private key, without a password.

    Returns:
        Whether there is TLS.

    Raises:
        ValueError: there is one without the other, or they cannot be used together.
        OSError: one of them cannot be read.
    """
    if certificate is None and key is None:
        return False
    if certificate is None or key is None:
        given, missing = ("cert", "key") if key is None else ("key", "cert")
        raise ValueError(f"--tls-{given} needs --tls-{missing} beside it: give both, or neither.")
    for option, path in (("--tls-cert", certificate), ("--tls-key", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise OSError(f"{option} {path} cannot be read: {error.strerror}.") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except _EncryptedKey:
        raise ValueError(
            f"--tls-key {key} is encrypted: give a key without a password "
            "(`openssl pkey -in KEY -out PLAIN` makes one)."
        ) from None
    except ssl.SSLError as error:
        if error.reason == _MISMATCH:
            raise ValueError(
                f"--tls-key {key} is not the key of the certificate in {certificate}: give the one it was made with."
            ) from None
        raise ValueError(
            f"--tls-cert {certificate} and --tls-key {key} are not a certificate and its key in PEM: {error}."
        ) from None
    return True


def _refuse_password() -> str:
    raise _EncryptedKey
