"""One model of the package `transformers`, with what prepares its input; it stays loaded."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..base.errors import UnavailableError
from ..base.settings import Settings
from .device import find_device, is_out_of_memory
from .faults import fault_of
from .rules import Device
from .weights import Weights, chosen

if TYPE_CHECKING:
    from ..base.run import Run


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What it takes to ask a model."""

    model: Any
    processor: Any
    """Prepares its input."""
    device: Device


class Transformer:
    """The model that a role's settings name, in a folder or from the hub."""

    def __init__(self, settings: Settings, role: str, provider: str, kind: str, less: str = "") -> None:
        """Load nothing yet.

        Args:
            settings: They name the model and the device.
            role: What it is for.
            provider: Whom the settings name for it.
            kind: The class of `transformers` that loads it.
            less: What to ask for to need less memory, where that helps.
        """
        self._settings = settings
        self._kind = kind
        self._less = less
        self._loading = threading.Lock()
        self._ready: Ready | None = None
        packages = ("torch", "transformers")
        self.weights = Weights(settings, role, provider, chosen(settings, role, provider), "config.json", packages)

    def ready(self, run: "Run") -> Ready:
        """Return the model, loaded when that was not done before; blocking.

        Raises:
            UnavailableError: It is not here, cannot be downloaded or loaded, or is too large for the device.
        """
        with self._loading:
            if self._ready is None:
                folder = self.weights.fetched(run)
                run.progress(None, f"loading {self.weights.name}")
                import transformers

                device = find_device(self._settings.local.device)
                try:
                    # A folder, never a name: a name would make the loader ask the hub.
                    model = getattr(transformers, self._kind).from_pretrained(
                        str(folder), use_safetensors=True, local_files_only=True
                    )
                    processor = transformers.AutoProcessor.from_pretrained(str(folder), local_files_only=True)
                    self._ready = Ready(model=model.to(device).eval(), processor=processor, device=device)
                except Exception as error:
                    raise self.fault(error, device) from error
            return self._ready

    def fault(self, error: Exception, device: Device) -> UnavailableError:
        """Return what is said of its failure; one that takes too much memory is put away."""
        if is_out_of_memory(error):
            self._ready = None
        return fault_of(error, self.weights.name, device, self._less)
