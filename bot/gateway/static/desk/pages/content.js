// Scripts and knowledge: find, change, hear, publish, take back. What is written is kept as a draft by itself.

import { h } from "/static/widget/dom.js";
import { api } from "../api.js";
import { ago } from "../format.js";
import { keys } from "../keys.js";
import { toast } from "../notices.js";
import { badge } from "../parts/badge.js";
import { confirm } from "../parts/dialog.js";
import { empty, trouble } from "../parts/empty.js";
import { skeleton } from "../parts/skeleton.js";
import { go, setTitle } from "../router.js";
import { session } from "../session.js";
import { articleForm, scriptForm, showFindings } from "./content/form.js";
import { List } from "./content/list.js";
import { Side } from "./content/side.js";
import { KINDS, labelName } from "./content/words.js";

const LOOK_MS = 350;
const KEEP_MS = 15_000;

export default class Content extends HTMLElement {
  #list = new List({ choose: (kind, key) => go(`/desk/content/${kind}/${encodeURIComponent(key)}`), begin: () => this.#begin() });
  #side = new Side({ mayPublish: () => session.may("supervisor"), rollBack: (number, label) => this.#rollBack(number, label) });
  #middle = h("section", { class: "editor", "aria-label": "编辑" });
  #entry = null;
  #kind = "scripts";
  #form = null;
  #author = null;
  #version = null;
  #dirty = false;
  #findings = [];
  #looks = 0;
  #lookTimer = null;
  #keepTimer = null;
  #keeping = Promise.resolve();
  #bar = h("footer", { class: "save-bar" });
  #off = null;
  #warn = (event) => { if (this.#dirty) event.preventDefault(); };

  connectedCallback() {
    this.replaceChildren(this.#list.element, this.#middle, this.#side.element);
    this.#off = keys.add(
      { key: "/", does: "查找话术和文章", group: "话术与知识", run: () => this.#list.search.focus() },
      { key: "Ctrl+s", does: "保存草稿", group: "话术与知识", run: () => this.#keep() },
      { key: "Ctrl+Enter", does: "发布", group: "话术与知识", run: () => this.#publish() },
    );
    addEventListener("beforeunload", this.#warn);
  }

  disconnectedCallback() {
    this.#off?.();
    removeEventListener("beforeunload", this.#warn);
    if (this.#dirty) this.#keep();
    clearTimeout(this.#lookTimer);
    clearTimeout(this.#keepTimer);
  }

  async show({ rest }) {
    const [kind = "scripts", key = null] = rest;
    this.#kind = KINDS[kind] ? kind : "scripts";
    if (this.#dirty && (await this.#keep()) === false) return;
    this.toggleAttribute("data-open", Boolean(key));
    this.#list.show(this.#kind, key);
    if (key) await this.#open(key);
    else this.#nothing();
  }

  #nothing() {
    this.#entry = this.#form = null;
    setTitle("");
    this.#side.element.hidden = true;
    this.#middle.replaceChildren(empty({
      title: this.#kind === "scripts" ? "从左边选一条话术" : "从左边选一篇文章",
      hint: "改好存成草稿，由主管发布；发布后机器人马上这样说。", mark: "book",
    }));
  }

  get #name() {
    return this.#kind === "scripts" ? this.#entry.key : this.#entry.title || "新文章";
  }

  get #path() {
    return `/desk/content/${this.#kind}/${encodeURIComponent(this.#entry.key)}`;
  }

  async #open(key, author = session.person.name) {
    const path = `/desk/content/${this.#kind}/${encodeURIComponent(key)}`;
    const waiting = setTimeout(() => this.#middle.replaceChildren(skeleton(6)), 150);
    try {
      const entry = await api.get(path);
      if (!this.isConnected || !location.pathname.endsWith(encodeURIComponent(key))) return;
      this.#set(entry, author);
    } catch (error) {
      this.#side.element.hidden = true;
      this.#middle.replaceChildren(trouble(error, () => this.#open(key, author)));
    } finally {
      clearTimeout(waiting);
    }
  }

  /** Shows an entry with the draft of an author, else with what is said now. */
  #set(entry, author) {
    const own = session.person.name;
    // Who has to publish sees at once what waits for that.
    const draft = entry.open_drafts.find((each) => each.author === author) ?? (entry.body ? null : entry.open_drafts[0]);
    this.#entry = entry;
    this.#author = draft?.author ?? own;
    this.#version = draft?.version ?? null;
    this.#dirty = false;
    this.#findings = [];
    const frozen = this.#author !== own;
    const make = this.#kind === "scripts" ? scriptForm : articleForm;
    this.#form = make(entry, draft?.body ?? entry.body, () => this.#changed(), frozen);
    setTitle(entry.title || entry.key);
    this.#side.element.hidden = false;
    this.#side.show(entry, this.#path);
    this.#middle.replaceChildren(
      h("header", { class: "editor-head" },
        h("a", { class: "link back", href: `/desk/content/${this.#kind}` }, "返回列表"),
        h("h1", {}, this.#name),
        badge(labelName(entry.label), { tone: entry.label === "file" || !entry.label ? "plain" : "good", title: "现在说的是哪一版" }),
        h("span", { class: "fine" }, this.#kind === "scripts" ? `依据 ${entry.grounds}` : entry.key)),
      h("div", { class: "scroll" }, ...this.#banners(draft, frozen), this.#form.element),
      this.#bar);
    this.#drawBar();
    this.#look();
  }

  #banners(draft, frozen) {
    const { broken, file_has_changed: newFile, open_drafts: drafts } = this.#entry;
    const mayPublish = session.may("supervisor");
    const others = drafts.filter(({ author }) => author !== this.#author);
    return [
      broken && banner("late", `${this.#entry.label} 读不出来，正在说文件里的写法：${broken}`, mayPublish && ["用文件的写法重新发布", () => this.#rollBack(0, "file")]),
      newFile && banner("soon", "升级带来了新的文件写法，现在说的还是员工发布的。", ["看差别", () => this.#side.compare("now", "file")], mayPublish && ["改用文件的写法", () => this.#rollBack(0, "file")]),
      draft?.behind && banner("soon", "这份草稿写好之前，有人发布了新的一版。", ["看差别", () => this.#side.compare("now", "draft", draft.author)], !frozen && ["仍以我的为准", () => this.#keep({ seen: true })]),
      frozen && banner("accent", `这是${draft.author}的草稿（${ago(draft.changed_at)}），只能看。`, ["看改了什么", () => this.#side.compare("now", "draft", draft.author)], ["回到我的", () => this.#open(this.#entry.key)]),
      !frozen && others.length > 0 && banner("accent", `${others.map(({ author }) => author).join("、")}也在改这一条。`, ...others.slice(0, 3).map(({ author }) => [`看${author}的草稿`, () => this.#openDraft(author)])),
    ].filter(Boolean);
  }

  async #openDraft(author) {
    if (this.#dirty && (await this.#keep()) === false) return;
    this.#open(this.#entry.key, author);
  }

  #changed() {
    this.#dirty = true;
    clearTimeout(this.#lookTimer);
    clearTimeout(this.#keepTimer);
    this.#lookTimer = setTimeout(() => this.#look(), LOOK_MS);
    this.#keepTimer = setTimeout(() => this.#keep({ quiet: true }), KEEP_MS);
    this.#drawBar();
  }

  /** Asks for findings and for what customers would read. */
  async #look() {
    const look = (this.#looks += 1);
    const form = this.#form;
    const body = form.body();
    const isUnfinished = this.#kind === "articles" && !(body.title && body.answer && body.source);
    const [lint, heard] = await Promise.allSettled([
      api.post(`${this.#path}/lint`, { body }),
      isUnfinished ? Promise.reject(new Error("写好标题、回答和依据，就能看到客户读到的样子。")) : api.post(`${this.#path}/preview`, { body }),
    ]);
    if (look !== this.#looks || form !== this.#form) return;
    if (lint.status === "fulfilled") {
      this.#findings = lint.value.findings;
      showFindings(form.element, this.#findings);
    }
    if (heard.status === "fulfilled") this.#side.preview(heard.value.samples);
    else this.#side.preview([], heard.reason.message, isUnfinished);
    this.#drawBar();
  }

  #drawBar() {
    const own = this.#author === session.person.name;
    const hasDraft = this.#version !== null;
    const blocking = this.#findings.filter(({ blocks }) => blocks).length;
    const leader = session.may("supervisor");
    const mayPublish = leader && (!own || session.may("manager"));
    const state = [
      this.#dirty ? "有改动，还没有存" : hasDraft ? `${own ? "草稿" : `${this.#author}的草稿`}已存好` : "没有改动",
      blocking > 0 && `还有 ${blocking} 处要改`,
      own && hasDraft && !this.#dirty && !mayPublish && (leader ? "请另一位主管看过后发布" : "请主管看过后发布"),
    ].filter(Boolean).join(" · ");
    this.#bar.replaceChildren(...[
      h("p", { class: blocking ? "bar-state late" : "bar-state", role: "status" }, state),
      hasDraft && this.#entry.body && h("button", { class: "button quiet", type: "button", onclick: () => this.#compareDraft() }, "看改了什么"),
      hasDraft && (own || leader) && h("button", { class: "button quiet", type: "button", onclick: () => this.#discard() }, "放弃草稿"),
      own && h("button", { class: "button", type: "button", disabled: !this.#dirty, title: "Ctrl+S", onclick: () => this.#keep() }, "保存草稿"),
      mayPublish && h("button", { class: "button primary", type: "button", disabled: (!hasDraft && !this.#dirty) || blocking > 0, title: "Ctrl+Enter", onclick: () => this.#publish() }, own ? "发布" : `发布${this.#author}的草稿`),
    ].filter(Boolean));
  }

  async #compareDraft() {
    if (this.#dirty && (await this.#keep()) === false) return;
    this.#side.compare("now", "draft", this.#author);
  }

  /** Keeps the draft; false where that failed. One save at a time, each going on from the one before. */
  #keep({ seen = false, quiet = false } = {}) {
    this.#keeping = this.#keeping.then(() => this.#keepNow({ seen, quiet }));
    return this.#keeping;
  }

  async #keepNow({ seen, quiet }) {
    if (!this.#form || this.#author !== session.person.name || (!this.#dirty && !seen)) return true;
    clearTimeout(this.#keepTimer);
    const { key } = this.#entry;
    const path = this.#path;
    this.#dirty = false;
    try {
      const draft = await api.put(`${path}/draft`, { body: this.#form.body(), version: this.#version, seen });
      if (this.#entry?.key === key) this.#version = draft.version;
      if (seen) await this.#open(key);
      if (this.#entry?.key === key) this.#drawBar();
      if (!quiet) this.#list.load();
      return true;
    } catch (error) {
      this.#dirty = true;
      this.#drawBar();
      toast(error.message, { kind: "warning", ...(error.status === 409 ? { action: { text: "刷新", run: () => { this.#dirty = false; this.#open(key); } } } : {}) });
      return false;
    }
  }

  async #publish() {
    if (!this.#form || !session.may("supervisor") || (this.#dirty && (await this.#keep()) === false)) return;
    if (this.#version === null) return;
    const note = h("input", { type: "text", maxlength: "200", placeholder: "例如：语气更亲切", "aria-label": "这次改了什么，可以不写" });
    const yes = await confirm({
      title: `发布 ${this.#name}`, act: "发布", danger: false,
      text: h("span", { class: "publish-note" }, "发布后机器人马上这样说，随时可以恢复以前的版本。", note),
    });
    if (!yes) return;
    await this.#act(() => api.post(`${this.#path}/publish`, { author: this.#author, version: this.#version, note: note.value.trim() }), "发布了，机器人已经这样说");
  }

  async #rollBack(number, label) {
    if (this.#dirty && (await this.#keep()) === false) return;
    const yes = await confirm({ title: `恢复${labelName(label)}`, act: "恢复", danger: false, text: "恢复后成为新的一版，马上生效；现在的一版留在历史里。" });
    if (yes) await this.#act(() => api.post(`${this.#path}/rollback`, { number }), `恢复了${labelName(label)}的写法`);
  }

  async #discard() {
    const own = this.#author === session.person.name;
    if (!(await confirm({ title: "放弃草稿", act: "放弃", text: `${own ? "" : `${this.#author}的`}改动不再保留，现在的说法不变。` }))) return;
    clearTimeout(this.#keepTimer);
    await this.#keeping;
    try {
      await api.delete(`${this.#path}/draft?author=${encodeURIComponent(this.#author)}`);
      this.#dirty = false;
      this.#list.load();
      if (this.#entry.body) await this.#open(this.#entry.key);
      else go(`/desk/content/${this.#kind}`);
    } catch (error) {
      toast(error.message, { kind: "warning" });
    }
  }

  async #act(ask, done) {
    try {
      this.#set(await ask(), session.person.name);
      toast(done, { kind: "good" });
      this.#list.load();
    } catch (error) {
      toast(error.message, { kind: "warning" });
    }
  }

  async #begin() {
    try {
      const { key } = await api.post("/desk/content/articles", { body: {} });
      go(`/desk/content/articles/${key}`);
      this.#list.load();
    } catch (error) {
      toast(error.message, { kind: "warning" });
    }
  }
}

function banner(tone, text, ...acts) {
  return h("p", { class: `banner ${tone}` }, h("span", {}, text), ...acts.filter(Boolean).map(([name, run]) => h("button", { class: "link", type: "button", onclick: run }, name)));
}
