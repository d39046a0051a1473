// One opened conversation: what has been said, what is on its way, what the customer is typing.

import { Uploads } from "/static/widget/uploads.js";
import { api } from "../../api.js";
import { now } from "../../format.js";
import { live } from "../../live.js";
import { toast } from "../../notices.js";
import { session } from "../../session.js";
import { Draft } from "./draft.js";
import { Outbox } from "./outbox.js";

const TYPING_LASTS_MS = 8_000;
const SAY_TYPING_EVERY_MS = 3_000;
const READ_AFTER_MS = 400;
const LOOK_AFTER_MS = 1_500;
const REACH_OVER_MS = 500;
const PATHS = { reply: "messages", note: "notes", whisper: "whisper" };

export class Talk {
  id;
  row;
  /** Everything else the server told: customer, tickets, orders, briefing. */
  whole = null;
  error = null;
  hasOlder = true;
  typing = null;
  colleague = null;
  draft;
  outbox;
  uploads;
  #messages = new Map();
  #after = 0;
  #on;
  #timers = {};
  #readSeq = 0;
  #saidTypingAt = 0;
  #loadingOlder = false;
  #joined = false;
  #isLeft = false;

  /** `on`: changed(talk), row(row), unreached(text) where the platform lets a reply no longer through. */
  constructor(row, on) {
    this.id = row.id;
    this.row = row;
    this.#on = on;
    this.draft = new Draft(this.id, () => this.#changed());
    this.outbox = new Outbox(this.id, (entry) => this.#post(entry), {
      changed: () => this.#changed(), accepted: (entry, message) => this.#put(message),
      unreached: ({ text }) => { on.unreached(text); this.refresh(); },
    });
    this.uploads = new Uploads((entry, told) => this.#upload(entry, told), () => this.#changed());
  }

  get path() {
    return `/desk/conversations/${this.id}`;
  }

  get messages() {
    return [...this.#messages.values()].sort((one, other) => one.seq - other.seq);
  }

  /** Whether this person answers now. */
  get isMine() {
    return this.row.owner === "human" && this.row.agent === session.person?.name && !this.row.closed_at;
  }

  /** Whether this person may help whoever holds it. */
  get mayWhisper() {
    return session.may("supervisor") && this.row.owner === "human" && !this.isMine && !this.row.closed_at;
  }

  /** Whether this person has joined while somebody else holds it. */
  get hasJoined() {
    return this.#joined || this.messages.some(({ note, source }) => note && source?.kind === "barge" && source.id === session.person?.name);
  }

  /** Whether a reply can go to the customer now, or wait for them: platforms that are not ours set limits (W2). */
  get mayReach() {
    const { reach } = this.row;
    return !reach || (reach.may_send && (!reach.until || Date.parse(reach.until) > now()));
  }

  /** Something is on its way, to the customer or from them, of which the server will tell what became. */
  get #isUnsettled() {
    return Boolean(this.row.reach) && this.messages.some((message) => !message.note && isOnItsWay(message));
  }

  get lastSeq() {
    return Math.max(0, ...this.#messages.keys());
  }

  async load() {
    this.error = null;
    try {
      this.whole = await api.get(this.path);
      this.take(this.whole.conversation);
      this.#stream(this.whole.messages);
      this.hasOlder = (this.whole.messages[0]?.seq ?? 1) > 1;
      this.listen();
    } catch (error) {
      this.error = error;
    }
    this.#changed();
  }

  /** The customer, tickets and summary anew; the messages come by themselves. */
  async refresh() {
    try {
      const { messages, ...rest } = await api.get(this.path);
      this.whole = { ...rest, messages };
      this.take(rest.conversation);
      this.#stream(messages);
    } catch {
      // What is shown stays.
    }
    this.#changed();
  }

  /** Asks the socket for what comes after what is here; again after each break of the line. */
  listen() {
    if (!this.whole) return;
    live.send({ type: "open", conversation_id: this.id, after: this.#after });
    if (!this.#isUnsettled) return;
    // What became of earlier messages may have been told while nobody listened.
    clearTimeout(this.#timers.look);
    this.#timers.look = setTimeout(() => this.refresh(), LOOK_AFTER_MS);
  }

  leave() {
    this.#isLeft = true;
    live.send({ type: "close", conversation_id: this.id });
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
  }

  /** The row as the server tells it now. */
  take(row) {
    if (this.row.touched_at > row.touched_at) return;
    this.row = row;
    this.#on.row(row);
    clearTimeout(this.#timers.reach);
    const over = row.reach?.until && Date.parse(row.reach.until) - now();
    if (over > 0 && !this.#isLeft) this.#timers.reach = setTimeout(() => this.refresh(), over + REACH_OVER_MS);
  }

  /** The server has let this person speak; the note that says so may still be on its way. */
  join() {
    this.#joined = true;
    this.#changed();
  }

  /** A frame with messages; returns those of the customer that are new. */
  merge(messages) {
    const fresh = messages.filter(({ seq }) => !this.#messages.has(seq));
    // What has changed further up than is shown comes with its page.
    const first = Math.min(...this.#messages.keys());
    this.#stream(messages.filter(({ seq }) => !(seq < first)));
    if (fresh.some(({ sender }) => sender === "customer")) this.typing = null;
    this.#changed();
    return fresh.filter(({ sender }) => sender === "customer");
  }

  async older() {
    if (this.#loadingOlder || !this.hasOlder) return;
    this.#loadingOlder = true;
    try {
      const before = Math.min(...this.#messages.keys());
      const { messages } = await api.get(`${this.path}/messages`, { query: { before } });
      for (const message of messages) this.#put(message);
      this.hasOlder = messages.length > 0 && messages[0].seq > 1;
    } catch {
      // The next scroll asks again.
    }
    this.#loadingOlder = false;
    this.#changed();
  }

  showTyping(text) {
    clearTimeout(this.#timers.typing);
    this.typing = text || null;
    this.#timers.typing = setTimeout(() => {
      this.typing = null;
      this.#changed();
    }, TYPING_LASTS_MS);
    this.#changed();
  }

  showColleague(name) {
    clearTimeout(this.#timers.colleague);
    this.colleague = name;
    this.#timers.colleague = setTimeout(() => {
      this.colleague = null;
      this.#changed();
    }, TYPING_LASTS_MS);
    this.#changed();
  }

  sayTyping() {
    if (Date.now() - this.#saidTypingAt < SAY_TYPING_EVERY_MS) return;
    this.#saidTypingAt = Date.now();
    live.send({ type: "typing", conversation_id: this.id });
  }

  /** What is on the screen has been read. */
  markRead() {
    const seq = this.lastSeq;
    if (!seq || seq <= this.#readSeq) return;
    this.#readSeq = seq;
    clearTimeout(this.#timers.read);
    this.#timers.read = setTimeout(() => api.post(`${this.path}/read`, { seq }).catch(() => { this.#readSeq = 0; }), READ_AFTER_MS);
  }

  #post({ kind, text, client_id, in_spite_of, source }) {
    const extra = kind === "reply" ? { in_spite_of, source } : {};
    return api.post(`${this.path}/${PATHS[kind]}`, { client_id, text, ...extra });
  }

  async #upload({ client_id, file, stopping }, told) {
    const form = new FormData();
    form.append("client_id", client_id);
    form.append("file", file, file.name);
    try {
      const { message } = await api.upload(`${this.path}/attachments`, form, { told, signal: stopping.signal });
      this.#put(message);
    } catch (error) {
      // What is on its way goes on when the conversation is put away; then it is told here that it did not arrive.
      if (this.#isLeft) toast(`给${this.row.title}的“${file.name}”没有发出，请打开会话重发。${error.message}`, { kind: "danger" });
      throw error;
    }
  }

  #stream(messages) {
    for (const message of messages) {
      this.#put(message);
      this.#after = Math.max(this.#after, message.seq);
    }
  }

  #put(message) {
    if (!message?.seq) return;
    if (!isOlder(message, this.#messages.get(message.seq))) this.#messages.set(message.seq, message);
    if (!message.client_id) return;
    this.outbox.confirm(message.client_id);
    this.uploads.confirm(message.client_id);
  }

  #changed() {
    this.#on.changed(this);
  }
}

/** Whether it was read before the one that is known: answers and frames come in any order. */
function isOlder(message, known) {
  return Boolean(known) && isOnItsWay(message) && !isOnItsWay(known);
}

/** A customer's file that is still fetched; a word of ours of which nobody knows yet what becomes. */
function isOnItsWay({ sender, delivery, source }) {
  return sender === "customer" ? source?.kind === "media" && !source.failed : !delivery || delivery.state === "waiting";
}
