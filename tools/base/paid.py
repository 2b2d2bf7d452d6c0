"""One request of a tool to a paid endpoint: within the budget, in the ledger, and never sent twice."""

import hashlib
import io
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..jobs.by_name import takes_jobs
from . import faults
from .budget import Order
from .egress import Egress
from .endpoints import ServedModel, served_model, split_model
from .errors import ArgumentError, ProviderError
from .form_files import Files, parts_of
from .letters import whole
from .paying_once import costs
from .posting import post, read_whole
from .price import Quote, counted, quote_of
from .secret_logs import logger_of
from .secrets import redact_plain
from .sniff import sniff
from .workspace import Artifact

if TYPE_CHECKING:
    from .run import Run

logger = logger_of(__name__)

MAX_BYTES = 64 * 2**20
"""No answer is this long: an hour of speech at 8 kHz."""
MOST_SHOWN = 300
"""Bytes of an answer that is not what it should be."""
Reader = Callable[[ServedModel, bytes], dict[str, Any]]
"""Makes of an answer what is kept in the ledger."""
Keeper = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Stores the files of an answer, and makes of it what is kept in the ledger."""
_COUNTS = {
    "prompt_tokens": "input_tokens",
    "input_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "output_tokens": "output_tokens",
}
"""What servers call what they count -> the unit."""


async def request_json(
    run: "Run",
    served: ServedModel,
    path: str,
    body: Mapping[str, Any],
    *,
    quote: Quote,
    files: Files | None = None,
) -> dict[str, Any]:
    """Return the JSON that an endpoint answers; the same request in the same run is answered from the ledger.

    Who served is noted with `run.used`. When the provider is down, the fallbacks of the role are asked instead.

    Args:
        run: Whose budget pays.
        served: Who is asked.
        path: Below the endpoint's `base_url`, for example `/chat/completions`.
        body: What is asked; with files, the other fields of the form.
        quote: What it will cost; its units are charged where the answer does not count them.
        files: Sent as a form with several parts.

    Raises:
        OverBudget: It may cost more than is left.
        OutcomeUnknown: The same was sent before the run was interrupted, and may have been paid.
        SettingsError: The key, the model, the address or the price is missing or wrong.
        ProviderError: The endpoint is down or refuses, and so do its fallbacks.
    """
    return await _order(run, served, path, body, quote=quote, files=files, read=_json)


async def request_sound(
    run: "Run", served: ServedModel, path: str, body: Mapping[str, Any], *, quote: Quote, name: str
) -> Artifact:
    """Return the sound that an endpoint answers, stored under a name; else as `request_json`."""

    def read(asked: ServedModel, content: bytes) -> dict[str, Any]:
        media_type = sniff(io.BytesIO(content)).media_type
        if not media_type.startswith("audio/"):
            _json(asked, content)  # it says what went wrong, mostly
            raise faults.not_a_chat(asked, content[:MOST_SHOWN].decode(errors="replace"))
        return {"artifact": run.put(content, name=name, media_type=media_type).handle}

    answered = await _order(run, served, path, body, quote=quote, files=None, read=read)
    run.admit([answered["artifact"]])
    return run.artifact(answered["artifact"])


async def request_files(
    run: "Run",
    served: ServedModel,
    path: str,
    body: Mapping[str, Any],
    *,
    quote: Quote,
    keep: Keeper,
    files: Files | None = None,
    salt: str = "",
    most_bytes: int = MAX_BYTES,
) -> dict[str, Any]:
    """Return what is kept of the JSON that an endpoint answers, whose files would be too large for the ledger.

    Args:
        run: Whose budget pays.
        served: Who is asked; no fallback is, for others take other requests.
        path: Below the endpoint's `base_url`.
        body: What is asked; with files, the other fields of the form.
        quote: What it will cost.
        keep: Called with the answer before it counts as paid.
        files: Sent as a form with several parts.
        salt: Tells orders apart that are sent with the same words: of the second of two pictures, it is another one.
        most_bytes: No answer is longer.

    Raises:
        OverBudget, OutcomeUnknown, SettingsError, ProviderError: As of `request_json`.
    """
    check_limits(served, quote.units, files)
    key = order_key(served, path, json.dumps([body, salt], sort_keys=True).encode(), files)
    async with run.budget.paying(Order(served=served, key=key, quote=quote, call=run.call.id)) as payment:
        run.pay(payment)
        if payment.outcome is None:
            content = await _ask(served, path, body, files=files, egress=run.egress, most_bytes=most_bytes)
            answer = _parsed(served, content)
            run.used(served.full_name)  # before the files are stored, whose provenance says it
            # Looked through for secrets only now: in the files themselves are none, and they are long.
            kept = redact_plain(whole(await keep(answer)))
            payment.settle(outcome=kept, units=units_of(answer, quote.units), usd=charged(answer))
        else:
            run.used(served.full_name)
    made: dict[str, Any] = payment.outcome
    return made


async def _order(
    run: "Run",
    served: ServedModel,
    path: str,
    body: Mapping[str, Any],
    *,
    quote: Quote,
    files: Files | None,
    read: Reader,
) -> dict[str, Any]:
    """Return what `read` makes of an answer, of the first that gives one: the model, or its fallbacks."""
    may_be_paid = False
    waiting = _fallbacks(run, served)
    while True:
        try:
            return await _request(run, served, path, body, quote=quote, files=files, read=read)
        except ProviderError as error:
            may_be_paid = may_be_paid or (error.may_be_paid and costs(quote))
            quotes = [(one, quote_of(one, quote.units)) for one in waiting]
            # Nobody pays for the same twice unasked.
            quotes = [(one, price) for one, price in quotes if not (may_be_paid and costs(price))]
            if not quotes:
                raise
            (other, quote), *_ = quotes
            waiting = [one for one, _ in quotes[1:]]
            logger.warning("%s `%s` is asked instead.", error, other.full_name)
            served, body = other, {**body, "model": other.name}


async def _request(
    run: "Run",
    served: ServedModel,
    path: str,
    body: Mapping[str, Any],
    *,
    quote: Quote,
    files: Files | None,
    read: Reader,
) -> dict[str, Any]:
    check_limits(served, quote.units, files)
    key = order_key(served, path, json.dumps(body, sort_keys=True).encode(), files)
    async with run.budget.paying(Order(served=served, key=key, quote=quote, call=run.call.id)) as payment:
        run.pay(payment)
        if payment.outcome is None:
            answer = read(served, await _ask(served, path, body, files=files, egress=run.egress))
            payment.settle(outcome=answer, units=units_of(answer, quote.units), usd=charged(answer))
    run.used(served.full_name)
    answered: dict[str, Any] = payment.outcome
    return answered


async def _ask(
    served: ServedModel,
    path: str,
    body: Mapping[str, Any],
    *,
    files: Files | None,
    egress: Egress,
    most_bytes: int = MAX_BYTES,
) -> bytes:
    async with post(served, path, body, files=files, egress=egress) as response:
        return await read_whole(served, response, most_bytes)


def _json(served: ServedModel, content: bytes) -> dict[str, Any]:
    made: dict[str, Any] = redact_plain(whole(_parsed(served, content)))
    return made


def _parsed(served: ServedModel, content: bytes) -> dict[str, Any]:
    """Return an answer in JSON.

    Raises:
        SensoriumError: It is none, or says that something went wrong.
    """
    text = content.decode(errors="replace")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise faults.not_a_chat(served, text) from None
    if not isinstance(answer, dict):
        raise faults.not_a_chat(served, text)
    if error := answer.get("error"):
        code = error.get("code") if isinstance(error, Mapping) else None
        raise faults.refused(served, code if isinstance(code, int) and 400 <= code < 600 else 500, json.dumps(answer))
    return answer


def order_key(served: ServedModel, path: str, body: bytes, files: Files | None = None) -> str:
    """Return what identifies an order: who is asked, and what; not where, for an address may be mended meanwhile."""
    found = hashlib.sha256(f"{served.full_name}\n{path}\n".encode())
    found.update(body)
    for name, (file, content, media_type) in parts_of(files):
        found.update(f"\n{name}\n{file}\n{media_type}\n{hashlib.sha256(content).hexdigest()}".encode())
    return found.hexdigest()


def check_limits(served: ServedModel, units: Mapping[str, float], files: Files | None = None) -> None:
    """See that a request is within what the provider takes.

    Raises:
        ArgumentError: It is too long or too large.
    """
    largest = max((len(content) for _, (_, content, _) in parts_of(files)), default=0)
    for name, has in {**units, "bytes": largest}.items():
        if has > (limit := served.limits.get(name, has)) and name != "output_tokens":
            raise ArgumentError(
                f"`{served.full_name}` takes at most {limit:g} {name.replace('_', ' ')} in a request, and this has "
                f"{has:g}. Give it less, or change `[providers.{served.endpoint.name}.limits]` of sensorium.toml."
            )


def units_of(answer: Mapping[str, Any], quoted: Mapping[str, float]) -> dict[str, float]:
    """Return what was used: as the answer counts it, and as quoted what it does not count."""
    return {**quoted, **dict(_counted(answer.get("usage"))), "calls": 1.0}


def _counted(usage: Any) -> Iterator[tuple[str, float]]:
    if not isinstance(usage, Mapping):
        return
    for name, unit in _COUNTS.items():
        count = counted(usage.get(name))
        if count or (count == 0 and unit == "output_tokens"):  # no request has nothing in it
            yield unit, count
    if usage.get("type") == "duration" and (seconds := counted(usage.get("seconds"))) is not None:
        yield "audio_minutes", seconds / 60  # OpenAI's count of a transcription


def charged(answer: Mapping[str, Any]) -> float | None:
    """Return the USD that the provider says it charged; OpenRouter does, in `usage.cost`."""
    usage = answer.get("usage")
    return counted(usage.get("cost")) if isinstance(usage, Mapping) else None


def _fallbacks(run: "Run", served: ServedModel) -> list[ServedModel]:
    endpoints = run.settings.endpoints
    asked = run.settings.fallbacks.get(served.role, ())
    # Others serve on this machine, or take jobs, and are asked by whoever asks this one.
    others = [served_model(one, served.role, endpoints) for one in asked if split_model(one)[0] in endpoints]
    return [
        one for one in others if one.full_name != served.full_name and not takes_jobs(one.endpoint, one.name, one.role)
    ]
