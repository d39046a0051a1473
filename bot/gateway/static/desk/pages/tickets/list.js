// The list of tickets: kept lists at the left, search, filters, and what may be done to many at once.

import { h, setText } from "/static/widget/dom.js";
import { Storage } from "/static/widget/storage.js";
import { api } from "../../api.js";
import { count } from "../../format.js";
import { keys } from "../../keys.js";
import { live } from "../../live.js";
import { toast } from "../../notices.js";
import { go, setTitle } from "../../router.js";
import { session } from "../../session.js";
import { dialog } from "../../parts/dialog.js";
import { empty, trouble } from "../../parts/empty.js";
import { icon } from "../../parts/icon.js";
import { menu } from "../../parts/menu.js";
import { skeleton } from "../../parts/skeleton.js";
import { table } from "../../parts/table.js";
import { bulkBar } from "./bulk.js";
import { columnsFor, USUAL_COLUMNS } from "./columns.js";
import { filterBar, FILTERS } from "./filters.js";
import { SORTS } from "./words.js";

const PAGE = 50;
const storage = new Storage("desk");

export class TicketList {
  element;
  #known = { views: null, people: [], steps: {} };
  #query = new URLSearchParams();
  #rows = [];
  #next = null;
  #chosen = new Set();
  #asked = 0;
  #columns = storage.read("ticket-columns") ?? USUAL_COLUMNS;
  #views = h("nav", { class: "views", "aria-label": "工单列表" });
  #title = h("h1", {});
  #news = h("button", { class: "news", type: "button", hidden: true, onclick: () => this.#load() }, icon("repeat"), "列表有变动，刷新");
  #filters = h("div", {});
  #body = h("div", { class: "rows" });
  #search;
  #bulk;
  #off = [];

  constructor() {
    this.#search = h("input", {
      type: "search", placeholder: "搜工单号、产品、事由、电话尾号", "aria-label": "搜索工单", maxlength: "100",
      onchange: () => this.#ask({ q: this.#search.value.trim() || null }),
    });
    this.#bulk = bulkBar({
      chosen: () => [...this.#chosen], known: this.#known, done: () => this.#load(), clear: () => this.#choose([], false),
    });
    this.element = h(
      "div", { class: "list" }, this.#views,
      h("section", { class: "main" },
        h("header", { class: "page-head" }, this.#title, this.#news, h("label", { class: "search" }, icon("search"), this.#search), ...this.#tools()),
        this.#filters, this.#body, this.#bulk.element),
    );
  }

  start() {
    this.#off = [
      live.on("ticket", () => { this.#news.hidden = false; }),
      live.on("resync", () => this.#load()),
      keys.add({ key: "/", does: "搜索工单", group: "工单", run: () => this.#search.focus() }),
    ];
    this.#prepare();
  }

  stop() {
    for (const off of this.#off) off();
    this.#off = [];
  }

  /** The list that the address asks for. */
  async show(query) {
    this.#query = query;
    if (!this.#known.views) await this.#ready;
    if (![...query.keys()].length) this.#query = new URLSearchParams({ view: "mine" });
    this.#search.value = query.get("q") ?? "";
    this.#chosen.clear();
    await this.#load();
  }

  #ready = null;

  #prepare() {
    this.#ready = Promise.allSettled([this.#loadViews(), this.#loadPeople()]);
  }

  async #loadViews() {
    const told = await api.get("/desk/views");
    this.#known.views = told;
    this.#known.steps = told.steps;
    const custom = Object.fromEntries(told.custom_fields.map(({ id, name }) => [`custom.${id}`, name]));
    this.#known.columns = { ...told.columns, ...custom };
    this.#drawViews();
  }

  async #loadPeople() {
    const { people } = await api.get("/people");
    this.#known.people = people.filter(({ role, disabled, is_disabled: off }) => role !== "admin" && !disabled && !off);
  }

  #all() {
    return [...(this.#known.views?.built_in ?? []), ...(this.#known.views?.views ?? [])];
  }

  get #view() {
    return this.#all().find(({ id }) => id === this.#query.get("view")) ?? null;
  }

  get #wanted() {
    return Object.fromEntries(FILTERS.filter((name) => this.#query.get(name)).map((name) => [name, this.#query.get(name)]));
  }

  /** What is asked of the server: the kept list's filters, unless the address has its own. */
  #asking(extra = {}) {
    const view = this.#view;
    const own = view ? { ...view.filters, sort: view.sort } : {};
    return { ...own, ...this.#wanted, sort: this.#query.get("sort") ?? own.sort, q: this.#query.get("q"), ...extra };
  }

  async #load({ more = false } = {}) {
    const asked = (this.#asked += 1);
    if (!more) {
      this.#news.hidden = true;
      if (!this.#rows.length) this.#body.replaceChildren(skeleton(8));
    }
    this.#drawHead();
    try {
      const page = await api.get("/desk/tickets", { query: this.#asking({ limit: PAGE, cursor: more ? this.#next : null }) });
      if (asked !== this.#asked) return;
      this.#rows = more ? [...this.#rows, ...page.tickets] : page.tickets;
      this.#next = page.next;
      for (const number of [...this.#chosen]) if (!this.#rows.some((row) => row.number === number)) this.#chosen.delete(number);
      this.#draw();
      if (!more) this.#loadViews().catch(() => {});
    } catch (error) {
      if (asked === this.#asked) this.#body.replaceChildren(trouble(error, () => this.#load()));
    }
  }

  /** Goes to the same list with something changed. */
  #ask(changes) {
    const query = new URLSearchParams(this.#query);
    for (const [name, value] of Object.entries(changes)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    go(`/desk/tickets?${query}`);
  }

  #filter(filters) {
    const query = new URLSearchParams(filters);
    for (const name of ["q", "sort"]) if (this.#query.get(name)) query.set(name, this.#query.get(name));
    if (![...query.keys()].length) query.set("view", "all");
    go(`/desk/tickets?${query}`);
  }

  #drawHead() {
    const name = this.#view?.name ?? "筛选结果";
    setText(this.#title, this.#query.get("q") ? `搜“${this.#query.get("q")}”` : name);
    setTitle(name);
    const shown = this.#view ? { ...this.#view.filters, ...this.#wanted } : this.#wanted;
    this.#filters.replaceChildren(filterBar({
      filters: Object.fromEntries(Object.entries(shown).map(([key, value]) => [key, String(value)])),
      known: this.#known, change: (filters) => this.#filter(filters),
    }));
    this.#drawViews();
  }

  #drawViews() {
    if (!this.#known.views) return;
    const { built_in: everybodys, views, counts, counted_up_to: most } = this.#known.views;
    const link = (view, own) => h(
      "li", {},
      h("a", { href: `/desk/tickets?view=${view.id}`, "aria-current": this.#query.get("view") === view.id ? "page" : null },
        h("span", { class: "name" }, view.name),
        h("span", { class: "count" }, counts[view.id] >= most ? "999+" : count(counts[view.id] ?? 0))),
      own && (view.is_own || session.may("supervisor")) && h(
        "button", { class: "icon-button small", type: "button", "aria-label": `删除列表：${view.name}`, onclick: () => this.#remove(view) }, icon("trash")));
    const group = (title, list) => list.length > 0 && [h("h2", {}, title), h("ul", {}, ...list)];
    this.#views.replaceChildren(...[
      group("常用", everybodys.map((view) => link(view, false))),
      group("我的", views.filter((view) => view.is_own && !view.shared).map((view) => link(view, true))),
      group("共享", views.filter((view) => view.shared).map((view) => link(view, true))),
    ].filter(Boolean).flat());
  }

  #draw() {
    if (!this.#rows.length) {
      this.#body.replaceChildren(this.#query.get("q") || Object.keys(this.#wanted).length
        ? empty({ title: "没有符合的工单", hint: "换个说法，或去掉一两个筛选条件再试。", mark: "search", action: { text: "看全部工单", link: "/desk/tickets?view=all" } })
        : empty({ title: "这里没有工单", hint: "都办妥了，或者还没有指派到这里。", action: { text: "看全部未办完的", link: "/desk/tickets?view=running" } }));
      this.#bulk.update([]);
      return;
    }
    const all = h("input", { type: "checkbox", "aria-label": "选中这一页", onchange: (event) => this.#choose(this.#rows.map(({ number }) => number), event.target.checked) });
    const pick = {
      key: "pick", title: all, width: "narrow",
      cell: (row) => {
        const box = h("input", { type: "checkbox", "aria-label": `选中 ${row.number}`, onchange: (event) => this.#choose([row.number], event.target.checked) });
        box.checked = this.#chosen.has(row.number);
        return box;
      },
    };
    all.checked = this.#rows.every(({ number }) => this.#chosen.has(number));
    this.#body.replaceChildren(
      table({
        label: "工单", columns: [pick, ...columnsFor(this.#columns, this.#known.columns ?? {})], rows: this.#rows,
        open: (row) => go(`/desk/tickets/${row.number}`), rowClass: (row) => (this.#chosen.has(row.number) ? "chosen" : null),
      }),
      this.#next ? h("button", { class: "button wide more", type: "button", onclick: () => this.#load({ more: true }) }, "再看 50 张") : "",
    );
    this.#bulk.update([...this.#chosen]);
  }

  #choose(numbers, chosen) {
    if (!numbers.length) this.#chosen.clear();
    for (const number of numbers) this.#chosen[chosen ? "add" : "delete"](number);
    this.#draw();
  }

  #tools() {
    const sort = menu({
      label: "排序", text: "排序", icon: "down", class: "button", align: "end",
      items: () => Object.entries(SORTS).map(([key, text]) => ({
        text, checked: (this.#query.get("sort") ?? this.#view?.sort ?? "opened") === key, run: () => this.#ask({ sort: key }),
      })),
    });
    const columns = menu({
      label: "显示哪些列", text: "列", icon: "panel", class: "button",
      items: () => Object.entries(this.#known.columns ?? {}).map(([key, text]) => ({
        text, checked: this.#columns.includes(key), disabled: key === "number", run: () => this.#toggle(key),
      })),
    });
    const keep = menu({
      label: "存成列表", text: "存列表", icon: "plus", class: "button",
      items: () => [
        { text: "存成我的列表", run: () => this.#keep(false) },
        ...(session.may("supervisor") ? [{ text: "存成共享列表", hint: "所有同事都能看到", run: () => this.#keep(true) }] : []),
      ],
    });
    const exported = menu({
      label: "导出成表格", text: "导出", icon: "download", class: "button",
      items: () => [
        { text: "导出这个列表", hint: "电话打码", run: () => this.#export() },
        ...(session.may("supervisor") ? [{ text: "导出完整电话…", hint: "要写原因，记入审计", run: () => this.#askWhy() }] : []),
      ],
    });
    return [sort.element, columns.element, keep.element, exported.element];
  }

  #toggle(key) {
    const order = Object.keys(this.#known.columns);
    const chosen = new Set(this.#columns);
    chosen[chosen.has(key) ? "delete" : "add"](key);
    const usual = USUAL_COLUMNS.filter((own) => chosen.has(own));
    this.#columns = [...usual, ...order.filter((own) => chosen.has(own) && !usual.includes(own))];
    storage.write("ticket-columns", this.#columns);
    this.#draw();
  }

  #keep(shared) {
    const form = h(
      "form", { class: "keeping", onsubmit: (event) => { event.preventDefault(); send(); } },
      h("input", { type: "text", "aria-label": "列表名", placeholder: shared ? "共享列表叫什么" : "列表叫什么", maxlength: "30", required: true }),
      h("button", { class: "button small primary", type: "submit" }, "保存"),
      h("button", { class: "button small quiet", type: "button", onclick: () => form.remove() }, "取消"));
    const send = async () => {
      const { q, sort, ...filters } = this.#asking();
      for (const key of Object.keys(filters)) if (filters[key] === undefined || filters[key] === null) delete filters[key];
      try {
        const view = await api.post("/desk/views", { name: form.querySelector("input").value.trim(), filters, sort: sort ?? "opened", columns: this.#columns, shared });
        form.remove();
        await this.#loadViews();
        go(`/desk/tickets?view=${view.id}`);
      } catch (error) {
        toast(error.message, { kind: "danger" });
      }
    };
    this.#views.append(form);
    form.querySelector("input").focus();
  }

  async #remove(view) {
    try {
      await api.delete(`/desk/views/${view.id}`);
      toast(`列表“${view.name}”已删除`, { kind: "good" });
      await this.#loadViews();
    } catch (error) {
      toast(error.message, { kind: "danger" });
    }
  }

  #export(extra = {}) {
    const asking = this.#asking({ columns: this.#columns.join(","), ...extra });
    h("a", { href: api.address("/desk/tickets.csv", asking), download: "" }).click();
    toast(`开始导出${extra.full ? "，电话是完整的" : "，电话已打码"}；这次导出会记入审计。`);
  }

  /** Phones in full leave the house only for a reason that is written down. */
  async #askWhy() {
    const reason = h("input", { type: "text", maxlength: "200", "aria-label": "原因", placeholder: "例如：客户经理电话回访" });
    const wanted = await dialog({
      title: "为什么要完整电话？", body: h("div", { class: "field" }, h("p", {}, "原因和您的名字会记入审计。"), reason),
      actions: [{ text: "取消", value: false }, { text: "导出完整电话", tone: "primary", value: true }],
    });
    if (!wanted) return;
    if (reason.value.trim()) this.#export({ full: "true", reason: reason.value.trim() });
    else toast("没有导出：请写明原因", { kind: "warning" });
  }
}
