"""OpenAI's images, pictures in chats, videos and embeddings on loopback: requests are checked, real files come back."""

import asyncio
import base64
import hashlib
import io
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from PIL import Image, ImageDraw
from sensorium_test_loopback import free_address, running
from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Fault = Literal[
    "policy", "filtered", "wrong type", "not base64", "cut", "busy", "failed", "nothing", "by address", "expired"
]
"""`filtered`: refused in an answer with 200; `by address`: no fault, the result lies at an address."""
IMAGE_FIELDS = {
    "model", "prompt", "n", "size", "quality", "background", "output_format", "output_compression", "moderation",
    "user", "stream", "partial_images", "safety_identifier", "complexity",
}  # fmt: skip
ARK_FIELDS = {
    "model", "prompt", "size", "image", "seed", "response_format", "watermark", "sequential_image_generation", "stream",
    "sequential_image_generation_options", "guidance_scale",
}  # fmt: skip
CHAT_FIELDS = {"model", "messages", "modalities", "image_config", "seed", "stream", "max_tokens"}
ASPECTS = {"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}
USAGE = {"input_tokens": 50, "output_tokens": 1000, "total_tokens": 1050}


class Refused(Exception):
    """A request that does not keep to the schema."""


@dataclass
class Asked:
    """One request as it came."""

    path: str
    fields: dict[str, Any]
    files: list[tuple[str, bytes]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def picture(self, at: int = 0) -> Image.Image:
        return Image.open(io.BytesIO(self.files[at][1]))


@dataclass
class MediaServer:
    """A running server: its address, what it was asked, and what goes wrong next."""

    url: str
    requests: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """What happens to the next requests that make something."""
    results: dict[str, bytes] = field(default_factory=dict)
    """What lies at `/results/NAME`."""
    videos: dict[str, dict[str, Any]] = field(default_factory=dict)
    key: str = ""
    """What a video is fetched with, where it is looked at."""

    @property
    def made(self) -> list[Asked]:
        """Return the requests that cost something."""
        return [one for one in self.requests if not one.path.startswith(("/results", "/v1/models"))]


def drawn(width: int, height: int, words: str, form: str = "PNG") -> bytes:
    """Return a picture that is another one for other words."""
    seed = hashlib.sha256(words.encode()).digest()
    picture = Image.new("RGB", (width, height), (seed[0], seed[1], seed[2]))
    draw = ImageDraw.Draw(picture)
    for number in range(8):
        left, top = seed[number] * width // 256, seed[number + 8] * height // 256
        draw.rectangle((left, top, left + width // 4, top + height // 4), fill=(seed[number + 16], 255 - seed[0], 90))
    out = io.BytesIO()
    picture.save(out, form)
    return out.getvalue()


@contextmanager
def serving() -> Iterator[MediaServer]:
    """Run a server in a thread until the end of the block."""
    listener, address = free_address()
    server = MediaServer(url=f"{address}/v1")
    routes = [
        Route("/v1/images/generations", _answering(server, _generations), methods=["POST"]),
        Route("/v1/images/edits", _answering(server, _edits), methods=["POST"]),
        Route("/v1/chat/completions", _answering(server, _chat), methods=["POST"]),
        Route("/v1/embeddings", _answering(server, _embeddings), methods=["POST"]),
        Route("/v1/videos", _answering(server, _order_video), methods=["POST"]),
        Route("/v1/videos/extensions", _answering(server, _order_video), methods=["POST"]),
        Route("/v1/videos/{job}", _answering(server, _video), methods=["GET"]),
        Route("/v1/videos/{job}/content", _answering(server, _content), methods=["GET"]),
        Route("/v1/models", _answering(server, _models), methods=["GET"]),
        Route("/results/{name}", _answering(server, _result), methods=["GET"]),
    ]
    with running(Starlette(routes=routes), listener):
        yield server


Answer = Callable[[MediaServer, Asked, Fault | None], Response]


def _answering(server: MediaServer, answer: Answer) -> Callable[[Request], Any]:
    async def handle(request: Request) -> Response:
        asked = Asked(path=request.url.path, fields={}, headers=dict(request.headers))
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                await _read_form(form, asked)
        elif request.method == "POST":
            asked.fields = await request.json()
        server.requests.append(asked)
        fault = server.faults.pop(0) if server.faults and request.method == "POST" else None
        try:
            return await asyncio.to_thread(_with_fault, server, asked, answer, fault)
        except Refused as error:
            return _error(400, str(error), "invalid_value")

    return handle


async def _read_form(form: FormData, asked: Asked) -> None:
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            asked.files.append((name, await value.read()))
        else:
            asked.fields[name] = value


def _with_fault(server: MediaServer, asked: Asked, answer: Answer, fault: Fault | None) -> Response:
    if fault == "policy":
        return _error(400, "Your request was rejected by the safety system.", "moderation_blocked")
    if fault == "busy":
        return JSONResponse({"error": {"message": "slow down"}}, 429, headers={"retry-after": "0"})
    if fault == "failed":
        return _error(500, "The server had an error while processing your request.", "server_error")
    if fault == "cut":
        return _cut(bytes(answer(server, asked, None).body))
    return answer(server, asked, fault)


def _cut(body: bytes) -> Response:
    async def half() -> AsyncIterator[bytes]:
        yield body[: len(body) // 2]
        raise ConnectionResetError("cut on purpose")

    return StreamingResponse(half(), media_type="application/json")


def _error(status: int, message: str, code: str) -> Response:
    return JSONResponse({"error": {"message": message, "type": "invalid_request_error", "code": code}}, status)


def _need(condition: object, message: str) -> None:
    if not condition:
        raise Refused(message)


def _data(server: MediaServer, content: bytes, fault: Fault | None, *, as_url: bool = False) -> dict[str, Any]:
    if fault == "wrong type":
        content = b"<html><body>Sorry</body></html>"
    if fault == "not base64":
        return {"b64_json": "***"}
    if as_url or fault in ("by address", "expired"):
        name = hashlib.sha256(content).hexdigest()[:16]
        if fault != "expired":
            server.results[name] = content
        return {"url": f"{server.url.removesuffix('/v1')}/results/{name}"}
    return {"b64_json": base64.b64encode(content).decode()}


def _generations(server: MediaServer, asked: Asked, fault: Fault | None) -> Response:
    fields = asked.fields
    if "seedream" in fields.get("model", "") or "seededit" in fields.get("model", ""):
        return _ark(server, fields, fault)
    _check_images(fields)
    width, height = _size(fields.get("size", "1024x1024"))
    count = int(fields.get("n", 1))
    pictures = [drawn(width, height, f"{fields['prompt']} {len(server.requests)} {number}") for number in range(count)]
    data = [] if fault == "nothing" else [_data(server, one, fault) for one in pictures]
    return JSONResponse({"created": 1, "data": data, "usage": USAGE, "size": f"{width}x{height}"})


def _check_images(fields: Mapping[str, Any]) -> None:
    unknown = sorted(set(fields) - IMAGE_FIELDS)
    _need(not unknown, f"Unknown parameter: '{unknown[0] if unknown else ''}'.")
    _need(isinstance(fields.get("prompt"), str) and 0 < len(fields["prompt"]) <= 32_000, "Invalid 'prompt'.")
    _need(1 <= int(fields.get("n", 1)) <= 10, "Invalid 'n': must be between 1 and 10.")
    _need(fields.get("quality", "auto") in ("auto", "low", "medium", "high"), "Invalid 'quality'.")
    if (size := fields.get("size", "auto")) != "auto":
        width, height = _size(size)
        _need(
            not fields["model"].startswith("gpt-image") or width % 16 == 0 == height % 16,
            f"Invalid size '{size}': must be divisible by 16.",
        )
        _need(1 / 3 <= width / height <= 3, f"Invalid size '{size}': aspect ratio.")
        _need(max(width, height) <= 3840, f"Invalid size '{size}': too large.")


def _size(size: str) -> tuple[int, int]:
    try:
        width, _, height = str(size).partition("x")
        return int(width), int(height)
    except ValueError:
        raise Refused(f"Invalid size '{size}'.") from None


def _ark(server: MediaServer, fields: Mapping[str, Any], fault: Fault | None) -> Response:
    unknown = sorted(set(fields) - ARK_FIELDS)
    _need(not unknown, f"The parameter `{unknown[0] if unknown else ''}` is not valid.")
    _need(isinstance(fields.get("watermark", True), bool), "The parameter `watermark` is not valid.")
    images = fields.get("image", [])
    for one in [images] if isinstance(images, str) else images:
        head, _, content = one.partition(";base64,")
        _need(head in ("data:image/png", "data:image/jpeg"), "The parameter `image` is not valid.")
        Image.open(io.BytesIO(base64.b64decode(content))).verify()
    width, height = _size(fields.get("size", "2048x2048"))
    _need(921_600 <= width * height <= 16_777_216, "The parameter `size` is not valid.")
    if fault == "filtered":
        error = {"code": "OutputImageSensitiveContentDetected", "message": "The generated image may be sensitive."}
        return JSONResponse({"model": fields["model"], "created": 1, "data": [{"error": error}]})
    content = drawn(width, height, fields["prompt"], "JPEG")
    data = [_data(server, content, fault, as_url=fields.get("response_format", "url") == "url")]
    usage = {"generated_images": 1, "output_tokens": width * height // 256, "total_tokens": width * height // 256}
    return JSONResponse({"model": fields["model"], "created": 1, "data": data, "usage": usage})


def _edits(server: MediaServer, asked: Asked, fault: Fault | None) -> Response:
    _check_images(asked.fields)
    names = [name for name, _ in asked.files]
    pictures = [content for name, content in asked.files if name in ("image", "image[]")]
    _need(pictures and set(names) <= {"image", "image[]", "mask"}, f"Unknown files: {names}.")
    _need(names.count("image") <= 1 and len(pictures) <= 16, "Duplicate parameter: 'image'.")
    opened = [Image.open(io.BytesIO(one)) for one in pictures]
    _need(all(one.format in ("PNG", "JPEG", "WEBP") for one in opened), "Invalid image file.")
    _need(not any(one.getexif() for one in opened), "Metadata came along.")
    for name, content in asked.files:
        if name == "mask":
            mask = Image.open(io.BytesIO(content))
            _need(
                mask.format == "PNG" and mask.mode == "RGBA", "Invalid mask image format - mask has no alpha channel."
            )
            _need(mask.size == opened[0].size, "Invalid mask: its dimensions must be those of the image.")
    width, height = _size(asked.fields["size"]) if "size" in asked.fields else opened[0].size
    count = int(asked.fields.get("n", 1))
    made = [drawn(width, height, f"{asked.fields['prompt']} {number}") for number in range(count)]
    return JSONResponse({"created": 1, "data": [_data(server, one, fault) for one in made], "usage": USAGE})


def _chat(server: MediaServer, asked: Asked, fault: Fault | None) -> Response:
    fields = asked.fields
    unknown = sorted(set(fields) - CHAT_FIELDS)
    _need(not unknown, f"Unknown parameter: '{unknown[0] if unknown else ''}'.")
    _need(fields.get("modalities") in (["image", "text"], ["image"]), "Invalid 'modalities'.")
    parts = fields["messages"][0]["content"]
    _need([one["type"] for one in parts] == ["text", *["image_url"] * (len(parts) - 1)], "Invalid content.")
    for one in parts[1:]:
        head, _, content = one["image_url"]["url"].partition(";base64,")
        _need(head in ("data:image/png", "data:image/jpeg"), "Invalid image_url.")
        Image.open(io.BytesIO(base64.b64decode(content))).verify()
    shape = fields.get("image_config", {})
    _need(set(shape) <= {"aspect_ratio", "image_size"}, "Invalid image_config.")
    aspect = shape.get("aspect_ratio", "1:1")
    _need(aspect in ASPECTS, f"Invalid aspect_ratio {aspect}.")
    across, down = (int(one) for one in aspect.split(":"))
    height = round((1024 * 1024 * down / across) ** 0.5)
    content = drawn(round(height * across / down), height, parts[0]["text"])
    message: dict[str, Any] = {"role": "assistant", "content": "Here it is."}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "native_finish_reason": "STOP"}
    if fault == "filtered":
        message["content"] = ""
        choice |= {"finish_reason": "content_filter", "native_finish_reason": "IMAGE_SAFETY"}
    elif fault == "nothing":
        message["content"] = "I can describe a cat, but which one do you mean?"
    else:
        address = f"data:image/png;base64,{base64.b64encode(content).decode()}"
        message["images"] = [{"type": "image_url", "image_url": {"url": address}, "index": 0}]
    usage = {"prompt_tokens": 9, "completion_tokens": 1290, "total_tokens": 1299, "cost": 0.039}
    return JSONResponse({"id": "gen-1", "object": "chat.completion", "choices": [choice], "usage": usage})


def _embeddings(server: MediaServer, asked: Asked, fault: Fault | None) -> Response:
    fields = asked.fields
    _need(set(fields) <= {"model", "input", "dimensions", "encoding_format", "user"}, "Unknown parameter.")
    texts = fields["input"] if isinstance(fields["input"], list) else [fields["input"]]
    _need(texts and all(isinstance(one, str) and one for one in texts) and len(texts) <= 2048, "Invalid 'input'.")
    data = [{"object": "embedding", "index": at, "embedding": meaning(one)} for at, one in enumerate(texts)]
    if fault == "nothing":
        data = data[1:]
    count = sum(len(one) // 4 + 1 for one in texts)
    usage = {"prompt_tokens": count, "total_tokens": count}
    return JSONResponse({"object": "list", "data": data, "model": fields["model"], "usage": usage})


def _order_video(server: MediaServer, asked: Asked, fault: Fault | None) -> Response:
    fields, is_longer = asked.fields, asked.path.endswith("extensions")
    known = {"prompt", "seconds", "video[id]"} if is_longer else {"model", "prompt", "seconds", "size"}
    unknown = sorted(set(fields) - known)
    _need(not unknown, f"Unknown parameter: '{unknown[0] if unknown else ''}'.")
    _need(fields.get("prompt"), "Missing required parameter: 'prompt'.")
    _need(fields["seconds"] in (*("4", "8", "12"), *(("16", "20") if is_longer else ())), "Invalid 'seconds'.")
    size = fields.get("size", "720x1280")
    _need(size in ("720x1280", "1280x720", "1024x1792", "1792x1024"), "Invalid 'size'.")
    for name, content in asked.files:
        _need(name == "input_reference", f"Unknown parameter: '{name}'.")
        picture = Image.open(io.BytesIO(content))
        _need(picture.size == _size(size), "Inpaint image must match the requested width and height")
    before = server.videos.get(fields.get("video[id]", ""), {})
    _need(not is_longer or before, "The video was not found.")
    seconds = int(fields["seconds"]) + int(before.get("seconds", 0))
    job = f"video_{len(server.videos) + 1}"
    video = {"id": job, "object": "video", "model": fields.get("model", "sora-2"), "status": "queued", "progress": 0}
    video |= {"created_at": 1, "seconds": str(seconds), "size": size, "prompt": fields["prompt"], "error": None}
    server.videos[job] = video
    if fault == "filtered":
        video["_ends"] = {"code": "moderation_blocked", "message": "Your request was blocked by our moderation system."}
    return JSONResponse(_public(video))


def _video(server: MediaServer, asked: Asked, fault: Fault | None) -> Response:
    video = server.videos.get(asked.path.rpartition("/")[2])
    if video is None:
        return _error(404, "Video not found.", "not_found")
    steps = {"queued": "in_progress", "in_progress": "failed" if "_ends" in video else "completed"}
    shown = _public(video)
    video["status"] = steps.get(video["status"], video["status"])
    video["progress"] = {"in_progress": 50, "completed": 100}.get(video["status"], 0)
    video["error"] = video.get("_ends") if video["status"] == "failed" else None
    return JSONResponse(shown)


def _content(server: MediaServer, asked: Asked, fault: Fault | None) -> Response:
    if server.key and asked.headers.get("authorization") != f"Bearer {server.key}":
        return _error(401, "Missing bearer authentication.", "invalid_api_key")
    video = server.videos[asked.path.split("/")[3]]
    return Response(film(*_size(video["size"]), float(video["seconds"]), video["prompt"]), media_type="video/mp4")


def _public(video: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in video.items() if not name.startswith("_")}


def film(width: int, height: int, seconds: float, words: str, rate: int = 2) -> bytes:
    """Return a film of few pictures, another one for other words."""
    seed = hashlib.sha256(words.encode()).digest()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "film.mp4"
        with av.open(str(file), "w") as container:
            stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for number in range(round(seconds * rate)):
                pixels = np.full((height, width, 3), seed[0], np.uint8)
                pixels[:, number * 20 : number * 20 + 200] = 255 - seed[0]
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))
        return file.read_bytes()


CONCEPTS = ("cat kitten feline 猫", "car vehicle automobile 车", "weather rain storm 雨", "money price cost 钱")
"""Words of one line mean the same to this server."""


def meaning(text: str) -> list[float]:
    """Return a vector that is near those of texts about the same."""
    words = text.lower()
    about = [float(sum(word in words for word in line.split())) for line in CONCEPTS]
    noise = hashlib.sha256(text.encode()).digest()
    return [*about, *(0.05 * (noise[number] / 255 - 0.5) for number in range(4))]


def _models(server: MediaServer, asked: Asked, fault: Fault | None) -> Response:
    return JSONResponse({"object": "list", "data": [{"id": "gpt-image-2.5-flare", "object": "model"}]})


def _result(server: MediaServer, asked: Asked, fault: Fault | None) -> Response:
    content = server.results.get(asked.path.rpartition("/")[2])
    if content is None:
        expired = "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        return Response(expired, 403, media_type="application/xml")
    return Response(content, media_type="image/png")


def plain(asked: Asked) -> dict[str, Any]:
    """Return the fields of a request without its long ones."""
    return {name: value for name, value in asked.fields.items() if len(json.dumps(value)) < 400}
