"""A job API as data: who is asked, what it takes, and where in its answers things are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Refusal = Literal["policy", "credit", "key", "busy", "limit"]
"""What an error is: of the provider's rules for content, of money, of the key, of too much at once, of an argument."""
REFUSALS: tuple[Refusal, ...] = ("policy", "credit", "key", "busy", "limit")
Encoding = Literal["url", "base64", "data_url", "hex", "body"]
"""How a file of an answer comes: as an address, as letters, or as the answer itself."""
Scalar = str | int | float | bool

LONGEST_DEADLINE_SECONDS = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Span:
    """The numbers that are taken; nothing is said of what is None."""

    least: float | None = None
    most: float | None = None
    step: float | None = None


@dataclass(frozen=True, kw_only=True)
class Take:
    """What is taken of one value, or of the files of one name."""

    of: tuple[Scalar, ...] = ()
    """Only these values; any where it is empty."""
    span: Span = Span()
    """Of a number; `most` of a text are its characters, and of files how many."""
    bytes: int | None = None
    """The most that a file may have."""
    types: tuple[str, ...] = ()
    """Media types of files; any where it is empty."""
    width_pixels: Span = Span()
    height_pixels: Span = Span()
    seconds: Span = Span()
    """Of a sound or a video."""
    needed: bool = False
    inverted: bool = False
    """Of a mask: it is black where something new belongs, and ours are white there."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; its texts are templates, see `template`."""

    path: str
    """Below the API's `base_url`."""
    method: str = "GET"
    body: Any = None
    """JSON data."""
    form: Mapping[str, Any] | None = None
    """Fields of a form with several parts, in place of a body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside those of the API."""


@dataclass(frozen=True, kw_only=True)
class Submit(Request):
    """How a job is ordered."""

    method: str = "POST"
    job: str | None = None
    """Where the job's id is; None: there is no job, the answer holds the result."""
    idempotency: str | None = None
    """The header that carries our own id of the order; the same id twice is one job."""


@dataclass(frozen=True, kw_only=True)
class Lookup(Request):
    """How a job is found whose submit was cut off."""

    job: str
    """Where its id is; `{order}` in it is our own id of the order, to pick it from a list."""


@dataclass(frozen=True, kw_only=True)
class Poll(Request):
    """How a job is asked about."""

    status: str
    done: tuple[str, ...]
    failed: tuple[str, ...] = ()
    progress: str | None = None
    ahead: str | None = None
    """Where it is said how many are before it in a queue."""
    error: str | None = None
    first_seconds: float = 3.0
    longest_seconds: float = 20.0


@dataclass(frozen=True, kw_only=True)
class Via(Request):
    """One more request for each file of a result."""

    files: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """Where in the last answer what was made is."""

    files: str | None = None
    """None: nothing but words comes, or, where the encoding is `body`, the answer itself is the file."""
    encoding: Encoding = "url"
    keyed: bool = False
    """Whether the key goes along when a file is fetched from the API's own host."""
    texts: str | None = None
    text: str | None = None
    """A template of words that the answer does not repeat: the name that we gave a voice."""
    seed: str | None = None
    job: str | None = None
    """Where the id is with which something else can be made from it; None: it is the job's own."""
    via: Via | None = None


@dataclass(frozen=True, kw_only=True)
class Upload(Request):
    """How a file becomes an address."""

    method: str = "POST"
    part: str | None = None
    """The field of a form that holds the file."""
    url: str
    """Where in the answer the address is."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that can be done."""

    name: str
    role: str
    task: str
    models: tuple[str, ...]
    """Patterns of the models that do it."""
    takes: Mapping[str, Take]
    defaults: Mapping[str, Scalar]
    maps: Mapping[str, Mapping[str, Scalar]]
    """Of a value as we write it, what the API calls it."""
    submit: Submit
    result: Result
    poll: Poll | None = None
    lookup: Lookup | None = None
    cancel: Request | None = None
    upload: Upload | None = None
    """In place of the API's own."""


@dataclass(frozen=True, kw_only=True)
class Jwt:
    """A key that is signed anew for each request."""

    issuer: str
    """The environment variable that holds who signs."""
    secret: str
    """The environment variable that holds what it is signed with."""
    seconds: float = 1800.0


@dataclass(frozen=True, kw_only=True)
class JobApi:
    """An API that takes orders and is asked for what became of them.

    Texts that say where in an answer something is are JMESPath expressions.
    """

    name: str
    """Its file's; the provider of `provider:model`."""
    title: str
    base_url: str
    pages: tuple[str, ...]
    """Where it is documented, and when that was read."""
    operations: tuple[Operation, ...]
    key: str | None = None
    jwt: Jwt | None = None
    note: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    ok: str | None = None
    message: str | None = None
    deadline_seconds: float = 900.0
    free_when_failed: bool = False
    """Whether a job that fails is not charged, as its pages say."""
    refusals: Mapping[str, str] = field(default_factory=dict)
    """What an error is -> a regular expression over its code, status and message."""
    upload: Upload | None = None
