// Words for what the simulator tells in codes.

export const CHANNELS = { wechat: "公众号", kf: "微信客服" };

export const CAUSES = { wrote: "顾客发了消息", menu: "点了菜单", followed: "刚关注", scanned: "扫了码" };

export const STATES = ["未处理", "智能助手接待", "排队等人工", "人工接待", "未开始或已结束"];

export const FAULTS = [
  ["down", "接上就断", "什么也不做；服务不知道做了没有"],
  ["busy", "系统繁忙", "什么也不做，回答 -1"],
  ["nonsense", "返回乱码", "什么也不做，回答一页 HTML"],
  ["loses_answers", "送达但不回答", "顾客看到了；服务不知道做了没有"],
  ["wrong_token", "令牌不认", "每个 access_token 都当成错的"],
  ["quota_gone", "今天次数用完", "每个接口都回答 45009"],
];

export const EXAMPLES = ["空调不制冷了", "我要退货", "查一下我的订单", "转人工"];

/** The name of the customer that is the nth to come. */
export function customerName(number) {
  return `顾客 ${number < 26 ? String.fromCharCode(65 + number) : number + 1}`;
}

/** A moment as a clock shows it. */
export function clockTime(iso) {
  return new Date(iso).toLocaleTimeString("zh-CN", { hour12: false });
}

/** How long is left, so that it can be watched running out. */
export function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** How long something took. */
export function took(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} 毫秒` : `${(milliseconds / 1000).toFixed(1)} 秒`;
}
