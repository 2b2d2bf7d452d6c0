"""The commands: what `sensorium` understands, and the exit code of whatever happens."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from ..tools.base.errors import ArgumentError, ProviderError, SensoriumError, SettingsError, TransientError
from ..tools.base.secret_logs import SecretFilter, guard_process
from .given_files import given_file
from .printing import ClosedPipe, forget_output, tell

EXIT_CODES = """exit codes:
  0 done   1 failed   2 usage   3 settings or credentials
  4 provider down   5 partial result, or waiting for an approval   130 interrupted"""
CLOSED_PIPE = 141
"""What a shell reports for a program that was stopped because its reader went away."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        # File names may hold bytes that no encoding has.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    logging.lastResort = Log(logging.WARNING)
    logging.lastResort.addFilter(SecretFilter())
    guard_process()
    try:
        chosen = parse(sys.argv[1:] if arguments is None else arguments)
        # A command's module is imported when it is used: `--help` and `tools` must be quick.
        return int(getattr(import_module(chosen.module, __package__), chosen.function)(chosen))
    except ClosedPipe:
        forget_output()
        return CLOSED_PIPE
    except KeyboardInterrupt:
        return 130
    except SensoriumError as error:
        tell(f"sensorium: {error}")
        return exit_code(error)


class Log(logging.Handler):
    """Prints what is logged as everything else: the text of an error may come from a file."""

    def emit(self, record: logging.LogRecord) -> None:
        from .terminal import above

        with above():
            tell(self.format(record))


def _open_closed_streams() -> None:
    """Replace standard streams that whoever started us has closed; Python has None for them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - kept to the end


def exit_code(error: SensoriumError) -> int:
    """Return the exit code of an error that stopped a command."""
    if isinstance(error, SettingsError):
        return 3
    if isinstance(error, ProviderError | TransientError):
        return 4
    return 2 if isinstance(error, ArgumentError) else 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the chosen command and its arguments; exits with 2 when they cannot be understood."""
    parser, commands = _parser()
    if arguments and arguments[0] == "mcp":  # its options are its own: this folder knows nothing of that one
        return argparse.Namespace(module="..mcp_server.command", function="mcp", arguments=arguments[1:])
    if arguments and (command := commands.choices.get(arguments[0])):
        # Options may stand between and after the files.
        return _settled(command, command.parse_intermixed_args(arguments[1:]))
    chosen = parser.parse_args(arguments)
    if not hasattr(chosen, "function"):
        parser.error("say what to do, for example: sensorium demo")
    return chosen


def _settled(command: argparse.ArgumentParser, chosen: argparse.Namespace) -> argparse.Namespace:
    """Return what was chosen with the request of `run` told from its files: a recipe brings its own."""
    if chosen.function == "plan":
        return _settled_plan(command, chosen)
    if chosen.function != "run":
        return chosen
    if chosen.recipe:
        if chosen.thread:
            command.error("a recipe starts a conversation of its own: leave out `-c` and `--thread`")
        chosen.files = [Path(chosen.request), *chosen.files] if chosen.request else chosen.files
        chosen.request = ""
    elif not (chosen.request or "").strip():
        command.error('say what you want, for example: sensorium run "Write a report" talk.mp4')
    chosen.request = words(chosen.request)
    return chosen


def _settled_plan(command: argparse.ArgumentParser, chosen: argparse.Namespace) -> argparse.Namespace:
    """Return what was chosen with the request of `plan` told from its files: a plan to be checked has none."""
    if chosen.check:
        chosen.files = [Path(chosen.request), *chosen.files] if chosen.request else chosen.files
        chosen.request = ""
    elif not (chosen.request or "").strip():
        command.error('say what you want, for example: sensorium plan "Write a report" talk.mp4')
    elif chosen.catalog or chosen.bold:
        command.error("`--catalog` and `--bold` go with `--check PLAN.json`")
    chosen.request = words(chosen.request)
    return chosen


def _parser() -> "tuple[argparse.ArgumentParser, argparse._SubParsersAction[argparse.ArgumentParser]]":
    parser = argparse.ArgumentParser(
        prog="sensorium",
        description="A request and some media in, an answer with its evidence out.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND")

    def command(name: str, module: str, summary: str) -> argparse.ArgumentParser:
        one = commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
        )
        one.set_defaults(module=module, function=name)
        return one

    run = command("run", ".commands", "answer a request about some files")
    run.add_argument("request", metavar="REQUEST", nargs="?", help="what you want, in English or Chinese")
    run.add_argument("files", metavar="FILE", nargs="*", type=given_file, help="video, audio, pictures, or addresses")
    _thread(run)
    run.add_argument(
        "--recipe", type=Path, metavar="RECIPE", help="do with these files what a run did with others; see `export`"
    )
    _output(run)
    _json(run, "print one AG-UI event a line")
    run.add_argument("--plan-only", action="store_true", help="print the plan and stop")
    _yes(run)
    _local_only(run)
    _budget(run, "spend at most this; `usd` in `[budget]` of sensorium.toml otherwise")
    run.add_argument("--max-steps", type=count, default=64, metavar="N", help="refuse a longer plan (default 64)")

    demo = command("demo", ".demo", "make a short narrated video and report on it: no key, no network")
    demo.add_argument("-o", "--output", type=Path, default=Path("sensorium-demo"), metavar="DIR")
    _local_only(demo)

    resume = command("resume", ".commands", "go on with an interrupted run; finished steps do not run again")
    resume.add_argument("run_id", metavar="RUN_ID", type=words, help="its id, the start of it, or `last`")
    resume.add_argument(
        "--decisions", metavar="JSON",
        help='answer what the run asks: {"decisions": [{"type": "approve"}, …]}, `@file`, or `-` for standard input; '
        'with the "id" of the request in it, no other one is answered',
    )  # fmt: skip
    _yes(resume)
    _local_only(resume)
    _budget(resume, "spend at most this, with what it has cost before")
    _output(resume)
    _json(resume, "print one AG-UI event a line")

    _make(command)
    _conversations(command)
    _json(command("runs", ".commands", "list the latest runs"))
    _show(command("show", ".show", "show a run: plans, calls, costs, files and answer; or who made a file"))

    _records(command)

    _tools(command)

    plan = command("plan", ".plan_commands", "show the plan for a request, checked and priced, without running it")
    plan.add_argument("request", metavar="REQUEST", nargs="?", help="what you want; none with `--check`")
    plan.add_argument("files", metavar="FILE", nargs="*", type=given_file, help="video, audio, pictures, or addresses")
    plan.add_argument(
        "--check",
        type=Path,
        metavar="PLAN.json",
        help="check this plan instead (`-`: standard input), show it mended, and exit with 1 when it has errors",
    )
    plan.add_argument(
        "--catalog", type=Path, metavar="TOOLS.json", help="with --check: the tools it may use, instead of ours"
    )
    plan.add_argument(
        "--bold", action="store_true", help="with --check: also drop what nobody uses, and shorten detours"
    )
    _local_only(plan)
    _json(plan, "print plan, text, findings, repairs and quote as JSON")

    command("mcp", "..mcp_server.command", "serve the tools to other programs over MCP; options: sensorium mcp --help")
    doctor = command("doctor", ".doctor", "say what works here, what is missing, and what adds it")
    doctor.add_argument("--online", action="store_true", help="ask each model behind an endpoint one tiny question")
    _local_only(doctor)
    _json(doctor)
    return parser, commands


def _make(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    make = command("make", ".make_commands", "make a whole production by its recipe; without a name, list the recipes")
    make.add_argument("name", metavar="NAME", nargs="?", type=words, help="of a recipe, or its file")
    make.add_argument("files", metavar="FILE", nargs="*", type=given_file, help="what it is made of, see the list")
    make.add_argument(
        "--set", action="append", default=[], type=words, metavar="NAME=VALUE", help="a value, or a file, by its name"
    )
    make.add_argument("--plan-only", action="store_true", help="print the plan with its price and stop")
    _output(make)
    _json(make, "print one AG-UI event a line; of the list, JSON")
    _yes(make)
    _local_only(make)
    _budget(make, "spend at most this; `usd` in `[budget]` of sensorium.toml otherwise")


def _conversations(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    chat = command("chat", ".chat", "talk about some files, turn by turn")
    chat.add_argument("files", metavar="FILE", nargs="*", type=Path, help="video, audio or pictures")
    _thread(chat)
    _local_only(chat)
    threads = command("threads", ".thread_commands", "list the conversations, name one, or delete it with its runs")
    threads.add_argument("words", metavar="WORD", nargs="*", type=words, help="`rename ID TITLE`, or `delete ID`")
    _json(threads)
    facts = command("facts", ".thread_commands", "list what you asked to be remembered of you, add to it, or delete it")
    facts.add_argument("words", metavar="WORD", nargs="*", type=words, help="`add TEXT`, or `delete N`")
    _json(facts)


def _tools(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    _json(command("tools", ".tool_commands", "list the tools"), "with their full schemas, as JSON")
    tool = command("tool", ".tool_commands", "call one tool")
    tool.add_argument("name", metavar="NAME", help="one of `sensorium tools`")
    tool.add_argument("args", metavar="ARGS", nargs="?", help="JSON object, `@args.json`, or `-` for standard input")
    _output(tool)
    _local_only(tool)
    _json(tool)
    providers = command("providers", ".provider_commands", "list who can serve: roles, keys, prices and limits")
    told = "`NAME`: all about one; `check FILE`: see whether a file of your own can be used, and what it would send"
    providers.add_argument("words", metavar="WORD", nargs="*", type=words, help=told)
    _json(providers)


def _records(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    export = command(
        "export", ".recipe_commands", "write a run down as a recipe that `run --recipe` applies to other files"
    )
    export.add_argument("run_id", metavar="RUN_ID", type=words, help="its id, the start of it, or `last`")
    export.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to, for example recipe.toml")
    replay = command(
        "replay", ".replay_commands", "run a run again from its record, without any model or tool, and compare"
    )
    replay.add_argument("run_id", metavar="RUN_ID", type=words, help="its id, the start of it, or `last`")
    _json(replay)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from .. import __version__

        parser.exit(message=f"sensorium {__version__}\n")


def _budget(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("--budget-usd", type=amount, metavar="X", help=help)


def _yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--yes", action="store_true", help="approve what would be asked; what `[policy]` denies stays denied"
    )


def _local_only(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--local-only", action="store_true", help="let nothing leave this machine; models on it may be asked"
    )


def _output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="put the files that were made into this folder"
    )


def _thread(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c", "--continue", dest="thread", action="store_const", const="last", help="go on with the latest conversation"
    )
    parser.add_argument("--thread", metavar="ID", type=words, help="go on with this one; see `sensorium threads`")


def _show(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "run_id",
        metavar="RUN_ID|FILE",
        help="its id, the start of it, or `last`; or a file, to see who made it and how",
    )
    told = "draw where its values came from: the request and the files, each step, the answer; `!`: not to be trusted"
    command.add_argument("--provenance", action="store_true", help=told)
    _json(command)


def _json(parser: argparse.ArgumentParser, help: str = "print JSON") -> None:
    parser.add_argument("--json", action="store_true", help=help)


def words(text: str) -> str:
    """Return an argument as valid text; a shell may hand over any bytes."""
    return os.fsencode(text).decode("utf-8", "replace")


def amount(text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0 <= price < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of money; give a number from 0 up")
    return price


def count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 64")
    return number
