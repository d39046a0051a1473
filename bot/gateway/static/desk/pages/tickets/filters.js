// What a list asks for: chips that are taken away with one click, and a row of choices to add more.

import { h } from "/static/widget/dom.js";
import { TEAMS } from "../../words.js";
import { icon } from "../../parts/icon.js";
import { menu } from "../../parts/menu.js";
import { DUES, KINDS, LEVELS, PRIORITIES, STATUSES } from "./words.js";

export const FILTERS = [
  "kind", "status", "running", "step", "team", "level", "assignee", "priority", "due", "opened_from", "opened_to", "phone",
  "attachments",
];

const NAMES = {
  kind: "类型", status: "状态", running: "进展", step: "步骤", team: "团队", level: "级别", assignee: "办理人", priority: "优先级",
  due: "到期", opened_from: "登记从", opened_to: "登记到", phone: "客户电话", attachments: "附件",
};

/** The names of a filter's values: [[value, text]]; null where any text may be typed. */
function choicesOf(name, { steps, people }) {
  return {
    kind: Object.entries(KINDS),
    status: Object.entries(STATUSES),
    running: [["true", "未办完"], ["false", "已办完"]],
    step: Object.entries(Object.assign({}, ...Object.values(steps))),
    team: Object.entries(TEAMS),
    level: Object.entries(LEVELS),
    assignee: [["@me", "我"], ["@nobody", "还没人"], ...people.map(({ name: own }) => [own, own])],
    priority: PRIORITIES.map((text, value) => [String(value), text]),
    due: Object.entries(DUES),
    attachments: [["true", "有"], ["false", "没有"]],
  }[name] ?? null;
}

/** `filters`: {name: value}; `change(filters)` is called with the new ones. */
export function filterBar({ filters, known, change }) {
  const set = (name, value) => {
    const { [name]: _, ...rest } = filters;
    change(value ? { ...rest, [name]: String(value) } : rest);
  };
  const chips = Object.entries(filters).map(([name, value]) => chip(name, value, known, () => set(name, null)));
  const adder = menu({
    label: "添加筛选", text: "筛选", icon: "filter", class: "button small", align: "start",
    items: () => FILTERS.filter((name) => !(name in filters)).map((name) => ({
      text: NAMES[name], run: () => ask(name),
    })),
  });
  const asking = h("span", { class: "asking" });
  function ask(name) {
    const choices = choicesOf(name, known);
    const control = choices
      ? h("select", { "aria-label": NAMES[name], onchange: (event) => set(name, event.target.value) },
        h("option", { value: "" }, `选${NAMES[name]}…`), ...choices.map(([value, text]) => h("option", { value }, text)))
      : h("input", {
        type: name.startsWith("opened") ? "date" : "tel", "aria-label": NAMES[name], placeholder: NAMES[name],
        onchange: (event) => set(name, event.target.value.trim()),
      });
    control.addEventListener("keydown", (event) => { if (event.key === "Escape") asking.replaceChildren(); });
    asking.replaceChildren(control);
    control.focus();
    control.showPicker?.();
  }
  return h(
    "div", { class: "filters", role: "group", "aria-label": "筛选" }, adder.element, asking, ...chips,
    chips.length > 1 && h("button", { class: "link", type: "button", onclick: () => change({}) }, "全部清除"),
  );
}

function chip(name, value, known, remove) {
  const text = (choicesOf(name, known) ?? []).find(([own]) => own === String(value))?.[1] ?? (value === "today" ? "今天" : value);
  return h(
    "span", { class: "filter-chip" }, h("span", { class: "muted" }, NAMES[name]), ` ${text}`,
    h("button", { type: "button", "aria-label": `去掉筛选：${NAMES[name]} ${text}`, onclick: remove }, icon("close")),
  );
}
