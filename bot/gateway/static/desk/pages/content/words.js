// What the editor says.

export const KINDS = { scripts: "话术", articles: "知识文章" };

export const TOPICS = {
  greeting: "问候", handover: "转人工", repair: "报修", return_exchange: "退换货", complaint: "投诉", order: "订单", safety: "安全",
  knowledge: "知识", smalltalk: "闲聊", ask: "追问", statute: "法定权利", ticket: "工单", agreement: "处理方案", followup: "回访",
  desk: "人工服务", request: "其他请求", input: "输入", visit: "上门", queue: "排队", rating: "评价", consult_policy: "政策",
  consult_product: "产品", consult_usage: "使用", consult_delivery: "配送", consult_invoice: "发票", consult_installation: "安装",
  consult_membership: "会员", consult_shopping: "购物", consult_payment: "支付",
};

export const FIELDS = [
  { key: "title", label: "标题", hint: "客户在选项里看到的就是它" },
  { key: "questions", label: "客户会怎么问", hint: "一行一句，写得越像客户的口气越容易找到", kind: "lines" },
  { key: "answer", label: "回答", kind: "text" },
  { key: "source", label: "依据", hint: "写明文件和版本，客户会看到" },
  { key: "intents", label: "对应的意图", hint: "一行一个，可以不写", kind: "lines" },
  { key: "products", label: "只适用的产品", hint: "产品编号，一行一个；不写就适用所有产品", kind: "lines" },
  { key: "valid_from", label: "从哪天起有效", kind: "day" },
  { key: "valid_until", label: "到哪天为止", kind: "day" },
];

export function topicName(topic) {
  return TOPICS[topic] ?? topic ?? "";
}

export function labelName(label) {
  if (label === "file") return "文件";
  return label ?? "还没有发布";
}
