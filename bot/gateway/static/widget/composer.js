// Where the customer writes.

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { countCharacters } from "./text.js";

const LIMIT = 2000;
const COUNT_FROM = 1800;

export class Composer {
  element;
  #words;
  #on;
  #grow;
  #input;
  #send;
  #counter;
  #aiMark;
  #privacy;

  /** `on`: send(text), typing(). */
  constructor(words, on) {
    this.#words = words;
    this.#on = on;
    this.#build();
    this.#input.addEventListener("keydown", (event) => this.#keyPressed(event));
    this.#input.addEventListener("input", () => this.#changed());
    this.#changed();
  }

  focus() {
    this.#input.focus({ preventScroll: true });
  }

  setOwner(owner) {
    this.#aiMark.hidden = owner === "human";
    setText(this.#privacy, owner === "human" ? this.#words.privacyHuman : this.#words.privacyBot);
  }

  #build() {
    const words = this.#words;
    this.#input = h("textarea", {
      rows: "1", placeholder: words.placeholder, "aria-label": words.input, "aria-describedby": "counter",
      enterkeyhint: "send", autocomplete: "off", spellcheck: "false",
    });
    this.#send = h(
      "button", { class: "send", type: "submit", "aria-label": words.send, title: words.send }, icon("send"),
    );
    this.#counter = h("span", { id: "counter", class: "counter", role: "status" });
    this.#grow = h("div", { class: "grow" }, this.#input);
    this.#aiMark = h("span", { class: "tag" }, words.mark);
    this.#privacy = h("span");
    const human = h(
      "button", { class: "to-human", type: "button", onclick: () => this.#on.send(words.toHuman) },
      icon("headset"), words.toHuman,
    );
    this.element = h(
      "form", { class: "composer", novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
      h("div", { class: "tools" }, human, this.#counter),
      h("div", { class: "field" }, this.#grow, this.#send),
      h("p", { class: "fine-print" }, this.#aiMark, " ", this.#privacy),
    );
  }

  #keyPressed(event) {
    // Enter that ends a word in an input method is not ours; some browsers report it only by key code 229.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.#input.value.trim();
    if (!text || countCharacters(text) > LIMIT) return;
    this.#input.value = "";
    this.#changed();
    this.#on.send(text);
    this.focus();
  }

  #changed() {
    const text = this.#input.value;
    const count = countCharacters(text.trim());
    // The mirror behind the field gives it its height (see .grow in widget.css).
    this.#grow.dataset.mirror = text;
    this.#send.disabled = !count || count > LIMIT;
    this.#input.setAttribute("aria-invalid", String(count > LIMIT));
    this.#counter.classList.toggle("over", count > LIMIT);
    setText(this.#counter, this.#count(count));
    if (count) this.#on.typing();
  }

  #count(count) {
    if (count > LIMIT) return this.#words.tooLong(count - LIMIT);
    return count >= COUNT_FROM ? this.#words.counter(count, LIMIT) : "";
  }
}
