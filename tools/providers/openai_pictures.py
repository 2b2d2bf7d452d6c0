"""Pictures of a model behind an OpenAI-compatible endpoint: made anew, changed, drawn on, blended."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from ..base.draws import Draws
from ..base.endpoints import ServedModel
from ..base.errors import ArgumentError, MediaError, ProviderError
from ..base.form_files import File
from ..base.makers import Fitted, Made, Task, Wish
from ..base.paid import Keeper, request_files
from ..base.price import Quote, quote_of
from ..base.tokens import text_tokens
from .at_own_endpoint import AtOwnEndpoint
from .given_pictures import Given, cut_to, given_margins, given_masked, given_pictures, margins_of
from .picture_results import MOST_BYTES, decoded, result_bytes, stored_picture
from .picture_sizes import Target, nearest_pixels
from .picture_wishes import fitted, given_handles

if TYPE_CHECKING:
    from ..base.run import Run

_GIVEN_TOKENS = 1600
"""About what a picture that is given counts as; the answer says how much it was."""
_REFUSED_SHOWN = 300
MOST_FILES, MOST_LETTERS = 16, 20_000
"""Of an answer; no request asks for more."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What goes into a request beside words."""

    pictures: tuple[Given, ...] = ()
    mask: Given | None = None
    size: str = ""
    """Of the request, where the pictures decide it."""
    whole: tuple[int, int] | None = None
    """The size that the result is cut to."""
    inputs: tuple[str, ...] = ()
    """Handles."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one request is for."""

    wish: Wish
    ready: Ready
    number: int
    """Of the request, from 0."""
    count: int
    """Pictures of it."""


class OpenAIPictures(AtOwnEndpoint):
    """A model that draws, behind `/images` or `/chat/completions`."""

    def tasks(self) -> frozenset[Task]:
        return frozenset(cast("Task", one) for one in self._draws().tasks)

    def fit(self, wish: Wish) -> Fitted:
        return fitted(wish, self._draws(), self._model)

    async def make(self, wish: Wish, *, run: "Run") -> Made:
        """Make a wish that was fitted, in as many requests as it takes.

        Raises:
            ArgumentError: A file does not fit, or the provider refuses it for its policy.
            OverBudget, OutcomeUnknown, ProviderError, SettingsError: It could not be ordered.
            MediaError: A file is no picture, or what came holds none.
        """
        draws = self._draws()
        ready = await _ready(wish, draws, run)
        count, made = int(wish.values.get("count", 1)), Made(files=(), served_by=self._served().full_name)
        for number in range(-(-count // draws.count)):
            run.progress(len(made.files) / count, "drawing")
            part = Part(wish=wish, ready=ready, number=number, count=min(draws.count, count - number * draws.count))
            answer = await self._ask(part, run)
            run.admit(answer["files"])
            files = tuple(run.artifact(one) for one in answer["files"])
            made = replace(made, files=(*made.files, *files), texts=(*made.texts, *answer["texts"]))
        return made

    def _draws(self) -> Draws:
        return self._served().ability.draws or Draws()

    async def _ask(self, part: Part, run: "Run") -> dict[str, Any]:
        served, draws = self._served(), self._draws()
        path, body, files = self._request(part)
        try:
            answer = await request_files(
                run,
                served,
                path,
                {**body, **draws.body, **served.endpoint.quirks.body},
                quote=_quote(served, part),
                files=files or None,
                keep=self._keeper(part, run),
                # With another seed another picture is meant, also where the model is told of none.
                salt=f"{part.wish.values.get('seed', '')} {part.number}",
                most_bytes=part.count * MOST_BYTES,
            )
        except ProviderError as error:
            if error.is_policy:
                raise ArgumentError(f"{error}. Nothing was made. Ask for something else, or in other words.") from error
            raise
        if not answer["files"]:
            raise _nothing(served, answer)
        return answer

    def _request(self, part: Part) -> tuple[str, dict[str, Any], list[tuple[str, File]]]:
        """Return path, body and files of a request."""
        draws, ready, values = self._draws(), part.ready, part.wish.values
        body: dict[str, Any] = {"model": self._served().name, "prompt": values["prompt"]}
        if size := ready.size or values.get("size"):
            body["size"] = size
        body |= {"n": part.count} if part.count > 1 else {}
        body |= {"quality": values["quality"]} if "quality" in values else {}
        body |= {"seed": int(values["seed"])} if draws.seed and "seed" in values else {}
        body |= {"response_format": draws.format} if draws.format else {}
        if not ready.pictures:
            return "/images/generations", body, []
        if draws.given == "json":
            addresses = [data_url(one) for one in ready.pictures]
            return "/images/generations", {**body, "image": addresses if len(addresses) > 1 else addresses[0]}, []
        name = "image[]" if len(ready.pictures) > 1 else "image"
        files = [(name, one.file) for one in ready.pictures]
        return "/images/edits", body, [*files, *([("mask", ready.mask.file)] if ready.mask else [])]

    def _keeper(self, part: Part, run: "Run") -> Keeper:
        served, ready, before = self._served(), part.ready, part.number * self._draws().count

        async def keep(answer: dict[str, Any]) -> dict[str, Any]:
            contents, texts, refusal = await self._results(served, answer, run)
            contents, texts = contents[:MOST_FILES], [one[:MOST_LETTERS] for one in texts[:MOST_FILES]]
            files = []
            for number, content in enumerate(contents, before + 1):
                cut = await cut_to(content, ready.whole, run) if ready.whole else content
                file = await stored_picture(
                    cut, f"picture-{number}", served, inputs=ready.inputs, task=part.wish.task, run=run
                )
                files.append(file.handle)
            return {"files": files, "texts": texts, "refusal": refusal}

        return keep

    async def _results(
        self, served: ServedModel, answer: Mapping[str, Any], run: "Run"
    ) -> tuple[list[bytes], list[str], str]:
        """Return the pictures of an answer, the words beside them, and why there are none."""
        data = answer.get("data")
        contents: list[bytes] = []
        texts: list[str] = []
        refusals: list[str] = []
        for one in data[:MOST_FILES] if isinstance(data, list) else []:
            if not isinstance(one, Mapping):
                continue
            if isinstance(one.get("b64_json"), str) and one["b64_json"]:
                contents.append(decoded(served, one["b64_json"]))
            elif isinstance(one.get("url"), str) and one["url"]:
                contents.append(await result_bytes(served, one["url"], run))
            elif isinstance(error := one.get("error"), Mapping):  # Ark's: of one picture of a series
                refusals.append(f"{error.get('code', '')} {error.get('message', '')}".strip())
            if isinstance(text := one.get("revised_prompt"), str) and text:
                texts.append(text)
        return contents, texts, "; ".join(refusals)


async def _ready(wish: Wish, draws: Draws, run: "Run") -> Ready:
    """Return the pictures as they are sent; all that can be wrong with them is found here, before anything is paid."""
    handles = given_handles(wish)
    if wish.task == "inpaint":
        masked = await given_masked(handles[0], wish.files["mask"][0], draws.bytes, run)
        others = await given_pictures(handles[1:], draws.bytes, run)
        pictures = (masked.picture, *others)
        return Ready(pictures=pictures, mask=masked.see_through, inputs=(*handles, *wish.files["mask"]))
    if wish.task == "outpaint":
        margins = margins_of(wish)
        picture = (await given_pictures(handles[:1], draws.bytes, run))[0]
        whole = (
            picture.width_pixels + margins.left + margins.right,
            picture.height_pixels + margins.top + margins.bottom,
        )
        frame = nearest_pixels(Target(ratio=whole[0] / whole[1], pixels=float(whole[0] * whole[1]), exact=whole), draws)
        masked = await given_margins(handles[0], margins, frame, draws.bytes, run)
        size = f"{frame[0]}x{frame[1]}"
        return Ready(pictures=(masked.picture,), mask=masked.see_through, size=size, whole=whole, inputs=handles[:1])
    return Ready(pictures=tuple(await given_pictures(handles, draws.bytes, run)), inputs=handles)


def _quote(served: ServedModel, part: Part) -> Quote:
    ready, tokens = part.ready, (served.ability.draws or Draws()).tokens
    taken = text_tokens(str(part.wish.values["prompt"])) + _GIVEN_TOKENS * (len(ready.pictures) + bool(ready.mask))
    units = {"calls": 1.0, "pictures": float(part.count), "input_tokens": 2.0 * taken}
    units |= {"output_tokens": float(tokens * part.count)} if tokens else {}
    return quote_of(served, units, likely={**units, "input_tokens": float(taken)})


def _nothing(served: ServedModel, answer: Mapping[str, Any]) -> ArgumentError | MediaError:
    """Return the error of an answer without a picture."""
    said = served.endpoint.hide(" ".join(" ".join(answer["texts"]).split()))[:_REFUSED_SHOWN]
    told = f" It said: {said!r}." if said else ""
    if answer["refusal"]:
        why = served.endpoint.hide(answer["refusal"])[:_REFUSED_SHOWN]
        return ArgumentError(
            f"`{served.full_name}` refused it ({why}), and nothing was made.{told} Ask for something else, or in other "
            "words."
        )
    return MediaError(
        f"`{served.full_name}` answered without a picture.{told} Ask more plainly for a picture, or set another "
        f"`{served.setting}`."
    )


def data_url(picture: Given) -> str:
    return f"data:{picture.media_type};base64,{b64encode(picture.content).decode('ascii')}"
