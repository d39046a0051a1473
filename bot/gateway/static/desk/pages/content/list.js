// The list at the left: scripts or articles, found by words, with what became of each.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { ago } from "../../format.js";
import { toast } from "../../notices.js";
import { badge } from "../../parts/badge.js";
import { empty, trouble } from "../../parts/empty.js";
import { icon } from "../../parts/icon.js";
import { skeleton } from "../../parts/skeleton.js";
import { KINDS, labelName, topicName } from "./words.js";

const PAUSE_MS = 220;
const AT_ONCE = 200;

export class List {
  element;
  search;
  #kind = "scripts";
  #key = null;
  #entries = [];
  #total = 0;
  #asked = 0;
  #timer = null;
  #rows = h("div", { class: "rows", role: "listbox", tabindex: "0", "aria-label": "话术与文章", onkeydown: (event) => this.#pressed(event) });
  #topics = h("select", { "aria-label": "主题", onchange: () => this.load() });
  #count = h("span", { class: "fine", role: "status" });
  #more = h("button", { class: "link", type: "button", hidden: true, onclick: () => this.#loadMore() }, "列出更多");
  #kinds;
  #choose;

  /** `choose(kind, key)` opens an entry; `begin()` starts a new article. */
  constructor({ choose, begin }) {
    this.#choose = choose;
    this.search = h("input", {
      type: "search", placeholder: "查找话术", "aria-label": "查找",
      oninput: () => { clearTimeout(this.#timer); this.#timer = setTimeout(() => this.load(), PAUSE_MS); },
      onkeydown: (event) => { if (event.key === "ArrowDown") { event.preventDefault(); this.#rows.focus(); } },
    });
    this.#kinds = Object.entries(KINDS).map(([kind, name]) => h(
      "a", { class: "kind", href: `/desk/content/${kind}`, "data-kind": kind }, name));
    this.element = h(
      "aside", { class: "list", "aria-label": "话术与文章的列表" },
      h("div", { class: "list-head" },
        h("nav", { class: "kinds", "aria-label": "种类" }, ...this.#kinds),
        h("button", { class: "icon-button", type: "button", title: "写一篇新文章", "aria-label": "写一篇新文章", onclick: begin }, icon("plus"))),
      h("div", { class: "list-tools" }, h("label", { class: "search" }, icon("search"), this.search), this.#topics),
      this.#rows, h("footer", {}, this.#count, this.#more));
  }

  get kind() {
    return this.#kind;
  }

  /** Shows a kind with one entry marked. */
  async show(kind, key) {
    const other = kind !== this.#kind;
    this.#kind = kind;
    this.#key = key;
    for (const link of this.#kinds) {
      if (link.dataset.kind === kind) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (other || !this.#asked) {
      this.search.placeholder = kind === "scripts" ? "查找话术" : "查找文章";
      this.search.value = "";
      this.#topics.replaceChildren();
      await this.load();
    } else this.#mark();
  }

  get #query() {
    return { q: this.search.value.trim(), topic: this.#topics.value, limit: AT_ONCE };
  }

  async #loadMore() {
    const asked = this.#asked;
    try {
      const { entries, total } = await api.get(`/desk/content/${this.#kind}`, { query: { ...this.#query, offset: this.#entries.length } });
      if (asked !== this.#asked) return;
      this.#entries = [...this.#entries, ...entries];
      this.#total = total;
      this.#draw();
    } catch (error) {
      toast(error.message, { kind: "warning" });
    }
  }

  async load() {
    const asked = (this.#asked += 1);
    if (!this.#entries.length) this.#rows.replaceChildren(skeleton(8));
    const query = this.#query;
    try {
      const answer = await api.get(`/desk/content/${this.#kind}`, { query });
      if (asked !== this.#asked) return;
      this.#entries = answer.entries;
      this.#total = answer.total;
      if (!query.q && !query.topic) this.#fillTopics(answer.topics);
      this.#draw();
    } catch (error) {
      if (asked === this.#asked) this.#rows.replaceChildren(trouble(error, () => this.load()));
    }
  }

  #fillTopics(topics) {
    const options = topics.filter(Boolean).map((topic) => h("option", { value: topic }, topicName(topic)));
    this.#topics.replaceChildren(h("option", { value: "" }, "全部主题"), ...options);
  }

  #draw() {
    const all = this.#entries.length >= this.#total;
    this.#count.textContent = all ? `${this.#total} 条` : `${this.#total} 条，列出了前 ${this.#entries.length} 条`;
    this.#more.hidden = all;
    if (!this.#entries.length) {
      this.#rows.replaceChildren(empty({ title: "没有找到", hint: "换个词，或者选“全部主题”", mark: "search" }));
      return;
    }
    this.#rows.replaceChildren(...this.#entries.map((entry) => this.#row(entry)));
    this.#mark();
  }

  #row(entry) {
    const states = [
      entry.broken && badge("读不出来", { tone: "late", mark: "warning" }),
      entry.file_has_changed && badge("文件已更新", { tone: "soon", mark: "info" }),
      entry.drafts.length && badge(entry.own_draft ? "我的草稿" : `${entry.drafts[0]}在改`, { tone: "accent" }),
      entry.label !== "file" && badge(labelName(entry.label), { tone: entry.label ? "good" : "plain" }),
    ].filter(Boolean);
    return h(
      "div", { class: "row", role: "option", id: `entry-${entry.key}`, "data-key": entry.key, onclick: () => this.#choose(this.#kind, entry.key) },
      h("p", { class: "row-title" }, entry.title || "（还没有标题）"),
      h("p", { class: "row-about fine" },
        h("code", {}, entry.key), h("span", {}, entry.changed_at ? `${entry.changed_by} ${ago(entry.changed_at)}` : entry.grounds)),
      states.length > 0 && h("p", { class: "row-states" }, ...states));
  }

  #mark() {
    for (const row of this.#rows.querySelectorAll(".row")) row.setAttribute("aria-selected", String(row.dataset.key === this.#key));
    const own = this.#rows.querySelector("[aria-selected=true]");
    if (own) {
      this.#rows.setAttribute("aria-activedescendant", own.id);
      own.scrollIntoView({ block: "nearest" });
    } else this.#rows.removeAttribute("aria-activedescendant");
  }

  #pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const here = this.#entries.findIndex((entry) => entry.key === this.#key);
    const next = this.#entries[Math.min(Math.max(here + step, 0), this.#entries.length - 1)];
    if (next && next.key !== this.#key) this.#choose(this.#kind, next.key);
  }
}
