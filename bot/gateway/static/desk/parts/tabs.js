import { h } from "/static/widget/dom.js";

/**
 * A row of tabs over one panel. `items`: [{key, title, count?}]; `choose(key)` is called at each choice.
 * → { element, panel, select(key), setCounts({key: number}) }
 */
export function tabs({ label, items, selected, choose, id }) {
  const panel = h("div", { class: "tab-panel", role: "tabpanel", id: `${id}-panel`, tabindex: "-1" });
  const buttons = new Map(items.map(({ key, title, count }) => [key, h(
    "button",
    { class: "tab", type: "button", role: "tab", id: `${id}-${key}`, "aria-controls": `${id}-panel`, onclick: () => select(key) },
    h("span", {}, title), h("span", { class: "count" }, count ?? ""),
  )]));
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": label, onkeydown: pressed }, ...buttons.values());

  function mark(key) {
    for (const [own, button] of buttons) {
      button.setAttribute("aria-selected", String(own === key));
      button.tabIndex = own === key ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", `${id}-${key}`);
  }

  function select(key) {
    mark(key);
    choose(key);
  }

  function pressed(event) {
    const keys = [...buttons.keys()];
    const here = keys.findIndex((key) => buttons.get(key) === document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || here < 0) return;
    event.preventDefault();
    const next = keys[(here + step + keys.length) % keys.length];
    buttons.get(next).focus();
    select(next);
  }

  mark(selected ?? items[0].key);
  return {
    element: list,
    panel,
    select,
    mark,
    setCounts(counts) {
      for (const [key, button] of buttons) button.querySelector(".count").textContent = counts[key] || "";
    },
  };
}
