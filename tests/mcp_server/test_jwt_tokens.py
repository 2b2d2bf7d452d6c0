"""Tokens that an identity provider signed: which are believed, and what is said of those that are not."""

import re
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from sensorium.mcp_server.issuer_keys import ALLOWED, keys_at
from sensorium.mcp_server.jwt_tokens import LEEWAY_SECONDS, JwtTokens, name_of
from sensorium.mcp_server.principals import Principal, TokenError

Make = Callable[[Any], str]
LATER = 2 * LEEWAY_SECONDS


@pytest.fixture
def believing(provider: ModuleType, issuer: Any) -> JwtTokens:
    return JwtTokens(keys=keys_at(issuer.url), issuer=provider.ISSUER, audience=provider.AUDIENCE)


@pytest.mark.parametrize("kind", ["rsa", "pss", "p256", "p384", "p521", "ed"])
async def test_a_token_is_believed_however_it_was_signed(believing: JwtTokens, provider: ModuleType, kind: str) -> None:
    found = await believing.principal(provider.token(kind))
    assert found == Principal(name_of(provider.ISSUER, "ana"), frozenset({"media:read"}))


GOOD: dict[str, Make] = {
    "an audience among others": lambda p: p.token(aud=["https://other.example", p.AUDIENCE]),
    "just expired, for a clock that is ahead": lambda p: p.token(exp=int(time.time()) - 1),
    "just made, by a clock that is ahead": lambda p: p.token(iat=int(time.time()) + 5, nbf=int(time.time()) + 5),
    "an access token of RFC 9068": lambda p: p.token(headers={"typ": "at+jwt"}),
    "without times that it need not have": lambda p: p.token(iat=None),
}


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD.keys())
async def test_a_token_in_another_form_is_believed(believing: JwtTokens, provider: ModuleType, make: Make) -> None:
    assert (await believing.principal(make(provider))).name == name_of(provider.ISSUER, "ana")


EVIL = ed25519.Ed25519PrivateKey.generate()
WEAK = rsa.generate_private_key(65537, 1024)
BAD: dict[str, tuple[Make, str]] = {
    "expired": (lambda p: p.token(exp=int(time.time() - LATER)), "expired"),
    "not valid yet": (lambda p: p.token(nbf=int(time.time() + LATER)), "not valid yet"),
    "made in the future": (lambda p: p.token(iat=int(time.time() + LATER)), "not valid yet"),
    "for another": (lambda p: p.token(aud="https://other.example"), "audience"),
    "for a part of the name": (lambda p: p.token(aud=p.AUDIENCE[:-1]), "audience"),
    "for others": (lambda p: p.token(aud=["https://other.example", p.AUDIENCE + "/"]), "audience"),
    "for something that is no name": (lambda p: p.token(aud={"name": p.AUDIENCE}), "audience"),
    "for nobody": (lambda p: p.token(aud=None), "no claim aud"),
    "for nobody in a list": (lambda p: p.token(aud=[]), "no claim aud"),
    "of another issuer": (lambda p: p.token(iss="https://evil.example"), "another issuer"),
    "of nearly the issuer": (lambda p: p.token(iss=p.ISSUER + "/"), "another issuer"),
    "of nobody": (lambda p: p.token(iss=None), "no claim iss"),
    "for ever": (lambda p: p.token(exp=None), "no claim exp"),
    "until never": (lambda p: p.token(exp="soon"), "cannot be read"),
    "until after all time": (lambda p: p.token(exp=10**400), "no time that there is"),
    "of no subject": (lambda p: p.token(sub=None), "no claim sub"),
    "of an empty subject": (lambda p: p.token(sub=""), "claim sub"),
    "of a long subject": (lambda p: p.token(sub="a" * 2000), "claim sub"),
    "of a number": (lambda p: p.token(sub=7), "cannot be read"),
    "unsigned": (lambda p: p.raw({"alg": "none"}) + "AA", "must be signed with one of"),
    "unsigned without a signature": (lambda p: p.raw({"alg": "none"}), "no token of this server"),
    "unsigned in capitals": (lambda p: p.raw({"alg": "NONE", "kid": "rsa"}) + "AA", "must be signed with one of"),
    "HMAC with the public key": (
        lambda p: p.raw({"alg": "HS256", "kid": "rsa"}, secret=p.pem("rsa")), "must be signed with one of",
    ),
    "an algorithm in a list": (lambda p: p.raw({"alg": ["RS256"], "kid": "rsa"}) + "AA", "must be signed with one of"),
    "no algorithm": (lambda p: p.raw({"kid": "rsa"}) + "AA", "must be signed with one of"),
    "an algorithm that is not the key's": (
        lambda p: p.token("p384", headers={"kid": "ed"}), "key that is not known",
    ),
    "a key that is not there": (lambda p: p.token(headers={"kid": "unknown"}), "key that is not known"),
    "a key that is a path": (lambda p: p.token(headers={"kid": "../../../../etc/passwd"}), "key that is not known"),
    "a key that is an address": (lambda p: p.token(headers={"kid": "http://evil.example/"}), "key that is not known"),
    "a key that is a number": (lambda p: p.raw({"alg": "EdDSA", "kid": 7}) + "AA", "cannot be read"),
    "another's key of the same name": (lambda p: p.token(key=EVIL), "signature"),
    "a weak key": (lambda p: jwt.encode({"sub": "ana"}, WEAK, "RS256", {"kid": "weak"}), "key that is not known"),
    "its own key": (
        lambda p: p.token(key=EVIL, headers={"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}), "signature",
    ),
    "critical words": (lambda p: p.token(headers={"crit": ["exp"], "exp": 1}), "cannot be read"),
    "another kind of token": (lambda p: p.token(headers={"typ": "logout+jwt"}), "no access token"),
    "a changed body": (lambda p: ".".join([p.token().split(".")[0], *p.token(sub="bob").split(".")[1:]])[:-4] + "AAAA",
                       "signature"),
    "too long": (lambda p: p.token(padding="a" * 8192), "no token of this server"),
    "encrypted": (lambda p: p.token() + ".AA.AA", "no token of this server"),
    "two in one": (lambda p: f"{p.token()} {p.token()}", "no token of this server"),
    "not text": (lambda p: "\x00\x01.\x02.\x03", "no token of this server"),
    "other letters": (lambda p: p.token().replace(".", "．"), "no token of this server"),
    "deep": (lambda p: f"{p.encoded(b'[' * 4000)}.AA.AA", "cannot be read"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(("make", "says"), BAD.values(), ids=BAD.keys())
async def test_a_token_that_is_wrong_in_one_thing_is_refused(
    believing: JwtTokens, provider: ModuleType, issuer: Any, make: Make, says: str
) -> None:
    issuer.keys.append({**provider.written(WEAK.public_key(), "RS256"), "kid": "weak"})
    given = make(provider)
    with pytest.raises(TokenError, match=says) as refused:
        await believing.principal(given)
    assert given[:20] not in str(refused.value)
    assert '"' not in str(refused.value) and str(refused.value).isascii(), "it stands in a header"


@pytest.mark.parametrize("header", ["jku", "x5u"])
async def test_a_token_does_not_say_where_keys_are(
    believing: JwtTokens, provider: ModuleType, issuer: Any, header: str
) -> None:
    elsewhere = issuer.url.replace("jwks", "evil")
    with pytest.raises(TokenError, match="not known"):
        await believing.principal(provider.token(key=EVIL, headers={"kid": "evil", header: elsewhere}))
    assert set(issuer.asked) == {"/jwks.json"}


async def test_a_token_without_a_key_s_name_is_believed_if_only_one_fits(
    believing: JwtTokens, provider: ModuleType
) -> None:
    assert await believing.principal(provider.token("ed", headers={"kid": None}))
    with pytest.raises(TokenError, match="not known"):
        await believing.principal(provider.token("rsa", headers={"kid": None}))


@pytest.mark.parametrize(
    ("claims", "allowed"),
    [
        ({"scope": "media:read agent:run"}, {"media:read", "agent:run"}),
        ({"scope": None, "scp": ["media:make", 7, "openid"]}, {"media:make"}),
        ({"scope": None, "scp": "code:run"}, {"code:run"}),
        ({"scope": "media:read", "scp": ["agent:run"]}, {"media:read", "agent:run"}),
        ({"scope": "MEDIA:READ media media:read:all media:*"}, set()),
        ({"scope": None}, set()),
        ({"scope": ["media:read", {}]}, {"media:read"}),
        ({"scope": 7, "scp": {"media:read": True}}, set()),
    ],
)
async def test_a_token_allows_what_it_says(
    believing: JwtTokens, provider: ModuleType, claims: dict[str, Any], allowed: set[str]
) -> None:
    assert (await believing.principal(provider.token(**claims))).scopes == allowed


def test_the_name_of_a_subject_is_a_folder_s_and_nobody_else_s() -> None:
    names = [
        name_of("https://a", "bc"),
        name_of("https://ab", "c"),
        name_of("https://a", "../../bc"),
        name_of("", "\x00/"),
    ]
    assert len(set(names)) == 4
    assert all(re.fullmatch(r"jwt-[0-9a-f]{40}", one) for one in names), "longer than a name in a token file may be"


def test_nothing_that_signs_with_what_verifies_is_allowed() -> None:
    assert not [one for one in ALLOWED if one.lower() == "none" or one.startswith("HS")]
