"""What can be reached where: every provider with its roles, its key, its price and its limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..tools.base.endpoints import Endpoint, presets, read_endpoints
from ..tools.base.errors import SettingsError
from ..tools.base.makers import FILES
from ..tools.base.models import ENDPOINTS, LADDERS, Models
from ..tools.base.price import PER_MILLION
from ..tools.base.settings import Settings
from ..tools.jobs.files import OURS, job_files
from ..tools.jobs.shapes import JobApi, Operation, Span, Take

Kind = Literal["api", "jobs", "webui", "comfyui", "here"]
WORDS: Mapping[Kind, str] = {
    "api": "OpenAI-compatible: think, see, hear, speak, draw, embed",
    "jobs": "Job APIs",
    "webui": "Stable Diffusion WebUI",
    "comfyui": "ComfyUI",
    "here": "On this machine",
}


@dataclass(frozen=True, kw_only=True)
class Does:
    """One thing that a provider can do."""

    role: str
    task: str
    models: tuple[str, ...]
    limits: tuple[str, ...] = ()
    """What it takes, for people."""
    most_seconds: float | None = None
    """Of what is made."""
    most_characters: float | None = None
    """Of the prompt, or of what is said."""
    can: tuple[str, ...] = ()
    """`cancel`, `find again`: beside what every job can."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A provider."""

    name: str
    title: str
    kind: Kind
    roles: tuple[str, ...] = ()
    does: tuple[Does, ...] = ()
    keys: tuple[str, ...] = ()
    """Environment variables, any one line of them."""
    key_is_set: bool | None = None
    """None: it needs none."""
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Pattern of a model -> USD for one of each unit; characters and tokens for a million."""
    pages: tuple[str, ...] = ()
    base_url: str = ""
    note: str = ""
    file: str = ""
    """The user's own file, where it is described in one."""
    fault: str = ""
    """Why it cannot be used."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


def listed(settings: Settings, environ: Mapping[str, str]) -> list[Listed]:
    """Return every provider: those of our files, the user's own, and what is on this machine."""
    files = job_files(settings.home)
    names = list(dict.fromkeys([*presets(), *files, *settings.endpoints]))
    known = {**read_endpoints([f"{name}:" for name in names], {}, environ, settings.home), **settings.endpoints}
    return [*(_of(known[name], files.get(name), environ) for name in names), *_here(settings)]


def _of(endpoint: Endpoint, file: Path | None, environ: Mapping[str, str]) -> Listed:
    preset, jobs = presets().get(endpoint.name, {}), endpoint.jobs
    does = tuple(_does(one) for one in jobs.operations) if jobs else ()
    own = ("think", "see", "hear", "speak", "draw", "embed") if endpoint.wire == "openai" else ()
    drawn = ("draw",) if endpoint.wire in ("webui", "comfyui") else ()
    keys, is_set = _keys(endpoint, jobs, environ)
    return Listed(
        name=endpoint.name,
        title=jobs.title if jobs else "",
        kind="api" if endpoint.wire == "openai" else endpoint.wire,
        roles=tuple(dict.fromkeys([*own, *drawn, *(one.role for one in does)])),
        does=does,
        keys=keys,
        key_is_set=is_set,
        prices={pattern: _per(amounts) for pattern, amounts in endpoint.prices.items()},
        pages=tuple(
            dict.fromkeys([*([str(preset["page"])] if "page" in preset else []), *(jobs.pages if jobs else ())])
        ),
        base_url=endpoint.base_url or (jobs.base_url if jobs else ""),
        note=" ".join(dict.fromkeys(filter(None, [endpoint.note, jobs.note if jobs else ""]))),
        file=str(file) if file and file.parent != OURS else "",
        fault=endpoint.fault,
    )


def _keys(endpoint: Endpoint, jobs: JobApi | None, environ: Mapping[str, str]) -> tuple[tuple[str, ...], bool | None]:
    """Return the variables that open a provider, and whether they are set; None where it needs none."""
    pair = f"{jobs.jwt.issuer} and {jobs.jwt.secret}" if jobs and jobs.jwt else ""
    plain = jobs.key if jobs and jobs.jwt else endpoint.key
    keys = tuple(filter(None, [plain, pair]))
    if not keys:
        return (), None
    signs = bool(jobs and jobs.jwt and environ.get(jobs.jwt.issuer) and environ.get(jobs.jwt.secret))
    return keys, bool(plain and environ.get(plain)) or signs


def _does(operation: Operation) -> Does:
    limits = [_limit(name, take) for name, take in operation.takes.items()]
    can = [*(["cancel"] if operation.cancel else []), *(["find again"] if operation.lookup else [])]
    can += ["send again safely"] if operation.submit.idempotency else []
    seconds = operation.takes.get("seconds", Take())
    numbers = [one for one in seconds.of if isinstance(one, int | float)]
    said = operation.takes.get("text") or operation.takes.get("prompt") or Take()
    return Does(
        role=operation.role,
        task=operation.task,
        models=operation.models,
        limits=tuple(limits),
        most_seconds=max(numbers) if numbers else seconds.span.most,
        most_characters=said.span.most,
        can=tuple(can),
    )


def _limit(name: str, take: Take) -> str:
    """Return what is taken of one value or file, in words."""
    parts = []
    if take.of:
        parts.append(", ".join(str(one).lower() if isinstance(one, bool) else f"{one}" for one in take.of))
    elif (span := _span(take.span)) and not (span == "from 1" or (name in FILES and take.span.most == 1)):
        unit = {"prompt": " characters", "text": " characters", "lyrics": " characters", "seconds": " s"}.get(name, "")
        parts.append(f"{span}{' files' if name in FILES else unit}")
    parts += [one.partition("/")[2] for one in take.types]
    parts += [f"{label} {span} {unit}" for label, span, unit in _file_spans(take) if span]
    if take.bytes:
        parts.append(f"{take.bytes / 1e6:g} MB")
    return f"{name}{'*' if take.needed else ''}{': ' if parts else ''}{', '.join(parts)}"


def _file_spans(take: Take) -> Iterator[tuple[str, str, str]]:
    yield "width", _span(take.width_pixels), "px"
    yield "height", _span(take.height_pixels), "px"
    yield "length", _span(take.seconds), "s"


def _span(span: Span) -> str:
    if span.least is not None and span.most is not None:
        return f"{span.least:g}" if span.least == span.most else f"{span.least:g}–{span.most:g}"
    return f"at most {span.most:,.0f}" if span.most is not None else f"from {span.least:g}" if span.least else ""


def _per(amounts: Mapping[str, float]) -> dict[str, float]:
    return {unit: usd * (1_000_000 if unit in PER_MILLION else 1) for unit, usd in amounts.items()}


def _here(settings: Settings) -> Iterator[Listed]:
    """Yield what serves on this machine, without what the settings name."""
    models = Models(Settings(home=settings.home, offline=settings.offline))
    roles: dict[str, list[str]] = {}
    faults: dict[str, str] = {}
    for role, ladder in LADDERS.items():
        names = [name for name in ladder if name not in ENDPOINTS]
        try:
            found: Sequence[Any] = models.ladder(role)
        except (SettingsError, ImportError) as error:
            found, faults = [], {**faults, role: str(error)}
        for name, one in zip(names, found, strict=False):
            roles.setdefault(name, []).append(role)
            faults[name] = one.missing() or ""
    for name, served in roles.items():
        yield Listed(
            name=name.replace("_", "-"), title="", kind="here", roles=tuple(served), fault=faults.get(name, "")
        )
