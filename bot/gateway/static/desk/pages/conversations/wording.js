// 忌语 before sending (A4): what to say in its place by one click, or a reason why it is said all the same.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { icon } from "../../parts/icon.js";

const PATIENCE_MS = 1500;
const LOOK_AFTER_MS = 400;

/** Remembers what the server found in a text, so that Enter need not wait for it. */
export class WordingCheck {
  #text = "";
  #remarks = Promise.resolve([]);
  #timer = null;

  /** Looks at what is being written, a moment after the last key. */
  look(text, found) {
    clearTimeout(this.#timer);
    if (!text.trim()) {
      found([]);
      return;
    }
    this.#timer = setTimeout(async () => found(await this.of(text), text), LOOK_AFTER_MS);
  }

  /** The remarks on a text; none where nobody answers in time: the server looks again when it is sent. */
  of(text) {
    const words = text.trim();
    if (words !== this.#text) {
      this.#text = words;
      const asked = api.post("/desk/wording", { text: words }).then(({ remarks }) => remarks).catch(() => []);
      this.#remarks = Promise.race([asked, new Promise((resolve) => { setTimeout(() => resolve([]), PATIENCE_MS); })]);
    }
    return this.#remarks;
  }
}

/** The panel above the field. `on`: replace(phrase, better), sendAnyway(reason), back(). */
export class WordingPanel {
  element;
  #on;

  constructor(on) {
    this.#on = on;
    this.element = h("section", { class: "wording", "aria-label": "用语提醒", hidden: true });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** `blocking`: it was about to be sent; then a reason may be given. */
  show(remarks, { blocking }) {
    const grave = remarks.filter(({ concern }) => concern === "forbidden");
    const hasReason = this.element.querySelector("input");
    const stillOpen = blocking || (hasReason && grave.length > 0);
    if (!remarks.length) {
      this.hide();
      return;
    }
    const key = JSON.stringify([remarks.map(({ phrase }) => phrase), stillOpen]);
    if (this.element.dataset.key === key) return;
    this.element.dataset.key = key;
    this.element.hidden = false;
    this.element.classList.toggle("grave", grave.length > 0);
    this.element.replaceChildren(
      h("ul", {}, ...remarks.map((remark) => this.#line(remark))),
      ...(stillOpen && grave.length ? [this.#anyway()] : []),
    );
    this.element.setAttribute("role", blocking ? "alert" : "status");
    if (blocking) this.element.querySelector("button")?.focus();
  }

  hide() {
    this.element.hidden = true;
    this.element.dataset.key = "";
    this.element.replaceChildren();
  }

  #line({ concern, phrase, why, better }) {
    const swaps = concern === "forbidden";
    return h(
      "li", {}, icon("warning"),
      h("div", {},
        h("p", {}, h("mark", {}, phrase), ` ${why}`),
        swaps
          ? h("button", { class: "better", type: "button", onclick: () => this.#on.replace(phrase, better) },
            h("span", { class: "muted" }, "换成"), ` ${better}`)
          : h("p", { class: "muted" }, better)),
    );
  }

  #anyway() {
    const reason = h("input", { type: "text", placeholder: "说明原因，例如：引用客户原话", "aria-label": "仍要发送的原因", maxlength: "200" });
    return h(
      "form",
      {
        class: "anyway",
        onsubmit: (event) => {
          event.preventDefault();
          if (reason.value.trim()) this.#on.sendAnyway(reason.value.trim());
          else reason.focus();
        },
      },
      reason,
      h("button", { class: "button small danger", type: "submit" }, "仍要发送"),
      h("button", { class: "button small", type: "button", onclick: () => this.#on.back() }, "回去修改"),
    );
  }
}
