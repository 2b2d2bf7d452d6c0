"""Which files a request names."""

import re
from collections.abc import Sequence

from .facts import File


def files_named(request: str, files: Sequence[File]) -> list[File]:
    """Return the files whose whole name stands in a request; "talk" is a word, "talk.mp4" a name."""
    left, named = request.casefold(), set()
    names = {name for file in files if "." in (name := file.name.casefold()).strip(".")}
    for name in sorted(names, key=len, reverse=True):  # "my talk.mp4" is not also "talk.mp4"
        # Hanzi may stand right before and after a name: 转写b.mp4里的话.
        whole = rf"(?<![A-Za-z0-9_.-]){re.escape(name)}(?![A-Za-z0-9_-]|\.\w)"
        rest = re.sub(whole, " ", left)
        if rest != left:
            named.add(name)
            left = rest
    return [file for file in files if file.name.casefold() in named]
