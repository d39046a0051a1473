// The middle: what has been said. Rows are kept by key, so that a bubble stays the same element from sending to sent.

import { h, setText } from "/static/widget/dom.js";
import { trouble } from "../../parts/empty.js";
import { icon } from "../../parts/icon.js";
import { skeleton } from "../../parts/skeleton.js";
import { bubble, event, who } from "./bubble.js";
import { channelName } from "../../words.js";
import { layOut } from "./timeline.js";
import { UploadBubble } from "./upload.js";

const AT_BOTTOM_PX = 80;
const OLDER_WITHIN_PX = 240;
const STATUS = { sending: ["clock", "发送中"], failed: ["warning", "没有送到，正在重试"], rejected: ["warning", "没有发出"] };

/** What became of a message on somebody else's platform: its mark, and what is said of it. */
const DELIVERED = {
  leaving: ["clock", () => "正在送出"],
  waiting: ["clock", ({ note }) => note || "等客户再发消息后送出"],
  sent: ["check", () => "已送出"],
  unknown: ["warning", ({ name }) => `没有收到${name}的回执，可能没送到`],
  failed: ["warning", ({ note }) => `没有送到${note ? `：${note}` : ""}`],
};

export class Log {
  element;
  #talk;
  #on;
  #scroller;
  #list;
  #ghost;
  #ghostText;
  #colleague;
  #pill;
  #pillText;
  #rows = new Map();
  #atBottom = true;
  #top = 0;
  #unseen = 0;
  #filled = false;

  /** `on`: retry(clientId), rewrite(clientId), again(text), retryUpload(entry), dropUpload(entry). */
  constructor(talk, on) {
    this.#talk = talk;
    this.#on = on;
    this.#list = h("div", { class: "messages", role: "log", "aria-live": "off", "aria-label": "对话内容" });
    this.#ghostText = h("span", { class: "ghost-text" });
    this.#ghost = h("div", { class: "ghost", hidden: true }, h("span", { class: "ghost-label" }, "正在输入，还没发出"), this.#ghostText);
    this.#colleague = h("p", { class: "colleague", hidden: true, role: "status" });
    this.#scroller = h(
      "div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "对话", onscroll: () => this.#scrolled() },
      this.#list, this.#ghost, this.#colleague,
    );
    this.#pillText = h("span");
    this.#pill = h(
      "button", { class: "pill", type: "button", hidden: true, onclick: () => { this.toEnd(); this.#scroller.focus({ preventScroll: true }); } },
      icon("down"), this.#pillText,
    );
    this.element = h("div", { class: "log" }, this.#scroller, this.#pill);
    new ResizeObserver(() => this.#atBottom && this.toEnd()).observe(this.#scroller);
    new ResizeObserver(() => this.#atBottom && this.toEnd()).observe(this.#list);
  }

  get isAtBottom() {
    return this.#atBottom;
  }

  update() {
    const talk = this.#talk;
    if (!talk.whole && !talk.outbox.entries.length) {
      if (talk.error) this.#list.replaceChildren(trouble(talk.error, () => talk.load()));
      else if (!this.#list.firstChild) this.#list.append(skeleton(6));
      return;
    }
    if (!this.#rows.size) this.#list.replaceChildren();
    const before = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    const top = this.#list.firstChild;
    const added = this.#reconcile(layOut(talk));
    const grewAbove = top && this.#list.firstChild !== top && !this.#atBottom;
    this.#showTyping(talk);
    const own = added.some(({ type, status }) => status || type === "upload");
    if (grewAbove) this.#scroller.scrollTop = this.#scroller.scrollHeight - before;
    else if (this.#atBottom || own || !this.#filled) this.toEnd();
    else this.#unseen += added.filter(({ kind }) => kind === "customer").length;
    this.#showPill();
    if (this.#filled || !talk.whole) return;
    this.#filled = true;
    // A history read out from its start would drown what is new.
    setTimeout(() => this.#list.setAttribute("aria-live", "polite"), 500);
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#atBottom = true;
    this.#unseen = 0;
    this.#showPill();
  }

  /** Shows the message of that number, and marks it for a moment. */
  reveal(seq) {
    const message = this.#talk.messages.find((one) => one.seq === seq);
    const element = message && this.#rows.get(message.message_id)?.element;
    if (!element) return;
    this.#atBottom = false;
    element.scrollIntoView({ block: "center" });
    element.classList.add("pointed");
    setTimeout(() => element.classList.remove("pointed"), 1600);
  }

  scroll(by) {
    this.#scroller.scrollBy({ top: by * this.#scroller.clientHeight * 0.8 });
  }

  #reconcile(rows) {
    const added = [];
    const wanted = new Set(rows.map(({ key }) => key));
    for (const [key, { element }] of this.#rows) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#rows.delete(key);
    }
    let place = this.#list.firstChild;
    for (const row of rows) {
      let known = this.#rows.get(row.key);
      if (!known) {
        known = this.#begin(row);
        this.#rows.set(row.key, known);
        added.push(row);
      }
      this.#refresh(row, known);
      if (known.element === place) place = place.nextSibling;
      else this.#list.insertBefore(known.element, place);
    }
    return added;
  }

  #begin(row) {
    if (row.type !== "upload") return { element: make(row), shows: null, says: saysOf(row) };
    const upload = new UploadBubble(row.entry, this.#on);
    upload.element.classList.toggle("first", row.first);
    if (row.first) upload.element.prepend(who(row.kind, row.who, this.#talk.row.title, row.entry.at.toISOString()));
    return { element: upload.element, upload };
  }

  #refresh(row, known) {
    known.upload?.update();
    if (row.type !== "message") return;
    const { element } = known;
    const says = saysOf(row);
    if (says !== known.says) {
      known.says = says;
      element.querySelector(".bubble").replaceWith(bubble(row));
    }
    const { state, note } = row.delivery ?? {};
    const shows = [row.first, row.status, row.error, state, note, row.kind === "customer" && this.#talk.row.title].join();
    if (shows === known.shows) return;
    known.shows = shows;
    element.className = ["message", row.kind, row.first && "first", row.status, state === "failed" && "failed"].filter(Boolean).join(" ");
    element.querySelector(".who")?.remove();
    element.querySelector(".delivery")?.remove();
    if (row.first) element.prepend(who(row.kind, row.who, this.#talk.row.title, row.message.sent_at));
    if (row.status) element.append(this.#delivery(row));
    // That the bot's words have gone is what everybody expects.
    else if (state && (state !== "sent" || row.kind === "agent")) element.append(this.#delivered(row));
  }

  #delivery({ status, error, message }) {
    const [mark, text] = STATUS[status];
    const id = message.client_id;
    return h(
      "div", { class: `delivery ${status}`, role: status === "sending" ? null : "alert" },
      icon(mark), h("span", {}, status === "rejected" ? `${text}：${error}` : text),
      status !== "sending" && h("button", { class: "link", type: "button", onclick: () => this.#on.retry(id) }, "重发"),
      status === "rejected" && h("button", { class: "link", type: "button", onclick: () => this.#on.rewrite(id) }, "取回修改"),
    );
  }

  #delivered({ kind, delivery: { state, note }, message }) {
    const [mark, say] = DELIVERED[state];
    const mayGoAgain = ["unknown", "failed"].includes(state) && kind === "agent" && message.source?.kind !== "attachment";
    return h(
      "div", { class: `delivery ${state}`, title: note }, icon(mark),
      h("span", { class: state === "sent" ? "sr" : null }, say({ note, name: channelName(this.#talk.row) })),
      mayGoAgain && h("button", { class: "link", type: "button", onclick: () => this.#on.again(message.text) }, "再发一次"),
    );
  }

  #showTyping({ typing, colleague }) {
    this.#ghost.hidden = !typing;
    setText(this.#ghostText, typing ?? "");
    this.#colleague.hidden = !colleague;
    setText(this.#colleague, colleague ? `${colleague}正在输入…` : "");
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    // What grows below, as a picture does when it has come, is no scrolling away.
    const isHeld = this.#atBottom && scrollTop >= this.#top;
    this.#top = scrollTop;
    this.#atBottom = isHeld || scrollHeight - scrollTop - clientHeight < AT_BOTTOM_PX;
    if (this.#atBottom) this.#unseen = 0;
    if (scrollTop < OLDER_WITHIN_PX && this.#filled) this.#talk.older();
    this.#showPill();
  }

  #showPill() {
    this.#pill.hidden = this.#atBottom;
    setText(this.#pillText, this.#unseen ? `${this.#unseen} 条新消息` : "回到最新");
    this.#pill.classList.toggle("news", this.#unseen > 0);
  }
}

/** What a message shows, to see that it has become another: a file that has come, for one. */
function saysOf({ message }) {
  return message && JSON.stringify([message.text, message.source]);
}

function make(row) {
  if (row.type === "day") return h("p", { class: "day" }, h("span", {}, row.text));
  if (row.type === "event") return event(row);
  return h("div", {}, bubble(row));
}
