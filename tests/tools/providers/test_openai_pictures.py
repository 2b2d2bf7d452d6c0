"""Pictures of models behind OpenAI-compatible endpoints: what is sent, what comes, what it costs, what goes wrong."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from sensorium.tools.base.budget import Caps, OutcomeUnknown, OverBudget
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import (
    ArgumentError,
    LocalOnlyError,
    MediaError,
    ProviderError,
    ToolError,
)
from sensorium.tools.base.makers import Made, Maker, Wish
from sensorium.tools.base.run import Call, Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.making.ordering import make
from sensorium.tools.providers import chat_pictures, openai_pictures

Opening = Callable[..., Run]


@pytest.fixture
def house(openai_media: ModuleType) -> Iterator[Any]:
    with openai_media.serving() as running:
        yield running


@pytest.fixture
def drawing(settings: Settings, house: Any) -> Iterator[Opening]:
    """Open a run whose pictures are drawn by a model of the house."""
    opened: list[Run] = []

    def open_run(model: str = "gpt-image-2.5-flare", *, run_id: str | None = None, **more: Any) -> Run:
        prices = {"*": {"input_tokens": 5e-6, "output_tokens": 4e-5}}
        endpoint = Endpoint(name="house", base_url=house.url, timeout_seconds=20.0, prices=prices)
        chosen = replace(settings, models={"draw": f"house:{model}"}, endpoints={"house": endpoint}, **more)
        run = Run.open(chosen, run_id=run_id)
        opened.append(run.within(Call(id="c1", tool="make_image", arguments={}, inputs=[])))
        return opened[-1]

    yield open_run
    for run in opened:
        run.library.close()


def maker(run: Run) -> Maker:
    found: Maker = run.models.ladder("draw")[0]
    return found


async def order(run: Run, wish: Wish) -> Made:
    fitted = maker(run).fit(wish)
    made = await maker(run).make(fitted.wish, run=run)
    return replace(made, notes=(*fitted.notes, *made.notes))


def size_of(made: Made, run: Run) -> tuple[int, int]:
    with Image.open(run.path(made.files[0].handle)) as picture:
        return picture.size


def photo(path: Path, size: tuple[int, int] = (320, 240), *, turned: bool = False) -> Path:
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Camera of a stranger"
    exif[0x0112] = 6 if turned else 1
    picture.save(path, exif=exif)
    return path


def mask(path: Path, size: tuple[int, int] = (320, 240), *, white: bool = True) -> Path:
    picture = Image.new("L", size, 0)
    picture.paste(255 if white else 0, (0, 0, size[0] // 2, size[1]))
    picture.save(path)
    return path


def adopted(run: Run, path: Path) -> str:
    return run.workspace.adopt(path).handle


async def test_a_picture_of_the_nearest_size_is_made_stored_and_paid_once(drawing: Opening, house: Any) -> None:
    run = drawing(caps=Caps(usd=5.0))
    wish = Wish(task="image", values={"prompt": "A cat.", "width_pixels": 1000, "height_pixels": 560, "seed": 7})
    made = await order(run, wish)
    sent = house.requests[0]
    assert (sent.path, sent.fields) == (
        "/v1/images/generations",
        {"model": "gpt-image-2.5-flare", "prompt": "A cat.", "size": "1008x560"},
    )
    assert made.served_by == "house:gpt-image-2.5-flare"
    assert any("1000×560" in one and "1008×560" in one for one in made.notes)
    assert any("takes no seed" in one for one in made.notes)
    assert size_of(made, run) == (1008, 560)
    assert made.files[0].media_type == "image/png"
    assert run.workspace.provenance(made.files[0].handle)[0].provider == "house:gpt-image-2.5-flare"
    assert run.budget.spent.usd == pytest.approx(50 * 5e-6 + 1000 * 4e-5), "as the answer counts the tokens"
    again = await order(run, wish)
    assert (again.files, len(house.requests)) == (made.files, 1), "the same order of a run is not sent twice"
    other = await order(run, Wish(task="image", values={**wish.values, "seed": 8}))
    assert other.files != made.files and len(house.requests) == 2, "another seed is another picture"


async def test_a_run_that_goes_on_in_another_process_gets_what_was_paid(drawing: Opening, house: Any) -> None:
    wish = Wish(task="image", values={"prompt": "A cat.", "count": 2})
    made = await order(drawing(run_id="aaa"), wish)
    again = await order(drawing(run_id="aaa"), wish)
    assert (len(made.files), [one.handle for one in again.files]) == (2, [one.handle for one in made.files])
    assert [one.fields["n"] for one in house.requests] == [2]


async def test_what_has_no_field_of_its_own_is_said_in_the_prompt(drawing: Opening, house: Any) -> None:
    wish = Wish(
        task="image",
        values={"prompt": "A cat.", "style": "ink", "negative_prompt": "dogs", "strength": 0.4, "quality": "best"},
    )
    made = await order(drawing(), wish)
    assert house.requests[0].fields["prompt"] == "A cat.\n\nStyle: ink\n\nNot to be seen in it: dogs"
    assert {"quality", "strength"} & set(house.requests[0].fields) == set()
    assert any("no quality 'best'; it has: low, medium, high" in one for one in made.notes)
    assert any("no strength" in one for one in made.notes)


async def test_more_pictures_than_a_request_takes_are_asked_for_in_several(drawing: Opening, house: Any) -> None:
    run = drawing("some-open-model")
    made = await order(run, Wish(task="image", values={"prompt": "A cat.", "count": 3, "aspect": "16:9"}))
    assert len({one.handle for one in made.files}) == 3
    assert [one.fields for one in house.requests] == [
        {"model": "some-open-model", "prompt": "A cat.", "size": "1368x768"}
    ] * 3


async def test_a_picture_is_changed_without_its_metadata_and_upright(
    drawing: Opening, house: Any, tmp_path: Path
) -> None:
    run = drawing()
    picture, other = adopted(run, photo(tmp_path / "a.jpg", turned=True)), adopted(run, photo(tmp_path / "b.png"))
    files = {"picture": (picture,), "pictures": (other,)}
    made = await order(run, Wish(task="edit", values={"prompt": "At night."}, files=files))
    sent = house.requests[0]
    assert (sent.path, sent.fields) == ("/v1/images/edits", {"model": "gpt-image-2.5-flare", "prompt": "At night."})
    assert [name for name, _ in sent.files] == ["image[]", "image[]"]
    assert [sent.picture(at).size for at in (0, 1)] == [(240, 320), (320, 240)]
    assert not any(b"stranger" in content for _, content in sent.files)
    assert made.files[0].media_type == "image/png"
    assert run.library.rows("SELECT pictures, is_local, state FROM egress") == [(2, 1, "sent")]


async def test_what_is_white_in_a_mask_is_transparent_in_what_is_sent(
    drawing: Opening, house: Any, tmp_path: Path
) -> None:
    run = drawing()
    files = {"picture": (adopted(run, photo(tmp_path / "a.png")),), "mask": (adopted(run, mask(tmp_path / "m.png")),)}
    await order(run, Wish(task="inpaint", values={"prompt": "A door."}, files=files))
    sent = house.requests[0]
    assert [name for name, _ in sent.files] == ["image", "mask"]
    assert [sent.picture(1).getpixel(at)[3] for at in ((10, 10), (300, 10))] == [0, 255]


async def test_a_picture_is_drawn_on_beyond_its_edges_and_comes_back_in_its_own_size(
    drawing: Opening, house: Any, tmp_path: Path
) -> None:
    run = drawing()
    picture = adopted(run, photo(tmp_path / "a.png", (600, 400)))
    values = {"prompt": "A wide beach.", "left_pixels": 200, "right_pixels": 100}
    made = await order(run, Wish(task="outpaint", values=values, files={"picture": (picture,)}))
    sent = house.requests[0]
    width, height = (int(one) for one in sent.fields["size"].split("x"))
    assert sent.picture(0).size == sent.picture(1).size == (width, height)
    alpha = sent.picture(1).getchannel("A")
    empty = [alpha.getpixel((round(share * width), height // 2)) for share in (0.1, 0.3, 0.6, 0.95)]
    assert empty == [0, 255, 255, 0], "transparent where something is to be drawn: a third left, a ninth right"
    assert size_of(made, run) == (900, 400)


async def test_seedream_gets_pictures_as_data_and_no_watermark(drawing: Opening, house: Any, tmp_path: Path) -> None:
    run = drawing("doubao-seedream-4-5-251128")
    files = {"pictures": tuple(adopted(run, photo(tmp_path / f"{name}.png", (64, 48 + name))) for name in (1, 2))}
    made = await order(run, Wish(task="blend", values={"prompt": "Both.", "aspect": "16:9"}, files=files))
    fields = dict(house.requests[0].fields)
    assert [one[:22] for one in fields.pop("image")] == ["data:image/png;base64,"] * 2
    width, height = (int(one) for one in fields.pop("size").split("x"))
    assert width * height >= 3_686_400 and width / height == pytest.approx(16 / 9, rel=0.01)
    assert fields == {
        "model": "doubao-seedream-4-5-251128",
        "prompt": "Both.",
        "response_format": "b64_json",
        "watermark": False,
        "sequential_image_generation": "disabled",
    }
    assert made.files[0].media_type == "image/jpeg"
    assert run.budget.spent.units["output_tokens"] == width * height // 256


async def test_a_chat_that_draws_gives_its_picture_its_words_and_its_price(
    drawing: Opening, house: Any, tmp_path: Path
) -> None:
    run = drawing("google/gemini-3-pro-image-preview")
    picture = adopted(run, photo(tmp_path / "a.png"))
    values = {"prompt": "At night.", "width_pixels": 1900, "height_pixels": 1080}
    made = await make("draw", Wish(task="edit", values=values, files={"picture": (picture,)}), run)
    fields = house.requests[0].fields
    assert (fields["modalities"], fields["image_config"]) == (
        ["image", "text"],
        {"aspect_ratio": "16:9", "image_size": "1K"},
    )
    assert made.texts == ("Here it is.",)
    assert made.notes == (
        "`house:google/gemini-3-pro-image-preview` takes no size such as 1900, 1080; what comes nearest is 16:9 1K.",
    )
    assert run.budget.spent.usd == 0.039, "as the answer says"


@pytest.mark.parametrize(
    ("model", "fault"),
    [("gpt-image-2.5-flare", "policy"), ("seedream-4-5", "filtered"), ("gemini-2.5-flash-image", "filtered")],
)
async def test_what_the_policy_refuses_is_said_with_its_reason(
    drawing: Opening, house: Any, model: str, fault: str
) -> None:
    house.faults = [fault]
    run = drawing(model)
    with pytest.raises(ArgumentError, match=r"(safety system|sensitive|IMAGE_SAFETY).*(?i:nothing was made)"):
        await order(run, Wish(task="image", values={"prompt": "Something."}))
    if fault == "policy":
        assert run.budget.spent.usd == 0, "a refused request is given back"
    assert run.library.rows("SELECT count(*) FROM artifacts")[0][0] == 0


async def test_words_instead_of_a_picture_are_told(drawing: Opening, house: Any) -> None:
    house.faults = ["nothing"]
    with pytest.raises(MediaError, match=r"answered without a picture.*which one do you mean"):
        await order(drawing("gemini-2.5-flash-image"), Wish(task="image", values={"prompt": "A cat."}))


async def test_a_busy_server_is_asked_again_and_pays_once(drawing: Opening, house: Any) -> None:
    house.faults = ["busy", "busy"]
    run = drawing()
    await order(run, Wish(task="image", values={"prompt": "A cat."}))
    assert (len(house.requests), run.budget.spent.orders) == (3, 1)


@pytest.mark.parametrize("fault", ["cut", "failed", "not base64", "expired"])
async def test_what_may_have_been_paid_is_not_sent_again(drawing: Opening, house: Any, fault: str) -> None:
    house.faults = [fault]
    run = drawing()
    wish = Wish(task="image", values={"prompt": "A cat."})
    with pytest.raises(ProviderError) as caught:
        await order(run, wish)
    assert "`house" in str(caught.value)
    assert run.budget.spent.unknown == 1
    with pytest.raises(OutcomeUnknown):
        await order(run, wish)
    assert len(house.made) == 1
    assert run.library.rows("SELECT count(*) FROM artifacts")[0][0] == 0


async def test_a_result_at_an_address_of_the_server_is_fetched(drawing: Opening, house: Any) -> None:
    house.faults = ["by address"]
    run = drawing()
    made = await order(run, Wish(task="image", values={"prompt": "A cat."}))
    assert size_of(made, run) == (1024, 1024)
    assert [one.path.split("/")[1] for one in house.requests] == ["v1", "results"]


@pytest.mark.parametrize(
    ("model", "module"), [("gpt-image-2.5-flare", openai_pictures), ("gemini-3-pro-image-preview", chat_pictures)]
)
async def test_no_more_addresses_are_asked_than_files_are_taken(
    drawing: Opening, house: Any, monkeypatch: pytest.MonkeyPatch, model: str, module: ModuleType
) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 0)
    house.faults = ["by address"]
    with pytest.raises(MediaError, match="answered without a picture"):
        await order(drawing(model), Wish(task="image", values={"prompt": "A cat."}))
    assert [one.path.split("/")[1] for one in house.requests] == ["v1"]


async def test_what_is_no_picture_is_kept_and_refused(drawing: Opening, house: Any) -> None:
    house.faults = ["wrong type"]
    run = drawing(degrade=False)
    with pytest.raises(MediaError, match="artifact://sha256/"):
        await make("draw", Wish(task="image", values={"prompt": "A cat."}), run)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(task="image", values={"prompt": "  "}), "`prompt` is empty"),
        (Wish(task="image", values={"prompt": "a" * 32_001}), "32,001 characters.*at most 32,000"),
        (Wish(task="image", values={"prompt": "A", "count": 0}), "`count` is 0"),
        (Wish(task="image", values={"prompt": "A", "size": "large"}), "`size` is 'large'"),
        (Wish(task="image", values={"prompt": "A", "aspect": "wide"}), "`aspect` is 'wide'"),
        (Wish(task="image", values={"prompt": "A", "resolution": "huge"}), "`resolution` is 'huge'"),
        (Wish(task="edit", values={"prompt": "A"}), "`edit` needs `picture`"),
        (Wish(task="inpaint", values={"prompt": "A"}, files={"picture": ("x",)}), "`inpaint` needs `mask`"),
        (Wish(task="outpaint", values={"prompt": "A"}, files={"picture": ("x",)}), "how far to draw on"),
        (Wish(task="blend", values={"prompt": "A"}, files={"pictures": ("x",)}), "two pictures or more"),
        (Wish(task="blend", values={"prompt": "A"}, files={"pictures": ("x",) * 17}), "at most 16 pictures"),
        (Wish(task="upscale", values={"scale": 2}, files={"picture": ("x",)}), "does not 'upscale'; it can: image"),
    ],
)
async def test_what_cannot_be_had_is_said_before_anything_is_sent(
    drawing: Opening, house: Any, wish: Wish, words: str
) -> None:
    with pytest.raises(ArgumentError, match=words):
        maker(drawing()).fit(wish)
    assert house.requests == []


async def test_files_that_do_not_fit_are_refused_before_anything_is_sent(
    drawing: Opening, house: Any, tmp_path: Path
) -> None:
    run = drawing()
    picture = adopted(run, photo(tmp_path / "a.png"))
    small, black = adopted(run, mask(tmp_path / "s.png", (32, 24))), adopted(run, mask(tmp_path / "b.png", white=False))
    (tmp_path / "n.png").write_bytes(b"no picture at all")
    none = adopted(run, tmp_path / "n.png")
    cases = [
        (small, ArgumentError, "32×24 px, and the picture 'a.png' has 320×240"),
        (black, ArgumentError, "no white in it"),
        (none, MediaError, "'n.png' is not a picture"),
    ]
    for given, kind, words in cases:
        with pytest.raises(kind, match=words):
            files = {"picture": (picture,), "mask": (given,)}
            await order(run, Wish(task="inpaint", values={"prompt": "A"}, files=files))
    with pytest.raises(ArgumentError, match=r"would have 16,320×16,240 px with these margins"):
        wide = {"prompt": "A", "left_pixels": 16_000, "top_pixels": 16_000}
        await order(run, Wish(task="outpaint", values=wide, files={"picture": (picture,)}))
    noise = tmp_path / "noise.png"
    Image.effect_noise((1700, 1700), 90).convert("RGB").save(noise)
    tight = drawing("dall-e-2")
    with pytest.raises(ArgumentError, match=r"1,700×1,700 px, which are [\d,]+ bytes; the limit .* 4,000,000"):
        values = {"prompt": "A", "left_pixels": 1}
        handle = adopted(tight, noise)
        files = {"picture": (handle,), "mask": (adopted(tight, mask(tmp_path / "l.png", (1700, 1700))),)}
        await order(tight, Wish(task="inpaint", values=values, files=files))
    assert house.requests == [] and run.budget.spent.orders == 0


async def test_a_cap_is_held_before_anything_is_sent(drawing: Opening, house: Any) -> None:
    run = drawing(caps=Caps(usd=0.01))
    with pytest.raises(OverBudget):
        await order(run, Wish(task="image", values={"prompt": "A cat."}))
    assert house.requests == []


async def test_nothing_leaves_this_machine_where_nothing_may(settings: Settings) -> None:
    endpoint = Endpoint(name="far", base_url="https://far.example/v1")
    chosen = replace(settings, models={"draw": "far:gpt-image-2"}, endpoints={"far": endpoint}, local_only=True)
    run = Run.open(chosen)
    try:
        assert "lets nothing leave this machine" in str(maker(run).missing())
        with pytest.raises((LocalOnlyError, ToolError)):
            await order(run, Wish(task="image", values={"prompt": "A cat."}))
    finally:
        run.library.close()


async def test_another_endpoint_is_asked_in_its_own_way_when_the_first_is_down(settings: Settings, house: Any) -> None:
    down = Endpoint(name="down", base_url="http://127.0.0.1:9/v1")
    endpoints = {"down": down, "house": Endpoint(name="house", base_url=house.url)}
    models, fallbacks = {"draw": "down:gpt-image-2"}, {"draw": ("house:gemini-2.5-flash-image",)}
    run = Run.open(replace(settings, models=models, fallbacks=fallbacks, endpoints=endpoints))
    try:
        call = run.within(Call(id="c1", tool="make_image", arguments={}, inputs=[]))
        made = await make("draw", Wish(task="image", values={"prompt": "A cat."}), call)
        assert made.served_by == "house:gemini-2.5-flash-image"
        assert "`down` cannot be reached" in made.notes[0]
        assert [one.path for one in house.requests] == ["/v1/chat/completions"]
    finally:
        run.library.close()


async def test_an_endpoint_is_tried_out_without_paying(drawing: Opening, house: Any) -> None:
    assert await maker(drawing()).try_out(drawing()) is None  # type: ignore[attr-defined]
    assert [one.path for one in house.requests] == ["/v1/models"]


def test_a_picture_of_the_server_is_another_one_for_other_words(openai_media: ModuleType) -> None:
    one, other = (openai_media.drawn(64, 64, words) for words in ("a", "b"))
    assert one != other and Image.open(io.BytesIO(one)).size == (64, 64)
