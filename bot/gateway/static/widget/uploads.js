// Files on their way to the server: shown at once, counted while they go, kept with what went wrong. A reload forgets
// those that have not arrived.

import { newId } from "./ids.js";

const MOST_BYTES = 10 * 1024 * 1024;
const TYPES = ["image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf", "text/plain"];

export const ACCEPTED = TYPES.join(",");

export class Uploads {
  /** {client_id, name, picture (address of a preview, or null), at, afterSeq, done (0 to 1), error, stopping}. */
  entries = [];
  #post;
  #changed;

  /** `post(entry, told)` uploads and calls `told(done)` on the way. */
  constructor(post, changed) {
    this.#post = post;
    this.#changed = changed;
  }

  add(file, afterSeq) {
    const entry = {
      client_id: newId(), file, name: file.name, at: new Date(), afterSeq, done: 0, problem: problemWith(file),
      error: null, stopping: new AbortController(), picture: file.type.startsWith("image/") ? URL.createObjectURL(file) : null,
    };
    this.entries.push(entry);
    this.#changed();
    if (!entry.problem) this.#send(entry);
  }

  retry(entry) {
    Object.assign(entry, { done: 0, error: null, problem: null, stopping: new AbortController() });
    this.#changed();
    this.#send(entry);
  }

  /** Takes one away; what is on its way is stopped. */
  remove(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    entry.stopping.abort();
    if (entry.picture) URL.revokeObjectURL(entry.picture);
    this.#changed();
  }

  /** The server has it: its message stands in the conversation now. */
  confirm(clientId) {
    const entry = this.entries.find(({ client_id }) => client_id === clientId);
    if (entry) this.remove(entry);
  }

  stop() {
    for (const { picture, stopping } of this.entries) {
      stopping.abort();
      if (picture) URL.revokeObjectURL(picture);
    }
    this.entries = [];
  }

  async #send(entry) {
    try {
      await this.#post(entry, (done) => {
        entry.done = done;
        this.#changed();
      });
      entry.done = 1;
    } catch (error) {
      entry.error = error.message || null;
      entry.problem = "uploadFailed";
    }
    this.#changed();
  }
}

/** The name of the words that say why a file cannot be sent, or null. */
export function problemWith(file) {
  if (file.size > MOST_BYTES) return "tooBig";
  if (!file.size) return "emptyFile";
  return TYPES.includes(file.type) ? null : "wrongType";
}
