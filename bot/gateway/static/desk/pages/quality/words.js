// Words of the quality pages.

import { h } from "/static/widget/dom.js";
import { badge } from "../../parts/badge.js";
import { icon } from "../../parts/icon.js";

export const STATES = { auto: "规则已评", to_check: "待复核", checked: "已复核", appealed: "申诉中", settled: "已裁定" };
export const PICKED = { low_score: "分数低", low_rating: "客户评分低", excused: "用了忌语并写了理由", chance: "抽中", weekly: "每周至少两条" };
export const RESULTS = { ok: "做到", failed: "没做到", not_applicable: "不适用" };
const LOW = 60;

export function stateBadge(state) {
  const tone = { to_check: "soon", appealed: "soon", settled: "good", checked: "good" }[state] ?? "plain";
  return badge(STATES[state] ?? state, { tone, mark: { to_check: "clock", appealed: "gavel", settled: "check", checked: "check" }[state] ?? null });
}

/** A score, and the word that says whether it is low. */
export function scoreOf(score) {
  if (score === null) return h("span", { class: "muted" }, "不评分");
  return h("span", { class: score < LOW ? "score low" : "score" }, String(score), score < LOW && h("span", { class: "fine" }, " 偏低"));
}

export function ratingOf(rating) {
  if (rating === null) return null;
  return h("span", { class: "number" }, `${rating} 分`, rating <= 2 ? " " : "", rating <= 2 && badge("不满意", { tone: "late", mark: "warning" }));
}

export function resultMark(result) {
  const mark = { ok: "check", failed: "close", not_applicable: "dots" }[result];
  return h("span", { class: `result ${result}` }, icon(mark), RESULTS[result]);
}
