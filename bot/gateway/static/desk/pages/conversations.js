// The conversation page: queue · conversation · customer and ticket. This module holds the three together; what is
// drawn is drawn once per animation frame, however much has changed.

import { h } from "/static/widget/dom.js";
import { Storage } from "/static/widget/storage.js";
import { api } from "../api.js";
import { keys } from "../keys.js";
import { live } from "../live.js";
import { toast } from "../notices.js";
import { empty } from "../parts/empty.js";
import { go, setTitle, setUnread } from "../router.js";
import { session } from "../session.js";
import { Queue } from "./conversations/queue.js";
import { ring } from "./conversations/ring.js";
import { Rows, VIEWS } from "./conversations/rows.js";
import { Screen } from "./conversations/screen.js";
import { shortcuts } from "./conversations/shortcuts.js";
import { Strip } from "./conversations/strip.js";

const MOST_OPEN = 9;
const REFRESH_AFTER_MS = 1200;

export default class Conversations extends HTMLElement {
  #storage = new Storage("desk-open");
  #rows = new Rows(() => this.#plan());
  #queue = new Queue(this.#rows, { open: (row) => this.open(row.id), takeFirst: () => this.takeFirst() });
  #strip = new Strip({ choose: (id) => this.open(id), close: (id) => this.shut(id) });
  #screens = new Map();
  #shown = null;
  #middle = h("section", { class: "middle", "aria-label": "对话" });
  #right = h("div", { class: "right" });
  #stage = h("div", { class: "stage" });
  #offs = [];
  #planned = false;
  #changed = new Set();
  #timer = null;
  #isRestored = false;

  connectedCallback() {
    this.#middle.append(this.#strip.element, this.#stage);
    this.append(this.#queue.element, this.#middle, this.#right);
    this.dataset.pane = "queue";
    this.#offs = [
      live.on("conversation", ({ conversation }) => this.#heardRow(conversation)),
      live.on("gone", ({ id }) => this.#gone(id)),
      live.on("messages", (frame) => this.#heardMessages(frame)),
      live.on("typing", ({ conversation_id: id, text }) => this.#screens.get(id)?.talk.showTyping(text)),
      live.on("agent_typing", ({ conversation_id: id, name }) => this.#screens.get(id)?.talk.showColleague(name)),
      live.on("hello", () => this.#eachTalk((talk) => talk.listen())),
      live.on("resync", () => this.#resync()),
      live.on("queue", (frame) => this.#queue.sumUp(frame)),
      live.on("ticket", ({ number }) => this.#heardTicket(number)),
      session.on(() => this.#plan()),
      live.on("state", (state) => state === "online" && this.#eachTalk((talk) => talk.outbox.hurry())),
      keys.add(...shortcuts(this)),
    ];
    addEventListener("density", this.#redraw);
    document.addEventListener("visibilitychange", this.#redraw);
    this.#queue.start();
    this.#timer = setInterval(() => {
      this.#strip.update(this.#talks, this.#shown?.talk);
      this.#shown?.tick();
    }, 1000);
    this.#showNothing();
  }

  disconnectedCallback() {
    for (const off of this.#offs) off();
    removeEventListener("density", this.#redraw);
    document.removeEventListener("visibilitychange", this.#redraw);
    clearInterval(this.#timer);
    this.#queue.stop();
    this.#eachTalk((talk) => talk.leave());
    setUnread(0);
  }

  /** The address says what is open, and may say which list: `/desk?conversation=ID`, `/desk?view=queue`. */
  show({ query }) {
    if (VIEWS.includes(query.get("view"))) this.#queue.show(query.get("view"));
    const wanted = query.get("conversation");
    this.#restore(wanted);
    const [last] = this.#storage.read(session.person.name) ?? [];
    if (wanted) this.#bring(wanted);
    else if (last && isWide()) go(`/desk?conversation=${last}`, { replace: true });
    else this.#showNothing();
    this.#plan();
  }

  /** What was open when the browser was closed, or died, is open again. */
  #restore(wanted) {
    if (this.#isRestored) return;
    this.#isRestored = true;
    for (const id of this.#storage.read(session.person.name) ?? []) if (id !== wanted) this.#screen(id);
  }

  get queue() {
    return this.#queue;
  }

  get screen() {
    return this.#shown;
  }

  /** Opens a conversation in the middle; the address follows. */
  open(id) {
    go(`/desk?conversation=${id}`, { replace: Boolean(this.#shown) && isWide() });
  }

  /** The tab of that place. */
  openNth(index) {
    const id = [...this.#screens.keys()][index];
    if (id) this.open(id);
  }

  /** Puts a conversation away; nothing about it changes. */
  shut(id) {
    this.#drop(id);
    const next = [...this.#screens.keys()].at(-1);
    if (this.#shown?.talk.id !== id) this.#plan();
    else if (next) this.open(next);
    else go("/desk", { replace: true });
  }

  /** On a phone one pane is seen at a time. */
  showPane(pane) {
    this.dataset.pane = pane;
    if (pane === "queue") this.#queue.focus();
  }

  back() {
    if (isWide()) this.#queue.focus();
    else go("/desk");
  }

  /** Takes whoever stands first; where somebody was faster, the next. */
  async takeFirst() {
    for (const row of this.#rows.list("queue").slice(0, 3)) {
      try {
        const { conversation } = await api.post(`/desk/conversations/${row.id}/take`);
        this.#rows.put(conversation);
        this.open(conversation.id);
        return;
      } catch (error) {
        if (error.status !== 409 && error.status !== 403) {
          toast(error.message, { kind: "danger" });
          return;
        }
        if (error.status === 409) toast(`${row.title}：${error.message}`, { kind: "warning" });
      }
    }
    toast("没有可以接待的客户在排队", { kind: "info" });
  }

  #bring(id) {
    const screen = this.#screen(id);
    this.#shown = screen;
    this.dataset.pane = "talk";
    this.#stage.replaceChildren(screen.element);
    this.#right.replaceChildren(screen.side.element);
    this.#queue.mark(id);
    this.#remember();
    setTitle(screen.talk.row.title);
    screen.appear();
  }

  #screen(id) {
    if (this.#screens.has(id)) return this.#screens.get(id);
    while (this.#screens.size >= MOST_OPEN) this.#drop([...this.#screens.keys()].find((one) => one !== this.#shown?.talk.id));
    const row = this.#rows.get(id) ?? { id, title: "…", touched_at: "", signals: [], ticket_numbers: [] };
    const screen = new Screen(row, {
      changed: (talk) => this.#plan(talk.id),
      row: (own) => this.#rows.put(own),
      back: () => this.back(),
      pane: (pane) => this.showPane(pane),
    });
    this.#screens.set(id, screen);
    screen.talk.load().then(() => {
      if (screen.talk.error?.status !== 404) return;
      toast(screen.talk.error.message, { kind: "warning" });
      this.shut(id);
    });
    return screen;
  }

  #drop(id) {
    const screen = this.#screens.get(id);
    if (!screen) return;
    screen.talk.leave();
    this.#screens.delete(id);
    this.#remember();
  }

  #remember() {
    const ids = [...this.#screens.keys()];
    const shown = this.#shown?.talk.id;
    this.#storage.write(session.person.name, ids.sort((one, other) => Number(other === shown) - Number(one === shown)));
  }

  #showNothing() {
    this.#shown = null;
    this.dataset.pane = "queue";
    this.#queue.mark(null);
    this.#stage.replaceChildren(empty({ title: "没有打开会话", hint: "从左边选一个会话，或按 t 接待排在最前面的客户", mark: "chat" }));
    this.#right.replaceChildren();
    setTitle("");
  }

  get #talks() {
    return [...this.#screens.values()].map(({ talk }) => talk);
  }

  #eachTalk(work) {
    this.#talks.forEach(work);
  }

  #heardRow(row) {
    const known = this.#rows.get(row.id);
    this.#rows.put(row);
    const screen = this.#screens.get(row.id);
    if (screen) {
      const before = screen.talk.row;
      screen.talk.take(row);
      if (before.owner !== row.owner || before.agent !== row.agent || before.ticket_numbers?.join() !== row.ticket_numbers?.join()) {
        this.#refreshLater(screen);
      }
      this.#plan(row.id);
    }
    ring(row, known, { isLooking: this.#shown?.talk.id === row.id && !document.hidden });
  }

  #heardMessages({ conversation_id: id, messages }) {
    this.#screens.get(id)?.talk.merge(messages);
  }

  #heardTicket(number) {
    for (const screen of this.#screens.values()) {
      if (screen.talk.row.ticket_numbers?.includes(number)) this.#refreshLater(screen);
    }
  }

  #refreshLater(screen) {
    clearTimeout(screen.refreshing);
    screen.refreshing = setTimeout(() => screen.talk.refresh(), REFRESH_AFTER_MS);
  }

  #gone(id) {
    this.#rows.remove(id);
    if (this.#screens.has(id)) {
      toast(`${this.#screens.get(id).talk.row.title}已转给别的小组，您看不到了`, { kind: "info" });
      this.shut(id);
    }
  }

  async #resync() {
    await Promise.all([
      this.#rows.reload(...new Set([this.#queue.view, "queue", "mine"])),
      ...this.#talks.map((talk) => talk.refresh().then(() => talk.listen())),
    ]);
  }

  #redraw = () => this.#plan(this.#shown?.talk.id);

  /** Draws in the next frame; hidden pages, which get none, a little later. */
  #plan(id) {
    if (id) this.#changed.add(id);
    if (this.#planned) return;
    this.#planned = true;
    const draw = () => {
      this.#planned = false;
      this.#draw();
    };
    if (document.hidden) setTimeout(draw, 250);
    else requestAnimationFrame(draw);
  }

  #draw() {
    if (!this.isConnected) return;
    this.#queue.update();
    this.#strip.update(this.#talks, this.#shown?.talk);
    setUnread(this.#rows.unread);
    const shown = this.#shown;
    if (shown && this.#changed.has(shown.talk.id)) {
      shown.update();
      setTitle(shown.talk.row.title);
    }
    this.#changed.clear();
  }
}

/** Whether more than one pane is seen. */
function isWide() {
  return matchMedia("(min-width: 701px)").matches;
}
