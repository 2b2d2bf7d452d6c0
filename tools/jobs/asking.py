"""Asks a job API: one request, its answer as JSON data, and its refusals as errors of ours."""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from ..base import faults
from ..base.breaker import breaker_of
from ..base.clients import CONNECT_SECONDS, STAYS, Sending, job_client
from ..base.contents import Contents, contents_of
from ..base.egress import Egress
from ..base.endpoints import ServedModel
from ..base.errors import ArgumentError, ProviderError, SensoriumError, SettingsError
from ..base.letters import whole
from ..base.outward import refuse_endpoint
from ..base.posting import BUSY_WAITS_SECONDS, accepted, retry_after
from ..base.secrets import know
from .api import expression
from .shapes import JobApi, Refusal, Request
from .template import MISSING, Hole, Lookup, as_text, parse, render

if TYPE_CHECKING:
    import httpx2

MAX_BYTES = 96 * 2**20
"""No answer is longer, also where it holds a film in base64."""
MOST_SHOWN = 300
MOST_REFUSED = 2**18
"""Bytes of a refusal."""
MOST_READ = 20_000
"""Letters of a refusal that are looked through."""


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """A file as a part of a form."""

    name: str
    content: bytes
    media_type: str


class Encoded(str):
    """A file in base64: for the ledger of what was sent it is no text."""

    media_type: str

    @classmethod
    def of(cls, text: str, media_type: str) -> "Encoded":
        made = cls(text)
        made.media_type = media_type
        return made


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes
    data: Any = None
    """As JSON data; None where it is none."""

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A request as it is sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)
    """As the client takes it."""
    contents: Contents
    is_file: bool = False
    """Its answer is a file, not JSON."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One job API as one run asks it."""

    api: JobApi
    served: ServedModel
    """With the address of the jobs."""
    egress: Egress | None

    async def ask(self, request: Request, look_up: Lookup) -> Any:
        """Return the JSON data that a request without files is answered with; else as `send`."""
        return await self.send(self.written(request, look_up))

    def written(
        self,
        request: Request,
        look_up: Lookup,
        *,
        headers: Mapping[str, str] | None = None,
        is_file: bool = False,
    ) -> "Written":
        """Return a request as it is sent; call it in a thread where it holds files.

        Args:
            request: What is asked.
            look_up: The values of its templates.
            headers: More of them.
            is_file: The answer itself is what was made.
        """
        refuse_endpoint(self.served.endpoint)
        body = render(request.body, look_up) if request.body is not None else MISSING
        form: Any = render(dict(request.form), look_up) if request.form is not None else MISSING
        sent = {**self._headers(self.api.headers), **self._headers(request.headers, look_up), **(headers or {})}
        if is_file:
            sent.setdefault("Accept", "*/*")
        content, contents = dict[str, Any](), Contents()
        if form is not MISSING:
            content = {"files": [(name, _part(one)) for name, value in form.items() for one in _several(value)]}
            contents = _contents_of_form(form)
        elif body is not MISSING:
            content = {"content": json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")}
            contents = _contents_of(body)
            sent.setdefault("Content-Type", "application/json")
        return Written(
            method=request.method, url=self._url(request, look_up), headers=sent, content=content, contents=contents,
            is_file=is_file,
        )  # fmt: skip

    async def send(self, written: "Written") -> Any:
        """Return the JSON data that a request is answered with, or the bytes where the answer is a file.

        Raises:
            SensoriumError: It is refused, or there is no answer; see `refusal`.
        """
        client = await job_client(self.served.endpoint)

        async def once() -> _Answer:
            made = client.build_request(
                written.method,
                written.url,
                headers=written.headers,
                timeout=_timeout(self.served),
                extensions={STAYS: self.served.endpoint.local_only},
                **written.content,
            )
            return await _read(client, made, self.served)

        def sending() -> Sending:
            return Sending(self.egress, self.served, written.contents)

        def judge(answer: _Answer, tries: int) -> tuple[SensoriumError, float | None] | None:
            return self._judge(answer, tries, is_file=written.is_file)

        with breaker_of(self.served.endpoint).trying(self.served):
            answer = await accepted(self.served, once, sending, judge)
        return answer.content if written.is_file and answer.data is None else answer.data

    def shown(self, text: str) -> str:
        """Return what the provider says, on one short line and without the key."""
        return faults.shown(self.served, text)

    def headers_of_key(self) -> dict[str, str]:
        """Return the headers that a file is fetched with which only the key opens."""
        return {
            name: text for name, text in self._headers(self.api.headers).items() if "{key}" in self.api.headers[name]
        }

    def _headers(self, headers: Mapping[str, str], look_up: Lookup = lambda name, filter: MISSING) -> dict[str, str]:
        def with_key(name: str, filter: str) -> Any:
            return (self._key() or MISSING) if name == "key" else look_up(name, filter)

        filled = {name: render(text, with_key) for name, text in headers.items()}
        return {name: as_text(one) for name, one in filled.items() if one is not MISSING}

    def _key(self) -> str | None:
        endpoint, jwt = self.served.endpoint, self.api.jwt
        if jwt is None or endpoint.key != jwt.secret or not endpoint.secret:
            return endpoint.secret
        if not endpoint.issuer:
            raise SettingsError(f"`{endpoint.name}` wants `{jwt.issuer}` beside `{jwt.secret}`. Set it.")
        return signed(endpoint.issuer, endpoint.secret, jwt.seconds)

    def _url(self, request: Request, look_up: Lookup) -> str:
        """Return the address of a request; what stands in it came from answers, and must not lead elsewhere."""
        base = self.api.base_url
        parts = parse(request.path)
        begin = look_up(parts[0].name, parts[0].filter) if isinstance(parts[0], Hole) else None
        if isinstance(begin, str) and urlsplit(begin).scheme:
            if not is_same_host(begin, base):
                raise ProviderError(
                    f"`{self.api.name}` answered with an address of another host, which is not asked, for the key "
                    f"would go along: {faults.shown(self.served, begin)!r}."
                )
            return "".join([begin, *(one for one in parts[1:] if isinstance(one, str))])
        path = render(request.path, lambda name, filter: _quoted(self._of(name, filter, look_up)))
        if path is MISSING:
            raise ProviderError(f"`{self.api.name}` gave nothing to ask for at {request.path!r}.")
        if any(one in ("..", ".") for one in path.partition("?")[0].split("/")):
            raise ProviderError(f"`{self.api.name}` answered with an id that leads elsewhere: {path!r}.")
        # What is written in the file itself may lead to another host; it is the user's own.
        return path if urlsplit(request.path).scheme else f"{base}/{path.lstrip('/')}"

    def _of(self, name: str, filter: str, look_up: Lookup) -> Any:
        return (self._key() or MISSING) if name == "key" else look_up(name, filter)

    def _judge(self, answer: _Answer, tries: int, *, is_file: bool) -> tuple[SensoriumError, float | None] | None:
        """Return the error of an answer that does not pass, and when to ask again."""
        if 300 <= answer.status < 400:
            return faults.moved(self.served, answer.status, answer.headers.get("location", "")), None
        is_ok = answer.status < 300
        if is_ok and answer.data is None and answer.content.strip() and not is_file:
            return self._odd(answer), None
        if is_ok and (self.api.ok is None or answer.data is None or expression(self.api.ok)(answer.data)):
            return None
        kind, fault = self.refusal(answer.status, answer.text, self._said(answer.data))
        asked = retry_after(answer.headers)
        if kind == "busy" or (answer.status == 429 and kind is None):
            return fault, BUSY_WAITS_SECONDS[min(tries, len(BUSY_WAITS_SECONDS) - 1)] if asked is None else asked
        return fault, asked if answer.status == 503 else None

    def _odd(self, answer: _Answer) -> ProviderError:
        said = faults.shown(self.served, answer.text[:MOST_SHOWN])
        return ProviderError(
            f"`{self.api.name}` answered with no JSON but {said!r}. Is {self.api.base_url} its address, or does a "
            f"proxy stand before it? Set {self.served.endpoint.address_setting}.",
            may_be_paid=True,
        )

    def _said(self, data: Any) -> str:
        found = expression(self.api.message)(data) if self.api.message and data is not None else None
        return "" if found is None else found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    def refusal(self, status: int, text: str, said: str = "") -> tuple[Refusal | None, SensoriumError]:
        """Return what kind of refusal an answer is, and its error.

        Args:
            status: HTTP status; under 300 for a job that failed, or an answer that says so itself.
            text: All of the answer.
            said: Its message, where that is known.
        """
        name, endpoint = self.api.name, self.served.endpoint
        told = faults.shown(self.served, said) or faults.words(self.served, text)
        why = f": {told.rstrip('.')}" if told else ""
        code = f" ({status})" if status >= 300 else ""
        # The page of a proxy speaks of policies, too; and what else is long says nothing more.
        text = text[:MOST_READ] if not faults.is_page(text) else ""
        kind = self.kind_of(f"{status} {said[:MOST_READ]} {text}")
        if kind == "busy" and status >= 500 and status != 503:
            kind = None  # it may have been worked on, and is not sent again
        if kind == "policy":
            return kind, ArgumentError(
                f"`{name}` refuses this for its rules about content{code}{why}. Ask for something else, or in other "
                "words."
            )
        if kind == "limit":
            return kind, ArgumentError(f"`{name}` does not take this{code}{why}. Change what it names.")
        if kind == "key" or (kind is None and status == 401):
            # What it says is not shown: some servers repeat the key, or most of it.
            if not endpoint.key:
                return "key", SettingsError(
                    f"`{name}` asks for a key{code}. Name the variable that holds it as `key` in `[providers.{name}]` "
                    "of sensorium.toml."
                )
            return "key", SettingsError(
                f"`{name}` refused the key in `{endpoint.key}`{code}. Set `{endpoint.key}` anew."
            )
        if kind == "credit" or (kind is None and (status == 402 or faults.is_out_of_credit(text))):
            return "credit", ProviderError(f"`{name}` has no credit left for this key{code}{why}. Add some there.")
        if kind == "busy" or (kind is None and status == 429):
            return "busy", ProviderError(f"`{name}` takes no more jobs for now{code}{why}. Try again later.")
        if status >= 500:
            return None, ProviderError(
                f"`{name}` failed{code}{why}. Try again later; nothing was sent twice.", may_be_paid=True
            )
        if status == 403:
            return None, SettingsError(
                f"`{name}` does not let this key use {self.served.name!r}{code}{why}. Set "
                f"`{endpoint.key or self.served.setting}`, or another `{self.served.setting}`."
            )
        if status in (400, 404, 422) and faults.names_no_model(text):
            return None, SettingsError(
                f"`{name}` has no model {self.served.name!r}{code}{why}. Set `{self.served.setting}`."
            )
        return None, ProviderError(f"`{name}` refused the request{code}{why}")

    def kind_of(self, text: str) -> Refusal | None:
        """Return what the file says that an error with these words is."""
        kinds: list[Refusal] = ["policy", "credit", "key", "busy", "limit"]
        return next((one for one in kinds if (told := self.api.refusals.get(one)) and re.search(told, text)), None)


def asking(api: JobApi, served: ServedModel, egress: Egress | None) -> Asking:
    """Return how an API is asked for a model."""
    here = replace(served.endpoint, base_url=api.base_url)
    return Asking(api=api, served=replace(served, endpoint=here), egress=egress)


def signed(issuer: str, secret: str, seconds: float, now: float | None = None) -> str:
    """Return a key that is good for so long: a JSON Web Token, signed with HS256 (RFC 7519, 7515)."""
    now = time.time() if now is None else now
    # A few seconds back, for clocks differ.
    claims = {"iss": issuer, "exp": int(now + seconds), "nbf": int(now - 5)}
    parts = [_b64(json.dumps(one, separators=(",", ":")).encode()) for one in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signature = hmac.new(secret.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
    made = ".".join([*parts, _b64(signature)])
    know(made)
    return made


def is_same_host(address: str, base_url: str) -> bool:
    """Tell whether an address is on the host of another: same scheme, same name, same port."""
    try:
        one, other = urlsplit(address), urlsplit(base_url)
        ports = [it.port or {"http": 80, "https": 443}.get(it.scheme) for it in (one, other)]
        same = (one.scheme, one.hostname) == (other.scheme, other.hostname) and ports[0] == ports[1]
        return same and not one.username
    except ValueError:
        return False


def whole_address(address: str, base_url: str) -> str:
    """Return an address of a result; some give only its path on their own host, or `./` and what is below the API."""
    is_path = address.startswith(("/", "./")) and not address.startswith("//")
    return urljoin(f"{base_url}/", address) if is_path else address


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _quoted(value: Any) -> Any:
    return value if value is MISSING else quote(as_text(value), safe="/:,@")


def _several(value: Any) -> list[Any]:
    """Return what stands in one field of a form: of a list, each in a part of its own."""
    return value if isinstance(value, list) else [value]


def _part(value: Any) -> tuple[Any, ...]:
    """Return a part of a form; one without a file name is a field."""
    return (value.name, value.content, value.media_type) if isinstance(value, FilePart) else (None, as_text(value))


def _contents_of_form(form: Mapping[str, Any]) -> Contents:
    parts = [(name, one) for name, value in form.items() for one in _several(value)]
    files = [(name, (one.name, one.content, one.media_type)) for name, one in parts if isinstance(one, FilePart)]
    return contents_of({"": [as_text(one) for _, one in parts if not isinstance(one, FilePart)]}, files)


def _contents_of(value: Any) -> Contents:
    """Return what a body holds."""
    if isinstance(value, Encoded):
        size = len(value) * 3 // 4
        is_picture, is_sound = value.media_type.startswith("image/"), value.media_type.startswith("audio/")
        return Contents(pictures=int(is_picture), picture_bytes=size * is_picture, sound_bytes=size * is_sound)
    if isinstance(value, Mapping):
        return sum(map(_contents_of, value.values()), Contents())
    if isinstance(value, list):
        return sum(map(_contents_of, value), Contents())
    return contents_of({"": value})


def _timeout(served: ServedModel) -> Any:
    import httpx2

    return httpx2.Timeout(served.endpoint.timeout_seconds, connect=CONNECT_SECONDS)


async def _read(client: "httpx2.AsyncClient", request: "httpx2.Request", served: ServedModel) -> _Answer:
    response = await client.send(request, stream=True)
    try:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            parts.append(part)
            size += len(part)
            if not response.is_success and size > MOST_REFUSED:  # also where it was compressed
                break
            if size > MAX_BYTES:
                raise faults.broken_off(served, f"it goes on after {MAX_BYTES} bytes")
    finally:
        await response.aclose()
    content = b"".join(parts)
    try:
        data = whole(json.loads(content))
    except (ValueError, RecursionError):
        data = None
    return _Answer(status=response.status_code, headers=response.headers, content=content, data=data)
