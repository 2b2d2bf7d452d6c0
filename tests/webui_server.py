"""Stable Diffusion WebUI's API on loopback: requests are checked, real pictures and progress come back."""

import asyncio
import base64
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from sensorium_test_loopback import free_address, running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Fault = Literal["out of memory", "wrong type", "hold", "grid", "nothing"]
HOLD_SECONDS = 30.0
"""How long an answer is held at most; a test that needs it has failed."""
COMMON = {
    "prompt", "negative_prompt", "styles", "seed", "subseed", "sampler_name", "scheduler", "batch_size", "n_iter",
    "steps", "cfg_scale", "width", "height", "override_settings", "override_settings_restore_afterwards", "save_images",
    "send_images", "denoising_strength", "force_task_id", "alwayson_scripts",
}  # fmt: skip
WITH_PICTURE = {
    "init_images", "resize_mode", "mask", "mask_blur", "inpainting_fill", "inpaint_full_res",
    "inpaint_full_res_padding", "inpainting_mask_invert", "include_init_images",
}  # fmt: skip
UPSCALING = {
    "image", "resize_mode", "upscaling_resize", "upscaling_resize_w", "upscaling_resize_h", "upscaling_crop",
    "upscaler_1", "upscaler_2", "extras_upscaler_2_visibility", "gfpgan_visibility", "codeformer_visibility",
}  # fmt: skip
MODELS = [
    {"title": "dreamy_v2.safetensors [abc123]", "model_name": "dreamy_v2", "hash": "abc123"},
    {"title": "photo.safetensors [def456]", "model_name": "photo", "hash": "def456"},
]
UPSCALERS = ["None", "Lanczos", "R-ESRGAN 4x+"]


@dataclass
class WebUIServer:
    """A running server: its address, what it was asked, and what goes wrong next."""

    url: str
    login: str = ""
    """`USER:PASSWORD`, where it wants one."""
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    looked: threading.Event = field(default_factory=threading.Event)
    """Set when the progress was asked for while a picture is held."""
    interrupted: threading.Event = field(default_factory=threading.Event)
    active: str = ""
    """The id of what is drawn."""

    def asked(self, path: str) -> list[dict[str, Any]]:
        return [body for one, body in self.requests if one == path]

    def picture(self, name: str) -> Image.Image:
        """Return a picture of the last request that had one."""
        bodies = [body for _, body in self.requests if name in body]
        value = bodies[-1][name]
        return Image.open(io.BytesIO(base64.b64decode(value[0] if isinstance(value, list) else value)))


def drawn(width: int, height: int, words: str, infotext: str) -> str:
    """Return a picture in base64 that holds how it was made, as WebUI writes it."""
    seed = hashlib.sha256(words.encode()).digest()
    picture = Image.new("RGB", (width, height), (seed[0], seed[1], seed[2]))
    ImageDraw.Draw(picture).rectangle((width // 4, height // 4, width // 2, height // 2), fill=(255 - seed[0], 10, 200))
    out, info = io.BytesIO(), PngInfo()
    info.add_text("parameters", infotext)
    picture.save(out, "PNG", pnginfo=info)
    return base64.b64encode(out.getvalue()).decode()


@contextmanager
def serving(login: str = "") -> Iterator[WebUIServer]:
    """Run a server in a thread until the end of the block."""
    listener, address = free_address()
    server = WebUIServer(url=address, login=login)
    routes = [
        Route("/sdapi/v1/txt2img", _answering(server, _draw), methods=["POST"]),
        Route("/sdapi/v1/img2img", _answering(server, _draw), methods=["POST"]),
        Route("/sdapi/v1/extra-single-image", _answering(server, _enlarge), methods=["POST"]),
        Route("/sdapi/v1/interrogate", _answering(server, _describe), methods=["POST"]),
        Route("/sdapi/v1/interrupt", _answering(server, _interrupt), methods=["POST"]),
        Route("/internal/progress", _answering(server, _state), methods=["POST"]),
        Route("/sdapi/v1/progress", _answering(server, _progress), methods=["GET"]),
        Route("/sdapi/v1/sd-models", _answering(server, lambda *_: JSONResponse(MODELS)), methods=["GET"]),
        Route("/sdapi/v1/upscalers", _answering(server, _upscalers), methods=["GET"]),
    ]
    with running(Starlette(routes=routes), listener):
        try:
            yield server
        finally:
            server.interrupted.set()


Answer = Callable[[WebUIServer, str, dict[str, Any]], Response]


def _answering(server: WebUIServer, answer: Answer) -> Callable[[Request], Any]:
    async def handle(request: Request) -> Response:
        wanted = "Basic " + base64.b64encode(server.login.encode()).decode()
        if server.login and request.headers.get("authorization") != wanted:
            return JSONResponse({"detail": "Incorrect username or password"}, 401)
        body = await request.json() if request.method == "POST" else dict(request.query_params)
        server.requests.append((request.url.path, body))
        return await asyncio.to_thread(answer, server, request.url.path, body)

    return handle


def _wrong(body: dict[str, Any], known: set[str]) -> Response | None:
    """Return FastAPI's answer to what does not fit."""
    kinds = {"width": int, "height": int, "seed": int, "n_iter": int, "prompt": str, "denoising_strength": float}
    for name, value in body.items():
        if name not in known:
            return JSONResponse({"detail": [{"loc": ["body", name], "msg": "extra fields not permitted"}]}, 422)
        if name in kinds and not isinstance(value, kinds[name]):
            return JSONResponse(
                {"detail": [{"loc": ["body", name], "msg": f"value is not a valid {kinds[name]}"}]}, 422
            )
    return None


def _draw(server: WebUIServer, path: str, body: dict[str, Any]) -> Response:
    is_changing = path.endswith("img2img")
    if wrong := _wrong(body, COMMON | (WITH_PICTURE if is_changing else set())):
        return wrong
    width, height = body.get("width", 512), body.get("height", 512)
    if width % 8 or height % 8:
        return JSONResponse({"error": "RuntimeError", "errors": "Sizes of tensors must match"}, 500)
    checkpoint = body.get("override_settings", {}).get("sd_model_checkpoint", MODELS[0]["title"])
    if is_changing:
        given = [Image.open(io.BytesIO(base64.b64decode(one))) for one in body["init_images"]]
        if "mask" in body and Image.open(io.BytesIO(base64.b64decode(body["mask"]))).size != given[0].size:
            return JSONResponse({"error": "ValueError", "errors": "images do not match"}, 500)
    fault = server.faults.pop(0) if server.faults else None
    if fault == "out of memory":
        told = {"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA out of memory. Tried 20 GiB."}
        return JSONResponse(told, 500)
    if fault == "hold":
        server.active = body.get("force_task_id", "")
        server.interrupted.wait(HOLD_SECONDS)
        server.active = ""
    seed = body.get("seed", -1)
    seeds = [(4711 if seed == -1 else seed) + number for number in range(body.get("n_iter", 1))]
    texts = [f"{body['prompt']}\nSteps: 20, Seed: {one}, Model: {checkpoint}" for one in seeds]
    images = [drawn(width, height, text, text) for text in texts]
    info = {"seed": seeds[0], "all_seeds": seeds, "infotexts": texts, "index_of_first_image": 0}
    if fault == "grid":
        images.insert(0, drawn(width * 2, height, "grid", "grid"))
        info["index_of_first_image"] = 1
    if fault == "wrong type":
        images = [base64.b64encode(b"<html>no</html>").decode()]
    if fault == "nothing":
        images = []
    return JSONResponse({"images": images, "parameters": {}, "info": json.dumps(info)})


def _enlarge(server: WebUIServer, path: str, body: dict[str, Any]) -> Response:
    if wrong := _wrong(body, UPSCALING):
        return wrong
    if body["upscaler_1"] not in UPSCALERS:
        return JSONResponse({"detail": "Invalid upscaler"}, 422)
    picture = Image.open(io.BytesIO(base64.b64decode(body["image"])))
    size = (round(picture.width * body["upscaling_resize"]), round(picture.height * body["upscaling_resize"]))
    out = io.BytesIO()
    picture.resize(size).save(out, "PNG")
    return JSONResponse({"html_info": "<p>done</p>", "image": base64.b64encode(out.getvalue()).decode()})


def _describe(server: WebUIServer, path: str, body: dict[str, Any]) -> Response:
    if wrong := _wrong(body, {"image", "model"}):
        return wrong
    return JSONResponse({"caption": "a grey gradient, minimalism"})


def _interrupt(server: WebUIServer, path: str, body: dict[str, Any]) -> Response:
    server.interrupted.set()
    return JSONResponse({})


def _state(server: WebUIServer, path: str, body: dict[str, Any]) -> Response:
    is_active = body.get("id_task") == server.active != ""
    return JSONResponse({"active": is_active, "queued": False, "completed": not is_active, "progress": 0.4})


def _progress(server: WebUIServer, path: str, body: dict[str, Any]) -> Response:
    if server.active:
        server.looked.set()
    state = {"job": "task", "job_count": 1, "job_no": 0, "sampling_step": 8, "sampling_steps": 20}
    return JSONResponse({"progress": 0.4, "eta_relative": 3.0, "state": state, "current_image": None, "textinfo": None})


def _upscalers(server: WebUIServer, path: str, body: dict[str, Any]) -> Response:
    return JSONResponse([{"name": one, "model_name": None, "scale": 4} for one in UPSCALERS])
