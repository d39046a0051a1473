// The wall, for supervisors: who waits, who serves, what has gone wrong, how today goes. It asks for a new snapshot
// every five seconds and soon after the socket tells of a change; rows that did not change are left as they are.

import { h, setText } from "/static/widget/dom.js";
import { api } from "../api.js";
import { clock, count, duration, now, percent, seconds } from "../format.js";
import { live } from "../live.js";
import { toast } from "../notices.js";
import { avatar } from "../parts/avatar.js";
import { badge } from "../parts/badge.js";
import { bar, bars } from "../parts/chart.js";
import { countdown } from "../parts/countdown.js";
import { empty, trouble } from "../parts/empty.js";
import { icon } from "../parts/icon.js";
import { menu } from "../parts/menu.js";
import { skeleton } from "../parts/skeleton.js";
import { table } from "../parts/table.js";
import { go } from "../router.js";
import { session } from "../session.js";
import { EMOTIONS, PRESENCE, ROLES, TEAMS } from "../words.js";

const EVERY_MS = 5_000;
const SOON_MS = 800;
const SOON_DUE_MS = 30_000;
const PRIORITIES = ["普通", "优先", "尽快", "照顾", "紧急", "危险"];

export default class Wall extends HTMLElement {
  #seen = null;
  #failed = false;
  #offs = [];
  #timer = null;
  #ticker = null;
  #rows = new Map();
  #stamp = h("p", { class: "fine", role: "status" });
  #numbers = h("ul", { class: "numbers", "aria-label": "此刻" });
  #lines = h("div");
  #agents = h("ul", { class: "agents" });
  #today = h("aside", { class: "today", "aria-label": "今天" });
  #body;

  connectedCallback() {
    this.#body = h("div", { class: "body" }, skeleton(8));
    this.append(h("div", { class: "sheet-page" },
      h("header", { class: "page-head" }, h("h1", {}, "现场"), this.#stamp), this.#body));
    this.#offs = ["queue", "presence", "resync"].map((type) => live.on(type, () => this.#plan(SOON_MS)));
    this.#ticker = setInterval(() => this.#tick(), 1000);
    this.#load();
  }

  disconnectedCallback() {
    for (const off of this.#offs) off();
    clearTimeout(this.#timer);
    clearInterval(this.#ticker);
    this.#timer = this.#ticker = null;
  }

  #plan(after) {
    if (!this.#ticker) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), after);
  }

  async #load() {
    try {
      this.#seen = await api.get("/desk/wall");
      if (!this.#body.contains(this.#numbers)) this.#frame();
      this.#draw();
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      if (!this.#seen) this.#body.replaceChildren(trouble(error, () => this.#load()));
      if (!error.mayPass && !this.#seen) return;
    }
    this.#tick();
    this.#plan(document.hidden ? EVERY_MS * 4 : EVERY_MS);
  }

  #frame() {
    this.#body.replaceChildren(
      this.#numbers,
      h("div", { class: "columns" },
        h("div", { class: "main" },
          h("section", {}, h("h2", {}, "队列"), this.#lines),
          h("section", {}, h("h2", {}, "同事"), this.#agents)),
        this.#today));
  }

  #draw() {
    const { teams, agents, overdue, approvals, today } = this.#seen;
    const waiting = sum(teams, "waiting");
    const oldest = teams.map((team) => team.waiting_since).filter(Boolean).sort()[0];
    const load = sum(agents, "load");
    const room = sum(agents.filter((agent) => agent.is_there && agent.presence === "ready"), "capacity");
    this.#numbers.replaceChildren(
      number({ name: "排队中", value: count(waiting), link: "/desk?view=queue", since: oldest, about: "没有人在等" }),
      number({ name: "人工接待中", value: count(load), link: "/desk?view=team", about: `在线同事一共能接 ${count(room)} 个` }),
      number({ name: "答复超时的会话", value: count(overdue.chats), link: "/desk?view=team", late: overdue.chats, about: "都在时限内" }),
      number({ name: "超时的工单", value: count(overdue.tickets), link: "/desk/tickets?due=late", late: overdue.tickets, about: "都在时限内" }),
      number({ name: "等审批", value: count(approvals), link: "/desk/approvals", about: approvals ? "到审批页处理" : "没有要审批的" }),
    );
    this.#lines.replaceChildren(queues(teams));
    this.#drawAgents(agents);
    this.#today.replaceChildren(...todays(today));
  }

  #drawAgents(agents) {
    if (!agents.length) {
      this.#agents.replaceChildren(h("li", {}, empty({ title: "还没有同事", hint: "请经理到人员页添加", mark: "people" })));
      return;
    }
    const kept = new Map();
    for (const agent of agents) {
      const text = JSON.stringify(agent);
      const old = this.#rows.get(agent.name);
      // A row with an open menu, or in which something is being written, waits for its news.
      const busy = old && old.element.querySelector("[aria-expanded=true], form");
      kept.set(agent.name, old && (old.text === text || busy) ? old : { text, element: agentRow(agent) });
    }
    this.#rows = kept;
    const elements = [...kept.values()].map(({ element }) => element);
    const same = elements.length === this.#agents.childElementCount
      && elements.every((element, index) => element === this.#agents.children[index]);
    if (!same) this.#agents.replaceChildren(...elements);
  }

  #tick() {
    if (this.#seen) setText(this.#stamp, `${clock(this.#seen.at)} 的情况${fromWhere(this.#seen.channels)}${this.#failed ? "，正在重新连接…" : ""}`);
    for (const element of this.querySelectorAll("[data-since]")) {
      setText(element, `${element.dataset.before ?? ""}${duration(now() - Date.parse(element.dataset.since))}`);
    }
  }
}

function sum(list, key) {
  return list.reduce((total, one) => total + one[key], 0);
}

/** Which channels the present conversations come from; where all are the website's, nobody asks. */
function fromWhere(channels) {
  if (channels.every(({ channel }) => channel === "web")) return "";
  return ` · ${channels.map(({ name, count: many }) => `${name} ${count(many)}`).join("、")}`;
}

/** A big number that leads to what it counts. */
function number({ name, value, link, about, since = null, late = 0 }) {
  const note = since
    ? h("span", { class: "about", "data-since": since, "data-before": "最久等了 " }, `最久等了 ${duration(now() - Date.parse(since))}`)
    : h("span", { class: "about" }, late ? badge("需要处理", { tone: "late", mark: "alarm" }) : about);
  return h("li", {}, h("a", { href: link, class: late ? "late" : null },
    h("span", { class: "name" }, name), h("strong", {}, value), note));
}

function queues(teams) {
  return table({
    label: "各小组的队列",
    rows: teams,
    columns: [
      { key: "team", title: "小组", width: "narrow", cell: (team) => TEAMS[team.team] ?? team.team_name },
      { key: "waiting", title: "排队（位）", align: "end", cell: (team) => h("a", { href: "/desk?view=queue" }, count(team.waiting)) },
      { key: "longest", title: "最久等了", align: "end", cell: (team) => (team.waiting_since
        ? h("span", { class: "number", "data-since": team.waiting_since }, seconds(team.longest_seconds)) : "—") },
      { key: "estimate", title: "现在来约等", align: "end", cell: (team) => (team.estimated_seconds === null
        ? badge("没有人在岗", { tone: "soon", mark: "warning" }) : seconds(team.estimated_seconds)) },
      { key: "priorities", title: "先后", cell: (team) => h("span", { class: "badges" }, ...team.priorities.map((one) =>
        badge(`${PRIORITIES[one.priority] ?? `${one.priority} 级`} ${one.count}`, { tone: one.priority >= 4 ? "late" : one.priority >= 1 ? "soon" : "plain", mark: one.priority >= 4 ? "alarm" : null }))) },
      { key: "work", title: "在岗（人）", align: "end", cell: (team) => count(team.at_work) },
      { key: "places", title: "还能接（个）", align: "end", cell: (team) => count(team.free_places) },
    ],
  });
}

function agentRow(agent) {
  const gone = !agent.is_there && agent.presence !== "off";
  const presence = agent.is_there ? agent.presence : "off";
  const share = agent.capacity ? agent.load / agent.capacity : 0;
  return h(
    "li", { class: presence },
    h("div", { class: "who" },
      avatar(agent.name, { kind: "agent", presence }),
      h("div", {},
        h("p", {}, h("strong", {}, agent.name), " ", h("span", { class: "muted" }, `${TEAMS[agent.team] ?? agent.team_name} · ${ROLES[agent.role] ?? agent.role}`)),
        h("p", { class: "fine" }, gone ? "工作台没有打开" : PRESENCE[presence],
          ...(agent.since && presence !== "off" ? [" · ", h("span", { "data-since": agent.since })] : [])))),
    h("div", { class: "load" },
      bar(share, share >= 1 ? "full" : ""),
      h("span", { class: "number" }, `${agent.load} / ${agent.capacity}`), share >= 1 && h("span", { class: "fine" }, "满")),
    h("ul", { class: "holds", "aria-label": `${agent.name}手上的会话` }, ...agent.conversations.map((one) => held(one, agent))),
  );
}

function held(one, agent) {
  const address = `/desk?conversation=${one.id}`;
  const element = h("li", {});
  const isOwn = agent.name === session.person?.name;
  const actions = menu({
    label: `${one.title}：旁观、耳语、加入、接手`, class: "icon-button small", icon: "dots", items: () => [
      { text: "旁观", hint: "只看，客户和同事都不受影响", icon: "eye", link: address },
      !isOwn && { text: "耳语", hint: `悄悄提醒${agent.name}，客户看不到`, icon: "whisper", run: () => whisperTo() },
      !isOwn && { text: "加入", hint: `和${agent.name}一起接待`, icon: "barge", run: () => act("barge") },
      !isOwn && { text: "接手", hint: "由您来接待", icon: "take", run: () => act("take") },
    ].filter(Boolean),
  });

  async function act(step) {
    try {
      await api.post(`/desk/conversations/${one.id}/${step}`);
      go(address);
    } catch (error) {
      toast(error.message, { kind: "warning" });
    }
  }

  function whisperTo() {
    const input = h("input", { type: "text", required: true, maxlength: "500", "aria-label": `悄悄对${agent.name}说`, placeholder: `悄悄对${agent.name}说` });
    const form = h("form", { class: "whisper", onsubmit: (event) => { event.preventDefault(); send(); }, onkeydown: (event) => { if (event.key === "Escape") form.remove(); } },
      input, h("button", { class: "button small primary" }, "发给同事"),
      h("button", { class: "button small quiet", type: "button", onclick: () => form.remove() }, "取消"));
    async function send() {
      try {
        await api.post(`/desk/conversations/${one.id}/whisper`, { client_id: crypto.randomUUID(), text: input.value });
        form.remove();
        toast(`已悄悄告诉${agent.name}`, { kind: "good" });
      } catch (error) {
        toast(error.message, { kind: "warning" });
      }
    }
    element.querySelector("form")?.remove();
    element.append(form);
    input.focus();
  }

  element.append(
    h("a", { class: "title", href: address }, one.title),
    ...[
      one.emotion > 0 && badge(EMOTIONS[one.emotion], { tone: one.emotion >= 2 ? "late" : "soon", mark: one.emotion >= 2 ? "warning" : null }),
      one.due_at ? countdown(one.due_at, { soon: SOON_DUE_MS, brief: true }) : h("span", { class: "fine" }, "等客户"),
    ].filter(Boolean),
    actions.element,
  );
  return element;
}

function todays(today) {
  const shown = [
    ["有来往的会话", count(today.conversations), null],
    ["没有用到人工的", percent(today.by_bot_share), "/desk?view=bot"],
    ["已结束", count(today.closed), "/desk?view=closed"],
    ["转接", count(today.transferred), null],
    ["平均首次答复", today.first_reply_seconds === null ? "—" : seconds(today.first_reply_seconds), null],
    ["客户评分（5 分制）", today.rating === null ? "—" : `${today.rating.toFixed(1)}（${count(today.ratings)} 次）`, "/desk/quality"],
  ];
  return [
    h("h2", {}, "今天"),
    h("dl", { class: "facts" }, ...shown.map(([name, value, link]) => h("div", {},
      h("dt", {}, name), h("dd", {}, link ? h("a", { href: link }, value) : value)))),
    h("h3", {}, "为什么转人工（次）"),
    today.handovers.length
      ? bars({ said: "今天各种原因转人工的次数", rows: today.handovers.slice(0, 10).map((one) => ({ name: one.reason_name, value: one.count, link: "/desk/triggers" })) })
      : h("p", { class: "muted" }, "今天还没有转人工的会话"),
  ];
}
