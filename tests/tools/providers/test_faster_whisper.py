from dataclasses import replace
from pathlib import Path

import pytest

from sensorium.tools.base.settings import Settings
from sensorium.tools.providers import faster_whisper
from sensorium.tools.providers.faster_whisper import REPOSITORIES, FasterWhisper, _parts


def chosen(settings: Settings, hear: str | None) -> FasterWhisper:
    return faster_whisper.provider(replace(settings, models={"hear": hear} if hear else {}))


def test_the_sizes_are_those_of_the_package() -> None:
    from faster_whisper.utils import _MODELS

    assert REPOSITORIES == _MODELS


def test_the_identity_changes_when_the_model_arrives(
    settings: Settings, tiny_whisper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    model = chosen(replace(settings, offline=False), None)
    assert (model.identity, model.missing()) == ("faster-whisper:base (to be downloaded)", None)
    stored = tmp_path / "models--Systran--faster-whisper-base"
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text("abc")
    (stored / "snapshots").mkdir()
    (stored / "snapshots" / "abc").symlink_to(tiny_whisper, target_is_directory=True)
    assert model.identity.startswith("faster-whisper:base@")
    assert model.missing() is None


def test_a_cached_model_of_another_size_serves_when_none_was_chosen(
    settings: Settings, tiny_whisper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    stored = tmp_path / "models--Systran--faster-whisper-tiny"
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text("abc")
    (stored / "snapshots").mkdir()
    (stored / "snapshots" / "abc").symlink_to(tiny_whisper, target_is_directory=True)
    assert chosen(settings, None).identity.startswith("faster-whisper:tiny@")
    assert chosen(settings, "faster-whisper:base").missing() is not None


@pytest.mark.parametrize(
    ("hear", "says"),
    [
        ("faster-whisper:huge", "names the model 'huge'. The sizes are: tiny, tiny.en, base"),
        ("faster-whisper:/no/such/model", "names the folder '/no/such/model', which is not there or lacks"),
        ("faster-whisper:C:\\models\\whisper", "names the folder 'C:\\\\models\\\\whisper', which is not there"),
        ("faster-whisper:someone/whisper-ct2", "`someone/whisper-ct2` is not on this machine, and downloads are"),
        ("faster-whisper:small", "The model `small` is not on this machine, and downloads are switched off"),
    ],
)
def test_what_is_missing_is_told_with_the_value(settings: Settings, hear: str, says: str) -> None:
    assert says in (chosen(settings, hear).missing() or "")


def test_a_folder_without_a_tokenizer_is_refused_before_the_hub_is_asked(
    settings: Settings, tiny_whisper: Path, tmp_path: Path
) -> None:
    for name in ("model.bin", "config.json", "vocabulary.json"):
        (tmp_path / name).write_bytes((tiny_whisper / name).read_bytes())
    missing = chosen(replace(settings, offline=False), f"faster-whisper:{tmp_path}").missing()
    assert missing and "lacks one of model.bin, config.json, tokenizer.json" in missing


def test_long_sound_is_handed_over_in_parts_that_end_between_words() -> None:
    spans = [(3.0, 100.0), (101.0, 230.0), (231.0, 300.0), (500.0, 520.0)]
    assert list(_parts(spans, 521.0)) == [(2.0, 230.0), (230.0, 300.0), (499.0, 521.0)]
    assert list(_parts([], 521.0)) == []
