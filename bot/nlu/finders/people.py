"""Names of people, as customers tell them: 「我叫王建国」, 「收货人李娜」, 「张师傅」."""

import math
import re
from collections.abc import Iterator

from spacy.tokens import Doc

from bot.nlu.finders.found import Found
from bot.nlu.words import commonness, is_word

_NO_NAMES = (
    "谢谢|方便|马上|高兴|万一|任何|常[用见]|金[额色]|[白黄蓝]色|包[装裹邮]|关[于机]|温度|安[装排]|时[间候]|房[子间产]|石头|左右"
    "|单[子号]|雷电|平[时台]|江[湖西苏]|项目|卖家|顾客|明[天白]|梅雨|季节|段时|文件|童装|周[一二三四五六日末]|高血|路由|方块"
    "|余[下额时]"
)
_SURNAME = (
    f"(?!{_NO_NAMES})(?<!谢)"
    "(?:欧阳|上官|司马|诸葛|司徒|夏侯|皇甫|慕容|"
    "[赵钱孙李周吴郑王冯陈卫蒋沈韩杨朱秦许何吕施张孔曹严金魏陶姜谢邹苏潘葛范彭鲁韦马苗方俞任袁柳鲍史唐薛雷贺倪汤罗毕郝"
    "常傅齐康伍余顾孟黄穆萧尹姚邵汪祁毛戴谈宋庞熊纪舒项祝董梁杜阮蓝季贾路江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍万柯管卢"
    "莫房丁邓洪包左石崔吉龚程邢裴陆荣翁段侯武刘景龙叶黎白蒲卓乔谭申牛温庄柴阎艾易廖耿文聂曾关肖阙涂])"
)
_COMMON = "[王李张刘陈杨赵黄周吴徐孙胡朱林郭罗郑梁谢宋唐许韩冯邓曹彭曾肖蔡潘袁董余吕魏蒋杜丁沈姜]"
_TITLE = (
    "(?:先生|女士|小姐|师傅|老师|经理|阿姨|大[爷妈姐哥]|太太|叔叔|奶奶|爷爷|医生|主管|主任|店长"
    "|老板|专员|工程师|律师|教授)"
)
_MOBILE = r"1[3-9]\d{9}(?!\d)"
_CUE = (
    r"(?:叫|姓名|名字|户名|[收寄取][货件]人|签收人|收款人|联系人|业主|机主|车主|本人|老公|老婆|爱人|[我他她][爸妈]|[寄发交转]给|找)"
    r"(?:改?[是叫为写成]|的|:| ){0,3}"
)
_NAMES = (
    re.compile(rf"{_CUE}({_SURNAME}[一-龥]{{1,2}})"),
    re.compile(rf"(?:^|[,。;!?\s]|你好|您好)我是({_SURNAME}[一-龥]{{1,2}})(?=$|[,。;!?\s我想要])"),
    re.compile(rf"(?:^|[,。;\s\d:])({_SURNAME}[一-龥]{{1,2}})[,\s]*(?:联系)?(?:电话|手机号?|号码)?[:是\s]*{_MOBILE}"),
    re.compile(rf"{_MOBILE}[,\s]*({_SURNAME}[一-龥]{{1,2}})(?=$|[,。;\s收])"),
    re.compile(rf"(?:[给由]|^|[,。;\s\d室])({_SURNAME}[一-龥]{{1,2}}?)签?收(?!到|货|费|据|藏)"),
    re.compile(rf"({_SURNAME}[一-龥]{{0,2}}?{_TITLE})"),
    re.compile(
        rf"({_COMMON}(?:总(?![结共是能会体得之算])|工(?![作资程人厂期序具业艺行])|姐(?!妹)|哥(?!们)|叔|姨))(?<!周工)"
    ),
    re.compile(rf"(?:客服|师傅|店员|导购|专员|经理|快递员?|小哥|找|我是|叫我?)([小老]{_COMMON})(?![一-龥]?[哥姐])"),
)
_NO_PART_OF_A_NAME = re.compile(
    r"(?:电话?|手机?|[的了是在收签和要想买电手打来有给住把也我你他她不没说就都还今昨上下帮能请报])$"
)
_TITLED = re.compile(rf"(.+){_TITLE}$")
_ROLE = re.compile(
    r"(?:客服|师傅|经理|主管|店长|店员|导购|专员|快递员|小哥|技师|同事|朋友|儿子|女儿|[哥姐弟妹])(?:是|叫)?$"
)
_NAME = re.compile(rf"{_SURNAME}[一-龥]{{1,2}}")
_ORDINARY_WORD = 500 / 60_000_000
"""Share of a word in jieba's texts from which it is hardly a name: 舒服医生 is none."""


def people(text: str, doc: Doc) -> Iterator[Found]:
    """Names told as one's own or a receiver's, beside a phone number, with a form of address, or after a role.

    Args:
        text: a message in normal form.
        doc: the same text, cut into words: after 「客服」 only what is no known word can be a name.
    """
    inside = {place for word in doc if is_word(word.text) for place in range(word.idx + 1, word.idx + len(word))}
    for pattern in _NAMES:
        for match in pattern.finditer(text):
            name = _NO_PART_OF_A_NAME.sub("", match[1])
            titled = _TITLED.match(name)
            if len(name) < 2 or (titled and (match.start(1) in inside or _is_ordinary(titled[1]))):
                continue
            yield Found("person", match.start(1), match.start(1) + len(name), name)
    for word in doc:
        role = _ROLE.search(text, max(0, word.idx - 4), word.idx)
        if role and _NAME.fullmatch(word.text) and not is_word(word.text):
            yield Found("person", word.idx, word.idx + len(word), word.text)


def _is_ordinary(name: str) -> bool:
    return len(name) > 1 and commonness(name) > math.log(_ORDINARY_WORD)
