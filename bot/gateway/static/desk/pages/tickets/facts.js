// What stands on a ticket: what the customer told, what was noted, the company's own fields; each changed in its place.

import { h } from "/static/widget/dom.js";
import { icon } from "../../parts/icon.js";
import { FIELDS, PRIORITIES, USUAL, VALUES } from "./words.js";

/** What says who the customer is comes masked; whoever wants it whole says so, and that is audited. */
const TELLING = new Set(["phone", "address", "name"]);
const HIDDEN = new Set(["proposal", "custom", "merged", "merged_into", "repair_began", "repairs"]);

/**
 * `save(change)` stores {fields} | {facts} | {custom} | {priority} and throws what is refused;
 * `reveal()` gives what is masked in full. → elements
 */
export function factGroups({ ticket, custom_fields: custom, facts }, save, reveal) {
  const told = [...new Set([...(USUAL[ticket.kind] ?? []), ...Object.keys(ticket.fields)])];
  const noted = Object.entries(ticket.record).filter(([name, value]) => facts[name] && !HIDDEN.has(name) && typeof value !== "object");
  const own = ticket.record.custom ?? {};
  return [
    group("客户说的", told.filter((name) => FIELDS[name]).map((name) => {
      const shown = (value) => row(FIELDS[name], value, { long: value.length > 24 }, (text) => save({ fields: { [name]: text } }));
      const value = ticket.fields[name] ?? "";
      return TELLING.has(name) && value.includes("*") ? masked(FIELDS[name], value, async () => shown((await reveal())[name] ?? "")) : shown(value);
    })),
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

/** A masked value, and the click that puts the row with the whole one in its place. */
function masked(name, value, whole) {
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const element = h("div", { class: "fact" },
    h("dt", {}, name),
    h("dd", {}, h("span", { class: "number" }, value), " ", h(
      "button",
      {
        class: "link", type: "button", title: "查看会记入审计", "aria-label": `显示完整的${name}`,
        onclick: async () => {
          try {
            element.replaceWith(await whole());
          } catch (error) {
            fault.hidden = false;
            fault.replaceChildren(icon("warning"), h("span", {}, error.message));
          }
        },
      },
      "显示"), fault));
  return element;
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
