"""Pictures of a Stable Diffusion WebUI on this machine or another: drawn, changed, drawn on, enlarged, described.

`webui:NAME` is a checkpoint as the server lists it: its title, model name or hash. `webui:default` is the loaded one.
It has to be started with `--api`. Forge and other servers with the same API (`/sdapi/v1`) serve as well.
"""

import asyncio
import hashlib
import json
from base64 import b64encode
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..base import faults
from ..base.endpoints import ServedModel
from ..base.errors import ArgumentError, ProviderError, SensoriumError, SettingsError
from ..base.makers import Fitted, Made, Maker, Task, Wish
from ..base.paid import Keeper, request_files
from ..base.posting import get, post, read_whole
from ..base.price import quote_of
from ..base.settings import Settings
from .at_own_endpoint import AtOwnEndpoint
from .given_pictures import Given, cut_to, given_margins, given_masked, given_picture, margins_of
from .picture_results import decoded, stored_picture
from .picture_wishes import given_handles
from .webui_answers import facts_of, info_of, pictures_in, progress_of, seed_of
from .webui_wishes import MOST_SIDE, NEEDS, even, fitted

if TYPE_CHECKING:
    from ..base.run import Run

LOADED = "default"
"""Name of whichever checkpoint the server has loaded."""
MOST_BYTES = 50_000_000
"""Of a picture that is given: the server opens it in memory."""
MOST_LIST = 8 * 2**20
"""Of an answer without pictures."""
MOST_LETTERS = 100_000
"""Of a description."""
LOOK_SECONDS = 1.0
"""How often the progress is asked for."""
# What is usual where nothing is said of strength: WebUI's own for changing, less for variations, more for new margins.
_STRENGTHS = {"edit": 0.75, "vary": 0.6, "inpaint": 0.75, "outpaint": 0.85}
_UPSCALERS = ("R-ESRGAN 4x+", "ESRGAN_4x", "SwinIR_4x", "Lanczos")
"""The best known that a server has enlarges."""


def maker(settings: Settings, model: str, role: str) -> Maker:
    return WebUI(settings, model, role)


class WebUI(AtOwnEndpoint):
    """Stable Diffusion behind the API of WebUI."""

    free_path = "/sdapi/v1/sd-models"

    def tasks(self) -> frozenset[Task]:
        return frozenset({"image", *NEEDS}) if self.role == "draw" else frozenset()

    def fit(self, wish: Wish) -> Fitted:
        if wish.task not in self.tasks():
            raise ArgumentError(f"`{self._model}` does not {wish.task!r}; it can: {', '.join(sorted(self.tasks()))}.")
        return fitted(wish, self._model)

    async def make(self, wish: Wish, *, run: "Run") -> Made:
        """Make a wish that was fitted; the server is interrupted when the call is stopped.

        Raises:
            ArgumentError: A file does not fit.
            OverBudget, OutcomeUnknown, ProviderError, SettingsError: It could not be ordered.
            MediaError: A file is no picture.
        """
        served = self._served()
        path, body, whole = await self._request(wish, run)
        # Its own id, so that what somebody else draws there is never interrupted.
        task = hashlib.sha256(f"{run.id} {json.dumps(body, sort_keys=True)}".encode()).hexdigest()[:32]
        body |= {"force_task_id": task} if "n_iter" in body else {}
        salt = json.dumps([wish.task, wish.values.get("seed")])
        inputs = (*given_handles(wish), *wish.files.get("mask", ()))
        asked = request_files(
            run,
            served,
            path,
            body,
            quote=quote_of(served, {"calls": 1.0, "pictures": float(wish.values.get("count", 1))}),
            keep=self._keeper(wish, whole, inputs, run),
            salt=salt,
            most_bytes=2 * MOST_BYTES * int(wish.values.get("count", 1)),
        )
        answer = await self._watched(asked, task, run)
        run.admit(answer["files"])
        files = tuple(run.artifact(one) for one in answer["files"])
        made = Made(files=files, served_by=served.full_name, texts=tuple(answer["texts"]))
        return replace(made, seed=answer["seed"], notes=tuple(answer["notes"]))

    async def _request(self, wish: Wish, run: "Run") -> tuple[str, dict[str, Any], tuple[int, int] | None]:
        """Return path and body of a request, and the size that the result is cut to."""
        values, handles = wish.values, given_handles(wish)
        if wish.task == "describe":
            picture = await given_picture(handles[0], MOST_BYTES, run)
            return "/sdapi/v1/interrogate", {"image": _b64(picture), "model": "clip"}, None
        if wish.task == "upscale":
            picture = await given_picture(handles[0], MOST_BYTES, run)
            upscaler = await self._upscaler(run)
            scale = float(values.get("scale", 2.0))
            enlarging = {"image": _b64(picture), "resize_mode": 0, "upscaling_resize": scale, "upscaler_1": upscaler}
            return "/sdapi/v1/extra-single-image", enlarging, None
        body: dict[str, Any] = {
            "prompt": values.get("prompt", ""),
            "negative_prompt": values.get("negative_prompt", ""),
            "seed": int(values.get("seed", -1)),
            "n_iter": int(values.get("count", 1)),
            "save_images": False,
            **self._served().endpoint.quirks.body,
        }
        if checkpoint := await self._checkpoint(run):
            body["override_settings"] = {**body.get("override_settings", {}), "sd_model_checkpoint": checkpoint}
        if "width_pixels" in values:
            body |= {"width": values["width_pixels"], "height": values["height_pixels"]}
        if wish.task == "image":
            return "/sdapi/v1/txt2img", body, None
        whole = await self._with_picture(wish, body, run)
        return "/sdapi/v1/img2img", body, whole

    async def _with_picture(self, wish: Wish, body: dict[str, Any], run: "Run") -> tuple[int, int] | None:
        """Add the picture that is given, and its mask; return the size that the result is cut to."""
        handle = given_handles(wish)[0]
        body["denoising_strength"] = float(wish.values.get("strength", _STRENGTHS[wish.task]))
        picture, mask, whole = await given_picture(handle, MOST_BYTES, run), None, None
        size = (picture.width_pixels, picture.height_pixels)
        if wish.task == "inpaint":
            mask = (await given_masked(handle, wish.files["mask"][0], MOST_BYTES, run)).white
        elif wish.task == "outpaint":
            margins = margins_of(wish)
            whole = (size[0] + margins.left + margins.right, size[1] + margins.top + margins.bottom)
            size = even(whole)
            wide = await given_margins(handle, margins, size, MOST_BYTES, run)
            picture, mask = wide.picture, wide.white
        body["init_images"] = [_b64(picture)]
        if mask is not None:
            # Filled with what was there, over the whole picture: so that it fits what is around it.
            body |= {"mask": _b64(mask), "inpainting_mask_invert": 0, "inpainting_fill": 1, "inpaint_full_res": False}
        if "width" not in body:
            body["width"], body["height"] = even(size)
            # It comes back as large as it was, unless it is larger than anything that is drawn here.
            whole = whole or (size if max(size) <= MOST_SIDE else None)
        return whole

    async def _checkpoint(self, run: "Run") -> str:
        """Return the title of the checkpoint, for a name that is not known is passed over by some servers.

        Raises:
            SettingsError: The server has no such one.
        """
        served = self._served()
        if served.name == LOADED:
            return ""
        listed = [one for one in await self._listed("/sdapi/v1/sd-models", run) if isinstance(one.get("title"), str)]
        for one in listed:
            if served.name in (one["title"], one.get("model_name"), one.get("hash"), one["title"].partition(" [")[0]):
                return str(one["title"])
        has = ", ".join(str(one.get("model_name") or one["title"]) for one in listed[:20])
        has = faults.shown(served, has) or "none"
        raise SettingsError(
            f"`{served.endpoint.name}` has no checkpoint {served.name!r}. It has: {has}. Set `{served.setting}`; "
            f"`{served.endpoint.name}:{LOADED}` is the one that is loaded."
        )

    async def _upscaler(self, run: "Run") -> str:
        listed = await self._listed("/sdapi/v1/upscalers", run)
        has = [str(one.get("name")) for one in listed if str(one.get("name")) != "None"]
        return next((one for one in _UPSCALERS if one in has), has[0] if has else "Lanczos")

    async def _listed(self, path: str, run: "Run") -> list[Mapping[str, Any]]:
        found = await self._read(path, run)
        return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []

    async def _read(self, path: str, run: "Run") -> Any:
        async with get(self._served(), path, egress=run.egress) as response:
            content = await read_whole(self._served(), response, MOST_LIST)
        with suppress(ValueError, RecursionError):
            return json.loads(content)
        return None

    def _keeper(self, wish: Wish, whole: tuple[int, int] | None, inputs: tuple[str, ...], run: "Run") -> Keeper:
        served, count = self._served(), int(wish.values.get("count", 1))
        is_framed = wish.task == "outpaint"

        async def keep(answer: dict[str, Any]) -> dict[str, Any]:
            info = info_of(answer)
            contents = [decoded(served, one) for one in pictures_in(answer, info, count)]
            files = []
            for number, content in enumerate(contents, 1):
                cut = await cut_to(content, whole, run, is_framed=is_framed) if whole else content
                file = await stored_picture(
                    cut,
                    f"picture-{number}",
                    served,
                    inputs=inputs,
                    task=wish.task,
                    run=run,
                    facts=facts_of(info, number),
                )
                files.append(file.handle)
            caption = answer.get("caption")
            texts = [caption.strip()[:MOST_LETTERS]] if isinstance(caption, str) and caption.strip() else []
            if not files and not texts:
                raise ProviderError(f"`{served.full_name}` answered with nothing. Look at what it prints.")
            return {"files": files, "texts": texts, "seed": seed_of(info), "notes": []}

        return keep

    async def _watched(self, asked: Awaitable[dict[str, Any]], task: str, run: "Run") -> dict[str, Any]:
        """Wait for an answer, telling how far it is; the server is interrupted when nobody waits any more."""
        asking = asyncio.ensure_future(asked)
        try:
            while not (await asyncio.wait({asking}, timeout=LOOK_SECONDS))[0]:
                run.check()
                with suppress(ProviderError, SettingsError):
                    fraction, note = progress_of(await self._read("/sdapi/v1/progress?skip_current_image=true", run))
                    run.progress(fraction, note)
            return asking.result()
        except BaseException:
            if not asking.done():
                asking.cancel()
                await asyncio.shield(_interrupt(self._served(), task, run))
            raise


async def _interrupt(served: ServedModel, task: str, run: "Run") -> None:
    with suppress(SensoriumError, ValueError, RecursionError):
        about = {"id_task": task, "live_preview": False}
        async with post(served, "/internal/progress", about, egress=run.egress) as response:
            answer = json.loads(await read_whole(served, response, MOST_LIST))
            if isinstance(answer, Mapping) and answer.get("active") is False:
                return
    with suppress(SensoriumError):
        async with post(served, "/sdapi/v1/interrupt", {}, egress=run.egress):
            pass


def _b64(picture: Given) -> str:
    return b64encode(picture.content).decode("ascii")
