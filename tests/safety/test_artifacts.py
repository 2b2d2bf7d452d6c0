"""What comes out of a session is files that were made in it, under harmless names and within limits."""

import base64
import re
import unicodedata
from typing import Any

GROUPS = ("artifacts",)
SIDE_BY_SIDE = 2
MIB = 1 << 20
LIMITS = {
    "wall_seconds": 5, "file_bytes": 8 * MIB, "disk_bytes": 48 * MIB, "artifacts": 64, "artifact_bytes": 2 * MIB,
    "artifacts_bytes": 6 * MIB,
}  # fmt: skip
SECONDS = 4
LATE_SECONDS = 6
RACES = {
    "file_that_grows_while_it_is_read", "file_and_link_change_places", "folder_and_link_change_places",
    "file_and_pipe_change_places", "files_come_without_end_while_they_are_listed",
}  # fmt: skip
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def steps(name: str, attack: str) -> list[dict[str, Any]]:
    """Return what a session is told to do for a trick; races run several times, because a swap must hit its moment."""
    following = {"code": "6 * 7", "seconds": SECONDS}
    return [{"code": attack, "seconds": SECONDS}, *[following] * (12 if name in RACES else 1)]


def test_no_byte_of_the_host_comes_out(attacked: dict[str, Any], group: str, probe: str) -> None:
    told = attacked["jobs"][probe]
    assert "failed" not in told[-1], told[-1]
    for outcome in told[:-1]:
        for one in outcome["artifacts"]:
            content = base64.b64decode(one["data"])
            assert attacked["bait"].secret.encode() not in content
            assert not content.startswith((b"root:", b"PATH=", b"\x7fELF"))
        assert attacked["bait"].secret not in repr({**outcome, "artifacts": []})


def test_names_are_harmless(attacked: dict[str, Any], group: str, probe: str) -> None:
    for outcome in attacked["jobs"][probe][:-1]:
        names = [one["name"] for one in outcome["artifacts"]]
        assert len({unicodedata.normalize("NFKC", one).casefold() for one in names}) == len(names)
        for name in names:
            assert 0 < len(name.encode()) <= 255
            assert not name.startswith((".", "-", "~")), name
            assert not name.endswith((".", " ")), name
            assert not set(name) & set('/\\:*?"<>|$`\0\n\r'), name
            assert not any(unicodedata.category(one)[0] in "CZ" and one != " " for one in name), name
            assert not RESERVED.match(name), name


def test_there_is_no_more_than_the_limits_say(attacked: dict[str, Any], group: str, probe: str) -> None:
    for outcome in attacked["jobs"][probe][:-1]:
        sizes = [len(base64.b64decode(one["data"])) for one in outcome["artifacts"]]
        assert len(sizes) <= LIMITS["artifacts"]
        assert sum(sizes) <= LIMITS["artifacts_bytes"]
        assert max(sizes, default=0) <= LIMITS["artifact_bytes"]
        assert outcome["wall_seconds"] < SECONDS + LATE_SECONDS
        assert len(repr(outcome["refused"])) < 100_000


def test_what_is_good_comes_out_beside_what_is_not(attacked: dict[str, Any]) -> None:
    for probe in ("pipes_sockets_and_devices", "folders_named_like_files", "too_large_files", "closed_files"):
        out = {one["name"]: base64.b64decode(one["data"]) for one in attacked["jobs"][probe][0]["artifacts"]}
        assert out.get("good.txt") == b"good", probe
    for probe in ("links_to_files_of_the_host", "links_through_procfs", "pipes_sockets_and_devices", "too_many_files"):
        assert attacked["jobs"][probe][0]["refused"], probe


def test_the_session_goes_on(attacked: dict[str, Any], group: str, probe: str) -> None:
    told = attacked["jobs"][probe]
    assert told[-2]["status"] == "done", told[-2]
    assert told[-2]["value"] == "42"
    assert told[-1]["survivors"] == []


def test_the_host_is_as_before(attacked: dict[str, Any]) -> None:
    assert attacked["host"]["after"]["descriptors"] <= attacked["host"]["before"]["descriptors"] + 2
    assert attacked["host"]["after"]["scratch"] == []
    assert attacked["bait"].changed() == []
