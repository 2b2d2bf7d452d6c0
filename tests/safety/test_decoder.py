"""A decoder that a file has taken over reaches neither the host nor what another decoder holds."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from sensorium.tools.base import decoder_processes, decoders, decoding
from sensorium.tools.base.settings import Settings
from sensorium.tools.sandbox.cage import Cage
from sensorium.tools.sandbox.isolation import find_isolation

GROUPS = ("decoder",)


@pytest.fixture(scope="module")
def taken_over(
    attacking: ModuleType, or_excused: Callable[[Exception], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], list[str]]]:
    """Return what a probe finds in a cage that is a decoder's but for its program."""
    isolation = find_isolation(Settings(home=tmp_path_factory.mktemp("home"), offline=True))
    if isolation.name != "bubblewrap" or not isolation.works:
        or_excused(attacking.Unable(isolation.why))
    own = tmp_path_factory.mktemp("lent") / "own.bin"
    own.write_bytes(b"own content")
    own.chmod(0o666)
    binds = [(decoder_processes.ROOT / name, f"{decoders._PLACE}/{name}") for name in decoders._PARTS]
    with attacking.baited({}) as bait:
        cage = Cage.start(
            Path(__file__).with_name("decoder_guest.py"),
            limits=decoders._limits(),
            binds=binds,
            environment={"SENSORIUM_PACKAGE": decoders._PLACE},
        )
        others = os.open(bait.facts["secret_files"][0], os.O_RDONLY)
        lent = os.open(own, os.O_RDONLY)
        cage.channel.send({"limits": decoding.limits(cpu_seconds=60)}, descriptors=[others])
        os.close(others)

        def ask(probe: str) -> list[str]:
            code = attacking.attack("decoder", bait.facts, "")
            cage.channel.send({"probe": probe}, [code.encode()], [lent])
            found: list[str] = cage.channel.receive(30).body["found"]
            assert own.read_bytes() == b"own content"
            assert own.stat().st_mode & 0o777 == 0o666
            assert bait.visitors() + bait.changed() + bait.droppings() == []
            return found

        try:
            yield ask
        finally:
            cage.kill()
            os.close(lent)


def test_a_decoder_that_was_taken_over_is_held(taken_over: Callable[[str], list[str]], group: str, probe: str) -> None:
    assert taken_over(probe) == []
