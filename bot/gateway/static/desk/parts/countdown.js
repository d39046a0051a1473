// Promises that run out. One timer for all of them; each writes only when its text changes.

import { h, setText } from "/static/widget/dom.js";
import { clock, duration, exactly, now } from "../format.js";

const SOON_MS = 60 * 60_000;
const running = new Set();
let timer = null;

/** How a moment that something is due at is told: {state: calm|soon|late, text}. `soon`: from how near, in ms. */
export function standing(due, { soon = SOON_MS, brief = false } = {}) {
  const left = new Date(due).getTime() - now();
  if (left < 0) return { state: "late", text: brief ? `超时 ${duration(-left)}` : `已超时 ${duration(-left)}` };
  return { state: left < soon ? "soon" : "calm", text: `${brief ? "剩" : "还剩"} ${duration(left)}` };
}

/** A live countdown to `due`; words say what the colour says. */
export function countdown(due, options = {}) {
  const element = h("time", { class: "countdown", datetime: new Date(due).toISOString(), title: `${exactly(due)} 到期` });
  const tick = () => {
    const { state, text } = standing(due, options);
    if (element.dataset.state !== state) element.dataset.state = state;
    setText(element, text);
  };
  tick();
  running.add({ element: new WeakRef(element), tick });
  timer ??= setInterval(tickAll, 1000);
  return element;
}

function tickAll() {
  for (const one of running) {
    const element = one.element.deref();
    if (!element) running.delete(one);
    else if (element.isConnected) one.tick();
  }
  if (running.size) return;
  clearInterval(timer);
  timer = null;
}

/** A moment, for humans: `14:05` with the whole date as title. */
export function moment(iso) {
  return h("time", { datetime: iso, title: exactly(iso) }, clock(iso));
}
