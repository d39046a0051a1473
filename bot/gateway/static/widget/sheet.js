// A page of its own over the conversation: the customer's tickets, binding WeChat. The conversation waits beneath it.

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

export class Sheet {
  element;
  #title;
  #body;
  #beneath;
  #closed;
  #content = null;

  /** `beneath`: elements that nobody reaches while the sheet is there; `closed()` takes the focus back. */
  constructor(words, beneath, closed) {
    this.#beneath = beneath;
    this.#closed = closed;
    this.#title = h("h3", { id: "sheet-title" });
    this.#body = h("div", { class: "sheet-body" });
    const back = h(
      "button",
      { class: "back", type: "button", "aria-label": words.back, title: words.back, onclick: () => this.close() },
      icon("back"),
    );
    this.element = h(
      "section", { class: "sheet", role: "region", "aria-labelledby": "sheet-title", tabindex: "-1", hidden: true },
      h("div", { class: "sheet-head" }, back, this.#title), this.#body,
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen() {
    return this.#content !== null;
  }

  /** Whether this is what the sheet shows. */
  shows(content) {
    return this.#content === content;
  }

  /** `content`: {element, title}. */
  show(content) {
    this.#content = content;
    setText(this.#title, content.title);
    this.#body.replaceChildren(content.element);
    this.#body.scrollTop = 0;
    this.element.hidden = false;
    for (const element of this.#beneath) element.inert = true;
    this.focus();
  }

  focus() {
    this.element.focus({ preventScroll: true });
  }

  close() {
    if (!this.isOpen) return;
    this.#content = null;
    this.element.hidden = true;
    for (const element of this.#beneath) element.inert = false;
    this.#closed();
  }
}
