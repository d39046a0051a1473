// What the conversation looks like, as a flat list of rows; no DOM here.
// Rows: {type: "time", key, at} · {type: "notice", key} · {type: "chips", key, buttons}
// · {type: "message", key, sender, text, first, last, status, error}.

const PAUSE_MS = 5 * 60_000;

export function layOut(messages, unsent, renewed) {
  const items = inOrder(messages, unsent);
  const rows = renewed ? [{ type: "notice", key: "renewed" }] : [];
  let before = null;
  for (const item of items) {
    const paused = !before || item.at - before.at > PAUSE_MS;
    if (paused) rows.push({ type: "time", key: `time:${item.key}`, at: item.at });
    const first = paused || item.sender !== before.sender;
    if (first && before) before.last = true;
    before = { ...item, type: "message", first, last: false };
    rows.push(before);
  }
  if (before) before.last = true;
  showDelivery(rows.filter(({ type }) => type === "message"), unsent);
  const chips = offeredChips(items);
  if (chips) rows.push(chips);
  return rows;
}

function inOrder(messages, unsent) {
  const said = messages.map((message) => ({
    key: message.client_id ?? message.message_id,
    place: message.seq,
    sender: message.sender,
    text: message.text,
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
  if (last.status === "sending" && unsent.some(({ state }) => state === "failed")) last.status = "failed";
}

/** Answers are offered under the last word of the company only, even if an earlier bubble of that turn brought them. */
function offeredChips(items) {
  const said = items.filter(({ status }) => status !== "rejected").reverse();
  for (const { key, sender, buttons } of said) {
    if (sender === "customer" || sender !== said[0].sender) return null;
    if (buttons.length) return { type: "chips", key: `chips:${key}`, buttons };
  }
  return null;
}
