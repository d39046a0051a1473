import { h, setText } from "/static/widget/dom.js";
import { icon } from "./icon.js";

let made = 0;

/**
 * A labelled field. `kind`: input (default), textarea, select (with `options`: [[value, text]]), checkbox.
 * Other properties go to the control. → { element, input, fault(text | null) }
 */
export function field({ label, hint = null, kind = "input", options = [], value = null, quiet = false, ...rest }) {
  const id = `field-${(made += 1)}`;
  const describedby = [hint && `${id}-hint`, `${id}-fault`].filter(Boolean).join(" ");
  const props = { id, "aria-describedby": describedby, ...rest };
  const input = {
    textarea: () => h("textarea", { rows: "3", ...props }),
    select: () => h("select", props, ...options.map(([own, text]) => h("option", { value: own }, text))),
    checkbox: () => h("input", { type: "checkbox", ...props }),
    input: () => h("input", { type: "text", ...props }),
  }[kind]();
  if (kind === "checkbox") input.checked = Boolean(value);
  else if (value !== null) input.value = value;
  const fault = h("p", { class: "fault", id: `${id}-fault`, role: "alert", hidden: true });
  const name = h("label", { for: id, class: quiet ? "sr" : null }, label);
  const about = hint && h("p", { class: "hint", id: `${id}-hint` }, hint);
  const element = kind === "checkbox"
    ? h("div", { class: "field check" }, input, name, about, fault)
    : h("div", { class: "field" }, name, input, about, fault);
  return {
    element,
    input,
    fault(text) {
      fault.hidden = !text;
      fault.replaceChildren(...(text ? [icon("warning"), text] : []));
      input.setAttribute("aria-invalid", String(Boolean(text)));
      if (text) input.focus();
    },
    label(text) {
      setText(name, text);
    },
  };
}
