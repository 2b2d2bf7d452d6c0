"""Meanings of texts as numbers, through `/embeddings` of an OpenAI-compatible endpoint; each text is paid once."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..base import faults
from ..base.endpoints import ServedModel
from ..base.paid import request_files
from ..base.price import quote_of
from ..base.settings import Settings
from ..base.tokens import text_tokens
from .at_own_endpoint import AtOwnEndpoint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..base.run import Run

MOST_CHARACTERS = 6000
"""Of a text; OpenAI's models take 8192 tokens, and a hanzi may be more than one."""
MOST_TEXTS, MOST_TOGETHER = 256, 200_000
"""Texts of one request, and their characters; OpenAI takes 2048 texts and 300 000 tokens."""


def provider(settings: Settings, model: str) -> "EndpointEmbeddings":
    return EndpointEmbeddings(settings, model, "embed")


class EndpointEmbeddings(AtOwnEndpoint):
    """A model that knows what texts are about, somewhere else."""

    async def embed(self, texts: Sequence[str], *, run: "Run") -> "NDArray[np.float32]":
        """Return a row for each text; only those that are not known yet are sent.

        Raises:
            OverBudget, OutcomeUnknown, ProviderError, SettingsError: They could not be ordered.
        """
        import numpy as np

        served = self._served()
        keys = [_key(served, one) for one in texts]
        known = _known(keys, run)
        new = {key: text[:MOST_CHARACTERS] for key, text in zip(keys, texts, strict=True) if key not in known}
        for batch in _batches(new):
            run.check()
            await self._ask(served, batch, run)
        known |= _known(list(new), run)
        if any(one not in known for one in keys) or len({len(one) for one in known.values()}) != 1:
            raise faults.broken_off(served, "its rows of numbers have several lengths, or some are missing")
        return np.stack([known[one] for one in keys])

    async def _ask(self, served: ServedModel, batch: Mapping[str, str], run: "Run") -> None:
        body = {"model": served.name, "input": list(batch.values()), **served.endpoint.quirks.body}
        tokens = float(sum(text_tokens(one) for one in batch.values()))
        units = {"calls": 1.0, "input_tokens": 2 * tokens}
        quote = quote_of(served, units, likely={**units, "input_tokens": tokens})

        async def keep(answer: dict[str, Any]) -> dict[str, Any]:
            rows = _rows(served, answer, len(batch))
            with run.library.transaction(durable=False) as db:
                for key, row in zip(batch, rows, strict=True):
                    db.execute("INSERT OR REPLACE INTO vectors VALUES (?,?)", (key, row.tobytes()))
            return {"count": len(rows)}

        await request_files(run, served, "/embeddings", body, quote=quote, keep=keep)


def _key(served: ServedModel, text: str) -> str:
    # A length that is asked for (`dimensions`) gives other numbers.
    more = json.dumps(served.endpoint.quirks.body, sort_keys=True) if served.endpoint.quirks.body else ""
    return hashlib.sha256(f"{served.full_name}{more}\n{text[:MOST_CHARACTERS]}".encode(errors="replace")).hexdigest()


def _known(keys: Sequence[str], run: "Run") -> "dict[str, NDArray[np.float32]]":
    import numpy as np

    asked = json.dumps(list(dict.fromkeys(keys)))
    found = run.library.rows("SELECT key, vector FROM vectors WHERE key IN (SELECT value FROM json_each(?))", (asked,))
    return {key: np.frombuffer(vector, np.float32) for key, vector in found}


def _batches(texts: Mapping[str, str]) -> Iterator[dict[str, str]]:
    batch: dict[str, str] = {}
    size = 0
    for key, text in texts.items():
        if batch and (len(batch) == MOST_TEXTS or size + len(text) > MOST_TOGETHER):
            yield batch
            batch, size = {}, 0
        batch[key] = text
        size += len(text)
    if batch:
        yield batch


def _rows(served: ServedModel, answer: Mapping[str, Any], count: int) -> "list[NDArray[np.float32]]":
    """Return the numbers of each text, of length 1.

    Raises:
        ProviderError: There are not as many as were asked for, or they are no numbers.
    """
    import numpy as np

    data = answer.get("data")
    listed = [one for one in data if isinstance(one, Mapping)] if isinstance(data, list) else []
    listed.sort(key=lambda one: one["index"] if isinstance(one.get("index"), int) else 0)
    rows = []
    for one in listed:
        try:
            with np.errstate(over="ignore"):  # it is infinite then, and seen below
                row = np.asarray(one.get("embedding"), np.float32)
                length = float(np.linalg.norm(row)) if row.ndim == 1 and row.size else 0.0
        except (TypeError, ValueError, OverflowError):
            break
        if not np.isfinite(length) or not length:
            break
        rows.append((row / length).astype(np.float32))
    if len(rows) != count:
        raise faults.broken_off(served, f"{count} texts were sent, and {len(rows)} rows of numbers came")
    return rows
