"""Takes what was made out of an answer: addresses and encoded files, each of the kind that was ordered."""

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import MediaError, ProviderError
from ..base.makers import Wish
from ..base.sniff import sniff
from ..base.workspace import Artifact, Fact
from ..credentials.keeping import Making, keep
from ..fetching.contents import file_name
from .addresses import whole_address
from .api import expression
from .asking import Asking, is_id
from .downloading import Download
from .filling import Filling
from .shapes import Encoding, Operation
from .template import MISSING, as_text, render
from .waiting import how_to_go_on

if TYPE_CHECKING:
    from ..base.run import Run

MEDIA = ("image/", "video/", "audio/")
"""What a file may begin as; which of them it is, and ought to be, is seen where it is decoded."""
MOST_FILES = 64
MOST_LETTERS = 100_000
_SEED = re.compile(r"-?\d{1,20}", re.ASCII)


@dataclass(kw_only=True)
class Results:
    """What one order gives."""

    run: "Run"
    asking: Asking
    operation: Operation
    wish: Wish
    job: str

    async def bring(self, answer: Any, filling: Filling) -> dict[str, Any]:
        """Return the handles of what was made, the words and the seed that came with it.

        Raises:
            Expired: An address is good no more.
            ProviderError, DeniedError: Something cannot be fetched.
            MediaError: It is not of the kind that was ordered.
        """
        result = self.operation.result
        if isinstance(answer, bytes):
            answers, files = [None], [answer]
        else:
            answers, files = [answer], listed(expression(result.files)(answer)) if result.files else []
        if result.via:
            through, files = files, []
            for one in through[:MOST_FILES]:
                told = await self.asking.ask(result.via, filling.with_known(file=as_text(one)))
                answers.append(told)
                files += listed(expression(result.via.files)(told))
        if len(files) > MOST_FILES:
            raise ProviderError(
                f"`{self._who}` gives {len(files)} files for one order{self._of_job}, and at most {MOST_FILES} are "
                "taken. They are paid for and lie there; ask for fewer at once.",
                may_be_paid=True,
            )
        self.run.used(self._who)  # before anything is stored, whose provenance says it
        job = self._job(answers)
        stored = [await self._stored(one, f"{number + 1}/{len(files)}", job) for number, one in enumerate(files)]
        return {
            "files": [one.handle for one in stored],
            "texts": _texts(result.texts, answers) or self._own_text(filling),
            "seed": _seed(result.seed, answers),
            "job": job,
        }

    def _own_text(self, filling: Filling) -> list[str]:
        """Return the words that an answer does not repeat."""
        made = render(self.operation.result.text, filling) if self.operation.result.text else MISSING
        return [] if made is MISSING else [as_text(made)]

    def _job(self, answers: list[Any]) -> str:
        """Return the id with which something else can be made from it."""
        where = self.operation.result.job
        for answer in answers if where else ():
            for found in listed(expression(where or "")(answer)):
                if is_id(found):
                    return as_text(found)
        return self.job

    async def _stored(self, given: Any, part: str, job: str) -> Artifact:
        if not isinstance(given, str | bytes) or not given.strip():
            raise ProviderError(f"`{self._who}` gives a file as {type(given).__name__}, not as text.", may_be_paid=True)
        with self.run.workspace.scratch() as folder:
            path = folder / "made"
            if isinstance(given, bytes):
                await self.run.thread(path.write_bytes, given)
            elif (encoding := _encoding(given, self.operation.result.encoding)) == "url":
                await self._download(given.strip(), path, part)
            else:
                await self.run.thread(_decode, given, encoding, path, self._who, self.run.settings.fetch.max_bytes)
            media_type = await self.run.thread(_sniffed, path)
            self._check_is_media(media_type)
            made_of = [one for handles in self.wish.files.values() for one in handles]
            facts: dict[str, Fact] = {"provider": self._who, **({"job": job} if job else {})}
            return await keep(
                self.run,
                path,
                name=file_name(
                    self.wish.task if part == "1/1" else f"{self.wish.task}-{part.partition('/')[0]}", media_type
                ),
                media_type=media_type,
                making=Making(kind="model", provider=self._who, inputs=tuple(made_of), task=self.wish.task),
                facts=facts,
            )

    async def _download(self, address: str, path: Path, part: str) -> None:
        def progress(done: int, announced: int | None) -> None:
            share = min(1.0, done / announced) if announced else None
            self.run.progress(share, f"fetching what was made, {part}")

        base_url = self.asking.api.base_url
        download = Download(
            run=self.run,
            name=self.asking.api.name,
            base_url=base_url,
            keyed=self.asking.headers_of_key() if self.operation.result.keyed else {},
            progress=progress,
        )
        await download.to_file(whole_address(address, base_url), path)

    def _check_is_media(self, media_type: str) -> None:
        if not media_type.startswith(MEDIA):
            again = how_to_go_on(self.run) if self.job else "It may be paid for."
            raise MediaError(
                f"What `{self._who}` gives as made is {media_type}{self._of_job}: no picture, film or sound. It was "
                f"not kept. {again} Another `seed`, or other words, are another order."
            )

    @property
    def _of_job(self) -> str:
        return f" (job {self.job!r})" if self.job else ""

    @property
    def _who(self) -> str:
        return self.asking.served.full_name


def _encoding(text: str, usual: Encoding) -> Encoding:
    return "data_url" if text[:5].lower() == "data:" else usual


def listed(found: Any) -> list[Any]:
    """Return what an expression found as a list without gaps."""
    if isinstance(found, list):
        return [one for part in found for one in listed(part)]
    return [] if found is None or found == "" else [found]


def _texts(where: str | None, answers: list[Any]) -> list[str]:
    for answer in answers if where else ():
        if found := listed(expression(where or "")(answer)):
            return [as_text(one)[:MOST_LETTERS] for one in found[:MOST_FILES] if isinstance(one, str | int | float)]
    return []


def _seed(where: str | None, answers: list[Any]) -> int | None:
    for answer in answers if where else ():
        for found in listed(expression(where or "")(answer)):
            if isinstance(found, str | int) and _SEED.fullmatch(str(found)):
                return int(found)
    return None


def _decode(text: str, encoding: Encoding, path: Path, who: str, most_bytes: int) -> None:
    """Write a file that came as text.

    Raises:
        MediaError: It is too large, or no such text.
    """
    if len(text) > 2 * most_bytes:
        raise MediaError(f"What `{who}` made is larger than the limit of {most_bytes:,} bytes.")
    body = text.partition(",")[2] if encoding == "data_url" else text
    try:
        content = bytes.fromhex(body) if encoding == "hex" else base64.b64decode(body, validate=False)
    except (ValueError, binascii.Error) as error:
        raise MediaError(f"What `{who}` made came damaged: it is no {encoding} ({error}). Ask for it again.") from None
    if not content:
        raise MediaError(f"What `{who}` made is empty (0 bytes). Ask for it again.")
    path.write_bytes(content)


def _sniffed(path: Path) -> str:
    with path.open("rb") as file:
        return sniff(file).media_type
