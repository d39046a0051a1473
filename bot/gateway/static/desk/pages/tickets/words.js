// The Chinese words of tickets, as staff use them.

export const KINDS = {
  repair: "报修", return_exchange: "退换货", complaint: "投诉", callback: "回电", suggestion: "建议", out_of_stock: "到货登记",
};

export const STATUSES = {
  open: "待受理", accepted: "已受理", in_progress: "处理中", waiting_customer: "等客户", waiting_parts: "等配件",
  resolved: "已解决", closed: "已完结", cancelled: "已取消",
};

export const PRIORITIES = ["普通", "优先", "紧急"];

export const LEVELS = { agent: "客服", supervisor: "主管", manager: "经理" };

export const DUES = { late: "已超时", soon: "四小时内到期", today: "今天到期", week: "本周到期" };

export const SORTS = { opened: "最新登记", changed: "最近变动", due: "最先到期" };

/** What customers tell, by its name. */
export const FIELDS = {
  product: "产品", model: "型号", symptom: "故障情况", wish: "办理事项", reason: "原因", condition: "商品状态", grievance: "投诉内容",
  demand: "诉求", topic: "沟通事项", idea: "建议", order_number: "订单号", purchased_on: "购买时间", preferred_time: "期望时间",
  phone: "联系电话", address: "地址",
};

/** Which of them stand on each kind of ticket, even while they are empty. */
export const USUAL = {
  repair: ["product", "symptom", "purchased_on", "preferred_time", "phone", "address"],
  return_exchange: ["wish", "product", "reason", "condition", "order_number", "phone"],
  complaint: ["grievance", "demand", "order_number", "phone"],
  callback: ["topic", "phone"],
  suggestion: ["idea", "phone"],
  out_of_stock: ["product", "phone"],
};

const FIRST = { complaint: "grievance", return_exchange: "reason", callback: "topic", suggestion: "idea" };
const MATTER = ["symptom", "grievance", "reason", "topic", "idea", "wish"];

/** What a ticket is about, in the customer's words. */
export function matterOf({ kind, fields }) {
  return [FIRST[kind], ...MATTER].map((name) => fields[name]).find(Boolean) ?? "";
}

export const WHO = { customer: "客户", bot: "小安", system: "系统", agent: "客服" };

/** What happened, by kind and what. */
export const HAPPENED = {
  history: {
    opened: "登记", step: "推进", status: "状态变更", note: "备注", reply: "答复客户", urged: "客户催办", customer_said: "客户补充",
    assigned: "换办理人", edited: "修改", merged: "并入别的工单", merged_in: "并入一张工单", attachment: "添加附件", breach: "超时",
    task: "任务", told: "告知客户", warned: "超时预警",
  },
  task: { open: "派出任务", acknowledged: "接收任务", done: "办结任务" },
  approval: { pending: "送审", approved: "审批通过", rejected: "审批驳回", expired: "审批过期" },
  agreement: { offered: "发出方案", confirmed: "客户签了协议", refused: "客户不同意方案", withdrawn: "方案作废" },
  visit: { booked: "约了上门", moved: "改约上门", done: "已上门", cancelled: "取消上门" },
  followup: { planned: "计划回访", sent: "已回访", satisfied: "客户满意", unsatisfied: "客户不满意", cancelled: "回访取消" },
  notice: { waiting: "通知待送", sent: "通知送达", dead: "通知没送到" },
  message: { customer: "客户说", bot: "小安说", agent: "客服说", system: "系统消息", note: "内部备注" },
};

/** What a step waits for, where no person moves it on. */
export const WAITS = {
  booked: "预约上门时间", approval_needed: "提出方案（超权限送审）", within_limit: "提出方案", approved: "审批通过", rejected: "审批驳回",
  confirmed: "客户确认", refused: "客户拒绝", tasks_done: "各部门办结任务", satisfied: "客户说满意", unsatisfied: "客户说不满意",
  answered: "客户选择办法", chosen_repair: "客户选择再修一次",
};

/** Values of facts that the policy knows by a code. */
export const VALUES = {
  late_delivery: "发货或配送晚了", bad_installation: "安装不好", bad_repair: "没修好", repeated_fault: "反复出故障", staff_attitude: "员工态度",
  price_change: "价格变动", missing_promotion: "促销没兑现", payment_trouble: "付款问题", wrong_or_missing_goods: "发错或少发", damaged_goods: "商品损坏",
  no_reply: "没人答复", other: "其他",
};
