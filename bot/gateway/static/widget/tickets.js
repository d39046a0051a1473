// 「我的工单」: the customer's tickets from the website and, once bound, from WeChat (B6, D8).

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { formatTime } from "./time.js";

export class TicketList {
  element;
  title;
  #words;
  #script;
  #load;
  #ask;

  /** `load()` → [{number, kind, status, is_over, what, opened_at, promised_at}]; `ask(text)` says it in the chat. */
  constructor(words, script, load, ask) {
    this.#words = words;
    this.#script = script;
    this.#load = load;
    this.#ask = ask;
    this.title = words.myTickets;
    this.element = h("div", { class: "tickets" });
  }

  async refresh() {
    const words = this.#words;
    this.#say("clock", words.ticketsLoading);
    try {
      const tickets = await this.#load();
      if (!tickets.length) return this.#say("info", words.noTickets);
      this.element.replaceChildren(
        h("p", { class: "sr", role: "status" }, words.ticketsFound(tickets.length)),
        h("ul", {}, ...tickets.map((ticket) => this.#ticket(ticket))),
      );
    } catch (error) {
      this.#say(
        "warning", error.message || words.ticketsFailed,
        h("button", { class: "chip", type: "button", onclick: () => this.refresh() }, words.retry),
      );
    }
  }

  #say(mark, text, button) {
    this.element.replaceChildren(h("p", { class: "sheet-note", role: "status" }, icon(mark), h("span", {}, text)), button ?? "");
  }

  #ticket({ number, kind, status, is_over: isOver, what, opened_at: openedAt, promised_at: promisedAt }) {
    const words = this.#words;
    const ask = () => this.#ask(words.askProgress(number));
    return h(
      "li", { class: `ticket${isOver ? " over" : ""}` },
      h("p", { class: "ticket-top" }, h("strong", {}, kind), h("span", { class: "state" }, status)),
      what && h("p", { class: "what" }, what),
      h("p", { class: "fact" }, words.ticketNumber, h("span", { class: "whole" }, number)),
      h("p", { class: "fact" }, words.ticketOpened, this.#time(openedAt)),
      promisedAt && h("p", { class: "fact" }, words.ticketPromised, this.#time(promisedAt)),
      h(
        "button", { class: "chip", type: "button", "aria-label": `${words.askTicket} ${number}`, onclick: ask },
        words.askTicket,
      ),
    );
  }

  #time(moment) {
    const at = new Date(moment);
    return h("time", { datetime: moment }, formatTime(at, new Date(), this.#script, this.#words));
  }
}
