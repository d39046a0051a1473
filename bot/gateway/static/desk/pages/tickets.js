// Tickets: the list, and one of them with all that happened around it.

import { setTitle } from "../router.js";
import { TicketDetail } from "./tickets/detail.js";
import { TicketList } from "./tickets/list.js";

export default class Tickets extends HTMLElement {
  #list = null;
  #detail = null;

  show({ rest, query }) {
    const [number] = rest;
    this.#close();
    if (number) {
      this.#detail = new TicketDetail(number.toUpperCase());
      this.replaceChildren(this.#detail.element);
      this.#detail.start();
      setTitle(number.toUpperCase());
      return;
    }
    if (!this.#list) {
      this.#list = new TicketList();
      this.#list.start();
    }
    if (this.firstChild !== this.#list.element) this.replaceChildren(this.#list.element);
    this.#list.show(query);
  }

  disconnectedCallback() {
    this.#close();
    this.#list?.stop();
    this.#list = null;
  }

  #close() {
    this.#detail?.stop();
    this.#detail = null;
  }
}
