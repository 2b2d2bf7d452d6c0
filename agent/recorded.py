"""Orders what a chat model says: within the budget, and from the ledger when the run has paid for it before."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from ..tools.base.budget import Budget, Order
from ..tools.base.endpoints import ServedModel
from ..tools.base.errors import ProviderError
from ..tools.base.paid import charged, order_key, units_of
from ..tools.base.price import Quote, counted, price_of, quote_of, tokens_in
from ..tools.base.secret_logs import logger_of
from ..tools.base.tokens import PictureTokens
from .stream import Call, CallPiece, Completion, Piece

logger = logger_of(__name__)

Pieces = AsyncGenerator[Piece, None]
Send = Callable[[ServedModel, bytes, Completion], Pieces]
"""Sends a request and yields what comes, while it puts the completion together."""

PATH = "/chat/completions"
CUT_BY_BUDGET = "cut_by_budget"
"""Marks in `response_metadata` an answer that would be longer with more money."""
MOST_TOKENS = 8_192
"""The longest answer that is reserved, where the settings give no limit `output_tokens`."""
LEAST_TOKENS, LEAST_LAST_TOKENS = 512, 96
"""A shorter answer is not worth asking for: one that may plan, and one that may only say the last word."""
_SIDES_PIXELS = (512, 1024, 2048)
"""What a picture may measure, for its low, likely and high count of tokens: the message does not say."""


async def ordered(
    budget: Budget | None,
    models: Sequence[ServedModel],
    body_for: Callable[[ServedModel], Mapping[str, Any]],
    send: Send,
    completion: Completion,
) -> Pieces:
    """Yield an answer as it comes, and put it together in `completion`.

    Args:
        budget: Who pays; None: nobody counts.
        models: Who is asked; each further one when those before it are down.
        body_for: Returns the request for a model.
        send: Sends a request.
        completion: What the answer becomes.

    Raises:
        OverBudget: The answer may cost more than is left.
        SettingsError: The key, the model, the address or the price is missing or wrong.
        ProviderError: All are down, refuse, or broke off after they had begun to answer.
    """
    for number, served in enumerate(models):
        own, has_begun = Completion(), False
        try:
            body = body_for(served)
            pieces = send(served, written(body), own) if budget is None else _paid(budget, served, body, send, own)
            async with aclosing(pieces):
                async for piece in pieces:
                    has_begun = has_begun or bool(piece.text or piece.calls)
                    yield piece
        except ProviderError as error:
            if has_begun or number + 1 == len(models):
                raise
            logger.warning("%s `%s` is asked instead.", error, models[number + 1].full_name)
        else:
            if number:
                own.about |= {"endpoint": served.endpoint.name, "model_name": served.name}
                own.about |= {"instead_of": models[0].full_name}
            completion.become(own)
            return


async def _paid(
    budget: Budget, served: ServedModel, body: Mapping[str, Any], send: Send, completion: Completion
) -> Pieces:
    request = written(body)
    quote, most_tokens = _quoted(budget, served, body, len(request))
    order = Order(served=served, key=order_key(served, PATH, request), quote=quote, asks_again=True)
    async with budget.paying(order) as payment:
        if payment.outcome is not None:
            yield _replayed(payment.outcome, completion)
            return
        if most_tokens is not None:  # not part of the key: what is left differs after an interruption
            request = request[:-1] + f',"{served.endpoint.quirks.max_tokens}":{most_tokens}}}'.encode()
        texts: list[str] = []
        thoughts: list[str] = []
        async with aclosing(send(served, request, completion)) as pieces:
            async for piece in pieces:
                texts.append(piece.text)
                thoughts.append(piece.reasoning)
                yield piece
        if completion.finish_reason == "length" and most_tokens is not None and most_tokens < _most(served):
            completion.about[CUT_BY_BUDGET] = True
        cost = charged({"usage": completion.usage})
        outcome = _outcome("".join(texts), "".join(thoughts), completion)
        payment.settle(outcome=outcome, units=_units(completion.usage, quote), usd=cost)


def written(body: Mapping[str, Any]) -> bytes:
    """Return a request as it is sent, once: writing a long one is the dearest part of sending it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _quoted(budget: Budget, served: ServedModel, body: Mapping[str, Any], size_bytes: int) -> tuple[Quote, int | None]:
    """Return what an answer will cost, and the most tokens it may have where a cap has to hold."""
    pictures, picture_bytes = _pictures(body)
    rule = served.ability.picture_tokens or PictureTokens()
    low, likely, high = (
        text + pictures * rule.count(side, side)
        for text, side in zip(tokens_in(size_bytes - picture_bytes), _SIDES_PIXELS, strict=True)
    )
    taken: dict[str, float] = {"calls": 1, "input_tokens": high}
    most = _most(served)
    affordable = _affordable(budget, served, taken)
    if affordable is not None:
        most = max(min(most, affordable), LEAST_TOKENS if "tools" in body else LEAST_LAST_TOKENS)
    quote = quote_of(
        served,
        {**taken, "output_tokens": most},
        likely={"calls": 1, "input_tokens": likely, "output_tokens": min(most, 500)},
        low={"calls": 1, "input_tokens": low, "output_tokens": min(most, 50)},
    )
    return quote, None if affordable is None else most


def _most(served: ServedModel) -> int:
    """Return the longest answer that is reserved where the caps leave enough."""
    return int(served.limits.get("output_tokens", MOST_TOKENS))


def _affordable(budget: Budget, served: ServedModel, taken: Mapping[str, float]) -> int | None:
    """Return how many tokens of an answer the caps leave; None where no cap counts them."""
    allowed = [left] if (left := budget.left("output_tokens")) is not None else []
    price = price_of(served)
    if price and budget.left_usd is not None and (each := price.usd.get("output_tokens")):
        allowed.append((budget.left_usd - (price.of(taken) or 0.0)) / each)
    return max(0, int(min(allowed))) if allowed else None


def _pictures(body: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many pictures a request holds, and how many bytes of it they are."""
    addresses = [
        part["image_url"]["url"]
        for message in body["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part.get("type") == "image_url"
    ]
    return len(addresses), sum(map(len, addresses))


def _outcome(text: str, reasoning: str, completion: Completion) -> dict[str, Any]:
    """Return a whole answer as plain data."""
    return {
        "text": text,
        "reasoning": reasoning,
        "calls": [{"id": one.id, "name": one.name, "arguments": one.arguments} for one in completion.calls],
        "finish_reason": completion.finish_reason,
        "usage": completion.usage,
    }


def _replayed(said: Mapping[str, Any], completion: Completion) -> Piece:
    """Put a recorded answer into a completion, and return all of it as one piece."""
    completion.calls = [Call(number=number, **call) for number, call in enumerate(said["calls"])]
    completion.finish_reason, completion.usage, completion.is_done = said["finish_reason"], said["usage"], True
    pieces = (
        CallPiece(one.number, one.name, one.arguments if isinstance(one.arguments, str) else json.dumps(one.arguments))
        for one in completion.calls
    )
    return Piece(text=said["text"], reasoning=said["reasoning"], calls=tuple(pieces))


def _units(usage: Mapping[str, Any] | None, quote: Quote) -> dict[str, float] | None:
    """Return the tokens as the server counted them; None when it did not, so that they are charged as reserved."""
    if not usage or not counted(usage.get("prompt_tokens")):
        return None
    return units_of({"usage": usage}, quote.units)
