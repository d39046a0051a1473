// Complaints about colleagues: whether they proved true, and what follows; the ladder only proposes (C8).

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { when } from "../../format.js";
import { toast } from "../../notices.js";
import { field } from "../../parts/field.js";
import { icon } from "../../parts/icon.js";
import { session } from "../../session.js";
import { Cards, facts } from "./cards.js";

const OUTCOMES = { warning: "警告", penalty: "处罚", dismissal_proposed: "提议辞退，由领导决定" };

export class Conduct extends Cards {
  constructor(draw) {
    super({
      draw, card,
      ask: async () => (await api.get("/conduct")).cases,
      nothing: { title: "没有要核实的员工投诉", hint: "客户投诉某位同事时，会出现在这里。", mark: "gavel" },
    });
  }
}

function card(one, again) {
  return h(
    "article", { class: "card", "aria-label": `对${one.staff}的投诉` },
    h("header", {}, h("div", {},
      h("p", {}, h("strong", {}, `客户投诉${one.staff}`)),
      h("p", { class: "fine" }, h("a", { href: `/desk/tickets/${one.ticket}` }, one.ticket), ` · ${when(one.reported_at)} 登记`))),
    facts([["属实时建议", OUTCOMES[one.proposed]]]),
    one.staff === session.person.name
      ? h("p", { class: "muted closed" }, icon("info"), "这件事关于您本人，要由另一位主管核实")
      : decision(one, again),
  );
}

function decision(one, again) {
  const verdict = field({ label: "核实结果", kind: "select", options: [["verified", "属实"], ["unfounded", "不属实"]], value: "verified" });
  const outcome = field({ label: "处理", kind: "select", options: Object.entries(OUTCOMES), value: one.proposed });
  const reason = field({ label: "依据", required: true, maxlength: "500", placeholder: "听了录音、看了聊天记录……" });
  verdict.input.addEventListener("change", () => { outcome.element.hidden = verdict.input.value !== "verified"; });
  return h("form", { class: "decide", onsubmit: (event) => { event.preventDefault(); decide(); } },
    verdict.element, outcome.element, reason.element, h("button", { class: "button primary" }, "提交结果"));

  async function decide() {
    const verified = verdict.input.value === "verified";
    try {
      await api.post(`/conduct/${one.id}`, { verified, reason: reason.input.value, ...(verified ? { outcome: outcome.input.value } : {}) });
      toast(`对${one.staff}的投诉已有结果`, { kind: "good" });
      again();
    } catch (error) {
      reason.fault(error.message);
      if (error.status === 409) again();
    }
  }
}
