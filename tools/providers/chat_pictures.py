"""Pictures out of a chat: models that answer with pictures, as OpenRouter serves Gemini's."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..base.endpoints import ServedModel
from ..base.form_files import File
from .openai_pictures import MOST_FILES, OpenAIPictures, Part, data_url
from .picture_results import result_bytes

if TYPE_CHECKING:
    from ..base.run import Run

_REFUSALS = re.compile(r"content_filter|safety|prohibited|blocklist|recitation|spii", re.I)
"""Why an answer ended, as OpenAI and Gemini call it."""
# Some gateways put the picture into the text.
_IN_TEXT = re.compile(r"!\[[^\]]{0,200}\]\((data:image/[\w.+-]+;base64,[A-Za-z0-9+/=]+)\)")


class ChatPictures(OpenAIPictures):
    """A model that answers with pictures."""

    def _request(self, part: Part) -> tuple[str, dict[str, Any], list[tuple[str, File]]]:
        values = part.wish.values
        content: list[dict[str, Any]] = [{"type": "text", "text": values["prompt"]}]
        content += [{"type": "image_url", "image_url": {"url": data_url(one)}} for one in part.ready.pictures]
        shape = {"aspect_ratio": values.get("aspect"), "image_size": values.get("resolution")}
        shape = {name: value for name, value in shape.items() if value}
        body = {
            "model": self._served().name,
            "messages": [{"role": "user", "content": content}],
            "modalities": ["image", "text"],
            **({"image_config": shape} if shape else {}),
        }
        return "/chat/completions", body, []

    async def _results(
        self, served: ServedModel, answer: Mapping[str, Any], run: "Run"
    ) -> tuple[list[bytes], list[str], str]:
        choices = answer.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
        message = choice.get("message")
        message = message if isinstance(message, Mapping) else {}
        addresses = [address for one in _listed(message.get("images")) if (address := _address(one))]
        said = message.get("content")
        parts = said if isinstance(said, list) else [{"type": "text", "text": said or ""}]
        texts = []
        for one in parts:
            text = str(one.get("text") or "") if isinstance(one, Mapping) else ""
            addresses += _IN_TEXT.findall(text)
            if text := _IN_TEXT.sub("", text).strip():
                texts.append(text)
            if isinstance(one, Mapping) and (address := _address(one)):
                addresses.append(address)
        ended = [str(choice.get(name) or "") for name in ("finish_reason", "native_finish_reason")]
        refusals = [one for one in (str(message.get("refusal") or ""), *ended) if one and _is_refusal(one, message)]
        contents = [await result_bytes(served, one, run) for one in list(dict.fromkeys(addresses))[:MOST_FILES]]
        return contents, texts, "" if contents else "; ".join(dict.fromkeys(refusals))


def _is_refusal(said: str, message: Mapping[str, Any]) -> bool:
    return said == message.get("refusal") or bool(_REFUSALS.search(said))


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _address(part: Mapping[str, Any]) -> str:
    """Return the address of a part that is a picture; empty for another."""
    shown = part.get("image_url")
    address = shown.get("url") if isinstance(shown, Mapping) else shown
    return address if isinstance(address, str) else ""
