// What departments have to do for tickets: taken on, finished, late.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { when } from "../../format.js";
import { toast } from "../../notices.js";
import { badge } from "../../parts/badge.js";
import { countdown } from "../../parts/countdown.js";
import { field } from "../../parts/field.js";
import { Cards, facts } from "./cards.js";

const SOON_MS = 4 * 3600_000;
const STATES = { open: "待接收", acknowledged: "已接收" };

export class Tasks extends Cards {
  constructor(draw, query) {
    const ticket = query.get("ticket");
    super({ draw, card, ask: () => running(ticket), nothing: { title: "没有在办的任务", hint: "方案定下来后，派给仓库、物流、财务等部门的事会出现在这里。", mark: "box" } });
  }
}

async function running(ticket) {
  const lists = await Promise.all(Object.keys(STATES).map((state) => api.get("/tasks", { query: { state, ticket } })));
  return lists.flatMap(({ tasks }) => tasks).sort((one, other) => one.due_at.localeCompare(other.due_at));
}

function card(task, again) {
  return h(
    "article", { class: "card", "aria-label": `${task.department_name}的任务` },
    h("header", {},
      h("div", {},
        h("p", {}, h("strong", {}, task.what), " ", badge(STATES[task.state], { tone: task.state === "open" ? "soon" : "plain", mark: task.state === "open" ? "clock" : null })),
        h("p", { class: "fine" }, `${task.department_name} · `, h("a", { href: `/desk/tickets/${task.ticket}` }, task.ticket), ` · ${task.opened_by} ${when(task.opened_at)} 派出 · `, countdown(task.due_at, { soon: SOON_MS })))),
    facts([["接收", task.acknowledged_by && `${task.acknowledged_by} ${when(task.acknowledged_at)}`]]),
    steps(task, again),
  );
}

function steps(task, again) {
  const result = field({ label: "办理结果", required: true, maxlength: "500", placeholder: "例如：已发顺丰，单号…" });
  const say = async (step, body, done) => {
    try {
      await api.post(`/tasks/${task.id}/${step}`, body);
      toast(done, { kind: "good" });
      again();
    } catch (error) {
      result.fault(error.message);
    }
  };
  return h("form", { class: "decide", onsubmit: (event) => { event.preventDefault(); say("finish", { result: result.input.value }, "任务已办结"); } },
    result.element,
    h("button", { class: "button primary" }, "办结"),
    task.state === "open" && h("button", { class: "button", type: "button", onclick: () => say("acknowledge", {}, "已接收任务") }, "接收"));
}
