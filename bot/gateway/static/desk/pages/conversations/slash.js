// 常用语 behind `/`: what is typed after it searches; chosen ones are put into the field, to be changed before sending.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";

const MOST = 8;
const KEEP_MS = 60_000;

export class Slash {
  element;
  #talk;
  #choose;
  #replies = [];
  #loadedAt = 0;
  #loading = null;
  #turn = 0;
  #shown = [];
  #active = 0;

  /** `choose(reply)` puts it into the field. */
  constructor(talk, choose) {
    this.#talk = talk;
    this.#choose = choose;
    this.element = h("div", { class: "slash", role: "listbox", id: `slash-${talk.id}`, "aria-label": "常用语", hidden: true });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  get activeId() {
    return this.isOpen && this.#shown.length ? `slash-${this.#talk.id}-${this.#active}` : null;
  }

  /** `text` is what stands in the field; open where it begins with `/`. */
  async follow(text) {
    const turn = (this.#turn += 1);
    if (!/^\/\S{0,20}$/.test(text)) {
      this.close();
      return;
    }
    await this.#load();
    if (turn !== this.#turn) return;
    const words = text.slice(1).toLowerCase();
    this.#shown = this.#replies
      .filter(({ title, text: body, shortcut }) => !words || `${shortcut ?? ""}${title}${body}`.toLowerCase().includes(words))
      .sort((one, other) => Number(other.shortcut === text) - Number(one.shortcut === text))
      .slice(0, MOST);
    this.#active = 0;
    this.#draw(words);
  }

  /** Once for all that is typed while it is on its way. */
  #load() {
    if (Date.now() - this.#loadedAt < KEEP_MS) return this.#loading;
    this.#loadedAt = Date.now();
    this.#loading = api.get("/desk/canned", { query: { conversation: this.#talk.id } })
      .then(({ replies }) => { this.#replies = replies; })
      .catch(() => { this.#loadedAt = 0; });
    return this.#loading;
  }

  close() {
    this.element.hidden = true;
  }

  /** Whether the key was for the menu. */
  pressed(event) {
    if (!this.isOpen) return false;
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown") this.#move(1);
    else if (event.key === "ArrowUp") this.#move(-1);
    else if ((event.key === "Enter" || event.key === "Tab") && this.#shown.length) this.#pick(this.#shown[this.#active]);
    else return false;
    return true;
  }

  #move(by) {
    this.#active = (this.#active + by + this.#shown.length) % Math.max(1, this.#shown.length);
    this.#draw();
  }

  #pick(reply) {
    this.close();
    this.#choose(reply);
    api.post(`/desk/canned/${encodeURIComponent(reply.id)}/use`).catch(() => {});
  }

  #draw(words) {
    this.element.hidden = false;
    this.element.replaceChildren(...(this.#shown.length ? this.#shown.map((reply, index) => h(
      "div",
      {
        class: "slash-item", role: "option", id: `slash-${this.#talk.id}-${index}`, "aria-selected": String(index === this.#active),
        onpointerdown: (event) => { event.preventDefault(); this.#pick(reply); },
      },
      h("span", { class: "slash-title" }, reply.title, reply.shortcut && h("kbd", {}, reply.shortcut)),
      h("span", { class: "slash-text" }, reply.filled ?? reply.text),
    )) : [h("p", { class: "muted slash-none" }, words ? "没有这样的常用语，换个词试试" : "还没有常用语")]));
    this.element.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }
}
