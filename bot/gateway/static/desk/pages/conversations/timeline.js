// What a conversation looks like from top to bottom: days, groups of one speaker, events, what is on its way.

import { day } from "../../format.js";
import { session } from "../../session.js";

const GROUP_WITHIN_MS = 5 * 60_000;
const EVENTS = ["transfer", "barge", "system", "taken", "closed"];

/** How a message is shown: customer, bot, agent, system, note, whisper, event, unsaid (the bot's late word). */
export function kindOf({ sender, note, source }) {
  if (sender === "customer") return "customer";
  if (note) {
    if (sender === "bot") return "unsaid";
    if (source?.kind === "whisper") return "whisper";
    return EVENTS.includes(source?.kind) || sender === "system" ? "event" : "note";
  }
  return sender;
}

const OURS = ["agent", "bot", "system"];

/** What became of a word of ours on somebody else's platform: {state: leaving|waiting|sent|unknown|failed, note}, or null. */
function deliveryOf({ delivery }, kind, { reach }) {
  if (!reach || !OURS.includes(kind)) return null;
  return delivery ?? { state: "leaving", note: null };
}

/** → [{type: day|event|message|upload, key, …}] of a talk's messages and what is on its way. */
export function layOut(talk) {
  const rows = [];
  let group = null;
  for (const message of talk.messages) {
    const kind = kindOf(message);
    const at = new Date(message.sent_at);
    const named = day(at);
    if (named !== group?.day) {
      rows.push({ type: "day", key: `day ${at.toDateString()}`, text: named });
      group = null;
    }
    const who = kind === "agent" || kind === "note" || kind === "whisper" ? message.source?.agent ?? message.source?.id ?? "客服" : kind;
    const voice = `${kind} ${who}`;
    const first = kind === "event" || group?.voice !== voice || at - group.at > GROUP_WITHIN_MS;
    rows.push({
      type: kind === "event" ? "event" : "message", key: message.message_id, kind, who, message, first, status: null,
      delivery: deliveryOf(message, kind, talk.row),
    });
    group = { voice, at, day: named };
  }
  const me = session.person?.name;
  const unsent = talk.outbox.entries.filter(({ client_id: id }) => !talk.messages.some((message) => message.client_id === id));
  for (const entry of unsent) {
    const kind = entry.kind === "reply" ? "agent" : entry.kind;
    const voice = `${kind} ${me}`;
    rows.push({
      type: "message", key: entry.client_id, kind, who: me, first: group?.voice !== voice, status: entry.state, error: entry.error,
      message: { text: entry.text, sent_at: entry.written_at, client_id: entry.client_id, source: null, buttons: [] },
    });
    group = { voice, at: Date.now(), day: group?.day };
  }
  for (const entry of talk.uploads.entries) {
    const voice = `agent ${me}`;
    rows.push({ type: "upload", key: `upload ${entry.client_id}`, kind: "agent", who: me, first: group?.voice !== voice, entry });
    group = { voice, at: Date.now(), day: group?.day };
  }
  return rows;
}
