"""ComfyUI's queue: put in, looked after, taken out, and fetched from."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..base import faults
from ..base.endpoints import ServedModel
from ..base.errors import MediaError, ProviderError, SensoriumError, SettingsError
from ..base.form_files import File
from ..base.posting import get, post, read_whole
from .comfyui_workflow import Workflow

if TYPE_CHECKING:
    from ..base.run import Run

FIRST_SECONDS, LONGEST_SECONDS = 0.5, 3.0
"""Pauses between two looks."""
MOST_ANSWER = 4 * 2**20
"""Of what is no file; to read so much JSON of the worst kind takes 1 to 2 s."""
MOST_FILES = 64
_MOST_SHOWN = 600
_JOB = re.compile(r"[\w-]{1,200}", re.ASCII)
_FOLDER = "sensorium"
_ABSENT_LOOKS = 3
"""So often in a row a prompt is neither waiting nor done before it counts as lost: it moves between two lists."""


class Lost(Exception):
    """The server knows nothing of a prompt: it was restarted, or its history was cleared."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The queue of one server."""

    served: ServedModel
    workflow: Workflow
    run: "Run"

    async def upload(self, file: File) -> str:
        """Put a file into the server's folder of inputs, and return what nodes call it."""
        fields = {"overwrite": "true", "type": "input", "subfolder": _FOLDER}
        content = b""
        async with post(
            self.served, "/upload/image", fields, files={"image": file}, egress=self.run.egress
        ) as response:
            content = await read_whole(self.served, response, MOST_ANSWER)
        answer = _plain(content)
        folder, name = answer.get("subfolder"), answer.get("name")
        if not isinstance(name, str) or not name:
            raise faults.not_a_chat(self.served, content[:_MOST_SHOWN].decode(errors="replace"))
        return f"{folder}/{name}" if folder else name

    async def put(self, nodes: Mapping[str, Any]) -> str:
        """Put a workflow into the queue, and return its id.

        Raises:
            SettingsError: The server does not take it: nodes, models or values that it does not have.
            ProviderError: It cannot be asked.
        """
        try:
            async with post(self.served, "/prompt", {"prompt": nodes}, egress=self.run.egress) as response:
                content = await read_whole(self.served, response, MOST_ANSWER)
        except ProviderError as error:
            if (wrong := _wrong(error.answer, self.workflow)) is None:
                raise
            raise SettingsError(
                f"`{self.served.endpoint.name}` does not take the workflow {self.workflow.name!r}: "
                f"{faults.shown(self.served, wrong)[:_MOST_SHOWN]}. Change it there, and export it again."
            ) from error
        job = _plain(content).get("prompt_id")
        if not isinstance(job, str) or not _JOB.fullmatch(job):
            raise faults.not_a_chat(self.served, content[:_MOST_SHOWN].decode(errors="replace"))
        return job

    async def wait(self, job: str) -> Mapping[str, Any]:
        """Return what a prompt has put out, when it is done.

        Raises:
            Lost: Nothing is known of it.
            MediaError: It failed.
        """
        pause, absent = FIRST_SECONDS, 0
        while True:
            self.run.check()
            history = _plain(await self._read(f"/history/{job}")).get(job)
            if isinstance(history, Mapping) and _is_over(history):
                return self._outputs(history)
            where = _place(_plain(await self._read("/queue")), job)
            absent = absent + 1 if where is None and history is None else 0
            if absent >= _ABSENT_LOOKS:
                raise Lost
            if where is not None:
                self.run.progress(None, f"waiting, {where} before it" if where else "making")
            await asyncio.sleep(pause)
            pause = min(LONGEST_SECONDS, pause * 1.3)

    async def stop(self, job: str) -> None:
        """Take a prompt out of the queue, or end it; what others put in goes on."""
        with suppress(SensoriumError):
            place = _place(_plain(await self._read("/queue")), job)
            if place is not None:
                await self._say("/queue", {"delete": [job]})
            if place == 0:
                # Newer servers end that one only; older ones what runs, which this is.
                await self._say("/interrupt", {"prompt_id": job})

    async def files(self, outputs: Mapping[str, Any], folder: Path) -> AsyncIterator[Path]:
        """Yield the files of an answer, each fetched into a folder."""
        listed = list(_listed(outputs, self.workflow.results))
        if len(listed) > MOST_FILES:
            raise MediaError(
                f"The workflow {self.workflow.name!r} gives {len(listed)} files, and at most {MOST_FILES} are taken. "
                "Title the node `result` whose files are wanted, or save fewer."
            )
        for number, (name, under, kind) in enumerate(listed):
            query = urlencode({"filename": name, "subfolder": under, "type": kind})
            path = folder / f"{number}"
            await self._save(f"/view?{query}", path)
            yield path

    def _outputs(self, history: Mapping[str, Any]) -> Mapping[str, Any]:
        status = history.get("status")
        status = status if isinstance(status, Mapping) else {}
        if status.get("status_str") == "error":
            raise MediaError(
                f"The workflow {self.workflow.name!r} failed: {self._failure(status)}. Look at it in ComfyUI."
            )
        outputs = history.get("outputs")
        return outputs if isinstance(outputs, Mapping) else {}

    def _failure(self, status: Mapping[str, Any]) -> str:
        messages = status.get("messages")
        for message in messages if isinstance(messages, list) else []:
            if isinstance(message, list) and len(message) == 2 and isinstance(message[1], Mapping):
                kind, about = message
                if kind == "execution_error":
                    at = self.workflow.title(str(about.get("node_id", "")))
                    said = f"{about.get('exception_type', '')}: {about.get('exception_message', '')}"
                    return faults.shown(self.served, f"{at}: {said}").rstrip(".")
                if kind == "execution_interrupted":
                    return "it was interrupted"
        return "it does not say why"

    async def _read(self, path: str) -> bytes:
        async with get(
            self.served, path, egress=None if self.served.endpoint.is_local else self.run.egress
        ) as response:
            return await read_whole(self.served, response, MOST_ANSWER)

    async def _say(self, path: str, body: Mapping[str, Any]) -> None:
        async with post(self.served, path, body, egress=self.run.egress):
            pass

    async def _save(self, path: str, to: Path) -> None:
        most = self.run.settings.fetch.max_bytes
        size = 0
        async with get(self.served, path, egress=self.run.egress) as response:
            with to.open("wb") as file:
                async for part in response.aiter_bytes():
                    size += len(part)
                    if size > most:
                        raise MediaError(f"What the workflow made has more than {most:,} bytes. Make it shorter.")
                    file.write(part)


def _plain(content: bytes) -> Mapping[str, Any]:
    with suppress(ValueError, RecursionError):
        found = json.loads(content)
        return found if isinstance(found, Mapping) else {}
    return {}


def _is_over(history: Mapping[str, Any]) -> bool:
    """Tell whether a prompt has ended; servers from before 2024 say no status, and have it here only then."""
    status = history.get("status")
    if not isinstance(status, Mapping):
        return True
    return bool(status.get("completed")) or status.get("status_str") in ("success", "error")


def _place(queue: Mapping[str, Any], job: str) -> int | None:
    """Return how many prompts are before one; 0 for the one that runs, None where it is not there."""
    running, pending = queue.get("queue_running"), queue.get("queue_pending")
    if any(_is_of(one, job) for one in (running if isinstance(running, list) else [])):
        return 0
    waiting = [one for one in (pending if isinstance(pending, list) else []) if isinstance(one, list) and len(one) > 1]
    mine = next((one for one in waiting if _is_of(one, job)), None)
    if mine is None:
        return None
    return 1 + sum(_number(one) < _number(mine) for one in waiting)


def _is_of(entry: Any, job: str) -> bool:
    return isinstance(entry, list) and len(entry) > 1 and entry[1] == job


def _number(entry: list[Any]) -> float:
    return float(entry[0]) if isinstance(entry[0], int | float) else 0.0


def _listed(outputs: Mapping[str, Any], wanted: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield name, folder and type of each file: of the nodes that are wanted, and saved ones before previews."""
    found: list[tuple[str, str, str]] = []
    for node, kinds in outputs.items():
        if (wanted and node not in wanted) or not isinstance(kinds, Mapping):
            continue
        for files in kinds.values():  # images, gifs, video, audio …
            for one in files if isinstance(files, list) else []:
                if isinstance(one, Mapping) and isinstance(one.get("filename"), str):
                    found.append((one["filename"], str(one.get("subfolder") or ""), str(one.get("type") or "output")))
    saved = [one for one in found if one[2] == "output"]
    yield from dict.fromkeys(saved or found)


def _wrong(answer: str, workflow: Workflow) -> str | None:
    """Return what a server says is wrong with a workflow, node by node; None where it says something else."""
    plain = _plain(answer.encode())
    nodes, error = plain.get("node_errors"), plain.get("error")
    if not isinstance(nodes, Mapping) and not isinstance(error, Mapping):
        return None
    told = []
    for node, about in nodes.items() if isinstance(nodes, Mapping) else ():
        errors = about.get("errors") if isinstance(about, Mapping) else None
        for one in errors if isinstance(errors, list) else []:
            if isinstance(one, Mapping):
                told.append(f"{workflow.title(str(node))}: {one.get('message')}, {one.get('details')}")
    if not told and isinstance(error, Mapping):
        told.append(f"{error.get('message')} {error.get('details') or ''}".strip())
    return "; ".join(told) or "it does not say why"
