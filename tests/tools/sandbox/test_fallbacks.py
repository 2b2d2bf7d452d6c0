"""What confines code where bubblewrap does not work: containers (made by a fake engine here) and the calculator."""

import asyncio
import json
import os
import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sensorium.tools.base.call import call
from sensorium.tools.base.errors import UnavailableError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.sandbox.choice import IMAGE, Choice
from sensorium.tools.sandbox.containers import container_session, find_engine, try_engine
from sensorium.tools.sandbox.isolation import Isolation, _find, find_isolation, try_bubblewrap
from sensorium.tools.sandbox.limits import Limits
from sensorium.tools.sandbox.monty import CalculatorSession
from sensorium.tools.sandbox.seatbelt import profile, seatbelt_session

# Makes of the flags of an engine those of bubblewrap, so that our programs run where a container would run them.
ENGINE = """#!{python} -I
import json, os, signal, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
verb, rest = sys.argv[1], sys.argv[2:]
with open(HERE + "/said.jsonl", "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
if {broken}:
    sys.exit("Error: no such image")


def enter(name, program):
    known = json.load(open(HERE + "/" + name + ".json"))
    binds = [part for pair in known["volumes"] for part in ("--ro-bind", *pair)]
    os.execv({bwrap!r}, ["bwrap", "--ro-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "--as-pid-1",
        "--die-with-parent", "--tmpfs", "/opt", "--bind", known["work"], "/work", *binds,
        "--setenv", "MPLBACKEND", "Agg", "--", *program])


if verb == "run":
    name = rest[rest.index("--name") + 1]
    volumes = [rest[at + 1].split(":")[:2] for at, one in enumerate(rest) if one == "--volume"]
    work = HERE + "/work-" + name
    os.makedirs(work + "/in"), os.makedirs(work + "/out")
    state = {{"volumes": volumes, "work": work, "pid": os.getpid()}}
    json.dump(state, open(HERE + "/" + name + ".json", "w"))
    image = rest.index({image!r})
    enter(name, [{python!r}, *rest[image + 1 :]])
elif verb == "exec":
    name = rest[2]
    enter(name, [{python!r}, *rest[4:]])
elif verb == "kill":
    os.kill(json.load(open(HERE + "/" + rest[-1] + ".json"))["pid"], signal.SIGKILL)
"""

needs_bubblewrap = pytest.mark.skipif(
    not shutil.which("bwrap") and not os.environ.get("CI"), reason="the fake engine needs bubblewrap"
)


def install(folder: Path, name: str, *, broken: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(
        ENGINE.format(
            python=os.path.realpath(sys.executable), bwrap=shutil.which("bwrap") or "bwrap", broken=broken, image=IMAGE
        )
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a fake `podman`, which is all that the PATH has."""
    folder = tmp_path / "programs"
    install(folder, "podman")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def said(folder: Path, verb: str) -> list[str]:
    lines = [json.loads(one) for one in (folder / "said.jsonl").read_text().splitlines()]
    return next(one for one in lines if one[0] == verb)


@needs_bubblewrap
def test_code_runs_in_a_container_with_files_in_and_out(engine: Path, tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("1 2 3")
    session = container_session("podman", IMAGE, limits=Limits())
    try:
        code = "text = open('/work/in/numbers.txt').read()\nopen('/work/out/sum.txt', 'w').write(text)\nprint('hi')\n7"
        first = session.execute(code, {"numbers.txt": tmp_path / "numbers.txt"})
        second = session.execute("len(text)")
    finally:
        session.close()
    assert (first.status, first.value, first.stdout) == ("done", "7", "hi\n")
    assert first.artifacts == [("sum.txt", b"1 2 3")]
    assert (second.value, second.artifacts) == ("5", [])


@needs_bubblewrap
def test_a_container_has_no_way_out(engine: Path) -> None:
    assert try_engine("podman", IMAGE)[0]
    flags = said(engine, "run")
    pairs = dict(pairwise(flags))
    wanted = {"--network": "none", "--cap-drop": "ALL", "--security-opt": "no-new-privileges", "--pull": "never",
              "--user": "65534:65534", "--pids-limit": "64", "--memory": str(Limits().total_memory_bytes)}  # fmt: skip
    assert wanted.items() <= pairs.items()
    assert "--read-only" in flags
    volumes = [flags[at + 1] for at, one in enumerate(flags) if one == "--volume"]
    assert all(one.endswith(":ro,z") for one in volumes)
    assert not {"--privileged", "--cap-add", "--device"} & set(flags)


@needs_bubblewrap
def test_links_and_large_files_do_not_come_out_of_a_container(engine: Path) -> None:
    session = container_session("podman", IMAGE, limits=Limits(artifact_bytes=100))
    code = """
import os
os.symlink('/etc/passwd', '/work/out/link')
open('/work/out/large', 'w').write('x' * 101)
open('/work/out/small', 'w').write('x' * 100)
"""
    try:
        outcome = session.execute(code)
    finally:
        session.close()
    assert [name for name, _ in outcome.artifacts] == ["small"]
    assert len(outcome.refused) == 2


@needs_bubblewrap
def test_a_call_in_a_container_ends_with_its_time(engine: Path) -> None:
    session = container_session("podman", IMAGE, limits=Limits(wall_seconds=60))
    try:
        session.execute("x = 1")
        outcome = session.execute("while True: pass", timeout_seconds=0.5)
        assert (outcome.status, outcome.state_lost, outcome.seconds < 30) == ("timeout", True, True)
        assert session.execute("'x' in globals()").value == "False"
    finally:
        session.close()


def test_an_engine_that_fails_is_not_used_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "programs", "docker", broken=True)
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    assert find_engine() == "docker"
    works, why = try_engine("docker", IMAGE)
    assert (works, "no such image" in why) == (False, True)
    with pytest.raises(UnavailableError, match="no such image"):
        container_session("docker", IMAGE, limits=Limits()).execute("1")


def test_without_an_engine_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_engine() is None
    assert try_engine("podman", IMAGE) == (False, "`podman` is not installed")


def without_limits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a fake `sandbox-exec` that takes rules and keeps none of them; only its processes are its own."""
    folder.mkdir()
    program = folder / "sandbox-exec"
    bwrap = f"{shutil.which('bwrap')} --bind / / --proc /proc --dev /dev --unshare-pid --die-with-parent --"
    program.write_text(f'#!/bin/sh\nshift 2\nexec {bwrap} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")


@needs_bubblewrap
def test_seatbelt_that_keeps_no_rule_runs_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_limits(tmp_path / "programs", monkeypatch)
    with pytest.raises(UnavailableError, match="not closed: it reads what it must not"):
        seatbelt_session(limits=Limits()).execute(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert not (tmp_path / "ran").exists()


def test_the_rules_of_seatbelt_name_one_program_and_one_folder_to_write() -> None:
    rules = profile(Path("/opt/python"), [Path('/opt/a "quoted" place')], Path("/tmp/work")).splitlines()
    assert rules[1] == "(deny default)"
    assert [one for one in rules if "process" in one] == ['(allow process-exec (literal "/opt/python"))']
    assert [one for one in rules if "write" in one] == [
        '(allow file-write* (subpath "/tmp/work") (literal "/dev/null"))'
    ]
    assert '(subpath "/opt/a \\"quoted\\" place")' in rules[4]
    assert not [one for one in rules if "network" in one or "signal" in one]


def found(settings: Settings, **choice: Any) -> Isolation:
    """Return what confines code, tried anew."""
    for one in (_find, try_bubblewrap):
        one.cache_clear()
    try:
        return find_isolation(replace(settings, sandbox=Choice(**choice)))
    finally:
        for one in (_find, try_bubblewrap):
            one.cache_clear()


async def test_with_an_empty_path_code_is_refused_and_the_mend_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sensorium.tools.sandbox.monty.is_installed", lambda: False)
    isolation = found(run.settings)
    assert (isolation.name, isolation.works) == ("none", False)
    assert "apt install bubblewrap" in isolation.mend
    _find.cache_clear()
    try_bubblewrap.cache_clear()
    with pytest.raises(UnavailableError, match="apt install bubblewrap"):
        await call("run_python", {"code": f"open({str(tmp_path / 'ran')!r}, 'w')"}, run)
    _find.cache_clear()
    try_bubblewrap.cache_clear()
    assert not (tmp_path / "ran").exists()


def test_a_bubblewrap_that_fails_gives_way_to_what_works(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    assert found(settings, kind="bubblewrap").works is False
    assert "No permissions" in found(settings, kind="bubblewrap").why
    monkeypatch.setattr("sensorium.tools.sandbox.monty.is_installed", lambda: True)
    assert found(settings).name == "monty"
    assert found(settings).mend


@pytest.mark.parametrize("kind", ["podman", "docker", "seatbelt"])
def test_what_was_chosen_and_is_not_there_does_not_give_way(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    isolation = found(settings, kind=kind)
    assert (isolation.name, isolation.works) == (kind, False)
    assert isolation.mend


@pytest.fixture
def calculator() -> CalculatorSession:
    pytest.importorskip("pydantic_monty")
    return CalculatorSession(limits=Limits(wall_seconds=60))


def test_the_calculator_keeps_its_variables(calculator: CalculatorSession) -> None:
    assert calculator.execute("x = 41\nprint('hi')\nx + 1").value == "42"
    second = calculator.execute("x")
    assert (second.status, second.value, len(second.cells)) == ("done", "41", 2)
    calculator.close()


@pytest.mark.parametrize(
    ("code", "kind", "line"),
    [
        ("y = 1\n1 / 0", "ZeroDivisionError", 2),
        ("def f(:", "SyntaxError", 1),
        ("import numpy", "ModuleNotFoundError", 1),
        ("open('/etc/passwd').read()", "PermissionError", 1),
        ("import os\nos.listdir('/')", "PermissionError", 2),
        ("import socket", "ModuleNotFoundError", 1),
        ("'a' * 10**9", "MemoryError", 1),
        ("def r(): return r()\nr()", "RecursionError", 2),
    ],
)
def test_what_the_calculator_cannot_do_is_an_error_with_its_line(
    calculator: CalculatorSession, code: str, kind: str, line: int
) -> None:
    outcome = calculator.execute(code)
    assert outcome.error
    assert (outcome.status, outcome.error.type, outcome.error.line) == ("error", kind, line)
    assert (outcome.state_lost, calculator.execute("1 + 1").value) == (False, "2")
    calculator.close()


@pytest.mark.parametrize("code", ["while True: pass", "while True: print('x' * 1000)"])
def test_an_endless_calculation_ends_with_its_time(calculator: CalculatorSession, code: str) -> None:
    outcome = calculator.execute(code, timeout_seconds=0.5)
    assert (outcome.status, outcome.state_lost, outcome.seconds < 30) == ("timeout", True, True)
    assert len(outcome.stdout) <= Limits().output_bytes
    assert calculator.execute("1 + 1").value == "2"
    calculator.close()


async def test_a_calculation_that_is_only_beginning_is_ended(calculator: CalculatorSession) -> None:
    # Its process does not stand yet; without looking again the code would run until its time is up.
    work = asyncio.create_task(calculator.run("while True: pass", timeout_seconds=1000))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert calculator.execute("1 + 1").value == "2"
    calculator.close()


async def test_who_stops_waiting_ends_no_other_calculation(calculator: CalculatorSession) -> None:
    calculator.execute("x = 1")
    with calculator._lock:  # as another call has it
        work = asyncio.create_task(calculator.run("x = 2"))
        await asyncio.sleep(0)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert calculator.execute("x").value == "1"
    calculator.close()


def test_the_calculator_takes_no_files(calculator: CalculatorSession, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be given files"):
        calculator.execute("1", {"a": tmp_path / "a"})


def test_the_calculator_is_found_where_there_is_no_posix(modules_after: Callable[[str], set[str]]) -> None:
    code = """
import os, select, socket, sys
import sensorium.tools.base.call
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for place, names in ((select, ["poll"]), (socket, ["AF_UNIX"]), (os, ["memfd_create", "geteuid", "sysconf", "fork"])):
    for name in names:
        if hasattr(place, name):
            delattr(place, name)
sys.platform, os.environ["PATH"] = "win32", ""
import sensorium.tools.run_python, sensorium.tools.sandbox.monty
from sensorium.tools.sandbox import isolation
sensorium.tools.sandbox.monty.is_installed = lambda: True
assert isolation._find("auto", "image").name == "monty"
"""
    assert "sensorium.tools.sandbox.monty" in modules_after(code)
