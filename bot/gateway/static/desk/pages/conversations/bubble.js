// One message: who, when, what, and what it rests on.

import { h } from "/static/widget/dom.js";
import { renderText } from "/static/widget/text.js";
import { api } from "../../api.js";
import { clock, exactly } from "../../format.js";
import { avatar } from "../../parts/avatar.js";
import { icon } from "../../parts/icon.js";

const KINDS = {
  script: "话术", article: "知识", statute: "三包与法规", canned: "常用语", procedure: "办理步骤", rule: "规则",
};

/** The line above a group: a name and a mark that say who speaks, and when. */
export function who(kind, name, customer, at) {
  const [shown, tag, mark] = {
    customer: [customer, "客户", avatar(customer, { size: "small" })],
    bot: ["小安", "机器人", avatar("小安", { kind: "bot", size: "small" })],
    unsaid: ["小安", "机器人 · 没有发出", avatar("小安", { kind: "bot", size: "small" })],
    agent: [name, "客服", avatar(name, { kind: "agent", size: "small" })],
    system: ["系统", "自动消息", avatar("系统", { kind: "system", size: "small" })],
    note: [name, "备注 · 仅同事可见", icon("note")],
    whisper: [name, "主管耳语 · 客户看不到", icon("whisper")],
  }[kind];
  return h(
    "div", { class: "who" },
    mark, h("strong", {}, shown), h("span", { class: "tag" }, tag), h("time", { class: "tag", datetime: at, title: exactly(at) }, clock(at)),
  );
}

/** The bubble itself. */
export function bubble({ message }) {
  const file = message.source?.kind === "attachment" ? message.source : null;
  return h(
    "div", { class: "bubble", title: exactly(message.sent_at) },
    file ? attachment(file, message.text) : h("div", { class: "words" }, ...renderText(message.text)),
    isComing(message) && h("div", { class: "coming" }, icon("clock"), "正在取…"),
    message.source?.file && recording(message.source.file),
    buttons(message.buttons),
    message.sender !== "customer" && basis(message.source),
  );
}

/** An event between the messages: handed on, joined. */
export function event({ message }) {
  const by = message.source?.kind === "transfer" ? message.source.id : "";
  return h("p", { class: "event" }, `${by}${message.text} `, h("time", { datetime: message.sent_at }, clock(message.sent_at)));
}

function buttons(offered) {
  if (!offered?.length) return null;
  return h("div", { class: "offered" }, h("span", { class: "sr" }, "给客户的选项："), ...offered.map(({ title }) => h("span", {}, title)));
}

/** A customer's file that still lies with the platform. */
function isComing({ source }) {
  return source?.kind === "media" && !source.failed;
}

/** What the customer said, of which the words above were made. */
function recording(id) {
  return h("a", { class: "attached", href: api.address(`/desk/attachments/${id}`), download: "" }, icon("clip"), "原语音");
}

/** `[图片] name`: shown where it is a picture, else to be saved. */
function attachment({ id }, text) {
  const [, sort, name] = /^\[(图片|文件|语音|视频)\] (.*)$/s.exec(text) ?? [null, "文件", text];
  const address = api.address(`/desk/attachments/${id}`);
  if (sort === "图片") {
    return h("a", { class: "picture", href: address, target: "_blank", rel: "noopener" }, h("img", { src: address, alt: name, loading: "lazy" }));
  }
  return h("a", { class: "attached", href: address, download: name }, icon("clip"), name);
}

/** 依据: what a sentence rests on, by click and by key. */
function basis(source) {
  const lines = source ? basisLines(source) : [];
  if (!lines.length) return null;
  const details = h("div", { class: "basis-lines", hidden: true }, ...lines.map((line) => h("p", {}, line)));
  const button = h(
    "button",
    {
      class: "basis", type: "button", "aria-expanded": "false", title: lines.join("；"),
      onclick: () => {
        details.hidden = !details.hidden;
        button.setAttribute("aria-expanded", String(!details.hidden));
      },
    },
    "依据",
  );
  return h("div", { class: "basis-of" }, button, details);
}

export function basisLines(source) {
  if (source.kind === "agent") return source.suggested ? [`采用建议 ${source.suggested}`] : [];
  if (["attachment", "note", "whisper", "customer"].includes(source.kind)) return [];
  const { kind, id, version, variant, title, clause, clauses, rules, article, ticket, step } = source;
  return [
    `${KINDS[kind] ?? kind ?? "来源"} ${title ?? id ?? ""}${version ? ` · 第 ${version} 版` : ""}${variant ? ` · 说法 ${variant}` : ""}`,
    (clause || clauses) && `条款 ${[clause ?? clauses].flat().join("、")}`,
    rules?.length && `规则 ${[rules].flat().join("、")}`,
    article && `知识 ${article}`,
    typeof source.source === "string" && `出处 ${source.source}`,
    ticket && `工单 ${ticket}${step ? ` · ${step}` : ""}`,
  ].filter(Boolean);
}
