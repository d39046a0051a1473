// Beside the phone: what the platform knows, what it brought to the service, what it was asked, and what goes wrong.

import { h } from "./dom.js";
import { CAUSES, clockTime, countdown, FAULTS, STATES, took } from "./words.js";

const SOON = 60 * 60 * 1000;

/** Shows everything that is not in the chat. `set(faults)`, `advance(seconds)`, `expire()` and `leave()` change the platform. */
export class Panel {
  constructor(root, { set, advance, expire, leave }) {
    this.grants = h("section", { "aria-label": "还能发几条" });
    this.deliveries = h("ol", { class: "log" });
    this.calls = h("ol", { class: "log calls" });
    this.switches = new Map();
    const clock = h("div", { class: "clock" },
      h("button", { class: "quiet", type: "button", onclick: () => advance(60) }, "过 1 分钟"),
      h("button", { class: "quiet", type: "button", onclick: () => advance(48 * 3600) }, "过 48 小时"),
      h("button", { class: "quiet", type: "button", onclick: expire }, "令牌过期"),
      h("button", { class: "quiet", type: "button", onclick: leave }, "断网 20 秒"));
    root.append(
      h("div", { class: "side" }, h("div", {}, this.grants, clock), this.buildFaults(set)),
      h("div", { class: "side" },
        h("section", {}, h("h2", {}, "送到服务的", h("small", {}, "5 秒内没答好就再送，共 3 次")), this.deliveries),
        h("section", {}, h("h2", {}, "服务调用的接口", h("small", {}, "平台怎么回答")), this.calls)));
  }

  buildFaults(set) {
    const rows = FAULTS.map(([name, title, more]) => {
      const input = h("input", { type: "checkbox", onchange: () => set({ [name]: input.checked }) });
      this.switches.set(name, input);
      return h("label", {}, h("span", {}, title, h("small", {}, more)), input);
    });
    this.slow = h("input", { type: "number", min: "0", max: "120", step: "0.5", value: "0", "aria-label": "慢几秒", onchange: () => set({ slow_seconds: Number(this.slow.value) || 0 }) });
    rows.unshift(h("label", {}, h("span", {}, "回答慢几秒", h("small", {}, "事情马上做，回答晚到")), this.slow));
    return h("section", {}, h("h2", {}, "让平台出故障"), h("div", { class: "faults" }, rows));
  }

  /** Brings the state to the screen; `offset` is how far the platform's clock is ahead of this one. */
  show(state, channel, customer, offset) {
    this.state = state;
    this.customer = customer;
    this.channel = channel;
    this.offset = offset;
    for (const [name, input] of this.switches) input.checked = state.faults[name];
    if (document.activeElement !== this.slow) this.slow.value = state.faults.slow_seconds;
    this.deliveries.replaceChildren(...rows(state.deliveries, delivery, "还没有送过。在手机里说句话试试。"));
    this.calls.replaceChildren(...rows(state.calls, call, "服务还没有调用过接口。"));
    this.tick();
  }

  /** Lets the countdowns run. */
  tick() {
    if (!this.customer) return;
    const now = Date.now() + this.offset;
    const open = this.customer.grants.filter((grant) => new Date(grant.until) > now);
    const left = Math.max(0, ...open.map((grant) => grant.left));
    const beyond = this.state.beyond_quota;
    this.grants.replaceChildren(
      h("h2", {}, "现在还能给这位顾客发"),
      h("p", { class: left ? "left" : "left gone" }, h("strong", {}, String(left)), "条", left ? "" : "，要等顾客再开口"),
      h("ol", { class: "grants" }, open.map((grant) => {
        const rest = new Date(grant.until) - now;
        return h("li", {}, CAUSES[grant.cause], h("span", {}, `剩 ${grant.left} 条`), h("span", { class: rest < SOON ? "soon" : null }, `还有 ${countdown(rest)}`));
      })),
      h("div", { class: "facts" },
        this.channel === "kf" ? h("span", {}, `会话状态：${STATES[this.customer.state]}${this.customer.servicer ? `（${this.customer.servicer}）` : ""}`) : null,
        h("span", { class: beyond ? "bad" : null }, beyond ? `✗ 服务超发 ${beyond} 次` : "✓ 服务没有超发过"),
        h("span", {}, `给过 ${this.state.tokens_issued} 次 access_token`),
        h("span", {}, `平台时间 ${new Date(now).toLocaleString("zh-CN", { hour12: false })}`)));
  }
}

function rows(list, row, none) {
  return list.length ? list.toReversed().map(row) : [h("li", { class: "none" }, none)];
}

function delivery(one) {
  const tries = one.attempts.map((attempt) => {
    const good = !attempt.problem;
    const words = good ? `✓ ${took(attempt.took_ms)}` : `✗ ${attempt.problem} · ${took(attempt.took_ms)}`;
    return h("span", { class: `try ${good ? "good" : "bad"}`, title: attempt.answer || null }, words);
  });
  if (!one.is_done) tries.push(h("span", { class: "try" }, one.attempts.length ? "等着再送…" : "送达中…"));
  if (one.is_answered) tries.push(h("span", { class: "try" }, "带被动回复"));
  const [first] = one.attempts;
  return h("li", {}, h("time", {}, first ? clockTime(first.at) : "—"), h("span", { class: "what" }, one.about, " ", h("code", {}, new URL(one.path).pathname)),
    h("div", { class: "tries" }, tries));
}

function call(one) {
  const words = one.code ? `${one.code} ${one.words}` : one.words;
  return h("li", {}, h("time", {}, clockTime(one.at)), h("span", { class: "what" }, h("code", {}, one.path.replace("/cgi-bin/", ""))),
    h("span", { class: `code ${one.is_good ? "good" : "bad"}` }, `${one.is_good ? "✓" : "✗"} ${words}`), h("span", { class: "ms" }, took(one.took_ms)));
}
