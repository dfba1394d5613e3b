"""Certificates as docs/entra.md makes them."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def pem(name: str = "utkik", days: float = 90) -> str:
    """Key and certificate, which ends after so many days."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    begins = datetime.now(UTC) - timedelta(days=90)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 1, begins, begins + timedelta(90 + days))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)).decode()


def public(text: str) -> bytes:
    return text[text.index("-----BEGIN CERT") :].encode()
