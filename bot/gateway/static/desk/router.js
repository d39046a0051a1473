// Which page an address shows. How to write a page:
//
// - `pages/NAME.js` default-exports a class that extends HTMLElement; here it becomes <anfu-NAME> and gets the class
//   `page`. It builds light DOM with `h` and words from words.js, in connectedCallback; disconnectedCallback undoes
//   every `live.on`, `keys.add` and timer. `pages/NAME.css` is loaded with it: scope all its rules by `anfu-NAME`.
// - `show({ path, rest, query })` is called after connecting and again when only the rest of the address changes:
//   `/desk/tickets/BX20261128-0001?tab=notes` → rest ["BX20261128-0001"], query URLSearchParams.
// - Links are plain <a href="/desk/…">; from code `go("/desk/…")`. `setTitle("…")` names what is being looked at.
// - Errors of the API are shown where they belong with parts/empty.js `trouble(error, again)` or `toast(error.message)`.

import { h } from "/static/widget/dom.js";
import { trouble } from "./parts/empty.js";
import { skeleton } from "./parts/skeleton.js";
import { session } from "./session.js";
import { words } from "./words.js";

/** `level`: from whom up; "any" includes administrators. `menu: false`: not in the navigation. */
export const PAGES = [
  { name: "conversations", path: "/desk", title: "会话", icon: "chat", level: "agent" },
  { name: "tickets", path: "/desk/tickets", title: "工单", icon: "ticket", level: "agent" },
  { name: "approvals", path: "/desk/approvals", title: "审批", icon: "stamp", level: "supervisor" },
  { name: "wall", path: "/desk/wall", title: "现场", icon: "wall", level: "supervisor" },
  { name: "quality", path: "/desk/quality", title: "质检", icon: "medal", level: "agent" },
  { name: "content", path: "/desk/content", title: "话术与知识", icon: "book", level: "agent" },
  { name: "triggers", path: "/desk/triggers", title: "转人工规则", icon: "branch", level: "supervisor" },
  { name: "people", path: "/desk/people", title: "人员", icon: "people", level: "any", only: ["manager", "admin"] },
  { name: "account", path: "/desk/account", title: "我的账号", icon: "person", level: "any", menu: false },
];

const listeners = new Set();
let outlet = null;
let current = null;
let shown = null;
let subject = "";
let unread = 0;

/** Which pages this person may open. */
export function pagesFor() {
  return PAGES.filter(({ level, only }) => session.may(level) && (!only || only.includes(session.person.role)));
}

export function start(element) {
  outlet = element;
  addEventListener("popstate", () => follow());
  document.addEventListener("click", clicked);
  follow();
}

/** Goes to an address of the desk. */
export function go(address, { replace = false } = {}) {
  const there = new URL(address, location.origin);
  if (there.href !== location.href) history[replace ? "replaceState" : "pushState"](null, "", there);
  follow();
}

/** Calls `listener(page)` at each change of page; returns how to stop. */
export function onPage(listener) {
  listeners.add(listener);
  if (current) listener(current);
  return () => listeners.delete(listener);
}

/** What is being looked at, for the title of the browser's tab. */
export function setTitle(text) {
  subject = text;
  showTitle();
}

/** How many unread conversations the title tells. */
export function setUnread(count) {
  unread = count;
  showTitle();
}

function showTitle() {
  const title = [subject, current?.title, words.product].filter(Boolean).join(" · ");
  document.title = unread ? `(${unread > 99 ? "99+" : unread}) ${title}` : title;
}

function pageAt(path) {
  const own = PAGES.filter((page) => path === page.path || path.startsWith(`${page.path}/`));
  return own.sort((one, other) => other.path.length - one.path.length)[0] ?? PAGES[0];
}

async function follow() {
  const page = session.person.must_change_password ? PAGES.at(-1) : pageAt(location.pathname);
  const rest = location.pathname.slice(page.path.length).split("/").filter(Boolean).map(decodeURIComponent);
  const route = { path: location.pathname, rest, query: new URLSearchParams(location.search) };
  if (page === current && shown) {
    shown.show?.(route);
    return;
  }
  current = page;
  shown = null;
  setTitle("");
  for (const listener of listeners) listener(page);
  if (!pagesFor().includes(page)) {
    const [first] = pagesFor();
    if (location.pathname === "/desk" && first) {
      go(first.path, { replace: true });
      return;
    }
    outlet.replaceChildren(notForYou());
    return;
  }
  const waiting = setTimeout(() => outlet.replaceChildren(skeleton(6)), 120);
  try {
    const element = await load(page);
    if (page !== current) return;
    outlet.replaceChildren(element);
    shown = element;
    // The address may have moved on within the page while it was loading.
    const last = location.pathname.slice(page.path.length).split("/").filter(Boolean).map(decodeURIComponent);
    element.show?.({ ...route, path: location.pathname, rest: last, query: new URLSearchParams(location.search) });
  } catch (error) {
    reportError(error);
    if (page === current) outlet.replaceChildren(trouble(words.pageFailed, () => location.reload()));
  } finally {
    clearTimeout(waiting);
  }
}

async function load({ name }) {
  const tag = `anfu-${name}`;
  const [module] = await Promise.all([import(`./pages/${name}.js`), styles(name)]);
  if (!customElements.get(tag)) customElements.define(tag, module.default);
  return h(tag, { class: "page" });
}

function styles(name) {
  const href = `/static/desk/pages/${name}.css`;
  if (document.querySelector(`link[href="${href}"]`)) return null;
  return new Promise((resolve) => {
    document.head.append(h("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  });
}

function clicked(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.("a[href]");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.pathname !== "/desk" && !link.pathname.startsWith("/desk/")) return;
  event.preventDefault();
  go(link.href);
}

function notForYou() {
  return trouble(words.notForYou, null);
}
