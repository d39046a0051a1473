import { h } from "/static/widget/dom.js";
import { icon } from "./icon.js";

/** Nothing here: says what that means and what to do. `action`: {text, run} or {text, link}. */
export function empty({ title, hint = null, mark = "check", action = null }) {
  return h(
    "div", { class: "empty" },
    h("span", { class: "empty-mark" }, icon(mark)),
    h("p", { class: "empty-title" }, title),
    hint && h("p", { class: "muted" }, hint),
    action && (action.link
      ? h("a", { class: "button", href: action.link }, action.text)
      : h("button", { class: "button", type: "button", onclick: action.run }, action.text)),
  );
}

/** Something failed: what happened, and the way to try again. `error` is an ApiError or a text. */
export function trouble(error, again) {
  return h(
    "div", { class: "empty trouble", role: "alert" },
    h("span", { class: "empty-mark" }, icon("warning")),
    h("p", { class: "empty-title" }, typeof error === "string" ? error : error.message),
    again && h("button", { class: "button", type: "button", onclick: again }, "重试"),
  );
}
