// A list of thousands that costs as much as what is seen of it: rows of one height, a few elements used again and
// again, drawn once per animation frame.

import { h } from "/static/widget/dom.js";

const OVERSCAN = 4;

export class VirtualList {
  element;
  #spacer;
  #rowHeight;
  #idOf;
  #make;
  #fill;
  #open;
  #nearEnd;
  #items = [];
  #pool = [];
  #activeId = null;
  #planned = false;
  #prefix;

  /**
   * @param label what the list is called.
   * @param rowHeight () → px.
   * @param idOf item → its id.
   * @param make () → an empty row element.
   * @param fill (element, item, {active}) writes the item into the row; called often, so it writes only what changed.
   * @param open (item) a row was chosen by click or Enter.
   * @param nearEnd () the end comes into sight: more may be loaded.
   */
  constructor({ label, rowHeight, idOf, make, fill, open, nearEnd = () => {}, prefix = "row" }) {
    this.#rowHeight = rowHeight;
    this.#idOf = idOf;
    this.#make = make;
    this.#fill = fill;
    this.#open = open;
    this.#nearEnd = nearEnd;
    this.#prefix = prefix;
    this.#spacer = h("div", { class: "virtual-rows", role: "presentation" });
    this.element = h(
      "div",
      {
        class: "virtual", role: "listbox", tabindex: "0", "aria-label": label,
        onscroll: () => this.refresh(), onkeydown: (event) => this.#pressed(event), onclick: (event) => this.#clicked(event),
      },
      this.#spacer,
    );
    new ResizeObserver(() => this.refresh()).observe(this.element);
  }

  get items() {
    return this.#items;
  }

  set items(items) {
    this.#keepPlace(items);
    this.#items = items;
    this.refresh();
  }

  get active() {
    return this.#items.find((item) => this.#idOf(item) === this.#activeId) ?? null;
  }

  /** Marks a row without opening it. */
  activate(id) {
    this.#activeId = id;
    this.refresh();
  }

  /** Moves the mark by so many rows, and shows it. */
  step(by) {
    if (!this.#items.length) return;
    const here = this.#indexOf(this.#activeId);
    const next = here < 0 ? 0 : Math.min(this.#items.length - 1, Math.max(0, here + by));
    this.#activeId = this.#idOf(this.#items[next]);
    this.#reveal(next);
    this.refresh();
  }

  openActive() {
    if (this.active) this.#open(this.active);
  }

  /** Draws in the next animation frame. */
  refresh() {
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      this.#draw();
    });
  }

  #draw() {
    const height = this.#rowHeight();
    const { clientHeight } = this.element;
    const total = `${this.#items.length * height}px`;
    if (this.#spacer.style.height !== total) this.#spacer.style.height = total;
    const { scrollTop } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / height) - OVERSCAN);
    const last = Math.min(this.#items.length, Math.ceil((scrollTop + clientHeight) / height) + OVERSCAN);
    const size = Math.ceil(clientHeight / height) + 2 * OVERSCAN + 2;
    while (this.#pool.length < size) {
      const row = this.#make();
      row.setAttribute("role", "option");
      this.#pool.push(row);
      this.#spacer.append(row);
    }
    const used = new Set();
    for (let index = first; index < last; index += 1) {
      const row = this.#pool[index % this.#pool.length];
      used.add(row);
      this.#place(row, index, height);
    }
    for (const row of this.#pool) if (!used.has(row)) row.hidden = true;
    const shown = this.#indexOf(this.#activeId);
    const visible = shown >= first && shown < last;
    if (visible) this.element.setAttribute("aria-activedescendant", `${this.#prefix}-${this.#activeId}`);
    else this.element.removeAttribute("aria-activedescendant");
    if (last >= this.#items.length - 5) this.#nearEnd();
  }

  #place(row, index, height) {
    const item = this.#items[index];
    const id = this.#idOf(item);
    row.hidden = false;
    if (row.index !== index || row.rowHeight !== height) {
      row.index = index;
      row.rowHeight = height;
      row.style.transform = `translateY(${index * height}px)`;
      row.style.height = `${height}px`;
      row.setAttribute("aria-posinset", index + 1);
    }
    if (row.itemId !== id) {
      row.itemId = id;
      row.id = `${this.#prefix}-${id}`;
    }
    row.setAttribute("aria-setsize", this.#items.length);
    this.#fill(row, item, { active: id === this.#activeId });
  }

  /** What is being looked at stays where it is when rows come or go above it. */
  #keepPlace(items) {
    const height = this.#rowHeight();
    const { scrollTop } = this.element;
    if (scrollTop < height || !this.#items.length) return;
    const top = Math.min(this.#items.length - 1, Math.floor(scrollTop / height));
    const id = this.#idOf(this.#items[top]);
    const moved = items.findIndex((item) => this.#idOf(item) === id);
    if (moved < 0 || moved === top) return;
    this.#spacer.style.height = `${items.length * height}px`;
    this.element.scrollTop = scrollTop + (moved - top) * height;
  }

  #indexOf(id) {
    return id === null ? -1 : this.#items.findIndex((item) => this.#idOf(item) === id);
  }

  #reveal(index) {
    const height = this.#rowHeight();
    const { scrollTop, clientHeight } = this.element;
    if (index * height < scrollTop) this.element.scrollTop = index * height;
    else if ((index + 1) * height > scrollTop + clientHeight) this.element.scrollTop = (index + 1) * height - clientHeight;
  }

  #pressed(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#rowHeight()) - 1);
    const by = {
      ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.#items.length, End: this.#items.length,
    }[event.key];
    if (by && !event.altKey && !event.ctrlKey) {
      event.preventDefault();
      this.step(by);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.openActive();
    }
  }

  #clicked(event) {
    const row = event.target.closest("[role=option]");
    const item = row && this.#items.find((one) => this.#idOf(one) === row.itemId);
    if (!item) return;
    this.#activeId = row.itemId;
    this.refresh();
    this.#open(item);
  }
}
