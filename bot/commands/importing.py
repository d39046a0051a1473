"""`anfu import`: the shop's products and orders from CSV files."""

import argparse
from pathlib import Path
from typing import Any

from bot.settings import Settings


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the subcommand."""
    parser = commands.add_parser("import", parents=[common], help="导入商品和订单（CSV）")
    parser.add_argument("products", type=Path, help="products.csv")
    parser.add_argument("orders", type=Path, nargs="?", help="orders.csv")
    parser.set_defaults(run=run_import)


def run_import(options: argparse.Namespace, settings: Settings) -> None:
    """Import all or nothing."""
    from bot.bootstrap import build, import_orders

    anfu = build(settings)
    with anfu.uow() as work:
        products, orders = import_orders(work, options.products, options.orders)
        work.commit()
    print(f"已导入 {products} 种商品、{orders} 条订单")
