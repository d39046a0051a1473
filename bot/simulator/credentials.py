"""The simulator's own account. Published on purpose: these open nothing but the simulator."""

APP_ID = "wxanfusimulator001"
ORIGINAL_ID = "gh_anfusimulator"
"""What the 公众号 is called in messages to it."""
SECRET = "simulator-secret-of-wechat-0001"
TOKEN = "AnfuSimulatorToken"
AES_KEY = "AnfuSimulatorAesKeyOfWechat0000000000000000"

CORP_ID = "wwanfusimulator001"
KF_SECRET = "simulator-secret-of-kf-0000000001"
KF_TOKEN = "AnfuSimulatorKfToken"
KF_AES_KEY = "AnfuSimulatorAesKeyOfKf00000000000000000000"
OPEN_KFID = "wkAnfuSimulatorAccount0000000001"
KF_NAME = "安服客服"
SERVICERS = ("xiaozhao", "xiaoqian")
"""People of the company who receive in 微信客服."""


def environment(address: str, *, aes: bool = True) -> dict[str, str]:
    """The settings with which `anfu serve` takes the simulator at `address` for WeChat."""
    return {
        "ANFU_WECHAT_API": address,
        "ANFU_WECHAT_APP_ID": APP_ID,
        "ANFU_WECHAT_SECRET": SECRET,
        "ANFU_WECHAT_TOKEN": TOKEN,
        "ANFU_WECHAT_AES_KEY": AES_KEY if aes else "",
        "ANFU_KF_API": address,
        "ANFU_KF_CORP_ID": CORP_ID,
        "ANFU_KF_SECRET": KF_SECRET,
        "ANFU_KF_TOKEN": KF_TOKEN,
        "ANFU_KF_AES_KEY": KF_AES_KEY,
    }
