"""Who signs: a certificate that is made here once, or the user's own."""

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sensorium.agent.doctor import check_credentials
from sensorium.tools.base.decoder_asks import Asks
from sensorium.tools.base.errors import SettingsError
from sensorium.tools.base.packing import PackError, Parcel
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.credentials.chosen import Credentials, read_credentials
from sensorium.tools.credentials.identity import NAME, Identity, identity, own_anchors
from sensorium.tools.credentials.keeping import Making, keep
from sensorium.tools.credentials.reading import read_told
from sensorium.tools.sandbox.channel import Message

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path/></svg>'


def own(folder: Path, *, days: int = 30, curve: str = "SECP256R1", root: Any = None) -> tuple[Path, Path]:
    """Return a certificate and its key as an authority of one's own would give them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    root, key = root or ec.generate_private_key(getattr(ec, curve)()), ec.generate_private_key(getattr(ec, curve)())
    now = datetime.now(UTC)

    def certificate(name: str, of: Any, by: Any, *, is_root: bool) -> bytes:
        names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, "Press Root")]
        builder = (
            x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(of.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60)).not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(not is_root, False, False, False, False, is_root, is_root, False, False), critical=True
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(of.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        )  # fmt: skip
        if not is_root:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
            )
        return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    chain = certificate("The Press", key, root, is_root=False) + certificate("Press Root", root, root, is_root=True)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = folder / f"{curve}{days}.pem", folder / f"{curve}{days}.key"
    files[0].write_bytes(chain)
    files[1].write_bytes(private)
    return files


def test_a_certificate_is_made_once_and_is_private(tmp_path: Path) -> None:
    first, second = identity(Credentials(), tmp_path), identity(Credentials(), tmp_path)
    assert (first.chain, first.key) == (second.chain, second.key)
    assert first.chain.count("BEGIN CERTIFICATE") == 2
    file = tmp_path / "credentials" / NAME
    if os.name == "posix":
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [one.name for one in file.parent.iterdir()] == [NAME]


def test_two_processes_get_the_same_certificate(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from sensorium.tools.credentials.chosen import Credentials\n"
        "from sensorium.tools.credentials.identity import identity\n"
        "import cryptography.x509; print('ready', flush=True); sys.stdin.readline()\n"
        "print(hash(identity(Credentials(), Path(sys.argv[1])).chain))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    pipe = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "text": True,
        "env": {**os.environ, "PYTHONHASHSEED": "1"},
    }
    both: list[Any] = [subprocess.Popen(command, **pipe) for _ in range(2)]  # type: ignore[call-overload]
    for one in both:
        assert one.stdout.readline() == "ready\n"
    for one in both:
        one.stdin.write("\n")
        one.stdin.flush()
    assert len({one.communicate(timeout=60)[0] for one in both}) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: re.sub("^valid .*", "valid 1 2", text),
        lambda text: re.sub("(KEY-----\n.{20}).", r"\1!", text, count=1),
        lambda text: text.partition("-----BEGIN")[0],
    ],
)
def test_one_that_is_damaged_or_out_of_date_is_replaced(tmp_path: Path, damage: Any) -> None:
    before = identity(Credentials(), tmp_path)
    file = tmp_path / "credentials" / NAME
    file.write_text(damage(file.read_text()))
    after = identity(Credentials(), tmp_path)
    assert after.key != before.key
    assert identity(Credentials(), tmp_path).key == after.key


def test_the_key_signs_nothing_but_manifests_and_does_not_travel(tmp_path: Path) -> None:
    pen = identity(Credentials(), tmp_path)
    with pytest.raises(SettingsError, match="Only what COSE has signed"):
        pen.sign(b"a certificate request, for example")
    assert len(pen.sign(b"\x84jSignature1 and more")) == 64
    parcel = Parcel()
    frame = b"".join(bytes(one) for one in parcel.frame([pen]))
    assert b"PRIVATE KEY" not in frame and b"BEGIN CERTIFICATE" in frame
    assert parcel.lent == [pen]


def test_ones_own_certificate_is_taken(tmp_path: Path) -> None:
    certificate, key = own(tmp_path)
    chosen = read_credentials({"certificate": certificate.name, "key": key.name}, {}, tmp_path)
    assert identity(chosen, tmp_path / "home").chain == certificate.read_text()
    variable = {"certificate": str(certificate), "key_variable": "PRESS_KEY"}
    chosen = read_credentials(variable, {"PRESS_KEY": key.read_text().replace("\n", "\\n")}, tmp_path)
    assert identity(chosen, tmp_path / "home").key == key.read_text()
    assert "PRIVATE" not in repr(chosen)
    assert not (tmp_path / "home").exists()


def test_what_cannot_sign_is_named(tmp_path: Path) -> None:
    certificate, key = own(tmp_path)
    other = own(tmp_path, curve="SECP384R1")
    late = own(tmp_path, days=-1)
    for one, its_key, words in [
        (certificate, other[1], "does not belong to the certificate"),
        (certificate, certificate, "no PEM that can be read"),
        (key, key, "no PEM that can be read"),
        (*late, "which is not now"),
    ]:
        with pytest.raises(SettingsError, match=words):
            identity(Credentials(certificate=one, key=its_key), tmp_path)
    wrong = Identity(other[0].read_text(), other[1].read_text(), Credentials(algorithm="ed25519"))
    with pytest.raises(SettingsError, match="none for `algorithm = 'ed25519'`"):
        wrong.sign(b"\x84jSignature1")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("yes", "must be a table"),
        ({"enable": True}, "has 'enable'. It can have: `enabled`"),
        ({"enabled": "no"}, "must be true or false"),
        ({"certificate": 3}, "must be a text"),
        ({"certificate": "a.pem"}, "lacks `key`"),
        ({"key": "a.pem"}, "lacks `certificate`"),
        ({"certificate": "a.pem", "key": "b.pem", "key_variable": "B"}, "Leave out one"),
        ({"certificate": "a.pem", "key": "a.pem"}, "there is no such file"),
        ({"certificate": "a.pem", "key_variable": "NOT_SET"}, "is not set"),
        ({"algorithm": "rot13"}, "Supported: es256, es384"),
        ({"algorithm": "es384"}, "goes with `certificate`"),
        ({"timestamp_authority": "https://time.example"}, "has 'timestamp_authority'"),
    ],
)
def test_a_wrong_setting_says_what_would_be_right(tmp_path: Path, table: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        read_credentials(table, {}, tmp_path)


def test_a_folder_of_someone_else_cannot_choose_who_signs(tmp_path: Path) -> None:
    (tmp_path / "sensorium.toml").write_text("[credentials]\nenabled = false\n")
    with pytest.raises(SettingsError, match="where it is not believed"):
        Settings.read({"SENSORIUM_HOME": str(tmp_path / "home")}, folder=tmp_path)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sensorium.toml").write_text("[credentials]\nenabled = false\n")
    assert not Settings.read({"SENSORIUM_HOME": str(tmp_path / "home")}, folder=tmp_path / "home").credentials.enabled


def test_no_library_is_loaded_from_the_folder_one_is_in(tmp_path: Path) -> None:
    name = {"win32": "c2pa_c.dll", "darwin": "libc2pa_c.dylib"}.get(sys.platform, "libc2pa_c.so")
    (tmp_path / "libs").mkdir()
    for folder in (tmp_path, tmp_path / "libs"):
        (folder / name).write_bytes(b"not a library: loading it fails, loudly")
    code = "import sys; from sensorium.tools.credentials import native; print(native.c2pa().__name__)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("c2pa\n", "")


def test_nothing_of_c2pa_is_imported_before_something_is_made(modules_after: Any) -> None:
    code = "import sensorium.tools.make_chart, sensorium.tools.credentials.keeping, sensorium.tools.base.settings"
    assert not modules_after(code) & {"c2pa", "cryptography", "PIL", "av"}


@pytest.mark.parametrize(("curve", "algorithm"), [("SECP256R1", "es256"), ("SECP384R1", "es384")])
async def test_what_is_made_is_signed_with_ones_own_certificate(
    run: Run, tmp_path: Path, curve: str, algorithm: str
) -> None:
    certificate, key = own(tmp_path, curve=curve)
    chosen = Credentials(certificate=certificate, key=key, algorithm=algorithm)
    run = replace(run, settings=replace(run.settings, credentials=chosen))
    for making in (Making(kind="algorithm"), Making(kind="model", provider="a:b")):  # here, and where files are opened
        kept = await keep(run, SVG, name="a.svg", media_type="image/svg+xml", making=making)
        found = (await run.decode(read_told, run.path(kept.handle), "a", own_anchors(chosen, tmp_path))).manifest
        assert found and (found.state, found.signer, found.name, found.signed_at) == ("valid", "yours", "The Press", "")
        stranger = (await run.decode(read_told, run.path(kept.handle), "a", "")).manifest
        assert stranger and stranger.signer == "not known here"
    assert run.egress.rows() == []


def test_a_decoder_gets_one_signature_and_only_of_a_manifest(run: Run, tmp_path: Path) -> None:
    def asked(data: bytes, number: int = 0) -> Any:
        blobs = [bytes(one) for one in Parcel().frame({"number": number, "data": data})]
        return Message(body={"ask": "sign"}, blobs=[bytearray(one) for one in blobs])

    asks = Asks(run, readers=[identity(Credentials(), tmp_path)])
    with pytest.raises(PackError, match="a signature that it may not have"):
        asks.answer(asked(b"\x84jSignature1", number=1))
    assert len(asks.answer(asked(b"\x84jSignature1 of a file"))) == 64
    with pytest.raises(PackError, match="a signature that it may not have"):
        asks.answer(asked(b"\x84jSignature1 of another"))
    with pytest.raises(SettingsError, match="Only what COSE has signed"):
        Asks(run, readers=[identity(Credentials(), tmp_path)]).answer(asked(b"anything else"))


def test_the_doctor_says_who_signs_and_what_is_wrong_with_a_certificate(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert check_credentials(settings).state == "ok"
    assert not (tmp_path / "credentials").exists()
    certificate, _ = own(tmp_path)
    _, another = own(tmp_path, curve="SECP384R1")
    wrong = replace(settings, credentials=Credentials(certificate=certificate, key=another))
    assert "does not belong to the certificate" in check_credentials(wrong).fix
    off = replace(settings, credentials=Credentials(enabled=False))
    assert check_credentials(off).state == "less"


async def test_who_has_a_certificate_of_the_same_authority_is_a_stranger(run: Run, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    root = ec.generate_private_key(ec.SECP256R1())
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
    mine, theirs = (
        Credentials(certificate=one, key=key)
        for one, key in (own(tmp_path / "mine", root=root), own(tmp_path / "theirs", root=root))
    )
    for chosen, signer in ((mine, "yours"), (theirs, "not known here")):
        signing = replace(run, settings=replace(run.settings, credentials=chosen))
        kept = await keep(signing, SVG, name="a.svg", media_type="image/svg+xml", making=Making(kind="algorithm"))
        found = (await run.decode(read_told, run.path(kept.handle), "a", own_anchors(mine, tmp_path))).manifest
        assert found and (found.state, found.signer) == ("valid", signer)


async def test_a_file_is_not_called_changed_because_its_certificate_ran_out(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from sensorium.tools.credentials.identity import _certificate, _Subject

    def der(pem: str) -> bytes:
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)

    now, root, key = datetime.now(UTC), *(ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    above = _Subject("Root", root)
    made = [now - timedelta(days=1), now + timedelta(days=9)], [now - timedelta(days=9), now - timedelta(days=5)]
    signing, ended = (_certificate(_Subject("Press", key), above, *dates) for dates in made)
    while len(der(ended)) != len(der(signing)):  # by how long the numbers of their signatures are
        ended = _certificate(_Subject("Press", key), above, *made[1])
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file, its_key = tmp_path / "press.pem", tmp_path / "press.key"
    file.write_text(signing + _certificate(above, above, *made[0]))
    its_key.write_bytes(private)
    # What is signed names the certificate that ran out, as if the file had been signed when it had not.
    sign = Identity.sign
    monkeypatch.setattr(Identity, "sign", lambda self, data: sign(self, data.replace(der(signing), der(ended))))
    pressing = replace(run, settings=replace(run.settings, credentials=Credentials(certificate=file, key=its_key)))
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, "PNG")
    kept = await keep(pressing, out.getvalue(), name="a.png", media_type="image/png", making=Making(kind="algorithm"))
    old = tmp_path / "old.png"
    old.write_bytes(run.path(kept.handle).read_bytes().replace(der(signing), der(ended)))
    found = await run.decode(read_told, old, "a", "")
    assert found.manifest and (found.maker.proof, found.manifest.signer) == ("signed", "self-made")
    assert (found.manifest.state, found.manifest.problems) == ("valid", ["signingCredential.expired"])


async def test_a_damaged_certificate_of_ones_own_accuses_no_file(run: Run) -> None:
    home, making = run.settings.home, Making(kind="algorithm")
    kept = await keep(run, SVG, name="a.svg", media_type="image/svg+xml", making=making)
    file = home / "credentials" / NAME
    whole = file.read_text()
    for text in (whole[:-200] + "!!!!" + whole[-196:], whole[:-40], ""):
        file.write_text(text)
        found = await run.decode(read_told, run.path(kept.handle), "a", own_anchors(Credentials(), home))
        assert (found.maker.proof, found.manifest and found.manifest.signer) == ("signed", "self-made")
    file.write_text(re.sub("^valid .*", "valid 1 2", whole))  # the clock was set, and another one is made
    await keep(run, SVG, name="b.svg", media_type="image/svg+xml", making=making)
    found = await run.decode(read_told, run.path(kept.handle), "a", own_anchors(Credentials(), home))
    assert found.manifest and found.manifest.signer == "yours"
