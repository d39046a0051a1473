// One review: what was said, with the words that the rules found, and beside it the findings and what can be done.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { clock, exactly, when } from "../../format.js";
import { toast } from "../../notices.js";
import { badge } from "../../parts/badge.js";
import { trouble } from "../../parts/empty.js";
import { icon } from "../../parts/icon.js";
import { skeleton } from "../../parts/skeleton.js";
import { setTitle } from "../../router.js";
import { actions } from "./actions.js";
import { PICKED, ratingOf, resultMark, scoreOf, stateBadge } from "./words.js";

const SENDERS = { customer: "客户", bot: "机器人", system: "系统" };

export class Detail {
  element = h("div", { class: "detail" }, skeleton(8));
  #id;
  #review = null;

  constructor(id) {
    this.#id = id;
    this.#load();
  }

  async #load() {
    try {
      this.#review = await api.get(`/desk/reviews/${encodeURIComponent(this.#id)}`);
      this.#draw();
    } catch (error) {
      this.element.replaceChildren(trouble(error, error.mayPass ? () => this.#load() : null));
    }
  }

  /** Does a step; the answer has everything but the messages. */
  async #act(step, body, done) {
    this.#review = { ...this.#review, ...(await api.post(`/desk/reviews/${this.#id}/${step}`, body)) };
    toast(done, { kind: "good" });
    this.#draw();
  }

  #draw() {
    const r = this.#review;
    setTitle(`${r.agent} · ${r.title}`);
    const of = (result) => r.findings.filter((finding) => finding.result === result);
    const [failed, done, rest] = [of("failed"), of("ok"), of("not_applicable")];
    this.element.replaceChildren(
      h("section", { class: "talk", "aria-label": "会话全文" }, h("h2", {}, r.title, " ",
        h("a", { class: "fine", href: `/desk?conversation=${r.conversation_id}` }, "打开会话")),
      h("ol", {}, ...r.messages.map((message) => bubble(message, r)))),
      h("section", { class: "findings", "aria-label": "质检结果" },
        h("header", {},
          h("p", { class: "final" }, scoreOf(r.score), h("span", { class: "muted" }, r.score === null ? "" : "分")),
          h("div", {}, h("p", {}, h("strong", {}, r.agent), " ", stateBadge(r.state), ...r.picked_for.flatMap((why) => [" ", badge(PICKED[why] ?? why)])),
            h("p", { class: "fine" }, `${when(r.closed_at)} 结束 · 第 ${r.rules_version} 版规则`,
              r.human_score !== null ? ` · 规则 ${r.rules_score ?? "不评分"}，人工 ${r.human_score}` : ""),
            r.rating !== null && h("p", { class: "fine" }, "客户评分 ", ratingOf(r.rating), r.rating_comment ? `：“${r.rating_comment}”` : ""))),
        failed.length > 0
          ? h("ul", { class: "rules" }, ...failed.map((finding) => this.#finding(finding)))
          : h("p", { class: "all-done" }, icon("check"), "用得上的规则每条都做到了"),
        h("details", {}, h("summary", {}, `做到的 ${done.length} 条，不适用的 ${rest.length} 条`),
          h("ul", { class: "rules" }, ...[...done, ...rest].map((finding) => this.#finding(finding)))),
        history(r),
        ...actions(r, (step, body, done) => this.#act(step, body, done))),
    );
  }

  #finding(finding) {
    return h(
      "li", { class: finding.result },
      h("p", {}, resultMark(finding.result), h("strong", {}, finding.name),
        h("span", { class: "fine" }, ` ${finding.weight ?? "—"} 分 · ${finding.requirement ?? ""}${finding.cap !== null && finding.result === "failed" ? ` · 总分最高 ${finding.cap}` : ""}`)),
      h("p", { class: "muted" }, finding.result === "not_applicable" ? `${finding.reason}（适用：${finding.applies_when ?? "—"}）` : finding.reason),
      finding.evidence.length > 0 && h("p", { class: "evidence" }, ...finding.evidence.map(({ seq, words }) =>
        h("button", { class: "link", type: "button", onclick: () => this.#reveal(seq) }, `第 ${seq} 句“${short(words)}”`))),
    );
  }

  #reveal(seq) {
    const message = this.element.querySelector(`[data-seq="${seq}"]`);
    message?.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    message?.focus({ preventScroll: true });
  }
}

function bubble(message, review) {
  const own = message.sender === "agent" && message.source?.id === review.agent;
  const who = message.sender === "agent" ? message.source?.id ?? "客服" : SENDERS[message.sender] ?? message.sender;
  const found = review.findings.flatMap(({ result, name, evidence }) =>
    (result === "failed" ? evidence.filter(({ seq }) => seq === message.seq).map(({ words }) => ({ words, name })) : []));
  return h(
    "li", { class: `said ${message.note ? "note" : message.sender}${own ? " own" : ""}`, "data-seq": message.seq, tabindex: "-1" },
    h("p", { class: "fine", title: exactly(message.sent_at) }, `${message.seq} · ${who}${message.note ? "（内部备注）" : ""} ${clock(message.sent_at)}`),
    h("p", { class: "text" }, ...marked(message.text, found)),
    found.length > 0 && h("p", { class: "fine why" }, icon("warning"), [...new Set(found.map(({ name }) => name))].join("、")),
  );
}

/** The text with the first of the found words marked. */
function marked(text, found) {
  const places = found.map(({ words }) => ({ words, at: text.indexOf(words) }))
    .filter(({ words, at }) => at >= 0 && words.length < text.length);
  const [first] = places.sort((one, other) => one.at - other.at);
  if (!first) return [text];
  const end = first.at + first.words.length;
  return [text.slice(0, first.at), h("mark", {}, first.words), text.slice(end)];
}

function history(r) {
  const lines = [
    r.checked_by && [r.checked_at, `${r.checked_by}复核，${r.state === "settled" && r.verdict === "changed" ? "" : `打 ${r.human_score} 分，`}${r.comment}`],
    r.appealed_at && [r.appealed_at, `${r.agent}申诉：${r.appeal}`],
    r.settled_by && [r.settled_at, `${r.settled_by}裁定${r.verdict === "changed" ? `改判为 ${r.human_score} 分` : "维持原来的结果"}：${r.settled_because}`],
  ].filter(Boolean);
  return lines.length > 0 && h("ol", { class: "history" }, ...lines.map(([at, text]) =>
    h("li", {}, h("span", { class: "fine" }, when(at)), h("p", {}, text))));
}

function short(words) {
  return words.length > 16 ? `${words.slice(0, 16)}…` : words;
}
