"""What confines code is found by running it, and what is missing is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sensorium.tools.base.errors import SettingsError, UnavailableError
from sensorium.tools.base.run import Run
from sensorium.tools.base.settings import Settings
from sensorium.tools.sandbox import isolation
from sensorium.tools.sandbox.choice import Choice, read_choice
from sensorium.tools.sandbox.isolation import find_isolation, try_bubblewrap
from sensorium.tools.sandbox.sessions import open_session, session_of, sessions


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    for one in (isolation._find, try_bubblewrap):
        one.cache_clear()
    yield
    for one in (isolation._find, try_bubblewrap):
        one.cache_clear()


def test_bubblewrap_is_tried_and_works(bubblewrap: str, settings: Settings) -> None:
    found = find_isolation(settings)
    assert (found.name, found.works, found.mend) == ("bubblewrap", True, "")
    assert find_isolation(settings) is found


def test_a_missing_bubblewrap_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_isolation(Settings(home=tmp_path, sandbox=Choice(kind="bubblewrap")))
    assert not found.works
    assert "not installed" in found.why
    assert "apt install bubblewrap" in found.mend


@pytest.mark.parametrize(
    ("switch", "value", "mend"),
    [
        ("_APPARMOR", "1", "AppArmor"),
        ("_CLONE", "0", "unprivileged_userns_clone=1"),
        ("_MOST", "0", "max_user_namespaces"),
    ],
)
def test_a_bubblewrap_that_may_not_work_names_the_switch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: str, value: str, mend: str
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    (tmp_path / "switch").write_text(f"{value}\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("_APPARMOR", "_CLONE", "_MOST"):
        monkeypatch.setattr(isolation, name, tmp_path / ("switch" if name == switch else "none"))
    found = find_isolation(Settings(home=tmp_path, sandbox=Choice(kind="bubblewrap")))
    assert not found.works
    assert "No permissions to create a new namespace" in found.why
    assert mend in found.mend


def test_code_is_refused_where_nothing_confines_it(settings: Settings) -> None:
    without = Settings(home=settings.home, sandbox=Choice(kind="none"))
    assert find_isolation(without).works is False
    with pytest.raises(UnavailableError, match="none is run"):
        open_session(without)


def test_a_run_finds_its_session_again(bubblewrap: str, run: Run) -> None:
    session = session_of(run)
    try:
        assert session_of(run) is session
    finally:
        sessions.end_all()
    assert session_of(run) is not session
    sessions.end_all()


def test_settings_choose_the_kind_and_the_limits(tmp_path: Path) -> None:
    (tmp_path / "sensorium.toml").write_text('[sandbox]\nkind = "bubblewrap"\nwall_seconds = 60\nprocesses = 16\n')
    chosen = Settings.read({"SENSORIUM_HOME": str(tmp_path)}, tmp_path).sandbox
    assert (chosen.kind, chosen.limits.wall_seconds, chosen.limits.processes) == ("bubblewrap", 60, 16)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"kind": "chroot"}, "'chroot'"),
        ({"wall_secs": 3}, "'wall_secs' is no limit"),
        ({"processes": 0}, "`processes` is 0"),
        ({"processes": True}, "`processes` is True"),
        ({"memory_bytes": float("nan")}, "`memory_bytes` is nan"),
        ({"image": "--privileged"}, "'--privileged'"),
        ([], "must be a table"),
    ],
)
def test_settings_that_are_not_understood_are_named(table: object, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_choice(table)


def test_the_table_of_another_folder_is_not_believed(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "sensorium.toml").write_text('[sandbox]\nkind = "none"\n')
    with pytest.raises(SettingsError, match="not believed"):
        Settings.read({"SENSORIUM_HOME": str(tmp_path / "home")}, here)
