import { h } from "/static/widget/dom.js";
import { icon } from "./icon.js";

/**
 * For rare acts and for help; daily work happens in the page itself. `actions`: [{text, tone?, value}].
 * → a promise of the chosen value, null when it was closed.
 */
export function dialog({ title, body, actions = [], wide = false }) {
  return new Promise((resolve) => {
    let answer = null;
    const element = h(
      "dialog", { class: `dialog${wide ? " wide" : ""}`, "aria-labelledby": "dialog-title", onclose: () => { element.remove(); resolve(answer); } },
      h("header", {},
        h("h2", { id: "dialog-title" }, title),
        h("button", { class: "icon-button", type: "button", "aria-label": "关闭", onclick: () => element.close() }, icon("close"))),
      h("div", { class: "dialog-body", tabindex: "-1" }, body),
      actions.length > 0 && h("footer", {}, ...actions.map(({ text, tone = "", value }) => h(
        "button", { class: `button ${tone}`, type: "button", onclick: () => { answer = value; element.close(); } }, text))),
    );
    element.addEventListener("click", (event) => { if (event.target === element) element.close(); });
    document.body.append(element);
    element.showModal();
  });
}

/** Asks before something that cannot be undone; true when the person says so. */
export async function confirm({ title, text, act, danger = true }) {
  return (await dialog({
    title, body: h("p", {}, text),
    actions: [{ text: "取消", value: false }, { text: act, tone: danger ? "danger" : "primary", value: true }],
  })) === true;
}
