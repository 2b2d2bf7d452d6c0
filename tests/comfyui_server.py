"""ComfyUI's API on loopback: workflows are checked as it does, and give real pictures and film."""

import asyncio
import hashlib
import io
import json
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from PIL import Image, ImageDraw
from sensorium_test_loopback import free_address, running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Fault = Literal["hold", "fails", "nothing", "forgets", "wrong type"]
CHECKPOINTS = ["dreamy_v2.safetensors"]
# Class -> the inputs that it must have.
NODES: dict[str, set[str]] = {
    "CheckpointLoaderSimple": {"ckpt_name"},
    "CLIPTextEncode": {"text", "clip"},
    "EmptyLatentImage": {"width", "height", "batch_size"},
    "KSampler": {
        "model", "positive", "negative", "latent_image", "seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"
    },
    "VAEDecode": {"samples", "vae"},
    "VAEEncode": {"pixels", "vae"},
    "LoadImage": {"image"},
    "LoadImageMask": {"image", "channel"},
    "LoadAudio": {"audio"},
    "SetLatentNoiseMask": {"samples", "mask"},
    "SaveImage": {"images", "filename_prefix"},
    "PreviewImage": {"images"},
    "SaveVideo": {"video", "filename_prefix"},
}  # fmt: skip
OUTPUT_NODES = {"SaveImage", "PreviewImage", "SaveVideo"}


@dataclass
class ComfyUIServer:
    """A running server: its address, its queue and its files."""

    url: str
    requests: list[tuple[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """What becomes of the next workflows that are put into the queue."""
    inputs: dict[str, bytes] = field(default_factory=dict)
    outputs: dict[str, bytes] = field(default_factory=dict)
    pending: list[list[Any]] = field(default_factory=list)
    running: list[list[Any]] = field(default_factory=list)
    history: dict[str, Any] = field(default_factory=dict)
    held: threading.Event = field(default_factory=threading.Event)
    """Set when a workflow is held in the queue and was looked for there."""
    stopped: threading.Event = field(default_factory=threading.Event)

    def asked(self, path: str) -> list[Any]:
        return [body for one, body in self.requests if one == path]

    @property
    def workflows(self) -> list[dict[str, Any]]:
        return [body["prompt"] for body in self.asked("/prompt")]

    def release(self) -> None:
        """Let what is held be made."""
        for entry in [*self.running, *self.pending]:
            self.history[entry[1]] = _made(self, entry[2], "")
        self.running.clear()
        self.pending.clear()


@contextmanager
def serving() -> Iterator[ComfyUIServer]:
    """Run a server in a thread until the end of the block."""
    listener, address = free_address()
    server = ComfyUIServer(url=address)
    routes = [
        Route("/prompt", _answering(server, _prompt), methods=["POST"]),
        Route("/history/{job}", _answering(server, _history), methods=["GET"]),
        Route("/queue", _answering(server, _queue), methods=["GET", "POST"]),
        Route("/interrupt", _answering(server, _interrupt), methods=["POST"]),
        Route("/view", _answering(server, _view), methods=["GET"]),
        Route("/upload/image", _answering(server, _upload), methods=["POST"]),
        Route("/system_stats", _answering(server, lambda *_: JSONResponse({"system": {}})), methods=["GET"]),
    ]
    with running(Starlette(routes=routes), listener):
        yield server


Answer = Callable[[ComfyUIServer, str, Any], Response]


def _answering(server: ComfyUIServer, answer: Answer) -> Callable[[Request], Any]:
    async def handle(request: Request) -> Response:
        body: Any = dict(request.query_params)
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                body = {
                    name: one if isinstance(one, str) else (one.filename, await one.read())
                    for name, one in form.items()
                }
        elif request.method == "POST":
            body = json.loads(await request.body() or b"{}")
        server.requests.append((request.url.path, body))
        return await asyncio.to_thread(answer, server, f"{request.method} {request.url.path}", body)

    return handle


def _prompt(server: ComfyUIServer, path: str, body: Any) -> Response:
    nodes = body["prompt"]
    if wrong := _wrong(nodes, server):
        error = {
            "type": "prompt_outputs_failed_validation",
            "message": "Prompt outputs failed validation",
            "details": "",
            "extra_info": {},
        }
        return JSONResponse({"error": error, "node_errors": wrong}, 400)
    job = str(uuid.uuid4())
    fault = server.faults.pop(0) if server.faults else None
    if fault == "hold":
        (server.running if not server.running else server.pending).append([len(server.requests), job, nodes, {}, []])
    elif fault != "forgets":
        server.history[job] = _made(server, nodes, fault or "")
    return JSONResponse({"prompt_id": job, "number": 1, "node_errors": {}})


def _wrong(nodes: dict[str, Any], server: ComfyUIServer) -> dict[str, Any]:
    """Return what is wrong, node by node, as ComfyUI says it."""
    found: dict[str, Any] = {}
    for number, node in nodes.items():
        kind, inputs = node["class_type"], node["inputs"]
        errors = [
            {"type": "required_input_missing", "message": "Required input is missing", "details": name}
            for name in sorted(NODES[kind] - set(inputs))
        ]
        if kind == "CheckpointLoaderSimple" and inputs["ckpt_name"] not in CHECKPOINTS:
            details = f"ckpt_name: '{inputs['ckpt_name']}' not in {CHECKPOINTS}"
            errors.append({"type": "value_not_in_list", "message": "Value not in list", "details": details})
        for name in ("image", "audio"):
            if kind.startswith("Load") and name in inputs and inputs[name] not in server.inputs:
                details = f"{name} - Invalid {name} file: {inputs[name]}"
                errors.append(
                    {"type": "custom_validation_failed", "message": "Custom validation failed", "details": details}
                )
        for name in ("seed", "width", "height", "batch_size"):
            if name in inputs and not isinstance(inputs[name], int):
                errors.append({"type": "invalid_input_type", "message": "Failed to convert an input", "details": name})
        if errors:
            found[number] = {"errors": errors, "dependent_outputs": [], "class_type": kind}
    return found


def _made(server: ComfyUIServer, nodes: dict[str, Any], fault: str) -> dict[str, Any]:
    """Return the history of a workflow that was worked on."""
    if fault == "fails":
        about = {
            "node_id": "3",
            "node_type": "KSampler",
            "exception_type": "OutOfMemoryError",
            "exception_message": "20 GiB",
        }
        return {
            "outputs": {},
            "status": {"status_str": "error", "completed": False, "messages": [["execution_error", about]]},
        }
    outputs = {}
    for number, node in nodes.items():
        if node["class_type"] in OUTPUT_NODES and fault != "nothing":
            outputs[number] = _files(server, nodes, node, fault)
    return {"outputs": outputs, "status": {"status_str": "success", "completed": True, "messages": []}}


def _files(server: ComfyUIServer, nodes: dict[str, Any], node: dict[str, Any], fault: str) -> dict[str, Any]:
    latent = next((one["inputs"] for one in nodes.values() if one["class_type"] == "EmptyLatentImage"), {})
    loaded = next((one["inputs"]["image"] for one in nodes.values() if one["class_type"] == "LoadImage"), None)
    size = (latent.get("width", 64), latent.get("height", 64))
    if loaded and not latent:
        size = Image.open(io.BytesIO(server.inputs[loaded])).size
    words = json.dumps(nodes, sort_keys=True)
    if node["class_type"] == "SaveVideo":
        return {"images": [_kept(server, "film.mp4", _film(size, words))], "animated": [True]}
    kind = "temp" if node["class_type"] == "PreviewImage" else "output"
    count = latent.get("batch_size", 1)
    contents = [b"<html>" if fault == "wrong type" else drawn(*size, f"{words} {at} {kind}") for at in range(count)]
    return {"images": [_kept(server, f"ComfyUI_{kind}_{at}.png", one, kind) for at, one in enumerate(contents)]}


def _kept(server: ComfyUIServer, name: str, content: bytes, kind: str = "output") -> dict[str, str]:
    name = f"{hashlib.sha256(content).hexdigest()[:6]} & {name}"
    server.outputs[f"{kind}/my pictures/{name}"] = content
    return {"filename": name, "subfolder": "my pictures", "type": kind}


def drawn(width: int, height: int, words: str) -> bytes:
    """Return a picture that is another one for other words."""
    seed = hashlib.sha256(words.encode()).digest()
    picture = Image.new("RGB", (width, height), (seed[0], seed[1], seed[2]))
    ImageDraw.Draw(picture).rectangle((width // 4, height // 4, width // 2, height // 2), fill=(255 - seed[0], 10, 200))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _film(size: tuple[int, int], words: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "film.mp4"
        with av.open(str(file), "w") as container:
            stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            seed = hashlib.sha256(words.encode()).digest()
            for number in range(10):
                pixels = np.full((size[1], size[0], 3), seed[0], np.uint8)
                pixels[:, number * 4 : number * 4 + 20] = 255 - seed[0]
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))
        return file.read_bytes()


def _history(server: ComfyUIServer, path: str, body: Any) -> Response:
    job = path.rpartition("/")[2]
    return JSONResponse({job: server.history[job]} if job in server.history else {})


def _queue(server: ComfyUIServer, path: str, body: Any) -> Response:
    if path.startswith("POST"):
        server.pending = [one for one in server.pending if one[1] not in body.get("delete", [])]
        server.stopped.set()
        return Response()
    if server.running:
        server.held.set()
    return JSONResponse({"queue_running": server.running, "queue_pending": server.pending})


def _interrupt(server: ComfyUIServer, path: str, body: Any) -> Response:
    server.running = [one for one in server.running if one[1] != body.get("prompt_id", one[1])]
    return Response()


def _view(server: ComfyUIServer, path: str, body: Any) -> Response:
    content = server.outputs.get(f"{body.get('type', 'output')}/{body.get('subfolder', '')}/{body['filename']}")
    return Response(status_code=404) if content is None else Response(content)


def _upload(server: ComfyUIServer, path: str, body: Any) -> Response:
    name, content = body["image"]
    if body.get("overwrite") != "true" or body.get("type") != "input":
        return Response(status_code=400)
    server.inputs[f"{body['subfolder']}/{name}"] = content
    return JSONResponse({"name": name, "subfolder": body["subfolder"], "type": "input"})
