// The bar of a customer who waits for a person: the place, the time, and the ways out of waiting (F5, F7).

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

/** What the bar's chips say to the server; messages offer the same. */
export const WAYS_OUT = ["继续和小安聊", "给我回电话"];

export class QueueBar {
  element;
  #words;
  #text;

  /** `choose(text)` says what a chip stands for. */
  constructor(words, choose) {
    this.#words = words;
    this.#text = h("span");
    const chips = WAYS_OUT.map((payload, place) =>
      h("button", { class: "chip", type: "button", onclick: () => choose(payload) }, words.queueChips[place]));
    this.element = h(
      "section", { class: "queue-bar", "aria-label": words.queue, hidden: true },
      h("p", { role: "status" }, icon("clock"), this.#text),
      h("div", { class: "chips" }, ...chips),
    );
  }

  /** `queue`: {position, estimated_seconds, opens_at}, or null while the place is not known. */
  update(owner, queue) {
    this.element.hidden = owner !== "queued";
    if (owner === "queued") setText(this.#text, placeInWords(queue, this.#words));
  }
}

/** 「前面还有 2 位，大约 3 分钟」. */
export function placeInWords(queue, words) {
  if (!queue) return words.queued;
  const ahead = queue.position - 1;
  const place = ahead > 0 ? words.ahead(ahead) : words.youAreNext;
  if (queue.opens_at) return `${place}${words.comma}${words.opensAt(whenOf(queue.opens_at, words))}`;
  const minutes = Math.max(1, Math.round((queue.estimated_seconds ?? 0) / 60));
  return ahead > 0 && queue.estimated_seconds !== null ? `${place}${words.comma}${words.aboutMinutes(minutes)}` : place;
}

/** 「明天 09:00」, as it is with the shop. */
function whenOf(moment, words) {
  const options = { timeZone: "Asia/Shanghai" };
  const at = new Date(moment);
  const hour = at.toLocaleTimeString("zh-CN", { ...options, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = (date) => date.toLocaleDateString("zh-CN", { ...options, month: "long", day: "numeric" });
  if (day(at) === day(new Date())) return hour;
  return `${day(at) === day(new Date(Date.now() + 86_400_000)) ? words.tomorrow : day(at)} ${hour}`;
}
