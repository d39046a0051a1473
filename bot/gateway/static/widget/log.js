// The conversation on the screen: rows kept by key, so that a bubble stays the same element from sending to delivered.

import { h, setText } from "./dom.js";
import { FileBubble } from "./file.js";
import { icon } from "./icons.js";
import { RatingCard } from "./rating.js";
import { renderText } from "./text.js";
import { formatTime } from "./time.js";
import { UploadBubble } from "./upload.js";

// A restated ticket (about a dozen lines on a phone) stays whole: nobody confirms what they cannot see.
const FOLD_OVER_LINES = 14;
const AT_BOTTOM_PX = 64;

export class Log {
  element;
  #words;
  #script;
  #on;
  #scroller;
  #list;
  #typing;
  #typist;
  #skeleton;
  #pill;
  #pillText;
  #rows = new Map();
  #atBottom = true;
  #unseen = 0;
  #width = 0;
  #filled = false;

  /** `on`: choose(text), retry(), rate(score, comment), file(id), retryUpload(entry), dropUpload(entry). */
  constructor(words, script, on) {
    this.#words = words;
    this.#script = script;
    this.#on = on;
    this.#build();
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(this.#scroller);
  }

  focus() {
    this.#scroller.focus({ preventScroll: true });
  }

  /** `loading`: nothing known yet; `waiting`: the bot is at work; `agentTyping`: the person who writes, or null. */
  update(rows, { loading, waiting, agentTyping }) {
    const added = this.#reconcile(rows);
    this.#skeleton.hidden = !loading;
    this.#typing.hidden = !waiting && !agentTyping;
    setText(this.#typist, agentTyping ? this.#words.agentTyping(agentTyping) : this.#words.typing);
    // A history read out from the start would drown what is new.
    if (!loading && !this.#filled) {
      this.#filled = true;
      setTimeout(() => this.#list.setAttribute("aria-live", "polite"));
    }
    this.#foldLongOnes(added.map(({ key }) => this.#rows.get(key).element));
    const own = added.some(({ type, sender, status }) => sender === "customer" && (status || type === "upload"));
    if (this.#atBottom || own) this.scrollToEnd();
    else this.#unseen += added.filter(({ type, sender }) => type === "message" && sender !== "customer").length;
    this.#showPill();
  }

  scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#atBottom = true;
    this.#unseen = 0;
    this.#showPill();
  }

  #build() {
    const words = this.#words;
    this.#list = h("div", { class: "list", role: "log", "aria-live": "off", "aria-label": words.log });
    this.#typist = h("span");
    this.#typing = h(
      "div", { class: "typing", hidden: true },
      h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), this.#typist,
    );
    this.#skeleton = h(
      "div", { class: "skeleton", hidden: true },
      h("span", { class: "sr" }, words.loading), ...["", "short", "own"].map((kind) => h("i", { class: kind })),
    );
    this.#scroller = h(
      "div", { class: "scroller", tabindex: "0", role: "region", "aria-label": words.log },
      this.#skeleton, this.#list, this.#typing,
    );
    this.#pillText = h("span");
    this.#pill = h(
      "button",
      { class: "pill", type: "button", hidden: true, onclick: () => { this.scrollToEnd(); this.focus(); } },
      icon("down"), this.#pillText,
    );
    this.element = h("div", { class: "conversation" }, this.#scroller, this.#pill);
  }

  /** Brings the list in line with `rows`; returns the rows that are new. */
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
    if (row.type !== "upload") return { element: this.#make(row), shows: null };
    const bubble = new UploadBubble(row.entry, this.#words, this.#on);
    return { element: bubble.element, bubble };
  }

  #make(row) {
    const words = this.#words;
    if (row.type === "notice") return h("p", { class: "notice" }, icon("info"), words[row.key]);
    if (row.type === "time") return h("p", { class: "time" }, this.#time(row.at));
    if (row.type === "chips") {
      const chips = row.buttons.map(({ title, payload }) =>
        h("button", { class: "chip", type: "button", onclick: () => this.#on.choose(payload) }, title));
      return h("div", { class: "chips", role: "group", "aria-label": words.choices }, ...chips);
    }
    if (row.type === "rating") return new RatingCard(row.key, words, this.#on.rate).element;
    if (row.file) return h("div", {}, new FileBubble(row.file, words, this.#on.file).element);
    const text = h("div", { class: "text" }, ...renderText(row.text));
    return h("div", {}, h("div", { class: "bubble" }, text));
  }

  #time(at) {
    return h("time", { datetime: at.toISOString() }, formatTime(at, new Date(), this.#script, this.#words));
  }

  /** Grouping and delivery change while the text stays. */
  #refresh(row, known) {
    known.bubble?.update();
    if (row.type !== "message") return;
    const shows = [row.first, row.last, row.status, row.error].join();
    if (shows === known.shows) return;
    known.shows = shows;
    const { element } = known;
    element.className = `message from-${row.sender}${row.first ? " first" : ""}${row.last ? " last" : ""}`;
    element.querySelector(".who")?.remove();
    element.querySelector(".delivery")?.remove();
    if (row.first) element.prepend(this.#who(row));
    if (row.status) element.append(this.#delivery(row));
  }

  #who({ sender, agent }) {
    const words = this.#words;
    if (sender === "customer") return h("div", { class: "who sr" }, words.me);
    const [mark, name, tag] = {
      bot: ["bot", words.bot, words.botTag],
      agent: ["headset", agent ? words.agentNamed(agent) : words.agent, words.agentTag],
    }[sender] ?? ["info", words.system, null];
    return h(
      "div", { class: "who" },
      h("span", { class: "mark" }, icon(mark)),
      h("span", { class: "name" }, name),
      tag && h("span", { class: "tag" }, tag),
    );
  }

  #delivery({ status, error }) {
    const words = this.#words;
    const failed = status === "failed" || status === "rejected";
    const mark = failed ? "warning" : { sending: "clock", waiting: "clock", delivered: "check" }[status];
    const again = { class: "retry", type: "button", onclick: () => this.#on.retry() };
    return h(
      "div", { class: `delivery${failed ? " failed" : ""}` },
      icon(mark), h("span", {}, failed ? words.failed : words[status]),
      ...(failed ? [" · ", h("button", again, words.retry)] : []),
      error && h("p", {}, error),
    );
  }

  #foldLongOnes(elements) {
    for (const element of elements) {
      const text = element.querySelector(".text");
      if (!text || element.querySelector(".unfold")) continue;
      const lines = text.scrollHeight / parseFloat(getComputedStyle(text).lineHeight);
      if (!(lines > FOLD_OVER_LINES + 0.5)) continue;
      text.classList.add("folded");
      const toggle = h("button", { class: "unfold", type: "button", "aria-expanded": "false" }, this.#words.unfold);
      toggle.addEventListener("click", () => {
        const folded = text.classList.toggle("folded");
        toggle.setAttribute("aria-expanded", String(!folded));
        setText(toggle, folded ? this.#words.unfold : this.#words.fold);
      });
      text.after(toggle);
    }
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#atBottom = scrollHeight - scrollTop - clientHeight < AT_BOTTOM_PX;
    if (this.#atBottom) this.#unseen = 0;
    this.#showPill();
  }

  #resized() {
    const { clientWidth } = this.#scroller;
    if (clientWidth && clientWidth !== this.#width) {
      this.#width = clientWidth;
      this.#foldLongOnes([...this.#rows.values()].map(({ element }) => element));
    }
    if (this.#atBottom) this.scrollToEnd();
  }

  #showPill() {
    this.#pill.hidden = this.#atBottom;
    setText(this.#pillText, this.#unseen ? this.#words.newMessages(this.#unseen) : this.#words.toLatest);
    this.#pill.classList.toggle("news", this.#unseen > 0);
  }
}
