"""Music from MusicGen and its like on this machine, with the package `transformers`."""

import asyncio
import secrets
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..base.errors import ArgumentError, Cancelled, UnavailableError
from ..base.makers import Fitted, Made, Task, Value, ValueName, Wish
from ..base.settings import Settings
from ..base.sound import Sound, decode_sound
from ..base.wav import wav_bytes
from ..credentials.keeping import Making, keep
from ..local.device import NAMES, find_device, is_out_of_memory
from ..local.weights import Weights, chosen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.run import Run

MOST_SECONDS = 30.0
"""What MusicGen was trained on; later it loses the thread (its model card)."""
USUAL_SECONDS = 10.0
_UNTAKEN: tuple[ValueName, ...] = ("lyrics", "title", "style")
_PACKAGES = ("torch", "transformers")


def provider(settings: Settings) -> "MusicGen":
    return MusicGen(settings)


class MusicGen:
    """A model in a folder or from the hub; it stays loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._weights = Weights(
            settings, "play", "musicgen", chosen(settings, "play", "musicgen"), "config.json", _PACKAGES
        )
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any, str] | None = None
        """The model, what prepares its input, and the device."""

    @property
    def identity(self) -> str:
        return self._weights.identity

    def missing(self) -> str | None:
        return self._weights.missing()

    def tasks(self) -> frozenset[Task]:
        return frozenset({"music", "continue"})

    def fit(self, wish: Wish) -> Fitted:
        """Return a wish of a description and a length; see `Maker.fit`."""
        values: dict[ValueName, Value] = dict(wish.values)
        seconds = float(values.setdefault("seconds", USUAL_SECONDS))
        if not 0 < seconds <= MOST_SECONDS:
            raise ArgumentError(
                f"`{self.identity}` makes up to {MOST_SECONDS:g} s of music at once, and {seconds:g} s were asked for. "
                "Ask for less, and let it go on from the end with `sample`."
            )
        notes = [f"`{name}` was not passed on: the model takes none." for name in _UNTAKEN if values.pop(name, None)]
        if values.pop("instrumental", True) is False:
            notes.append("It has no voice: the model makes instrumental music only.")
        if beats := values.pop("beats_per_minute", None):
            values["prompt"] = f"{values.get('prompt', '')}, {beats:g} bpm"
        return Fitted(wish=replace(wish, values=values), notes=tuple(notes))

    async def make(self, wish: Wish, *, run: "Run") -> Made:
        """Play a wish; see `Maker.make`."""
        seed = int(wish.values["seed"]) if "seed" in wish.values else secrets.randbelow(2**31)
        sample = wish.files.get("sound", ())
        try:
            found = await run.thread(self._load, run)
            heard = await run.decode(_heard, sample[0], _rate(found[0]), run) if sample else None
            sound, rate = await run.thread(self._play, found, wish, heard, seed, run)
        except asyncio.CancelledError:
            run.call.stop.set()
            raise
        making = Making(kind="model", provider=self.identity, inputs=sample, task=wish.task)
        music = await keep(run, wav_bytes(sound, rate), name="music.wav", media_type="audio/wav", making=making)
        return Made(
            files=(music,),
            served_by=self.identity,
            seed=seed,
            notes=(f"Made on this machine: on {NAMES[found[2]]}.",),
        )

    def _load(self, run: "Run") -> tuple[Any, Any, str]:
        with self._lock:
            if self._loaded is None:
                folder = self._weights.fetched(run)
                run.progress(None, f"loading {self._weights.name}")
                from transformers import AutoProcessor, MusicgenForConditionalGeneration

                device = find_device(self._settings.local.device)
                try:
                    # A folder, never a name: a name would make the loader ask the hub.
                    model = MusicgenForConditionalGeneration.from_pretrained(
                        str(folder), use_safetensors=True, local_files_only=True
                    ).to(device)
                    processor = AutoProcessor.from_pretrained(str(folder), local_files_only=True)
                except Exception as error:
                    raise self._fault(error, device) from error
                self._loaded = (model.eval(), processor, device)
            return self._loaded

    def _play(
        self, found: tuple[Any, Any, str], wish: Wish, sample: Sound | None, seed: int, run: "Run"
    ) -> "tuple[NDArray[np.float32], int]":
        """Return samples of shape (count, channels), and how many a second."""
        import torch
        from transformers import StoppingCriteriaList

        model, processor, device = found
        seconds, rate = float(wish.values["seconds"]), _rate(model)
        each, guidance = model.config.audio_encoder.frame_rate, self._settings.local.guidance_scale
        given: dict[str, Any] = {"text": [str(wish.values.get("prompt", ""))], "padding": True, "return_tensors": "pt"}
        if sample is not None:
            given |= {"audio": sample.samples, "sampling_rate": rate}
        with self._lock, torch.random.fork_rng(devices=[]), torch.inference_mode():
            torch.manual_seed(seed)
            steps = max(1, round(seconds * each))
            try:
                made = model.generate(
                    **processor(**given).to(device),
                    **({} if guidance is None else {"guidance_scale": guidance}),
                    do_sample=True,  # without, it falls into one tone
                    max_new_tokens=steps + model.config.decoder.num_codebooks,
                    stopping_criteria=StoppingCriteriaList([_Watch(run, steps)]),
                )
            except Cancelled:
                raise
            except Exception as error:
                raise self._fault(error, device) from error
        sound: NDArray[np.float32] = made[0].float().cpu().numpy().T
        start = 0 if sample is None else len(sample.samples)
        return sound[: start + round(seconds * rate)], rate

    def _fault(self, error: Exception, device: str) -> Exception:
        if is_out_of_memory(error):
            self._loaded = None
            return UnavailableError(
                f"`{self._weights.name}` is too large for {NAMES[device]}. Ask for less music, set "
                "`SENSORIUM_DEVICE=cpu`, or choose a smaller model."
            )
        return UnavailableError(f"`{self._weights.name}` cannot do this: {str(error)[:500] or type(error).__name__}")


class _Watch:
    """Tells how far it is after each step, and stops when the call is."""

    def __init__(self, run: "Run", steps: int) -> None:
        self._run, self._steps, self._done = run, steps, 0

    def __call__(self, tokens: Any, scores: Any, **others: Any) -> Any:
        import torch

        self._done += 1
        self._run.progress(min(1.0, self._done / self._steps), "playing")
        return torch.zeros(tokens.shape[0], dtype=torch.bool, device=tokens.device)


def _heard(handle: str, rate: int, run: "Run") -> Sound:
    return decode_sound(run.path(handle), run.name(handle), run, rate=rate)


def _rate(model: Any) -> int:
    return int(model.config.audio_encoder.sampling_rate)
