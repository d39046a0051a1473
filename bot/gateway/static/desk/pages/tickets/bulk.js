// Doing the same to many tickets: what becomes of each is asked first, then done, then told.

import { h, setText } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { toast } from "../../notices.js";
import { dialog } from "../../parts/dialog.js";
import { icon } from "../../parts/icon.js";
import { PRIORITIES } from "./words.js";

const ACTIONS = { assign: "指派", step: "推进", priority: "改优先级", note: "加备注", close: "完结" };

/** The bar under the list while tickets are chosen. `chosen()` → numbers; `done()` after something was changed. */
export function bulkBar({ chosen, known, done, clear }) {
  const count = h("strong", {});
  const form = h("span", { class: "bulk-form" });
  const element = h(
    "div", { class: "bulk", role: "region", "aria-label": "批量操作", hidden: true }, count,
    ...Object.entries(ACTIONS).map(([action, text]) => h(
      "button", { class: "button small", type: "button", onclick: () => ask(action) }, text)),
    form, h("button", { class: "link", type: "button", onclick: clear }, "取消选择"),
  );

  function ask(action) {
    const value = valueFor(action, known);
    const reason = (action === "step" || action === "close")
      && h("input", { type: "text", placeholder: "为什么（记入经过）", "aria-label": "原因", maxlength: "200", required: true });
    form.replaceChildren(h(
      "form",
      { onsubmit: (event) => { event.preventDefault(); run(action, value?.value || null, reason?.value ?? ""); } },
      value, reason, h("button", { class: "button small primary", type: "submit" }, ACTIONS[action])));
    (value || reason)?.focus();
  }

  async function run(action, value, reason) {
    const order = { numbers: chosen(), action, value: action === "priority" ? Number(value) : value, reason };
    if (action === "assign" && value === "@nobody") order.value = null;
    try {
      const trial = await api.post("/desk/tickets/bulk", { ...order, dry_run: true });
      if (trial.refused && !(await goOn(action, trial))) return;
      const told = await api.post("/desk/tickets/bulk", order);
      const text = `${ACTIONS[action]}：办成 ${told.done} 张${told.refused ? `，${told.refused} 张没办成` : ""}`;
      toast(text, { kind: told.refused ? "warning" : "good" });
      form.replaceChildren();
      done();
    } catch (error) {
      toast(error.message, { kind: "danger" });
    }
  }

  return {
    element,
    update(numbers) {
      element.hidden = numbers.length === 0;
      setText(count, `已选 ${numbers.length} 张`);
      if (!numbers.length) form.replaceChildren();
    },
  };
}

async function goOn(action, { done, results }) {
  const refused = results.filter(({ ok }) => !ok);
  return await dialog({
    title: done ? `${done} 张可以${ACTIONS[action]}，${refused.length} 张不行` : `这 ${refused.length} 张都不能${ACTIONS[action]}`,
    body: h("ul", { class: "refusals" }, ...refused.map(({ number, reason }) => h(
      "li", {}, icon("warning"), h("span", {}, h("strong", { class: "number" }, number), ` ${reason.replace(`工单 ${number} `, "")}`)))),
    actions: done ? [{ text: "先不办", value: false }, { text: `只办这 ${done} 张`, tone: "primary", value: true }] : [{ text: "知道了", value: false }],
  }) === true;
}

function valueFor(action, { people, steps }) {
  const choose = (label, options) => h(
    "select", { "aria-label": label, required: true }, h("option", { value: "" }, `选${label}…`),
    ...options.map(([value, text]) => h("option", { value }, text)));
  if (action === "assign") return choose("办理人", [["@nobody", "不指定"], ...people.map(({ name }) => [name, name])]);
  if (action === "step") return choose("步骤", Object.entries(Object.assign({}, ...Object.values(steps))));
  if (action === "priority") return choose("优先级", PRIORITIES.map((text, value) => [String(value), text]));
  if (action === "note") {
    return h("input", { type: "text", placeholder: "备注内容", "aria-label": "备注内容", maxlength: "500", required: true });
  }
  return null;
}
