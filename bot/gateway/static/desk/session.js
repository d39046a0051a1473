// Who sits here. `session.person` is the person or null; they still sit here when the session has ended by itself, and
// may sign in again. `session.may("supervisor")` asks for a level.

import { api } from "./api.js";

const LEVELS = ["agent", "supervisor", "manager"];

class Session {
  person = null;
  /** Who sat here since the page was loaded. */
  #former = null;
  #listeners = new Set();

  /** `listener(person, how)` is called at each change; returns how to stop. */
  on(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether the person's role reaches the level; an administrator runs the system: "admin" is theirs alone. */
  may(level) {
    const role = this.person?.role;
    if (!role) return false;
    if (level === "any") return true;
    if (role === "admin" || level === "admin") return role === level;
    return LEVELS.indexOf(role) >= LEVELS.indexOf(level);
  }

  /** Asks the server who this is. */
  async load() {
    try {
      this.#set(await api.get("/session"));
    } catch (error) {
      if (error.status === 401) return;
      this.#set(null, "unreachable");
    }
  }

  /** The socket was refused or shut: is this still somebody's session? A 401 says so by itself. */
  async check() {
    try {
      this.#set(await api.get("/session"));
    } catch {
      // Nobody answered: the line is being mended.
    }
  }

  /** Takes the answer of `POST /session`; throws what the server refuses. */
  async signIn(name, password, code) {
    const answer = await api.post("/session", { name, password, ...(code ? { code } : {}) });
    if (this.#former && this.#former !== name) {
      // Somebody else sits down: nothing of the former person's stays on the screen, or goes out in the new name.
      location.assign("/desk");
      return;
    }
    api.csrf = answer.csrf ?? null;
    this.#set(answer.name ? answer : await api.get("/session"));
  }

  async signOut() {
    try {
      await api.delete("/session");
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    this.#set(null, "left");
  }

  async setPresence(state) {
    await api.put("/presence", { state });
    this.person = { ...this.person, presence: state };
    this.#tell();
  }

  /** The server no longer knows us, or never did. */
  ended() {
    this.#tell(this.person && "ended");
  }

  #set(person, how = null) {
    this.person = person;
    if (person) {
      this.#former = person.name;
      api.csrf = person.csrf ?? api.csrf;
    }
    this.#tell(how);
  }

  #tell(how = null) {
    for (const listener of this.#listeners) listener(this.person, how);
  }
}

export const session = new Session();

api.onSignedOut = () => session.ended();
