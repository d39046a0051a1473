// What stands on a ticket: what the customer told, what was noted, the company's own fields; each changed in its place.

import { h } from "/static/widget/dom.js";
import { icon } from "../../parts/icon.js";
import { FIELDS, PRIORITIES, USUAL, VALUES } from "./words.js";

const HIDDEN = new Set(["proposal", "custom", "merged", "merged_into", "repair_began", "repairs"]);

/**
 * `save(change)` stores {fields} | {facts} | {custom} | {priority} and throws what is refused. → elements
 */
export function factGroups({ ticket, custom_fields: custom, facts }, save) {
  const told = [...new Set([...(USUAL[ticket.kind] ?? []), ...Object.keys(ticket.fields)])];
  const noted = Object.entries(ticket.record).filter(([name, value]) => facts[name] && !HIDDEN.has(name) && typeof value !== "object");
  const own = ticket.record.custom ?? {};
  return [
    group("客户说的", told.filter((name) => FIELDS[name]).map((name) => row(
      FIELDS[name], ticket.fields[name] ?? "", { long: (ticket.fields[name] ?? "").length > 24 },
      (value) => save({ fields: { [name]: value } })))),
    noted.length > 0 && group("登记的", noted.map(([name, value]) => row(
      facts[name].name, String(value), controlOfFact(facts[name], String(value)), (text) => save({ facts: { [name]: text } })))),
    custom.length > 0 && group("自定义项", custom.map((field) => row(
      field.name, own[field.id] ?? "", controlOf(field), (value) => save({ custom: { [field.id]: value } })))),
    group("安排", [row("优先级", String(ticket.priority), {
      options: PRIORITIES.map((text, value) => [String(value), text]),
    }, (value) => save({ priority: Number(value) }))]),
  ].filter(Boolean);
}

function group(title, rows) {
  return h("section", { class: "facts" }, h("h3", {}, title), h("dl", {}, ...rows));
}

function controlOfFact({ values }, value) {
  if (values.length) return { options: values.map((own) => [own, VALUES[own] ?? own]) };
  return { long: String(value).length > 24 };
}

function controlOf({ kind, values }) {
  if (kind === "choice") return { options: [["", "（空）"], ...values.map((value) => [value, value])] };
  if (kind === "flag") return { options: [["", "（空）"], ["是", "是"], ["否", "否"]] };
  return { type: { date: "date", number: "number" }[kind] ?? "text" };
}

function row(name, value, { options = null, type = "text", long = false } = {}, store) {
  const shown = options?.find(([own]) => own === value)?.[1] ?? value;
  const element = h("div", { class: "fact" });
  const draw = () => element.replaceChildren(
    h("dt", {}, name),
    h("dd", {}, h(
      "button", { class: "value", type: "button", title: `修改${name}`, "aria-label": `修改${name}：${shown || "还没有填"}`, onclick: edit },
      h("span", { class: shown ? null : "muted" }, shown || "没有填"), icon("edit"))));

  function edit() {
    const input = options
      ? h("select", { "aria-label": name }, ...options.map(([own, text]) => h("option", { value: own }, text)))
      : long ? h("textarea", { "aria-label": name, rows: "3", maxlength: "300" })
        : h("input", { type, "aria-label": name, maxlength: "300", step: type === "number" ? "any" : null });
    input.value = value;
    const fault = h("p", { class: "fault", role: "alert", hidden: true });
    const form = h(
      "form",
      {
        onsubmit: async (event) => {
          event.preventDefault();
          try {
            fault.hidden = true;
            await store(input.value.trim());
          } catch (error) {
            fault.hidden = false;
            fault.replaceChildren(icon("warning"), h("span", {}, error.message, error.status === 409 && "。再点一次“保存”就以您写的为准。"));
            input.focus();
          }
        },
        onkeydown: (event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          draw();
          element.querySelector("button").focus();
        },
      },
      input, fault,
      h("span", { class: "form-actions" },
        h("button", { class: "button small primary", type: "submit" }, "保存"),
        h("button", { class: "button small quiet", type: "button", onclick: draw }, "取消")));
    element.replaceChildren(h("dt", {}, name), h("dd", {}, form));
    input.focus();
  }

  draw();
  return element;
}
