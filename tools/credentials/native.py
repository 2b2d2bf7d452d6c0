"""c2pa's library, loaded from where it is installed and from nowhere else."""

import importlib
import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

from ..base.errors import UnavailableError

_lock = threading.Lock()


def c2pa() -> Any:
    """Return the module `c2pa`.

    It would look for its library in the current folder first, and run what lies there by that name: whoever works in a
    folder of a stranger would run his code.

    Raises:
        UnavailableError: It is not installed, or its library does not fit this machine.
    """
    with _lock:
        if (found := sys.modules.get("c2pa")) is not None:
            return found
        try:
            package = importlib.util.find_spec("c2pa")
            if package is None or not package.submodule_search_locations:
                raise ImportError("`c2pa-python` is not installed")
            sys.modules["c2pa.lib"] = _finder(Path(package.submodule_search_locations[0]))
            return importlib.import_module("c2pa")
        except (ImportError, OSError, RuntimeError) as error:
            raise UnavailableError(
                f"No signed manifest can be written or read here: {error}. Install `c2pa-python` for this system."
            ) from error


def _finder(folder: Path) -> ModuleType:
    """Return the part of c2pa that finds its library, with no other folders than the package's own to look in."""
    spec = importlib.util.spec_from_file_location("c2pa.lib", folder / "lib.py")
    if spec is None or spec.loader is None:
        raise ImportError("`c2pa-python` is not installed whole")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module._get_possible_search_paths = lambda: [folder / "libs", folder]  # type: ignore[attr-defined]
    return module
