// The conversations in the lists: what the server told of them, in which list each stands, in which order.

import { api } from "../../api.js";
import { now } from "../../format.js";
import { session } from "../../session.js";

export const VIEWS = ["mine", "queue", "team", "bot", "closed"];
const PAGE = 200;
const RECOUNT_AFTER_MS = 1500;
const RECOUNT_EVERY_MS = 6000;

export class Rows {
  counts = {};
  /** Until when the counts are the server's, in its time. */
  #countsUntil = 0;
  /** By list: nothing yet, or {loading, error, cursor, done}. */
  pages = {};
  found = null;
  #rows = new Map();
  #sorted = new Map();
  #changed;
  #recount = null;
  #countedAt = 0;

  /** `changed()` is called after each change; the caller draws once for many of them. */
  constructor(changed) {
    this.#changed = changed;
  }

  get(id) {
    return this.#rows.get(id);
  }

  /** The rows of a list, in its order. The same array as long as nothing changed. */
  list(view) {
    if (view === "found") return this.found?.rows ?? [];
    if (!this.#sorted.has(view)) {
      const own = [...this.#rows.values()].filter((row) => viewOf(row) === view);
      this.#sorted.set(view, own.sort(ORDERS[view] ?? byChange));
    }
    return this.#sorted.get(view);
  }

  /** A row has changed, or is new. */
  put(row) {
    const known = this.#rows.get(row.id);
    if (known && known.touched_at > row.touched_at) return;
    this.#rows.set(row.id, row);
    if (this.found) this.found.rows = this.found.rows.map((one) => (one.id === row.id ? row : one));
    if (!known || viewOf(known) !== viewOf(row)) {
      if (known) this.#count(viewOf(known), -1);
      if (known || this.#hasJustQueued(row)) this.#count(viewOf(row), 1);
      this.#countAnew();
    }
    this.#touch();
  }

  remove(id) {
    if (!this.#rows.delete(id)) return;
    this.#countAnew();
    this.#touch();
  }

  /** What was read is read: the badge goes at once. */
  markRead(id) {
    const row = this.#rows.get(id);
    if (!row?.unread) return;
    this.#rows.set(id, { ...row, unread: 0 });
    this.#touch();
  }

  /** Loads the next page of a list; what failed is tried again only when somebody asks for it. */
  async load(view, { again = false } = {}) {
    const page = (this.pages[view] ??= { loading: false, error: null, cursor: null, loaded: [], done: false });
    if (page.loading || page.done || (page.error && !again)) return;
    page.loading = true;
    page.error = null;
    this.#changed();
    try {
      const query = { view, limit: PAGE, ...this.#place(view, page) };
      const { conversations, counts } = await api.get("/desk/conversations", { query });
      for (const row of conversations) this.#rows.set(row.id, row);
      page.done = conversations.length < PAGE;
      page.loaded.push(...conversations.map(({ id }) => id));
      page.cursor = conversations.at(-1)?.touched_at;
      this.#setCounts(counts);
    } catch (error) {
      page.error = error;
    } finally {
      page.loading = false;
      this.#touch();
    }
  }

  /** Where the next page begins: the queue goes on behind somebody who still stands there. */
  #place(view, { cursor, loaded }) {
    if (view !== "queue") return { before: cursor };
    return { behind: loaded.findLast((id) => this.#rows.get(id)?.owner === "queued") };
  }

  /** Everything anew: the line was broken. */
  async reload(...views) {
    this.pages = {};
    const before = [...this.#rows.keys()];
    await Promise.all(views.map((view) => this.load(view)));
    // What is in none of the lists that were loaded is not known to stand where it stood.
    if (views.every((view) => !this.pages[view]?.error)) {
      for (const id of before) if (!this.#isFresh(id, views)) this.#rows.delete(id);
    }
    this.#touch();
  }

  #isFresh(id, views) {
    const row = this.#rows.get(id);
    return row && !views.includes(viewOf(row)) ? false : Boolean(row);
  }

  async search(words) {
    if (!words) {
      this.found = null;
      this.#changed();
      return;
    }
    const search = { words, rows: [], loading: true, error: null };
    this.found = search;
    this.#changed();
    try {
      search.rows = (await api.get("/desk/conversations", { query: { view: "all", q: words, limit: 50 } })).conversations;
    } catch (error) {
      search.error = error;
    }
    search.loading = false;
    if (this.found === search) this.#changed();
  }

  /** How many of one's own conversations have unread messages. */
  get unread() {
    return this.list("mine").filter((row) => row.unread).length;
  }

  #touch() {
    this.#sorted.clear();
    this.#changed();
  }

  #setCounts(counts) {
    this.counts = counts;
    this.#countsUntil = now();
  }

  /** Who is not loaded here but has waited for longer was counted by the server. */
  #hasJustQueued({ owner, queued_at: since }) {
    return owner === "queued" && Date.parse(since) > this.#countsUntil;
  }

  #count(view, by) {
    if (view in this.counts) this.counts = { ...this.counts, [view]: Math.max(0, this.counts[view] + by) };
  }

  /** A change between lists: the server counts, for it knows those too that are not loaded here. */
  #countAnew() {
    if (this.#recount) return;
    const wait = Math.max(RECOUNT_AFTER_MS, RECOUNT_EVERY_MS - (Date.now() - this.#countedAt));
    this.#recount = setTimeout(async () => {
      this.#recount = null;
      this.#countedAt = Date.now();
      try {
        this.#setCounts((await api.get("/desk/conversations", { query: { view: "mine", limit: 1 } })).counts);
        this.#changed();
      } catch {
        // The old figures stay until the next change.
      }
    }, wait);
  }
}

/** In which list a conversation stands for this person. */
export function viewOf({ owner, agent, closed_at: closed }) {
  if (closed) return "closed";
  if (owner === "queued") return "queue";
  if (owner === "bot") return "bot";
  return agent === session.person?.name ? "mine" : "team";
}

const byChange = (one, other) => compare(other.touched_at, one.touched_at);

const ORDERS = {
  // Who waits comes first, the most urgent above.
  mine: (one, other) => compare(one.due_at ?? "9", other.due_at ?? "9") || byChange(one, other),
  queue: (one, other) => other.priority - one.priority || compare(one.queued_at, other.queued_at) || compare(one.id, other.id),
};

function compare(one, other) {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
