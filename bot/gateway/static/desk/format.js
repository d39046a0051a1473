// Times, durations, money and masks, as every page shows them. Moments come as ISO texts or Dates.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let ahead = 0;

/** The server's clock counts, for promises are kept or broken by it; `Date` headers are whole seconds. */
export function hearServerTime(header) {
  const told = Date.parse(header ?? "");
  if (!Number.isNaN(told) && Math.abs(told - Date.now() - ahead) > 2000) ahead = told - Date.now();
}

/** Milliseconds since 1970 by the server's clock. */
export function now() {
  return Date.now() + ahead;
}

function at(moment) {
  return moment instanceof Date ? moment : new Date(moment);
}

/** `14:05` */
export function clock(moment) {
  const date = at(moment);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** `今天`, `昨天`, `11月23日`, `2025年11月23日` */
export function day(moment) {
  const date = at(moment);
  const today = new Date(now());
  const days = Math.round((midnight(today) - midnight(date)) / DAY);
  if (days === 0) return "今天";
  if (days === 1) return "昨天";
  if (days === -1) return "明天";
  const year = date.getFullYear() === today.getFullYear() ? "" : `${date.getFullYear()}年`;
  return `${year}${date.getMonth() + 1}月${date.getDate()}日`;
}

/** `14:05`, `昨天 14:05`, `11月23日 14:05` */
export function when(moment) {
  if (!moment) return "—";
  const named = day(moment);
  return named === "今天" ? clock(moment) : `${named} ${clock(moment)}`;
}

/** For a `title` or a form: `2026-11-23 14:05` */
export function exactly(moment) {
  const date = at(moment);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${clock(date)}`;
}

/** A length of time in words: `45 秒`, `3 分 20 秒`, `12 分钟`, `2 小时 5 分`, `3 天` */
export function duration(milliseconds) {
  const span = Math.max(0, milliseconds);
  if (span < MINUTE) return `${Math.floor(span / 1000)} 秒`;
  if (span < 5 * MINUTE) {
    const seconds = Math.floor((span % MINUTE) / 1000);
    return `${Math.floor(span / MINUTE)} 分${seconds ? ` ${seconds} 秒` : "钟"}`;
  }
  if (span < HOUR) return `${Math.floor(span / MINUTE)} 分钟`;
  if (span < DAY) {
    const minutes = Math.floor((span % HOUR) / MINUTE);
    return `${Math.floor(span / HOUR)} 小时${minutes ? ` ${minutes} 分` : ""}`;
  }
  return `${Math.floor(span / DAY)} 天`;
}

/** The same for narrow columns, ticking: `0:45`, `3:20`, `1:05:00`, `3 天` */
export function ticking(milliseconds) {
  const span = Math.abs(milliseconds);
  if (span >= 2 * DAY) return `${Math.floor(span / DAY)} 天`;
  const seconds = Math.floor(span / 1000);
  const hours = Math.floor(seconds / 3600);
  const rest = `${hours ? pad(Math.floor((seconds % 3600) / 60)) : Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** Whole seconds in words. */
export function seconds(count) {
  return duration(count * 1000);
}

/** How long ago: `刚刚`, `12 分钟前`, `昨天 14:05` */
export function ago(moment) {
  const passed = now() - at(moment).getTime();
  if (passed < MINUTE) return "刚刚";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} 分钟前`;
  if (passed < 6 * HOUR) return `${Math.floor(passed / HOUR)} 小时前`;
  return when(moment);
}

/** Fen to `¥1,234.50`; whole yuan without a fraction. */
export function yuan(fen) {
  if (fen === null || fen === undefined) return "—";
  const sign = fen < 0 ? "-" : "";
  const whole = Math.floor(Math.abs(fen) / 100).toLocaleString("en-US");
  const rest = Math.abs(fen) % 100;
  return `${sign}¥${whole}${rest ? `.${pad(rest)}` : ""}`;
}

/** `13812345678` → `138****5678` */
export function maskPhone(phone) {
  return String(phone ?? "").replace(/^(\d{3})\d+(\d{4})$/, "$1****$2");
}

/** `1,234` */
export function count(number) {
  return Number(number ?? 0).toLocaleString("en-US");
}

/** A share of one: `87%` */
export function percent(share) {
  return share === null || share === undefined ? "—" : `${Math.round(share * 100)}%`;
}

/** `5.2 MB` */
export function bytes(size) {
  if (size < 1024) return `${size} B`;
  if (size < 1024 ** 2) return `${Math.round(size / 1024)} KB`;
  return `${(size / 1024 ** 2).toFixed(1)} MB`;
}

function pad(number) {
  return String(number).padStart(2, "0");
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}
