// What was written and is not yet accepted: sent one after the other, kept in the browser until the server has it.

import { backoff, Pause } from "/static/widget/backoff.js";
import { newId } from "/static/widget/ids.js";
import { Storage } from "/static/widget/storage.js";
import { session } from "../../session.js";

const storage = new Storage("desk-unsent");
const SHOWN_AS_FAILED_AFTER = 2;

export class Outbox {
  entries;
  /** Whoever signs in next at this browser does not say it in their own name. */
  #key;
  #post;
  #on;
  #pause = new Pause();
  #running = false;

  /** `post(entry)` → the stored message. `on`: changed(), accepted(entry, message), unreached(entry). */
  constructor(conversationId, post, on) {
    this.#key = `${session.person.name}:${conversationId}`;
    this.#post = post;
    this.#on = on;
    this.entries = (storage.read(this.#key) ?? []).map((entry) => ({ ...entry, state: "sending", error: null }));
    if (this.entries.length) this.#flush();
  }

  /** `entry`: {kind: reply|note|whisper, text, in_spite_of?, source?} */
  add(entry) {
    this.entries.push({ ...entry, client_id: newId(), written_at: new Date().toISOString(), state: "sending", error: null });
    this.#changed();
    this.#flush();
  }

  /** The server has this one: its echo may come before the answer to our request. */
  confirm(clientId) {
    const index = this.entries.findIndex(({ client_id: id }) => id === clientId);
    if (index < 0) return;
    this.entries.splice(index, 1);
    this.#changed();
  }

  /** Tries again what failed. */
  retry(clientId) {
    for (const entry of this.entries) {
      if (!clientId || entry.client_id === clientId) Object.assign(entry, { state: "sending", error: null });
    }
    this.#changed();
    this.#pause.end();
    this.#flush();
  }

  /** Takes one back that was refused; returns it. */
  withdraw(clientId) {
    const entry = this.entries.find(({ client_id: id }) => id === clientId);
    this.confirm(clientId);
    return entry;
  }

  hurry() {
    this.#pause.end();
  }

  async #flush() {
    if (this.#running) return;
    this.#running = true;
    let entry;
    while ((entry = this.entries.find(({ state }) => state !== "rejected"))) await this.#deliver(entry);
    this.#running = false;
  }

  async #deliver(entry) {
    for (let failures = 0; this.entries.includes(entry); failures += 1) {
      try {
        this.#on.accepted(entry, await this.#post(entry));
        this.confirm(entry.client_id);
        return;
      } catch (error) {
        if (error.code === "out_of_reach") {
          this.confirm(entry.client_id);
          this.#on.unreached(entry);
          return;
        }
        // An ended session is no refusal: after signing in again it goes out.
        if (!error.mayPass && error.status !== 401) {
          Object.assign(entry, { state: "rejected", error: error.message });
          this.#changed();
          return;
        }
        if (!error.retryAfter && (failures + 1 >= SHOWN_AS_FAILED_AFTER || !navigator.onLine)) {
          Object.assign(entry, { state: "failed", error: error.message });
          this.#changed();
        }
        await this.#pause.for(error.retryAfter ?? backoff(failures));
      }
    }
  }

  #changed() {
    const kept = this.entries.filter(({ state }) => state !== "rejected");
    storage.write(this.#key, kept.length ? kept.map(({ state, error, ...entry }) => entry) : null);
    this.#on.changed();
  }
}
