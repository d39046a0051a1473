// All that happened around a ticket in one order, by day; what is not of interest now can be left out.

import { h } from "/static/widget/dom.js";
import { clock, day, exactly, when } from "../../format.js";
import { api } from "../../api.js";
import { empty } from "../../parts/empty.js";
import { icon } from "../../parts/icon.js";
import { HAPPENED, WHO } from "./words.js";

const SHOWN = { all: "全部", work: "办理", talk: "会话" };
const MARKS = {
  history: "history", task: "box", approval: "stamp", agreement: "edit", visit: "clock", followup: "heart", notice: "bell",
  message: "chat",
};
let chosen = "all";

export function timeline(happenings, labels = {}) {
  const list = h("ol", { class: "happenings" });
  const buttons = Object.entries(SHOWN).map(([key, text]) => h(
    "button", { class: "tab", type: "button", "aria-pressed": String(key === chosen), onclick: (event) => {
      chosen = key;
      for (const button of event.currentTarget.parentElement.children) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      draw();
    } }, text));
  function draw() {
    const told = happenings.filter(({ kind }) => chosen === "all" || (kind === "message") === (chosen === "talk")).reverse();
    let last = null;
    list.replaceChildren(...(told.length ? told.flatMap((one) => {
      const named = day(one.at);
      const head = named === last ? [] : [h("li", { class: "day" }, named)];
      last = named;
      return [...head, line(one, labels)];
    }) : [h("li", {}, empty({ title: "这里还没有内容", hint: chosen === "talk" ? "这张工单不是从会话来的。" : null, mark: "history" }))]));
  }
  draw();
  return h("section", { class: "timeline", "aria-label": "经过" }, h("header", {}, h("h2", {}, "经过"), h("div", { class: "tabs" }, ...buttons)), list);
}

function markOf(kind, what) {
  if (kind === "history") return { attachment: "clip", reply: "send", merged: "branch", merged_in: "branch", breach: "alarm" }[what] ?? MARKS[kind];
  return kind === "message" && what === "note" ? "note" : MARKS[kind];
}

function line({ at, kind, what, who, text, about, more }) {
  const name = HAPPENED[kind]?.[what] ?? what;
  const isFile = kind === "message" && more.source?.kind === "attachment";
  return h(
    "li", { class: `happening ${kind} ${what}` },
    h("span", { class: "mark" }, icon(markOf(kind, what))),
    h("div", { class: "told" },
      h("p", { class: "head" },
        h("strong", {}, name), kind !== "message" && who !== "system" && h("span", { class: "muted" }, WHO[who] ?? who),
        kind === "message" && what === "agent" && h("span", { class: "muted" }, who),
        h("time", { class: "muted", datetime: at, title: exactly(at) }, clock(at))),
      text && h("p", { class: "text" }, text),
      isFile && h("a", { class: "link", href: api.address(`/desk/attachments/${more.source.id}`), target: "_blank", rel: "noopener" }, "打开附件"),
      kind === "visit" && h("p", { class: "muted fine" }, `上门时间 ${when(at)}`),
    ),
  );
}
