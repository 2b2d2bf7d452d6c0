"""What is said of weights of which a part is gone."""

import shutil
from pathlib import Path

import pytest

from sensorium.tools.base.errors import UnavailableError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.local.weights import Weights


def weights(settings: Settings, model: str) -> Weights:
    return Weights(settings, "embed", "clip", model, "config.json", ())


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model in the hub's cache, laid out as the hub lays it: links to what lies beside them."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    storage = tmp_path / "hub" / "models--someone--some-model"
    snapshot = storage / "snapshots" / "0123"
    for folder in (storage / "refs", storage / "blobs", snapshot):
        folder.mkdir(parents=True)
    (storage / "refs" / "main").write_text("0123")
    for name in ("config.json", "model.safetensors"):
        (storage / "blobs" / name).write_text("{}")
        (snapshot / name).symlink_to(storage / "blobs" / name)
    return snapshot


def test_a_link_to_nothing_is_told_as_weights_that_are_incomplete(settings: Settings, run: Run, cached: Path) -> None:
    model = weights(settings, "someone/some-model")
    assert model.missing() is None and model.fetched(run) == cached
    whole = model.identity
    (cached / "model.safetensors").resolve().unlink()
    assert model.identity.startswith("clip:someone/some-model@") and model.identity != whole
    with pytest.raises(
        UnavailableError, match=r"incomplete: `model.safetensors` .* downloads are switched off"
    ) as raised:
        model.fetched(run)
    assert "run `hf download someone/some-model`" in str(raised.value)
    assert model.missing() == str(raised.value)


def test_a_folder_of_links_that_was_copied_alone_is_told_with_its_fix(
    settings: Settings, run: Run, cached: Path, tmp_path: Path
) -> None:
    shutil.copytree(cached, tmp_path / "copy", symlinks=True)
    (cached / "model.safetensors").resolve().unlink()
    with pytest.raises(UnavailableError, match=r"incomplete: .* Copy the folder again, with the files"):
        weights(settings, str(tmp_path / "copy")).fetched(run)


def test_what_is_gone_from_the_cache_counts_as_there_where_it_can_be_downloaded(tmp_path: Path, cached: Path) -> None:
    (cached / "model.safetensors").resolve().unlink()
    assert weights(Settings(home=tmp_path), "someone/some-model").missing() is None
