// What waits for a decision: approvals with their facts, tasks of departments, complaints about colleagues.
// `/desk/approvals` · `/desk/approvals?list=tasks` · `/desk/approvals?list=conduct`

import { h } from "/static/widget/dom.js";
import { live } from "../live.js";
import { skeleton } from "../parts/skeleton.js";
import { Approvals } from "./approvals/approvals.js";
import { Conduct } from "./approvals/conduct.js";
import { Tasks } from "./approvals/tasks.js";

const LISTS = { approvals: ["审批", Approvals], tasks: ["部门任务", Tasks], conduct: ["员工投诉", Conduct] };
const EVERY_MS = 30_000;

export default class ApprovalsPage extends HTMLElement {
  #body = h("div", { class: "body" });
  #nav = h("nav", { class: "tabs", "aria-label": "待办" });
  #shown = null;
  #timer = null;
  #offs = [];

  connectedCallback() {
    this.append(h("div", { class: "sheet-page" },
      h("header", { class: "page-head" }, h("h1", {}, "审批"), this.#nav), this.#body));
    const refresh = () => this.#shown?.refresh();
    this.#offs = [live.on("notice", refresh), live.on("resync", refresh)];
    this.#timer = setInterval(() => { if (!document.hidden) refresh(); }, EVERY_MS);
  }

  disconnectedCallback() {
    for (const off of this.#offs) off();
    clearInterval(this.#timer);
  }

  show({ query }) {
    const key = query.get("list") in LISTS ? query.get("list") : "approvals";
    this.#nav.replaceChildren(...Object.entries(LISTS).map(([own, [title]]) => h(
      "a", { class: "tab", href: own === "approvals" ? "/desk/approvals" : `/desk/approvals?list=${own}`, "aria-current": own === key ? "page" : null }, title)));
    this.#body.replaceChildren(skeleton(6));
    const [, List] = LISTS[key];
    this.#shown = new List((...nodes) => this.#body.replaceChildren(...nodes), query);
    this.#shown.refresh();
  }
}
