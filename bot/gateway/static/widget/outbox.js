// Messages written but not yet accepted by the server: sent one after the other, in order, until they are.

import { backoff, Pause } from "./backoff.js";
import { newId } from "./ids.js";

const SHOWN_AS_FAILED_AFTER = 2;

export class Outbox {
  #storage;
  #post;
  #on;
  #entries;
  #pause = new Pause();
  #running = false;

  /** `post(entry)` → {message_id, seq}. `on`: changed(), accepted(entry, answer). */
  constructor(storage, post, on) {
    this.#storage = storage;
    this.#post = post;
    this.#on = on;
    this.#entries = (storage.read("unsent") ?? []).map((entry) => ({ ...entry, state: "sending" }));
  }

  /** Entries in the order they were written; `state` is sending, waiting (the server has asked to come again later),
   * failed (retried by itself) or rejected (not). */
  get entries() {
    return this.#entries;
  }

  add(text, afterSeq) {
    this.#entries.push({
      client_id: newId(), text, written_at: new Date().toISOString(), state: "sending", error: null, afterSeq,
    });
    this.#changed();
    this.flush();
  }

  /** The server has this one (its echo may come before the answer to our request). */
  confirm(clientId) {
    const index = this.#entries.findIndex((entry) => entry.client_id === clientId);
    if (index < 0) return;
    this.#entries.splice(index, 1);
    this.#changed();
  }

  /** The customer asks to try again, or the network is back. */
  retry() {
    for (const entry of this.#entries) Object.assign(entry, { state: "sending", error: null });
    this.#changed();
    this.#pause.end();
    this.flush();
  }

  /** Tries again now without saying so. */
  hurry() {
    this.#pause.end();
  }

  /** Forgets what is unsent, here but not in the storage: another outbox will take it over. */
  stop() {
    this.#entries = [];
    this.#pause.end();
  }

  async flush() {
    if (this.#running) return;
    this.#running = true;
    let entry;
    while ((entry = this.#entries.find(({ state }) => state !== "rejected"))) await this.#deliver(entry);
    this.#running = false;
  }

  async #deliver(entry) {
    for (let failures = 0; this.#entries.includes(entry); failures += 1) {
      try {
        const answer = await this.#post(entry);
        this.#on.accepted(entry, answer);
        this.confirm(entry.client_id);
        return;
      } catch (error) {
        if (error.permanent) {
          Object.assign(entry, { state: "rejected", error: error.message || null });
          this.#changed();
          return;
        }
        const retryAfter = error.retryAfter ?? null;
        if (retryAfter !== null) {
          entry.state = "waiting";
          this.#changed();
        } else if (failures + 1 >= SHOWN_AS_FAILED_AFTER || !navigator.onLine) {
          entry.state = "failed";
          this.#changed();
        }
        await this.#pause.for(retryAfter ?? backoff(failures));
      }
    }
  }

  #changed() {
    const kept = this.#entries.filter(({ state }) => state !== "rejected");
    this.#storage.write("unsent", kept.length ? kept : null);
    this.#on.changed();
  }
}
