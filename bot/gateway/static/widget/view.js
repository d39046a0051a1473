// The launcher and the panel around the conversation.

import { Binding } from "./binding.js";
import { Composer } from "./composer.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { Log } from "./log.js";
import { Menu } from "./menu.js";
import { QueueBar, WAYS_OUT } from "./queue.js";
import { Sheet } from "./sheet.js";
import { TicketList } from "./tickets.js";
import { layOut } from "./timeline.js";
import { FULL_SCREEN } from "./viewport.js";

export class View {
  element;
  #words;
  #on;
  #launcher;
  #badge;
  #panel;
  #mark;
  #title;
  #status;
  #banner;
  #bannerText;
  #log;
  #composer;
  #queue;
  #menu;
  #sheet;
  #tickets;
  #binding;
  #owner = null;
  #agent = null;
  #fullScreen = matchMedia(FULL_SCREEN);

  /** `on`: open(), close(), tickets(), and what `Log`, `Composer` and `Binding` want to be done. */
  constructor(words, script, on) {
    this.#words = words;
    this.#on = on;
    this.#log = new Log(words, script, { ...on, choose: (text) => this.#chosen(text) });
    this.#composer = new Composer(words, on);
    this.#queue = new QueueBar(words, (text) => this.#chosen(text));
    this.#tickets = new TicketList(words, script, on.tickets, (text) => this.#leaveSheetAndSay(text));
    this.#binding = new Binding(words, { ...on, done: () => this.#sheet.close() });
    this.#menu = new Menu(
      words,
      [
        { icon: "list", label: words.myTickets, choose: () => this.#showTickets() },
        { icon: "link", label: words.bindWechat, choose: () => this.#showBinding(), wanted: () => this.#canBind() },
      ],
    );
    const beneath = [this.#log.element, this.#queue.element, this.#composer.element];
    this.#sheet = new Sheet(words, beneath, () => this.#sheetClosed());
    this.#build(script);
    this.#panel.addEventListener("keydown", (event) => this.#keyPressed(event));
    this.#fullScreen.addEventListener("change", () => this.#showModality());
  }

  show({ focus }) {
    this.#panel.hidden = false;
    this.#launcher.hidden = true;
    this.#showModality();
    this.#log.scrollToEnd();
    if (focus) (this.#sheet.isOpen ? this.#sheet : this.#composer).focus();
  }

  /** Asks whether what was said in WeChat is to be brought here. */
  askToBind(token) {
    this.#binding.ask(token);
    this.#sheet.show(this.#binding);
  }

  hide({ focus }) {
    this.#sheet.close();
    this.#panel.hidden = true;
    this.#launcher.hidden = false;
    if (focus) this.#launcher.focus();
  }

  update(chat) {
    const { store, link, unsent } = chat;
    const loading = !store.loaded && !unsent.length && link !== "offline";
    const elsewhere = store.owner === "queued" ? WAYS_OUT : [];
    const rows = layOut(store.messages, unsent, chat.renewed, chat.uploads, elsewhere);
    this.#log.update(rows, { loading, waiting: chat.waiting, agentTyping: chat.agentTyping });
    this.#queue.update(store.owner, store.queue);
    this.#binding.update(store);
    this.#showOwner(store.owner, store.agent, link);
    this.#showBanner(store.loaded, link);
    const { unread } = chat;
    this.#badge.hidden = !unread;
    setText(this.#badge, unread > 99 ? "99+" : String(unread));
    const label = unread ? `${this.#words.openChat}，${this.#words.unread(unread)}` : this.#words.openChat;
    this.#launcher.setAttribute("aria-label", label);
  }

  #build(script) {
    const words = this.#words;
    this.#badge = h("span", { class: "badge", hidden: true });
    this.#launcher = h(
      "button",
      { class: "launcher", type: "button", "aria-haspopup": "dialog", onclick: this.#on.open },
      icon("chat"), h("span", { class: "label" }, words.launcher), this.#badge,
    );
    this.#mark = h("span", { class: "mark" });
    this.#title = h("h2", { id: "title" });
    this.#status = h("p", { class: "status", role: "status" });
    const close = h(
      "button",
      { class: "close", type: "button", "aria-label": words.close, title: words.close, onclick: this.#on.close },
      icon("close"),
    );
    this.#bannerText = h("span");
    this.#banner = h("p", { class: "banner", role: "status", hidden: true }, icon("warning"), this.#bannerText);
    this.#panel = h(
      "section", { class: "panel", role: "dialog", "aria-labelledby": "title", tabindex: "-1", hidden: true },
      h("header", {}, this.#mark, h("div", { class: "heading" }, this.#title, this.#status), this.#menu.element, close),
      this.#banner,
      h(
        "div", { class: "room" },
        this.#log.element, this.#queue.element, this.#composer.element, this.#sheet.element,
      ),
    );
    this.element = h("div", { class: "anfu", lang: script }, this.#launcher, this.#panel);
  }

  #showOwner(owner, agent, link) {
    const words = this.#words;
    if (owner !== this.#owner || agent !== this.#agent) {
      this.#owner = owner;
      this.#agent = agent;
      this.#panel.dataset.owner = owner;
      this.#mark.replaceChildren(icon(owner === "human" ? "headset" : "bot"));
      setText(this.#title, owner === "human" ? titleOf(agent, words) : words.title);
      this.#composer.setOwner(owner);
    }
    const byLink = { offline: words.offline, connecting: words.connecting }[link];
    const byOwner = { queued: words.queued, human: words.human }[owner] ?? words.ready;
    // A queue or a person is what the customer must know even while the line is being mended.
    setText(this.#status, owner === "bot" && byLink ? byLink : byOwner);
    this.#panel.dataset.link = link;
  }

  #showBanner(loaded, link) {
    this.#banner.hidden = link !== "offline";
    setText(this.#bannerText, loaded ? this.#words.offlineBanner : this.#words.unavailable);
  }

  #chosen(text) {
    this.#on.send(text);
    // The chip is gone now. On a touch screen the field would bring up the keyboard, which nobody asked for.
    if (matchMedia("(pointer: coarse)").matches) this.#log.focus();
    else this.#composer.focus();
  }

  /** A shop without WeChat has nothing to bind. */
  async #canBind() {
    return (await this.#on.bindings()).channels.length > 0;
  }

  #showTickets() {
    this.#sheet.show(this.#tickets);
    this.#tickets.refresh();
  }

  #showBinding() {
    this.#sheet.show(this.#binding);
    this.#binding.begin();
  }

  #sheetClosed() {
    this.#binding.leave();
    if (!this.#panel.hidden) this.#menu.focus();
  }

  #leaveSheetAndSay(text) {
    this.#sheet.close();
    this.#chosen(text);
  }

  #showModality() {
    if (this.#fullScreen.matches) this.#panel.setAttribute("aria-modal", "true");
    else this.#panel.removeAttribute("aria-modal");
  }

  #keyPressed(event) {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      this.#on.close();
    } else if (event.key === "Tab" && this.#fullScreen.matches) {
      this.#keepFocusInside(event);
    }
  }

  #keepFocusInside(event) {
    const stops = [...this.#panel.querySelectorAll("a[href], button:not(:disabled), textarea, [tabindex='0']")].filter(
      (stop) => !stop.closest("[inert]") && (stop.checkVisibility?.() ?? stop.offsetParent),
    );
    const active = this.element.getRootNode().activeElement;
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (active !== edge && active !== this.#panel) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0]).focus();
  }
}

function titleOf(agent, words) {
  return agent ? words.titleNamed(agent) : words.titleHuman;
}
