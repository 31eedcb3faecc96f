import ipaddress
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.link import Link, ServerAddress


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def transport_to() -> Iterator[Callable[..., HttpTransport]]:
    """Makes transports that are patient with a busy machine, unless a test is about silence; closes them."""
    made: list[HttpTransport] = []

    def make(url: str, server_id: str = "", stall_s: float = 30.0, **address: object) -> HttpTransport:
        link = Link(ServerAddress(url, **address), FixedClock(), stall_s=stall_s, connect_s=30.0)  # type: ignore[arg-type]
        link.server_id = server_id
        transport = HttpTransport(link)
        made.append(transport)
        return transport

    yield make
    for transport in made:
        transport.close()


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 with its own CA, as files."""

    ca_file: Path
    context: ssl.SSLContext
    certificate: x509.Certificate


@pytest.fixture
def certificate_for(tmp_path: Path) -> Callable[..., Certificate]:
    def make(host: str = "127.0.0.1", begins_in_days: int = -1, ends_in_days: int = 30) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MedReg test")])
        now = datetime.now(tz=UTC)  # noqa: TID251 - TLS is judged by this computer's clock
        try:
            subject: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            subject = x509.DNSName(host)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begins_in_days))
            .not_valid_after(now + timedelta(days=ends_in_days))
            .add_extension(x509.SubjectAlternativeName([subject]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=True,
                    crl_sign=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(key, hashes.SHA256())
        )
        ca_file = tmp_path / f"{host}{begins_in_days}{ends_in_days}.pem"
        ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file = tmp_path / "key.pem"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca_file, key_file)
        return Certificate(ca_file, context, certificate)

    return make
