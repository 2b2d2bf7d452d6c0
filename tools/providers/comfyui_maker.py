"""Pictures and film of ComfyUI: `comfyui:NAME` is a workflow of the user's, see `comfyui_workflow.py`."""

import asyncio
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.budget import Order, Payment
from ..base.endpoints import split_model
from ..base.errors import ArgumentError, Cancelled, MediaError, SettingsError
from ..base.form_files import File
from ..base.makers import FileName, Fitted, Made, Maker, Task, Value, Wish
from ..base.paid import order_key
from ..base.price import quote_of
from ..base.settings import Settings
from ..base.sniff import sniff
from ..credentials.keeping import Making, keep
from .at_own_endpoint import AtOwnEndpoint
from .comfyui_queue import Lost, Queue
from .comfyui_wishes import MOST_SEED, fitted
from .comfyui_workflow import Workflow, read_workflow
from .given_pictures import Margins, given_margins, given_masked, given_picture, margins_of

if TYPE_CHECKING:
    from ..base.run import Run

MOST_BYTES = 100_000_000
"""Of a file that is given; ComfyUI's own limit unless `--max-upload-size` says another."""
_KINDS = {"draw": "image", "film": "video"}
_PICTURES: tuple[FileName, ...] = ("picture", "pictures", "last_frame", "face")


def maker(settings: Settings, model: str, role: str) -> Maker:
    return ComfyUI(settings, model, role)


class ComfyUI(AtOwnEndpoint):
    """A workflow behind ComfyUI's API."""

    free_path = "/system_stats"

    def __init__(self, settings: Settings, model: str, role: str) -> None:
        super().__init__(settings, model, role)
        self._read: Workflow | None = None

    @property
    def identity(self) -> str:
        try:
            return f"{self._model}#{self._workflow().version}"  # what it makes depends on the file, not on its name
        except SettingsError:
            return self._model

    def missing(self) -> str | None:
        if reason := super().missing():
            return reason
        try:
            has_task = bool(self._workflow().tasks(self.role))
        except SettingsError as error:
            return str(error)
        if has_task:
            return None
        takes = ", ".join(sorted(self._workflow().slots))
        return f"The workflow of `{self._model}` takes {takes}, which is nothing that `{self.role}` is asked for."

    def tasks(self) -> frozenset[Task]:
        return frozenset() if self.missing() else self._workflow().tasks(self.role)

    def fit(self, wish: Wish) -> Fitted:
        return fitted(wish, self._workflow(), self.role, self._model)

    def _workflow(self) -> Workflow:
        if self._read is None:
            self._read = read_workflow(self._settings.home, split_model(self._model)[1])
        return self._read

    async def make(self, wish: Wish, *, run: "Run") -> Made:
        """Make a wish that was fitted; a run that was killed goes on with what ComfyUI has in its queue.

        Raises:
            ArgumentError: A file does not fit.
            SettingsError: The server does not take the workflow; the message names the nodes.
            OverBudget, OutcomeUnknown, ProviderError: It could not be ordered.
            MediaError: The workflow failed, or gave nothing.
        """
        workflow, served = self._workflow(), self._served()
        files = await self._given(wish, run)
        count = int(wish.values.get("count", 1))
        times = 1 if "count" in workflow.slots else count
        seed = int(wish.values.get("seed", _seed(run.id, wish)))
        made = Made(files=(), served_by=served.full_name, seed=seed if "seed" in workflow.slots else None)
        for number in range(times):
            values: dict[str, Sequence[Value]] = {name: [value] * 99 for name, value in wish.values.items()}
            values = {name: several for name, several in values.items() if name in workflow.slots}
            if "seed" in workflow.slots:
                values["seed"] = [(seed + number) % (MOST_SEED + 1)] * 99
            for name, several in files.items():
                values[name] = [_input_name(one) for one in several]
            answer = await self._ordered(wish, workflow.filled(values), files, run)
            run.admit(answer["files"])
            made = replace(made, files=(*made.files, *(run.artifact(one) for one in answer["files"])))
        return made

    async def _given(self, wish: Wish, run: "Run") -> dict[str, list[File]]:
        """Return the files that go in, checked and made ready."""
        files: dict[str, list[File]] = {}
        for name in _PICTURES:
            given = [await given_picture(one, MOST_BYTES, run) for one in wish.files.get(name, ())]
            if given:
                files[name] = [one.file for one in given]
        picture, mask = wish.files.get("picture", ()), wish.files.get("mask", ())
        if wish.task == "outpaint":
            margins: Margins = margins_of(wish)
            wide = await given_margins(picture[0], margins, None, MOST_BYTES, run)
            files |= {"picture": [wide.picture.file], "mask": [wide.see_through.file]}
        elif mask:
            masked = await given_masked(picture[0], mask[0], MOST_BYTES, run)
            # White in its colours and open in its transparency: both ways of loading a mask read it so.
            files |= {"picture": [masked.picture.file], "mask": [masked.see_through.file]}
        for name in ("video", "sound"):
            for handle in wish.files.get(name, ()):
                files.setdefault(name, []).append(await run.thread(_whole, run, handle))
        return files

    async def _ordered(
        self, wish: Wish, nodes: dict[str, Any], files: Mapping[str, list[File]], run: "Run"
    ) -> dict[str, Any]:
        served = self._served()
        unit = "pictures" if self.role == "draw" else "video_seconds"
        amount = float(wish.values.get("count", 1) if self.role == "draw" else wish.values.get("seconds", 5))
        quote = quote_of(served, {"calls": 1.0, unit: amount})
        key = order_key(served, "/prompt", json.dumps(nodes, sort_keys=True).encode())
        order = Order(served=served, key=key, quote=quote, call=run.call.id, is_job=True)
        async with run.budget.paying(order) as payment:
            run.pay(payment)
            run.used(self.identity)
            if payment.outcome is None:
                payment.settle(outcome=await self._worked(wish, nodes, files, payment, run))
        made: dict[str, Any] = payment.outcome
        return made

    async def _worked(
        self, wish: Wish, nodes: dict[str, Any], files: Mapping[str, list[File]], payment: Payment, run: "Run"
    ) -> dict[str, Any]:
        queue = Queue(served=self._served(), workflow=self._workflow(), run=run)
        try:
            outputs = await self._outputs(queue, nodes, files, payment)
            return {"files": await self._kept(queue, outputs, wish, run)}
        except (Cancelled, asyncio.CancelledError):
            if payment.job:
                await asyncio.shield(queue.stop(payment.job))
                payment.give_back()
            raise
        except MediaError:
            payment.give_back()  # asked again, it is put into the queue again
            raise

    async def _outputs(
        self, queue: Queue, nodes: dict[str, Any], files: Mapping[str, list[File]], payment: Payment
    ) -> Mapping[str, Any]:
        """Return what the workflow has put out, of the prompt that was left where there is one."""
        if payment.job:
            try:
                return await queue.wait(payment.job)
            except Lost:
                pass  # it was restarted meanwhile: what it had is gone, and cost nothing
        for name, several in files.items():
            for slot, file in zip(self._workflow().slots[name], several, strict=False):
                nodes[slot.node]["inputs"][slot.input] = await queue.upload((_file_name(file), *file[1:]))
        payment.began(await queue.put(nodes))
        try:
            return await queue.wait(payment.job)
        except Lost:
            raise MediaError(
                f"`{self._served().endpoint.name}` forgot what it was making: was it restarted? Ask again."
            ) from None

    async def _kept(self, queue: Queue, outputs: Mapping[str, Any], wish: Wish, run: "Run") -> list[str]:
        inputs = tuple(handle for several in wish.files.values() for handle in several)
        making = Making(kind="model", provider=self._served().full_name, inputs=inputs, task=wish.task)
        found: list[tuple[str, Path]] = []
        kept = []
        with run.workspace.scratch() as folder:
            async for path in queue.files(outputs, folder):
                found.append((await run.thread(_media_type, path), path))
            wanted = [one for one in found if one[0].startswith(_KINDS.get(self.role, ""))]
            # A moving picture is film, too, where a workflow saves no other.
            for number, (media_type, path) in enumerate(wanted or found, 1):
                name = f"{_KINDS.get(self.role, 'made')}-{number}.{media_type.rpartition('/')[2]}"
                kept.append(await keep(run, path, name=name, media_type=media_type, making=making))
        if not kept:
            raise MediaError(
                f"The workflow of `{self._model}` ended without a file. Give it a node that saves one, titled `result`."
            )
        return [one.handle for one in kept]


def _seed(run_id: str, wish: Wish) -> int:
    """Return a seed of this run's own: the same twice would be answered with nothing, for nothing is new in it."""
    written = json.dumps([run_id, wish.task, dict(wish.values), dict(wish.files)], sort_keys=True)
    return int.from_bytes(hashlib.sha256(written.encode()).digest()[:4], "big")


def _input_name(file: File) -> str:
    """Return what a file is called there, as far as it is known before it is there."""
    return f"sensorium/{_file_name(file)}"


def _file_name(file: File) -> str:
    """Return a name by content: the same file is there once, and nothing is said of the user's."""
    return f"{hashlib.sha256(file[1]).hexdigest()[:32]}.{file[0].rpartition('.')[2]}"


def _whole(run: "Run", handle: str) -> File:
    artifact = run.artifact(handle)
    if artifact.bytes > MOST_BYTES:
        raise ArgumentError(f"{artifact.name!r} has {artifact.bytes:,} bytes; ComfyUI takes at most {MOST_BYTES:,}.")
    ending = artifact.media_type.rpartition("/")[2].removeprefix("x-")
    return f"file.{ending}", run.path(handle).read_bytes(), artifact.media_type


def _media_type(path: Path) -> str:
    with path.open("rb") as file:
        return sniff(io.BytesIO(file.read(4096))).media_type
