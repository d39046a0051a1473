"""Where links lead."""

from pathlib import Path

from bot.settings import Settings


def test_links_made_beside_the_gateway_lead_to_where_it_listens(tmp_path: Path) -> None:
    Settings(data_dir=tmp_path, host="0.0.0.0", port=9000).announce()
    assert Settings(data_dir=tmp_path).address == "http://127.0.0.1:9000"


def test_a_public_address_goes_before_everything(tmp_path: Path) -> None:
    Settings(data_dir=tmp_path, port=9000).announce()
    assert Settings(data_dir=tmp_path, public_url="https://kf.example.com/").address == "https://kf.example.com"


def test_without_a_gateway_links_lead_to_the_default(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).address == "http://127.0.0.1:8080"
