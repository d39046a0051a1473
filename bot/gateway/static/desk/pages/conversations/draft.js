// What is half written: kept in the browser at each keystroke, and at the server a moment later, for any other
// browser of the same person.

import { Storage } from "/static/widget/storage.js";
import { api } from "../../api.js";
import { session } from "../../session.js";

const storage = new Storage("desk-draft");
const SAVE_AFTER_MS = 800;

export class Draft {
  state = "saved";
  #id;
  /** Whoever signs in next at this browser finds nothing of it. */
  #key;
  #changed;
  #timer = null;

  /** `changed(state)`: saving, saved, or local (the server could not be reached). */
  constructor(conversationId, changed) {
    this.#id = conversationId;
    this.#key = `${session.person.name}:${conversationId}`;
    this.#changed = changed;
  }

  /** The text to begin with: what was written here last, unless another browser has written since. */
  begin(atServer) {
    const own = storage.read(this.#key);
    if (!own) return atServer ?? "";
    if (own.saved && atServer !== null && atServer !== undefined) return atServer;
    if (own.text) this.#plan(own.text);
    return own.text;
  }

  write(text) {
    storage.write(this.#key, { text, saved: false });
    this.#show("saving");
    this.#plan(text);
  }

  /** It was sent. */
  clear() {
    storage.write(this.#key, null);
    this.#plan("");
  }

  #plan(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(text), SAVE_AFTER_MS);
  }

  async #save(text) {
    try {
      await api.put(`/desk/conversations/${this.#id}/draft`, { text });
      const own = storage.read(this.#key);
      if (own && own.text === text) storage.write(this.#key, text ? { text, saved: true } : null);
      this.#show("saved");
    } catch (error) {
      this.#show("local");
      if (error.mayPass) this.#timer = setTimeout(() => this.#save(text), 10 * SAVE_AFTER_MS);
    }
  }

  #show(state) {
    this.state = state;
    this.#changed(state);
  }
}
