"""Ways of speaking: what shows a question, a correction, a skipped answer, a yes (B7)."""

import re

_QUESTION = re.compile(
    r"[?？]|吗|呢[。!~ ]*$|多少|多久|怎么|咋|什么时候|何时|啥时|哪[个里些儿天家款]|在哪|能不能|可不可以|可以不"
    r"|行不行|是不是|有没有"
    r"|谁(?!都)|会不会|要不要|为什么|为啥|凭什么|如何|几(?:天|点|号|时|个工作日)(?:能|才|可以|会|到|来|送|修"
    r"|上门|下班|上班)"
)
_WHY = re.compile(
    r"(?:为什么|为啥|干嘛|干什么|做什么|凭什么|有什么用|非要|一定要|必须).{0,6}(?:电话|手机|号码|地址|住址"
    r"|订单|时间|信息|隐私|这个|这些|填|给)"
    r"|(?:电话|手机|号码|地址|住址|信息|隐私).{0,8}(?:泄露|泄漏|外泄|卖给|骚扰|安全吗|干嘛|干什么|做什么|有什么用)"
)
_WHEN = re.compile(
    r"什么时候|何时|啥时|多久|几点|几天|哪天|今天|明天|快|进度|怎么样了|到哪|还要|能来|来吗|来不来|上门|联系我|催|等"
)
_SKIP = re.compile(
    r"跳过|忘了|忘记|不记得|记不清|记不得|不清楚|不知道|没有|找不到|不想说|不方便|随便|都行|都可以|无所谓|不用填|没了"
    r"|没空|没时间|懒得|不想找|没带|不在身边|没存|没留|丢了|扔了|想不起|查不到|不提供|再说吧"
)
_WRONG = re.compile(
    r"错了|写错|填错|说错|打错|不对|不是|有误|改一下|改成|改为|改到|换成|应该是|更正|搞错|弄错|记错|要改|才对"
)
_YES = re.compile(
    r"^(嗯+|恩+|对+(?!了[,，])|是+的?|好+的?|行|可以|没错|没问题|正确|确认|提交|ok|对的|是这样|没有问题|无误"
    r"|就这样|嗯嗯|好嘞|好滴|登记吧|都对|准确|妥)+[啊呀哦呢的了吧。.!~，, ]*"
)
_NOTHING_TO_CHANGE = re.compile(
    r"^(没有?了?|没啦|无|不用改了?|不改了?|没有?(要改|出入|别的|其他|需要改|毛病)的?了?)[。.!~ ]*$"
)
_WANTS = re.compile(r"我?(?:要|想)|帮我|给我|申请|直接|还是|另外|顺便|登记|麻烦|换成|改成|再")
_TIME = re.compile(
    r"今天|明天|后天|上午|中午|下午|晚上|早上|傍晚|周[一二三四五六日末天]|星期|礼拜|\d{1,2}[点:：号日]"
    r"|[一二三四五六七八九十两]点"
    r"|随时|尽快|越快越好|现在|马上|都行|都可以|白天|下班|有空|在家"
)
_PLACE = re.compile(r"\d|[省市区县镇乡村路街道巷弄栋幢楼室号座期院店厂]|花园|苑|庄|大厦|广场|单元|公司|学校|小区|宿舍")
_REASON = re.compile(
    r"太[大小宽窄长短薄厚重轻贵吵慢硬软差]|不合适|不合脚|不喜欢|不想要|不满意|买错|拍错|买多|买重|下错|坏|质量"
    r"|破|裂|划痕|色差|不符|尺码"
    r"|[大小]了|发错|漏|用不了|不好用|降价|不需要|用不上|没用|吵|噪音|异味|味道|瑕疵|不一样|后悔|少了|不值"
)
_CONDITION = re.compile(
    r"用过|都在|没用|未用|没穿|没戴|未[著着穿戴]|穿过|戴过|拆|包装|配件|盒|吊牌|标签|齐|损|全新|新的|没动|没开|开封"
    r"|试[了过]|裂|划痕|碎|坏|完好"
)
_SUBSTANCE = re.compile(
    r"师傅|客服|快递|物流|安装|维修|修|送|退|换|坏|破|漏|假|块|元|\d|天|个月|发票|赠品|降价|电话|约|承诺|答应"
    r"|骂|收费|少|没"
)


def asks_why(text: str) -> bool:
    """Whether the customer wonders what a personal detail is wanted for, or who will see it (E10)."""
    return bool(_WHY.search(text))


def asks_when(text: str) -> bool:
    """Whether the customer wants to know when something happens."""
    return bool(_WHEN.search(text))


def is_question(text: str) -> bool:
    """Whether the customer asks something."""
    return bool(_QUESTION.search(text))


def skips(text: str) -> bool:
    """Whether the customer cannot or will not answer."""
    return bool(_SKIP.search(text))


def says_wrong(text: str) -> bool:
    """Whether something said or noted before is called wrong."""
    return bool(_WRONG.search(text))


def says_yes(text: str) -> bool:
    """Whether it begins with a plain yes and asks nothing."""
    return bool(_YES.match(text)) and not is_question(text)


def nothing_to_change(text: str) -> bool:
    """「没有了」 to the question whether anything is to be changed."""
    return bool(_NOTHING_TO_CHANGE.match(text))


def wants(text: str) -> bool:
    """Whether the customer asks for something to be done, not only tells of it."""
    return bool(_WANTS.search(text))


def names_time(text: str) -> bool:
    """Whether a day or hour to come is named."""
    return bool(_TIME.search(text))


def names_place(text: str) -> bool:
    """Whether it can be an address."""
    return len(text) >= 4 and bool(_PLACE.search(text))


def gives_reason(text: str) -> bool:
    """Whether it tells why goods are to go back."""
    return bool(_REASON.search(text))


def tells_condition(text: str) -> bool:
    """Whether it tells in what state goods are."""
    return bool(_CONDITION.search(text))


def has_substance(text: str) -> bool:
    """Whether a complaint says what happened, beside the anger about it."""
    return bool(_SUBSTANCE.search(text))


def after_correction(text: str) -> str:
    """The part that holds in a correction: 「不是退货，是换货」 → 「换货」; the whole text where there is none."""
    parts = re.split(r"不是[^,，。;； ]{1,12}[,，。;； ]*(?:而?是|要)|改成|改为|改到|换成|应该是|更正为", text)
    return parts[-1].strip(" :：,，。") or text
