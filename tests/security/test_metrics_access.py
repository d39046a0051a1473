"""The gateway's numbers are for the operator: this machine, or whoever brings their token."""

from pathlib import Path

import pytest
from aiohttp import hdrs

from bot.gateway.crowd import is_this_machine
from bot.settings import Settings
from tests.integration.gateway_world import gateway, refusal


async def test_this_machine_reads_the_numbers_and_who_comes_through_a_proxy_does_not(tmp_path: Path) -> None:
    async with gateway(tmp_path) as world:
        assert (await world.client.get("/metrics")).status == 200
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"):
            message = await refusal(
                await world.client.get("/metrics", headers={header: "127.0.0.1"}), 403, "forbidden"
            )  # fmt: skip
            assert "ANFU_METRICS_TOKEN" in message


@pytest.mark.parametrize(
    ("address", "is_here"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::/64", True), ("10.0.0.5", False), ("192.0.2.7", False),
     ("2001:db8::/64", False), ("unknown", False), ("", False)],
)  # fmt: skip
def test_which_addresses_are_this_machine(address: str, is_here: bool) -> None:
    assert is_this_machine(address) is is_here


async def test_with_a_token_whoever_brings_it_reads_the_numbers_and_nobody_else(tmp_path: Path) -> None:
    async with gateway(tmp_path, metrics_token="numbers for the operator") as world:
        for headers, status in (
            ({}, 401), ({hdrs.AUTHORIZATION: "Bearer wrong"}, 401), ({hdrs.AUTHORIZATION: "Basic x"}, 401),
            ({hdrs.AUTHORIZATION: "Bearer numbers for the operator"}, 200),
            ({hdrs.AUTHORIZATION: "Bearer numbers for the operator", "X-Forwarded-For": "192.0.2.7"}, 200),
        ):  # fmt: skip
            assert (await world.client.get("/metrics", headers=headers)).status == status, headers


def test_settings_do_not_tell_their_secrets_where_they_are_shown() -> None:
    secret = "hunter2-hunter2"
    names = (
        "database", "redis", "smtp", "wechat_secret", "wechat_token", "wechat_aes_key", "kf_secret", "kf_token",
        "kf_aes_key", "metrics_token",
    )  # fmt: skip
    assert secret not in repr(Settings(**dict.fromkeys(names, secret)))  # type: ignore[arg-type]
