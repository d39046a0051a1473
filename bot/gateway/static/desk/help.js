// All shortcuts of the page that is open, behind `?`.

import { h } from "/static/widget/dom.js";
import { keys } from "./keys.js";
import { dialog } from "./parts/dialog.js";

const SHOWN = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc", Enter: "Enter ↵" };

export function showHelp() {
  dialog({
    title: "键盘快捷键",
    wide: true,
    body: h("div", { class: "shortcuts" }, ...keys.groups.map(([group, shortcuts]) => h(
      "section", {},
      h("h3", {}, group),
      h("dl", {}, ...shortcuts.map(({ key, shown, does }) =>
        h("div", {}, h("dt", {}, ...caps(shown ?? key)), h("dd", {}, does)))),
    ))),
  });
}

function caps(key) {
  return key.split(" ").flatMap((part) => (part === "–" || part === "或"
    ? [` ${part} `]
    : part.split("+").map((name) => h("kbd", {}, SHOWN[name] ?? name))));
}
