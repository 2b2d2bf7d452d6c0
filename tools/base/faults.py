"""What went wrong at an endpoint, in one line that names the setting to change."""

import json
import re
from collections.abc import Mapping
from typing import Any

from .endpoints import ServedModel
from .errors import ProviderError, SensoriumError, SettingsError

MAX_SHOWN = 300
"""Letters of a server's own words that are shown."""
MOST_READ = 20_000
"""Letters of an answer that are looked through: of one without end, it would take hours."""
_NO_MODEL = re.compile(
    r"model_not_found|(?:invalid|unknown|no such|not a valid) model|"
    r"model\b[^.]{0,120}(?:not exist|does ?n.t exist|not found|not available|no access)",
    re.I,
)
# Not "quota" alone: Google says it of a limit that passes within a minute.
_NO_CREDIT = re.compile(r"insufficient[_ ](?:quota|balance|credit|fund)|余额不足|欠费", re.I)
# Some answer a wrong key with 400, Google among them.
_NO_KEY = re.compile(r"API_KEY_INVALID|(?:invalid|incorrect) api[ _]key|api[ _]key (?:not valid|is invalid)", re.I)
# OpenAI, Ark, DashScope, Gemini, Kling and what passes their words on.
_POLICY = re.compile(
    r"moderation_blocked|content[_ ]?(?:policy|filter)|safety[_ ]system|sensitive[_ ]?(?:content|word)|"
    r"data_?inspection|prohibited_content|image_safety|risk[_ ]control|违规|敏感|"
    r"(?:prompt|image|content)[^.]{0,60}(?:unsafe|violat)",
    re.I,
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.I | re.S)
_WIRES = {
    "openai": "OpenAI-compatible endpoint",
    "jobs": "API as its file describes it",
    "webui": "Stable Diffusion WebUI that was started with `--api`",
    "comfyui": "ComfyUI",
}
_SURE = "nothing was sent twice."
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def refused(model: ServedModel, status: int, text: str) -> SensoriumError:
    """Return the error of an answer with a status of 400 or more.

    Args:
        model: Who was asked.
        status: HTTP status.
        text: The answer's body, or what a stream said went wrong.
    """
    endpoint, name = model.endpoint, model.endpoint.name
    said, seen = words(model, text), text[:MOST_READ]
    told = f": {said}" if said else ""
    is_key = status == 401 or (status == 400 and bool(_NO_KEY.search(seen)))
    if is_key and not endpoint.key:
        return SettingsError(
            f"`{name}` asks for a key ({status}). Name the variable that holds it as `key` in `[providers.{name}]` of "
            "sensorium.toml."
        )
    if is_key:
        # What it says is not shown: some servers repeat the key, or most of it.
        return SettingsError(f"`{name}` refused the key in `{endpoint.key}` ({status}). Set `{endpoint.key}` anew.")
    if status in (400, 403, 422, 451) and _POLICY.search(seen):
        return ProviderError(f"`{name}` refused it for its policy ({status}){told}", is_policy=True, answer=text)
    if status == 402 or (status == 429 and is_out_of_credit(seen)):
        return ProviderError(f"`{name}` has no credit left for this key ({status}){told}")
    if (status in (404, 405) and not said) or (is_page(text) and status < 429):
        return _no_endpoint(model, f"answered {status}{_title(model, text)}")
    if status == 403:
        return SettingsError(
            f"`{name}` does not let this key use {model.name!r} ({status}){told}. "
            f"Set `{endpoint.key or model.setting}`, or another `{model.setting}`."
        )
    if status in (400, 404, 422) and model.endpoint.wire != "comfyui" and _NO_MODEL.search(seen):
        return SettingsError(f"`{name}` has no model {model.name!r} ({status}){told}. Set `{model.setting}`.")
    if status in (404, 405):
        return _no_endpoint(model, f"answered {status}{told}")
    if status == 429:
        return ProviderError(f"`{name}` takes no more requests for now (429){told}. Try again later.")
    if status >= 500:
        return ProviderError(f"`{name}` failed ({status}){told}. Try again later; {_SURE}", may_be_paid=True)
    return ProviderError(f"`{name}` refused the request ({status}){told}", answer=text)


def moved(model: ServedModel, status: int, to: str) -> SettingsError:
    """Return the error of an answer that points elsewhere: whoever sits there must not get the key unasked."""
    return _no_endpoint(model, f"answered {status} and points to {shown(model, to)!r}")


def not_a_chat(model: ServedModel, text: str) -> SensoriumError:
    """Return the error of an answer with status 200 that holds no chat completion."""
    if is_page(text):
        what = f"answered with a web page{_title(model, text)}"
    elif text.strip():
        what = f"answered with something else: {shown(model, text)!r}"
    else:
        what = "answered with nothing"
    return _no_endpoint(model, what)


def unreachable(model: ServedModel, reason: str) -> ProviderError:
    """Return the error of an endpoint to which no connection could be made."""
    note = f" {model.endpoint.note}" if model.endpoint.note else ""
    return ProviderError(
        f"`{model.endpoint.name}` cannot be reached at {model.endpoint.base_url}: {_line(reason)}. "
        f"Is it running, and is the address right?{note} To change it, set {model.endpoint.address_setting}.",
        is_outage=True,
    )


def broken_off(model: ServedModel, reason: str) -> ProviderError:
    """Return the error of an answer that did not come to its end; it may have been paid for."""
    return ProviderError(
        f"`{model.endpoint.name}` broke off its answer: {_line(reason)}. Nothing of it was used; {_SURE} "
        f"Try again; if that does not help, set {model.endpoint.address_setting}.",
        may_be_paid=True,
    )


def silent(model: ServedModel) -> ProviderError:
    """Return the error of an endpoint that said nothing for too long."""
    seconds = model.endpoint.timeout_seconds
    return ProviderError(
        f"`{model.endpoint.name}` said nothing for {seconds:g} s; {_SURE} Try again, or raise `timeout_seconds` in "
        f"`[providers.{model.endpoint.name}]` of sensorium.toml.",
        may_be_paid=True,
    )


def words(model: ServedModel, text: str) -> str:
    """Return what a server says went wrong, in one line without the key; empty for a page or when it says nothing."""
    if is_page(text):
        return ""
    try:
        said = _message(json.loads(text))
    except (ValueError, RecursionError):
        said = text
    return shown(model, said).rstrip(".")


def is_out_of_credit(text: str) -> bool:
    """Tell whether a refusal is about money, so that waiting does not help; `insufficient_quota` is OpenAI's code."""
    return bool(_NO_CREDIT.search(text))


def names_no_model(text: str) -> bool:
    """Tell whether a refusal says that there is no such model."""
    return bool(_NO_MODEL.search(text))


def is_page(text: str) -> bool:
    """Tell whether text is a web page."""
    return text.lstrip("\ufeff \t\r\n")[:1] == "<"


def _message(plain: Any) -> str:
    """Return the message in the shapes servers use: `error`, `error.message`, `detail`, `message`, a list of these."""
    if isinstance(plain, list):
        return _message(plain[0]) if plain else ""
    if not isinstance(plain, Mapping):
        return "" if plain is None else str(plain)
    # WebUI's: the class of its error is in `error`, and what it says here.
    if isinstance(plain.get("errors"), str) and plain["errors"]:
        return str(plain["errors"])
    for name in ("error", "message", "detail", "msg"):
        if plain.get(name):
            return _message(plain[name])
    return ""


def _no_endpoint(model: ServedModel, what: str) -> SettingsError:
    return SettingsError(
        f"{model.endpoint.base_url} {what}, so it is no {_WIRES[model.endpoint.wire]}, or a proxy stands before it. "
        f"Set {model.endpoint.address_setting}."
    )


def _title(model: ServedModel, text: str) -> str:
    found = _TITLE.search(text[:20_000])
    return f" ({_line(model.endpoint.hide(found[1]))[:80]!r})" if found else ""


def shown(model: ServedModel, text: str) -> str:
    """Return what a server says, on one short line and without the key."""
    line = _line(model.endpoint.hide(text))
    return line if len(line) <= MAX_SHOWN else f"{line[:MAX_SHOWN]}…"


def _line(text: str) -> str:
    """Return text on one line and without control characters, which could steer a terminal."""
    return " ".join(_UNSEEN.sub(" ", text).split())
