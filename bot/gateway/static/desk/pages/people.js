// The people page, for managers and administrators: who works here, who is there, and beside the list one person to
// change. `/desk/people/new` adds, `/desk/people/小李` opens.

import { h } from "/static/widget/dom.js";
import { api } from "../api.js";
import { ago, count } from "../format.js";
import { keys } from "../keys.js";
import { live } from "../live.js";
import { avatar } from "../parts/avatar.js";
import { badge } from "../parts/badge.js";
import { empty, trouble } from "../parts/empty.js";
import { icon } from "../parts/icon.js";
import { skeleton } from "../parts/skeleton.js";
import { table } from "../parts/table.js";
import { go, setTitle } from "../router.js";
import { PRESENCE, ROLES, skillName, teamName } from "../words.js";
import { PersonPanel } from "./people/panel.js";

const HOME = "/desk/people";
const NEW = "new";

export default class People extends HTMLElement {
  #people = null;
  #chosen = null;
  #sorted = { key: "name", descending: false };
  #search = h("input", {
    type: "search", placeholder: "找姓名、小组或技能", "aria-label": "找人", oninput: () => this.#draw(),
  });
  #disabled = h("input", { type: "checkbox", id: "people-disabled", onchange: () => this.#draw() });
  #summary = h("p", { class: "muted summary" });
  #list = h("div", { class: "list" });
  #side = h("aside", { class: "side", "aria-label": "员工资料", hidden: true });
  #offs = [];

  connectedCallback() {
    this.append(
      h("div", { class: "sheet-page" },
        h("header", { class: "page-head" },
          h("h1", {}, "人员"), this.#search,
          h("span", { class: "with-disabled" }, this.#disabled, h("label", { for: "people-disabled" }, "含已停用")),
          h("a", { class: "button primary", href: `${HOME}/${NEW}` }, icon("plus"), "添加员工")),
        this.#summary, this.#list),
      this.#side,
    );
    this.#offs = [
      live.on("presence", ({ people }) => this.#heard(people)),
      live.on("resync", () => this.#load()),
      keys.add({ key: "/", does: "找人", run: () => this.#search.focus() }),
      keys.add({ key: "Escape", does: "收起员工资料", run: () => this.#chosen && go(HOME) }),
    ];
    this.#list.append(skeleton(6));
    this.#load();
  }

  disconnectedCallback() {
    for (const off of this.#offs) off();
  }

  show({ rest }) {
    this.#chosen = rest[0] ?? null;
    setTitle(this.#chosen === NEW ? "添加员工" : this.#chosen ?? "");
    this.#openSide();
  }

  async #load() {
    try {
      this.#people = (await api.get("/people")).people;
    } catch (error) {
      this.#list.replaceChildren(trouble(error, () => this.#load()));
      return;
    }
    this.#draw();
    if (this.#side.hidden) this.#openSide();
  }

  #heard(people = []) {
    if (!this.#people) return;
    const news = new Map(people.map((person) => [person.name, person]));
    this.#people = this.#people.map((person) => ({ ...person, ...only(news.get(person.name)) }));
    this.#draw();
  }

  #openSide() {
    const person = this.#people?.find(({ name }) => name === this.#chosen);
    this.#side.hidden = !this.#people || !(person || this.#chosen === NEW);
    this.classList.toggle("with-side", !this.#side.hidden);
    this.#mark();
    if (this.#side.hidden) {
      this.#side.replaceChildren();
      return;
    }
    const panel = new PersonPanel(person ?? null, {
      teams: [...new Set(this.#people.map(({ team }) => team))],
      saved: (saved) => this.#saved(saved),
      noted: (known) => this.#note(known),
      close: () => go(HOME),
    });
    this.#side.replaceChildren(panel.element);
    panel.focus();
  }

  #saved(person) {
    if (person.disabled) this.#disabled.checked = true;
    this.#note(person);
    if (this.#chosen === NEW) go(`${HOME}/${encodeURIComponent(person.name)}`, { replace: true });
    else this.#openSide();
  }

  #note(person) {
    const others = this.#people.filter(({ name }) => name !== person.name);
    const known = this.#people.find(({ name }) => name === person.name);
    // What the change did not touch, the load, stays as it was counted last.
    this.#people = [...others, { ...person, load: known?.load ?? 0 }];
    this.#draw();
  }

  #draw() {
    if (!this.#people) return;
    const words = this.#search.value.trim().toLowerCase();
    const rows = this.#people
      .filter((person) => (this.#disabled.checked || !person.disabled) && found(person, words))
      .sort((one, other) => this.#compare(one, other));
    const working = this.#people.filter((person) => !person.disabled);
    const ready = working.filter(({ presence }) => presence === "ready");
    this.#summary.textContent = `共 ${count(working.length)} 人，${count(ready.length)} 人在线，手上 ${
      count(working.reduce((sum, { load }) => sum + load, 0))} 个会话`;
    this.#list.replaceChildren(rows.length ? this.#table(rows) : empty({
      title: words ? "没有找到这样的人" : "还没有员工", mark: "people",
      hint: words ? "换个字再找，或勾选“含已停用”。" : "点右上角“添加员工”开始。",
    }));
    this.#mark();
  }

  #table(rows) {
    return table({
      label: "员工", rows,
      columns: [
        { key: "name", title: "姓名", sort: true, cell: who },
        { key: "presence", title: "状态", sort: true, cell: presence },
        { key: "load", title: "接待", align: "end", sort: true, cell: load },
        { key: "role", title: "角色", sort: true, cell: ({ role }) => ROLES[role] ?? role },
        { key: "team", title: "小组", sort: true, cell: ({ team }) => teamName(team) },
        { key: "skills", title: "技能", width: "wide", cell: skills },
        { key: "sign_in", title: "登录", cell: signIn },
      ],
      link: ({ name }) => `${HOME}/${encodeURIComponent(name)}`,
      open: ({ name }) => go(`${HOME}/${encodeURIComponent(name)}`),
      sorted: this.#sorted,
      sort: (key) => {
        this.#sorted = { key, descending: this.#sorted.key === key && !this.#sorted.descending };
        this.#draw();
        this.#list.querySelector(`th[aria-sort] button`)?.focus();
      },
      rowClass: ({ disabled }) => disabled && "disabled",
    });
  }

  #compare(one, other) {
    const { key, descending } = this.#sorted;
    const order = rank(key, one, other) || one.name.localeCompare(other.name, "zh");
    return descending ? -order : order;
  }

  #mark() {
    for (const link of this.#list.querySelectorAll(".row-link")) {
      const own = decodeURIComponent(link.pathname.slice(HOME.length + 1)) === this.#chosen;
      link.closest("tr").classList.toggle("chosen", own);
    }
  }
}

const ORDERS = { presence: Object.keys(PRESENCE), role: Object.keys(ROLES) };

function rank(key, one, other) {
  if (ORDERS[key]) return ORDERS[key].indexOf(one[key]) - ORDERS[key].indexOf(other[key]);
  if (typeof one[key] === "number") return one[key] - other[key];
  return String(one[key]).localeCompare(String(other[key]), "zh");
}

function found({ name, team, skills }, words) {
  return [name, team, teamName(team), ...skills, ...skills.map(skillName)].join("\n").toLowerCase().includes(words);
}

/** What the live line tells of a colleague. */
function only(news) {
  if (!news) return {};
  const { presence, load, since } = news;
  return Object.fromEntries(Object.entries({ presence, load, since }).filter(([, value]) => value !== undefined));
}

function who({ name, disabled }) {
  return h("span", { class: "who" }, avatar(name, { kind: "agent", size: "small" }), name, disabled && badge("已停用"));
}

function presence({ presence: state, since, role }) {
  if (role === "admin") return null;
  return h("span", { class: "said", title: since && state !== "off" ? `${ago(since)}起` : null },
    h("i", { class: `dot ${state}`, "aria-hidden": "true" }), PRESENCE[state] ?? state);
}

function load({ load: held, capacity, role }) {
  if (role === "admin") return null;
  return h("span", { class: `number${held >= capacity && held > 0 ? " full" : ""}` }, `${held} / ${capacity}`,
    held >= capacity && held > 0 && h("small", {}, " 已满"));
}

function skills({ skills: known, role }) {
  if (role === "admin") return null;
  if (!known.length) return h("span", { class: "muted" }, "都会");
  return h("span", { class: "chips" }, ...known.map((skill) => badge(skillName(skill))));
}

function signIn({ password, must_change_password: fresh, second_factor: factor }) {
  if (!password) return h("span", { class: "muted" }, "没有密码");
  return h("span", { class: "chips" }, fresh ? badge("待改密码", { tone: "soon" }) : "密码",
    factor && badge("动态码", { tone: "good", mark: "shield" }));
}
