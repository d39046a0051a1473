// What deserves a sound: danger in the queue, somebody new who waits, news of mine that I am not looking at.

import { chime, notify, tell } from "../../notices.js";
import { viewOf } from "./rows.js";

/** `known` is the row as it was before, if it was known. */
export function ring(row, known, { isLooking }) {
  const link = `/desk?conversation=${row.id}`;
  if (row.owner === "queued") {
    if (known?.owner === "queued") return;
    if (row.priority >= 5) tell({ title: "涉及人身安全，请马上接待", text: row.title, link, kind: "danger", tone: "alarm" });
    else chime("news");
    return;
  }
  const isNews = row.last?.sender === "customer" && row.unread && row.last.at !== known?.last?.at;
  if (viewOf(row) !== "mine" || !isNews) return;
  if (!isLooking) notify({ title: row.title, text: row.last.text, link });
  chime("soft");
}
