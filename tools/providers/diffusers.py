"""Pictures and videos from diffusion models on this machine, with the package `diffusers`."""

import asyncio
import math
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import ArgumentError, Cancelled, UnavailableError
from ..base.makers import Fitted, Made, Task, Value, ValueName, Wish
from ..base.picture_files import open_picture
from ..base.settings import Settings
from ..credentials.keeping import Making, keep
from ..film.encoders import PictureTrack
from ..film.writer import Writer
from ..local.device import NAMES, find_device, is_out_of_memory, number_type
from ..local.faults import fault_of
from ..local.rules import Device
from ..local.weights import Weights, chosen
from ..making.sizes import read_aspect

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..base.run import Run

MULTIPLE_PIXELS = 16
"""Sides are whole multiples of this: what the encoders of today's models divide by."""
LEAST_PIXELS, MOST_PIXELS = 32, 4096
"""Of a side."""
MOST_PICTURES = 8
"""In one call: they are in memory together."""
MOST_SECONDS = 60.0
USUAL_SECONDS = 3.0
USUAL_FRAMES_PER_SECOND = 16
USUAL_SIDE_PIXELS = 1024
USUAL_STRENGTH = {"edit": 0.6, "vary": 0.5, "inpaint": 1.0, "outpaint": 1.0}
_TASKS: Mapping[str, frozenset[Task]] = {
    "draw": frozenset({"image", "edit", "inpaint", "outpaint", "vary"}),
    "film": frozenset({"video", "animate"}),
}
_UNTAKEN: tuple[ValueName, ...] = ("style", "quality", "with_sound", "resolution")
_EDGES: tuple[ValueName, ...] = ("left_pixels", "right_pixels", "top_pixels", "bottom_pixels")
_PACKAGES = ("torch", "diffusers", "transformers")


def provider(settings: Settings, role: str) -> "Diffusers":
    return Diffusers(settings, role)


class Diffusers:
    """A pipeline in a folder or from the hub; it stays loaded."""

    def __init__(self, settings: Settings, role: str) -> None:
        self._settings = settings
        self._role = role
        self._weights = Weights(
            settings, role, "diffusers", chosen(settings, role, "diffusers"), "model_index.json", _PACKAGES
        )
        self._lock = threading.Lock()
        self._loaded: dict[str, Any] = {}
        """Kind of pipeline -> the pipeline; all of them share one set of weights."""

    @property
    def identity(self) -> str:
        return self._weights.identity

    def missing(self) -> str | None:
        return self._weights.missing()

    def tasks(self) -> frozenset[Task]:
        return _TASKS[self._role]

    def fit(self, wish: Wish) -> Fitted:
        """Return a wish with sides that the model's encoder can divide; see `Maker.fit`."""
        values: dict[ValueName, Value] = dict(wish.values)
        notes = [f"`{name}` was not passed on: the model takes none." for name in _UNTAKEN if values.pop(name, None)]
        if (count := int(values.get("count", 1))) > MOST_PICTURES:
            raise ArgumentError(f"At most {MOST_PICTURES} pictures are made at once here, and {count} were asked for.")
        seconds = float(values.get("seconds", USUAL_SECONDS))
        if self._role == "film" and not 0 < seconds <= MOST_SECONDS:
            raise ArgumentError(
                f"A model on this machine makes up to {MOST_SECONDS:g} s at once, and {seconds:g} s were asked for. "
                "Make several clips and join them with `edit_media`."
            )
        if wish.files.get("pictures") or wish.files.get("last_frame"):
            raise ArgumentError("Models on this machine take one picture: no references, and no last frame.")
        if not wish.files.get("picture"):
            values |= self._sides(values, notes)
        elif "aspect" in values:
            notes.append("`aspect` was not passed on: the sides come from the picture that was given, or the model.")
        values.pop("aspect", None)
        return Fitted(wish=replace(wish, values=values), notes=tuple(notes))

    async def make(self, wish: Wish, *, run: "Run") -> Made:
        """Draw or film a wish; see `Maker.make`."""
        given: dict[str, Image] = {
            name: await run.decode(open_picture, run.path(handles[0]), run.name(handles[0]))
            for name, handles in wish.files.items()
        }
        seed = int(wish.values["seed"]) if "seed" in wish.values else secrets.randbelow(2**31)
        try:
            frames, device = await run.thread(self._make, wish, given, seed, run)
        except asyncio.CancelledError:
            run.call.stop.set()
            raise
        inputs = tuple(one for handles in wish.files.values() for one in handles)
        making = Making(kind="model", provider=self.identity, inputs=inputs, task=wish.task)
        if self._role == "film":
            rate = float(wish.values.get("frames_per_second", USUAL_FRAMES_PER_SECOND))
            with run.workspace.scratch() as folder:
                await run.thread(_write_film, folder / "video.mp4", frames, rate)
                files = [await keep(run, folder / "video.mp4", name="video.mp4", media_type="video/mp4", making=making)]
        else:
            files = [
                await keep(run, _png(one), name=f"picture-{number}.png", media_type="image/png", making=making)
                for number, one in enumerate(frames, 1)
            ]
        return Made(
            files=tuple(files),
            served_by=self.identity,
            seed=seed,
            notes=(f"Made on this machine: on {NAMES[device]}.", *self._resized(wish, given)),
        )

    def _sides(self, values: Mapping[ValueName, Value], notes: list[str]) -> dict[ValueName, Value]:
        """Return the sides of what is made; nothing where none was asked for, so that the model takes its own."""
        width, height = values.get("width_pixels"), values.get("height_pixels")
        aspect = str(values.get("aspect", ""))
        if not width and not height and not aspect:
            return {}
        ratio = read_aspect(aspect or "1:1")
        if width or height:
            asked = (float(width or float(height or 0) * ratio), float(height or float(width or 0) / ratio))
        else:
            side = self._native_pixels()
            asked = (side * math.sqrt(ratio), side / math.sqrt(ratio))
        if not all(LEAST_PIXELS <= one <= MOST_PIXELS for one in asked):
            raise ArgumentError(
                f"A picture of {asked[0]:.0f}×{asked[1]:.0f} pixels was asked for; sides are from {LEAST_PIXELS} to "
                f"{MOST_PIXELS} pixels here."
            )
        fitted = fitted_sides(*asked)
        if width or height:
            notes += size_notes(*asked)
        return {"width_pixels": fitted[0], "height_pixels": fitted[1]}

    def _resized(self, wish: Wish, given: Mapping[str, "Image"]) -> list[str]:
        """Return what is to be said where a picture that was given, and may grow, has sides that no model divides."""
        if self._role == "film" or "picture" not in given:
            return []
        return size_notes(*_grown(given["picture"].size, wish.values))

    def _native_pixels(self) -> int:
        """Return the side of what the model was trained on, as its configuration tells."""
        for part in ("unet", "transformer"):
            size = self._weights.config(part).get("sample_size")
            blocks = self._weights.config("vae").get("block_out_channels")
            if isinstance(size, int) and isinstance(blocks, list) and 0 < size <= MOST_PIXELS:
                return max(2 * LEAST_PIXELS, min(MOST_PIXELS, size << min(6, len(blocks) - 1)))
        return USUAL_SIDE_PIXELS

    def _make(self, wish: Wish, given: Mapping[str, "Image"], seed: int, run: "Run") -> tuple[list["Image"], Device]:
        """Return the pictures, or the frames, and the device they were made on."""
        import torch

        with self._lock:
            device = find_device(self._settings.local.device)
            arguments, pipeline = self._ordered(wish, given, device, run)
            takes = signature(pipeline.__call__).parameters
            local = self._settings.local
            arguments |= {
                "num_inference_steps": local.steps,
                "guidance_scale": local.guidance_scale,
                "generator": torch.Generator("cpu").manual_seed(seed),
                "callback_on_step_end": _watch(run, local.steps),
            }
            if unknown := [one for one in given if one not in ("picture", "mask")]:
                raise ArgumentError(f"`{self.identity}` takes no `{unknown[0]}`.")
            try:
                made = pipeline(**{name: one for name, one in arguments.items() if one is not None and name in takes})
            except Cancelled:
                raise
            except Exception as error:
                raise self._fault(error, device) from error
        if any(getattr(made, "nsfw_content_detected", None) or ()):
            raise ArgumentError(
                f"The safety checker of `{self.identity}` refused what came out. Ask for something else."
            )
        return (list(made.frames[0]) if self._role == "film" else list(made.images)), device

    def _ordered(
        self, wish: Wish, given: Mapping[str, "Image"], device: Device, run: "Run"
    ) -> tuple[dict[str, Any], Any]:
        """Return the arguments of a pipeline, and the pipeline for the task."""
        values = wish.values
        arguments: dict[str, Any] = {
            "prompt": str(values.get("prompt", "")),
            "negative_prompt": values.get("negative_prompt"),
            "width": values.get("width_pixels"),
            "height": values.get("height_pixels"),
        }
        if self._role == "film":
            pipeline = self._pipeline("DiffusionPipeline", device, run)
            rate = float(values.get("frames_per_second", USUAL_FRAMES_PER_SECOND))
            each = int(getattr(pipeline, "vae_scale_factor_temporal", 1) or 1)
            frames = max(1, round(float(values.get("seconds", USUAL_SECONDS)) * rate))
            arguments |= {"num_frames": round((frames - 1) / each) * each + 1, "output_type": "pil"}
            if "picture" in given:
                if "image" not in signature(pipeline.__call__).parameters:
                    raise ArgumentError(f"`{self.identity}` makes videos of words only: it takes no first frame.")
                arguments["image"] = given["picture"]
            return arguments, pipeline
        arguments["num_images_per_prompt"] = int(values.get("count", 1))
        if wish.task == "image":
            return arguments, self._pipeline("AutoPipelineForText2Image", device, run)
        picture, mask = given["picture"], given.get("mask")
        if wish.task == "outpaint":
            picture, mask = _padded(picture, values)
        if mask is not None and mask.size != picture.size:
            raise ArgumentError(
                f"The mask has {_sizes(mask)} pixels and the picture {_sizes(picture)}: make them equal."
            )
        width, height = fitted_sides(*picture.size)
        arguments |= {
            "image": picture.resize((width, height)),
            "mask_image": None if mask is None else mask.convert("L").resize((width, height)),
            "width": width,
            "height": height,
            "strength": float(values.get("strength", USUAL_STRENGTH[wish.task])),
        }
        kind = "AutoPipelineForImage2Image" if mask is None else "AutoPipelineForInpainting"
        return arguments, self._pipeline(kind, device, run)

    def _pipeline(self, kind: str, device: Device, run: "Run") -> Any:
        """Return a pipeline of a kind; the first is loaded, and others share its weights."""
        if kind in self._loaded:
            return self._loaded[kind]
        folder = self._weights.fetched(run)
        run.progress(None, f"loading {self._weights.name}")
        import diffusers

        diffusers.utils.logging.disable_progress_bar()
        try:
            made = getattr(diffusers, kind)
            if self._loaded:
                pipeline = made.from_pipe(next(iter(self._loaded.values())))
            else:
                pipeline = _loaded(made, folder, device)
                if device == "cpu" and hasattr(pipeline, "enable_attention_slicing"):
                    pipeline.enable_attention_slicing()
        except Exception as error:
            raise self._fault(error, device) from error
        pipeline.set_progress_bar_config(disable=True)
        self._loaded[kind] = pipeline
        return pipeline

    def _fault(self, error: Exception, device: Device) -> UnavailableError:
        if is_out_of_memory(error):
            self._loaded.clear()
        return fault_of(error, self._weights.name, device, "Ask for a smaller picture or a shorter video")


def _loaded(made: Any, folder: Path, device: Device) -> Any:
    # A folder, never a name: a name would make the loader ask the hub; and no weights that are programs.
    safe: dict[str, Any] = {"use_safetensors": True, "local_files_only": True}
    return made.from_pretrained(str(folder), torch_dtype=number_type(device), **safe).to(device)


def _watch(run: "Run", steps: int | None) -> Callable[..., dict[str, Any]]:
    def watch(pipeline: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        whole = steps or int(getattr(pipeline, "num_timesteps", 0) or 0)
        run.progress((step + 1) / whole if whole else None, "drawing")
        return tensors

    return watch


def _write_film(file: Path, frames: Sequence["Image"], frames_per_second: float) -> None:
    import numpy as np

    width, height = (one // 2 * 2 for one in frames[0].size)
    rate = Fraction(frames_per_second).limit_denominator(1001)
    track = PictureTrack(width_pixels=width, height_pixels=height, frames_per_second=rate)
    with Writer(file, "mp4", picture=track) as film:
        for number, frame in enumerate(frames):
            film.show(np.asarray(frame.convert("RGB"))[:height, :width], float(number / rate))


def _padded(picture: "Image", values: Mapping[ValueName, Value]) -> tuple["Image", "Image"]:
    """Return a picture on a larger canvas, and the mask that is white where it was not."""
    from PIL import Image

    left, top = int(values.get("left_pixels", 0)), int(values.get("top_pixels", 0))
    size = _grown(picture.size, values)
    canvas, mask = Image.new("RGB", size, (127, 127, 127)), Image.new("L", size, 255)
    canvas.paste(picture, (left, top))
    mask.paste(0, (left, top, left + picture.width, top + picture.height))
    return canvas, mask


def _grown(size: tuple[int, int], values: Mapping[ValueName, Value]) -> tuple[int, int]:
    """Return the size of a picture with what is to be drawn on beyond its edges, if anything is."""
    left, right, top, bottom = (int(values.get(name, 0)) for name in _EDGES)
    return size[0] + left + right, size[1] + top + bottom


def fitted_sides(width: float, height: float) -> tuple[int, int]:
    """Return the sides nearest to these that a model can make."""
    fitted = [max(1, round(one / MULTIPLE_PIXELS)) * MULTIPLE_PIXELS for one in (width, height)]
    return fitted[0], fitted[1]


def size_notes(width: float, height: float) -> list[str]:
    """Return what is to be said of sides that are asked for and not made as they are."""
    fitted = fitted_sides(width, height)
    if fitted == (width, height):
        return []
    made = f"{fitted[0]}×{fitted[1]} pixels were made of the {width:.0f}×{height:.0f} that were asked for"
    return [f"{made}: sides are multiples of {MULTIPLE_PIXELS} here."]


def _png(picture: "Image") -> bytes:
    import io

    file = io.BytesIO()
    picture.convert("RGB").save(file, "PNG")
    return file.getvalue()


def _sizes(picture: "Image") -> str:
    return f"{picture.width}×{picture.height}"
