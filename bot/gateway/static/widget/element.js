// <anfu-chat>: the element a page holds. Attributes: `open`, `lang` (zh-Hans, zh-Hant, zh-TW …), `host` (the gateway,
// if it is not where this script came from). Any element with data-anfu-ask="question" asks it when clicked.

import { takeBindingToken } from "./binding.js";
import { Chat } from "./chat.js";
import { loadStyles } from "./styles.js";
import { View } from "./view.js";
import { Viewport } from "./viewport.js";
import { chooseScript, wordsFor } from "./words.js";

const NAME = "anfu-chat";
const ORIGIN = new URL(import.meta.url).origin;

class AnfuChat extends HTMLElement {
  static observedAttributes = ["open", "lang", "host"];

  #chat = null;
  #view = null;
  #viewport = new Viewport();
  #listeners = null;
  #ready = false;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  async connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    document.addEventListener("click", (event) => this.#askedByPage(event), { signal });
    document.addEventListener("visibilitychange", () => this.#seen(), { signal });
    addEventListener("hashchange", () => this.#cameFromWechat(), { signal });
    this.#viewport.start();
    this.#startChat();
    const sheets = await loadStyles();
    if (signal.aborted) return;
    this.shadowRoot.adoptedStyleSheets = [...sheets, this.#viewport.sheet];
    this.#ready = true;
    this.#buildView();
    this.#cameFromWechat();
  }

  disconnectedCallback() {
    this.#ready = false;
    this.#listeners.abort();
    this.#viewport.stop();
    this.#chat.stop();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.#ready || before === now) return;
    if (name === "open") {
      this.#showOpenness({ focus: true });
    } else {
      if (name === "host") {
        this.#chat.stop();
        this.#startChat();
      }
      this.#buildView();
    }
  }

  get isOpen() {
    return this.hasAttribute("open");
  }

  open() {
    this.setAttribute("open", "");
  }

  close() {
    this.removeAttribute("open");
  }

  /** Opens the chat and says `text` for the customer. */
  ask(text) {
    this.open();
    const words = text?.trim();
    if (words) this.#chat.send(words);
  }

  #startChat() {
    const chat = new Chat(baseAddress(this.getAttribute("host")));
    this.#chat = chat;
    chat.addEventListener("change", () => {
      if (chat === this.#chat) this.#update();
    });
    chat.start();
  }

  #buildView() {
    const script = chooseScript(this.lang, document.documentElement.lang, ...navigator.languages);
    this.#view = new View(wordsFor(script), script, {
      open: () => this.open(),
      close: () => this.close(),
      send: (text) => this.#chat.send(text),
      retry: () => this.#chat.retry(),
      typing: (text) => this.#chat.typing(text),
      attach: (files) => this.#chat.attach(files),
      retryUpload: (entry) => this.#chat.retryUpload(entry),
      dropUpload: (entry) => this.#chat.dropUpload(entry),
      tickets: () => this.#chat.tickets(),
      bindings: () => this.#chat.bindings(),
      offer: () => this.#chat.offerBinding(),
      take: (token) => this.#chat.bind(token),
      unbind: () => this.#chat.unbind(),
      rate: (score, comment) => this.#chat.rate(score, comment),
      file: (id) => this.#chat.file(id),
    });
    this.shadowRoot.replaceChildren(this.#view.element);
    this.#update();
    // A page that loads with the chat open keeps its own focus.
    if (this.isOpen) this.#showOpenness({ focus: false });
  }

  #showOpenness({ focus }) {
    if (this.isOpen) {
      this.#chat.open();
      this.#view.show({ focus });
      this.#seen();
    } else {
      this.#view.hide({ focus });
    }
  }

  #cameFromWechat() {
    const token = takeBindingToken();
    if (!token) return;
    this.#view.askToBind(token);
    this.open();
  }

  #update() {
    if (!this.#ready) return;
    this.#view.update(this.#chat);
    this.#seen();
  }

  #seen() {
    if (this.isOpen && !document.hidden) this.#chat.markRead();
  }

  #askedByPage(event) {
    const asker = event.composedPath().find((node) => node.dataset?.anfuAsk !== undefined);
    if (!asker) return;
    event.preventDefault();
    this.ask(asker.dataset.anfuAsk);
  }
}

/** `host` may be written with or without the scheme. */
function baseAddress(host) {
  if (!host) return ORIGIN;
  return new URL(/^https?:\/\//.test(host) ? host : `${location.protocol}//${host}`).origin;
}

/** Makes the element known and puts one on the page if it has none. */
export function define() {
  if (customElements.get(NAME)) return;
  customElements.define(NAME, AnfuChat);
  const place = () => document.querySelector(NAME) ?? document.body.append(document.createElement(NAME));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", place, { once: true });
  else place();
}
