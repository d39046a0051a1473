// Several conversations at once: one tab each, Alt+1 to Alt+9.

import { h, setText } from "/static/widget/dom.js";
import { now } from "../../format.js";
import { icon } from "../../parts/icon.js";
import { dueOf } from "./marks.js";

export class Strip {
  element;
  #on;
  #tabs = new Map();

  /** `on`: choose(id), close(id). */
  constructor(on) {
    this.#on = on;
    this.element = h("div", { class: "strip", role: "tablist", "aria-label": "打开的会话", onkeydown: (event) => this.#pressed(event) });
  }

  /** `talks` in order; `shown` is in the middle. */
  update(talks, shown) {
    this.element.hidden = talks.length < 2;
    const wanted = new Set(talks.map(({ id }) => id));
    for (const [id, tab] of this.#tabs) {
      if (wanted.has(id)) continue;
      tab.element.remove();
      this.#tabs.delete(id);
    }
    const at = now();
    talks.forEach((talk, index) => {
      if (!this.#tabs.has(talk.id)) this.#tabs.set(talk.id, this.#make(talk.id));
      const tab = this.#tabs.get(talk.id);
      if (this.element.children[index] !== tab.element) this.element.insertBefore(tab.element, this.element.children[index] ?? null);
      const { title, unread } = talk.row;
      const own = talk === shown;
      setText(tab.title, title);
      const due = dueOf(talk.row, at)?.state;
      tab.element.dataset.due = due ?? "";
      tab.button.setAttribute("aria-selected", String(own));
      tab.button.tabIndex = own ? 0 : -1;
      tab.button.title = index < 9 ? `${title}（Alt+${index + 1}）` : title;
      tab.unread.hidden = own || !unread;
      setText(tab.unread, unread > 99 ? "99+" : String(unread));
      tab.late.hidden = due !== "late";
    });
  }

  #make(id) {
    const title = h("span", { class: "strip-title" });
    const unread = h("span", { class: "row-unread", hidden: true });
    const late = h("span", { class: "strip-late", title: "超时未答复", hidden: true }, icon("alarm"), h("span", { class: "sr" }, "超时"));
    const button = h("button", { class: "strip-tab", type: "button", role: "tab", onclick: () => this.#on.choose(id) }, title, late, unread);
    const close = h(
      "button", { class: "icon-button small", type: "button", "aria-label": "收起这个会话", title: "收起，不结束会话", tabindex: "-1", onclick: () => this.#on.close(id) },
      icon("close"),
    );
    return { element: h("div", { class: "strip-item", role: "presentation" }, button, close), button, title, unread, late };
  }

  #pressed(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const all = [...this.element.querySelectorAll("[role=tab]")];
    const here = all.indexOf(document.activeElement);
    if (here < 0) return;
    if (step) {
      event.preventDefault();
      all[(here + step + all.length) % all.length].focus();
    } else if (event.key === "Delete") {
      event.preventDefault();
      all[here].parentElement.querySelector(".icon-button").click();
    }
  }
}
