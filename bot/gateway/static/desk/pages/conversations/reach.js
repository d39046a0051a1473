// How the customer can still be reached on somebody else's platform: a quiet line above the composer, and where nothing
// may go, what can be done in its place (W2, W3).

import { h, setText } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { duration, now, when } from "../../format.js";
import { toast } from "../../notices.js";
import { field } from "../../parts/field.js";
import { icon } from "../../parts/icon.js";
import { channelMark } from "../../words.js";
import { leave } from "./transfer.js";

const MARKS = { callback: "ticket", task: "phone", ask: "chat" };
const OVER = ["resolved", "closed", "cancelled"];
const MOST_CHARS = 2000;

/** 微信公众号 · 还能发 3 条 · 到明天 14:05（还有 23 小时） */
export class ReachLine {
  element = h("p", { class: "reach-line", role: "status", hidden: true });
  #talk;
  #text = h("span");
  #mark = null;

  constructor(talk) {
    this.#talk = talk;
  }

  /** `isTold`: that nothing may go is told elsewhere. */
  update(isTold) {
    const { row, mayReach } = this.#talk;
    const words = row.closed_at || isTold ? "" : mayReach ? lineOf(row.reach) : row.reach.reason;
    this.element.hidden = !words;
    if (!words) return;
    const isLast = !mayReach || (row.reach.counts && row.reach.left === 1);
    const mark = isLast ? "warning" : channelMark(row) ?? "chat";
    if (mark !== this.#mark) {
      this.#mark = mark;
      this.element.replaceChildren(icon(mark), this.#text);
    }
    this.element.classList.toggle("last", isLast);
    setText(this.#text, words);
  }
}

function lineOf(reach) {
  if (reach?.passive) return `${reach.name} · 发出的话等客户下次发消息时送达`;
  if (!reach?.counts) return "";
  const left = reach.left === 1 ? "只能再发 1 条" : `还能发 ${reach.left} 条`;
  return `${reach.name} · ${left} · 到${when(reach.until)}（还有 ${roughly(Date.parse(reach.until) - now())}）`;
}

const HOUR = 3_600_000;

/** Nobody counts the minutes of a day. */
function roughly(left) {
  return left >= HOUR ? `${Math.floor(left / HOUR)} 小时` : duration(left);
}

/** In place of the writing field: why nothing may go, and the ways that are left. */
export class OutOfReach {
  element = h("div", { class: "out-of-reach", role: "group", "aria-label": "现在发不了消息", hidden: true });
  #talk;
  #on;
  #shows = null;
  #reason = h("p", { class: "why-not" });
  #kept = h("p", { class: "fine", hidden: true }, "您写的话还留着，客户再来消息就能接着发。");
  #ways = h("div", { class: "ways" });
  #place = h("div", { class: "way-form", hidden: true });

  /** `on`: callback(opened) opens the form of a callback ticket beside; written() → what the agent has written. */
  constructor(talk, on) {
    this.#talk = talk;
    this.#on = on;
    this.element.append(h("div", { class: "why-not-line" }, icon("warning"), this.#reason), this.#kept, this.#ways, this.#place);
  }

  show(isShown) {
    this.element.hidden = !isShown;
    if (!isShown) return;
    const { reason, ways } = this.#talk.row.reach;
    setText(this.#reason, reason ? `${reason}。` : "平台不让再发了。");
    this.#kept.hidden = !this.#on.written();
    const shows = JSON.stringify(ways);
    if (shows === this.#shows) return;
    this.#shows = shows;
    this.#ways.replaceChildren(...ways.map((way) => h(
      "button", { class: "button small", type: "button", onclick: () => this.#take(way) }, icon(MARKS[way.id] ?? "right"), h("span", {}, way.name))));
  }

  #take(way) {
    this.#shut();
    if (way.id === "callback") this.#on.callback();
    if (way.id === "task") this.#task(way);
    if (way.id === "ask") this.#ask(way);
  }

  /** The sentence to be sent by other means: copied where the browser lets us, else there to be copied. */
  async #ask({ text }) {
    const sentence = field({ label: "用短信、电话等方式告诉客户", kind: "textarea", value: text, rows: "3", readonly: true });
    const told = h("span", { class: "fine", role: "status" });
    this.#open(h("div", { class: "panel-form column" }, sentence.element, h("div", { class: "panel-acts" }, this.#back("收起"), told)));
    sentence.input.select();
    try {
      await navigator.clipboard.writeText(text);
      setText(told, "已复制，发给客户就行。");
    } catch {
      setText(told, "请按 Ctrl+C 复制。");
    }
  }

  /** A task belongs to a ticket: without an open one a callback comes first. */
  #task(way) {
    const ticket = this.#talk.whole?.tickets.filter(({ status }) => !OVER.includes(status)).at(-1);
    if (!ticket) {
      toast("先登记回电工单，再派任务", { kind: "info" });
      this.#on.callback((opened) => this.#write(way, opened.number));
      return;
    }
    this.#write(way, ticket.number);
  }

  #write({ name, department }, number) {
    const what = field({
      label: `要告诉客户什么（工单 ${number}）`, kind: "textarea", rows: "2", maxlength: MOST_CHARS, value: this.#on.written(),
      placeholder: "例如：请打电话告诉客户，师傅改到明天上午来",
    });
    const send = h("button", { class: "button primary", type: "button", onclick: () => submit() }, "派出任务");
    const submit = async () => {
      what.fault(what.input.value.trim() ? null : "请写下要告诉客户什么");
      if (!what.input.value.trim()) return;
      send.disabled = true;
      try {
        const task = await api.post(`/tickets/${number}/tasks`, { department, what: what.input.value.trim() });
        toast(`任务已派给${task.department_name}，请在 ${when(task.due_at)} 前接收`, { kind: "good" });
        this.#shut();
        this.#talk.refresh();
      } catch (error) {
        what.fault(error.message);
      } finally {
        send.disabled = false;
      }
    };
    this.#open(h("div", { class: "panel-form column", role: "group", "aria-label": name }, what.element, h("div", { class: "panel-acts" }, send, this.#back("取消"))));
    what.input.focus();
  }

  #back(text) {
    return h("button", { class: "button", type: "button", onclick: () => this.#shut() }, text);
  }

  #open(form) {
    form.addEventListener("keydown", (event) => leave(event, () => this.#shut()));
    this.#place.replaceChildren(form);
    this.#place.hidden = false;
  }

  #shut() {
    this.#place.hidden = true;
    this.#place.replaceChildren();
  }
}
