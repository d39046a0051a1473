// Cards that stay as they are while somebody writes in them.

import { h } from "/static/widget/dom.js";
import { empty, trouble } from "../../parts/empty.js";

/** A list that is asked for again and again; a card that is being written in keeps its words. */
export class Cards {
  #ask;
  #card;
  #nothing;
  #draw;
  #kept = new Map();
  #list = h("ul", { class: "cards" });

  /** `ask()` → records with an id; `card(record, again)` → an element; `draw(...nodes)` shows. */
  constructor({ ask, card, nothing, draw }) {
    this.#ask = ask;
    this.#card = card;
    this.#nothing = nothing;
    this.#draw = draw;
  }

  async refresh() {
    try {
      this.#show(await this.#ask());
    } catch (error) {
      if (!this.#list.isConnected) this.#draw(trouble(error, () => this.refresh()));
    }
  }

  #show(records) {
    if (!records.length) {
      this.#kept.clear();
      this.#draw(empty(this.#nothing));
      return;
    }
    const kept = new Map();
    for (const record of records) {
      const text = JSON.stringify(record);
      const old = this.#kept.get(record.id);
      kept.set(record.id, old?.text === text ? old : { text, element: h("li", {}, this.#card(record, () => this.refresh())) });
    }
    this.#kept = kept;
    const elements = [...kept.values()].map(({ element }) => element);
    for (const gone of [...this.#list.children]) if (!elements.includes(gone)) gone.remove();
    elements.forEach((element, index) => {
      if (this.#list.children[index] !== element) this.#list.insertBefore(element, this.#list.children[index] ?? null);
    });
    if (!this.#list.isConnected) this.#draw(this.#list);
  }
}

const LONG = 22;
const BETWEEN = /；(?![^（]*）)/; // not within brackets

/** Name and value; long ones have a line of their own, what has several steps is told step by step. */
export function facts(pairs) {
  return h("dl", { class: "facts" }, ...pairs.filter(([, value]) => value).map(([name, value]) => {
    const steps = value.split(BETWEEN);
    return h("div", { class: value.length > LONG ? "long" : null }, h("dt", {}, name), h("dd", {},
      steps.length > 1 ? h("ul", {}, ...steps.map((step) => h("li", {}, step))) : value));
  }));
}
