"""Fuzz with atheris: `python tests/safety/fuzz/run.py TARGET|all FOLDER [options of libFuzzer]`."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sensorium"]):
    sys.path.insert(0, str(Path(__file__).parent))
    import targets

if __name__ == "__main__":
    name, place, *options = sys.argv[1:]
    folder = Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.seeds() if name == "all" else targets.SEEDS[name]):
        (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(folder), *options], targets.everything if name == "all" else targets.TARGETS[name])
    atheris.Fuzz()
