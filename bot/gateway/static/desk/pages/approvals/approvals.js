// Approvals: what it is, what it costs and why, who may decide; the decision needs a reason.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { when, yuan } from "../../format.js";
import { toast } from "../../notices.js";
import { badge } from "../../parts/badge.js";
import { countdown } from "../../parts/countdown.js";
import { field } from "../../parts/field.js";
import { icon } from "../../parts/icon.js";
import { session } from "../../session.js";
import { ROLES } from "../../words.js";
import { Cards, facts } from "./cards.js";

const SOON_MS = 4 * 3600_000;
const ASKED_BY = "申请人"; // stands in the head

export class Approvals extends Cards {
  constructor(draw) {
    super({
      draw, card,
      ask: async () => (await api.get("/approvals")).approvals,
      nothing: { title: "没有要审批的", hint: "超出客服权限的补偿和退款会出现在这里。", mark: "stamp" },
    });
  }
}

function card(approval, again) {
  return h(
    "article", { class: "card", "aria-label": `工单 ${approval.ticket} 的审批` },
    h("header", {},
      h("p", { class: "amount" }, yuan(approval.amount_fen)),
      h("div", {},
        h("p", {}, h("a", { href: `/desk/tickets/${approval.ticket}` }, approval.ticket), " ", badge(`需要${ROLES[approval.needed] ?? approval.needed}审批`, { tone: "accent" })),
        h("p", { class: "fine" }, `${approval.requested_by} ${when(approval.requested_at)} 提出 · `, countdown(approval.expires_at, { soon: SOON_MS })))),
    facts(Object.entries(approval.facts).filter(([name]) => name !== ASKED_BY)),
    decision(approval, again),
  );
}

function decision(approval, again) {
  if (approval.requested_by === session.person.name) return closed("这是您自己提的申请，要由另一位同事审批");
  if (!session.may(approval.needed)) return closed(`这笔要${ROLES[approval.needed] ?? "上一级"}或以上级别审批`);
  const reason = field({ label: "理由", required: true, maxlength: "500", placeholder: "例如：证据齐全，按政策办" });
  const form = h("form", { class: "decide", onsubmit: (event) => { event.preventDefault(); decide(event.submitter.value === "approve"); } },
    reason.element,
    h("button", { class: "button primary", value: "approve" }, "通过"),
    h("button", { class: "button danger", value: "reject" }, "驳回"));

  async function decide(approve) {
    if (!reason.input.value.trim()) {
      reason.fault("请写明审批的理由");
      return;
    }
    const buttons = form.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      await api.post(`/approvals/${approval.id}`, { approve, reason: reason.input.value });
      toast(`${approval.ticket} 已${approve ? "通过" : "驳回"}`, { kind: "good" });
      again();
    } catch (error) {
      for (const button of buttons) button.disabled = false;
      reason.fault(error.message);
      if (error.status === 409) again();
    }
  }

  return form;
}

function closed(text) {
  return h("p", { class: "muted closed" }, icon("info"), text);
}
