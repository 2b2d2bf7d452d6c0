"""The host's side of the attacks: bait, users, and the program that makes the sessions."""

import ast
import ctypes
import errno
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sensorium
from sensorium.tools.sandbox.limits import Limits

HERE = Path(__file__).parent
PROBES = HERE / "probes"
PREFIX = "hostsecret-"
# Belongs to nobody, so that counts of its processes are ours.
ORDINARY_UID = 61_873
NAMESPACES = ("pid", "mnt", "net", "ipc", "uts", "user")


def probes(group: str) -> list[str]:
    """Return the names of a group's probes; its file is read, never imported."""
    tree = ast.parse((PROBES / f"{group}.py").read_text(encoding="utf-8"))
    return [one.name for one in tree.body if isinstance(one, ast.FunctionDef) and one.name[0] != "_"]


def attack(group: str, facts: dict[str, Any], last: str) -> str:
    """Return the code for a session: the prelude, a group of probes, and the expression whose value is asked for."""
    prelude, group_text = ((PROBES / f"{one}.py").read_text(encoding="utf-8") for one in ("prelude", group))
    return (
        "import sys as _sys, types as _types\n"
        "_prelude = _sys.modules['prelude'] = _types.ModuleType('prelude')\n"
        f"exec(compile({prelude!r}, 'prelude.py', 'exec'), _prelude.__dict__)\n"
        f"_prelude.FACTS.update({facts!r})\n"
        "assert _prelude.confined(), 'not confined'\n"
        f"exec(compile({group_text!r}, '{group}.py', 'exec'), globals())\n"
        f"{last}"
    )


@dataclass
class Bait:
    """What lies about on the host for an attack to find, and listens for who comes."""

    folder: Path
    secret: str
    facts: dict[str, Any]
    listening: dict[str, socket.socket]
    variables: dict[str, str]
    """Secrets for the environment of the host's processes; no attack is told their values."""
    files: dict[str, bytes] = field(default_factory=dict)

    def visitors(self) -> list[str]:
        """Return on which of the host's sockets something arrived."""
        found = []
        for name, one in self.listening.items():
            with suppress(BlockingIOError):
                if one.type == socket.SOCK_DGRAM:
                    one.recv(100)
                else:
                    one.accept()[0].close()
                found.append(name)
        return found

    def changed(self) -> list[str]:
        """Return which bait files are no longer what they were."""
        return [path for path, content in self.files.items() if Path(path).read_bytes() != content]

    def droppings(self) -> list[str]:
        """Return files of the host that an attack made."""
        folders = [
            self.folder,
            Path(tempfile.gettempdir()),
            Path("/dev/shm"),
            Path("/var/tmp"),
            Path.home(),
            Path.cwd(),
        ]
        return [str(one / self.facts["marker"]) for one in folders if (one / self.facts["marker"]).exists()]


@contextmanager
def baited(limits: dict[str, Any]) -> Iterator[Bait]:
    """Lay out bait for as long as the block runs."""
    secret = PREFIX + secrets.token_hex(16)
    token = secrets.token_hex(6)
    folder = Path(tempfile.mkdtemp(prefix="sensorium-safety-"))
    folder.chmod(0o755)
    hoard = folder / "hoard"
    places = [hoard / "secret.txt", folder / "home" / ".ssh" / "id_ed25519", folder / "assistant" / "sensorium.toml"]
    places += [one / f"sensorium-safety-{token}.txt" for one in map(Path, ("/dev/shm", "/var/tmp")) if one.is_dir()]
    files = {}
    for one in places:
        one.parent.mkdir(parents=True, exist_ok=True)
        content = f"# {secret}\n".encode()
        one.write_bytes(content)
        files[str(one)] = content
    variables = {"SENSORIUM_CANARY_KEY": secret, "OPENAI_API_KEY": secret, "AWS_SECRET_ACCESS_KEY": secret}
    waiting = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(3600)", secret], env={**os.environ, **variables}
    )
    listening, names = _listening(folder, token)
    key = secrets.randbelow(1 << 30) + 1
    libc = ctypes.CDLL(None)
    segment = libc.shmget(key, 4096, 0o1666)
    sources = [sys.prefix, sys.base_prefix, sys.base_exec_prefix, Path(sensorium.__file__).parent / "tools" / "sandbox"]
    documented = {str(one) for source in sources for one in (Path(source), Path(source).resolve())}
    try:
        yield Bait(
            folder=folder,
            secret=secret,
            files=files,
            listening=listening,
            variables=variables,
            facts={
                **names,
                "namespaces": {one: str(Path(f"/proc/self/ns/{one}").readlink()) for one in NAMESPACES},
                "secret_prefix": PREFIX,
                "secret_files": list(files),
                "secret_folders": [str(hoard), str(folder / "home"), str(folder)],
                "homes": [str(folder / "home"), str(Path.home())],
                "assistant_homes": [str(folder / "assistant"), str(folder / "home" / ".sensorium")],
                "host_variables": list(variables),
                "host_pids": [os.getpid(), waiting.pid],
                "hostname": socket.gethostname(),
                "addresses": _own_addresses(),
                "ipc_key": key,
                "marker": f"sensorium-dropped-{token}",
                "documented_sources": sorted({*documented, "/usr"}),
                "interpreter": str(Path(sys.executable).resolve()),
                "limits": {**{one: getattr(Limits(), one) for one in Limits.__dataclass_fields__}, **limits},
            },
        )
    finally:
        waiting.kill()
        waiting.wait()
        for one in listening.values():
            one.close()
        if segment >= 0:
            libc.shmctl(segment, 0, None)
        for path in files:
            Path(path).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _of_one_port() -> tuple[socket.socket, socket.socket]:
    """Return sockets for TCP and UDP that have the same number, which is free for both."""
    while True:
        tcp, udp = socket.create_server(("0.0.0.0", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(("0.0.0.0", tcp.getsockname()[1]))
        except OSError as error:
            tcp.close()
            udp.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return tcp, udp


def _listening(folder: Path, token: str) -> tuple[dict[str, socket.socket], dict[str, Any]]:
    tcp, udp = _of_one_port()
    made = {
        "tcp": tcp,
        "udp": udp,
        "file": socket.socket(socket.AF_UNIX),
        "abstract": socket.socket(socket.AF_UNIX),
    }
    port = tcp.getsockname()[1]
    path = folder / "listening"
    made["file"].bind(str(path))
    path.chmod(0o777)
    made["abstract"].bind(f"\0sensorium-safety-{token}")
    with suppress(OSError):
        made["tcp, IPv6"] = socket.create_server(("::1", port), family=socket.AF_INET6)
    for name, one in made.items():
        if name in ("file", "abstract"):
            one.listen()
        one.setblocking(False)
    names = {"tcp_port": port, "udp_port": port, "unix_path": str(path), "abstract": f"sensorium-safety-{token}"}
    return made, names


def _own_addresses() -> list[str]:
    """Return this machine's addresses in its networks; nothing is sent for that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, suppress(OSError):
        one.connect(("192.0.2.1", 9))
        return [one.getsockname()[0]]
    return []


class Unable(Exception):
    """The attacks cannot be run as this user here; the message says why."""


def attackers() -> list[str]:
    """Return as whom the attacks can be made: root only where we are root."""
    return ["root", "ordinary"] if os.geteuid() == 0 else ["ordinary"]


def send(
    user: str, jobs: Sequence[dict[str, Any]], bait: Bait, *, parallel: int = 2, seconds: float = 200
) -> dict[str, Any]:
    """Run attacks as a user and return what came of them.

    Raises:
        Unable: No real sandbox works for this user here, so nothing was run.
    """
    home = Path(tempfile.mkdtemp(prefix="sensorium-attacker-"))
    try:
        with started(user, home, bait, "attacker.py") as process:
            asked = {"namespaces": bait.facts["namespaces"], "parallel": parallel, "jobs": list(jobs)}
            told, said = process.communicate(json.dumps(asked).encode(), timeout=seconds)
        if process.returncode:
            raise RuntimeError(said.decode(errors="replace")[-4000:])
        answer: dict[str, Any] = json.loads(told)
        if "refused" in answer:
            raise Unable(answer["refused"])
        return {**answer, "log": said.decode(errors="replace")}
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def started(user: str, home: Path, bait: Bait, *command: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a program as a user, a script of this folder or a module by its name, with secrets about it."""
    scratch = home / "tmp"
    scratch.mkdir(exist_ok=True)
    program = [str(HERE / command[0])] if command[0].endswith(".py") else ["-m", command[0]]
    line = [sys.executable, "-B", *program, *command[1:]]
    if user == "ordinary" and os.geteuid() == 0:
        for one in (home, scratch):
            os.chown(one, ORDINARY_UID, ORDINARY_UID)
        line = as_ordinary(line)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(scratch),
        "SENSORIUM_HOME": str(home / "sensorium"),
        "SENSORIUM_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **bait.variables,
    }
    leaked = os.open(bait.facts["secret_files"][0], os.O_RDONLY)
    process = subprocess.Popen(
        line, env=environment, cwd=home, pass_fds=(leaked,), stdin=-1, stdout=-1, stderr=-1, start_new_session=True
    )
    os.close(leaked)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for one in (process.stdin, process.stdout, process.stderr):
            if one:
                one.close()


def as_ordinary(line: Sequence[str]) -> list[str]:
    """Return the command that runs another as an ordinary user, with the interpreter in reach."""
    needed = {Path(one).resolve() for one in (sys.base_prefix, sys.prefix, HERE.parent.parent)}
    reach = str(HERE / "reach.py")
    closed = [str(one) for one in sorted(needed) if _closed(one)]
    here = str(Path("/proc/self/ns/mnt").readlink())
    command = [sys.executable, "-B", reach, here, str(ORDINARY_UID), *closed, "--", *line]
    if not closed:
        return command
    if not (unshare := shutil.which("unshare")):
        raise Unable(f"{closed[0]} is closed to an ordinary user, and there is no `unshare`")
    return [unshare, "--mount", "--propagation", "private", *command]


def _closed(path: Path) -> bool:
    return any(not one.stat().st_mode & 0o001 for one in (path, *path.parents))
