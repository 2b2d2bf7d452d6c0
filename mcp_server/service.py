"""What every request needs: the library, the jobs, and what its owner may do."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mcp.server.subscriptions import ResourcesListChanged

from ..tools.base.errors import ArgumentError, MediaError, SensoriumError
from ..tools.base.journal import Journal
from ..tools.base.library import Library
from ..tools.base.memo import digest
from ..tools.base.models import Models
from ..tools.base.opening import Known
from ..tools.base.settings import Settings
from ..tools.base.tool import Tool
from ..tools.base.workspace import PREFIX, Artifact, Workspace
from .access import Access, without_folders
from .belongings import Belongings
from .faces import scope_of
from .groups import DEFAULT_GROUPS
from .jobs import Jobs, Limits
from .news import News
from .order import Images, Order
from .owner import LOCAL, scopes
from .pool import Pool
from .remembered import Remembered
from .server_tasks import ServerTasks


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a server serves."""

    groups: frozenset[str] = DEFAULT_GROUPS
    images: Images = "inline"
    """Pictures in results, only links to them, or neither: some models cannot read pictures."""
    output: Path | None = None
    """Where copies of what was made go; in Sensorium's own folder when left out."""
    approved: bool = False
    """Calls that the user's policy asks about may be made; else they are refused."""
    nearby: bool = True
    """The clients are on this machine, so that paths mean something to them."""
    workers: int = 2
    """Calls that are worked on at once; each is a process, and media work uses several cores by itself."""
    limits: Limits = field(default_factory=Limits)


@dataclass(eq=False)
class Service:
    """What the handlers of a server share. The library is opened when it is first needed."""

    settings: Settings
    access: Access
    options: Options
    users: int = 0
    """Connections, or the one HTTP application, that are open."""
    news: News = field(default_factory=News)

    @cached_property
    def library(self) -> Library:
        return Library(self.settings.home)

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace(self.settings.home, self.library, max_bytes=self.settings.max_bytes)

    @cached_property
    def belongings(self) -> Belongings:
        return Belongings(self.library)

    @cached_property
    def journal(self) -> Journal:
        return Journal(self.library, self.settings.home)

    @cached_property
    def jobs(self) -> Jobs:
        pool = Pool(self.settings, self.options.workers)
        limits = self.options.limits
        return Jobs(self.library, self.journal, pool, limits, renew=self._renewed, heard=self._given)

    @cached_property
    def tasks(self) -> ServerTasks:
        return ServerTasks()

    @cached_property
    def remembered(self) -> Remembered:
        return Remembered(self._is_there)

    @cached_property
    def _models(self) -> Models:
        return Models(self.settings)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Be in use; when nobody is any more, work that nobody was promised is stopped and the library is closed."""
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1
            if self.users == 0:
                await self._close()

    async def _close(self) -> None:
        """Close the library with what stands on it; whoever comes from now on opens another."""
        names = ("tasks", "jobs", "journal", "belongings", "workspace", "library")
        opened = {name: self.__dict__.pop(name, None) for name in names}
        if opened["tasks"]:
            opened["tasks"].close()
        try:
            if opened["jobs"]:
                await opened["jobs"].close()
        finally:
            if opened["library"]:
                opened["library"].close()

    def output(self, owner: str) -> Path:
        """Return the folder for what is made for an owner."""
        return self._output if owner == LOCAL else self._output / owner

    @cached_property
    def _output(self) -> Path:
        """With its links resolved once: one that stands there later is not followed."""
        return (self.options.output or self.settings.home / "outputs").resolve()

    def access_of(self, owner: str) -> Access:
        """Return which files an owner may name: those of the allowed folders, and what was made for them."""
        if self.options.nearby:
            return self.access.plus(self.output(owner))
        return replace(self.access, is_told=False)

    def order(self, tool: Tool, arguments: Mapping[str, Any], page: int, owner: str) -> tuple[Order, str]:
        """Return a call as an order with real paths, and the key that the same call has again.

        Raises:
            ToolError: A file or an artifact may not be named, or is not there.
        """
        self.belongings.check(owner, arguments)
        access = self.access_of(owner)
        resolved = tool.with_files(arguments, lambda file, argument: self._file(file, access, argument.name))
        states = [self._state(one) for one in tool.files_in(resolved)]
        order = Order(
            owner=owner,
            tool=tool.name,
            module=tool.function.__module__,
            arguments=resolved,
            page=page,
            folders=tuple(map(str, access.folders)),
            images=self.options.images,
            approved=self.options.approved,
            output=str(self.output(owner)) if self.options.nearby else None,
            session=f"client {owner}" if tool.effect == "runs_code" else None,
            runs_code=scope_of(tool) != "agent:run" or "code:run" in scopes(),
        )
        without = [] if order.runs_code else ["code"]
        return order, digest(tool.name, tool.version, resolved, states, page, *without)

    def lasting_key(self, tool: Tool, key: str) -> str | None:
        """Return what a call's result depends on while this server lives, as one word; None where it is never reused.

        Args:
            tool: What is called.
            key: Of the call, as `order` gave it.
        """
        # A better model may have been downloaded meanwhile; settings and policy are read once.
        return f"{key} {self._models.fingerprint(tool.roles)}" if tool.effect == "pure" else None

    def artifact(self, handle: str, owner: str) -> tuple[Artifact, Path]:
        """Return an owner's artifact and where its content lies.

        Raises:
            ToolError: It is not the owner's, or is no longer there.
        """
        self.belongings.check(owner, {"handle": handle})
        path = self._located(handle, self.access_of(owner))
        return self.workspace.get(handle), path

    def _file(self, value: Any, access: Access, argument: str) -> str:
        if not isinstance(value, str):
            raise ArgumentError(f"`{argument}` must be a path or an `artifact://…` handle, and {value!r} is neither.")
        if not value.startswith(PREFIX):
            return str(access.open(value))
        self._located(value, access)
        return value

    def _located(self, handle: str, access: Access) -> Path:
        """Return where an artifact's content lies: in Sensorium's own folder, or where files may be read."""
        try:
            path = self.workspace.path(handle)
        except MediaError as error:
            if access.is_told:
                raise
            raise MediaError(without_folders(str(error), (*access.folders, self.settings.home))) from error
        if not path.is_relative_to(self.settings.home):
            access.check(path)
        return path

    def _state(self, file: str) -> list[Any]:
        """Return what changes when a file changes, or what a policy's rules know it by."""
        if file.startswith(PREFIX):
            return [self.workspace.get(file).name, str(self.workspace.path(file))]
        known = Known.of(os.stat(file))  # noqa: PTH116 - a string that was resolved
        return [known.bytes, known.modified_ns, known.identity]

    def _is_there(self, owner: str, handle: str) -> bool:
        try:
            self.artifact(handle, owner)
        except SensoriumError:
            return False
        return True

    def _given(self, owner: str) -> None:
        """Let an owner know of artifacts: what a call was given and what it made is listed from now on."""
        self.news.tell(owner, ResourcesListChanged())

    def _renewed(self, order: Order) -> Order:
        """Return an order of an earlier server as this one allows it."""
        renewed, _ = self.order(order.load(), order.arguments, order.page, order.owner)
        # What counts is the token that it was ordered with, not that of whoever asks for it now.
        return replace(renewed, runs_code=order.runs_code)
