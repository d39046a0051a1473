// Chinese words that several pages share. What belongs to one page alone stands in that page.

export const words = {
  product: "安服工作台",
  again: "重试",
  cancel: "取消",
  save: "保存",
  close: "关闭",
  more: "更多",
  back: "返回",
  loading: "正在打开…",
  unreachable: "连不上服务器",
  unreachableHint: "请检查网络。网络恢复后点“重试”，写了一半的内容都还在。",
  pageFailed: "这一页没有打开。请刷新再试；如果仍然不行，请告诉管理员。",
  notForYou: "这一页要有相应职务才能打开。需要时请找主管或管理员。",
};

export const ROLES = { agent: "客服", supervisor: "主管", manager: "经理", admin: "管理员" };

export const TEAMS = { service: "客服组", repair: "维修组", complaint: "投诉组" };

export const PRESENCE = { ready: "在线", busy: "忙碌", away: "暂离", off: "下班" };

export const PRESENCE_MEANS = {
  ready: "可以分配新会话",
  busy: "只处理手上的会话",
  away: "离开一会儿，不分配新会话",
  off: "下班，手上的会话会转给同事",
};

const CHANNELS = { web: "网页", wechat: "微信公众号", kf: "微信客服", phone: "电话", api: "接口" };
const CHANNEL_MARKS = { wechat: "wechat", kf: "wechat" };

export const OWNERS = { bot: "机器人接待", queued: "排队中", human: "人工接待" };

export const SKILLS = {
  consult: "咨询", repair: "报修", return_exchange: "退换货", security: "信息安全", complaint: "投诉", delivery: "物流", invoice: "发票",
  price: "价格", safety: "安全", hant: "繁体", hans: "简体", en: "英文",
};

/** What the customer's words show (signals of the engine), by name; unknown ones are left out. */
export const SIGNALS = { threat: "扬言投诉曝光", safety: "涉及人身安全", special_care: "需要特别照顾", sarcasm: "说反话" };

export const EMOTIONS = ["平静", "不满", "生气", "极怒"];

/** A conversation's channel by name; the company may call its own as it likes. */
export function channelName({ channel, reach }) {
  return reach?.name ?? CHANNELS[channel] ?? channel;
}

/** The picture of somebody else's platform; null for the website. */
export function channelMark({ channel }) {
  return CHANNEL_MARKS[channel] ?? null;
}

export function teamName(team) {
  return TEAMS[team] ?? team;
}

export function skillName(skill) {
  return SKILLS[skill] ?? skill;
}
