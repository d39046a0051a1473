// Every word of the interface, in simplified and traditional characters (service standard B7).

const HANS = {
  launcher: "在线客服",
  openChat: "打开在线客服",
  unread: (count) => `${count} 条未读消息`,
  bot: "小安",
  title: "小安 · 智能客服（机器人）",
  titleHuman: "人工客服为您服务",
  ready: "24 小时在线，随时可转人工",
  queued: "正在为您排队接入人工客服",
  human: "请直接说，不用重复之前的内容",
  connecting: "正在连接…",
  offline: "网络不稳，正在重新连接…",
  offlineBanner: "网络断开了，恢复后会自动补发没送达的消息。",
  unavailable: "暂时连不上客服，正在自动重试。您可以先写好问题，连上后马上发出。",
  close: "关闭客服窗口",
  log: "对话内容",
  loading: "正在打开对话…",
  me: "我",
  botTag: "机器人",
  agent: "人工客服",
  agentTag: "人工",
  system: "系统消息",
  typing: "小安正在输入…",
  choices: "快捷回复",
  toHuman: "转人工",
  placeholder: "请输入您的问题",
  input: "消息内容",
  send: "发送",
  sending: "发送中",
  delivered: "已送达",
  failed: "发送失败",
  retry: "重试",
  tooLong: (over) => `超出 ${over} 字，请分成几条发送`,
  counter: (count, limit) => `${count} / ${limit}`,
  unfold: "展开全文",
  fold: "收起",
  newMessages: (count) => `${count} 条新消息`,
  toLatest: "回到最新消息",
  renewed: "之前的对话已到期，为您开启了新的对话。",
  mark: "AI",
  privacyBot: "小安是机器人。对话只用于为您服务，请勿发送密码。",
  privacyHuman: "由人工客服回复。对话只用于为您服务，请勿发送密码。",
  yesterday: "昨天",
};

const HANT = {
  launcher: "線上客服",
  openChat: "開啟線上客服",
  unread: (count) => `${count} 則未讀訊息`,
  bot: "小安",
  title: "小安 · 智能客服（機器人）",
  titleHuman: "真人客服為您服務",
  ready: "24 小時在線，隨時可轉人工",
  queued: "正在為您排隊接入人工客服",
  human: "請直接說，不用重複之前的內容",
  connecting: "正在連線…",
  offline: "網路不穩，正在重新連線…",
  offlineBanner: "網路中斷了，恢復後會自動補發沒送達的訊息。",
  unavailable: "暫時連不上客服，正在自動重試。您可以先寫好問題，連上後馬上送出。",
  close: "關閉客服視窗",
  log: "對話內容",
  loading: "正在開啟對話…",
  me: "我",
  botTag: "機器人",
  agent: "人工客服",
  agentTag: "人工",
  system: "系統訊息",
  typing: "小安正在輸入…",
  choices: "快速回覆",
  toHuman: "轉人工",
  placeholder: "請輸入您的問題",
  input: "訊息內容",
  send: "傳送",
  sending: "傳送中",
  delivered: "已送達",
  failed: "傳送失敗",
  retry: "重試",
  tooLong: (over) => `超出 ${over} 字，請分成幾則傳送`,
  counter: (count, limit) => `${count} / ${limit}`,
  unfold: "展開全文",
  fold: "收起",
  newMessages: (count) => `${count} 則新訊息`,
  toLatest: "回到最新訊息",
  renewed: "之前的對話已到期，為您開啟了新的對話。",
  mark: "AI",
  privacyBot: "小安是機器人。對話只用於為您服務，請勿傳送密碼。",
  privacyHuman: "由人工客服回覆。對話只用於為您服務，請勿傳送密碼。",
  yesterday: "昨天",
};

const WORDS = { "zh-Hans": HANS, "zh-Hant": HANT };

/** The script of the first Chinese language tag among those given; simplified when there is none. */
export function chooseScript(...tags) {
  for (const tag of tags) {
    if (!/^zh\b/i.test(tag ?? "")) continue;
    if (/hans/i.test(tag)) return "zh-Hans";
    return /hant|-(tw|hk|mo)\b/i.test(tag) ? "zh-Hant" : "zh-Hans";
  }
  return "zh-Hans";
}

export function wordsFor(script) {
  return WORDS[script];
}
