import { h } from "/static/widget/dom.js";
import { icon } from "./icon.js";

/** Who: a person's first character, or a picture for the bot and the system. The name stands beside it. */
export function avatar(name, { kind = "person", presence = null, size = "" } = {}) {
  const picture = { bot: "bot", system: "info" }[kind];
  return h(
    "span", { class: `avatar ${kind} ${size}`, "aria-hidden": "true" },
    picture ? icon(picture) : initial(name),
    presence && h("i", { class: `dot ${presence}` }),
  );
}

/** 王小明 → 明, 访客 1a2b → 访, alice → A */
function initial(name) {
  const given = String(name ?? "").trim();
  if (!given) return "客";
  if (/^[\u4e00-\u9fff]{2,4}$/.test(given)) return given.at(-1);
  return [...given][0].toUpperCase();
}
