"""Asks a job API: one request, and its answer as JSON data."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from ..base import faults
from ..base.breaker import breaker_of
from ..base.clients import CONNECT_SECONDS, STAYS, Sending, job_client
from ..base.contents import Contents
from ..base.egress import Egress
from ..base.endpoints import ServedModel
from ..base.errors import ProviderError, SensoriumError, SettingsError
from ..base.letters import whole
from ..base.outward import refuse_endpoint
from ..base.posting import BUSY_WAITS_SECONDS, accepted, retry_after
from ..base.secrets import redact
from .addresses import is_same_host
from .api import expression
from .parts import contents_of_body, contents_of_form, part_of, several
from .refusing import refusal
from .shapes import JobApi, Request
from .template import MISSING, Hole, Lookup, as_text, parse, render
from .tokens import signed

if TYPE_CHECKING:
    import httpx2

MAX_BYTES = 96 * 2**20
"""No answer is longer, also where it holds a film in base64."""
MOST_SHOWN = 300
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_BEFORE_JSON = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
"""Byte order marks and space."""
MOST_VALUES = 300_000
"""Of an answer, of any kind; 25 million take 25 s, in which nothing else goes on, and 4 GB."""
MOST_REFUSED = 2**18
"""Bytes of a refusal."""


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
            content = {"files": [(name, part_of(one)) for name, value in form.items() for one in several(value)]}
            contents = contents_of_form(form)
        elif body is not MISSING:
            content = {"content": json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")}
            contents = contents_of_body(body)
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
        import httpx2

        client = await job_client(self.served.endpoint)

        async def once() -> _Answer:
            try:
                made = client.build_request(
                    written.method,
                    written.url,
                    headers=written.headers,
                    timeout=_timeout(self.served),
                    extensions={STAYS: self.served.endpoint.local_only},
                    **written.content,
                )
            except (httpx2.InvalidURL, UnicodeEncodeError):
                raise ProviderError(f"`{self.api.name}` gave an id that no request can hold.") from None
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
        if isinstance(begin, str) and _ADDRESS.match(begin):
            if not begin.isprintable() or not is_same_host(begin, base):
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
        kind, fault = refusal(self.api, self.served, answer.status, answer.text, self._said(answer.data))
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


def is_id(found: Any) -> bool:
    """Tell whether what an answer holds can be an id; what holds the key is written down nowhere."""
    is_short = isinstance(found, str | int) and not isinstance(found, bool) and 0 < len(str(found).strip()) <= 1000
    return is_short and redact(str(found)) == str(found)


def asking(api: JobApi, served: ServedModel, egress: Egress | None) -> Asking:
    """Return how an API is asked for a model."""
    here = replace(served.endpoint, base_url=api.base_url)
    return Asking(api=api, served=replace(served, endpoint=here), egress=egress)


def _quoted(value: Any) -> Any:
    return value if value is MISSING else quote(as_text(value), safe="/:,@")


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
    is_json = content.lstrip(_BEFORE_JSON)[:1] in (b"{", b"[")
    if is_json and sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise faults.broken_off(served, f"it holds more than {MOST_VALUES:,} values")
    try:
        data = whole(json.loads(content))
    except (ValueError, RecursionError):
        data = None
    return _Answer(status=response.status_code, headers=response.headers, content=content, data=data)
