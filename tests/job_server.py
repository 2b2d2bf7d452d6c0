"""A job API on loopback that behaves as a test says: jobs, files, uploads, and faults on demand."""

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sensorium.tools.base.makers import Made, Wish
    from sensorium.tools.base.run import Run

KEY = "shop-key-0a1b2c3d4e5f"
FILE = """
name = "The shop"
page = "https://shop.test/docs (2026-11-21)"
base_url = "{url}"
key = "SHOP_KEY"
ok = "code == `0`"
message = "message"
deadline_seconds = {deadline}
{top}
[refusals]
policy = "unsafe content"
credit = "no money"
busy = "too many jobs"
limit = "prompt too long"
[price]
calls = 0.5
[upload]
path = "/uploads"
form = "file"
fields = {{ purpose = "job" }}
url = "url"

[operations.picture]
role = "draw"
task = "image"
models = ["brush*"]
[operations.picture.takes]
prompt = {{ most = 100, needed = true }}
aspect = {{ of = ["16:9", "1:1"] }}
count = {{ least = 1, most = 4 }}
[operations.picture.defaults]
aspect = "1:1"
[operations.picture.submit]
path = "/jobs"
job = "data.id"
{submit}
[operations.picture.submit.body]
model = "{{model}}"
prompt = "{{prompt}}"
aspect = "{{aspect}}"
count = "{{count}}"
mark = "{{order}}"
hook = "{{callback}}"
[operations.picture.poll]
path = "/jobs/{{job}}"
status = "data.status"
done = ["done"]
failed = ["failed", "cancelled"]
progress = "data.progress"
ahead = "data.ahead"
error = "data.error"
seconds = [0.01, 0.05]
[operations.picture.result]
files = "data.files"
texts = "data.words"
seed = "data.seed"
{picture}

[operations.edit]
role = "draw"
task = "edit"
models = ["brush*"]
[operations.edit.takes]
prompt = {{}}
picture = {{ types = ["image/png"], bytes = 200_000, width_pixels = {{ least = 8, most = 512 }} }}
pictures = {{ most = 3 }}
[operations.edit.submit]
path = "/jobs"
job = "data.id"
[operations.edit.submit.body]
prompt = "{{prompt}}"
picture = "{{picture:url}}"
more = [{{ data = "{{pictures:data_url}}", kind = "{{pictures:type}}" }}]
[operations.edit.poll]
path = "/jobs/{{job}}"
status = "data.status"
done = ["done"]
failed = ["failed"]
seconds = [0.01, 0.05]
[operations.edit.result]
files = "data.files"

[operations.at_once]
role = "draw"
task = "vary"
models = ["brush*"]
[operations.at_once.takes]
picture = {{}}
[operations.at_once.submit]
path = "/now"
form = {{ image = "{{picture:file}}", strength = "0.5" }}
[operations.at_once.result]
files = "images"
as = "base64"
"""
"""The file that describes it, with `url`, `deadline`, and lines that a test adds."""
CANCEL = '[operations.picture.cancel]\npath = "/jobs/{job}/cancel"\n'
LOOKUP = '[operations.picture.lookup]\npath = "/jobs?mark={order}"\njob = "data[0].id"\n'
IDEMPOTENCY = 'idempotency = "Idempotency-Key"'


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None
    """As JSON data; of a form the texts and the bytes of its fields."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer in place of the usual one."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""
    is_announced: bool = True
    """Whether it is said how long the body is; else it ends with the connection."""


@dataclass
class Job:
    """One job."""

    id: str
    order: dict[str, Any]
    polls: int = 0
    is_cancelled: bool = False


@dataclass
class JobServer:
    """A running job API: what it was asked, and how it answers."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    content: bytes = b""
    """Of the files that it makes."""
    running_polls: int = 1
    """So many answers say that a job goes on, before one says that it is done."""
    failure: str = ""
    """Why jobs fail; empty: they do not."""
    never_ends: bool = False
    file_url: str = ""
    """Where results are said to be; empty: here."""
    connections: int = 0
    answering: Callable[[Asked], Reply | None] = lambda asked: None
    """Answers in place of all else."""
    _next: dict[str, deque[Reply]] = field(default_factory=dict)

    def play(self, kind: str, *replies: Reply) -> None:
        """Answer the next requests of a kind so: `submit`, `poll`, `file`, `cancel`, `upload`, `lookup` or `now`."""
        self._next.setdefault(kind, deque()).extend(replies)

    def of(self, kind: str) -> list[Asked]:
        """Return the requests of a kind."""
        return [one for one in self.asked if _kind(one.method, one.path) == kind]

    def description(self, *, top: str = "", submit: str = "", picture: str = "", deadline: float = 20.0) -> str:
        """Return the file that describes this API."""
        return FILE.format(url=self.url, top=top, submit=submit, picture=picture, deadline=deadline)

    def furnish(self, home: Path, **more: Any) -> Path:
        """Put the file into a home, as `providers/shop.toml`."""
        (home / "providers").mkdir(parents=True, exist_ok=True)
        (home / "providers" / "shop.toml").write_text(self.description(**more), encoding="utf-8")
        return home

    async def made_in(self, run: "Run", wish: "Wish | None" = None) -> "Made":
        """Return what comes of what a run orders here: a kite, where no other wish is told."""
        from sensorium.tools.base.makers import Wish
        from sensorium.tools.providers.remote_maker import provider

        maker = provider(run.settings, "shop:brush-1", "draw")
        fitted = maker.fit(wish or Wish(task="image", values={"prompt": "a kite"}))
        return await maker.make(fitted.wish, run=run)

    def states(self, run: "Run") -> list[tuple[str, str]]:
        """Return how each order of a run stands, and its job."""
        return [(one.state, one.job) for one in run.budget.ledger.orders(run.id)]

    def answer(self, asked: Asked) -> Reply:
        """Return the answer to a request."""
        return self.answering(asked) or self.answer_as_usual(asked)

    def answer_as_usual(self, asked: Asked) -> Reply:
        """Return the answer where a test says nothing else of all requests."""
        kind = _kind(asked.method, asked.path)
        if self._next.get(kind):
            return self._next[kind].popleft()
        return getattr(self, f"_{kind}")(asked)

    def _submit(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return Reply(status=401, body={"code": 401, "message": f"wrong key {asked.headers.get('authorization')}"})
        same = asked.headers.get("idempotency-key")
        job = self.jobs.get(f"job-of-{same}") if same else None
        if job is None:
            job = Job(id=f"job-of-{same}" if same else f"job-{len(self.jobs) + 1}", order=asked.body)
            self.jobs[job.id] = job
        return Reply(body={"code": 0, "data": {"id": job.id}})

    def _lookup(self, asked: Asked) -> Reply:
        mark = asked.path.rpartition("=")[2]
        return Reply(
            body={"code": 0, "data": [{"id": one.id} for one in self.jobs.values() if one.order["mark"] == mark]}
        )

    def _poll(self, asked: Asked) -> Reply:
        job = self.jobs.get(asked.path.rpartition("/")[2])
        if job is None:
            return Reply(status=404, body={"code": 404, "message": "no such job"})
        job.polls += 1
        if job.is_cancelled:
            return Reply(body={"code": 0, "data": {"status": "cancelled", "error": "it was cancelled"}})
        if self.never_ends or job.polls <= self.running_polls:
            return Reply(body={"code": 0, "data": {"status": "running", "progress": 40}})
        if self.failure:
            return Reply(body={"code": 0, "data": {"status": "failed", "error": self.failure}})
        where = self.file_url or f"{self.url}/files/{job.id}"
        files = [f"{where}-{number}" for number in range(job.order.get("count", 1))]
        return Reply(body={"code": 0, "data": {"status": "done", "files": files, "words": "a kite", "seed": 7}})

    def _cancel(self, asked: Asked) -> Reply:
        self.jobs[asked.path.split("/")[2]].is_cancelled = True
        return Reply(body={"code": 0})

    def _upload(self, asked: Asked) -> Reply:
        return Reply(body={"code": 0, "url": f"{self.url}/uploaded/{len(self.of('upload'))}"})

    def _now(self, asked: Asked) -> Reply:
        import base64

        return Reply(body={"code": 0, "images": [base64.b64encode(self.content).decode()]})

    def _file(self, asked: Asked) -> Reply:
        start = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        headers = {"etag": '"one"', "content-type": "application/octet-stream"}
        if start and asked.headers.get("if-range") == '"one"':
            first, size = int(start[1]), len(self.content)
            headers["content-range"] = f"bytes {first}-{size - 1}/{size}"
            return Reply(status=206, body=self.content[first:], headers=headers)
        return Reply(body=self.content, headers=headers)

    def _unknown(self, asked: Asked) -> Reply:
        return Reply(status=404, body={"code": 404, "message": f"nothing at {asked.path}"})


def _kind(method: str, path: str) -> str:
    patterns = {
        ("POST", r"/jobs"): "submit", ("GET", r"/jobs\?mark=.*"): "lookup", ("GET", r"/jobs/[^/]+"): "poll",
        ("POST", r"/jobs/[^/]+/cancel"): "cancel", ("GET", r"/files/.*"): "file", ("POST", r"/uploads"): "upload",
        ("POST", r"/now"): "now",
    }  # fmt: skip
    return next(
        (kind for (verb, pattern), kind in patterns.items() if verb == method and re.fullmatch(pattern, path)),
        "unknown",
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a body after its headers would wait 40 ms for their receipt
    server: "_Server"

    def setup(self) -> None:
        super().setup()
        self.server.job_server.connections += 1

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(
            method=self.command, path=self.path, headers=headers, body=_body(headers.get("content-type", ""), content)
        )
        self.server.job_server.asked.append(asked)
        reply = self.server.job_server.answer(asked)
        body = (
            reply.body
            if isinstance(reply.body, bytes)
            else b""
            if reply.body is None
            else json.dumps(reply.body).encode()
        )
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        if reply.is_announced:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if reply.cut_after is None else body[: reply.cut_after])
        self.close_connection = self.close_connection or reply.cut_after is not None or not reply.is_announced

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _body(kind: str, content: bytes) -> Any:
    if kind.startswith("application/json"):
        return json.loads(content)
    if not kind.startswith("multipart/form-data"):
        return content.decode("utf-8", "replace")
    message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + content)
    fields: dict[str, Any] = {}
    for part in message.get_payload():  # type: ignore[union-attr]
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        data = part.get_payload(decode=True)  # type: ignore[union-attr]
        fields[str(name)] = data if part.get_filename() else data.decode()  # type: ignore[union-attr]
    return fields


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # many jobs come at once; of more than are waited for here the system refuses some
    job_server: JobServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that was killed


@contextmanager
def serving() -> Iterator[JobServer]:
    """Serve on a free port of loopback."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.job_server = made = JobServer(url=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
