// 「绑定微信」: a code for the 公众号, or the answer to a link that came from there (E10).

import { h } from "./dom.js";
import { icon } from "./icons.js";

const BOUND = "binding.bound";
const UNBOUND = "binding.unbound";
/** As long as the server takes a code; counted here, for the customer's clock may be wrong. */
const VALID_FOR_MS = 10 * 60_000;

export class Binding {
  element;
  title;
  #words;
  #on;
  #state = "";
  #seq = 0;
  #timer = 0;

  /** `on`: bindings() → {bound}, offer() → {code}, take(token), unbind(); done() leaves the sheet. */
  constructor(words, on) {
    this.#words = words;
    this.#on = on;
    this.title = words.bindWechat;
    this.element = h("div", { class: "binding" });
  }

  /** What the customer sees who comes from the menu: the state, or a new code. */
  async begin() {
    this.#say("wait", "clock", this.#words.wait);
    await this.#try(async () => {
      const { bound } = await this.#on.bindings();
      if (bound.length) this.#showBound(this.#words.boundAlready);
      else await this.#showCode();
    }, () => this.begin());
  }

  /** The customer has come by a link from WeChat: nothing is joined before they say so. */
  ask(token) {
    const words = this.#words;
    this.#show(
      "ask",
      h("p", { class: "question" }, words.bindQuestion),
      h("p", { class: "fine" }, words.bindExplained),
      h("p", { class: "fine" }, words.bindOnlyYours),
      h(
        "div", { class: "answers" },
        h("button", { class: "primary", type: "button", onclick: () => this.#take(token) }, words.bindYes),
        h("button", { class: "secondary", type: "button", onclick: () => this.#on.done() }, words.bindNo),
      ),
    );
  }

  /** What comes in the conversation shows here too: the code was used in WeChat, or somebody has parted the two. */
  update({ messages, after }) {
    const news = messages.filter(({ seq, source }) => seq > this.#seq && [BOUND, UNBOUND].includes(source?.id)).at(-1);
    this.#seq = after;
    if (news?.source.id === BOUND && this.#state === "code") this.#showBound(this.#words.boundNow);
    if (news?.source.id === UNBOUND && this.#state === "bound") this.#showParted();
  }

  /** Nobody looks any more. */
  leave() {
    clearTimeout(this.#timer);
    this.#state = "";
  }

  async #take(token) {
    this.#say("wait", "clock", this.#words.wait);
    await this.#try(async () => {
      await this.#on.take(token);
      this.#showBound(this.#words.boundNow);
    }, () => this.#take(token));
  }

  async #showCode() {
    const words = this.#words;
    const { code } = await this.#on.offer();
    const phrase = `${words.bindWord} ${code}`;
    const said = h("strong", { class: "code" }, phrase);
    const told = h("p", { class: "fine", role: "status" });
    const copy = h(
      "button", { class: "primary", type: "button", onclick: () => this.#copy(phrase, said, told) },
      icon("copy"), words.copy,
    );
    this.#show(
      "code",
      h("p", { class: "how" }, words.bindHow[0], said, words.bindHow[1]),
      copy, told,
      h("p", { class: "fine" }, words.bindExplained),
    );
    this.#timer = setTimeout(() => this.#showExpired(), VALID_FOR_MS);
  }

  async #copy(text, shown, told) {
    try {
      await navigator.clipboard.writeText(text);
      told.textContent = this.#words.copied;
    } catch {
      // Plain http has no clipboard: the words are marked, the customer copies them.
      getSelection().selectAllChildren(shown);
      told.textContent = this.#words.copyByHand;
    }
  }

  #showExpired() {
    if (this.#state !== "code") return;
    this.#say("expired", "clock", this.#words.bindExpired);
    this.element.append(this.#button("primary", this.#words.bindAgain, () => this.begin()));
  }

  #showBound(text) {
    const words = this.#words;
    this.#say("bound", "check", text);
    this.element.append(
      h("p", { class: "fine" }, words.boundExplained),
      this.#button("secondary", words.unbind, () => this.#part()),
    );
  }

  async #part() {
    this.#say("wait", "clock", this.#words.wait);
    await this.#try(async () => {
      await this.#on.unbind();
      this.#showParted();
    }, () => this.#part());
  }

  #showParted() {
    this.#say("parted", "check", this.#words.unbound);
    this.element.append(this.#button("secondary", this.#words.bindAnew, () => this.begin()));
  }

  async #try(work, again) {
    try {
      await work();
    } catch (error) {
      this.#say("failed", "warning", error.message || this.#words.bindFailed);
      // What the server has refused for good is not asked again.
      const [label, act] = error.permanent ? [this.#words.bindAgain, () => this.begin()] : [this.#words.retry, again];
      this.element.append(this.#button("secondary", label, act));
    }
  }

  #button(kind, label, act) {
    return h("button", { class: kind, type: "button", onclick: act }, label);
  }

  #say(state, mark, text) {
    this.#show(state, h("p", { class: "sheet-note", role: "status" }, icon(mark), h("span", {}, text)));
  }

  #show(state, ...children) {
    clearTimeout(this.#timer);
    this.#state = state;
    const hadFocus = this.element.contains(this.element.getRootNode().activeElement);
    this.element.replaceChildren(...children);
    // The button that was pressed is gone; who uses the keyboard goes on at the top of what is new.
    if (hadFocus) this.element.closest(".sheet")?.focus({ preventScroll: true });
  }
}

/** The token of a link from WeChat in the page's address, which is taken out of it: nobody bookmarks or shares it. */
export function takeBindingToken() {
  const match = /^#anfu-bind=([\w.-]+)$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return match[1];
}
