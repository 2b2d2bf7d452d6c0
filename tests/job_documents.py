"""Job APIs on loopback that answer as their documents say, and note each request that these do not allow."""

import json
import re
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from jsonschema import Draft202012Validator

DOCUMENTS = Path(__file__).parent / "tools" / "providers" / "documents"
KEY = "the-key"
FILE = "(a file)"
_HOLE = re.compile(r"\\\{([a-z]+)\\\}")
_PATTERNS = {
    "base64": r"^[A-Za-z0-9+/]{16,}=*$",
    "data_url": r"^data:[a-z]+/[-a-z0-9.+]+;base64,[A-Za-z0-9+/]+=*$",
    "url": r"^https?://\S+$",
}


def schema(spec: Any) -> dict[str, Any]:
    """Return the JSON Schema of what README.md in the folder of the documents calls a field."""
    if isinstance(spec, list):
        if any(isinstance(one, Mapping) for one in spec):
            return {"anyOf": [schema(one) for one in spec]}
        return {"enum": spec}
    if isinstance(spec, Mapping):
        if "each" in spec:
            return {
                "type": "array",
                "items": schema(spec["each"]),
                "minItems": spec.get("least", 0),
                **({"maxItems": spec["most"]} if "most" in spec else {}),
            }
        return {
            "type": "object",
            "properties": {name.removesuffix("!"): schema(one) for name, one in spec.items()},
            "required": [name.removesuffix("!") for name in spec if name.endswith("!")],
            "additionalProperties": False,
        }
    word, _, rest = str(spec).partition(" ")
    if word in _PATTERNS:
        return {"type": "string", "pattern": _PATTERNS[word]}
    if word in ("int", "number"):
        least, most = (float(one) for one in rest.split(".."))
        return {"type": {"int": "integer"}.get(word, word), "minimum": least, "maximum": most}
    if word == "text":
        return {"type": "string", "minLength": 1, **({"maxLength": int(rest)} if rest else {})}
    simple: dict[str, dict[str, Any]] = {
        "match": {"type": "string", "pattern": rest},
        "bool": {"type": "boolean"},
        "file": {"const": FILE},
        "any": {},
    }
    return simple[word]


@dataclass(frozen=True)
class Documented:
    """One request that the documents know."""

    table: Mapping[str, Any]

    def fits(self, method: str, path: str) -> bool:
        """Tell whether a request is this one."""
        return pattern(self.table["is"]).fullmatch(f"{method} {path}") is not None

    def faults(self, query: Any, body: Any, form: Any, headers: Mapping[str, str]) -> Iterator[str]:
        """Yield what is wrong with a request of this kind."""
        for given, name in ((query, "query"), (body, "fields"), (form, "form")):
            if given is None and name not in self.table:
                continue
            checks = Draft202012Validator(schema(self.table.get(name, {})))
            yield from (
                f"{self.table['is']}: {one.json_path}: {one.message[:200]}" for one in checks.iter_errors(given or {})
            )
        for name, value in self.table.get("headers", {}).items():
            if headers.get(name) != value:
                yield f"{self.table['is']}: the header {name} is {headers.get(name)!r}"


def pattern(text: str) -> re.Pattern[str]:
    """Return what fits `POST /v1/{model}/tasks`; a model may hold a slash, anything else not."""
    return re.compile(_HOLE.sub(lambda hole: ".+" if hole[1] == "model" else "[^/]+", re.escape(text)))


@dataclass
class DocumentedServer:
    """What is served, and what was asked."""

    url: str
    documents: Mapping[str, Any]
    content: bytes = b""
    medium: str = "video"
    """What the made file is, in words."""
    reply: Mapping[str, Any] | None = None
    """An `[[error]]` to answer with."""
    loses_one: bool = False
    """The answer to the next order is lost on its way."""
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    _jobs: int = 0
    _polled: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """Begin anew with what was asked."""
        self.asked, self.faults, self.bodies = [], [], []

    @contextmanager
    def replying(self, reply: Mapping[str, Any]) -> Iterator[None]:
        """Answer with an error."""
        self.reply = reply
        try:
            yield
        finally:
            self.reply = None

    def answer(self, method: str, address: str, headers: Mapping[str, str], content: bytes) -> tuple[int, str, bytes]:
        """Return status, media type and body of an answer."""
        parts = urlsplit(address)
        path = unquote(parts.path)
        self.asked.append(f"{method} {path}")
        if path.startswith("/made/"):
            return self._made(headers)
        for name, value in self.documents["auth"].items():
            if headers.get(name.lower()) != value:
                self.faults.append(f"{method} {path}: {name} is {headers.get(name.lower())!r}")
        known = next((one for one in map(Documented, self.documents["request"]) if one.fits(method, path)), None)
        if known is None:
            self.faults.append(f"{method} {path} is in no document")
            return 404, "application/json", b"{}"
        body, form = self._body(headers, content), None
        if "form" in known.table:
            body, form = None, _form(headers, content, known.table["form"])
        self.bodies.append(form or body)
        self.faults += known.faults(dict(parse_qsl(parts.query)) or None, body, form, headers)
        if self.reply and ("of" not in self.reply or known.fits(*self.reply["of"].split(" ", 1))):
            return self.reply.get("status", 200), "application/json", self._filled(self.reply["answer"], path).encode()
        if method == "POST":
            self._jobs += 1
            if self.loses_one:
                self.loses_one = False
                return 504, "application/json", b""
        elif "first" in known.table and path + parts.query not in self._polled:
            self._polled.add(path + parts.query)
            return 200, "application/json", self._filled(known.table["first"], path).encode()
        if known.table["answer"] == "{made}":
            return 200, "audio/mpeg", self.content
        return known.table.get("status", 200), "application/json", self._filled(known.table["answer"], path).encode()

    def _made(self, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        """Return what was made; only where the documents say so the key comes along."""
        has_key = any(KEY in value for value in headers.values())
        if has_key != bool(self.documents.get("keyed")):
            self.faults.append(f"the file was fetched {'with' if has_key else 'without'} the key")
        return 200, "application/octet-stream", self.content

    def _body(self, headers: Mapping[str, str], content: bytes) -> Any:
        if not content or headers.get("content-type", "").startswith("multipart/"):
            return None
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            self.faults.append(f"the type of a body is {headers.get('content-type')!r}")
        return json.loads(content)

    def _filled(self, text: str, path: str) -> str:
        values = {
            "job": f"job-{self._jobs}" if self._jobs else path.rpartition("/")[2],
            "url": f"{self.url}/made/{len(self.asked)}",
            "base": self.url,
            "medium": self.medium,
            "hex": self.content.hex(),
            "order": next(
                (one[name] for one in reversed(self.bodies) if (name := self.documents.get("order")) in (one or ())), ""
            ),
        }
        return re.sub(r"\{(job|url|base|medium|hex|order)\}", lambda hole: values[hole[1]], text)


def _form(headers: Mapping[str, str], content: bytes, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form; numbers are texts in it."""
    head = f"Content-Type: {headers.get('content-type', '')}\r\n\r\n".encode()
    found: dict[str, Any] = {}
    for part in BytesParser().parsebytes(head + content).get_payload():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None:
            found[name] = FILE
            continue
        text = part.get_payload(decode=True).decode()
        kind = spec.get(name, spec.get(f"{name}!"))
        found[name] = int(text) if isinstance(kind, str) and kind.startswith("int ") and text.isdecimal() else text
    return found


@contextmanager
def serving(name: str) -> Iterator[DocumentedServer]:
    """Serve what the documents of one provider say."""
    documents = tomllib.loads((DOCUMENTS / f"{name}.toml").read_text(encoding="utf-8"))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # a body after its headers would wait 40 ms for their receipt

        def _serve(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, media_type, body = served.answer(self.command, self.path, headers, content)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = DocumentedServer(url=f"http://127.0.0.1:{server.server_port}", documents=documents)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
