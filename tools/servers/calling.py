"""One call of a tool of another server: noted before it is sent, sent once, its answer read."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..base.budget import Order, OutcomeUnknown
from ..base.contents import Contents
from ..base.endpoints import Endpoint, ServedModel
from ..base.errors import ToolError, TransientError, UnavailableError
from ..base.labels import of_mcp
from ..base.memo import canonical, digest
from ..base.price import Quote
from ..base.run import Run
from ..base.secrets import redact_model
from .answer import RemoteAnswer
from .configured import Server
from .failures import NotSent
from .files import refuse_handles, with_paths
from .link import Link, link_to
from .listing import Listed
from .offering import why_not_offered
from .over_http import Delivery
from .reading import answer_of, words_of
from .sending import MOST_SAID, Lost, Message, connected, send
from .wording import quoted

MOST_SENT_BYTES = 4 * 2**20
"""Of the arguments of one call."""
ROLE = "mcp"


async def call_remote(server: Server, listed: Listed, given: Mapping[str, Any], run: Run) -> RemoteAnswer:
    """Call a tool of a server, and return what it gave.

    Args:
        server: Whose tool it is.
        listed: The tool.
        given: Its arguments under our names, files as handles.
        run: What the call belongs to.

    Raises:
        OutcomeUnknown: It was sent, and no answer came: it is not sent again.
        ToolError: The server refuses it, or answers with something that cannot be used.
        TransientError: It could not be sent.
        UnavailableError: The server cannot be used.
    """
    if why := why_not_offered(server, run.settings):
        raise UnavailableError(f"`{listed.name}` cannot be called: {why}")
    run.call.labels.add(of_mcp(server.name))
    run.used(f"mcp:{server.name}")
    link = link_to(server, run.settings.home, local_only=run.settings.local_only)
    base = digest(ROLE, run.call.id, server.identity, listed.remote, dict(given))
    async with link.turns.setdefault(base, asyncio.Lock()):
        order = _order(server, listed, f"{base}#{link.done.get(base, 0)}", run.call.id)
        if known := _known(order, run):
            return known
        with run.workspace.scratch() as folder:
            sent = {listed.names[name]: one for name, one in given.items()}
            refuse_handles(sent, server, listed.name)
            sent, files = await run.thread(with_paths, sent, server, folder, run)
            if len(written := canonical(sent).encode("utf-8", "replace")) > MOST_SENT_BYTES:
                raise ToolError(
                    f"The arguments of `{listed.name}` have {len(written):,} bytes, and at most {MOST_SENT_BYTES:,} "
                    "are sent. Give less, or a file where the tool takes one."
                )
            contents = Contents(characters=len(written.decode()), **files)
            answer = await _ordered(order, link, listed, sent, run, size=len(written), contents=contents)
        link.done[base] = link.done.get(base, 0) + 1
        return answer


def _order(server: Server, listed: Listed, key: str, call: str) -> Order:
    endpoint = Endpoint(name=server.name, base_url=server.url or f"program:{server.name}")
    return Order(served=ServedModel(endpoint=endpoint, name=listed.remote_shown, role=ROLE), key=key,
                 quote=Quote.free(), call=call)  # fmt: skip


def _known(order: Order, run: Run) -> RemoteAnswer | None:
    """Return the answer that the same call gave before this process died; None when it is to be sent.

    Raises:
        OutcomeUnknown: It was sent, and its answer never came.
    """
    known = run.budget.ledger.find(run.budget.run, order.key)
    if known is None:
        return None
    if known.state == "done" and known.outcome is not None:
        answer = RemoteAnswer.model_validate(known.outcome)
        run.admit(one.handle for one in [*answer.files, answer.text_file, answer.data_file] if one)
        return answer
    if known.state != "done" and run.budget.takes_again(order.key):
        return None
    raise _unknown(order, "this run was interrupted meanwhile")


def _unknown(order: Order, when: str) -> OutcomeUnknown:
    server, tool = order.served.endpoint.name, order.served.name
    return OutcomeUnknown(
        f"`{tool}` was sent to the MCP server `{server}`, and no answer that can be read came: {when.rstrip('.')}. "
        "Whether it did its work is not known, so it was not sent again.",
        order,
    )


async def _ordered(
    order: Order, link: Link, listed: Listed, sent: dict[str, Any], run: Run, *, size: int, contents: Contents
) -> RemoteAnswer:
    """Send a call, written down before as an intent and after with its outcome."""
    ledger, server = run.budget.ledger, link.server
    who: Any = {"call": order.call, "role": ROLE, "provider": server.name, "model": listed.remote_shown}
    connection = await connected(link)
    number = ledger.intend(run.budget.run, order.key, units={}, usd=0.0, **who)
    told = run.egress.begin(
        role=ROLE, host=_host(server), to=f"{server.name}:{listed.remote_shown}", bytes=size, contents=contents
    )
    delivered = Delivery()
    try:
        raw = await send(Message(listed, sent, run, delivered), connection, link)
    except BaseException as error:
        was_answered = isinstance(error, ToolError) and not isinstance(error, NotSent | Lost)
        is_open = delivered.was_sent and not was_answered
        ledger.close(number, "unknown" if is_open else "refunded")
        run.egress.end(told, was_sent=delivered.was_sent)
        if isinstance(error, Lost) and is_open:
            raise _unknown(order, str(error)) from error
        if isinstance(error, Lost | NotSent):
            raise TransientError(str(error)) from error
        raise
    run.egress.end(told, was_sent=True)
    try:
        if raw.get("isError"):
            ledger.close(number, "refunded")  # it says itself that nothing came of it, and may be asked again
            raise ToolError(
                f"The MCP server `{server.name}` answered `{listed.remote_shown}` with an error. Its words: "
                f"{quoted(words_of(raw), MOST_SAID) or 'none'}."
            )
        answer = redact_model(await run.thread(answer_of, raw, server, listed, run))
    except BaseException:
        if not raw.get("isError"):
            ledger.settle(number, units={}, usd=0.0, outcome=None)
        raise
    ledger.settle(number, units={}, usd=0.0, outcome=answer.model_dump(mode="json"))
    return answer


def _host(server: Server) -> str:
    """Return what the ledger calls it: a program may send on what it gets, so it is not this machine."""
    return f"mcp-program:{server.name}" if server.is_program else urlsplit(server.url).netloc
