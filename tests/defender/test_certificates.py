"""A certificate signs the request for a token as Entra demands today, and a bad one is told in a sentence."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from defender import errors

TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "22222222-2222-4222-8222-222222222222"
PLAIN = serialization.NoEncryption()


def certificate(key) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "utkik")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


def pem(key, encryption=PLAIN, form=serialization.PrivateFormat.PKCS8) -> str:
    private = key.private_bytes(serialization.Encoding.PEM, form, encryption)
    return (private + certificate(key).public_bytes(serialization.Encoding.PEM)).decode()


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_the_assertion_is_signed_with_ps256_and_names_the_certificate(microsoft, rsa_key, form):
    text = pem(rsa_key, form=form)
    microsoft.tokens(certificate=text).token(TENANT)
    sent = parse_qs(next(request for request in microsoft.requests if request.method == "POST").content.decode())
    head, claims, signature = sent["client_assertion"][0].split(".")
    header, body = json.loads(decoded(head)), json.loads(decoded(claims))
    shown = x509.load_pem_x509_certificate(text[text.index("-----BEGIN CERT") :].encode())
    thumbprint = hashlib.sha256(shown.public_bytes(serialization.Encoding.DER)).digest()
    assert header["alg"] == "PS256" and decoded(header["x5t#S256"]) == thumbprint
    assert body["iss"] == body["sub"] == CLIENT and TENANT in body["aud"]
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    rsa_key.public_key().verify(decoded(signature), f"{head}.{claims}".encode(), salted, hashes.SHA256())
    assert "client_secret" not in sent


def test_an_unusable_certificate_is_told_in_a_sentence(microsoft, rsa_key):
    good = pem(rsa_key)
    private, public = good[: good.index("-----BEGIN CERT")], good[good.index("-----BEGIN CERT") :]
    garbled = private.replace("\n", "\nAAAA", 2)
    texts = [
        "hello",
        private,
        public,
        garbled + public,
        pem(rsa_key, serialization.BestAvailableEncryption(b"x")),
        pem(ec.generate_private_key(ec.SECP256R1())),
        "-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----\n" + public,
        private + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ]
    for text in texts:
        with pytest.raises(errors.CredentialRejected, match=r"\.$") as caught:
            microsoft.tokens(certificate=text).token(TENANT)
        assert caught.value.owner == "us"
