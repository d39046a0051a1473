// What a list shows of each ticket.

import { h } from "/static/widget/dom.js";
import { ago, exactly, when } from "../../format.js";
import { teamName } from "../../words.js";
import { badge } from "../../parts/badge.js";
import { countdown } from "../../parts/countdown.js";
import { icon } from "../../parts/icon.js";
import { KINDS, LEVELS, matterOf, PRIORITIES, STATUSES } from "./words.js";

export const USUAL_COLUMNS = ["number", "matter", "kind", "step", "phone", "assignee", "due_at", "changed_at"];

const TONES = {
  open: "accent", accepted: "accent", in_progress: "accent", waiting_customer: "soon", waiting_parts: "soon", resolved: "good",
  closed: "plain", cancelled: "plain",
};

/** The state of a ticket as a badge. */
export function statusBadge(status) {
  return badge(STATUSES[status], { tone: TONES[status] });
}

/** How urgent it is, where it is more than usual. */
export function priorityBadge(priority) {
  return priority > 0 && badge(PRIORITIES[priority], { tone: priority === 2 ? "late" : "soon", mark: priority === 2 ? "alarm" : "clock" });
}

const CELLS = {
  number: (row) => h(
    "span", { class: "numbered" },
    h("a", { class: "row-link number", href: `/desk/tickets/${row.number}` }, row.number), priorityBadge(row.priority),
    row.has_attachments && h("span", { class: "has-files", title: "有附件" }, icon("clip"), h("span", { class: "sr" }, "有附件"))),
  matter: (row) => h(
    "span", { class: "matter" }, row.fields.product && h("strong", {}, row.fields.product), row.fields.product && " ",
    matterOf(row), row.merged_into && h("span", { class: "muted" }, `（并入 ${row.merged_into}）`)),
  kind: (row) => KINDS[row.kind],
  status: (row) => statusBadge(row.status),
  step: (row) => h("span", { class: "stepped" }, statusBadge(row.status), h("span", { class: "muted" }, row.step_name)),
  product: (row) => row.fields.product ?? null,
  phone: (row) => row.phone && h("span", { class: "number" }, row.phone.replace(/^\*+/, "尾号 ")),
  priority: (row) => PRIORITIES[row.priority],
  level: (row) => LEVELS[row.level],
  team: (row) => teamName(row.team),
  assignee: (row) => row.assignee ?? h("span", { class: "muted" }, "还没人"),
  opened_at: (row) => h("time", { datetime: row.opened_at, title: exactly(row.opened_at) }, when(row.opened_at)),
  due_at: (row) => row.due_at && countdown(row.due_at, { brief: true, soon: 4 * 3600_000 }),
  changed_at: (row) => h("time", { class: "muted", datetime: row.changed_at, title: exactly(row.changed_at) }, ago(row.changed_at)),
  has_attachments: (row) => (row.has_attachments ? "有" : null),
  merged_into: (row) => row.merged_into,
};
const WIDE = new Set(["matter"]);

/** The columns for `table`, in their order. */
export function columnsFor(chosen, names) {
  return chosen.filter((key) => names[key]).map((key) => ({
    key, title: names[key], width: WIDE.has(key) ? "wide" : "narrow",
    cell: CELLS[key] ?? ((row) => row.custom[key.replace("custom.", "")] ?? null),
  }));
}
