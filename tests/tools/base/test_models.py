"""Who serves which role."""

import sys
from types import ModuleType

import pytest

from sensorium.tools.base.models import LADDERS, Models, installed
from sensorium.tools.base.settings import Settings


def test_a_package_that_another_thread_is_importing_counts_as_there(monkeypatch: pytest.MonkeyPatch) -> None:
    half = ModuleType("half_imported")
    half.__spec__ = None
    monkeypatch.setitem(sys.modules, "half_imported", half)
    assert (installed("half_imported"), installed("numpy"), installed("no_such_package")) == (True, True, False)


@pytest.mark.parametrize("role", LADDERS)
def test_every_provider_says_who_it_is_and_what_it_lacks(role: str, settings: Settings) -> None:
    models = Models(settings)
    assert all(one.identity and (one.missing() is None or len(one.missing()) > 20) for one in models.ladder(role))
    assert models.ladder(role) == models.ladder(role)
    assert models.usable(role) or role == "film", f"nothing serves {role!r} in a full installation"
