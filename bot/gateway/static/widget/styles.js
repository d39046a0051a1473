// The widget's style sheets as constructable ones: they need no inline style, so they pass the strictest CSP.

import { backoff } from "./backoff.js";

const ADDRESSES = ["../tokens.css", "./widget.css"].map((path) => new URL(path, import.meta.url));

let sheets = null;

export function loadStyles() {
  sheets ??= Promise.all(ADDRESSES.map(loadSheet));
  return sheets;
}

async function loadSheet(address) {
  for (let failures = 0; ; failures += 1) {
    try {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${address} answered ${response.status}`);
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(await response.text());
      return sheet;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, backoff(failures)));
    }
  }
}
