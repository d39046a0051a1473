// The left pane: the lists, and who stands in the one that is open.

import { h, setText } from "/static/widget/dom.js";
import { clock, day, exactly, now, ticking } from "../../format.js";
import { toast } from "../../notices.js";
import { empty, trouble } from "../../parts/empty.js";
import { icon } from "../../parts/icon.js";
import { skeleton } from "../../parts/skeleton.js";
import { tabs } from "../../parts/tabs.js";
import { VirtualList } from "../../parts/virtual.js";
import { session } from "../../session.js";
import { channelMark, channelName } from "../../words.js";
import { dueOf, marksOf } from "./marks.js";
import { VIEWS, viewOf } from "./rows.js";

const NAMES = { mine: "我的", queue: "排队", team: "本组", bot: "机器人", closed: "已结束" };
const NOTHING = {
  mine: ["手上没有会话", "按 t 接待排在最前面的客户"],
  queue: ["没有人在排队", "有人转人工时会出现在这里，并响一声提示"],
  team: ["同事手上没有会话", null],
  bot: ["机器人没有在接待", null],
  closed: ["还没有结束的会话", null],
  found: ["没有找到", "换个词试试：客户姓名、电话、工单号或会话编号"],
};
const HEIGHT = { cosy: 82, compact: 58 };
const SEARCH_AFTER_MS = 300;
const WHO = { customer: "", bot: "小安：", agent: "客服：", system: "系统：" };

export class Queue {
  element;
  view = "mine";
  #rows;
  #on;
  #tabs;
  #list;
  #body;
  #search;
  #sum = h("p", { class: "sum fine", hidden: true });
  #waiting = null;
  #state = null;
  #openId = null;
  #timer;

  /** `on`: open(row), takeFirst(). */
  constructor(rows, on) {
    this.#rows = rows;
    this.#on = on;
    this.#tabs = tabs({
      id: "views", label: "会话列表", selected: this.view,
      items: VIEWS.map((key) => ({ key, title: NAMES[key] })), choose: (key) => this.show(key),
    });
    this.#list = new VirtualList({
      label: "会话", prefix: "conversation", idOf: ({ id }) => id,
      rowHeight: () => HEIGHT[document.documentElement.dataset.density] ?? HEIGHT.cosy,
      make: makeRow, fill: (element, row, { active }) => this.#fill(element, row, active),
      open: (row) => this.#on.open(row), nearEnd: () => this.#loadMore(),
    });
    let typing = null;
    this.#search = h("input", {
      type: "search", placeholder: "找客户、电话、工单号", "aria-label": "找会话", autocomplete: "off",
      oninput: () => {
        clearTimeout(typing);
        typing = setTimeout(() => this.#rows.search(this.#search.value.trim()), SEARCH_AFTER_MS);
      },
      onkeydown: (event) => {
        if (event.key === "Escape" && this.#search.value) {
          event.stopPropagation();
          this.#search.value = "";
          this.#rows.search("");
        } else if (event.key === "ArrowDown") {
          event.preventDefault();
          this.focus();
        }
      },
    });
    this.#body = h("div", { class: "list-body", role: "tabpanel", id: "views-panel" });
    this.element = h(
      "section", { class: "queue", "aria-label": "会话列表" },
      h("h1", { class: "sr" }, "会话"),
      h("div", { class: "search" }, icon("search"), this.#search), this.#tabs.element, this.#body, this.#sum,
    );
  }

  start() {
    this.#timer = setInterval(() => {
      this.#list.refresh();
      this.#showSum();
    }, 1000);
    this.#rows.load(this.view);
    this.#rows.load("queue");
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** Opens a list. */
  show(view) {
    this.view = view;
    this.#tabs.mark(view);
    this.#rows.load(view, { again: true });
    this.#list.element.scrollTop = 0;
    this.update();
  }

  /** How long the whole queue is, and how many may take from it. */
  sumUp(frame) {
    this.#waiting = frame;
    this.#showSum();
  }

  #showSum() {
    if (!this.#waiting) return;
    const { waiting, since, ready_agents: ready } = this.#waiting;
    const longest = since ? `，最久等了 ${ticking(now() - Date.parse(since))}` : "";
    this.#sum.hidden = false;
    setText(this.#sum, `${waiting ? `${waiting} 位在排队${longest}` : "没有人排队"} · ${ready} 人在线可接`);
  }

  /** Which conversation is open in the middle. */
  mark(id) {
    this.#openId = id;
    this.#list.activate(id);
  }

  update() {
    this.#tabs.setCounts(Object.fromEntries(VIEWS.map((view) => [view, short(this.#rows.counts[view])])));
    const view = this.#rows.found ? "found" : this.view;
    const rows = this.#rows.list(view);
    const page = this.#rows.found ?? this.#rows.pages[view] ?? { loading: true };
    const state = rows.length ? "list" : page.error ? "error" : page.loading ? "loading" : `empty ${view} ${session.person.presence}`;
    if (state !== this.#state) {
      this.#state = state;
      this.#body.replaceChildren(this.#shown(state, view, page));
    }
    this.#list.element.setAttribute("aria-label", view === "found" ? "找到的会话" : `${NAMES[view]}的会话`);
    this.#list.items = rows;
  }

  focus() {
    if (this.#list.element.isConnected) this.#list.element.focus();
    else this.#tabs.element.querySelector("[aria-selected=true]").focus();
  }

  focusSearch() {
    this.#search.focus();
    this.#search.select();
  }

  step(by) {
    this.#list.step(by);
  }

  openActive() {
    this.#list.openActive();
  }

  get #found() {
    return Boolean(this.#rows.found);
  }

  #loadMore() {
    if (!this.#found) this.#rows.load(this.view);
  }

  #shown(state, view, page) {
    if (state === "list") return this.#list.element;
    if (state === "loading") return skeleton(8);
    if (state === "error") return trouble(page.error, () => (this.#found ? this.#rows.search(this.#search.value.trim()) : this.#rows.load(view, { again: true })));
    const [title, hint] = NOTHING[view];
    if (view === "mine" && session.person.presence !== "ready") {
      return empty({
        title, hint: "您还没有上线，不会分到新会话", mark: "chat",
        action: { text: "上线接待", run: () => session.setPresence("ready").catch((error) => toast(error.message, { kind: "danger" })) },
      });
    }
    const waiting = view === "mine" && this.#rows.list("queue").length;
    const action = waiting ? { text: "接待下一位", run: () => this.#on.takeFirst() } : null;
    return empty({ title, hint, mark: view === "found" ? "search" : "chat", action });
  }

  #fill(element, row, active) {
    const parts = element.parts;
    const at = now();
    const due = dueOf(row, at);
    const open = row.id === this.#openId;
    element.classList.toggle("active", active);
    element.classList.toggle("open", open);
    element.classList.toggle("unread", row.unread > 0);
    element.setAttribute("aria-selected", String(open));
    setText(parts.title, row.title);
    const last = row.last;
    setText(parts.last, last ? `${WHO[last.sender] ?? ""}${last.text.replace(/\s+/g, " ")}` : "还没有说话");
    this.#fillTime(parts, row, due, at);
    const unread = row.unread > 99 ? "99+" : String(row.unread || "");
    setText(parts.unread, unread);
    parts.unread.hidden = !row.unread;
    if (parts.unread.title !== `${row.unread} 条未读`) parts.unread.title = `${row.unread} 条未读`;
    setText(parts.meta, metaOf(row));
    const mark = channelMark(row) ?? "";
    if (parts.channel.dataset.mark !== mark) {
      parts.channel.dataset.mark = mark;
      parts.channel.replaceChildren(...(mark ? [icon(mark)] : []));
    }
    const marks = marksOf(row).slice(0, 2);
    const key = marks.map(({ text }) => text).join();
    if (parts.marks.key !== key) {
      parts.marks.key = key;
      parts.marks.replaceChildren(...marks.map(({ text, tone, icon: mark, title }) =>
        h("span", { class: `badge ${tone}`, title }, icon(mark), text)));
    }
  }

  #fillTime({ time, timeText, timeMark }, row, due, at) {
    const state = due?.state ?? "none";
    if (time.dataset.state !== state) {
      time.dataset.state = state;
      timeMark.replaceChildren(...(state === "none" ? [] : [icon(state === "late" ? "alarm" : "clock")]));
    }
    if (due) {
      setText(timeText, due.state === "late" ? `超时 ${ticking(due.left)}` : `剩 ${ticking(due.left)}`);
      const since = row.waiting_since ? `，已等 ${ticking(at - Date.parse(row.waiting_since))}` : "";
      time.title = `${exactly(row.due_at)} 前答复${since}`;
      return;
    }
    const last = row.last?.at ?? row.opened_at;
    setText(timeText, last ? (day(last) === "今天" ? clock(last) : day(last)) : "");
    time.title = last ? exactly(last) : "";
  }
}

function makeRow() {
  const timeMark = h("span", { class: "time-mark", "aria-hidden": "true" });
  const timeText = h("span");
  const parts = {
    title: h("span", { class: "row-title" }), marks: h("span", { class: "row-marks" }),
    time: h("span", { class: "row-time" }, timeMark, timeText), timeMark, timeText,
    last: h("span", { class: "row-last" }), unread: h("span", { class: "row-unread" }),
    channel: h("span", { class: "row-channel", "aria-hidden": "true" }), meta: h("span", { class: "row-meta" }),
  };
  const element = h(
    "div", { class: "row" },
    h("div", { class: "row-line" }, parts.title, parts.marks, parts.time),
    h("div", { class: "row-line" }, parts.last, parts.unread),
    h("div", { class: "row-line third" }, parts.channel, parts.meta),
  );
  element.parts = parts;
  return element;
}

/** 网页 · 连续三次没听懂 · BX20261128-0001 */
function metaOf(row) {
  const reason = row.closed_at ? row.closed_reason_name : row.reason_name;
  const holder = viewOf(row) === "team" ? row.agent : null;
  return [channelName(row), holder, reason, ...(row.ticket_numbers ?? []).slice(0, 1)].filter(Boolean).join(" · ");
}

function short(count) {
  if (!count) return "";
  return count > 9999 ? "9999+" : String(count);
}
