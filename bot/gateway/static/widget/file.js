// A file in the conversation: a picture is fetched with our token and shown, anything else can be saved.

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

/** Addresses of pictures by file, so that a row that is drawn again is not fetched again. */
const pictures = new Map();

export class FileBubble {
  element;
  #file;
  #words;
  #fetch;

  /** `file`: {id, name, isImage}; `fetch(id)` → Blob. */
  constructor(file, words, fetch) {
    this.#file = file;
    this.#words = words;
    this.#fetch = fetch;
    this.element = h("div", { class: "file" });
    if (file.isImage) this.#showPicture();
    else this.#showName(words.saveFile);
  }

  async #showPicture() {
    const known = pictures.get(this.#file.id);
    if (known) return this.#picture(known);
    this.element.replaceChildren(h("i", { class: "frame", role: "img", "aria-label": this.#words.loadingPicture }));
    try {
      const address = URL.createObjectURL(await this.#fetch(this.#file.id));
      pictures.set(this.#file.id, address);
      this.#picture(address);
    } catch {
      this.#showName(this.#words.pictureFailed, () => this.#showPicture());
    }
  }

  #picture(address) {
    const picture = h("img", { src: address, alt: this.#file.name });
    this.element.replaceChildren(h("a", { href: address, target: "_blank", rel: "noopener" }, picture));
  }

  #showName(label, act = () => this.#save()) {
    this.element.replaceChildren(
      h("button", { class: "named", type: "button", onclick: act }, icon("file"),
        h("span", {}, this.#file.name), h("small", {}, label)),
    );
  }

  async #save() {
    const label = this.element.querySelector("small");
    try {
      const address = URL.createObjectURL(await this.#fetch(this.#file.id));
      h("a", { href: address, download: this.#file.name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch {
      setText(label, this.#words.pictureFailed);
    }
  }
}
