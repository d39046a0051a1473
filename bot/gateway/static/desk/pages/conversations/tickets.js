// 工单 beside the conversation: where each stands, what comes next, what was promised; and opening another (C1-C8, A9).

import { h } from "/static/widget/dom.js";
import { newId } from "/static/widget/ids.js";
import { api } from "../../api.js";
import { when } from "../../format.js";
import { toast } from "../../notices.js";
import { badge } from "../../parts/badge.js";
import { countdown } from "../../parts/countdown.js";
import { empty, trouble } from "../../parts/empty.js";
import { field } from "../../parts/field.js";
import { icon } from "../../parts/icon.js";
import { skeleton } from "../../parts/skeleton.js";
import { stepForm } from "./step.js";
import { leave } from "./transfer.js";

export class TicketsView {
  #talk;
  #place = h("div", { class: "tickets" });
  #form = null;
  /** The ticket that was just moved on: its next step gets the focus. */
  #moved = null;

  constructor(talk) {
    this.#talk = talk;
  }

  /** Opens the form of a new ticket of that kind; `done(ticket)` hears of it. */
  begin(kind, done) {
    this.#begin(kind, done);
  }

  draw(whole = this.#talk.whole) {
    this.#load(whole);
    return this.#place;
  }

  async #load(whole) {
    if (!this.#place.firstChild && whole.tickets.length) this.#place.replaceChildren(skeleton(5));
    let ahead = [];
    try {
      ({ tickets: ahead } = await api.get(`${this.#talk.path}/next`));
    } catch (error) {
      this.#place.replaceChildren(trouble(error, () => this.#load(whole)));
      return;
    }
    if (this.#form) return;
    const focused = this.#place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const open = new Set(ahead.map(({ number }) => number));
    const over = whole.tickets.filter(({ number }) => !open.has(number));
    const add = h("button", { class: "button", type: "button", onclick: () => this.#begin() }, icon("plus"), "新建工单");
    if (!ahead.length && !over.length) {
      this.#place.replaceChildren(
        empty({ title: "这位客户还没有工单", hint: "登记后，客户会收到工单号和答应的时间", mark: "ticket", action: { text: "新建工单", run: () => this.#begin() } }));
      return;
    }
    this.#place.replaceChildren(
      h("ul", { class: "ahead" }, ...ahead.map((ticket) => this.#ahead(ticket))),
      over.length ? h("ul", { class: "over" }, ...over.map(({ number, step_name: step, opened_at: opened }) => h(
        "li", {}, h("a", { href: `/desk/tickets/${number}` }, number), h("span", { class: "muted" }, `${step} · ${when(opened)}`)))) : "",
      add);
    this.#focus(focused, add);
  }

  /** Whoever works by keyboard stays where they were, or goes on with the step after. */
  #focus(key, add) {
    const moved = this.#moved;
    this.#moved = null;
    const all = [...this.#place.querySelectorAll("[data-key]")];
    if (moved) (all.find(({ dataset }) => dataset.key.startsWith(`${moved} `)) ?? add).focus();
    else if (key) all.find(({ dataset }) => dataset.key === key)?.focus();
  }

  #ahead(ticket) {
    const { promise } = ticket;
    return h(
      "li", {},
      h("div", { class: "ahead-head" },
        h("a", { href: `/desk/tickets/${ticket.number}` }, ticket.number),
        badge(ticket.kind_name), badge(ticket.status_name, { tone: "accent" })),
      h("p", {}, h("span", { class: "muted" }, "现在："), ticket.step_name, ticket.clause && h("span", { class: "fine" }, ` ${ticket.clause}`)),
      promise.due_at && h("p", { title: promise.why.join("\n") }, h("span", { class: "muted" }, "答应："), `${when(promise.due_at)} `, countdown(promise.due_at)),
      promise.why.length > 0 && h("details", { class: "why" }, h("summary", {}, "怎么算的"), ...promise.why.map((line) => h("p", {}, line))),
      ticket.missing.length > 0 && h("p", {}, h("span", { class: "muted" }, "还差："), ticket.missing.map(({ name }) => name).join("、")),
      ticket.next.length > 0 && h("div", { class: "next" }, ...ticket.next.map((way) => (way.may
        ? h("button", {
          class: "button small", type: "button", "data-key": `${ticket.number} ${way.to}`, "aria-expanded": "false",
          onclick: ({ currentTarget }) => this.#step(currentTarget, ticket, way),
        }, icon("right"), way.name)
        : h("span", { class: "fine" }, `下一步 ${way.name}（${way.who}）`))),
        h("a", { class: "source edit", href: `/desk/tickets/${ticket.number}` }, "改已登记的信息")),
    );
  }

  /** Opens the form of a step below its buttons; the same button again shuts it. */
  #step(button, ticket, way) {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    this.#shutStep();
    if (isOpen) return;
    const form = stepForm(ticket, way, {
      done: () => {
        this.#shutStep();
        this.#moved = ticket.number;
        this.#talk.refresh();
      },
      shut: () => {
        this.#shutStep();
        button.focus();
        // What came in the meantime.
        this.#load(this.#talk.whole);
      },
    });
    this.#form = form;
    button.setAttribute("aria-expanded", "true");
    button.closest("li").append(form);
    form.querySelector(ticket.missing.length ? "select, input, textarea" : "[type=submit]").focus();
    form.scrollIntoView({ block: "nearest" });
  }

  #shutStep() {
    for (const button of this.#place.querySelectorAll("[aria-expanded=true]")) button.setAttribute("aria-expanded", "false");
    this.#form?.remove();
    this.#form = null;
  }

  async #begin(wanted = null, done = null) {
    this.#place.replaceChildren(skeleton(5));
    try {
      const { kinds } = await api.get(`${this.#talk.path}/tickets`);
      this.#form = this.#blank(kinds, wanted, done);
      this.#place.replaceChildren(this.#form);
      this.#form.querySelector(wanted ? "input, textarea" : "select").focus();
    } catch (error) {
      this.#place.replaceChildren(trouble(error, () => this.#begin(wanted, done)));
    }
  }

  #blank(kinds, wanted, done) {
    const key = newId();
    const kind = field({ label: "类型", kind: "select", value: wanted, options: kinds.map(({ kind: id, name }) => [id, name]) });
    const promised = h("p", { class: "hint" });
    const place = h("div", { class: "panel-form column" });
    const send = h("button", { class: "button primary", type: "submit" }, "登记工单");
    let fields = [];
    const show = () => {
      const chosen = kinds.find(({ kind: id }) => id === kind.input.value);
      const kept = Object.fromEntries(fields.map(({ id, input }) => [id, input.value]));
      fields = chosen.fields.map(({ id, name, value, optional }) => ({
        id, ...field({
          label: optional ? `${name}（选填）` : name, value: kept[id] || value || "", required: !optional,
          kind: ["symptom", "grievance", "idea", "address"].includes(id) ? "textarea" : "input", ...(id === "symptom" ? { rows: "2" } : {}),
        }),
      }));
      place.replaceChildren(...fields.map(({ element }) => element));
      promised.textContent = `登记后答应客户：${when(chosen.promised_at)} 前答复`;
    };
    const submit = async (event) => {
      event.preventDefault();
      send.disabled = true;
      try {
        const ticket = await api.post(`${this.#talk.path}/tickets`, {
          client_id: key, kind: kind.input.value, fields: Object.fromEntries(fields.map(({ id, input }) => [id, input.value.trim()])),
        });
        toast(`工单 ${ticket.number} 已登记`, { kind: "good" });
        this.#end();
        await this.#talk.refresh();
        done?.(ticket);
      } catch (error) {
        kind.fault(error.message);
      } finally {
        send.disabled = false;
      }
    };
    kind.input.addEventListener("change", show);
    show();
    return h(
      "form", { class: "panel-form column", "aria-label": "新建工单", onsubmit: submit, onkeydown: (event) => leave(event, () => this.#end()) },
      h("h3", {}, "新建工单"), kind.element, place, promised,
      h("div", { class: "panel-acts" }, send, h("button", { class: "button", type: "button", onclick: () => this.#end() }, "取消")),
    );
  }

  #end() {
    this.#form = null;
    this.#place.replaceChildren();
    this.draw();
  }
}
