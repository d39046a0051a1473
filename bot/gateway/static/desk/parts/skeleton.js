import { h } from "/static/widget/dom.js";

/** Grey lines where something is about to be. */
export function skeleton(lines = 4) {
  return h(
    "div", { class: "skeleton", role: "status" },
    h("span", { class: "sr" }, "正在打开…"),
    ...Array.from({ length: lines }, (_, index) => h("i", { class: ["", "short", "long"][index % 3] })),
  );
}
