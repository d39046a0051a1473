// What the person who looks may do with a review: check it, appeal, settle an appeal.

import { h } from "/static/widget/dom.js";
import { when } from "../../format.js";
import { field } from "../../parts/field.js";

/** The forms for the steps that the server allows now. `act(step, body, done)` rejects with what to tell. */
export function actions(review, act) {
  const forms = { check: checking, appeal: appealing, settle: settling };
  return review.may.map((step) => forms[step](review, act));
}

function checking(review, act) {
  const score = scoreField(review.rules_score, "人工分（0 到 100）");
  const comment = field({ label: "点评", kind: "textarea", maxlength: "1000", required: true, placeholder: "好在哪里，差在哪里，下次怎么做" });
  return form("人工复核", "提交复核", [score, comment], () => act("check", { score: number(score), comment: comment.input.value }, "复核已提交"));
}

function appealing(review, act) {
  const text = field({ label: "申诉理由", kind: "textarea", maxlength: "1000", required: true, hint: `只能申诉一次，${when(review.appeal_until)} 前提出` });
  return form("对结果有不同意见？", "提交申诉", [text], () => act("appeal", { text: text.input.value }, "申诉已提交，会由另一位主管裁定"));
}

function settling(review, act) {
  const verdict = field({ label: "裁定", kind: "select", options: [["upheld", "维持原来的结果"], ["changed", "改判"]], value: "upheld" });
  const score = scoreField(review.score, "改判后的分数（0 到 100）");
  const reason = field({ label: "理由", kind: "textarea", maxlength: "1000", required: true });
  const follow = () => {
    score.element.hidden = verdict.input.value !== "changed";
    score.input.required = !score.element.hidden;
  };
  verdict.input.addEventListener("change", follow);
  follow();
  return form("裁定申诉", "提交裁定", [verdict, score, reason], () => act("settle", {
    verdict: verdict.input.value, reason: reason.input.value, ...(verdict.input.value === "changed" ? { score: number(score) } : {}),
  }, "裁定已提交"));
}

function scoreField(value, label) {
  return field({ label, type: "number", min: "0", max: "100", step: "1", required: true, inputmode: "numeric", value: value ?? "" });
}

function number({ input }) {
  return Number.parseInt(input.value, 10);
}

function form(title, act, fields, submit) {
  const button = h("button", { class: "button primary" }, act);
  return h("form", {
    class: "act",
    onsubmit: async (event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        await submit();
      } catch (error) {
        fields.at(-1).fault(error.message);
      } finally {
        button.disabled = false;
      }
    },
  }, h("h3", {}, title), ...fields.map(({ element }) => element), button);
}
