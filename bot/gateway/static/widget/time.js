/** When something was said, or is promised, as short as it can be: today's have the hour only. */
export function formatTime(date, now, script, words) {
  const locale = script === "zh-Hant" ? "zh-TW" : "zh-CN";
  const hour = date.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const days = Math.round((midnight(now) - midnight(date)) / 86_400_000);
  if (days === 0) return hour;
  if (days === 1) return `${words.yesterday} ${hour}`;
  if (days === -1) return `${words.tomorrow} ${hour}`;
  const year = date.getFullYear() === now.getFullYear() ? "" : `${date.getFullYear()}年`;
  return `${year}${date.getMonth() + 1}月${date.getDate()}日 ${hour}`;
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}
