import { h } from "/static/widget/dom.js";
import { icon } from "./icon.js";

/** A short state in words. `tone`: plain, good, soon, late, accent; a mark stands beside the colour where it warns. */
export function badge(text, { tone = "plain", mark = null, title = null } = {}) {
  return h("span", { class: `badge ${tone}`, title }, mark && icon(mark), text);
}
