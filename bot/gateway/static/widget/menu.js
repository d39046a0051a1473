// The menu behind the header's three dots; a menu button as keyboards and screen readers know it.

import { h } from "./dom.js";
import { icon } from "./icons.js";

export class Menu {
  element;
  #button;
  #list;
  #unsure;

  /**
   * `entries`: [{icon, label, choose(), wanted()}]; what is chosen takes the focus over. One with `wanted` stays hidden
   * until that has promised it.
   */
  constructor(words, entries) {
    this.#button = h(
      "button",
      {
        class: "more", type: "button", "aria-label": words.more, title: words.more, "aria-haspopup": "menu",
        "aria-expanded": "false", "aria-controls": "menu", onclick: () => this.#toggle(),
      },
      icon("more"),
    );
    this.#list = h(
      "div", { id: "menu", class: "menu", role: "menu", "aria-label": words.more, hidden: true },
      ...entries.map((entry) => this.#entry(entry)),
    );
    const unsure = entries.map(({ wanted }, place) => [this.#list.children[place], wanted]);
    this.#unsure = new Map(unsure.filter(([, wanted]) => wanted));
    this.element = h("div", { class: "menu-holder" }, this.#button, this.#list);
    this.element.addEventListener("keydown", (event) => this.#keyPressed(event));
    this.element.addEventListener("focusout", (event) => {
      if (!this.element.contains(event.relatedTarget)) this.close();
    });
  }

  get isOpen() {
    return !this.#list.hidden;
  }

  focus() {
    this.#button.focus();
  }

  close() {
    this.#list.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
  }

  #entry({ icon: mark, label, choose, wanted }) {
    const chosen = () => {
      this.close();
      choose();
    };
    const named = { type: "button", role: "menuitem", tabindex: "-1", hidden: Boolean(wanted), onclick: chosen };
    return h("button", named, icon(mark), label);
  }

  #toggle() {
    if (this.isOpen) {
      this.close();
    } else {
      this.#list.hidden = false;
      this.#button.setAttribute("aria-expanded", "true");
      this.#list.firstElementChild.focus();
      this.#askWhatIsWanted();
    }
  }

  #askWhatIsWanted() {
    for (const [entry, wanted] of this.#unsure) {
      // Where that cannot be learned now, the next opening asks again.
      wanted().then((isWanted) => {
        entry.hidden = !isWanted;
        this.#unsure.delete(entry);
      }, () => {});
    }
  }

  #keyPressed(event) {
    if (!this.isOpen) {
      if (event.key === "ArrowDown") {
        event.preventDefault();
        this.#toggle();
      }
      return;
    }
    const entries = [...this.#list.children].filter(({ hidden }) => !hidden);
    const place = entries.indexOf(this.element.getRootNode().activeElement);
    const next = {
      ArrowDown: (place + 1) % entries.length,
      ArrowUp: (place <= 0 ? entries.length : place) - 1,
      Home: 0,
      End: entries.length - 1,
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      entries[next].focus();
    } else if (event.key === "Escape") {
      // The first Escape closes the menu, the next one the chat.
      event.stopPropagation();
      this.close();
      this.focus();
    } else if (event.key === "Tab") {
      this.close();
    }
  }
}
