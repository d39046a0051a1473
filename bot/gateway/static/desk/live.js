// The desk's one socket. Frames are handed out together once per animation frame, so that a burst of changes costs
// one layout; listeners should note what changed and draw in their own next frame.
//
//   live.on("messages", (frame) => …) → a function that stops it
//   live.on("state", …)   connecting | online | offline
//   live.on("refused", …) it was not let in, maybe because the session is over
//   live.on("resync", …)  the line was broken: what happened meanwhile must be asked for again

import { backoff, Pause } from "/static/widget/backoff.js";
import { hearServerTime } from "./format.js";

const PATH = "/api/v1/desk/socket";
const OPEN_WITHIN_MS = 8_000;
const STEADY_AFTER_MS = 5_000;
const ALIVE_EVERY_MS = 15_000;
const SILENT_AFTER_MS = 45_000;
const HIDDEN_BATCH_MS = 250;
const SIGNED_OUT = 4401;

class Live {
  state = "connecting";
  #listeners = new Map();
  #socket = null;
  #pause = new Pause();
  #wanted = false;
  #running = false;
  #hadOne = false;
  #heardAt = 0;
  #isAnswered = false;
  #queue = [];
  #planned = false;

  on(type, listener) {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(listener);
    return () => this.#listeners.get(type).delete(listener);
  }

  /** Says whether it could be said; what matters goes by the API, never by the socket alone. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  start() {
    if (this.#wanted) return;
    this.#wanted = true;
    addEventListener("online", this.#hurry);
    addEventListener("offline", this.#lost);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#run();
  }

  stop() {
    this.#wanted = false;
    removeEventListener("online", this.#hurry);
    removeEventListener("offline", this.#lost);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#socket?.close();
    this.#pause.end();
  }

  #hurry = () => {
    if (!document.hidden) this.#pause.end();
  };

  #lost = () => {
    this.#tell("offline");
    this.#socket?.close();
  };

  async #run() {
    if (this.#running) return;
    this.#running = true;
    for (let failures = 0; this.#wanted; failures += 1) {
      const openFor = await this.#once();
      if (!this.#wanted) break;
      if (openFor >= STEADY_AFTER_MS) failures = 0;
      this.#tell(openFor && failures < 2 ? "connecting" : "offline");
      // A browser does not say why a socket was not opened; over HTTP an ended session tells itself from a lost network.
      if (!openFor) this.#deliver("refused");
      await this.#pause.for(backoff(failures));
    }
    this.#running = false;
  }

  /** Resolves when the socket is gone, with how many milliseconds it had been open (0: never). */
  #once() {
    return new Promise((resolve) => {
      const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${PATH}`);
      let openedAt = 0;
      const ended = () => {
        clearTimeout(opening);
        clearInterval(beat);
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
        if (this.#socket === socket) this.#socket = null;
        resolve(openedAt && Date.now() - openedAt);
      };
      const opening = setTimeout(ended, OPEN_WITHIN_MS);
      const beat = setInterval(() => {
        if (!openedAt) return;
        // A line that is dead without knowing it: three signs of life were not answered.
        if (this.#isAnswered && Date.now() - this.#heardAt > SILENT_AFTER_MS) ended();
        else this.send({ type: "alive" });
      }, ALIVE_EVERY_MS);
      socket.onopen = () => {
        clearTimeout(opening);
        openedAt = this.#heardAt = Date.now();
        this.#socket = socket;
        this.#tell("online");
        this.send({ type: "alive" });
        if (this.#hadOne) this.#enqueue({ type: "resync" });
        this.#hadOne = true;
      };
      socket.onmessage = ({ data }) => {
        this.#heardAt = Date.now();
        const frame = read(data);
        if (frame?.type === "alive") this.#isAnswered = true;
        else if (frame) this.#enqueue(frame);
      };
      socket.onclose = ({ code }) => {
        ended();
        if (code === SIGNED_OUT) this.#deliver("refused");
      };
    });
  }

  #enqueue(frame) {
    if (frame.type === "hello") hearServerTime(frame.now);
    this.#queue.push(frame);
    if (this.#planned) return;
    this.#planned = true;
    const flush = () => this.#flush();
    // Hidden pages get no animation frames, but must ring all the same.
    if (document.hidden) setTimeout(flush, HIDDEN_BATCH_MS);
    else requestAnimationFrame(flush);
  }

  #flush() {
    this.#planned = false;
    const frames = onlyTheLast(this.#queue);
    this.#queue = [];
    for (const frame of frames) this.#deliver(frame.type, frame);
  }

  #tell(state) {
    if (state === this.state) return;
    this.state = state;
    this.#deliver("state", state);
  }

  #deliver(type, what) {
    for (const listener of this.#listeners.get(type) ?? []) {
      // One page's fault must not take the news from the others.
      try {
        listener(what);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** Of several rows of one conversation only the last counts. */
function onlyTheLast(frames) {
  const last = new Map();
  for (const frame of frames) if (frame.type === "conversation") last.set(frame.conversation.id, frame);
  return frames.filter((frame) => frame.type !== "conversation" || last.get(frame.conversation.id) === frame);
}

function read(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

export const live = new Live();
