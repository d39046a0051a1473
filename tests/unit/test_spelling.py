"""Spelling: what is wrong is put right, what is right is left alone (B7)."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from bot.domain.errors import ContentError
from bot.domain.traced import Traced
from bot.nlu.sounds import sound
from bot.nlu.spelling import FOLDER, in_standard_words, pictures_as_words, read_pairs, spelt_right
from bot.nlu.words import read_dictionary

RIGHT = (
    """
付快递费要多少钱|我预订但是还没付定金|数据收集是做什么用的|这个有充电保护吗|快递放在门口就行|现在也不着急|吹风机把头发飘起来了
怀了孕能用这款吗|方法错了重来一遍|什么时候退定金|空调滴了一地水|师傅说下午来|我不会员工内购怎么操作|请把门口的旧冰箱带走
多放点粉会不会更香|正好有辆皮卡可以拉货|你们那款带亚克力罩的灯还有吗|处理起事情来很慢|婴儿床能拼在大床边上吗|拆成两票走行吗
搬家前收起来的热水器装不上了|马桶没打胶就走了|台风要登陆了还发货吗|色差大算谁的责任|给我换瓶正常的|前置滤瓶裂了|锅把松了能修吗
网络图标有个红叉|您的伞别发了我不要了|想带我妈去看看床垫|渔线轮是左手的|指甲灯照了三轮都不干|我家大床连床垫一米八|角阀有止泄带吗
机器一直响个不停|我想问一下怎么退货|快递到哪里了|订单号是多少|什么时候发货|能不能便宜一点|这个价格还能少吗|我要投诉你们的客服
冰箱不制冷了|洗衣机不脱水|空调漏水了怎么办|电视黑屏没有声音|手机充不进电|热水器打不着火|油烟机吸力小|电饭煲煮不熟饭
上门维修要收费吗|师傅什么时候来|保修期是多久|换一个新的要多少钱|发票怎么开|可以开专票吗|电子发票发我邮箱|地址填错了能改吗
收件人改成我妈妈|电话号码写错了|我在外地能不能改天送|快递员说放在驿站了|包裹显示已签收但我没收到|少发了一个配件|颜色发错了
尺码小了想换大一码|鞋子穿着磨脚|衣服洗了一次就掉色|裤子开线了|沙发有异味|床垫塌陷了|桌子腿断了|玻璃杯到货就碎了
水果烂了一半|牛奶快过期了|饼干碎成渣|这个面膜用了过敏|口红断了|洗发水漏了一箱|奶粉罐瘪了|尿不湿侧漏|玩具少了一个轮子
优惠券用不了|积分怎么兑换|会员到期了吗|密码忘记了怎么办|账号登录不上去|验证码收不到|付款失败了|钱扣了订单没成功
什么时候到账|退款退到哪里|运费谁出|七天无理由可以退吗|已经拆封还能退吗|赠品要不要一起寄回|退货地址发我一下|顺丰可以到付吗
请问有人工客服吗|我要转人工|你是机器人吗|叫你们经理来|再不处理我就打市场监管电话|你们就是这样对待顾客的|太让人失望了|谢谢你的帮助
没事了我再看看|好的知道了|那就这样吧|再见|早上好|在吗|亲在不在|麻烦快一点|辛苦了|不用了谢谢
空调开到多少度省电|滤芯多久换一次|洗衣机怎么清洗|冰箱要静置多久|电视怎么投屏|扫地机怎么连网|门锁怎么添加指纹|净水器废水比多少
这款和那款有什么区别|哪个更适合老人用|适合多大的房间|噪音大不大|功率是多少瓦|有没有黑色的|什么时候有货|预售什么时候发|可以自提吗
双十一活动什么时候开始|买贵了能退差价吗|价保多少天|以旧换新怎么弄|国补怎么领|分期免息吗|可以货到付款吗|能送到楼上吗
我家没电梯五楼能送吗|装空调要打孔吗|支架另外收费吗|材料费太贵了吧|师傅乱收费|说好今天来结果没人来|打了三次电话没人接|修了两次还是坏
换了主板还是老样子|配件等了半个月|你们到底管不管|我要求赔偿损失|合理的解释都没有|给个说法吧|明天再不来我就退货|后天上午可以
周六下午在家|晚上七点以后打给我|最好换个师傅|不要打电话发短信|门锁密码改了进不去|花瓶裂了|灯罩碎了|锅盖拧不紧|水管接头滴水
把手松动|按键不灵敏|屏幕有坏点|充电口松了|电池鼓包了|摄像头模糊|喇叭有杂音|遥控器不见了|说明书丢了|螺丝少了两颗
头像怎么换|怎么注销账号|个人信息会泄露吗|孩子误操作买的能退吗|老人不会用|我是代我爸妈问的|帮我催一下|还要等多久|到底发没发
微信支付可以吗|微信上怎么联系你们|京东买的能保修吗|天猫旗舰店和这里一样吗|在抖音直播间下的单|拼多多上便宜一百|门店可以退吗
我们小区不让进|快递柜满了|放物业吧|请不要放丰巢|代收点关门了|门卫不让放|单元门密码|电梯坏了|楼道太窄搬不上来|师傅态度很好
鸡汤里有头发|粽子没有真空包装|米里面有虫子|花到了就蔫了|鱼缸漏水|已揽收后就没动静了|转着转着断了|颈椎曲度变直能用吗|婆婆嫌花太多|冻饺子寄到的时候化了|猫砂结团差|狗粮味道不对|书页缺了两张|钢笔不出水|笔记本封面折了
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
"""Sentences without a mistake, many of which sound like other words."""

MISSPELT = {
    "我要腿款": "我要退款",
    "怎么申请退货运废": "怎么申请退货运费",
    "帮我查一下无流": "帮我查一下物流",
    "物硫信息不更新": "物流信息不更新",
    "快第到哪了": "快递到哪了",
    "快底单号": "快递单号",
    "发飘怎么开": "发票怎么开",
    "电子发漂": "电子发票",
    "冰箱不志冷": "冰箱不制冷",
    "空调不治冷": "空调不制冷",
    "空调不制令": "空调不制冷",
    "空吊漏水": "空调漏水",
    "洗衣机不拖水": "洗衣机不脱水",
    "洗依机坏了": "洗衣机坏了",
    "电视黑平": "电视黑屏",
    "屏幕花评": "屏幕花屏",
    "维休师傅": "维修师傅",
    "什么时候上门维秀": "什么时候上门维修",
    "报休单": "报修单",
    "宝修期多久": "保修期多久",
    "保秀期过了": "保修期过了",
    "安妆费": "安装费",
    "预约按装": "预约安装",
    "客福态度差": "客服态度差",
    "人工客腐": "人工客服",
    "转人供": "转人工",
    "头诉你们": "投诉你们",
    "我要偷诉": "我要投诉",
    "投素电话": "投诉电话",
    "取宵订单": "取消订单",
    "定单号": "订单号",
    "订丹号": "订单号",
    "优慧券": "优惠券",
    "优惠卷": "优惠券",
    "积份兑换": "积分兑换",
    "会圆积分": "会员积分",
    "验证玛": "验证码",
    "蜜码忘了": "密码忘了",
    "登路不了": "登录不了",
    "注消账号": "注销账号",
    "赔尝我": "赔偿我",
    "陪偿损失": "赔偿损失",
    "道谦": "道歉",
    "换祸": "换货",
    "换获吧": "换货吧",
    "退环货": "退换货",
    "补活通知": "补货通知",
    "发获时间": "发货时间",
    "签受了": "签收了",
    "千收": "签收",
    "派松": "派送",
    "配宋": "配送",
    "包油吗": "包邮吗",
    "运费线": "运费险",
    "差平": "差评",
    "好坪返现": "好评返现",
    "质俩问题": "质量问题",
    "质亮差": "质量差",
    "假获": "假货",
    "正拼吗": "正品吗",
    "噪因大": "噪音大",
    "躁音大": "噪音大",
    "漏税了": "漏水了",
    "跳扎": "跳闸",
    "短陆": "短路",
    "冒焰": "冒烟",
    "开不了基": "开不了机",
    "打不着伙": "打不着火",
    "帅傅没来": "师傅没来",
    "师付没来": "师傅没来",
    "价宝": "价保",
    "以旧焕新": "以旧换新",
    "国部": "国补",
    "尾宽": "尾款",
    "定今": "定金",
    "分其付款": "分期付款",
    "延宝": "延保",
    "检侧": "检测",
    "建意": "建议",
    "反溃": "反馈",
    "举抱": "举报",
    "工但": "工单",
    "进渡": "进度",
    "遥空器": "遥控器",
    "吸尘气": "吸尘器",
    "电饭包": "电饭煲",
    "微波卢": "微波炉",
    "热水气坏了": "热水器坏了",
    "空气砸锅": "空气炸锅",
    "扫地基器人": "扫地机器人",
}


def right(text: str) -> str:
    return spelt_right(Traced.of(text)).text


def test_what_is_right_is_left_alone() -> None:
    harmed = {text: right(text) for text in RIGHT if right(text) != text}
    assert len(RIGHT) >= 150
    assert harmed == {}


def test_most_mistakes_are_put_right() -> None:
    missed = {written: right(written) for written, meant in MISSPELT.items() if right(written) != meant}
    print(f"corrected {len(MISSPELT) - len(missed)} of {len(MISSPELT)}; missed: {missed}")
    assert len(MISSPELT) >= 80
    assert len(missed) <= 0.15 * len(MISSPELT)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("腿货", "退货"),
        ("冰箱不志冷", "冰箱不制冷"),
        ("定单号", "订单号"),
        ("登陆不了", "登录不了"),
        ("旗见店", "旗舰店"),
        ("我要转仁工", "我要转人工"),
    ],
)
def test_a_misspelt_word_becomes_the_one_that_sounds_like_it(written: str, meant: str) -> None:
    assert right(written) == meant


@pytest.mark.parametrize(
    "text", ["微信", "用微信付款", "付快递费", "预订但是", "数据收集", "在门口", "现在也不", "方法错了"]
)
def test_words_that_happen_to_sound_like_others_stay(text: str) -> None:
    assert right(text) == text


def test_no_word_of_the_dictionary_is_misspelt_itself() -> None:
    harmed = {word: right(word) for word in read_dictionary() if right(word) != word}
    assert harmed == {}


@pytest.mark.parametrize(("one", "other"), [("制", "志"), ("诉", "素"), ("进", "镜"), ("山", "三")])
def test_southern_ears_hear_the_same(one: str, other: str) -> None:
    assert sound(one) == sound(other)


def test_what_is_no_chinese_character_sounds_like_itself() -> None:
    assert [sound(c) for c in "a1😡, "] == list("a1😡, ")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("😡", " 生气 "),
        ("好🙏", "好 谢谢 "),
        ("[微笑]你好", " 开心 你好"),
        ("🦄", " "),
        ("t_t", " 难过 "),
        ("3>2", "3>2"),
    ],
)
def test_pictures_become_words_of_their_own(written: str, meant: str) -> None:
    assert pictures_as_words(Traced.of(written)).text == meant


def test_a_word_of_taiwan_is_read_so_only_among_traditional_characters() -> None:
    assert in_standard_words(Traced.of("預約師傅"), traditional=True).text == "预约師傅"
    assert in_standard_words(Traced.of("影片很好看"), traditional=False).text == "影片很好看"
    assert in_standard_words(Traced.of("冷氣"), traditional=False).text == "空调"


@pytest.mark.parametrize("word", ["遥控器", "电锅炉", "迪卡侬", "尚品宅配", "没冷气"])
def test_a_word_of_the_shop_stays_though_a_regional_word_stands_in_it(word: str) -> None:
    assert in_standard_words(Traced.of(word), traditional=False).text == word


@pytest.mark.parametrize("traditional", [False, True])
def test_a_standard_word_is_not_rewritten_again(traditional: bool) -> None:
    meant = {meant for _, meant, _ in read_pairs(FOLDER / "variants.txt")}
    assert [word for word in meant if in_standard_words(Traced.of(word), traditional).text != word] == []


def test_a_line_that_is_no_pair_is_refused_with_file_line_and_cure(tmp_path: Path) -> None:
    broken = tmp_path / "confusions.txt"
    broken.write_text("# 说明\n收获人 收货人\n定单\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"confusions\.txt 第 3 行应为“原词 标准词”.*定单"):
        list(read_pairs(broken))


@pytest.mark.parametrize("line", ["冰箱", "冰箱 货物", "冰箱 product 电冰箱 多余"])
def test_a_dictionary_line_that_is_no_entry_is_refused_with_file_line_and_cure(tmp_path: Path, line: str) -> None:
    (tmp_path / "products.txt").write_text(f"# 说明\n空调 product\n{line}\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"products\.txt 第 3 行应为“词 类型 \[标准词\]”.*brand.*冰箱"):
        read_dictionary(tmp_path)
