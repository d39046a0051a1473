// Suggested replies above the field: each says where it comes from; chosen, it is put into the field and never sent by
// itself (A11).

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { basisLines } from "./bubble.js";

const ASK_AFTER_MS = 500;
const SHOWN = 3;
const ORIGINS = { script: "话术", article: "知识", statute: "三包", canned: "常用语", procedure: "步骤" };

export class Chips {
  element;
  #talk;
  #choose;
  #suggestions = [];
  #isWhole = false;
  #timer = null;
  #asked = 0;

  /** `choose(suggestion)` puts it into the field. */
  constructor(talk, choose) {
    this.#talk = talk;
    this.#choose = choose;
    this.element = h("div", { class: "chips", role: "group", "aria-label": "建议回复", hidden: true });
  }

  /** Something was said: what fits now? */
  ask() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), ASK_AFTER_MS);
  }

  /** The first so many, by key. */
  pick(index) {
    const suggestion = this.#suggestions[index];
    if (suggestion && !this.element.hidden) this.#choose(suggestion);
  }

  async #load() {
    const turn = (this.#asked += 1);
    try {
      const { suggestions } = await api.get(`${this.#talk.path}/suggestions`);
      if (turn === this.#asked) this.#show(suggestions);
    } catch {
      if (turn === this.#asked) this.#show([]);
    }
  }

  #show(suggestions) {
    this.#isWhole = false;
    this.#suggestions = suggestions;
    this.#draw();
  }

  #draw() {
    const suggestions = this.#suggestions;
    const shown = this.#isWhole ? suggestions : suggestions.slice(0, SHOWN);
    this.element.hidden = !suggestions.length;
    this.element.classList.toggle("whole", this.#isWhole);
    const toggle = h(
      "button",
      { class: "link more", type: "button", "aria-expanded": String(this.#isWhole), onclick: () => { this.#isWhole = !this.#isWhole; this.#draw(); } },
      this.#isWhole ? "收起" : `看全部 ${suggestions.length} 条`,
    );
    this.element.replaceChildren(...shown.map((suggestion) => this.#chip(suggestion)), toggle);
  }

  #chip(suggestion) {
    const basis = basisLines(suggestion.source ?? {}).join("；");
    const props = { class: "chip", type: "button", onclick: () => { this.#isWhole = false; this.#draw(); this.#choose(suggestion); } };
    const origin = h("span", { class: "chip-origin" }, ORIGINS[suggestion.kind] ?? "建议");
    if (!this.#isWhole) {
      const title = `${suggestion.text}\n\n${suggestion.why}\n${basis}`;
      return h("button", { ...props, title }, origin, h("span", { class: "chip-text" }, suggestion.text.replace(/\s+/g, " ")));
    }
    return h(
      "button", props, origin,
      h("span", { class: "chip-whole" }, h("span", { class: "chip-words" }, suggestion.text), h("small", {}, [suggestion.why, basis].filter(Boolean).join(" · "))),
    );
  }
}
