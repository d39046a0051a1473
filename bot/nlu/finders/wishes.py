"""Faults that customers name and what they demand."""

import re
from collections.abc import Iterator

from spacy.tokens import Doc

from bot.nlu.finders.found import Found


def _any(words: str) -> str:
    return f"(?:{'|'.join(words.split())})"


_PIECES = "台件双部只条套把箱瓶份根"
_DEMAND = re.compile(
    _any(
        "退一赔[一-龥] 退货退款 退换货 退货(?!单|地址|率|运费|政策|流程) 换货(?!单|政策|流程)"
        " (?:[三双十]倍)?赔偿 退款(?!单|政策|进度|时间) 退钱 退差价 补差价 退费 道歉 赔钱 补偿"
        " (?<!以旧)换新(?!风)(?:的|机)?"
    )
    + rf"|[换补](?:一[{_PIECES}个块包张]|[{_PIECES}]|个(?=新|$|[,。!?吧呗]))(?:新的?)?(?!人|客服|师傅|话|方[法式])|"
    + _any(
        "补[发寄] 重发 给我?个?(?:说法|解释|交代|答复) (?:[要讨]个?|合理的?)(?:说法|交代) 尽快送 重新安装 重装"
        " [补开]开?发票 取消订单 维修(?!单|费|点|师傅|站|政策|进度|中心|店|[员工人部]|效率|报价|记录|的人)"
        " 返修(?!单) 检修 上门(?!时间|费|安装费) 处理(?:[那这]个|他) 价保 保价 延保(?!多少)"
    )
)
_DONE = re.compile(r"过|后(?!天)|之后|记录|成功|完|好了|的时候")
"""What was done is demanded no more: 「上次维修过」."""
_NEGATED = re.compile(r"(?:不要|不想|不用|不是要|不是来|没说要|不需要|别)(?:我|你们)?(?:给我)?$")

_DOES_NOT = "不" + _any(
    "制冷 制热 脱水 排水 进水 出水 加热 保温 转(?!让|账|发|运|换|卖) 通电 启动 工作 亮 响 显示 充电 吸尘 灵 好使 运行"
    " 凉 冷(?!静) 热(?!情) 动(?!摇|弹|产)"
    " 打火 喷水 粘 停机 达标 回弹 吸水 出纸 出墨 识别 读卡"
)
_CANNOT = (
    r"[^\W\da-z就也都还又总老本直了我你他她它们的是]"
    r"不(?:上去|下来|下去|出来|进去|回去|起来|干净|[了出上进开严住动])(?:声音|信号|[机电水网去来焦气纸])?"
)
_HAS_NO = r"没有?(?:声音|声儿?|反应|信号|图像|风|动静|画面|[电气水]|热水|冷气|吸力|味道)(?!费)"
_TAKES_PLACE = _any(
    "[漏渗滴喷][水油氟风电气液浆光粉] [黑花白蓝闪绿碎裂]屏 死机 卡顿 异[响味音] [糊焦臭霉怪]味 跳闸 断电 断网 结霜 结冰"
    " 发烫 冒烟 冒火 失灵 断断续续 干响 忽[一-龥]忽[一-龥] 发[浑黄黑霉臭热软硬粘白红紫暗涩酸苦毛] 跑[音棉绒气电油墨]"
    " 卡[钉纸壳带盘线布] [竖亮绿彩黑]线 开[线胶裆缝焊] 掉[漆色毛皮渣粉钻] 脱[胶线毛皮色层焊]"
    " 变(?:形(?!金刚)|[质色黑黄硬软味]) 报错?[a-z]?\\d+ 显示[a-z]+\\d*(?![一-龥])"
    " (?:噪音|声音|动静)(?:很|特别|太|好)?大(?!一?[点些])"
    " (?:嗡嗡|吱吱|哐哐|咔咔|滋滋|咯吱|嘎吱|咣当|滴滴|呼呼)(?:的?响|叫)? 一直(?:闪|响|叫|转圈)"
    " 自动(?:关机|重启|断电|停机) [少缺]了?(?:零件|配件|螺丝)"
)
_HAS_BROKEN = (
    r"坏掉|(?:(?<![烦累气急愁冷热饿困笑吓渴忙乐美爽尬丑丢羞])[坏死]|裂开|开裂|[断裂碎破掉松歪烂枯瘪锈化塌崩])了"
)
"""「烦死了」 and 「累坏了」 are said of people."""
_SYMPTOM = re.compile("|".join((f"{_DOES_NOT}了?", _TAKES_PLACE, _CANNOT, _HAS_NO, _HAS_BROKEN)))
_IDIOMS = re.compile(
    r"[受忍等看算搞想对来买吃过信顾舍少免]不[了起住出上]|说不[了上出]|用不[着上]|差不了|没(?:有)?(?:电话|水平|气质)|离不开"
    r"|了不起|对不(?:起|住)|来不|免不了|坏了我|好了|解决不"
)
_VAGUE = frozenset({"问题", "毛病", "故障", "味道", "锈"})
"""What is a fault only where there is some."""


def demands(text: str) -> Iterator[Found]:
    """What the customer demands; what he does not want, or had already, is none."""
    for match in _DEMAND.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        if not _DONE.match(text, match.end()) and not _NEGATED.search(before):
            yield Found("demand", *match.span(), match[0])


def symptoms(text: str, doc: Doc) -> Iterator[Found]:
    """Faults by their shape; the dictionary knows more of them by name.

    Args:
        text: a message in normal form.
        doc: the same text, cut into words: in 「登录不上」 the verb has two characters.
    """
    verbs = {word.idx + 1: word.idx for word in doc if len(word) > 1 and word.ent_iob_ == "O"}
    named = {
        i: ent.end_char for ent in doc.ents if ent.label_ != "symptom" for i in range(ent.start_char, ent.end_char)
    }
    for match in _SYMPTOM.finditer(text):
        first = verbs.get(match.start(), match.start()) if match[0][1:2] == "不" else match.start()
        first = named.get(first, first)  # 「净水器不出水」: the last character of a product is no verb
        if not _IDIOMS.match(text, first):
            start, end = bare_fault(text, first, match.end())
            yield Found("symptom", start, end, text[start:end])


def bare_fault(text: str, start: int, end: int) -> tuple[int, int]:
    """The place of what happens, without what it happens to and what only says so.

    「触屏失灵」 → 「失灵」, 「有异味」 → 「异味」, 「不转了」 → 「不转」.
    """
    if not _reaches(text, start, end):
        inner = (first for first in range(start + 1, end - 1) if text[first - 1] not in "不没无未难")
        start = next((first for first in inner if _reaches(text, first, end) and text[first + 1 : end] != "了"), start)
    if text[start] == "有" and end - start > 2 and text[start + 1 : end] not in _VAGUE:
        start += 1
    if text[end - 1] == "了" and text[end - 2] not in "不得坏碎破断烂" and end - start > 2:
        end -= 1
    return start, end


def _reaches(text: str, start: int, end: int) -> bool:
    shaped = _SYMPTOM.match(text, start)
    return bool(shaped and shaped.end() >= end)
