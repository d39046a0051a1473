// The right pane: the summary for whoever takes over, the customer's file, the tickets.

import { h } from "/static/widget/dom.js";
import { icon } from "../../parts/icon.js";
import { skeleton } from "../../parts/skeleton.js";
import { tabs } from "../../parts/tabs.js";
import { briefView } from "./brief.js";
import { CustomerView } from "./customer.js";
import { TicketsView } from "./tickets.js";

const TABS = [{ key: "brief", title: "摘要" }, { key: "customer", title: "客户" }, { key: "tickets", title: "工单" }];

export class Side {
  element;
  #talk;
  #on;
  #tabs;
  #shown = "brief";
  #seen = null;
  #views;

  /** `on`: back(), say(seq) shows that message. */
  constructor(talk, on) {
    this.#talk = talk;
    this.#on = on;
    this.#tabs = tabs({ id: `side-${talk.id}`, label: "客户与工单", items: TABS, selected: "brief", choose: (key) => this.select(key) });
    this.#views = { customer: new CustomerView(talk), tickets: new TicketsView(talk) };
    this.element = h(
      "aside", { class: "side", "aria-label": "客户与工单" },
      h("div", { class: "side-head" },
        h("button", { class: "icon-button back", type: "button", "aria-label": "回到对话", onclick: on.back }, icon("left")),
        this.#tabs.element),
      this.#tabs.panel,
    );
    this.#tabs.panel.append(skeleton(7));
  }

  select(key) {
    this.#shown = key;
    this.#tabs.mark(key);
    this.#seen = null;
    this.update();
  }

  /** Shows the form of a new ticket of that kind; `done(ticket)` hears of it. */
  beginTicket(kind, done) {
    this.select("tickets");
    this.#views.tickets.begin(kind, done);
  }

  /** Draws what the server told, once for each time it told it. */
  update() {
    const { whole } = this.#talk;
    if (!whole || this.#seen === whole) return;
    // What is being filled in is not torn away.
    if (this.#seen && this.#tabs.panel.querySelector("form")?.contains(document.activeElement)) return;
    this.#seen = whole;
    this.#tabs.setCounts({ tickets: whole.tickets.length });
    const view = this.#shown === "brief"
      ? briefView(whole, this.#talk, this.#on)
      : this.#views[this.#shown].draw(whole);
    // Taken out and put in again, it would lose the focus.
    if (this.#tabs.panel.firstElementChild !== view) this.#tabs.panel.replaceChildren(view);
  }
}
