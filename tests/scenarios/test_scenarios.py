"""Every scenario on every client: each gives the account that was written for all of them."""

from __future__ import annotations

import httpx
import pytest

from tests.scenarios.client import ClientName
from tests.scenarios.conftest import CLIENTS, MakeClient
from tests.scenarios.scenario import Scenario
from tests.scenarios.suite import SCENARIOS
from tests.scenarios.table import FAILED, TABLE


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.play.__name__)
async def test_the_client_gives_the_account_written_for_all(
    make_client: MakeClient, http: httpx.AsyncClient, scenario: Scenario, name: ClientName
) -> None:
    expected = scenario.expected_of(name)
    if expected is None:
        TABLE.put(scenario.name, name, scenario.verdict(name))
        pytest.skip(f"chance decides: {scenario.verdict(name)}")
    TABLE.put(scenario.name, name, FAILED)
    client = make_client(name, **scenario.options)
    await scenario.play(client, http)
    assert client.transcript == expected
    TABLE.put(scenario.name, name, scenario.verdict(name))
