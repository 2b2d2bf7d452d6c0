"""Whatever a tool gives, a client gets no more than it can take, and page by page all of it."""

import base64
import functools
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mcp.types import CallToolResult, ImageContent, TextContent
from pydantic import BaseModel

from sensorium.mcp_server import previews
from sensorium.mcp_server.access import Access
from sensorium.mcp_server.answers import status_of
from sensorium.mcp_server.door_tool import DoorTool
from sensorium.mcp_server.faces import Offer, face_of
from sensorium.mcp_server.job import Standing
from sensorium.mcp_server.order import Order
from sensorium.mcp_server.pages import ITEM_CHARS, SHORT_CHARS, compact
from sensorium.mcp_server.run_agent import run_agent
from sensorium.mcp_server.service import Options, Service
from sensorium.mcp_server.shaping import shaped
from sensorium.mcp_server.view_media import view_media
from sensorium.tools import catalog
from sensorium.tools.base.call import Outcome
from sensorium.tools.base.memo import artifacts_in
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool
from sensorium.tools.base.workspace import Artifact

TOOLS = {one.name: one for one in [*catalog().values(), view_media, run_agent]}
ENCODED = re.compile(r"[A-Za-z0-9+/]{200}")
"""What base64 looks like; no text below does."""
PATHS_CHARS = 1500
"""What paths add to an item that names files."""
MOST_CHARS, MOST_BYTES, MOST_PICTURE_BYTES = 20_000, 2**20, 700_000
PIECES = ["all work and no play ", "只工作不玩耍", '"\\', "\x01", "😀", "<b>\n"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    opened = Run.open(Settings(home=tmp_path_factory.mktemp("library") / "home", offline=True))
    real = previews.small_jpeg

    @functools.cache
    def small(handle: str, max_bytes: int) -> bytes:
        return real(opened.artifact(handle), opened, max_bytes=max_bytes)

    with pytest.MonkeyPatch.context() as patch:
        # The same picture as small as that is always the same, and takes a process.
        patch.setattr(previews, "small_jpeg", lambda artifact, run, *, max_bytes: small(artifact.handle, max_bytes))
        yield opened
    opened.library.close()


@pytest.fixture(scope="module")
def artifacts(run: Run) -> list[Artifact]:
    """Pictures that compress badly under long names, and what is none."""
    import numpy as np

    from sensorium.tools.base.pictures import jpeg

    random = np.random.default_rng(1)
    names = [f"{number} {'很长的名字' * 20}.jpg" for number in range(3)]
    noise = [random.integers(0, 255, (900, 1100, 3), dtype=np.uint8) for _ in names]
    put = run.workspace.put
    made = [put(jpeg(one, 95), name=name, media_type="image/jpeg") for one, name in zip(noise, names, strict=True)]
    broken = put(b"no picture", name="broken.png", media_type="image/png")
    return [*made, broken, put(b"words", name="words.txt", media_type="text/plain")]


@dataclass(frozen=True)
class Inventing:
    """Makes up results, seldom short ones."""

    random: Random
    artifacts: list[Artifact]

    def text(self, most: int) -> str:
        piece, length = self.random.choice(PIECES), self.random.choice([0, 1, 9, 150, 14_000])
        return (piece * length)[: min(length, most)]

    def value(self, hint: Any, depth: int = 0) -> Any:
        """Return what a type allows."""
        origin, parts = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self.value(parts[0], depth)
        if origin in (Union, UnionType):
            return self.value(self.random.choice(parts), depth)
        if origin is Literal:
            return self.random.choice(parts)
        if origin is tuple:
            return tuple(self.value(one, depth) for one in parts)
        if origin is list:
            many = 40 if isinstance(parts[0], type) and issubclass(parts[0], BaseModel) else 300
            count = self.random.choice([0, 1, 3, many] if depth == 0 else [0, 3])
            return [self.value(parts[0], depth + 1) for _ in range(count)]
        if origin is dict:
            return {self.text(9): self.value(parts[1], depth + 1) for _ in range(self.random.choice([0, 3, 30]))}
        if hint is Artifact:
            return self.random.choice(self.artifacts)
        if isinstance(hint, type) and issubclass(hint, BaseModel):
            return self.result(hint, depth)
        if hint is str:  # an item that is too long for a page of its own, now and then
            return "long " * 5000 if depth and self.random.random() < 0.02 else self.text(150 if depth else 14_000)
        simple = {int: self.random.getrandbits(30), bool: self.random.random() < 0.5, float: self.random.gauss(0, 1e6)}
        return simple.get(hint)

    def result(self, model: type[BaseModel], depth: int = 0) -> BaseModel:
        """Return a result; bounds of numbers do not count here, what is sent is as long without them."""
        inner = depth + 1 if depth else 0
        fields = {name: self.value(one.annotation, inner) for name, one in model.model_fields.items()}
        if model is run_agent.returns:  # a folder is named after it, with these in it
            fields |= {"run_id": "0123456789", "sources": [one.handle for one in self.artifacts[:2]]}
        return model.model_construct(**fields)


def order_of(tool: Tool, folder: Path, page: int) -> Order:
    module = tool.function.__module__
    return Order(owner="local", tool=tool.name, module=module, arguments={}, page=page, output=str(folder))


def all_pages(tool: Tool, result: BaseModel, run: Run, folder: Path) -> list[dict[str, Any]]:
    """Return every page as it goes over the wire."""
    outcome = Outcome(result=result, artifacts=artifacts_in(result), cached=False, seconds=0.0)
    pages = [shaped(outcome, order_of(tool, folder, 1), face_of(tool), run)]
    for number in range(2, body_of(pages[0]).get("pages", 1) + 1):
        pages.append(shaped(outcome, order_of(tool, folder, number), face_of(tool), run))
    return pages


def body_of(page: Mapping[str, Any]) -> dict[str, Any]:
    return dict(json.loads(page["content"][0]["text"]))


def is_bounded(page: dict[str, Any], tool: DoorTool) -> None:
    """Check one result as a client gets it, be it the call's or that of its job."""
    standing = Standing(job="0" * 32, tool=tool.name, status="done", seconds=12345.6, result=page)
    for result in (CallToolResult.model_validate(page), status_of(standing)):
        wire = result.model_dump_json(by_alias=True, exclude_none=True).encode()
        told = [one.text for one in result.content if isinstance(one, TextContent)]
        pictures = [one.data for one in result.content if isinstance(one, ImageContent)]
        assert len(wire) <= MOST_BYTES
        assert sum(map(len, told)) <= MOST_CHARS
        assert len(pictures) <= 6 and sum(map(len, pictures)) * 3 / 4 <= MOST_PICTURE_BYTES
        assert all(pixels(one) <= 1024 for one in pictures)
        assert len([one for one in result.content if one.type == "resource_link"]) <= 20
        assert not ENCODED.search(compact([result.structured_content, result.meta, told]))
    if tool.output_schema is None:
        assert "structuredContent" not in page
    else:
        assert page["structuredContent"] == body_of(page) and not pictures
        jsonschema.validate(page["structuredContent"], tool.output_schema)


def pixels(encoded: str) -> int:
    from PIL import Image

    return max(Image.open(io.BytesIO(base64.b64decode(encoded))).size)


def is_whole(plain: Mapping[str, Any], pages: list[dict[str, Any]], *, paged: bool) -> None:
    """Check that the pages together hold what there was: each item and each letter once, in order."""
    for name, value in plain.items():
        parts = [without_path(one[name]) for one in pages]
        if all(one == value for one in parts):
            continue  # it is short, so that every page has it
        if isinstance(value, str) and paged:
            assert "".join(parts) == value, name
        elif isinstance(value, list) and paged:
            for found, item in zip(itertools.chain(*parts), value, strict=True):
                assert found == item or len(compact(item)) > ITEM_CHARS - PATHS_CHARS, name
        else:
            assert len(compact(value)) > SHORT_CHARS, f"{name} is on every page as it is"


def without_path(value: Any) -> Any:
    if isinstance(value, list):
        return [without_path(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: without_path(one) for name, one in value.items() if not (name == "path" and "handle" in value)}


@pytest.mark.parametrize("name", TOOLS)
def test_every_page_is_bounded_and_all_together_are_whole(
    name: str, run: Run, artifacts: list[Artifact], tmp_path: Path
) -> None:
    tool = TOOLS[name]
    service = Service(run.settings, Access(), Options())
    shown = DoorTool.of(Offer(tool=tool, face=face_of(tool), far=False), service)
    assert (shown.output_schema is None) == (face_of(tool).gives == "media")

    @settings(max_examples=3, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(seed=st.integers(0, 10**9))
    def check(seed: int) -> None:
        result = Inventing(Random(seed), artifacts).result(tool.returns)
        pages = all_pages(tool, result, run, tmp_path / "made")
        for page in pages[:1] + pages[-1:]:
            is_bounded(page, shown)
        bodies = [body_of(one) for one in pages]
        assert ("next_page" in bodies[0]) <= ("page" in shown.parameters["properties"])
        is_whole(tidy(result, tool), bodies, paged="page" in shown.parameters["properties"])

    check()


def tidy(result: BaseModel, tool: Tool) -> dict[str, Any]:
    """Return what a client is to get of a result, before it is cut into pages."""
    from sensorium.mcp_server.shaping import _tidied

    plain = result.model_dump(mode="json", exclude_defaults=True)
    return {name: _tidied(value) for name, value in plain.items() if name not in face_of(tool).left_out}


def test_the_most_text_beside_the_largest_pictures_fits(run: Run, artifacts: list[Artifact], tmp_path: Path) -> None:
    tool = TOOLS["write_report"]
    shown = DoorTool.of(Offer(tool=tool, face=face_of(tool), far=False), Service(run.settings, Access(), Options()))
    lines, words = ["\U0001f600" * 90] * 172, artifacts[-1]
    files = {"markdown": words, "html": words, "data": words}
    result = tool.returns.model_construct(
        title="t", language="zh", summary=lines, text="", chapters=[], limits=[], coverage=[], **files,
        pictures=[huge(run)],
    )  # fmt: skip
    page = all_pages(tool, result, run, tmp_path / "made")[0]
    assert len(page["content"][0]["text"].encode()) > 50_000
    assert any(one["type"] == "image" for one in page["content"])
    is_bounded(page, shown)


def huge(run: Run) -> Artifact:
    """Return a picture whose JPEG just fits what all pictures may have."""
    import numpy as np

    from sensorium.tools.base.pictures import jpeg

    noise = np.random.default_rng(2).integers(0, 2, (1024, 1024, 3), dtype=np.uint8) * 178 + 50
    return run.workspace.put(jpeg(noise.astype(np.uint8), 98), name="huge.jpg", media_type="image/jpeg")
