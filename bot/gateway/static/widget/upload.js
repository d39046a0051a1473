// A file on its way, as the customer sees it: a preview, how far it has come, and what to do when it does not go.

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

export class UploadBubble {
  element;
  #words;
  #entry;
  #bar;
  #state;
  #acts;
  #shows = null;

  /** `on`: retryUpload(entry), dropUpload(entry). */
  constructor(entry, words, on) {
    this.#entry = entry;
    this.#words = words;
    this.#bar = h("progress", { max: "1", value: "0", "aria-label": words.uploading });
    this.#state = h("span", { role: "status" });
    this.#acts = [
      h("button", { class: "retry", type: "button", onclick: () => on.retryUpload(entry) }, words.retry),
      h("button", { class: "retry", type: "button", onclick: () => on.dropUpload(entry) }, words.dropUpload),
    ];
    this.element = h(
      "div", { class: "message from-customer first last upload" },
      entry.picture ? h("img", { src: entry.picture, alt: entry.name }) : h("div", { class: "bubble" }, icon("file"), entry.name),
      this.#bar, h("div", { class: "delivery" }, this.#state, ...this.#acts),
    );
  }

  update() {
    const { done, problem, error } = this.#entry;
    const percent = Math.round(done * 100);
    const shows = [percent, problem, error].join();
    if (shows === this.#shows) return;
    this.#shows = shows;
    const words = this.#words;
    this.#bar.hidden = problem !== null;
    this.#bar.value = done;
    this.element.querySelector(".delivery").classList.toggle("failed", problem !== null);
    setText(this.#state, problem ? error ?? words[problem] : percent < 100 ? words.uploaded(percent) : words.sending);
    const [again, drop] = this.#acts;
    again.hidden = problem !== "uploadFailed";
    drop.hidden = problem === null;
  }
}
