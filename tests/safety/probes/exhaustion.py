"""Probes that take more than there is; each has a session of its own and is judged by what is left of the host."""

import array
import ctypes
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from prelude import FACTS, INTEL, OUT, WORK, mounts, syscall

BIG = 1 << 40


def memory_in_one_process() -> None:
    held = []
    while True:
        held.append(bytearray(b"x") * (16 << 20))


def memory_at_once() -> None:
    bytearray(64 << 30)


def memory_that_is_reserved() -> None:
    """Address space without touching it."""
    import mmap

    held = [mmap.mmap(-1, 1 << 30) for _ in range(200)]
    time.sleep(len(held))


def memory_in_many_processes() -> None:
    """Each stays below the limit of a process."""
    for _ in range(30):
        if os.fork() == 0:
            held = bytearray(b"x") * (FACTS["limits"]["memory_bytes"] // 3)
            time.sleep(60 + len(held) % 2)
            os._exit(0)
    time.sleep(60)


def memory_in_files_of_memory() -> str:
    """Files of memory that nobody has mapped are in no process's resident set."""
    held, filled = [], 0
    with suppress(OSError):
        for number in range(100):
            held.append(os.memfd_create(f"held{number}"))
            for _ in range(FACTS["limits"]["file_bytes"] >> 20):
                filled += os.write(held[-1], b"x" * (1 << 20))
    return f"filled {filled}"


def memory_in_secret_files() -> str:
    """Memory that even the kernel does not map."""
    filled = 0
    with suppress(OSError, ValueError):
        for _ in range(100):
            if (handle := syscall("memfd_secret", 0)) < 0:
                break
            os.ftruncate(handle, 16 << 20)
            import mmap

            mmap.mmap(handle, 16 << 20).write(b"x" * (16 << 20))
            filled += 16 << 20
    return f"filled {filled}"


def memory_in_shared_segments() -> str:
    """A segment that its process has let go of lives on in the namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    filled, size = 0, 32 << 20
    for _ in range(100):
        if (segment := syscall("shmget", 0, size, 0o1600)) < 0:
            break
        address = libc.shmat(segment, None, 0)
        if address in (None, ctypes.c_void_p(-1).value):
            break
        ctypes.memset(address, 1, size)
        libc.shmdt(ctypes.c_void_p(address))
        filled += size
    return f"filled {filled}"


def memory_in_queues_of_messages() -> str:
    """System V queues, which outlive who wrote to them."""
    filled, message = 0, ctypes.create_string_buffer(struct.pack("l", 1) + b"x" * 8000)
    for _ in range(32_000):
        if (queue := syscall("msgget", 0, 0o1600)) < 0:
            break
        while syscall(69 if INTEL else 189, queue, ctypes.addressof(message), 8000, 0o4000) >= 0:
            filled += 8000
    return f"filled {filled}"


def _in_children(fill: Callable[[], int], many: int) -> str:
    """Fill in many processes at once, all of them alive; return the sum."""
    import mmap

    counts = mmap.mmap(-1, 8 * many)
    for number in range(many):
        try:
            child = os.fork()
        except OSError:
            break
        if child == 0:
            struct.pack_into("q", counts, 8 * number, fill())
            time.sleep(60)
    time.sleep(1.2)
    return f"filled {sum(struct.unpack(f'{many}q', counts[:]))}"


def memory_in_pipes() -> str:
    """What is in a pipe belongs to no process."""
    import fcntl

    def fill() -> int:
        filled, held = 0, []
        with suppress(OSError):
            while True:
                held.append(os.pipe())
                with suppress(OSError):
                    fcntl.fcntl(held[-1][1], 1031, 1 << 20)  # F_SETPIPE_SZ
                os.set_blocking(held[-1][1], False)
                with suppress(BlockingIOError):
                    filled += os.write(held[-1][1], b"x" * (1 << 20))
        return filled

    return _in_children(fill, 50)


def memory_in_sockets() -> str:
    def fill() -> int:
        filled, held = 0, []
        with suppress(OSError):
            while True:
                held.append(pair := socket.socketpair())
                for end in pair:
                    with suppress(OSError):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
                    end.setblocking(False)
                    with suppress(BlockingIOError):
                        while True:
                            filled += end.send(b"x" * 65536)
        return filled

    return _in_children(fill, 50)


def memory_in_connections() -> str:
    """The buffers of connections over one's own loopback."""

    def fill() -> int:
        filled, held = 0, []
        with suppress(OSError), socket.create_server(("127.0.0.1", 0), backlog=200) as server:
            while True:
                held.append(made := socket.create_connection(server.getsockname()))
                with suppress(OSError):
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
                made.setblocking(False)
                with suppress(BlockingIOError):
                    while True:
                        filled += made.send(b"x" * 65536)
        return filled

    return _in_children(fill, 50)


def memory_in_descriptors_under_way() -> str:
    """Descriptors that are sent and never taken are in no table."""
    filled = 0
    handle = os.open("/dev/null", os.O_RDONLY)
    rights = array.array("i", [handle] * 200)
    with suppress(OSError):
        while filled < 50_000:
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                    filled += 200
            # The only name of the queue goes along with the next.
            rights = array.array("i", [theirs.fileno(), ours.fileno(), *[handle] * 100])
    return f"sent {filled}"


def memory_by_mathematics() -> None:
    """One call of C that never looks at signals while it takes memory and time."""
    print(len(str(9 ** (9**9))))


def _fill(folder: str, limit: int) -> int:
    """Write until nothing goes any more or the limit is passed; return the bytes."""
    written, block = 0, b"x" * (1 << 20)
    for number in range(1 << 20):
        try:
            with open(f"{folder}/{number}", "wb", 0) as file:
                for _ in range(32):
                    written += file.write(block)
                    if written > limit:
                        return written
        except OSError:
            return written
    return written


def disk_in_every_place() -> str:
    """All that can be written at all: together no more than the scratch of a session."""
    places = {point for point, _, _, _ in mounts()} | {
        "/",
        "/dev",
        "/dev/shm",
        "/tmp",
        str(WORK),
        "/run",
        "/var/tmp",
        "/etc",
        "/dev/mqueue",
    }
    limit = FACTS["limits"]["disk_bytes"]
    filled = {}
    for place in sorted(places):
        if place.startswith("/proc"):
            continue
        with suppress(OSError):
            os.makedirs(f"{place}/fill", exist_ok=True)
            filled[place] = _fill(f"{place}/fill", 2 * limit)
    return f"filled {sum(filled.values())} {filled}"


def disk_of_files_without_names() -> str:
    """Files that are open and deleted count too."""
    held, written = [], 0
    with suppress(OSError):
        for number in range(100):
            held.append(os.open(f"{OUT}/{number}", os.O_CREAT | os.O_WRONLY))
            os.unlink(f"{OUT}/{number}")
            for _ in range(16):
                written += os.write(held[-1], b"x" * (1 << 20))
    return f"filled {written}"


def one_big_file() -> str:
    """The signal that ends a process at the limit of a file is set aside."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    written = 0
    with suppress(OSError), open(OUT / "big", "wb", 0) as file:
        while True:
            written += file.write(b"x" * (1 << 20))
    return f"filled {written}"


def one_big_file_with_the_signal() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    with open(OUT / "big", "wb", 0) as file:
        while True:
            file.write(b"x" * (1 << 20))


def one_sparse_file() -> str:
    with open(OUT / "sparse", "wb") as file:
        for size in (BIG, 1 << 33, 1 << 30):
            with suppress(OSError):
                file.truncate(size)
    return f"filled {os.stat(OUT / 'sparse').st_blocks * 512}"


def hundred_thousand_files() -> int:
    return _files(100_000)


def three_hundred_thousand_files() -> int:
    return _files(300_000)


def _files(many: int) -> int:
    made = 0
    with suppress(OSError):
        for number in range(many):
            os.close(os.open(f"{OUT}/{number}", os.O_CREAT | os.O_WRONLY))
            made += 1
    return made


def folders_without_end() -> int:
    made = 0
    os.chdir(OUT)
    with suppress(OSError):
        for _ in range(100_000):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
            made += 1
    os.chdir(WORK)
    return made


def processes_without_end() -> None:
    while True:
        with suppress(OSError):
            os.fork()


def processes_that_forgive_everything() -> None:
    """A tree of its own sessions that catches every signal it can."""
    for number in range(1, 65):
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    while True:
        with suppress(OSError):
            if os.fork() == 0:
                with suppress(OSError):
                    os.setsid()


def threads_without_end() -> int:
    started = 0
    with suppress(RuntimeError, MemoryError):
        while True:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            started += 1
    return started


def descriptors_without_end() -> int:
    held = []
    with suppress(OSError):
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    return len(held)


def terminals_without_end() -> int:
    held = []
    with suppress(OSError):
        while True:
            held.append(os.openpty())
    return len(held)


def time_of_the_processor() -> None:
    while True:
        pass


def time_of_the_processor_in_many() -> None:
    for _ in range(6):
        if os.fork() == 0:
            break
    while True:
        pass


def time_of_sleep() -> None:
    while True:
        time.sleep(3600)


def time_that_catches_interruption() -> None:
    """No handler, no exception and no signal that can be caught ends it."""
    for number in range(1, 65):
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        with suppress(BaseException):
            while True:
                time.sleep(1)


def time_in_one_call() -> None:
    """A regular expression that goes back and forth, in C, with the lock of the interpreter."""
    import re

    re.match(r"(a+)+$", "a" * 60 + "b")


def time_in_representation() -> object:
    class Slow:
        def __repr__(self) -> str:
            while True:
                time.sleep(1)

    return Slow()


def time_in_the_text_of_an_error() -> None:
    class SlowError(Exception):
        def __str__(self) -> str:
            while True:
                time.sleep(1)

    raise SlowError


def time_at_the_end() -> None:
    """What an exit handler and the deletion of objects do is within the limits too."""
    import atexit

    atexit.register(time.sleep, 3600)
    sys.exit(0)


def processes_that_outlive_the_call() -> str:
    """Forked twice, in sessions of their own, deaf to signals."""
    for _ in range(8):
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            for handle in range(3):
                with suppress(OSError):
                    os.close(handle)
            while True:
                time.sleep(1)
    return "left"


def output_without_end() -> None:
    block = b"y" * (1 << 20)
    for _ in range(4096):
        os.write(1, block)


def errors_without_end() -> None:
    block = "e" * (1 << 20)
    for _ in range(4096):
        sys.stderr.write(block)


def output_of_lines_by_print() -> None:
    while True:
        print("a line")


def output_of_children() -> None:
    for _ in range(8):
        if os.fork() == 0:
            break
    while True:
        os.write(1, b"z" * 65536)


def huge_value() -> str:
    return "v" * (300 << 20)


def huge_value_of_small_parts() -> list[str]:
    """Small to hold, huge to write down."""
    parts = ["x" * 1000]
    for _ in range(20):
        parts = [*parts, *parts]
    return parts


def huge_error() -> None:
    raise ValueError("e" * (200 << 20))


def huge_chain_of_errors() -> None:
    error = ValueError("first")
    for number in range(200_000):
        following = ValueError(number)
        following.__cause__ = error
        error = following
    raise error


def huge_name_of_an_error() -> None:
    raise type("E" * (64 << 20), (Exception,), {})("named")


def recursion_in_python() -> int:
    sys.setrecursionlimit(10**9)

    def deeper(depth: int) -> int:
        return deeper(depth + 1) + 1

    return deeper(0)


def recursion_in_c() -> str:
    """Runs over the stack of the process."""
    sys.setrecursionlimit(10**9)
    nested: list[object] = []
    for _ in range(10**6):
        nested = [nested]
    return repr(nested)


def crash_of_the_interpreter() -> None:
    ctypes.string_at(0)


def stop_of_itself() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def stop_of_everything() -> None:
    for pid in (int(one) for one in os.listdir("/proc") if one.isdigit()):
        with suppress(OSError):
            if pid != os.getpid():
                os.kill(pid, signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGSTOP)


def unpacking_without_end() -> None:
    import zlib

    packed = zlib.compress(b"\0" * (256 << 20), 9)
    held = []
    while True:
        held.append(zlib.decompress(packed))
