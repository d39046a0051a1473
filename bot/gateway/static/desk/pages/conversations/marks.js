// What makes a conversation urgent, in words and with a sign: never by colour alone.

/** The marks of a row, the gravest first: [{text, tone, icon, title}]. */
export function marksOf({ priority, signals = [], emotion, special_care: care, reason, returning }) {
  const marks = [];
  if (priority >= 5 || signals.includes("safety")) marks.push({ text: "安全", tone: "late", icon: "shield", title: "可能涉及人身安全，最先接" });
  if (reason === "information_security") marks.push({ text: "信息安全", tone: "late", icon: "shield" });
  if (emotion >= 3) marks.push({ text: "极怒", tone: "late", icon: "fire", title: "情绪极度激动" });
  if (care || signals.includes("special_care")) marks.push({ text: "关怀", tone: "violet", icon: "heart", title: "老人、未成年人等需要特别照顾" });
  if (priority === 2) marks.push({ text: "三次来访", tone: "soon", icon: "repeat", title: "24 小时内第三次来" });
  if (emotion === 2) marks.push({ text: "生气", tone: "soon", icon: "fire" });
  if (signals.includes("threat")) marks.push({ text: "扬言投诉", tone: "soon", icon: "gavel", title: "提到 12315、媒体或起诉" });
  if (returning && !marks.length) marks.push({ text: "再次转入", tone: "plain", icon: "history" });
  return marks;
}

const SHARE_SOON = 1 / 3;
const SOON_AT_LEAST_MS = 20_000;

/** How the next answer stands: {state: calm|soon|late, milliseconds} or null where nobody waits. */
export function dueOf({ due_at: due, waiting_since: since, closed_at: closed }, now) {
  if (!due || closed) return null;
  const end = Date.parse(due);
  const left = end - now;
  return { state: left < 0 ? "late" : left <= soonOf({ due_at: due, waiting_since: since }) ? "soon" : "calm", left };
}

/** From how near an answer is due soon, in milliseconds: the last third of the time for it. */
export function soonOf({ due_at: due, waiting_since: since }) {
  return Math.max((Date.parse(due) - Date.parse(since ?? due)) * SHARE_SOON, SOON_AT_LEAST_MS);
}
