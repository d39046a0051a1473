"""A service that is too busy says so before it takes a message; the widget shows it and sends again by itself."""

import json
from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.e2e.conftest import Customer

BUSY = {"error": {"code": "busy", "message": "现在咨询的人很多，一时忙不过来，请 2 秒后再试"}}


def refusing(times: int) -> Callable[[Route], None]:
    """Refuse so many messages as a busy gateway does, and let the others through."""
    left = [times]

    def refuse(route: Route) -> None:
        if route.request.method != "POST" or not left[0]:
            route.fallback()
            return
        left[0] -= 1
        route.fulfill(
            status=503, body=json.dumps(BUSY), content_type="application/json",
            headers={
                "Retry-After": "2", "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After",
            },
        )  # fmt: skip

    return refuse


def test_a_message_that_a_busy_service_refuses_waits_visibly_and_goes_by_itself(customer: Customer) -> None:
    customer.open_chat()
    customer.page.route("**/messages", refusing(2))
    customer.write("你好")
    expect(customer.delivery).to_contain_text("现在人多，几秒后自动发送")
    expect(customer.panel.get_by_role("button", name="重试")).to_have_count(0)
    customer.hear(1)
    expect(customer.own_bubbles).to_have_text(["你好"])
    expect(customer.delivery).to_have_count(0)


def test_what_is_written_after_a_refused_message_goes_after_it(customer: Customer) -> None:
    customer.open_chat()
    customer.page.route("**/messages", refusing(1))
    for words in ("第一句", "第二句", "第三句"):
        customer.write(words)
    customer.hear(1)
    customer.page.reload()
    customer.launcher.click()
    expect(customer.own_bubbles).to_have_text(["第一句", "第二句", "第三句"])


def test_a_conversation_that_a_busy_service_does_not_open_yet_is_opened_by_itself(customer: Customer) -> None:
    customer.page.route("**/api/v1/conversations", refusing(1))
    customer.open_chat()
    assert customer.say("你好")
