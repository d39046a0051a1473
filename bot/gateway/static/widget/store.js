// What has been said in this conversation, as the server tells it.

export class Store {
  #messages = new Map();
  /** The last message seen from the server's stream; resuming starts after it. */
  after = 0;
  owner = "bot";
  /** The place of who waits: {position, estimated_seconds, opens_at}. */
  queue = null;
  /** The name of the person who holds the conversation. */
  agent = null;
  loaded = false;

  get messages() {
    return [...this.#messages.values()].sort((one, other) => one.seq - other.seq);
  }

  has(messageId) {
    return this.#messages.has(messageId);
  }

  /** Takes a server frame in; returns the messages that are new. */
  merge({ messages = [], owner, queue, agent }) {
    const fresh = messages.filter(({ message_id }) => !this.has(message_id));
    for (const message of messages) {
      this.#messages.set(message.message_id, message);
      this.after = Math.max(this.after, message.seq);
    }
    if (owner) this.owner = owner;
    if (agent) this.agent = agent;
    else if (owner !== "human") this.agent = null;
    if (queue || owner !== "queued") this.queue = queue ?? null;
    this.loaded = true;
    return fresh;
  }

  /** Our own message, accepted but not yet echoed. */
  accept({ client_id, text, written_at }, { message_id, seq }) {
    if (this.has(message_id)) return;
    this.#messages.set(message_id, {
      message_id, seq, client_id, text, sender: "customer", buttons: [], sent_at: written_at,
    });
  }

  answeredAfter(seq) {
    return this.messages.some((message) => message.seq > seq && message.sender !== "customer");
  }

  /** Messages from the company after `seq`. */
  unreadAfter(seq) {
    return this.messages.filter((message) => message.seq > seq && message.sender !== "customer").length;
  }
}
