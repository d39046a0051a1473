// Keeps one conversation's messages flowing: WebSocket first, long poll when it will not open, always resuming after
// the last message seen.

import { backoff, Pause } from "./backoff.js";

const SOCKET_TRIES = 2;
const OPEN_WITHIN_MS = 8_000;
const STEADY_AFTER_MS = 5_000;
const HOLD_SECONDS = 25;
const POLL_BEFORE_SOCKET_MS = 60_000;
const STALE_AFTER_HIDDEN_MS = 30_000;

export class Connection {
  #api;
  #conversation;
  #on;
  #pause = new Pause();
  #listeners = new AbortController();
  #stopped = false;
  #fresh = false;
  #dropChannel = null;
  #socket = null;
  #hiddenAt = 0;

  /** `on`: after() → last seq seen, frame(frame), state("connecting" | "online" | "offline"), refused(). */
  constructor(api, conversation, on) {
    this.#api = api;
    this.#conversation = conversation;
    this.#on = on;
  }

  start() {
    const { signal } = this.#listeners;
    addEventListener("online", () => this.restart(), { signal });
    addEventListener("offline", () => this.#lost(), { signal });
    document.addEventListener("visibilitychange", () => this.#visibilityChanged(), { signal });
    this.#run();
  }

  stop() {
    this.#stopped = true;
    this.#listeners.abort();
    this.#dropChannel?.();
    this.#pause.end();
  }

  /** Leaves the present channel, which may be dead without knowing it, and connects again at once. */
  restart() {
    this.#fresh = true;
    this.#dropChannel?.();
    this.#pause.end();
  }

  /** Tells that the customer is typing; `text` is shown to people at the desk. */
  sendTyping(text) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "typing", text }));
  }

  #lost() {
    this.#on.state("offline");
    this.#dropChannel?.();
  }

  #visibilityChanged() {
    if (document.hidden) this.#hiddenAt = Date.now();
    else if (Date.now() - this.#hiddenAt > STALE_AFTER_HIDDEN_MS) this.restart();
    else this.#pause.end();
  }

  async #run() {
    let failures = 0;
    let socketFailures = 0;
    while (!this.#stopped) {
      try {
        if (socketFailures < SOCKET_TRIES) {
          const openFor = await this.#viaSocket();
          if (openFor >= STEADY_AFTER_MS) {
            failures = socketFailures = 0;
          } else if (!this.#stopped && !this.#fresh) {
            socketFailures += 1;
            // A browser does not say why a socket failed; the same question over HTTP tells a refused token from a
            // lost network, and brings the messages meanwhile.
            await this.#fetch(0);
          }
        } else {
          await this.#viaPolling();
          failures = 0;
          socketFailures = SOCKET_TRIES - 1;
          continue;
        }
      } catch (error) {
        if (this.#stopped) return;
        if (error.refused) {
          this.stop();
          this.#on.refused();
          return;
        }
        if (!this.#fresh) this.#on.state("offline");
      }
      if (this.#fresh) {
        this.#fresh = false;
        failures = socketFailures = 0;
      } else if (!this.#stopped) {
        await this.#pause.for(backoff(failures));
        failures += 1;
      }
    }
  }

  /** Resolves when the socket is gone, with how many milliseconds it had been open (0: never). */
  #viaSocket() {
    return new Promise((resolve) => {
      let socket;
      try {
        socket = this.#api.socket(this.#conversation, this.#on.after());
      } catch {
        resolve(0);
        return;
      }
      let openedAt = 0;
      const ended = () => {
        clearTimeout(timer);
        socket.onopen = socket.onmessage = socket.onclose = null;
        this.#socket = this.#dropChannel = null;
        resolve(openedAt && Date.now() - openedAt);
      };
      // Closing a socket on a dead network takes long to be reported, so it is not waited for.
      this.#dropChannel = () => {
        socket.close();
        ended();
      };
      const timer = setTimeout(this.#dropChannel, OPEN_WITHIN_MS);
      this.#socket = socket;
      socket.onopen = () => {
        clearTimeout(timer);
        openedAt = Date.now();
        this.#on.state("online");
      };
      socket.onmessage = ({ data }) => this.#on.frame(JSON.parse(data));
      socket.onclose = ended;
    });
  }

  async #viaPolling() {
    const until = Date.now() + POLL_BEFORE_SOCKET_MS;
    let wait = 0;
    while (!this.#stopped && !this.#fresh && Date.now() < until) {
      await this.#fetch(wait);
      wait = HOLD_SECONDS;
    }
  }

  async #fetch(wait) {
    const stop = new AbortController();
    this.#dropChannel = () => stop.abort();
    try {
      const frame = await this.#api.fetchAfter(this.#conversation, this.#on.after(), wait, stop.signal);
      if (this.#stopped) return;
      this.#on.state("online");
      this.#on.frame(frame);
    } finally {
      this.#dropChannel = null;
    }
  }
}
