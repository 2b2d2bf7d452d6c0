"""Make a Whisper model of random numbers: the real file formats in under a megabyte, and noise for words."""

import json
from pathlib import Path

import numpy as np
from ctranslate2.specs.whisper_spec import WhisperSpec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WIDTH, HEADS, MELS = 16, 2, 80


def tiny_whisper(folder: Path) -> Path:
    """Write a model that faster-whisper loads like any other."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    # The empty string is what tells CTranslate2 that a model knows several languages.
    specials = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in _LANGUAGE_CODES)]
    specials += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    specials += ["<|notimestamps|>"]
    times = [f"<|{number * 0.02:.2f}|>" for number in range(1501)]
    vocabulary = [*letters, "", *specials, *times]
    _model(vocabulary).save(str(folder))
    tokenizer = Tokenizer(models.BPE(vocab={text: at for at, text in enumerate([*letters, ""])}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in specials])
    tokenizer.add_tokens([AddedToken(text) for text in times])
    tokenizer.save(str(folder / "tokenizer.json"))
    mels = {"feature_size": MELS, "sampling_rate": 16_000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps(mels))
    return folder


def _model(vocabulary: list[str]) -> WhisperSpec:
    numbers = np.random.default_rng(7)

    def random(*shape: int) -> np.ndarray:
        return (numbers.standard_normal(shape) * 0.05).astype(np.float32)

    def norm(layer: object) -> None:
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def linear(layer: object, rows: int, columns: int) -> None:
        layer.weight, layer.bias = random(rows, columns), random(rows)

    def attention(layer: object, *, crossed: bool) -> None:
        norm(layer.layer_norm)
        sizes = (WIDTH, 2 * WIDTH, WIDTH) if crossed else (3 * WIDTH, WIDTH)
        for part, rows in zip(layer.linear, sizes, strict=True):
            linear(part, rows, WIDTH)

    def feed_forward(layer: object) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * WIDTH, WIDTH)
        linear(layer.linear_1, WIDTH, 4 * WIDTH)

    spec = WhisperSpec(1, HEADS, 1, HEADS)
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = random(WIDTH, MELS, 3), random(WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = random(WIDTH, WIDTH, 3), random(WIDTH)
    encoder.position_encodings.encodings = random(1500, WIDTH)
    decoder.embeddings.weight = random(len(vocabulary), WIDTH)
    decoder.position_encodings.encodings = random(448, WIDTH)
    linear(decoder.projection, len(vocabulary), WIDTH)
    # Clear preferences, so that decoding ends at once: for letters, for the end, against the 1501 times.
    decoder.projection.weight *= 20
    bias = decoder.projection.bias
    for letter in "abcdefghijklmnopqrstuvwxyz":
        bias[vocabulary.index(letter)] = 6.0
    bias[vocabulary.index("<|endoftext|>")] = 6.0
    bias[vocabulary.index("<|0.00|>") :] = -8.0
    for side in (encoder, decoder):
        norm(side.layer_norm)
        for layer in side.layer:
            attention(layer.self_attention, crossed=False)
            if side is decoder:
                attention(layer.attention, crossed=True)
            feed_forward(layer.ffn)
    first_language = vocabulary.index("<|startoftranscript|>") + 1
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = list(range(first_language, first_language + len(_LANGUAGE_CODES)))
    spec.config.alignment_heads = [(0, head) for head in range(HEADS)]
    spec.register_vocabulary(vocabulary)
    spec.validate()
    return spec
