"""Tokens for a question about a 10-minute video, against all its frames at one a second, with planted facts answered.

python benchmarks/looking.py

The video has 24 slides and 3 short scenes without a word; what is said comes with the question, as from `transcribe`.
A scripted model behind a real HTTP server answers only from what it was sent: the text, and the pictures, which it
decodes and reads with rapidocr, or whose colours it measures. It does not know the video.
"""

import asyncio
import base64
import io
import json
import random
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sensorium.tools import call
from sensorium.tools.base.abilities import ability_of
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.moments import Findings, Moment, Source
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tokens import PictureTokens, text_tokens
from sensorium.tools.providers.rapidocr import provider as reader

FPS, SECONDS = 5, 600
SIZE = (1280, 720)
MODELS = ("gpt-4o", "gpt-4.1-mini", "gemini-2.5-flash", "qwen3-vl-plus", "claude-sonnet-4-5")
"""Whose documented formulas are used; no model is called."""
TOPICS = (
    "Budget", "Harvest", "Turbine", "Library", "Orchard", "Railway", "Glacier", "Compass", "Lantern", "Harbour",
    "Granite", "Meadow", "Cathedral", "Telescope", "Violin", "Pottery", "Beehive", "Windmill", "Aqueduct", "Furnace",
    "Sextant", "Tapestry", "Lighthouse", "Observatory",
)  # fmt: skip
COLOURS = {"red": (210, 40, 40), "green": (40, 160, 70), "blue": (50, 70, 210), "yellow": (225, 200, 50)}
SCENES = ((105.0, 8.0, "green", "red"), (252.0, 6.0, "blue", "yellow"), (391.0, 4.0, "yellow", "blue"))
"""When, how long, colour of the ground, colour of the disc on it."""
FILLER = "we then look at how this part was made and why the people of that time thought it would last for so long"


@dataclass(frozen=True)
class Fact:
    """Something that was planted, and how to ask for it."""

    kind: str
    question: str
    answer: str


def slides(rng: random.Random) -> list[tuple[str, list[str], str]]:
    """Return title, lines and small print of each slide."""
    made = []
    for title in TOPICS:
        code = str(rng.randint(1000, 9999))
        lines = [f"Section of the {title.lower()}", f"{title} rate {rng.randint(10, 99)} percent"]
        made.append((title, lines, f"{title} archive number {code}"))
    return made


def draw(title: str, lines: list[str], small: str) -> Image.Image:
    picture = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(picture)
    pen.text((90, 70), title, fill="black", font=ImageFont.load_default(size=84))
    for row, line in enumerate(lines):
        pen.text((110, 250 + 90 * row), line, fill="#222222", font=ImageFont.load_default(size=46))
    pen.text((820, 660), small, fill="#444444", font=ImageFont.load_default(size=22))
    return picture


def film(path: Path, shown: list[Image.Image]) -> None:
    """Write 24 slides of 25 s, and the scenes over them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(SECONDS * FPS):
            at = number / FPS
            picture = shown[int(at * len(shown) / SECONDS)]
            for start, length, ground, disc in SCENES:
                if start <= at < start + length:
                    picture = Image.new("RGB", SIZE, COLOURS[ground])
                    left = 200 + 90 * (at - start)
                    ImageDraw.Draw(picture).ellipse((left, 250, left + 260, 510), fill=COLOURS[disc])
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def speech(rng: random.Random) -> tuple[Findings, list[Fact]]:
    """Return what is said in ten minutes, about 1500 words, with two facts in it."""
    source = Source(tool="transcribe", provider="planted", quality="good")
    words = sorted(set(FILLER.split()))
    said = []
    planted = {37: "The keeper of the lighthouse was called Marlene Voss.", 88: "Repairs cost 4170 crowns in all."}
    for number in range(120):
        text = planted.get(number) or " ".join(rng.sample(words, 12)).capitalize() + "."
        said.append(
            Moment(kind="speech", start_seconds=5.0 * number, end_seconds=5.0 * number + 4, text=text, source=source)
        )
    facts = [
        Fact("spoken", "What was the keeper of the lighthouse called?", "Marlene Voss"),
        Fact("spoken", "What did the repairs cost in crowns?", "4170"),
    ]
    return Findings(moments=said), facts


def facts_of(made: list[tuple[str, list[str], str]]) -> list[Fact]:
    found = []
    for title, lines, small in (made[3], made[11], made[22]):
        rate = re.search(r"rate (\d+)", lines[1])
        code = re.search(r"number (\d+)", small)
        assert rate and code
        found.append(Fact("slide", f"What is the rate on the slide {title}?", rate[1]))
        found.append(Fact("small print", f"What is the archive number on the slide {title}?", code[1]))
    for _, length, ground, disc in SCENES:
        found.append(Fact(f"scene of {length:g} s", f"Which colour is the disc on the {ground} ground?", disc))
    return found


class Eyes:
    """A model that answers only from what it was sent."""

    def __init__(self) -> None:
        self._reader = reader(Settings(home=Path(tempfile.gettempdir()), offline=True))
        self._lock = threading.Lock()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        content = request["messages"][-1]["content"]
        prompt = content[0]["text"]
        question = re.search(r"<question>\n(.*?)\n</question>", prompt, re.S)
        assert question
        shown = list(self._pictures(content))
        if ground := re.search(r"disc on the (\w+) ground", question[1]):
            return self._disc(ground[1], shown)
        if slide := re.search(r"(rate|archive number) on the slide (\w+)", question[1]):
            return self._slide(slide[1], slide[2], shown)
        wanted = {"called": r"lighthouse was called ([A-Z]\w+ [A-Z]\w+)", "cost": r"cost (\d+) crowns"}
        for word, pattern in wanted.items():
            if word in question[1] and (found := re.search(pattern, prompt)):
                return {"answer": found[1], "enough": True}
        return {"answer": "I do not know", "enough": False}

    def _pictures(self, content: list[dict[str, Any]]) -> Iterator[tuple[int | None, Image.Image]]:
        label = ""
        for part in content[1:]:
            if part["type"] == "text":
                label = part["text"]
                continue
            data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
            number = re.match(r"Picture (\d+)", label)
            yield int(number[1]) if number else None, Image.open(io.BytesIO(data)).convert("RGB")

    def _read(self, picture: Image.Image) -> list[Any]:
        with self._lock:
            return list(self._reader.read(np.asarray(picture)))

    def _slide(self, what: str, title: str, shown: list[tuple[int | None, Image.Image]]) -> dict[str, Any]:
        for number, picture in shown:
            lines = self._read(picture)
            for line in lines:
                value = re.search(rf"{title}\s*{what}\s*(\d+)(?:\D|$)", line.text.replace("\u3000", " "), re.I)
                # Of a sheet only what is large can be read with certainty.
                if value and (number is not None or line.box[3] - line.box[1] > 0.02):
                    return {"answer": value[1], "enough": True, "seen": [{"picture": number or 1, "text": line.text}]}
            near = next((line for line in lines if title.lower() in line.text.lower()), None)
            if near is not None:
                cell = number if number is not None else _cell(near, lines)
                if cell is not None:
                    return {"answer": "it is small", "enough": False, "want": [{"picture": cell}]}
        return {"answer": "I do not see the slide", "enough": False, "want": []}

    def _disc(self, ground: str, shown: list[tuple[int | None, Image.Image]]) -> dict[str, Any]:
        spots: list[tuple[float, _Spot, Image.Image]] = []
        for number, picture in shown:
            pixels = np.asarray(picture).astype(int)
            of_ground = _near(pixels, COLOURS[ground])
            if number is None:
                # The largest area of the colour is the ground; smaller ones may be discs of other scenes.
                _, _, areas, _ = cv2.connectedComponentsWithStats(of_ground.astype(np.uint8))
                left, top, wide, high, size = max(areas[1:], key=lambda one: one[4], default=(0, 0, 0, 0, 0))
                spot = _Spot((left + wide / 2) / picture.width, (top + high) / picture.height)
                spots.append((size, spot, picture))
            elif of_ground.mean() > 0.3:
                others = [name for name in COLOURS if name != ground]
                if found := [name for name in others if _near(pixels, COLOURS[name]).mean() > 0.02]:
                    return {"answer": found[0], "enough": True, "seen": [{"picture": number, "text": found[0]}]}
        if spots:
            size, spot, picture = max(spots, key=lambda one: one[0])
            if size > 2000 and (cell := _below(spot, self._read(picture))) is not None:
                return {"answer": "a small one", "enough": False, "want": [{"picture": cell}]}
        return {"answer": "I see no such scene", "enough": False, "want": []}


@dataclass(frozen=True)
class _Spot:
    across: float
    bottom: float


def _near(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.asarray(np.abs(pixels - np.array(colour)).max(axis=2) < 40)


def _cell(line: Any, lines: list[Any]) -> int | None:
    return _below(_Spot((line.box[0] + line.box[2]) / 2, line.box[3]), lines)


def _below(spot: _Spot, lines: list[Any]) -> int | None:
    """Return the number that stands next below a spot on a contact sheet, as it was read."""
    best: tuple[float, int] | None = None
    for line in lines:
        number = re.match(r"#\s*(\d+)", line.text)
        middle = (line.box[1] + line.box[3]) / 2
        # A label stands at the left of its cell, six of which are in a row.
        if number and middle >= spot.bottom - 0.01 and line.box[0] - 0.02 <= spot.across <= line.box[0] + 0.17:
            distance = middle - spot.bottom
            if best is None or distance < best[0]:
                best = distance, int(number[1])
    return best[1] if best else None


@contextmanager
def serving(eyes: Eyes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            said = json.dumps(eyes.answer(request))
            body = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()


def main() -> None:
    rng = random.Random(7)
    made = slides(rng)
    findings, spoken = speech(rng)
    facts = [*spoken, *facts_of(made)]
    with tempfile.TemporaryDirectory() as folder, serving(Eyes()) as url:
        path = Path(folder) / "film.mp4"
        film(path, [draw(*one) for one in made])
        heard = text_tokens(" ".join(one.text for one in findings.moments))
        print(f"{SECONDS} s of {SIZE[0]} x {SIZE[1]}, {len(facts)} planted facts, {heard} tokens of speech\n")
        heads = [("formula of", "<20"), ("a question", ">12"), ("most", ">8"), ("all frames", ">12"), ("ratio", ">8")]
        heads += [("small ones", ">12"), ("ratio", ">8")]
        print("".join(f"{name:{width}}" for name, width in heads) + "  answered")
        for model in MODELS:
            report(model, url, path, findings=findings, facts=facts)


def report(model: str, url: str, path: Path, *, findings: Findings, facts: list[Fact]) -> None:
    endpoint = Endpoint(name="house", base_url=url, takes=("picture",))
    home = path.parent / f"home-{model}"
    settings = Settings(home=home, offline=True, models={"see": f"house:{model}"}, endpoints={"house": endpoint})
    run = Run.open(settings)
    tokens, wrong, requests, seconds = [], [], [], []
    for fact in facts:
        args = {"media": str(path), "task": "answer", "question": fact.question, "findings": [findings.model_dump()]}
        started = time.perf_counter()
        looked = asyncio.run(call("look_at", args, run))
        seconds.append(time.perf_counter() - started)
        tokens.append(looked.spent.estimated_tokens)
        requests.append(looked.spent.requests)
        if looked.answer != fact.answer:
            wrong.append(f"{fact.kind}: {fact.question} -> {looked.answer!r}, not {fact.answer!r}")
    run.library.close()
    counted = ability_of(model).picture_tokens or PictureTokens()
    full = SECONDS * counted.count(*SIZE, "auto") + text_tokens(" ".join(one.text for one in findings.moments))
    # The least that is usual: `low` detail, or as small as Gemini's one tile.
    small = SECONDS * min(counted.count(384, 216, "auto"), counted.count(384, 216, "low"))
    mean = statistics.mean(tokens)
    print(
        f"{model:<20}{mean:>12,.0f}{max(tokens):>8,}{full:>12,}{mean / full:>8.3f}{small:>12,}{mean / small:>8.3f}"
        f"  {len(facts) - len(wrong)} of {len(facts)}, {statistics.mean(requests):.1f} requests, "
        f"{seconds[0]:.1f} s the first, {statistics.median(seconds[1:]):.1f} s the others"
    )
    for one in wrong:
        print(f"    {one}")


if __name__ == "__main__":
    main()
