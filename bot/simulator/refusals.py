"""What the platforms answer when they will not do it: codes, their words, and what each means for people.

Marked (m): from memory of 企业微信's list of codes, which could not be read in full. The others are in the official
documentation, in what maintainers report of live answers, or in published clients.
"""

BUSY = -1
WRONG_SECRET = 40001
"""公众号: also a token that is not valid; 微信客服: the secret only."""
BAD_OPENID = 40003
BAD_MEDIA_TYPE = 40004
BAD_FILE_SIZE = 40006
BAD_MEDIA_ID = 40007
BAD_MESSAGE_TYPE = 40008
BAD_APP_ID = 40013
BAD_TOKEN = 40014
BAD_ARGUMENT = 40058
"""微信客服. Also a `msgid` used before (m): the documentation says that it is an error, and not which."""
BAD_EXTERNAL_USER = 40096
TOKEN_MISSING = 41001
BAD_EVENT_CODE = 41050
"""微信客服: a welcome code that is wrong, used or late (m): the code of 客户联系, whose rule is the same."""
TOKEN_EXPIRED = 42001
NOT_FOLLOWING = 43004
TOO_LONG = 45002
QUOTA = 45009
WINDOW_CLOSED = 45015
COUNT_USED_UP = 45047
BAD_TYPING_COMMAND = 45072
TYPING_TOO_LATE = 45080
ALREADY_TYPING = 45081
BAD_JSON = 47001
KF_BAD_ACCOUNT = 95000
KF_COUNT_USED_UP = 95001
KF_WINDOW_CLOSED = 95002
"""(m)"""
KF_NO_SUCH_ACCOUNT = 95004
KF_BAD_SYNC_TOKEN = 95007
"""(m)"""
KF_NOT_RECEIVING = 95014
KF_BAD_TRANSITION = 95016
"""(m)"""
KF_WRONG_STATE = 95018

_ANSWERS = {
    BUSY: ("system error", "系统繁忙"),
    WRONG_SECRET: ("invalid credential, access_token is invalid or not latest", "密钥或 access_token 不对"),
    BAD_OPENID: ("invalid openid", "没有这个 OpenID"),
    BAD_MEDIA_TYPE: ("invalid media type", "素材类型不对"),
    BAD_FILE_SIZE: ("invalid file size", "素材大小不对"),
    BAD_MEDIA_ID: ("invalid media_id", "素材不存在或已过期"),
    BAD_MESSAGE_TYPE: ("invalid message type", "消息类型不对"),
    BAD_APP_ID: ("invalid appid", "AppID 或 CorpID 不对"),
    BAD_TOKEN: ("invalid access_token", "access_token 不对"),
    BAD_ARGUMENT: ("invalid request parameter", "参数不对"),
    BAD_EXTERNAL_USER: ("invalid external userid", "没有这个客户"),
    TOKEN_MISSING: ("access_token missing", "没有带 access_token"),
    BAD_EVENT_CODE: ("invalid code", "事件 code 不对、用过或过期"),
    TOKEN_EXPIRED: ("access_token expired", "access_token 过期"),
    NOT_FOLLOWING: ("require subscribe", "客户没有关注"),
    TOO_LONG: ("content size out of limit", "内容太长"),
    QUOTA: ("reach max api daily quota limit", "接口今天的次数用完"),
    WINDOW_CLOSED: ("response out of time limit or subscription is canceled", "超过可以回复的时间"),
    COUNT_USED_UP: ("out of response count limit", "可以回复的条数用完"),
    BAD_TYPING_COMMAND: ("invalid typing command", "输入状态的命令不对"),
    TYPING_TOO_LATE: ("no message within 30 seconds", "30 秒内没有往来消息"),
    ALREADY_TYPING: ("already in typing state", "已经在输入状态"),
    BAD_JSON: ("data format error", "内容不是 JSON 或缺字段"),
    KF_BAD_ACCOUNT: ("invalid open_kfid", "客服账号不合法"),
    KF_COUNT_USED_UP: ("send msg count limit", "可以回复的条数用完"),
    KF_WINDOW_CLOSED: ("send msg time limit", "超过 48 小时"),
    KF_NO_SUCH_ACCOUNT: ("open_kfid not exist", "没有这个客服账号"),
    KF_BAD_SYNC_TOKEN: ("invalid msg token", "拉取消息的 token 不对或过期"),
    KF_NOT_RECEIVING: ("user is not a servicer", "这位不是接待人员"),
    KF_BAD_TRANSITION: ("session state change not allowed", "会话状态不能这样改"),
    KF_WRONG_STATE: ("send msg session status invalid", "这个会话状态下不能发"),
}
BEYOND_QUOTA = frozenset({WINDOW_CLOSED, COUNT_USED_UP, KF_COUNT_USED_UP, KF_WINDOW_CLOSED})
"""A message was sent that no grant allowed."""


class Refused(Exception):
    """The platform does not do what was asked.

    Args:
        code: what it answers as `errcode`.
        detail: what was wrong, added to the platform's words.
    """

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.message = _ANSWERS[code][0] + (f": {detail}" if detail else "")
        super().__init__(f"{code} {self.message}")


def in_words(code: int) -> str:
    """What a code means, for people."""
    return "成功" if code == 0 else _ANSWERS[code][1]
