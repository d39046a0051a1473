// Reviews in a list, page after page.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { when } from "../../format.js";
import { badge } from "../../parts/badge.js";
import { empty, trouble } from "../../parts/empty.js";
import { skeleton } from "../../parts/skeleton.js";
import { table } from "../../parts/table.js";
import { go } from "../../router.js";
import { session } from "../../session.js";
import { PICKED, ratingOf, scoreOf, stateBadge } from "./words.js";

const NOTHING = {
  to_check: ["没有等复核的", "分数低、评分低、用了忌语的，和抽中的会话会出现在这里。"],
  appealed: ["没有等裁定的申诉", "客服对结果有不同意见时，会出现在这里。"],
};

export class List {
  element = h("div", { class: "list" }, skeleton(8));
  #state;
  #agent;
  #rule;
  #rows = [];
  #cursor = null;

  constructor(state, query) {
    this.#state = state;
    this.#agent = query.get("agent");
    this.#rule = query.get("rule");
    this.#load();
  }

  async #load() {
    try {
      const answer = await api.get("/desk/reviews", { query: { state: this.#state, agent: this.#agent, rule: this.#rule, cursor: this.#cursor } });
      this.#rows.push(...answer.reviews);
      this.#cursor = answer.cursor;
      this.#draw();
    } catch (error) {
      this.element.replaceChildren(trouble(error, () => this.#load()));
    }
  }

  /** What the list is narrowed to, each with the way back. */
  #filters() {
    const own = { agent: session.may("supervisor") ? this.#agent : null, rule: this.#rule };
    const names = { agent: this.#agent, rule: `没做到“${this.#ruleName()}”的` };
    const shown = Object.keys(own).filter((name) => own[name]);
    const without = (name) => new URLSearchParams([["list", this.#state ?? "all"],
      ...shown.filter((other) => other !== name).map((other) => [other, own[other]])]);
    return shown.length > 0 && h("p", { class: "filters" }, ...shown.map((name) =>
      h("a", { class: "button small", href: `/desk/quality?${without(name)}` }, `只看${names[name]}：取消`)));
  }

  #ruleName() {
    return this.#rows.flatMap(({ failed }) => failed).find(({ rule }) => rule === this.#rule)?.name ?? this.#rule;
  }

  #draw() {
    const filter = this.#filters();
    if (!this.#rows.length) {
      const [title, hint] = NOTHING[this.#state] ?? ["还没有质检", "人工接待的会话结束后，几秒内就会出现在这里。"];
      this.element.replaceChildren(...[filter, empty({ title, hint, mark: "medal" })].filter(Boolean));
      return;
    }
    this.element.replaceChildren(...[
      filter,
      table({
        label: "质检列表",
        rows: this.#rows,
        link: ({ id }) => `/desk/quality/${id}`,
        open: ({ id }) => go(`/desk/quality/${id}`),
        columns: [
          { key: "title", title: "会话", width: "narrow" },
          { key: "agent", title: "客服", width: "narrow" },
          { key: "score", title: "分数", align: "end", width: "narrow", cell: ({ score }) => scoreOf(score) },
          { key: "failed", title: "没做到", cell: ({ failed }) => failed.map(({ name }) => name).join("、") },
          { key: "rating", title: "客户评分", cell: ({ rating }) => ratingOf(rating), width: "narrow" },
          { key: "state", title: "状态", width: "narrow", cell: ({ state, picked_for: why }) => [stateBadge(state), " ",
            ...why.slice(0, 2).map((reason) => badge(PICKED[reason] ?? reason))] },
          { key: "closed_at", title: "结束", width: "narrow", cell: ({ closed_at: at }) => when(at) },
        ],
      }),
      this.#cursor && h("button", { class: "button", type: "button", onclick: () => this.#load() }, "再看一页"),
    ].filter(Boolean));
  }
}
