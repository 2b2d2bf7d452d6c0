"""The words for kinds of media, and the kinds of files that parts of results are."""

from typing import Any

from .names import plain_name

ANYTHING = "any"

_KINDS = {
    "image": "picture", "picture": "picture", "photo": "picture",
    "img": "picture", "jpg": "picture", "jpeg": "picture", "png": "picture",
    "video": "video", "videos": "video", "movie": "video", "film": "video", "clip": "video",
    "audio": "audio", "audios": "audio", "sound": "audio", "speech": "audio", "voice": "audio", "music": "audio",
    "text": "text", "texts": "text", "txt": "text", "string": "text", "str": "text", "transcript": "text",
    "json": "text", "csv": "text", "srt": "text", "vtt": "text", "subtitles": "text", "markdown": "text",
    "html": "text",
    "url": "url", "urls": "url", "link": "url",
    "frame": "picture", "frames": "frames", "images": "frames", "pictures": "frames", "photos": "frames",
    "image[]": "frames", "picture[]": "frames", "list[image]": "frames", "list[picture]": "frames",
    "any": ANYTHING, "file": ANYTHING, "media": ANYTHING, "*": ANYTHING, "": ANYTHING,
}  # fmt: skip
MEDIA_KINDS = frozenset({"picture", "video", "audio", "text", "url", "frames"})

# Fields of our tools' results that are files, by name. An artifact's type is known only when it is made.
_FILES = {
    "picture": "picture", "pictures": "picture", "sheet": "picture", "marked": "picture", "image": "picture",
    "cover": "picture", "audio": "audio", "sound": "audio", "speech": "audio", "music": "audio", "video": "video",
    "clip": "video", "film": "video", "transcript": "text", "text_file": "text", "srt": "text", "vtt": "text",
    "text": "text", "markdown": "text", "html": "text", "listing": "text", "details": "text",
}  # fmt: skip
# Strings that are handles of files of some kind.
HANDLES = frozenset({"media", "handle", "artifact", "second", "file", "path", "first"})
# Parts of a result that are there only when an argument asks for them.
_ASKED_FOR = {"sheet": ("contact_sheet", True)}


def kind(word: Any) -> str:
    """Return a kind of media under the one name it has here."""
    if not isinstance(word, str):
        return ANYTHING
    text = word.strip().casefold()
    # `image/png` and `video/*` are media types.
    return _KINDS.get(text) or _KINDS.get(text.partition("/")[0], text)


def names_of(one: str) -> tuple[str, ...]:
    """Return the words for a kind, as plain names."""
    return tuple(plain_name(word) for word, meant in _KINDS.items() if meant == one and word)


def kind_of_file(name: str) -> str:
    """Return the kind of the file that a part of a result is, by its name; `any` when that does not say."""
    return _FILES.get(name, ANYTHING)


def asked_for(part: str) -> tuple[str, Any] | None:
    """Return the argument and its value without which a result does not have a part."""
    return _ASKED_FOR.get(part)
