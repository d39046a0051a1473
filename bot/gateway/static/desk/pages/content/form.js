// The forms in the middle: the sentences of a script, the fields of an article; findings stand under their line.

import { h } from "/static/widget/dom.js";
import { field } from "../../parts/field.js";
import { icon } from "../../parts/icon.js";
import { FIELDS } from "./words.js";

const MOST_REPETITIONS = 6;

/** Grows with its text; `place` is where findings about it point to. */
function sentence({ value, place, label, changed, rows = 2 }) {
  const input = h("textarea", { rows: String(rows), "aria-label": label, spellcheck: "false", oninput: () => { grow(input); changed(); } });
  input.value = value;
  const faults = h("div", { class: "faults", "data-place": place, "aria-live": "polite" });
  requestAnimationFrame(() => grow(input));
  return { input, element: h("div", { class: "sentence" }, input, faults) };
}

function grow(input) {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + 2}px`;
}

/** Writes what was found under the line that it is about; what belongs to no line goes to the top. */
export function showFindings(form, findings) {
  const places = new Map([...form.querySelectorAll("[data-place]")].map((element) => [element.dataset.place, element]));
  for (const element of places.values()) element.replaceChildren();
  for (const { text, place, blocks } of findings) {
    const element = places.get(place) ?? places.get(place.replace(/\.\d+$/, "")) ?? places.get("");
    element.append(h("p", { class: blocks ? "finding blocks" : "finding" }, icon(blocks ? "warning" : "info"),
      h("span", { class: "sr" }, blocks ? "要改：" : "建议："), text));
  }
}

/** `entry` is the server's; `changed()` is called at each change. → { element, body() } */
export function scriptForm(entry, body, changed, frozen) {
  let cases = structuredClone(body.cases);
  const buttons = structuredClone(body.buttons ?? []);
  const groups = h("div", { class: "cases" });
  let last = null;

  function draw() {
    groups.replaceChildren(...cases.map(group));
  }

  function group(own, number) {
    const general = number === cases.length - 1;
    const head = general
      ? h("h3", {}, cases.length > 1 ? "其余的时候" : "这样说")
      : h("div", { class: "when" }, mood(own), times(own));
    return h(
      "section", { class: "case", "aria-label": `第 ${number + 1} 组` },
      h("header", {}, head, !general && !frozen && tools(number)),
      h("div", { class: "faults", "data-place": `cases.${number}` }),
      ...own.say.map((text, position) => line(own, number, text, position)),
      !frozen && h("button", { class: "button quiet small", type: "button", onclick: () => { own.say.push(""); redraw(number, own.say.length - 1); } }, icon("plus"), "加一句"));
  }

  function line(own, number, text, position) {
    const { input, element } = sentence({
      value: text, place: `cases.${number}.say.${position}`, label: `第 ${number + 1} 组第 ${position + 1} 句`,
      changed: () => { own.say[position] = input.value; changed(); },
    });
    input.disabled = frozen;
    input.dataset.line = `${number}.${position}`;
    input.addEventListener("focus", () => { last = input; });
    if (!frozen && own.say.length > 1) {
      element.append(h("button", { class: "icon-button small remove", type: "button", title: "删去这一句", "aria-label": `删去第 ${position + 1} 句`, onclick: () => { own.say.splice(position, 1); redraw(number, Math.max(position - 1, 0)); } }, icon("trash")));
    }
    return element;
  }

  function mood(own) {
    const select = h("select", { "aria-label": "客户的情绪", disabled: frozen, onchange: () => { own.when = { ...own.when, emotion: select.value }; changed(); } },
      ...entry.moods.map(({ emotion, name }) => h("option", { value: emotion }, emotion === "calm" ? "不分情绪" : `客户${name}时`)));
    select.value = own.when?.emotion ?? "calm";
    return select;
  }

  function times(own) {
    const select = h("select", { "aria-label": "说过几次", disabled: frozen, onchange: () => { own.when = { ...own.when, repetition: Number(select.value) }; changed(); } },
      ...Array.from({ length: Math.max(MOST_REPETITIONS, own.when?.repetition ?? 0) + 1 }, (_, count) => h("option", { value: String(count) }, count ? `第 ${count + 1} 次起` : "不分第几次")));
    select.value = String(own.when?.repetition ?? 0);
    return select;
  }

  function tools(number) {
    const up = number > 0 && h("button", { class: "icon-button small", type: "button", title: "排到前面：先符合的先说", "aria-label": "排到前面", onclick: () => { [cases[number - 1], cases[number]] = [cases[number], cases[number - 1]]; redraw(number - 1, 0); } }, icon("left"));
    const remove = h("button", { class: "icon-button small", type: "button", title: "删去这一组", "aria-label": "删去这一组", onclick: () => { cases.splice(number, 1); redraw(0, 0); } }, icon("trash"));
    return h("div", { class: "case-tools" }, up, remove);
  }

  function redraw(number, position) {
    draw();
    groups.querySelector(`[data-line="${number}.${position}"]`)?.focus();
    changed();
  }

  function insert(name) {
    const input = last?.isConnected ? last : groups.querySelector("textarea");
    if (!input) return;
    input.focus();
    input.setRangeText(`{${name}}`, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  draw();
  const element = h(
    "form", { class: "form", onsubmit: (event) => event.preventDefault() },
    entry.variables.length > 0 && !frozen && h("div", { class: "variables", role: "toolbar", "aria-label": "插入变量" },
      h("span", { class: "fine" }, "插入"),
      ...entry.variables.map(({ key, name, example }) => h(
        "button", { class: "chip", type: "button", title: `{${key}}，例如：${example}`, onpointerdown: (event) => event.preventDefault(), onclick: () => insert(key) }, name))),
    h("div", { class: "faults", "data-place": "" }),
    groups,
    !frozen && h("button", { class: "button quiet", type: "button", onclick: () => { cases = [{ when: { emotion: "angry" }, say: [""] }, ...cases]; redraw(0, 0); } }, icon("plus"), "为某种情况另写一组"),
    buttons.length > 0 && h("section", { class: "case", "aria-label": "按钮" },
      h("header", {}, h("h3", {}, "按钮上的字")),
      h("div", { class: "faults", "data-place": "buttons" }),
      h("div", { class: "button-names" }, ...buttons.map((button) => {
        const input = h("input", { type: "text", "aria-label": `按钮“${button.payload}”上的字`, title: `点了就等于说：${button.payload}`, disabled: frozen, oninput: () => { button.title = input.value; changed(); } });
        input.value = button.title;
        return input;
      }))));
  return { element, body: () => ({ ...body, cases, ...(buttons.length ? { buttons } : {}) }) };
}

export function articleForm(entry, body, changed, frozen) {
  const fields = FIELDS.map(({ key, label, hint, kind }) => {
    const value = kind === "lines" ? (body[key] ?? []).join("\n") : body[key] ?? "";
    const made = field({
      label, hint, kind: ["lines", "text"].includes(kind) ? "textarea" : "input", value,
      ...(kind === "day" ? { type: "date" } : {}), ...(kind === "lines" && key !== "questions" ? { rows: "1" } : {}),
      disabled: frozen, oninput: (event) => { if (event.target.matches("textarea")) grow(event.target); changed(); },
    });
    if (made.input.matches("textarea")) requestAnimationFrame(() => grow(made.input));
    made.element.append(h("div", { class: "faults", "data-place": key, "aria-live": "polite" }));
    if (kind === "day") made.element.classList.add("half");
    return { key, kind, made };
  });
  const element = h(
    "form", { class: "form article", onsubmit: (event) => event.preventDefault() },
    h("div", { class: "faults", "data-place": "" }), ...fields.map(({ made }) => made.element));
  return {
    element,
    body: () => Object.fromEntries(fields.map(({ key, kind, made }) => [
      key, kind === "lines" ? made.input.value.split("\n").map((text) => text.trim()).filter(Boolean) : made.input.value || (kind === "day" ? null : ""),
    ])),
  };
}
