"""What a single call will cost, and that a dear one is asked about where nobody looked at its price before."""

from dataclasses import replace

import pytest

from sensorium.tools.base.approvals import Approvals
from sensorium.tools.base.call import perform
from sensorium.tools.base.catalog import find_tool
from sensorium.tools.base.endpoints import Endpoint
from sensorium.tools.base.errors import ApprovalError
from sensorium.tools.base.price import Quote
from sensorium.tools.base.quoting import quote_call
from sensorium.tools.base.run import Run

SPOKEN = {"text": "0123456789"}


def served_by(run: Run, usd_a_letter: float | None) -> Run:
    """Return a run whose voice is behind an endpoint."""
    prices = {} if usd_a_letter is None else {"*": {"characters": usd_a_letter}}
    house = Endpoint(name="house", base_url="http://house.example/v1", prices=prices)
    return replace(run, settings=replace(run.settings, models={"speak": "house:voice"}, endpoints={"house": house}))


def test_what_is_done_here_has_no_price(run: Run) -> None:
    assert quote_call(find_tool("speak"), SPOKEN, run) is None
    assert quote_call(find_tool("probe_media"), {"media": "x"}, served_by(run, 1.0)) is None


def test_a_paid_call_costs_its_units(run: Run) -> None:
    quote = quote_call(find_tool("speak"), SPOKEN, served_by(run, 0.01))
    assert quote and quote.high_usd == pytest.approx(0.1)
    unknown = quote_call(find_tool("speak"), SPOKEN, served_by(run, None))
    assert unknown and unknown.high_usd is None


async def test_the_door_asks_about_what_costs_money_and_says_which_call(run: Run) -> None:
    speak, unattended = find_tool("speak"), replace(run, approvals=Approvals())
    with pytest.raises(ApprovalError, match=r"A paid model makes something: likely \$0\.10") as refused:
        quote = Quote(low_usd=0.1, likely_usd=0.1, high_usd=0.1)
        await perform("speak", SPOKEN, unattended, quote=quote)
    call = refused.value.call
    assert call and (call.tool, call.arguments["text"]) == (speak, "0123456789")
    with pytest.raises(ApprovalError, match=r"up to \$7\.00, more than \$1"):
        await perform("read_artifact", {"artifact": __file__}, unattended, quote=Quote(high_usd=7.0))
