// Above the conversation: who it is, how it stands, and what can be done with it. What needs words opens below, inline.

import { h, setText } from "/static/widget/dom.js";
import { toast } from "../../notices.js";
import { api } from "../../api.js";
import { badge } from "../../parts/badge.js";
import { countdown } from "../../parts/countdown.js";
import { icon } from "../../parts/icon.js";
import { session } from "../../session.js";
import { channelMark, channelName } from "../../words.js";
import { marksOf, soonOf } from "./marks.js";
import { closePanel } from "./close.js";
import { transferPanel } from "./transfer.js";

export class Head {
  element;
  #talk;
  #on;
  #title;
  #about;
  #acts;
  #panel;
  #watch;
  #key = null;
  #busy = false;

  /** `on`: back(), side(), mode(mode). */
  constructor(talk, on) {
    this.#talk = talk;
    this.#on = on;
    this.#title = h("h2", {});
    this.#about = h("div", { class: "about" });
    this.#acts = h("div", { class: "acts", role: "group", "aria-label": "对这个会话" });
    this.#panel = h("div", { class: "inline-panel", hidden: true });
    this.#watch = h("p", { class: "watch", hidden: true });
    this.element = h(
      "header", { class: "talk-head" },
      h("div", { class: "head-line" },
        h("button", { class: "icon-button back", type: "button", "aria-label": "回到会话列表", onclick: on.back }, icon("left")),
        h("div", { class: "head-who" }, this.#title, this.#about),
        this.#acts,
        h("button", { class: "icon-button to-side", type: "button", "aria-label": "客户与工单", title: "客户与工单", onclick: on.side }, icon("panel"))),
      this.#watch, this.#panel,
    );
    this.update();
  }

  update() {
    const { row } = this.#talk;
    setText(this.#title, row.title);
    const key = [row.owner, row.agent, row.due_at, row.return_asked, row.closed_at, row.position, row.priority, row.emotion,
      row.special_care, row.signals, row.channel, row.reach?.name, row.reason, this.#talk.hasJoined, this.#busy, session.person?.name].join();
    if (key === this.#key) return;
    this.#key = key;
    this.#about.replaceChildren(...this.#facts(row));
    this.#acts.replaceChildren(...this.#actions());
    this.#showWatch(row);
  }

  /** Opens or shuts an inline panel: transfer, close. */
  toggle(name) {
    if (!this.#panel.hidden && this.#panel.dataset.name === name) {
      this.shut();
      return;
    }
    const panel = { transfer: transferPanel, close: closePanel }[name];
    this.#panel.dataset.name = name;
    this.#panel.replaceChildren(panel(this.#talk, () => this.shut()));
    this.#panel.hidden = false;
    this.#panel.querySelector("select, input, textarea, button")?.focus();
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  shut() {
    this.#panel.hidden = true;
    this.#panel.replaceChildren();
    this.#on.mode(null);
  }

  async take() {
    await this.#do("take", { in_spite_of_holder: this.#talk.row.owner === "human" }, () => this.#on.mode("reply"));
  }

  #facts(row) {
    return [
      h("span", { class: "channel" }, channelMark(row) && icon(channelMark(row)), channelName(row)),
      h("span", {}, standing(row)),
      row.reason_name && !row.closed_at && h("span", { title: "转人工的原因" }, row.reason_name),
      row.due_at && !row.closed_at && countdown(row.due_at, { soon: soonOf(row), brief: true }),
      h("span", { class: "marks" }, ...marksOf(row).map(({ text, tone, icon: mark, title }) => badge(text, { tone, mark, title }))),
    ].filter(Boolean);
  }

  #actions() {
    const { row, isMine, mayWhisper, hasJoined } = this.#talk;
    if (row.closed_at) return [];
    const button = (text, mark, run, kind = "") => h(
      "button", { class: `button ${kind}`, type: "button", disabled: this.#busy, onclick: run }, icon(mark), h("span", {}, text));
    if (isMine) {
      return [
        button("转接", "transfer", () => this.toggle("transfer")),
        row.return_asked
          ? h("span", { class: "badge soon" }, icon("clock"), "等客户同意交还")
          : button("交还机器人", "bot", () => this.#do("return", {}, () => toast("已问客户是否交还机器人，客户同意后自动交还", { kind: "good" }))),
        button("结束", "check", () => this.toggle("close")),
      ];
    }
    if (row.owner !== "human") {
      return [
        button("接待", "take", () => this.take(), "primary"),
        row.owner === "queued" && button("转接", "transfer", () => this.toggle("transfer")),
      ].filter(Boolean);
    }
    if (!mayWhisper) return [];
    return [
      button("耳语", "whisper", () => this.#on.mode("whisper")),
      hasJoined ? null : button("插话", "barge", () => this.#do("barge", {}, () => { this.#talk.join(); this.#on.mode("reply"); })),
      button("接管", "crown", () => this.take()),
      button("转接", "transfer", () => this.toggle("transfer")),
    ].filter(Boolean);
  }

  #showWatch(row) {
    const { isMine, mayWhisper, hasJoined } = this.#talk;
    const watching = row.owner === "human" && !isMine && !row.closed_at;
    this.#watch.hidden = !watching && !row.closed_at;
    if (row.closed_at) {
      this.#watch.replaceChildren(icon("check"), `已结束：${row.closed_reason_name ?? "没有写原因"}。客户再写来时会重新打开。`);
    } else if (watching) {
      this.#watch.replaceChildren(icon("eye"), hasJoined
        ? `您已加入，客户看得到您的回复；仍由${row.agent}接待。`
        : mayWhisper ? `旁听中：客户和${row.agent}看不到您在看。` : `由${row.agent}接待，您可以写备注。`);
    }
  }

  async #do(act, body, done) {
    if (this.#busy) return;
    this.#busy = true;
    this.update();
    try {
      const { conversation } = await api.post(`${this.#talk.path}/${act}`, body);
      this.#talk.take(conversation);
      done?.();
    } catch (error) {
      toast(error.message, { kind: error.status === 409 ? "warning" : "danger" });
      if (error.status === 409) this.#talk.refresh();
    } finally {
      this.#busy = false;
      this.update();
    }
  }
}

function standing(row) {
  if (row.closed_at) return "已结束";
  if (row.owner === "queued") return row.position ? `排队第 ${row.position} 位` : "排队中";
  if (row.owner === "bot") return "小安（机器人）接待";
  return row.agent === session.person?.name ? "您在接待" : `${row.agent}接待`;
}
