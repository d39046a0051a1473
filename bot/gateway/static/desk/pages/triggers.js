// The rules that bring a customer to a person: what fires each, what it does, how often it fired, and the last times.

import { h, setText } from "/static/widget/dom.js";
import { api } from "../api.js";
import { ago, exactly, seconds, when } from "../format.js";
import { live } from "../live.js";
import { badge } from "../parts/badge.js";
import { empty, trouble } from "../parts/empty.js";
import { skeleton } from "../parts/skeleton.js";
import { ROLES, skillName, teamName } from "../words.js";

const REFRESH = 30_000;
const CLAUSES = {
  F2: { title: "自动转人工", hint: "触发就转，不用客户开口。" },
  F3: { title: "人工优先", hint: "这些情况由人来办更合适。" },
  F4: { title: "先问再转", hint: "问过客户要不要转，客户点头才转。" },
};
const DOES = {
  transfer: { text: "立即转人工", tone: "accent" },
  confirm: { text: "先问客户", tone: "plain" },
  callback: { text: "转人工或留回电", tone: "accent" },
};
const DETAILS = { bot: "机器人没有答上来", agent: "排队没有人接" };

export default class Triggers extends HTMLElement {
  #queue = h("section", { class: "lines", "aria-label": "现在的排队" });
  #total = h("p", { class: "muted" });
  #rules = h("div", { class: "rules" });
  #open = new Set();
  #offs = [];
  #timer = 0;

  connectedCallback() {
    this.append(
      h("div", { class: "sheet-page" },
        h("header", { class: "page-head" }, h("h1", {}, "转人工规则")),
        this.#queue, this.#total, this.#rules),
    );
    this.#rules.append(skeleton(8));
    this.#load();
    this.#timer = setInterval(() => this.#load(), REFRESH);
    this.#offs = [live.on("queue", () => this.#loadQueue()), live.on("resync", () => this.#load())];
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
    for (const off of this.#offs) off();
  }

  show() {}

  async #load() {
    this.#loadQueue();
    try {
      this.#draw((await api.get("/desk/triggers")).triggers);
    } catch (error) {
      this.#rules.replaceChildren(trouble(error, () => this.#load()));
    }
  }

  async #loadQueue() {
    try {
      this.#drawQueue((await api.get("/desk/queue?limit=0")).lines);
    } catch {
      this.#queue.replaceChildren();  // the rules below say what failed, if that goes on
    }
  }

  #drawQueue(lines) {
    this.#queue.replaceChildren(
      ...(lines.length ? lines.map(line) : [h("p", { class: "muted" }, "现在没有人在排队。")]),
    );
  }

  #draw(rules) {
    const most = Math.max(1, ...rules.map(({ week }) => week));
    const today = rules.reduce((sum, rule) => sum + rule.today, 0);
    const week = rules.reduce((sum, rule) => sum + rule.week, 0);
    setText(this.#total, week ? `近七天触发 ${week} 次，今天 ${today} 次。点一条看最近的例子。` : "近七天还没有触发过。");
    if (!rules.length) {
      this.#rules.replaceChildren(empty({ title: "没有规则", hint: "规则写在 bot/content/triggers.yml。" }));
      return;
    }
    const focused = document.activeElement?.closest?.("details")?.dataset.rule;
    this.#rules.replaceChildren(
      ...Object.entries(CLAUSES).map(([clause, { title, hint }]) => h(
        "section", { class: "clause" },
        h("header", {},
          h("h2", {}, title, h("span", { class: "muted" }, `${clause} · ${hint}`)),
          h("span", { class: "muted", "aria-hidden": "true" }, "怎么做"),
          h("span", { class: "muted", "aria-hidden": "true" }, "近七天触发次数")),
        ...rules.filter((rule) => rule.clause === clause).map((rule) => this.#rule(rule, most)),
      )),
    );
    if (focused) this.#rules.querySelector(`[data-rule="${focused}"] summary`)?.focus({ preventScroll: true });
  }

  #rule(rule, most) {
    const does = DOES[rule.does];
    const wanted = [
      rule.level !== "agent" && `${(ROLES[rule.level] ?? rule.level)}及以上`, ...rule.skills.map((skill) => `懂${skillName(skill)}`),
    ].filter(Boolean);
    const details = h(
      "details", { open: this.#open.has(rule.id), "data-rule": rule.id },
      h("summary", {},
        h("span", { class: "what" }, h("strong", {}, rule.name), h("span", { class: "muted" }, rule.fires)),
        h("span", { class: "does" }, badge(does.text, { tone: does.tone }),
          rule.priority ? badge(`优先级 ${rule.priority}`) : null),
        bar(rule, most)),
      h("div", { class: "more" },
        wanted.length ? h("p", { class: "muted" }, `希望接待的人：${wanted.join("、")}`) : null,
        rule.examples.length
          ? h("ul", {}, ...rule.examples.map(example))
          : h("p", { class: "muted" }, "还没有触发过。")),
    );
    details.addEventListener("toggle", () => this.#open[details.open ? "add" : "delete"](rule.id));
    return details;
  }
}

function bar({ today, week }, most) {
  const meter = h("meter", { min: "0", max: String(most), value: String(week), "aria-hidden": "true" });
  return h(
    "span", { class: "count", title: `近七天 ${week} 次，今天 ${today} 次` },
    meter,
    h("span", { class: "number" }, h("span", { class: "sr" }, "近七天"), String(week), h("span", { class: "sr" }, "次，")),
    h("span", { class: "today muted" }, today ? `今天 ${today}` : "今天 0"),
  );
}

function example({ conversation_id: id, at, detail }) {
  return h(
    "li", {},
    h("a", { href: `/desk?conversation=${id}` }, `会话 ${id.slice(0, 4)}`),
    h("time", { datetime: at, title: exactly(at), class: "muted" }, ago(at)),
    detail && h("span", { class: "muted" }, DETAILS[detail] ?? detail),
  );
}

function line(one) {
  const late = one.longest_seconds >= 180;
  const wait = one.opens_at ? `${when(one.opens_at)} 上班` : one.estimated_seconds === null ? "没有人在岗" : `最后一位约等 ${seconds(one.estimated_seconds)}`;
  return h(
    "p", { class: "line" },
    h("strong", {}, one.level === "agent" ? `${teamName(one.team)}` : `${teamName(one.team)} · ${(ROLES[one.level] ?? one.level)}`),
    h("span", {}, `${one.waiting} 位在等`),
    late ? badge(`最长 ${seconds(one.longest_seconds)}`, { tone: "late", mark: "warning" }) : h("span", {}, `最长 ${seconds(one.longest_seconds)}`),
    h("span", { class: "muted" }, `在岗 ${one.at_work} 人，还能接的 ${one.ready} 人`),
    h("span", { class: "muted" }, wait),
  );
}
