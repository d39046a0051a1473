// How the scores go: the trend, the numbers, which rules fail, and each person.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { count, now } from "../../format.js";
import { bars, trend } from "../../parts/chart.js";
import { empty, trouble } from "../../parts/empty.js";
import { skeleton } from "../../parts/skeleton.js";
import { table } from "../../parts/table.js";
import { go } from "../../router.js";
import { session } from "../../session.js";
import { scoreOf } from "./words.js";

const SPANS = [[7, "最近 7 天"], [30, "最近 30 天"], [90, "最近 90 天"]];
const DAY_MS = 24 * 3600_000;
const SHANGHAI_MS = 8 * 3600_000;

export class Overview {
  element = h("div", { class: "overview" }, skeleton(8));
  #agent;
  #days;
  #counted;

  constructor(query, counted) {
    this.#agent = query.get("agent");
    this.#days = Number(query.get("days")) || 30;
    this.#counted = counted;
    this.#load();
  }

  async #load() {
    const to = day(now());
    const from = day(now() - (this.#days - 1) * DAY_MS);
    try {
      const [summary, { waiting }] = await Promise.all([
        api.get("/desk/reviews/summary", { query: { from, to, agent: this.#agent } }),
        api.get("/desk/reviews", { query: { limit: 1, agent: this.#agent } }),
      ]);
      this.#counted(waiting);
      this.#draw(summary, waiting);
    } catch (error) {
      this.element.replaceChildren(trouble(error, () => this.#load()));
    }
  }

  #draw(summary, waiting) {
    if (!summary.reviews) {
      this.element.replaceChildren(this.#filters(), empty({
        title: "这段时间还没有质检", hint: "人工接待的会话结束后，几秒内就会按规则检查，结果出现在这里。", mark: "medal",
      }));
      return;
    }
    const points = filled(summary);
    const whose = this.#agent ? `${this.#agent}的` : session.may("supervisor") ? "" : "我的";
    this.element.replaceChildren(
      this.#filters(),
      h("section", { class: "trend" },
        h("h2", {}, `${whose}每天平均分`),
        trend({
          said: `${whose}每天平均分，${summary.from} 到 ${summary.to}，平均 ${summary.average} 分`,
          unit: "分", points, least: 0, most: 100, width: 1100, height: 210,
        })),
      h("ul", { class: "numbers" },
        figure("平均分", summary.average ?? "—"),
        figure("检查了（个会话）", count(summary.reviews)),
        figure("待复核", count(waiting.to_check), this.#link({ list: "to_check" })),
        figure("待裁定的申诉", count(waiting.appealed), this.#link({ list: "appealed" }))),
      h("div", { class: "columns" },
        h("section", {}, h("h2", {}, "哪些没做到（次）"),
          summary.rules.length
            ? bars({ said: "每条规则没做到的次数", rows: summary.rules.map((rule) => ({ name: rule.name, value: rule.failed, link: this.#link({ list: "all", rule: rule.rule }) })) })
            : h("p", { class: "muted" }, "这段时间每条都做到了")),
        summary.agents.length > 1 && h("section", {}, h("h2", {}, "每个人"), this.#people(summary))),
    );
  }

  #people({ agents, rules }) {
    const names = Object.fromEntries(rules.map(({ rule, name }) => [rule, name]));
    const sorted = [...agents].sort((one, other) => (one.average ?? 101) - (other.average ?? 101));
    return table({
      label: "每个人的质检",
      rows: sorted,
      link: ({ agent }) => this.#link({ list: "all", agent }),
      columns: [
        { key: "agent", title: "客服" },
        { key: "average", title: "平均分", align: "end", cell: ({ average }) => scoreOf(average) },
        { key: "reviews", title: "会话（个）", align: "end", cell: ({ reviews }) => count(reviews) },
        { key: "failures", title: "最常没做到", cell: ({ failures }) => often(failures, names) },
      ],
    });
  }

  #filters() {
    const spans = h("select", { "aria-label": "时间段", onchange: (event) => go(this.#link({ days: event.target.value })) },
      ...SPANS.map(([days, text]) => h("option", { value: days, selected: days === this.#days }, text)));
    return h("div", { class: "filters" }, spans, this.#agent && session.may("supervisor")
      && h("a", { class: "button small", href: `/desk/quality?days=${this.#days}` }, `只看${this.#agent}：取消`));
  }

  #link(changes) {
    const query = new URLSearchParams({ ...(this.#agent ? { agent: this.#agent } : {}), ...(this.#days === 30 ? {} : { days: this.#days }), ...changes });
    return `/desk/quality?${query}`;
  }
}

function figure(name, value, link = null) {
  const inner = [h("span", { class: "name" }, name), h("strong", {}, String(value))];
  return h("li", {}, link ? h("a", { href: link }, ...inner) : h("div", {}, ...inner));
}

function often(failures, names) {
  const found = Object.entries(failures).sort(([, one], [, other]) => other - one).slice(0, 2);
  return found.map(([rule, times]) => `${names[rule] ?? rule} ${times}`).join("，");
}

/** Every day of the span, those without a review as gaps. */
function filled({ from, to, days }) {
  const known = new Map(days.map((one) => [one.day, one]));
  const points = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) {
    const iso = new Date(at).toISOString().slice(0, 10);
    const name = `${Number(iso.slice(5, 7))}/${Number(iso.slice(8))}`;
    const found = known.get(iso);
    points.push({ name, value: found?.average ?? null, title: found ? `${iso}：平均 ${found.average ?? "—"} 分，${found.reviews} 个会话` : "" });
  }
  return points;
}

/** The day in Shanghai of a moment in milliseconds. */
function day(at) {
  return new Date(at + SHANGHAI_MS).toISOString().slice(0, 10);
}
