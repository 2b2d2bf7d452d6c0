"""Probes that lie to the host over the control channel, or take the program that answers it apart.

What a call gives of itself may be a lie; that is its own result. None may become the result of another call, and none
may make the host fail, wait or grow. `FORGED` in a later result is a lie that was believed.
"""

import array
import gc
import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from prelude import FACTS, OUT, channels, pids, raw_channel

FORGED = "FORGED"


def _frame(body: Any, blobs: int = 0, descriptors: int = 0, *, raw: bytes | None = None) -> bytes:
    data = json.dumps(body).encode() if raw is None else raw
    return struct.pack("!IHH", len(data), blobs, descriptors) + data


def _done(name: object) -> dict[str, Any]:
    return {
        "id": name, "status": "done", "kind": "done", "type": "done", "value": FORGED, "stdout": FORGED, "error": None,
        "stderr": FORGED, "artifacts": [], "seconds": 0.0, "cpu_seconds": 0.0, "ok": True, "result": FORGED,
    }  # fmt: skip


def _say(data: bytes) -> None:
    channel = raw_channel()
    with suppress(OSError):
        channel.setblocking(True)
        channel.sendall(data)


def garbage() -> str:
    _say(os.urandom(4096))
    return "said"


def an_endless_length() -> str:
    _say(b"\xff" * 8)
    return "said"


def a_length_of_nothing() -> str:
    _say(b"\0" * 64)
    return "said"


def a_huge_blob_that_never_comes() -> None:
    _say(struct.pack("!IHH", 2, 1, 0) + struct.pack("!Q", 1 << 62) + b"{}")
    time.sleep(60)


def many_blobs_that_never_come() -> None:
    _say(struct.pack("!IHH", 2, 1024, 0) + struct.pack("!1024Q", *[1 << 16] * 1024) + b"{}")
    time.sleep(60)


def half_a_frame() -> None:
    _say(_frame(_done("x"))[:-5])
    time.sleep(60)


def a_frame_in_drops() -> None:
    for one in _frame(_done("x")) * 20:
        _say(bytes([one]))
        time.sleep(0.1)


def frames_without_end() -> None:
    while True:
        _say(_frame({"id": "x", "status": "running"}) * 100)


def wrong_ids() -> str:
    for one in ("0" * 32, "", None, 0, -1, 1.5, [], {}, "x" * 1000, True):
        _say(_frame(_done(one)))
    return "said"


def answers_for_calls_to_come() -> str:
    """Every number that a counter might have next."""
    for number in range(200):
        _say(_frame(_done(number)) + _frame(_done(str(number))))
    return "said"


def answers_under_the_right_id() -> str:
    """Anything in the interpreter's memory that may be the id is tried, now and for later."""
    names = 0
    for one in gc.get_objects():
        if isinstance(one, dict) and isinstance(one.get("id"), str):
            _say(_frame(_done(one["id"])) * 3)
            names += 1
    return f"{names} ids"


def answers_by_the_guests_own_channel() -> str:
    """The object that the guest itself speaks with."""
    found = 0
    for one in gc.get_objects():
        with suppress(Exception):
            if type(one).__name__ == "Channel":
                found += 1
                for body in (_done("x"), _done(None), {}, {"id": "x"}):
                    one.send(body)
    return f"{found} channels"


def answers_later_by_a_thread() -> str:
    """A thread that stays, and speaks when the next call is made."""

    def speak() -> None:
        while True:
            time.sleep(0.05)
            _say(_frame(_done("0" * 32)))

    threading.Thread(target=speak, daemon=True).start()
    return "started"


def reads_the_next_call() -> str:
    """A thread that takes the next request away from the guest and answers it."""

    def take() -> None:
        channel = raw_channel()
        while True:
            with suppress(OSError, ValueError, struct.error):
                asked = channel.recv(1 << 20)
                start = asked.find(b"{")
                body, _ = json.JSONDecoder().raw_decode(asked[start:].decode(errors="replace"))
                channel.sendall(_frame({**_done(body.get("id")), **{key: body[key] for key in body if key == "id"}}))

    threading.Thread(target=take, daemon=True).start()
    return "started"


def strange_bodies() -> str:
    for raw in (
        b"null",
        b"[]",
        b"1",
        b'"x"',
        b"",
        b"{",
        b"\xff\xfe",
        b'{"id":NaN}',
        b'{"id":1e999}',
        b"nan",
        b"[" * 100_000,
    ):
        _say(_frame(None, raw=raw))
    return "said"


def deep_body() -> str:
    _say(_frame(None, raw=b'{"id":' * 60_000 + b"1" + b"}" * 60_000))
    return "said"


def long_numbers() -> str:
    _say(_frame(None, raw=b'{"id":"x","seconds":' + b"9" * 500_000 + b"}"))
    return "said"


def wrong_kinds() -> str:
    """The right shape with values of other kinds, under every id in memory."""
    names = {one["id"] for one in gc.get_objects() if isinstance(one, dict) and isinstance(one.get("id"), str)}
    for name in names or {"x"}:
        for value in (None, [], {}, 1, -1, 1e308, True, "\ud800", ["x"], {"type": 1}):
            body = dict.fromkeys(_done(name), value) | {"id": name}
            _say(_frame(None, raw=json.dumps(body).encode()))
    return "said"


def numbers_beyond_a_float() -> str:
    """An honest answer but for its numbers."""
    names = {one["id"] for one in gc.get_objects() if isinstance(one, dict) and isinstance(one.get("id"), str)}
    for name in names:
        for field in ("cpu_seconds", "seconds"):
            body = {"id": name, "value": None, "error": None, "cpu_seconds": 0, "background": ""} | {field: 0}
            said = json.dumps({one: body[one] for one in body if one != "seconds"})
            _say(_frame(None, raw=said.replace('"cpu_seconds": 0', f'"cpu_seconds": {"9" * 1000}').encode()))
    return "said"


def text_of_an_error_is_no_text() -> None:
    raise ValueError("\ud800 \x00 \x1b[2J")


def name_of_an_error_is_no_text() -> None:
    raise type("\ud800Error", (Exception,), {"__module__": "\udfff"})("x")


def lone_surrogates() -> str:
    sys.stdout.buffer.write(b"\xed\xa0\x80\xff\xfe\x80")
    return "\ud800\udfff"


def control_characters() -> str:
    print("\x1b]0;title\x07\x1b[2J\x00\x9b31m\u202e")
    return "\x1b[31m\x00\u202e"


def descriptors_are_sent() -> str:
    """The host must not keep what it is handed."""
    channel = raw_channel()
    handles = [os.open("/dev/null", os.O_RDONLY) for _ in range(60)]
    packed = array.array("i", handles)
    for _ in range(40):
        with suppress(OSError):
            channel.sendmsg([_frame(_done("x"), 0, 60)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)])
    return "sent"


def folders_are_sent() -> str:
    channel = raw_channel()
    handle = os.open("/", os.O_RDONLY)
    with suppress(OSError):
        channel.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [handle]))])
    return "sent"


def channel_closed() -> str:
    for one in channels():
        os.close(one)
    return "closed"


def channel_shut_down() -> str:
    raw_channel().shutdown(socket.SHUT_RDWR)
    return "shut"


def channel_replaced() -> str:
    """Where the channel was there is now something that is none."""
    for one in channels():
        os.dup2(os.open("/dev/zero", os.O_RDWR), one)
    return "replaced"


def channel_that_blocks() -> str:
    """The guest's end is made to not wait; the host's is another."""
    for one in channels():
        os.set_blocking(one, False)
    return "changed"


def output_closed() -> str:
    os.close(1)
    os.close(2)
    return "closed"


def output_replaced() -> str:
    sys.stdout = sys.stderr = None  # type: ignore[assignment]
    return "replaced"


def output_is_a_liar() -> str:
    class Liar:
        def __getattr__(self, name: str) -> Any:
            raise SystemError(name)

    sys.stdout = sys.stderr = Liar()  # type: ignore[assignment]
    return "replaced"


def end_of_output_is_forged() -> str:
    """Every string in memory that might be the mark of the end."""
    for one in gc.get_objects():
        if isinstance(one, dict):
            for value in list(one.values()):
                if isinstance(value, str) and 16 <= len(value) <= 64 and value.isalnum():
                    os.write(1, f"\n{value}\n".encode())
                elif isinstance(value, bytes) and 8 <= len(value) <= 64:
                    os.write(1, value)
    print("after the end")
    return "printed"


def leaves_at_once() -> None:
    os._exit(0)


def leaves_with_an_exit() -> None:
    sys.exit(0)


def leaves_by_an_odd_exit() -> None:
    raise SystemExit({"not": "a number"})


def interrupts_itself() -> None:
    raise KeyboardInterrupt


def leaves_by_generator_exit() -> None:
    raise GeneratorExit


def kills_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kills_its_parent() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(0.3)


def kills_the_first_process() -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(OSError):
            os.kill(1, number)
    time.sleep(0.3)


def kills_all() -> None:
    with suppress(OSError):
        os.kill(-1, signal.SIGKILL)
    for pid in pids():
        if pid != os.getpid():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    time.sleep(0.3)


def kills_its_group() -> None:
    os.killpg(0, signal.SIGKILL)


def becomes_another_program() -> None:
    os.execv("/bin/sh", ["sh", "-c", "echo FORGED; exit 0"])


def becomes_an_interpreter_with_the_channel() -> None:
    for one in channels():
        os.set_inheritable(one, True)
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"])


def globals_are_changed() -> str:
    """Everything the guest has by name is something else."""
    main = sys.modules["__main__"].__dict__
    for module in (main, sys.modules.get("guest", sys).__dict__, json.__dict__, struct.__dict__):
        for name in list(module):
            if not name.startswith("__"):
                module[name] = None
    return "changed"


def builtins_are_changed() -> str:
    import builtins

    for name in (
        "print",
        "repr",
        "len",
        "str",
        "dict",
        "isinstance",
        "compile",
        "exec",
        "open",
        "BaseException",
        "Exception",
    ):
        setattr(builtins, name, lambda *args, **more: FORGED)
    return "changed"


def compile_gives_another_program() -> str:
    import builtins

    real = builtins.compile
    builtins.compile = lambda *args, **more: real("'FORGED'", "x", "eval")  # type: ignore[assignment]
    return "changed"


def json_is_changed() -> str:
    json.dumps = lambda *args, **more: json.JSONEncoder().encode(_done("x"))  # type: ignore[assignment]
    return "changed"


def stack_is_walked() -> str:
    """The frames of the guest below our own, and their variables."""
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        for held in (frame.f_locals, frame.f_globals):
            for name, value in list(held.items()):
                if not name.startswith("__"):
                    held[name] = FORGED if isinstance(value, str) else None
    return "walked"


def hooks_are_changed() -> str:
    def hook(*args: Any) -> Any:
        raise SystemExit(FORGED)

    sys.excepthook = sys.displayhook = sys.unraisablehook = hook
    sys.settrace(hook)
    sys.setprofile(hook)
    threading.excepthook = hook
    sys.addaudithook(hook)
    return "changed"


def exit_handlers_speak() -> None:
    import atexit

    atexit.register(lambda: _say(_frame(_done("x"))))
    sys.exit(3)


def collector_runs_code() -> str:
    class Late:
        def __del__(self) -> None:
            _say(_frame(_done("x")))
            print(FORGED)

    loop = Late()
    loop.self = loop  # type: ignore[attr-defined]
    gc.set_threshold(1)
    return "made"


def recursion_is_forbidden() -> str:
    sys.setrecursionlimit(60)
    return "changed"


def signals_without_end() -> str:
    signal.signal(signal.SIGALRM, lambda *args: 1 / 0)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    return "set"


def value_that_lies_about_itself() -> object:
    class Lie(str):
        __slots__ = ()

        def __repr__(self) -> str:
            raise BaseExceptionGroup("lie", [SystemExit(0)])

    return Lie("x")


def value_whose_text_is_no_text() -> object:
    class Lie:
        def __repr__(self) -> Any:
            return 5

    return Lie()


def error_that_lies_about_itself() -> None:
    class LieError(Exception):
        def __str__(self) -> str:
            os._exit(0)

        @property
        def __traceback__(self) -> Any:  # type: ignore[override]
            raise SystemExit(0)

    raise LieError


def error_of_a_strange_kind() -> None:
    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            if name in ("__name__", "__qualname__", "__module__"):
                raise SystemExit(0)
            return super().__getattribute__(name)

    class LieError(Exception, metaclass=Meta):
        pass

    raise LieError


def code_object_of_a_strange_file() -> None:
    exec(compile("1/0", FACTS["secret_files"][0], "exec"))


def traceback_of_a_host_file() -> None:
    """The line of an error is looked up in the file that it names: on the host that would be a host's file."""
    exec(compile("\n" * 0 + "raise ValueError('line')", "/etc/shadow", "exec"))


def artifacts_of_its_own_naming() -> str:
    """A forged result that names files of the host as artifacts."""
    paths = [*FACTS["secret_files"], "../../../etc/passwd", "/etc/shadow"]
    for one in gc.get_objects():
        if isinstance(one, dict) and isinstance(one.get("id"), str):
            _say(_frame({**_done(one["id"]), "artifacts": paths, "files": paths, "path": paths[0]}))
    (OUT / "mine.txt").write_text("mine")
    return "said"
