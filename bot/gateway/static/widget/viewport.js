// On phones the panel fills the screen: what the keyboard leaves of it. `dvh` does not follow the keyboard everywhere,
// so the visual viewport's measure is put into a style sheet of its own (no inline style).

export const FULL_SCREEN = "(max-width: 599px), (max-height: 479px)";

const LOCK = new CSSStyleSheet();
LOCK.replaceSync(`@media ${FULL_SCREEN} { html:has(anfu-chat[open]) { overflow: hidden; } }`);

export class Viewport {
  sheet = new CSSStyleSheet();
  #rule;
  #listeners = null;

  constructor() {
    this.sheet.replaceSync(".panel {}");
    this.#rule = this.sheet.cssRules[0];
  }

  start() {
    document.adoptedStyleSheets = [...new Set([...document.adoptedStyleSheets, LOCK])];
    const viewport = window.visualViewport;
    if (!viewport) return;
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    const follow = () => {
      // While zoomed in, the viewport is a magnifying glass, not the screen.
      if (viewport.scale > 1.05) return;
      this.#rule.style.setProperty("--view-height", `${viewport.height}px`);
      this.#rule.style.setProperty("--view-top", `${viewport.offsetTop}px`);
    };
    viewport.addEventListener("resize", follow, { signal });
    viewport.addEventListener("scroll", follow, { signal });
    follow();
  }

  stop() {
    this.#listeners?.abort();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== LOCK);
  }
}
