// Telling the person at the desk: a line on the screen, a tone, a notice of the browser.

import { h } from "/static/widget/dom.js";
import { Storage } from "/static/widget/storage.js";
import { icon } from "./parts/icon.js";
import { go } from "./router.js";

const SHOWN_MS = 6_000;
const MOST = 4;

const storage = new Storage("desk");
const stack = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
document.body.append(stack);

/**
 * A line that goes away by itself. `kind`: info, good, warning, danger; `action`: {text, run}; a danger stays until
 * it is closed.
 */
export function toast(text, { kind = "info", action = null, title = null } = {}) {
  const mark = { good: "check", warning: "warning", danger: "warning" }[kind] ?? "info";
  let timer = null;
  const remove = () => {
    clearTimeout(timer);
    line.remove();
  };
  const rest = () => clearTimeout(timer);
  const go_on = () => {
    if (kind !== "danger") timer = setTimeout(remove, SHOWN_MS);
  };
  const line = h(
    "div", { class: `toast ${kind}`, onpointerenter: rest, onpointerleave: go_on, onfocusin: rest, onfocusout: go_on },
    icon(mark),
    h("p", {}, title && h("strong", {}, title), title && " ", text),
    action && h("button", { class: "link", type: "button", onclick: () => { remove(); action.run(); } }, action.text),
    h("button", { class: "icon-button small", type: "button", "aria-label": "关闭这条提示", onclick: remove }, icon("close")),
  );
  stack.append(line);
  while (stack.childElementCount > MOST) stack.firstElementChild.remove();
  go_on();
  return remove;
}

/** News that somebody should hear of: on the screen, by ear, and by the browser when the desk is not in front. */
export function tell({ title, text, link = null, kind = "info", tone = "soft" }) {
  const open = link && (() => go(link));
  toast(text, { kind, title, action: open && { text: "查看", run: open } });
  chime(tone);
  notify({ title, text, link });
}

/** Only the browser's notice, and only where the desk is not in front. */
export function notify({ title, text, link = null }) {
  const open = link && (() => go(link));
  if (!document.hidden || permission() !== "granted") return;
  const notice = new Notification(title, { body: text, tag: link ?? title, icon: "/static/demo/mark.svg" });
  notice.onclick = () => {
    window.focus();
    open?.();
    notice.close();
  };
}

// Sound

const TONES = { soft: [[660, 0]], news: [[660, 0], [880, 0.13]], alarm: [[880, 0], [660, 0.16], [880, 0.32]] };
let audio = null;

export function isMuted() {
  return storage.read("muted") === true;
}

export function setMuted(muted) {
  storage.write("muted", muted);
  if (!muted) chime("news");
}

/** A short tone made here, no file: soft (a message), news (a conversation), alarm (a breach, an emergency). */
export function chime(name = "soft") {
  if (isMuted() || !navigator.userActivation?.hasBeenActive) return;
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
  for (const [pitch, after] of TONES[name]) {
    const begins = audio.currentTime + after;
    const voice = audio.createOscillator();
    const loudness = audio.createGain();
    voice.frequency.value = pitch;
    loudness.gain.setValueAtTime(0, begins);
    loudness.gain.linearRampToValueAtTime(0.12, begins + 0.015);
    loudness.gain.exponentialRampToValueAtTime(0.001, begins + 0.14);
    voice.connect(loudness).connect(audio.destination);
    voice.start(begins);
    voice.stop(begins + 0.16);
  }
}

// The browser's notices: asked for by a button only.

/** granted, denied, default (not asked yet), or unsupported */
export function permission() {
  return "Notification" in window ? Notification.permission : "unsupported";
}

export async function askPermission() {
  if (permission() !== "default") return permission();
  return Notification.requestPermission();
}
