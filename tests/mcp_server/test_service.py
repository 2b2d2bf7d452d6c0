"""What connections share, from the first that comes to the last that leaves."""

import asyncio
import sqlite3

import pytest

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.jobs import Jobs
from sensorium.mcp_server.service import Options, Service
from sensorium.tools.base.library import Library
from sensorium.tools.base.settings import Settings


@pytest.fixture
def service(settings: Settings) -> Service:
    return Service(settings, Access(), Options())


class Slow:
    """Lets jobs take their time to close."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.closing, self.go_on = asyncio.Event(), asyncio.Event()
        close = Jobs.close

        async def slowly(jobs: Jobs) -> None:
            self.closing.set()
            await self.go_on.wait()
            await close(jobs)

        patch.setattr(Jobs, "close", slowly)


async def _leave(service: Service) -> Library:
    async with service.open():
        assert service.jobs.names("local") == []
        return service.library


def _is_closed(library: Library) -> bool:
    try:
        library.rows("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


async def test_who_comes_while_the_last_one_leaves_has_an_open_library(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch)
    leaving = asyncio.create_task(_leave(service))
    await slow.closing.wait()
    async with service.open():
        mine = service.library
        slow.go_on.set()
        assert _is_closed(await leaving)
        assert service.jobs.names("local") == []
        assert not _is_closed(mine)


async def test_the_library_is_closed_when_leaving_is_cancelled(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, libraries = Slow(monkeypatch), []

    async def leave() -> None:
        async with service.open():
            assert service.jobs.names("local") == []
            libraries.append(service.library)

    leaving = asyncio.create_task(leave())
    await slow.closing.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert [_is_closed(one) for one in libraries] == [True]
