"""The filter answers as it should, on both machines: a small interpreter runs it as the kernel would."""

import struct

import pytest

from sensorium.tools.sandbox.seccomp import _DENIED, seccomp_filter

ALLOW, KILL, EPERM, ENOSYS, EAFNOSUPPORT = 0x7FFF0000, 0x80000000, 0x50001, 0x50026, 0x50061
X86, ARM = 0xC000003E, 0xC00000B7
MACHINES = {"x86_64": X86, "aarch64": ARM}
CLONE, IOCTL, SOCKET = {"x86_64": 56, "aarch64": 220}, {"x86_64": 16, "aarch64": 29}, {"x86_64": 41, "aarch64": 198}


def answer(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """Run the filter over one call."""
    six = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, MACHINES[machine] if arch is None else arch, 0, *six)
    program = list(struct.iter_unpack("=HBBI", seccomp_filter(machine)))
    at, word = 0, 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        if code == 0x20:
            word = struct.unpack_from("<I", data, value)[0]
        elif code == 0x06:
            return int(value)
        else:
            holds = {0x15: word == value, 0x35: word >= value, 0x45: bool(word & value)}[code]
            at += yes if holds else no


@pytest.mark.parametrize("machine", MACHINES)
def test_ordinary_calls_pass(machine: str) -> None:
    denied = {numbers[list(MACHINES).index(machine)] for numbers in _DENIED.values()}
    handled = {435, CLONE[machine], IOCTL[machine], SOCKET[machine], {"x86_64": 53, "aarch64": 199}[machine]}
    assert {n for n in range(470) if answer(machine, n) == ALLOW} == set(range(470)) - denied - handled | {
        CLONE[machine], IOCTL[machine],
    }  # fmt: skip
    assert {n for n in range(470) if answer(machine, n) == EPERM} == denied - {None}


@pytest.mark.parametrize("machine", MACHINES)
def test_another_table_of_calls_kills(machine: str) -> None:
    assert answer(machine, 1, arch=0x40000003) == KILL  # 32-bit x86
    assert answer(machine, 1, arch=0x40000028) == KILL  # 32-bit ARM


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_that_nobody_has_looked_at_are_not_there(machine: str) -> None:
    assert {answer(machine, number) for number in (470, 500, 1000, 0x3FFFFFFF)} == {ENOSYS}


def test_the_x32_table_kills() -> None:
    assert answer("x86_64", 0x40000001) == KILL
    assert answer("x86_64", -1) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_threads_may_be_made_and_namespaces_not(machine: str) -> None:
    assert answer(machine, CLONE[machine], 0x3D0F00) == ALLOW  # as the C library makes a thread
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert answer(machine, CLONE[machine], flag | 17) == EPERM
    assert answer(machine, 435) == ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_only_three_families_of_sockets_are_made(machine: str) -> None:
    families = {n for n in range(64) if answer(machine, SOCKET[machine], n) == ALLOW}
    assert families == {1, 2, 10}
    assert answer(machine, SOCKET[machine], 40 | 1 << 32) == EAFNOSUPPORT
    assert answer(machine, SOCKET[machine] + (12 if machine == "x86_64" else 1), 40) == EAFNOSUPPORT


@pytest.mark.parametrize("machine", MACHINES)
def test_nobody_types_into_a_terminal(machine: str) -> None:
    for request in (0x5412, 0x541C, 0x5423, 0x5412 | 1 << 32):
        assert answer(machine, IOCTL[machine], 0, request) == EPERM
    assert answer(machine, IOCTL[machine], 0, 0x5413) == ALLOW


def test_every_jump_lands_in_the_program() -> None:
    for machine in MACHINES:
        program = list(struct.iter_unpack("=HBBI", seccomp_filter(machine)))
        assert len(program) < 4096
        ends = [at + 1 + max(yes, no) for at, (code, yes, no, _) in enumerate(program) if code in (0x15, 0x35, 0x45)]
        assert max(ends) < len(program)
