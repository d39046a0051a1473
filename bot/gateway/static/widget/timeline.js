// What the conversation looks like, as a flat list of rows; no DOM here.
// Rows: {type: "time", key, at} · {type: "notice", key} · {type: "chips", key, buttons} · {type: "rating", key}
// · {type: "message", key, sender, agent, text, file, first, last, status, error} · {type: "upload", key, entry}.

const PAUSE_MS = 5 * 60_000;
const GOODBYES = ["desk.goodbye", "desk.return_agreed"];

/** `elsewhere`: buttons that are offered in another place already. */
export function layOut(messages, unsent, renewed, uploads = [], elsewhere = []) {
  const items = inOrder(messages, unsent);
  const rows = renewed ? [{ type: "notice", key: "renewed" }] : [];
  let before = null;
  for (const item of items) {
    const paused = !before || item.at - before.at > PAUSE_MS;
    if (paused) rows.push({ type: "time", key: `time:${item.key}`, at: item.at });
    const first = paused || item.sender !== before.sender || item.agent !== before.agent;
    if (first && before) before.last = true;
    before = { ...item, type: "message", first, last: false };
    rows.push(before);
  }
  if (before) before.last = true;
  showDelivery(rows.filter(({ type }) => type === "message"), unsent);
  rows.push(...uploads.map((entry) => ({ type: "upload", key: `upload:${entry.client_id}`, sender: "customer", entry })));
  const offer = uploads.length ? null : invitation(messages) ?? offeredChips(items, elsewhere);
  if (offer) rows.push(offer);
  return rows;
}

function inOrder(messages, unsent) {
  const said = messages.map((message) => ({
    key: message.client_id ?? message.message_id,
    place: message.seq,
    sender: message.sender,
    agent: message.source?.kind === "agent" ? message.source.id : message.source?.agent ?? null,
    text: message.text,
    file: fileIn(message),
    buttons: message.buttons ?? [],
    at: new Date(message.sent_at),
    status: null,
  }));
  const known = new Set(said.map(({ key }) => key));
  const toSay = unsent.filter(({ client_id }) => !known.has(client_id)).map((entry) => ({
    key: entry.client_id,
    // One that the server will not take stays where it was written; the others go below all that was said.
    place: entry.state === "rejected" ? entry.afterSeq + 0.5 : Infinity,
    sender: "customer",
    agent: null,
    text: entry.text,
    buttons: [],
    at: new Date(entry.written_at),
    status: entry.state,
    error: entry.error,
  }));
  return [...said, ...toSay].sort((one, other) => (one.place === other.place ? 0 : one.place - other.place));
}

/** Only the last bubble says how it stands (for all that wait before it), and those the server would not take. */
function showDelivery(rows, unsent) {
  const last = rows.at(-1);
  for (const row of rows) if (row !== last && row.status !== "rejected") row.status = null;
  if (last?.sender !== "customer") return;
  last.status ??= "delivered";
  for (const worse of ["waiting", "failed"]) {
    if (last.status === "sending" && unsent.some(({ state }) => state === worse)) last.status = worse;
  }
}

/** Answers are offered under the last word of the company only, even if an earlier bubble of that turn brought them. */
function offeredChips(items, elsewhere) {
  const said = items.filter(({ status }) => status !== "rejected").reverse();
  for (const { key, sender, buttons } of said) {
    if (sender === "customer" || sender !== said[0].sender) return null;
    // What the system offered is over with the next thing it says, as the queue is when somebody comes.
    if (sender === "system" && key !== said[0].key) return null;
    const offered = buttons.filter(({ payload }) => !elsewhere.includes(payload));
    if (buttons.length) return offered.length ? { type: "chips", key: `chips:${key}`, buttons: offered } : null;
  }
  return null;
}

/** A person's goodbye asks for a rating as long as nothing was said after it (H1). */
function invitation(messages) {
  const last = messages.at(-1);
  return GOODBYES.includes(last?.source?.id) ? { type: "rating", key: `rating:${last.message_id}` } : null;
}

/** The file that a message is about: {id, name, isImage}, or null. */
function fileIn({ source, text }) {
  const match = source?.kind === "attachment" ? /^\[(.+?)\] ([^]*)$/.exec(text) : null;
  return match && { id: source.id, name: match[2], isImage: match[1] === "图片" || match[1] === "圖片" };
}
