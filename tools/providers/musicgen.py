"""Music from MusicGen and its like on this machine, with the package `transformers`."""

import asyncio
import secrets
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..base.errors import ArgumentError, Cancelled
from ..base.makers import Fitted, Made, Task, Value, ValueName, Wish
from ..base.settings import Settings
from ..base.sound import Sound, decode_sound
from ..base.wav import wav_bytes
from ..credentials.keeping import Making, keep
from ..local.device import NAMES
from ..local.transformer import Ready, Transformer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.run import Run

MOST_SECONDS = 30.0
"""What MusicGen was trained on; later it loses the thread (its model card)."""
USUAL_SECONDS = 10.0
_UNTAKEN: tuple[ValueName, ...] = ("lyrics", "title", "style")


def provider(settings: Settings) -> "MusicGen":
    return MusicGen(settings)


class MusicGen:
    """A model in a folder or from the hub; it stays loaded."""

    def __init__(self, settings: Settings) -> None:
        self._guidance = settings.local.guidance_scale
        self._transformer = Transformer(
            settings, "play", "musicgen", "MusicgenForConditionalGeneration", "Ask for less music"
        )
        self._lock = threading.Lock()

    @property
    def identity(self) -> str:
        return self._transformer.weights.identity

    def missing(self) -> str | None:
        return self._transformer.weights.missing()

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
            ready = await run.thread(self._transformer.ready, run)
            rate = _rate(ready.model)
            heard = await run.decode(_heard, sample[0], rate, run) if sample else None
            sound = await run.thread(self._play, ready, wish, heard, seed, run)
        except asyncio.CancelledError:
            run.call.stop.set()
            raise
        making = Making(kind="model", provider=self.identity, inputs=sample, task=wish.task)
        music = await keep(run, wav_bytes(sound, rate), name="music.wav", media_type="audio/wav", making=making)
        return Made(
            files=(music,),
            served_by=self.identity,
            seed=seed,
            notes=(f"Made on this machine: on {NAMES[ready.device]}.",),
        )

    def _play(self, ready: Ready, wish: Wish, sample: Sound | None, seed: int, run: "Run") -> "NDArray[np.float32]":
        """Return samples of shape (count, channels)."""
        import torch
        from transformers import StoppingCriteriaList

        model, seconds, rate = ready.model, float(wish.values["seconds"]), _rate(ready.model)
        given: dict[str, Any] = {"text": [str(wish.values.get("prompt", ""))], "padding": True, "return_tensors": "pt"}
        if sample is not None:
            given |= {"audio": sample.samples, "sampling_rate": rate}
        with self._lock, torch.random.fork_rng(devices=[]), torch.inference_mode():
            torch.manual_seed(seed)
            steps = max(1, round(seconds * model.config.audio_encoder.frame_rate))
            try:
                made = model.generate(
                    **ready.processor(**given).to(ready.device),
                    **({} if self._guidance is None else {"guidance_scale": self._guidance}),
                    do_sample=True,  # without, it falls into one tone
                    max_new_tokens=steps + model.config.decoder.num_codebooks,
                    stopping_criteria=StoppingCriteriaList([_Watch(run, steps)]),
                )
            except Cancelled:
                raise
            except Exception as error:
                raise self._transformer.fault(error, ready.device) from error
        sound: NDArray[np.float32] = made[0].float().cpu().numpy().T
        start = 0 if sample is None else len(sample.samples)
        return sound[: start + round(seconds * rate)]


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
