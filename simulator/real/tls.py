"""Certificates for loopback, good ones and all the bad ones a client meets; the real client verifies them."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NAME = "register.example"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: its certificate as a file, and the key it signs with."""

    file: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def found(cls, folder: Path, name: str, now: datetime) -> Authority:
        """Make an authority of this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = _builder(name, name, key, now - _DAY, now + 30 * _DAY).add_extension(constraints, critical=True)
        certificate = builder.sign(key, hashes.SHA256())
        file = folder / f"{name}.pem"
        file.write_bytes(certificate.public_bytes(Encoding.PEM))
        return cls(file, certificate, key)

    def context(self, folder: Path, name: str, start: datetime, end: datetime, *, host: str = NAME) -> ssl.SSLContext:
        """Return the server side of TLS with a certificate for ``host`` and, unless it is another's, for loopback."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts: list[x509.GeneralName] = [x509.DNSName(host)]
        if host == NAME:
            hosts += [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        issuer = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        builder = _builder(host, str(issuer), key, start, end)
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        file = folder / f"server-{name}.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(secret + builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@dataclass(frozen=True, slots=True)
class Certificates:
    """What may be shown to a client that trusts ``ca_file`` alone."""

    ca_file: Path
    good_file: Path
    good: ssl.SSLContext
    expired: ssl.SSLContext
    not_yet_valid: ssl.SSLContext
    unknown_authority: ssl.SSLContext
    other_name: ssl.SSLContext

    @classmethod
    def made(cls, folder: Path, now: datetime) -> Certificates:
        """Make them all in ``folder``, by the real time: it is OpenSSL that judges them."""
        ours, other = Authority.found(folder, "authority", now), Authority.found(folder, "stranger", now)
        valid = (now - _DAY, now + 30 * _DAY)
        return cls(
            ca_file=ours.file,
            good_file=folder / "server-good.pem",
            good=ours.context(folder, "good", *valid),
            expired=ours.context(folder, "expired", now - 20 * _DAY, now - 10 * _DAY),
            not_yet_valid=ours.context(folder, "not-yet", now + 10 * _DAY, now + 20 * _DAY),
            unknown_authority=other.context(folder, "unknown", *valid),
            other_name=ours.context(folder, "other-name", *valid, host="elsewhere.example"),
        )


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    builder = x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named(issuer))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    return builder.not_valid_before(start).not_valid_after(end)
