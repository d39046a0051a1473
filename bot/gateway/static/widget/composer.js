// Where the customer writes.

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { countCharacters } from "./text.js";
import { ACCEPTED } from "./uploads.js";

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
  #seen;
  #human;
  #picker;

  /** `on`: send(text), typing(text), attach(files). */
  constructor(words, on) {
    this.#words = words;
    this.#on = on;
    this.#build();
    this.#input.addEventListener("keydown", (event) => this.#keyPressed(event));
    this.#input.addEventListener("input", () => this.#changed());
    this.#input.addEventListener("paste", (event) => this.#pasted(event));
    this.#changed();
  }

  focus() {
    this.#input.focus({ preventScroll: true });
  }

  setOwner(owner) {
    this.#aiMark.hidden = owner === "human";
    setText(this.#privacy, owner === "human" ? this.#words.privacyHuman : this.#words.privacyBot);
    this.#seen.hidden = owner === "bot";
    this.#human.hidden = owner === "human";
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
    this.#seen = h("p", { class: "seen", hidden: true }, icon("eye"), words.typingIsSeen);
    this.#picker = h("input", {
      type: "file", accept: ACCEPTED, multiple: true, hidden: true, "aria-label": words.attach,
      onchange: () => this.#picked(),
    });
    const attach = h(
      "button",
      {
        class: "attach", type: "button", "aria-label": words.attach, title: words.attach,
        onclick: () => this.#picker.click(),
      },
      icon("image"),
    );
    this.#human = h(
      "button", { class: "to-human", type: "button", onclick: () => this.#on.send(words.toHuman) },
      icon("headset"), words.toHuman,
    );
    this.element = h(
      "form", { class: "composer", novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
      h("div", { class: "tools" }, this.#human, this.#counter),
      this.#seen,
      h("div", { class: "field" }, this.#grow, attach, this.#picker, this.#send),
      h("p", { class: "fine-print" }, this.#aiMark, " ", this.#privacy),
    );
  }

  #pasted(event) {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    this.#on.attach(files);
  }

  #picked() {
    this.#on.attach([...this.#picker.files]);
    this.#picker.value = "";
    this.focus();
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
    this.#on.typing(text);
  }

  #count(count) {
    if (count > LIMIT) return this.#words.tooLong(count - LIMIT);
    return count >= COUNT_FROM ? this.#words.counter(count, LIMIT) : "";
  }
}
