// The right side: how customers would read it, and what was said before.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { exactly, when } from "../../format.js";
import { badge } from "../../parts/badge.js";
import { empty, trouble } from "../../parts/empty.js";
import { tabs } from "../../parts/tabs.js";
import { labelName } from "./words.js";

const SCRIPTS = [["hans", "简体"], ["hant", "繁體"]];

export class Side {
  element;
  #tabs;
  #panels = { preview: h("div", { class: "preview" }), history: h("div", { class: "history" }), diff: h("div", { class: "diff" }) };
  #samples = [];
  #fault = null;
  #script = "hans";
  #mood = "calm";
  #moods = [];
  #options;

  /** `mayPublish`: whether earlier revisions can be taken up again; `rollBack(number)` does that. */
  constructor(options) {
    this.#options = options;
    this.#tabs = tabs({
      label: "预览与历史", id: "content-side", selected: "preview", choose: (key) => this.#choose(key),
      items: [{ key: "preview", title: "客户看到的" }, { key: "history", title: "历史" }, { key: "diff", title: "差别" }],
    });
    this.element = h("aside", { class: "side", "aria-label": "预览与历史" }, this.#tabs.element, this.#tabs.panel);
    this.#choose("preview");
  }

  #choose(key) {
    this.#tabs.panel.replaceChildren(this.#panels[key]);
  }

  show(entry, path) {
    this.#moods = entry.moods;
    this.entry = entry;
    this.path = path;
    this.#drawHistory();
    this.#panels.diff.replaceChildren(empty({ title: "选两版来对照", hint: "在“历史”里点“对照”，或点编辑区的“看改了什么”", mark: "history" }));
    this.#tabs.setCounts({ history: entry.revisions.length });
  }

  /** What customers would read, or why that cannot be shown: something is wrong, or not written yet. */
  preview(samples, fault = null, isUnfinished = false) {
    this.#samples = samples;
    this.#fault = fault && h("p", { class: isUnfinished ? "muted" : "finding blocks" }, fault);
    this.#drawPreview();
  }

  #drawPreview() {
    const withMoods = this.#samples.some(({ emotion }) => emotion);
    const heard = this.#samples.filter(({ emotion }) => !emotion || emotion === this.#mood);
    const seen = new Set();
    const told = heard.filter(({ variant, hans }) => !seen.has(variant + hans.text) && seen.add(variant + hans.text));
    this.#panels.preview.replaceChildren(
      h("div", { class: "switches" },
        choices("字", SCRIPTS, this.#script, (script) => { this.#script = script; this.#drawPreview(); }),
        withMoods && choices("情绪", this.#moods.map(({ emotion, name }) => [emotion, name]), this.#mood, (mood) => { this.#mood = mood; this.#drawPreview(); })),
      this.#fault
        ? this.#fault
        : h("div", { class: "phone", lang: this.#script === "hant" ? "zh-Hant" : "zh-Hans" }, ...told.map((sample) => bubble(sample, sample[this.#script], told.length > 1))));
  }

  #drawHistory() {
    const { revisions, file, label } = this.entry;
    const lines = revisions.map((revision) => h(
      "li", {},
      h("p", {}, h("strong", {}, revision.label), " ", revision.state === "published" && badge("正在用", { tone: "good" })),
      h("p", { class: "fine", title: exactly(revision.published_at) }, `${when(revision.published_at)} · ${revision.author === revision.published_by ? revision.author : `${revision.author}写，${revision.published_by}发布`}`),
      revision.note && h("p", {}, revision.note),
      this.#acts(revision.number, revision.label, revision.state === "published")));
    const shipped = file && h("li", {},
      h("p", {}, h("strong", {}, "文件"), " ", label === "file" && badge("正在用", { tone: "good" })),
      h("p", { class: "fine" }, "随安服一起提供的写法"), this.#acts(0, "file", label === "file"));
    this.#panels.history.replaceChildren(h("ol", { class: "revisions" }, ...lines, shipped || null));
  }

  #acts(number, label, current) {
    return h("p", { class: "acts" },
      !current && h("button", { class: "link", type: "button", onclick: () => this.compare(label, "now") }, "和现在的对照"),
      !current && this.#options.mayPublish() && h("button", { class: "link", type: "button", onclick: () => this.#options.rollBack(number, label) }, "恢复这一版"));
  }

  /** Shows what differs between two forms, old first. */
  async compare(from, to, author = null) {
    this.#tabs.mark("diff");
    this.#choose("diff");
    try {
      const { lines } = await api.get(`${this.path}/diff`, { query: { from, to, author } });
      const changed = lines.some((line) => line.some(({ mark }) => mark !== "same"));
      this.#panels.diff.replaceChildren(
        h("p", { class: "fine" }, `从${name(from)}到${name(to)}`),
        changed
          ? h("div", { class: "lines" }, ...lines.map((line) => h("p", {}, ...line.map(run))))
          : empty({ title: "没有差别", mark: "check" }));
    } catch (error) {
      this.#panels.diff.replaceChildren(trouble(error, () => this.compare(from, to, author)));
    }
  }
}

function name(label) {
  return { now: "现在的说法", draft: "草稿" }[label] ?? labelName(label);
}

function run({ mark, text }) {
  if (mark === "same") return text;
  return h(mark === "added" ? "ins" : "del", {}, h("span", { class: "sr" }, mark === "added" ? "加上：" : "去掉："), text);
}

function bubble({ told }, { text, buttons }, numbered) {
  return h("div", { class: "said" },
    numbered && h("p", { class: "fine" }, `第 ${told + 1} 次说`),
    h("p", { class: "bubble" }, text),
    buttons.length > 0 && h("p", { class: "quick" }, ...buttons.map((title) => h("span", { class: "chip" }, title))));
}

function choices(label, options, chosen, choose) {
  return h("div", { class: "choices", role: "group", "aria-label": label }, ...options.map(([value, text]) => h(
    "button", { class: "choice", type: "button", "aria-pressed": String(value === chosen), onclick: () => choose(value) }, text)));
}
