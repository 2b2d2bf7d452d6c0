"""`sensorium doctor`: what works here, what is missing, and the exact command or setting that adds it."""

import argparse
import asyncio
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from ..tools.base.endpoints import ServedModel, served_model
from ..tools.base.errors import SensoriumError, SettingsError
from ..tools.base.fonts import find_cjk_font
from ..tools.base.listing import listing
from ..tools.base.models import LADDERS, Models
from ..tools.base.outward import refuse_endpoint
from ..tools.base.run import Run
from ..tools.base.settings import Settings
from ..tools.sandbox.isolation import find_isolation
from .printing import pad, say, say_json

LITTLE_BYTES = 2**30
"""Less free space than this is worth a word: pictures and sound of a long video take some."""
_SERVED_ONLY = ("run_agent", "view_media")
"""Tools that only the MCP server has."""
_MAKE = {"draw": "draws pictures", "film": "makes videos", "play": "makes music"}
"""Roles whose tools do something without a model, or are not offered."""
_MARKS = {"ok": "ok", "less": "less", "missing": "MISSING"}
_CHINESE_FONT = {
    "linux": "`apt install fonts-noto-cjk` (Debian, Ubuntu), or put any Chinese font into ~/.local/share/fonts",
    "darwin": "Install a Chinese font with Font Book",
    "win32": "Add a Chinese language pack in the Windows settings, or install any Chinese font",
}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "less", "missing"]
    """`less`: it works without, but not as well; `missing`: the main job does not work."""
    found: str
    fix: str = ""
    """What to do, as a command or a setting where there is one."""


def doctor(chosen: argparse.Namespace) -> int:
    """Look at everything and say what was found; 3 when something that is needed is missing."""
    settings = Settings.read(local_only=chosen.local_only)
    think = check_think(settings, online=chosen.online)
    checks = [
        check_python(),
        check_packages(),
        check_home(settings),
        think,
        *check_roles(settings, online=chosen.online),
        check_font(),
        check_credentials(settings),
        check_sandbox(settings),
        check_opening(settings),
        check_fetching(settings),
        *check_servers(settings),
        check_policy(settings),
    ]
    works = all(one.state != "missing" for one in checks)
    if chosen.json:
        say_json({"ok": works, "checks": [asdict(one) for one in checks]}, indent=1)
    else:
        for one in checks:
            name = pad(one.name, 10) if len(one.name) < 10 else f"{one.name}  "  # a server's says which it is
            say(f"{_MARKS[one.state]:<8}{name}{one.found}")
            if one.fix:
                say(f"{'':<18}{one.fix}")
        say("\nThe main job works here." if works else "\nThe main job does not work here before that is mended.")
    return 0 if works else 3


def check_python() -> Check:
    """Say which Python and system this is."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check(name="python", state="ok", found=found)


def check_packages() -> Check:
    """Look for everything that `pip install sensorium` brings."""
    needed = [one for one in metadata.requires("sensorium") or [] if "extra ==" not in one]
    missing = [one for one in needed if not _is_installed(one)]
    if missing:
        quoted = " ".join(f'"{one}"' for one in missing)
        return Check(
            name="packages", state="missing", found=f"not here: {', '.join(missing)}", fix=f"pip install {quoted}"
        )
    return Check(name="packages", state="ok", found=f"all {len(needed)} are installed")


def _is_installed(requirement: str) -> bool:
    name = requirement
    for sign in " <>=!~;[":
        name = name.partition(sign)[0]
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def check_home(settings: Settings) -> Check:
    """See that Sensorium's own folder can be written and has room."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.home):
            pass
        free = shutil.disk_usage(settings.home).free
    except OSError as error:
        found = f"{settings.home} cannot be written: {error.strerror}"
        return Check(
            name="home", state="missing", found=found, fix="set SENSORIUM_HOME to a folder that can be written"
        )
    found = f"{settings.home}, {free / 2**30:.1f} GiB free"
    if free < LITTLE_BYTES:
        return Check(name="home", state="less", found=found, fix="free the disk, or set SENSORIUM_HOME to another one")
    return Check(name="home", state="ok", found=found)


def check_think(settings: Settings, *, online: bool) -> Check:
    """Say who plans; ask a model behind an endpoint one tiny question when `online`."""
    model = settings.models.get("think", "embedded")
    if model == "embedded":
        return Check(name="think", state="ok", found="embedded: reads requests in English and Chinese without a model")
    try:
        served = served_model(model, "think", settings.endpoints)
        where = f"{served.full_name} at {served.endpoint.base_url}"
        refuse_endpoint(served.endpoint)
        if not online:
            return Check(name="think", state="ok", found=f"{where}; `sensorium doctor --online` asks it once")
        started = time.perf_counter()
        _ask(served)
    except SensoriumError as error:
        return Check(name="think", state="missing", found=f"{model} does not work", fix=str(error))
    return Check(name="think", state="ok", found=f"{where} answered in {time.perf_counter() - started:.1f} s")


def _ask(served: ServedModel) -> None:
    from .endpoint import EndpointBrain
    from .untraced import untraced

    with untraced():
        EndpointBrain(served=served).invoke("Answer with one word: ready.")


def check_roles(settings: Settings, *, online: bool = False) -> Iterator[Check]:
    """Say who serves each other role, and what would serve it better; try those behind endpoints when `online`."""
    models = Models(settings)
    for role in LADDERS:
        yield _check_role(role, models, online=online)
    for role in settings.models:
        if role not in LADDERS and role != "think":
            found = f"is set to {settings.models[role]!r}, and this version has no provider for it"
            yield Check(name=role, state="less", found=found, fix=f"unset SENSORIUM_{role.upper()}")


def _check_role(role: str, models: Models, *, online: bool) -> Check:
    try:
        ladder = models.ladder(role)
    except SettingsError as error:
        return Check(name=role, state="missing", found=f"{models.settings.models[role]} is not known", fix=str(error))
    usable = [one for one in ladder if one.missing() is None]
    fixes = [missing for one in ladder if one not in usable and (missing := one.missing())]
    timed = ""
    if usable and online and hasattr(usable[0], "try_out"):
        started = time.perf_counter()
        if wrong := _try_out(usable[0], models.settings):
            fixes.insert(0, wrong)
            usable = usable[1:]
        else:
            timed = f" answered in {time.perf_counter() - started:.1f} s"
    if role in _MAKE and role not in models.settings.models:
        fixes = [f"set SENSORIUM_{role.upper()} to `provider:model`; `sensorium providers` lists them"]
    if not usable and role in _MAKE:
        return Check(name=role, state="less", found=f"no model {_MAKE[role]}", fix="; ".join(fixes))
    if not usable:
        return Check(name=role, state="missing", found="nobody serves it", fix="; ".join(fixes))
    best = usable[0] is ladder[0]
    found = f"{usable[0].identity}{timed}"
    if hasattr(usable[0], "try_out") and not online:
        found += "; `sensorium doctor --online` asks it once"
    if role == "embed" and not hasattr(usable[0], "try_out"):
        found = "texts are compared by their words; a model such as openai:text-embedding-3-small compares meanings"
    if role == "see" and not hasattr(usable[0], "try_out"):
        found += ": text and measures only, nothing says what a picture shows"
        fixes = fixes or [f"set SENSORIUM_{role.upper()} to a model that does, for example openai:gpt-4o-mini"]
        best = False
    return Check(name=role, state="ok" if best else "less", found=found, fix="" if best else "; ".join(fixes))


def _try_out(engine: Any, settings: Settings) -> str:
    """Return what is wrong with a model behind an endpoint, which is asked once; nothing when it works."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run.open(replace(settings, home=Path(folder)))
        try:
            return asyncio.run(engine.try_out(run)) or ""
        except SensoriumError as error:
            return str(error)
        finally:
            run.library.close()


def check_sandbox(settings: Settings) -> Check:
    """Say what confines code, after trying it."""
    found = find_isolation(settings)
    if not found.works:
        why = f"nothing confines code, so none is run: {found.why}"
        return Check(name="sandbox", state="less", found=why, fix=found.mend)
    best = found.name in ("bubblewrap", "podman", "docker")
    return Check(name="sandbox", state="ok" if best else "less", found=found.why, fix=found.mend)


def check_opening(settings: Settings) -> Check:
    """Say in what media is opened, after trying it."""
    from ..tools.base.decoders import why_unconfined

    try:
        why = why_unconfined(settings)
    except SensoriumError as error:
        return Check(name="media", state="missing", found="no process to open media can be started", fix=str(error))
    if not why:
        return Check(name="media", state="ok", found="opened in the sandbox")
    fix = find_isolation(settings).mend
    return Check(name="media", state="less", found=f"opened in ordinary processes with limits: {why}", fix=fix)


def check_fetching(settings: Settings) -> Check:
    """Say what may be fetched, and from where without asking."""
    if settings.local_only or settings.offline:
        which = "local_only" if settings.local_only else "offline"
        return Check(name="fetching", state="ok", found=f"no address is fetched (`{which}`)")
    allowed = settings.fetch.allow
    places = f" or they lie in {len(allowed)} places of `allow`" if allowed else ""
    said = f"public http(s) addresses, asked about unless you name them{places}"
    if find_spec("yt_dlp"):
        return Check(name="fetching", state="ok", found=f"{said}; videos of sites with yt-dlp")
    fix = "pip install 'sensorium[sites]'"
    return Check(name="fetching", state="less", found=f"{said}; no videos of sites without yt-dlp", fix=fix)


def check_policy(settings: Settings) -> Check:
    """Look whether the user's policy is about tools that there are: a name that is mistyped denies nothing."""
    policy = settings.policy
    names = {*(one.name for one in listing()), *_SERVED_ONLY, *_remote_names(settings)}
    patterns = [*policy.tools, *(one.tool for one in policy.rules)]
    if lost := [one for one in patterns if not any(fnmatchcase(name, one) for name in names)]:
        near = get_close_matches(lost[0], names, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        fix = f"Change {lost[0]!r} in `[policy]` of sensorium.toml.{hint}"
        return Check(name="policy", state="less", found=f"no tool is called {', '.join(map(repr, lost))}", fix=fix)
    said = f"{len(policy.tools)} for tools, {len(policy.rules)} rules, " if patterns else ""
    return Check(name="policy", state="ok", found=f"{said}asks above ${policy.ask_above_usd:g}")


def _remote_names(settings: Settings) -> Iterator[str]:
    if settings.servers:
        from ..tools.servers.offering import known_names

        yield from known_names(settings)


def check_servers(settings: Settings) -> Iterator[Check]:
    """Ask each MCP server that the settings name for its tools; one that does not answer takes nothing else away."""
    if not settings.servers:
        return
    from ..tools.servers.link import leaving
    from ..tools.servers.offering import ask_servers, standings

    failed = asyncio.run(leaving(ask_servers(settings, all_of_them=True)))
    for one in standings(settings):
        name = f"mcp {one.server.name}"
        if one.why_not:
            yield Check(name=name, state="less", found=f"not offered: {one.why_not}")
        elif why := failed.get(one.server.name):
            fix = f"change `[mcp.servers.{one.server.name}]` of sensorium.toml, or write `enabled = false` there"
            yield Check(name=name, state="less", found=why.removesuffix(" See `sensorium doctor`."), fix=fix)
        elif one.listing is not None:
            found = one.listing
            more = f", {found.left_out} more are left out" if found.left_out else ""
            said = f"{len(found.tools)} tools{more}; {found.server or 'a server without a name'}, {found.era}"
            fix = "" if found.tools else f"name tools that it has in `tools` of `[mcp.servers.{one.server.name}]`"
            yield Check(name=name, state="ok" if found.tools else "less", found=said, fix=fix)


def check_credentials(settings: Settings) -> Check:
    """See whether what is made here can be signed; none is made for that."""
    from ..tools.credentials import native
    from ..tools.credentials.identity import identity

    chosen = settings.credentials
    if not chosen.enabled:
        found = "files that are made do not tell who made them"
        return Check(name="signing", state="less", found=found, fix="remove `enabled = false` from `[credentials]`")
    try:
        native.c2pa()
        if chosen.certificate is None:
            found = "with a certificate that is made here: it shows changes, and nobody vouches for the name"
        else:
            identity(chosen, settings.home)
            found = f"with the certificate {chosen.certificate}"
    except SensoriumError as error:
        return Check(name="signing", state="less", found="files that are made are not signed", fix=str(error))
    return Check(name="signing", state="ok", found=f"files that are made are signed {found}")


def check_font() -> Check:
    """Look for a font that can write Chinese in charts and in the demo."""
    if font := find_cjk_font():
        return Check(name="font", state="ok", found=str(font))
    fix = _CHINESE_FONT.get(sys.platform, _CHINESE_FONT["linux"])
    return Check(name="font", state="less", found="none that writes Chinese: charts cannot show it", fix=fix)
