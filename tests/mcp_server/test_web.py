"""Fetching through the server: offered only when it is asked for, and honest about what it does."""

from sensorium.mcp_server.faces import annotations, offers
from sensorium.mcp_server.groups import DEFAULT_GROUPS
from sensorium.tools import catalog
from sensorium.tools.base.settings import Settings


def test_addresses_are_fetched_only_where_the_server_was_started_for_it(settings: Settings) -> None:
    assert "fetch_url" not in {one.name for one in offers(catalog(), settings, DEFAULT_GROUPS)}
    hints = {one.name: annotations(one) for one in offers(catalog(), settings, {"web"})}
    assert hints == {
        "fetch_url": {
            "readOnlyHint": True,
            "destructiveHint": False,
            "idempotentHint": False,
            "openWorldHint": True,
        }
    }
