// One customer's chat: which conversation it is, what was said, what is still to be sent, whether we are connected.
// Fires "change" after anything that shows.

import { Api } from "./api.js";
import { backoff, Pause } from "./backoff.js";
import { Connection } from "./connection.js";
import { Outbox } from "./outbox.js";
import { Storage } from "./storage.js";
import { Store } from "./store.js";
import { Uploads } from "./uploads.js";

const ANSWER_EXPECTED_MS = 8_000;
const ECHO_EXPECTED_MS = 5_000;
const TYPING_EVERY_MS = 1_500;
const PREVIEW_AFTER_MS = 400;
const AGENT_TYPES_FOR_MS = 6_000;
const MOST_PREVIEWED = 500;

export class Chat extends EventTarget {
  store = new Store();
  /** "idle" | "connecting" | "online" | "offline" */
  link = "idle";
  /** The bot has our message and has not answered yet. */
  waiting = false;
  /** The former conversation was refused and a new one begun. */
  renewed = false;
  /** The name of the person who is writing to us just now. */
  agentTyping = null;

  #api;
  #storage;
  #outbox;
  #conversation = null;
  #connection = null;
  #beginning = null;
  #wanted = false;
  #refusals = 0;
  #pause = new Pause();
  #waitTimer = 0;
  #echoTimer = 0;
  #typedAt = 0;
  #previewTimer = 0;
  #agentTimer = 0;
  #uploads;
  #announced = false;
  #stopped = false;
  #watches = [];
  #listeners = null;

  constructor(base) {
    super();
    this.#api = new Api(base);
    this.#storage = new Storage(new URL(base).host);
    this.#outbox = new Outbox(this.#storage, (entry) => this.#post(entry), {
      changed: () => this.#changed(),
      accepted: (entry, answer) => this.#accepted(entry, answer),
    });
    this.#uploads = new Uploads((entry, told) => this.#upload(entry, told), () => this.#changed());
  }

  get uploads() {
    return this.#uploads.entries;
  }

  get unsent() {
    return this.#outbox.entries;
  }

  get unread() {
    return this.store.unreadAfter(this.#storage.read("read") ?? 0);
  }

  /** Takes up the conversation of an earlier visit, if there was one. */
  start() {
    this.#listeners = new AbortController();
    addEventListener("online", () => this.#networkBack(), { signal: this.#listeners.signal });
    this.#watches = [
      this.#storage.watch("conversation", () => this.#adoptStored()),
      this.#storage.watch("read", () => this.#changed()),
    ];
    this.#adoptStored();
    if (this.unsent.length) this.#outbox.flush();
  }

  stop() {
    this.#stopped = true;
    this.#outbox.stop();
    this.#pause.end();
    this.#listeners?.abort();
    for (const unwatch of this.#watches) unwatch();
    this.#connection?.stop();
    this.#conversation = this.#connection = null;
    this.#uploads.stop();
    for (const timer of [this.#waitTimer, this.#echoTimer, this.#previewTimer, this.#agentTimer]) clearTimeout(timer);
  }

  /** The customer is here: there must be a conversation, however often it takes to begin one. */
  async open() {
    if (this.#wanted) return;
    this.#wanted = true;
    for (let failures = 0; !this.#conversation && !this.#stopped; failures += 1) {
      try {
        await this.#begin();
      } catch (error) {
        await this.#pause.for(error.retryAfter ?? backoff(failures));
      }
    }
    this.#wanted = false;
  }

  send(text) {
    clearTimeout(this.#previewTimer);
    this.#outbox.add(text, this.store.after);
    if (this.store.owner !== "bot") this.#connection?.sendTyping("");
  }

  attach(files) {
    for (const file of files) this.#uploads.add(file, this.store.after);
  }

  retryUpload(entry) {
    this.#uploads.retry(entry);
  }

  dropUpload(entry) {
    this.#uploads.remove(entry);
  }

  /** Gives points and maybe a few words to the conversation that has ended. */
  async rate(score, comment) {
    await this.#api.rate(this.#conversation, score, comment);
  }

  async tickets() {
    return (await this.#asking((conversation) => this.#api.tickets(conversation))).tickets;
  }

  /** {bound: [{channel}], channels}: where the customer has bound this conversation to, and where they could. */
  bindings() {
    return this.#asking((conversation) => this.#api.bindings(conversation));
  }

  offerBinding() {
    return this.#asking((conversation) => this.#api.offerBinding(conversation));
  }

  /** Joins this conversation with the one in WeChat that gave out the link. */
  bind(token) {
    return this.#asking((conversation) => this.#api.bind(conversation, token));
  }

  unbind() {
    return this.#asking((conversation) => this.#api.unbind(conversation));
  }

  file(id) {
    return this.#api.file(this.#conversation, id);
  }

  retry() {
    this.#outbox.retry();
    this.#connection?.restart();
    this.#pause.end();
  }

  /** The customer types: the bot hears that, so that it waits; people see the words once the hand rests. */
  typing(text) {
    if (this.store.owner !== "bot") {
      clearTimeout(this.#previewTimer);
      const words = [...text].slice(0, MOST_PREVIEWED).join("");
      this.#previewTimer = setTimeout(() => this.#connection?.sendTyping(words), PREVIEW_AFTER_MS);
    } else if (text && Date.now() - this.#typedAt >= TYPING_EVERY_MS) {
      this.#typedAt = Date.now();
      this.#connection?.sendTyping();
    }
  }

  markRead() {
    if ((this.#storage.read("read") ?? 0) < this.store.after) {
      this.#storage.write("read", this.store.after);
      this.#changed();
    }
  }

  /** Begins a conversation, or joins the one that another tab has begun meanwhile. */
  #begin() {
    this.#beginning ??= this.#storage
      .exclusively(async () => {
        if (this.#adoptStored()) return;
        this.#setLink("connecting");
        const conversation = await this.#api.create();
        this.#storage.write("read", null);
        this.#storage.write("conversation", conversation);
        this.#adopt(conversation);
      })
      .catch((error) => {
        this.#setLink("offline");
        throw error;
      })
      .finally(() => {
        this.#beginning = null;
      });
    return this.#beginning;
  }

  /** Returns whether there is a stored conversation to take part in. */
  #adoptStored() {
    const stored = this.#storage.read("conversation");
    if (stored && stored.id !== this.#conversation?.id) this.#adopt(stored);
    return stored !== null;
  }

  #adopt(conversation) {
    if (this.#stopped) return;
    this.#connection?.stop();
    this.#conversation = conversation;
    this.store = new Store();
    this.#setLink("connecting");
    this.#connection = new Connection(this.#api, conversation, {
      after: () => this.store.after,
      frame: (frame) => this.#received(frame),
      state: (state) => this.#setLink(state),
      refused: () => this.#refused(conversation),
    });
    this.#connection.start();
  }

  /** The server no longer accepts our conversation: say so and go on in a new one, taking what is unsent along. */
  async #refused(conversation) {
    if (this.#conversation?.id !== conversation.id) return;
    this.#connection.stop();
    this.#conversation = this.#connection = null;
    if (this.#storage.read("conversation")?.id === conversation.id) this.#storage.write("conversation", null);
    this.store = new Store();
    this.renewed = true;
    this.#setWaiting(false);
    this.#changed();
    this.#refusals += 1;
    if (this.#refusals > 1) await this.#pause.for(backoff(this.#refusals));
    this.open();
  }

  /** Asks something about the conversation, which is begun where there is none yet. */
  async #asking(question) {
    if (!this.#conversation) await this.#begin();
    return question(this.#conversation);
  }

  async #post(entry) {
    if (!this.#conversation) await this.#begin();
    const conversation = this.#conversation;
    try {
      return await this.#api.send(conversation, entry);
    } catch (error) {
      if (error.refused) this.#refused(conversation);
      throw error;
    }
  }

  async #upload(entry, told) {
    if (!this.#conversation) await this.#begin();
    const answer = await this.#api.upload(this.#conversation, entry, told);
    setTimeout(() => {
      if (this.store.after < answer.seq) this.#connection?.restart();
    }, ECHO_EXPECTED_MS);
  }

  #accepted(entry, answer) {
    this.#refusals = 0;
    this.store.accept(entry, answer);
    this.#setWaiting(this.store.owner === "bot" && !this.store.answeredAfter(answer.seq));
    // An accepted message comes back on the stream; silence means the stream is dead without knowing it.
    clearTimeout(this.#echoTimer);
    this.#echoTimer = setTimeout(() => {
      if (this.store.after < answer.seq) this.#connection?.restart();
    }, ECHO_EXPECTED_MS);
  }

  #received(frame) {
    const fresh = this.store.merge(frame);
    for (const { client_id } of frame.messages ?? []) {
      if (!client_id) continue;
      this.#outbox.confirm(client_id);
      this.#uploads.confirm(client_id);
    }
    const answered = fresh.some(({ sender }) => sender === "agent");
    if (frame.typing || answered || this.store.owner !== "human") this.#setAgentTyping(frame.typing?.name ?? null);
    if (this.store.owner !== "bot" || fresh.some(({ sender }) => sender !== "customer")) this.#setWaiting(false);
    this.#changed();
  }

  #networkBack() {
    this.#outbox.hurry();
    this.#pause.end();
  }

  #setAgentTyping(name) {
    clearTimeout(this.#agentTimer);
    this.agentTyping = name;
    if (name) this.#agentTimer = setTimeout(() => this.#setAgentTyping(null), AGENT_TYPES_FOR_MS);
    this.#changed();
  }

  #setWaiting(waiting) {
    clearTimeout(this.#waitTimer);
    this.waiting = waiting;
    if (waiting) this.#waitTimer = setTimeout(() => this.#setWaiting(false), ANSWER_EXPECTED_MS);
    this.#changed();
  }

  #setLink(link) {
    this.link = link;
    this.#changed();
  }

  /** Several changes in one go show once. */
  #changed() {
    if (this.#announced) return;
    this.#announced = true;
    queueMicrotask(() => {
      this.#announced = false;
      this.dispatchEvent(new Event("change"));
    });
  }
}
