// 摘要: what whoever takes over has to know, each line with where it stands (F6).

import { h } from "/static/widget/dom.js";
import { when } from "../../format.js";
import { badge } from "../../parts/badge.js";
import { empty } from "../../parts/empty.js";
import { channelName } from "../../words.js";

export function briefView({ briefing, history }, talk, on) {
  const { sections } = briefing;
  if (!sections.length && !history.length) {
    return empty({ title: "还没有可以摘要的内容", hint: "客户说了问题、登记了工单后，这里会列出要点和出处", mark: "note" });
  }
  return h(
    "div", { class: "brief" },
    ...sections.map(({ title, lines }) => h(
      "section", {},
      h("h3", {}, title),
      h("ul", {}, ...lines.map(({ name, text, source }) => h(
        "li", {}, h("span", {}, name && h("span", { class: "muted" }, `${name}：`), text), " ", sourceOf(source, on)))),
    )),
    history.length > 0 && h("section", {}, h("h3", {}, "其他会话"), h("ul", { class: "earlier" }, ...history.map(earlier))),
  );
}

function sourceOf({ kind, ref }, on) {
  if (kind === "message" && Number(ref)) {
    return h("button", { class: "source", type: "button", title: "看这句话", onclick: () => on.say(Number(ref)) }, `第 ${ref} 句`);
  }
  if (kind === "ticket") return h("a", { class: "source", href: `/desk/tickets/${ref}` }, ref);
  if (kind === "clause") return h("span", { class: "source plain" }, ref);
  if (kind === "file") return h("span", { class: "source plain" }, "客户档案");
  return null;
}

/** An earlier conversation of the same customer, or perhaps of the same. */
export function earlier({ id, channel, opened_at: opened, closed_at: closed, closed_reason_name: reason, agent, summary, last, verified }) {
  return h(
    "li", {},
    h("a", { href: `/desk?conversation=${id}` },
      h("span", { class: "earlier-head" },
        h("span", {}, `${when(opened)} · ${channelName({ channel })}${agent ? ` · ${agent}` : ""}`),
        verified ? null : badge("未核实", { tone: "soon", mark: "help", title: "电话相同，还没有核实是同一位客户" })),
      h("span", { class: "earlier-text" }, summary ?? last ?? reason ?? (closed ? "已结束" : "进行中"))),
  );
}
