import { h } from "/static/widget/dom.js";

/**
 * A table of records. `columns`: [{key, title, cell(row) → node|text, align?: "end", width?: "narrow"|"wide", sort?}];
 * `open(row)` makes rows clickable, `link(row)` gives the first cell its address (keyboard and middle click work).
 * `sorted`: {key, descending}, `sort(key)` is called from the heads of columns with `sort: true`.
 */
export function table({ label, columns, rows, link = null, open = null, sorted = null, sort = null, rowClass = null }) {
  return h(
    "div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": label },
    h("table", { class: "table" },
      h("thead", {}, h("tr", {}, ...columns.map((column) => head(column, sorted, sort)))),
      h("tbody", {}, ...rows.map((row) => h(
        "tr",
        { class: [open && "opens", rowClass?.(row)].filter(Boolean).join(" ") || null, onclick: open && ((event) => clicked(event, () => open(row))) },
        ...columns.map((column, index) => cell(column, row, index === 0 && link ? link(row) : null)),
      )))),
  );
}

function head({ key, title, align, width, sort: sortable }, sorted, sort) {
  const own = sorted?.key === key;
  const direction = own ? (sorted.descending ? "descending" : "ascending") : null;
  const text = sortable && sort
    ? h("button", { class: "sort", type: "button", onclick: () => sort(key) }, title,
      h("span", { "aria-hidden": "true" }, own ? (sorted.descending ? " ↓" : " ↑") : ""))
    : title;
  return h("th", { scope: "col", "aria-sort": direction, class: classes(align, width) }, text);
}

function cell({ cell: make, key, align, width }, row, address) {
  const content = make ? make(row) : row[key];
  const shown = content === null || content === undefined || content === "" ? "—" : content;
  const inner = address ? h("a", { class: "row-link", href: address }, shown) : shown;
  return h("td", { class: classes(align, width) }, ...(Array.isArray(inner) ? inner : [inner]));
}

function classes(align, width) {
  return [align, width].filter(Boolean).join(" ") || null;
}

function clicked(event, open) {
  // Buttons, links and boxes in a row do their own work; selecting text is not a click.
  if (event.target.closest("a, button, input, label, select") || getSelection()?.toString()) return;
  open();
}
