"""Who signs: the certificate and the key, the user's own or one that was made here."""

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..base.errors import SettingsError, StorageError
from .chosen import Credentials

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, PrivateKeyTypes
    from cryptography.x509 import Certificate

NAME = "self-made.pem"
ORGANISATION, OWN_NAME = "Sensorium (self-made)", "A user of Sensorium"
_YEARS = 20
_DAY = timedelta(days=1)
_TO_BE_SIGNED = b"\x84jSignature1"
"""How what COSE has signed begins (RFC 9052, section 4.4): nothing else is, so that a key is good for nothing else."""
_MOST_SIGNED_BYTES = 1 << 20
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


class Pen(Protocol):
    """What signs: the key itself, or in a decoder process someone who is asked."""

    chain: str
    algorithm: str

    def sign(self, data: bytes) -> bytes:
        """Return the signature of what COSE has signed."""
        ...


class Identity:
    """A certificate with its key. No dataclass: it must never travel to another process as plain data."""

    def __init__(self, chain: str, key: str, credentials: Credentials) -> None:
        self.chain = chain
        self.key = key
        self.algorithm = credentials.algorithm
        self.is_self_made = credentials.certificate is None

    def sign(self, data: bytes) -> bytes:
        """Return the signature of what COSE has signed.

        Raises:
            SettingsError: It is something else, or the key is of another kind than the algorithm.
        """
        if not data.startswith(_TO_BE_SIGNED) or len(data) > _MOST_SIGNED_BYTES:
            raise SettingsError("Only what COSE has signed is signed with the key of the credentials.")
        return _signature(self.key, self.algorithm, data)


def identity(credentials: Credentials, home: Path) -> Identity:
    """Return who signs; a certificate is made when none is set and none was made before.

    Raises:
        SettingsError: The user's cannot be used; the message names what is wrong with it.
        StorageError: None can be made, as the folder cannot be written.
    """
    if credentials.certificate is None:
        return Identity(*_self_made(home / "credentials" / NAME), credentials)
    try:
        chain = credentials.certificate.read_text(encoding="ascii")
        key = credentials.key.read_text(encoding="ascii") if credentials.key else credentials.key_text
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The certificate or key of `[credentials]` cannot be read: {error}. Name files in PEM that you may read."
        ) from error
    _match(chain, key, str(credentials.certificate))
    return Identity(chain, key, credentials)


def own_anchors(credentials: Credentials, home: Path) -> str:
    """Return one's own certificates, in PEM, with those they hang on; none is made for this."""
    made = home / "credentials" / NAME
    found = []
    for file in (made, made.with_suffix(".old"), credentials.certificate):  # the old one: the clock may have been set
        with suppress(OSError, StorageError, UnicodeDecodeError):
            if file is not None:
                found.append(_certificates(_read(file)))
    return "".join(found)


def _certificates(text: str) -> str:
    """Return the certificates in a text; none where one is damaged, with which c2pa could read no file at all."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    _, begin, rest = text.partition(_CERTIFICATE)
    try:
        chain = x509.load_pem_x509_certificates((begin + rest).encode()) if begin else []
    except ValueError:
        return ""
    return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in chain)


def _self_made(file: Path) -> tuple[str, str]:
    """Return the chain and the key that were made here, or are made now; several processes get the same.

    Raises:
        StorageError: The folder cannot be written.
    """
    with suppress(FileNotFoundError):
        if found := _valid(_read(file)):
            return found
        file.replace(file.with_suffix(".old"))  # out of date, or damaged
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whole before it has the name that others read, and readable by nobody else.
        made = file.with_name(f"{NAME}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(_new().encode())
        try:
            with suppress(FileExistsError):  # another process was quicker
                os.link(made, file)
        except OSError:  # a file system without links
            made.replace(file)
        finally:
            made.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"No certificate can be made in {str(file.parent)!r}: {error.strerror}. Make the folder writable."
        ) from error
    found = _valid(_read(file))
    if found is None:
        raise StorageError(f"{str(file)!r} cannot be used; remove it, and another is made.")
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageError(f"{str(file)!r} cannot be read: {error.strerror}. Make it readable to you.") from error


def _valid(text: str) -> tuple[str, str] | None:
    """Return the chain and the key of a file that was made here, if it is whole and the time is within its years."""
    first, _, rest = text.partition("\n")
    key, _, chain = rest.partition(_CERTIFICATE)
    try:
        begin, end = (float(one) for one in first.removeprefix("valid ").split(" "))
    except ValueError:
        return None
    if not begin < time.time() < end or chain.count(_CERTIFICATE) != 1:
        return None
    try:
        return (_CERTIFICATE + chain, key) if _are_pair(*_loaded(_CERTIFICATE + chain, key)) else None
    except (ValueError, TypeError, IndexError):
        return None


def _new() -> str:
    """Return a new key, its certificate and that of the root it hangs on, after the time they are valid.

    c2pa takes no certificate that signed itself. The root's key is not kept: it signs nothing else.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    begin = datetime.now(UTC).replace(microsecond=0) - _DAY
    end = begin + timedelta(days=365 * _YEARS)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _Subject(f"{ORGANISATION} root", root_key)
    chain = _certificate(_Subject(OWN_NAME, key), root, begin, end) + _certificate(root, root, begin, end)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return f"valid {begin.timestamp():.0f} {end.timestamp():.0f}\n{private.decode()}{chain}"


@dataclass(frozen=True)
class _Subject:
    name: str
    key: "CertificateIssuerPrivateKeyTypes"


def _certificate(subject: _Subject, issuer: _Subject, begin: datetime, end: datetime) -> str:
    """Return a certificate as C2PA wants it: version 3, with what its key may be used for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(one: _Subject) -> x509.Name:
        parts = {NameOID.ORGANIZATION_NAME: ORGANISATION, NameOID.COMMON_NAME: one.name}
        return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts.items()])

    is_root = subject is issuer
    key = subject.key.public_key()
    usage = x509.KeyUsage(
        digital_signature=not is_root, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_root, crl_sign=is_root, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
    if not is_root:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(above, critical=False).add_extension(purpose, critical=False)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _signature(key: str, algorithm: str, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    private = serialization.load_pem_private_key(key.encode(), None)
    digests: dict[str, hashes.HashAlgorithm] = {"384": hashes.SHA384(), "512": hashes.SHA512()}
    digest = digests.get(algorithm[2:], hashes.SHA256())
    if algorithm.startswith("es") and isinstance(private, ec.EllipticCurvePrivateKey):
        size = (private.curve.key_size + 7) // 8
        pair = utils.decode_dss_signature(private.sign(data, ec.ECDSA(digest)))
        return b"".join(one.to_bytes(size, "big") for one in pair)  # as COSE has it, not as X.509
    if algorithm.startswith("ps") and isinstance(private, rsa.RSAPrivateKey):
        return private.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    if algorithm == "ed25519" and isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(data)
    raise SettingsError(f"The key of `[credentials]` is none for `algorithm = {algorithm!r}`. Set the one it is for.")


def _loaded(chain: str, key: str) -> "tuple[Certificate, PrivateKeyTypes]":
    """Return the first certificate of a chain, and a key.

    Raises:
        ValueError: One of them is damaged; also TypeError and IndexError.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    return (
        x509.load_pem_x509_certificates(chain.encode())[0],
        serialization.load_pem_private_key(key.encode(), None),
    )


def _are_pair(certificate: "Certificate", private: "PrivateKeyTypes") -> bool:
    return certificate.public_key() == private.public_key()


def _match(chain: str, key: str, file: str) -> None:
    """Check that a key belongs to the first certificate of a chain: what does not would sign, and nobody could verify.

    Raises:
        SettingsError: It does not, or one of them cannot be read.
    """
    try:
        certificate, private = _loaded(chain, key)
    except (ValueError, TypeError, IndexError) as error:
        raise SettingsError(
            f"The certificate {file!r} or its key in `[credentials]` is no PEM that can be read, or the key has a "
            "password. Give both in PEM, without one."
        ) from error
    if not _are_pair(certificate, private):
        raise SettingsError(f"The key in `[credentials]` does not belong to the certificate {file!r}. Set its own.")
    if not certificate.not_valid_before_utc < datetime.now(UTC) < certificate.not_valid_after_utc:
        raise SettingsError(
            f"The certificate {file!r} of `[credentials]` is valid from {certificate.not_valid_before_utc:%Y-%m-%d} to "
            f"{certificate.not_valid_after_utc:%Y-%m-%d}, which is not now. Set a newer one."
        )
