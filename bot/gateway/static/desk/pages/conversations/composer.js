// Where the agent writes: reply, note or whisper; suggestions above, 常用语 behind `/`, 忌语 looked for before sending;
// pictures and files for the customer.

import { h, setText } from "/static/widget/dom.js";
import { countCharacters } from "/static/widget/text.js";
import { toast } from "../../notices.js";
import { icon } from "../../parts/icon.js";
import { Chips } from "./chips.js";
import { Tray } from "./files.js";
import { OutOfReach, ReachLine } from "./reach.js";
import { Slash } from "./slash.js";
import { WordingCheck, WordingPanel } from "./wording.js";

const LIMIT = 2000;
const COUNT_FROM = 1800;
const MODES = {
  reply: { title: "回复", placeholder: "回复客户，输入 / 选常用语", send: "发送", mark: "send" },
  note: { title: "备注", placeholder: "写给同事看，客户看不到", send: "记下备注", mark: "note" },
  whisper: { title: "耳语", placeholder: "只有接待的同事看得到", send: "说给同事", mark: "whisper" },
};
const SAVED = { saving: "草稿保存中…", saved: "草稿已保存", local: "草稿保存在本机" };

export class Composer {
  element;
  #talk;
  #input;
  #grow;
  #send;
  #modes;
  #status;
  #count;
  #chips;
  #slash;
  #check = new WordingCheck();
  #warning;
  #tray;
  #attach;
  #reach;
  #unreached;
  #mode = "reply";
  #source = null;
  #began = false;
  #lastHeard = 0;

  /** `on`: callback(done) opens the form of a callback ticket beside. */
  constructor(talk, on) {
    this.#talk = talk;
    this.#reach = new ReachLine(talk);
    this.#unreached = new OutOfReach(talk, { callback: on.callback, written: () => this.#input.value.trim() });
    this.#chips = new Chips(talk, (suggestion) => this.#insert(suggestion.text, suggestion.id));
    this.#slash = new Slash(talk, (reply) => this.#replace(reply.filled ?? reply.text, `canned:${reply.id}`));
    this.#tray = new Tray({ changed: () => this.#showSend(), back: () => this.focus() });
    this.#warning = new WordingPanel({
      replace: (phrase, better) => this.#swap(phrase, better),
      sendAnyway: (reason) => this.#deliver(reason),
      back: () => { this.#warning.hide(); this.focus(); },
    });
    this.#build();
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
    this.#input.addEventListener("input", () => this.#changed({ typed: true }));
    this.#input.addEventListener("paste", (event) => this.#pasted(event));
    // Not at once, for a finger on an entry takes the focus too; and not where the agent has come back meanwhile.
    this.#input.addEventListener("blur", () => setTimeout(() => this.#isLeft() && this.#slash.close(), 150));
    this.update();
  }

  focus() {
    this.#input.focus({ preventScroll: true });
  }

  setMode(mode) {
    if (!this.#allowed.includes(mode)) return;
    this.#mode = mode;
    this.update();
    this.focus();
  }

  /** Whether what is written now goes to the customer. */
  get mayAttach() {
    return this.#mode === "reply" && this.#allowed.includes("reply") && this.#talk.mayReach;
  }

  /** Lays files ready, to go out with the next reply. */
  attach(files) {
    if (!this.#allowed.includes("reply")) toast("接待这位客户以后才能发文件", { kind: "warning" });
    else if (!this.#talk.mayReach) toast("现在发不到客户那里，文件也发不了", { kind: "warning" });
    else if (!this.mayAttach) toast("文件只能发给客户，请先按 Ctrl+/ 换到“回复”", { kind: "warning" });
    else {
      this.#tray.add(files);
      this.focus();
    }
  }

  /** Opens the choice of files. */
  choose() {
    this.#tray.choose();
  }

  /** Between a reply to the customer and a note for colleagues. */
  toggleNote() {
    this.setMode(this.#mode === "note" ? this.#allowed[0] : "note");
  }

  /** Takes back what was refused. */
  rewrite(text) {
    this.#replace(text, null);
  }

  /** What did not go is here again, after what has been written since. */
  putBack(text) {
    this.#mode = "reply";
    this.#replace([this.#input.value.trim(), text].filter(Boolean).join("\n"), null);
    this.update();
  }

  tick() {
    this.#reach.update(this.#isStuck);
    if (this.#isStuck === this.#unreached.element.hidden) this.update();
  }

  pickSuggestion(index) {
    this.#chips.pick(index);
  }

  update() {
    const talk = this.#talk;
    if (talk.whole && !this.#began) {
      this.#began = true;
      if (!this.#input.value) this.#input.value = talk.draft.begin(talk.whole.draft);
      this.#changed({ typed: false });
    }
    // Whose it is, is not known before it is loaded: one's own conversation does not open with a note.
    if (talk.whole && !this.#allowed.includes(this.#mode)) this.#mode = this.#allowed[0];
    const { placeholder, send, mark } = MODES[this.#mode];
    for (const [mode, button] of this.#modes) {
      button.hidden = !this.#allowed.includes(mode);
      button.setAttribute("aria-pressed", String(mode === this.#mode));
    }
    this.element.dataset.mode = this.#mode;
    this.#reach.update(this.#isStuck);
    this.element.classList.toggle("stuck", this.#isStuck);
    this.#unreached.show(this.#isStuck);
    this.#attach.hidden = !this.mayAttach;
    this.#tray.element.hidden = !this.mayAttach || !this.#tray.count;
    this.#showSend();
    this.#input.placeholder = placeholder;
    this.#input.setAttribute("aria-label", placeholder);
    if (this.#send.dataset.mode !== this.#mode) {
      this.#send.dataset.mode = this.#mode;
      this.#send.replaceChildren(icon(mark), h("span", {}, send));
    }
    this.#showStatus();
    if (this.#mode !== "reply") this.#warning.hide();
    const heard = talk.lastSeq;
    const wantsHelp = this.mayAttach && talk.isMine && talk.whole;
    if (wantsHelp && heard !== this.#lastHeard) {
      this.#lastHeard = heard;
      this.#chips.ask();
    }
    if (!wantsHelp) {
      this.#chips.element.hidden = true;
      this.#lastHeard = 0;
    }
  }

  /** A reply would be written, and cannot go. */
  get #isStuck() {
    return this.#mode === "reply" && this.#allowed.includes("reply") && !this.#talk.mayReach;
  }

  get #allowed() {
    const talk = this.#talk;
    if (talk.isMine) return ["reply", "note"];
    if (talk.mayWhisper) return talk.hasJoined ? ["reply", "whisper", "note"] : ["whisper", "note"];
    return ["note"];
  }

  #build() {
    this.#modes = new Map(Object.entries(MODES).map(([mode, { title, mark }]) => [mode, h(
      "button", { class: `mode ${mode}`, type: "button", "aria-pressed": "false", onclick: () => this.setMode(mode) }, icon(mark), title,
    )]));
    this.#input = h("textarea", {
      rows: "1", "aria-label": "回复", enterkeyhint: "send", autocomplete: "off", spellcheck: "false",
      "aria-autocomplete": "list", "aria-controls": this.#slash.element.id,
    });
    this.#grow = h("div", { class: "grow" }, this.#input);
    this.#send = h("button", { class: "button primary", type: "submit", disabled: true });
    this.#attach = h(
      "button", { class: "icon-button attach", type: "button", "aria-label": "发图片或文件", title: "发图片或文件（也可以粘贴或拖进来）", onclick: () => this.choose() },
      icon("clip"));
    this.#status = h("span", { class: "fine draft-state" });
    this.#count = h("span", { class: "fine count", role: "status" });
    this.element = h(
      "form", { class: "composer", novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
      this.#chips.element, this.#warning.element, this.#reach.element,
      h("div", { class: "write" }, this.#slash.element, this.#unreached.element, this.#grow, this.#tray.element, this.#tray.picker,
        h("div", { class: "write-foot" },
          h("div", { class: "modes", role: "group", "aria-label": "写给谁" }, ...this.#modes.values()),
          this.#status, this.#count, this.#attach, this.#send)),
    );
  }

  #pressed(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (this.#slash.pressed(event)) {
      event.preventDefault();
      event.stopPropagation();
      this.#showSlash();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#submit();
    }
  }

  async #changed({ typed }) {
    const text = this.#input.value;
    const count = countCharacters(text.trim());
    // The mirror behind the field gives it its height (see .grow).
    this.#grow.dataset.mirror = text;
    this.#showSend();
    this.#input.setAttribute("aria-invalid", String(count > LIMIT));
    setText(this.#count, count > LIMIT ? `超出 ${count - LIMIT} 字` : count >= COUNT_FROM ? `${count} / ${LIMIT}` : "");
    if (!text) this.#source = null;
    if (!typed) return;
    this.#talk.draft.write(text);
    this.#showStatus();
    if (this.#mode === "reply") {
      if (count) this.#talk.sayTyping();
      this.#check.look(text, (remarks, of) => {
        if (of === undefined || of === this.#input.value) this.#warning.show(remarks, { blocking: false });
      });
    }
    await this.#slash.follow(text);
    this.#showSlash();
  }

  #showSend() {
    const count = countCharacters(this.#input.value.trim());
    const files = this.mayAttach ? this.#tray.ready : 0;
    this.#send.disabled = (!count && !files) || count > LIMIT || this.#isStuck;
  }

  #isLeft() {
    return document.activeElement !== this.#input;
  }

  #pasted(event) {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    this.attach(files);
  }

  #showSlash() {
    const active = this.#slash.activeId;
    if (active) this.#input.setAttribute("aria-activedescendant", active);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #showStatus() {
    setText(this.#status, this.#input.value ? SAVED[this.#talk.draft.state] : "");
  }

  async #submit() {
    const text = this.#input.value.trim();
    if (this.#send.disabled) return;
    if (this.#mode === "reply" && text) {
      const remarks = await this.#check.of(text);
      if (text !== this.#input.value.trim()) return;
      if (remarks.some(({ concern }) => concern === "forbidden")) {
        this.#warning.show(remarks, { blocking: true });
        return;
      }
    }
    this.#deliver();
  }

  #deliver(reason) {
    const text = this.#input.value.trim();
    if (text) {
      this.#talk.outbox.add({
        kind: this.#mode, text, ...(reason ? { in_spite_of: reason } : {}), ...(this.#source ? { source: this.#source } : {}),
      });
    }
    if (this.mayAttach) for (const file of this.#tray.take()) this.#talk.uploads.add(file, this.#talk.lastSeq);
    this.#input.value = "";
    this.#source = null;
    this.#warning.hide();
    this.#changed({ typed: false });
    this.#talk.draft.clear();
    this.#showStatus();
    this.focus();
  }

  #swap(phrase, better) {
    this.#replace(this.#input.value.replaceAll(phrase, better), this.#source);
  }

  /** At the cursor, after what is written. */
  #insert(text, source) {
    if (this.#mode !== "reply") this.setMode("reply");
    const { value, selectionStart: start, selectionEnd: end } = this.#input;
    this.#replace(value.trim() ? value.slice(0, start) + text + value.slice(end) : text, source);
  }

  #replace(text, source) {
    this.#input.value = text;
    this.#source = source;
    this.#changed({ typed: true });
    this.focus();
    this.#input.setSelectionRange(text.length, text.length);
  }
}
