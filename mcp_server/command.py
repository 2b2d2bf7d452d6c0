"""`sensorium-mcp`, also as `sensorium mcp`: the options, and what they lead to."""

import argparse
import gc
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..tools.base.errors import ArgumentError, SensoriumError, SettingsError
from ..tools.base.outward import is_this_machine
from ..tools.base.secret_logs import guard_process
from ..tools.base.settings import Settings
from ..tools.base.workspace import at_home
from .groups import ALL, DEFAULT_GROUPS, GROUPS
from .serve_stdio import serve_stdio

if TYPE_CHECKING:
    from .app import MediaServer
    from .jwt_tokens import JwtTokens

_EPILOG = """for example:
  sensorium-mcp --allow-dir ~/Movies                       on standard input, for a client on this machine
  sensorium-mcp --allow-dir ~/Movies --http 127.0.0.1:8000  over HTTP, with a token"""
_MEGABYTE = 1_000_000
_NAME = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, and return the exit code: 0 done, 2 usage, 3 settings, 130 interrupted."""
    chosen = parser().parse_args(arguments)
    # Before the SDK does it: standard output belongs to the protocol.
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if chosen.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # It logs what tools answered; our own lines say who called what.
    logging.getLogger("mcp").setLevel(logging.WARNING)
    guard_process()
    try:
        _serve(chosen)
    except KeyboardInterrupt:
        return 130
    except SensoriumError as error:
        print(f"sensorium-mcp: {error}", file=sys.stderr)
        return 3 if isinstance(error, SettingsError) else 2 if isinstance(error, ArgumentError) else 1
    return 0


def mcp(chosen: argparse.Namespace) -> int:
    """Serve as `sensorium mcp`."""
    return main(chosen.arguments)


@contextmanager
def _start() -> Iterator[None]:
    """Keep what is made meanwhile out of the search for garbage: it stays, and the search takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _build(chosen: argparse.Namespace) -> "MediaServer":
    from ..tools.base.catalog import catalog, some_tools
    from .access import Access
    from .app import build_server
    from .faces import curated
    from .service import Options

    settings = Settings.read(local_only=chosen.local_only)
    access = Access.to(chosen.allow_dir, private=settings.home)
    options = Options(
        groups=chosen.tools,
        images=chosen.images,
        output=at_home(chosen.out_dir).resolve() if chosen.out_dir else None,
        nearby=not chosen.http or is_this_machine(chosen.http[0]),
        workers=chosen.workers,
        approved=chosen.yes,
    )
    # A client waits for the start; of the usual groups, only the curated tools are needed.
    tools = some_tools(curated(chosen.tools, settings)) if chosen.tools <= DEFAULT_GROUPS else catalog()
    return build_server(settings, tools, access, options)


def _serve(chosen: argparse.Namespace) -> None:
    if not chosen.allow_dir and not chosen.http:
        raise ArgumentError("Name at least one folder whose files may be read: `--allow-dir DIR`.")
    with _start():
        server = _build(chosen)
    if not chosen.http:
        if sys.stdin.isatty():
            print("Waiting for an MCP client on standard input; Ctrl-C ends.", file=sys.stderr)
        serve_stdio(server)
        return
    from .serve import Web, serve_http

    host, port = chosen.http
    settings = server.service.settings
    jwt = issuer_tokens(chosen, settings)
    web = Web(
        host=host,
        port=port,
        token_file=chosen.token_file or (None if jwt else settings.home / "mcp-token"),
        jwt=jwt,
        public_url=chosen.public_url,
        hosts=chosen.allow_host,
        origins=chosen.allow_origin,
        max_upload_bytes=chosen.max_upload_mb * _MEGABYTE,
        upload_quota_bytes=chosen.upload_quota_mb * _MEGABYTE,
    )
    serve_http(server, web)


def issuer_tokens(chosen: argparse.Namespace, settings: Settings) -> "JwtTokens | None":
    """Return which tokens of an issuer are believed; None where nobody but the token file gives any.

    Raises:
        ArgumentError: Some of the options are missing.
        SettingsError: The keys cannot be used.
    """
    given = (chosen.jwks_url or chosen.jwks_file, chosen.issuer, chosen.audience)
    if not any(given) and not chosen.public_url:
        return None
    if not all(given) or (chosen.jwks_url and chosen.jwks_file):
        raise ArgumentError(
            "Tokens of an issuer need `--issuer`, `--audience` and one of `--jwks-url` and `--jwks-file`."
        )
    from .issuer_keys import keys_at, keys_in
    from .jwt_tokens import JwtTokens

    keys = keys_in(chosen.jwks_file) if chosen.jwks_file else keys_at(chosen.jwks_url, local_only=settings.local_only)
    return JwtTokens(keys=keys, issuer=chosen.issuer, audience=chosen.audience)


def parser() -> argparse.ArgumentParser:
    """Return what understands the options."""
    from .. import __version__

    options = argparse.ArgumentParser(
        prog="sensorium-mcp",
        description="Serve the tools to other programs over MCP.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    options.add_argument("--version", action="version", version=f"sensorium-mcp {__version__}")
    options.add_argument(
        "--allow-dir", action="extend", nargs="+", default=[], type=_folder, metavar="DIR",
        help="folders whose files clients may name, with all that is in them; may be repeated",
    )  # fmt: skip
    options.add_argument("--out-dir", type=_folder, metavar="DIR", help="where copies of what is made go")
    options.add_argument(
        "--tools", type=_groups, default=DEFAULT_GROUPS, metavar="GROUPS",
        help=f"which tools to offer: {', '.join(GROUPS)}, or {ALL} "
        f"(default {','.join(one for one in GROUPS if one in DEFAULT_GROUPS)})",
    )  # fmt: skip
    options.add_argument(
        "--images", choices=("inline", "links", "omit"), default="inline",
        help="pictures in results, links to them, or neither for models without eyes (default inline)",
    )  # fmt: skip
    options.add_argument(
        "--workers", type=_count, default=2, metavar="N", help="calls that are worked on at once (default 2)"
    )
    options.add_argument(
        "--yes", action="store_true",
        help="let clients call what `[policy]` of sensorium.toml asks about; otherwise their user is asked each time, "
        "and it is refused where the client cannot ask",
    )  # fmt: skip
    options.add_argument("--local-only", action="store_true", help="let nothing leave this machine")
    options.add_argument("--verbose", action="store_true", help="log each call on standard error, without its contents")
    web = options.add_argument_group("over HTTP")
    web.add_argument("--http", type=_address, metavar="HOST:PORT", help="serve there instead of on standard input")
    web.add_argument(
        "--token-file", type=Path, metavar="FILE",
        help="lines of `TOKEN` or `NAME TOKEN`, and after it what the token allows, such as `media:read,agent:run` "
        "(everything when left out); made with a random token when left out",
    )  # fmt: skip
    web.add_argument(
        "--jwks-url", metavar="URL",
        help="believe tokens (JWT) signed with these keys; https, or http on this machine; needs the next two",
    )  # fmt: skip
    web.add_argument("--issuer", metavar="URL", help="who gives these tokens, exactly as in their claim `iss`")
    web.add_argument("--audience", metavar="NAME", help="what their claim `aud` calls this server")
    web.add_argument("--jwks-file", type=Path, metavar="FILE", help="keys in a file instead of `--jwks-url`")
    web.add_argument(
        "--public-url", type=_url, metavar="URL",
        help="the whole address that clients use, where a proxy changes more than the name",
    )  # fmt: skip
    web.add_argument(
        "--allow-host", action="append", default=[], type=_host, metavar="NAME[:PORT]",
        help="a name the server is reached by; needed where other machines can reach it",
    )  # fmt: skip
    web.add_argument(
        "--allow-origin", action="append", default=[], type=_origin, metavar="URL",
        help="a web page's origin that may call; without it no page may, and programs, which name none, still can",
    )  # fmt: skip
    web.add_argument(
        "--max-upload-mb", type=_count, default=2000, metavar="N", help="largest upload in megabytes (default 2000)"
    )
    web.add_argument(
        "--upload-quota-mb", type=_count, default=50_000, metavar="N",
        help="most megabytes that may lie here for one token, uploaded or made (default 50000)",
    )  # fmt: skip
    return options


def _groups(text: str) -> frozenset[str]:
    known = (*GROUPS, ALL)
    names = frozenset(one.strip() for one in text.split(","))
    if unknown := names - set(known):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))!r} is none of: {', '.join(known)}")
    return names


def _folder(text: str) -> Path:
    # An empty variable would be the folder that a client happens to start its servers in.
    if not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} must be a folder")
    return Path(text)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} must be HOST:PORT, for example 127.0.0.1:8000")
    return host.strip("[]") or "127.0.0.1", int(port)


def _url(text: str) -> str:
    if not re.fullmatch(rf"https?://{_NAME}(/[A-Za-z0-9._~/-]*)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} must be an address such as https://media.example/mcp")
    return text


def _host(text: str) -> str:
    if not re.fullmatch(_NAME, text):
        raise argparse.ArgumentTypeError(f"{text!r} must be a name such as media.example or media.example:8000")
    return text


def _origin(text: str) -> str:
    # Each one is compared as a whole: browsers write no slash behind it.
    if not re.fullmatch(rf"[a-z][a-z0-9+.-]*://{_NAME}/?", text):
        raise argparse.ArgumentTypeError(f"{text!r} must be one origin, such as https://app.example")
    return text.removesuffix("/")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1 up")
    return int(text)
