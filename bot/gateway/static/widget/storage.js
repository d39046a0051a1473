// What outlives a reload. Sites may forbid storage; then the chat lives as long as the page.

export class Storage {
  #prefix;
  /** Only what could not be written. */
  #memory = new Map();

  constructor(host) {
    this.#prefix = `anfu:${host}:`;
  }

  read(name) {
    if (this.#memory.has(name)) return this.#memory.get(name);
    try {
      return JSON.parse(localStorage.getItem(this.#prefix + name));
    } catch {
      return null;
    }
  }

  write(name, value) {
    try {
      if (value === null) localStorage.removeItem(this.#prefix + name);
      else localStorage.setItem(this.#prefix + name, JSON.stringify(value));
      this.#memory.delete(name);
    } catch {
      this.#memory.set(name, value);
    }
  }

  /** Calls back when another tab changes `name`; returns how to stop. */
  watch(name, callback) {
    const listener = (event) => {
      if (event.key === this.#prefix + name) callback();
    };
    addEventListener("storage", listener);
    return () => removeEventListener("storage", listener);
  }

  /** Runs `work` in one tab at a time where the browser can tell. */
  exclusively(work) {
    return navigator.locks ? navigator.locks.request(`${this.#prefix}lock`, work) : work();
  }
}
