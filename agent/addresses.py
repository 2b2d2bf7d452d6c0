"""Addresses where files are given, and in the words of a request: fetched before anything is planned."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ..tools.base.call import perform
from ..tools.base.errors import ArgumentError, LocalOnlyError, MediaError
from ..tools.base.run import Run
from ..tools.base.workspace import Artifact
from ..tools.fetching.permission import addresses_in
from ..tools.fetching.spelling import read_location
from .given_files import is_address

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from ..tools.fetch_url import FetchedUrl

MOST_ADDRESSES = 8
"""Of one request that are fetched without being given as files."""


def named_in(
    request: str, brain: "BaseChatModel", files: Sequence[Mapping[str, Any]] = (), given: Sequence[str] = ()
) -> list[str]:
    """Return the addresses of a request that are fetched because its words are about what is there.

    A model plans its own fetches. The embedded brain plans by the facts of files, so it needs them first.

    Args:
        request: The user's words.
        brain: Who plans.
        files: The facts of those that are known; what was fetched for an earlier turn is not fetched again.
        given: What is given as files beside the request.
    """
    if brain._llm_type != "sensorium-embedded":
        return []
    from .embedded.understand import is_about_files

    known = {one.get("address") for one in files} | {plain_address(one) for one in given if is_address(one)}
    found = [one for one in addresses_in(request) if one not in known]
    return found[:MOST_ADDRESSES] if found and is_about_files(request) else []


def plain_address(given: str) -> str:
    """Return an address as it is dialled; one that cannot be read as it stands."""
    try:
        return read_location(given).url
    except ArgumentError:
        return given


async def fetch_file(address: str, run: Run) -> Artifact:
    """Return what is at an address that the user gave; of a page, its text.

    Raises:
        ToolError: It cannot be fetched, or holds nothing to work on.
    """
    # The user gave the address, perhaps as a file beside the words; a policy that asks or denies does so still.
    own = replace(run, words=(*run.words, address))
    try:
        fetched = cast("FetchedUrl", (await perform("fetch_url", {"url": address}, own)).result)
    except LocalOnlyError as error:
        raise ArgumentError(str(error)) from error
    if fetched.kind != "page":
        return fetched.file
    if fetched.text_file is None:
        raise MediaError(f"The page {address!r} has no text. {' '.join(fetched.limits)}")
    return fetched.text_file
