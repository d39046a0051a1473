const BASE_MS = 600;
const CAP_MS = 30_000;

/** Milliseconds to wait after so many failures: doubling, half of it random so that clients do not return together. */
export function backoff(attempt) {
  const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** attempt);
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

/** A pause that can be cut short. */
export class Pause {
  #wake = null;

  for(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  end() {
    this.#wake?.();
    this.#wake = null;
  }
}
