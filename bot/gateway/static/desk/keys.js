// Keyboard shortcuts, and the list of them behind `?`.
//
//   const off = keys.add({ key: "j", does: "下一个会话", group: "会话列表", run: () => … })
//
// `key`: one character (`t`), a named key (`Escape`, `ArrowDown`), or with modifiers (`Ctrl+/`, `Alt+1`). Keys without
// a modifier rest while something is being typed. `shown` is how the help names the key, where `key` is not enough;
// `when` says whether it counts now.

const MODIFIERS = ["Ctrl", "Alt", "Shift"];

class Keys {
  #shortcuts = new Set();

  constructor() {
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  add(...shortcuts) {
    for (const shortcut of shortcuts) this.#shortcuts.add(shortcut);
    return () => shortcuts.forEach((shortcut) => this.#shortcuts.delete(shortcut));
  }

  /** What there is now, by group: [[group, shortcuts]]. */
  get groups() {
    return [...Map.groupBy([...this.#shortcuts].filter(({ does }) => does), ({ group }) => group ?? "处处可用")];
  }

  #pressed(event) {
    // Enter that ends a word in an input method is not ours; some browsers report it only by key code 229.
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    if (document.querySelector("dialog[open]")) return;
    const pressed = nameOf(event);
    const typing = isWriting(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey;
    for (const shortcut of this.#shortcuts) {
      if (shortcut.key !== pressed || (typing && event.key !== "Escape")) continue;
      if (shortcut.when && !shortcut.when()) continue;
      event.preventDefault();
      shortcut.run(event);
      return;
    }
  }
}

function nameOf(event) {
  const held = [event.ctrlKey || event.metaKey, event.altKey, event.shiftKey && event.key.length > 1];
  // With Alt a Mac types another character; the key itself is meant.
  const key = event.altKey && /^Digit\d$/.test(event.code) ? event.code.slice(5) : event.key;
  return [...MODIFIERS.filter((_, index) => held[index]), key].join("+");
}

export function isWriting(element) {
  return element instanceof HTMLElement && element.matches("input, textarea, select, [contenteditable]")
    && !element.matches("input[type=checkbox], input[type=radio], input[type=button]");
}

export const keys = new Keys();
