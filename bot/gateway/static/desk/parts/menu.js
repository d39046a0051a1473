import { h } from "/static/widget/dom.js";
import { icon } from "./icon.js";

/**
 * A button with a menu. `items()` → [{text, hint?, icon?, dot?, checked?, disabled?, danger?, run | link} |
 * {divider: true} | {heading}]. → { element, button, open(), close() }
 */
export function menu({ label, items, class: kind = "button", icon: mark = null, text = null, align = "end" }) {
  const button = h(
    "button",
    { class: kind, type: "button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": text ? null : label, title: text ? null : label, onclick: () => (list.hidden ? open() : close()) },
    mark && icon(mark), text,
  );
  const list = h("div", { class: `menu ${align}`, role: "menu", "aria-label": label, hidden: true });
  const element = h("div", { class: "has-menu", onkeydown: pressed, onfocusout: left }, button, list);

  function open() {
    list.replaceChildren(...items().map((item) => line(item, close)));
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside, true);
    choices()[0]?.focus();
  }

  function close({ focus = true } = {}) {
    if (list.hidden) return;
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (focus) button.focus();
  }

  function choices() {
    return [...list.querySelectorAll("[role^=menuitem]:not([aria-disabled=true])")];
  }

  function pressed(event) {
    if (list.hidden) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
      return;
    }
    const all = choices();
    const here = all.indexOf(document.activeElement);
    const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    all[(next + all.length) % all.length]?.focus();
  }

  function outside(event) {
    if (!element.contains(event.target)) close({ focus: false });
  }

  function left(event) {
    if (event.relatedTarget && !element.contains(event.relatedTarget)) close({ focus: false });
  }

  return { element, button, open, close };
}

function line(item, close) {
  if (item.divider) return h("hr", {});
  if (item.heading) return h("p", { class: "menu-heading" }, item.heading);
  const checkable = item.checked !== undefined;
  const props = {
    class: `menu-item${item.danger ? " danger" : ""}`, tabindex: "-1",
    role: checkable ? "menuitemradio" : "menuitem", "aria-checked": checkable ? String(item.checked) : null,
    "aria-disabled": item.disabled ? "true" : null,
    onclick: () => {
      if (item.disabled) return;
      close();
      item.run?.();
    },
  };
  const inner = [
    item.dot && h("span", { class: `dot ${item.dot}`, "aria-hidden": "true" }),
    item.icon && icon(item.icon),
    h("span", { class: "menu-text" }, item.text, item.hint && h("small", {}, item.hint)),
    item.checked && icon("check"),
  ];
  return item.link ? h("a", { ...props, href: item.link }, ...inner) : h("button", { ...props, type: "button" }, ...inner);
}
