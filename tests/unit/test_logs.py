"""Logs tell what happened, not whom it happened to (invariant 9, E10)."""

import io
import logging

from bot.domain import concern
from bot.logs import MaskingFormatter


def test_phones_and_order_numbers_are_masked_in_messages_and_tracebacks() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(MaskingFormatter("%(message)s"))
    log = logging.Logger("test")
    log.addHandler(handler)
    try:
        raise ValueError("客户 13800138000 的订单 202601030001")
    except ValueError:
        log.exception("电话 %s", "138 0013 8000")
    assert "138****8000" in written.getvalue()
    assert "202****0001" in written.getvalue()
    assert not any(secret in written.getvalue() for secret in ("13800138000", "138 0013 8000", "202601030001"))


def test_who_follows_one_request_finds_its_id_whole_on_the_first_line() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(MaskingFormatter("%(message)s"))
    log = logging.Logger("one request")
    log.addHandler(handler)
    token = concern.request_id.set("77012345678901234567")
    try:
        log.warning("电话 13812345678\n第二行")
    finally:
        concern.request_id.reset(token)
    assert written.getvalue() == "电话 138****5678 request=77012345678901234567\n第二行\n"
