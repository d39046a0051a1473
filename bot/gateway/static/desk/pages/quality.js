// Quality: how the scores go (the trend first), what waits for somebody, and one review with its evidence.
// `/desk/quality` · `/desk/quality?list=to_check` · `/desk/quality/ID`. Agents see their own reviews only.

import { h } from "/static/widget/dom.js";
import { session } from "../session.js";
import { setTitle } from "../router.js";
import { Detail } from "./quality/detail.js";
import { List } from "./quality/list.js";
import { Overview } from "./quality/overview.js";

const LEADERS = [["", "概况"], ["to_check", "待复核"], ["appealed", "待裁定"], ["all", "全部"]];
const AGENTS = [["", "概况"], ["all", "我的质检"]];

export default class Quality extends HTMLElement {
  #body = h("div", { class: "body" });
  #nav = h("nav", { class: "tabs", "aria-label": "质检" });
  #shown = null;

  connectedCallback() {
    this.append(h("div", { class: "sheet-page" },
      h("header", { class: "page-head" }, h("h1", {}, "质检"), this.#nav), this.#body));
  }

  disconnectedCallback() {
    this.#shown?.stop?.();
  }

  show({ rest, query }) {
    this.#shown?.stop?.();
    const list = rest.length ? null : query.get("list") ?? "";
    this.#drawNav(list, query);
    if (rest.length) this.#shown = new Detail(rest[0]);
    else if (list) this.#shown = new List(list === "all" ? null : list, query);
    else this.#shown = new Overview(query, (waiting) => this.#count(waiting));
    this.#body.replaceChildren(this.#shown.element);
    setTitle("");
  }

  #drawNav(list, query) {
    const pages = session.may("supervisor") || session.person.role === "admin" ? LEADERS : AGENTS;
    this.#nav.replaceChildren(...pages.map(([key, title]) => {
      const kept = new URLSearchParams([...query].filter(([name]) => name === "agent"));
      if (key) kept.set("list", key);
      const address = `/desk/quality${kept.size ? `?${kept}` : ""}`;
      return h("a", { class: "tab", href: address, "aria-current": key === list ? "page" : null, "data-key": key },
        h("span", {}, title), h("span", { class: "count" }));
    }));
  }

  #count(waiting) {
    for (const link of this.#nav.children) link.lastChild.textContent = waiting[link.dataset.key] || "";
  }
}
