// One opened conversation on the screen: head, log and composer in the middle, the side beside it.

import { h } from "/static/widget/dom.js";
import { Composer } from "./composer.js";
import { dropZone } from "./files.js";
import { Head } from "./head.js";
import { Log } from "./log.js";
import { Side } from "./side.js";
import { Talk } from "./talk.js";

export class Screen {
  element;
  talk;
  side;
  refreshing = null;
  #head;
  #log;
  #composer;

  /** `on`: changed(talk), row(row), back(), pane(pane). */
  constructor(row, on) {
    this.talk = new Talk(row, { changed: on.changed, row: on.row, unreached: (text) => this.#composer.putBack(text) });
    this.#log = new Log(this.talk, {
      retry: (id) => this.talk.outbox.retry(id),
      rewrite: (id) => this.#composer.rewrite(this.talk.outbox.withdraw(id).text),
      retryUpload: (entry) => this.talk.uploads.retry(entry),
      again: (text) => this.#composer.putBack(text),
      dropUpload: (entry) => { this.talk.uploads.remove(entry); this.#composer.focus(); },
    });
    this.#composer = new Composer(this.talk, {
      callback: (done) => {
        on.pane("side");
        this.side.beginTicket("callback", (ticket) => { on.pane("talk"); done?.(ticket); });
      },
    });
    this.#head = new Head(this.talk, {
      back: on.back, side: () => on.pane("side"),
      mode: (mode) => (mode ? this.#composer.setMode(mode) : this.#composer.focus()),
    });
    this.side = new Side(this.talk, { back: () => on.pane("talk"), say: (seq) => { on.pane("talk"); this.#log.reveal(seq); } });
    this.element = h("article", { class: "screen", "aria-label": "会话" }, this.#head.element, this.#log.element, this.#composer.element);
    dropZone(this.element, (files) => this.#composer.attach(files));
  }

  get composer() {
    return this.#composer;
  }

  get head() {
    return this.#head;
  }

  get log() {
    return this.#log;
  }

  /** It was brought to the front. */
  appear() {
    this.update();
    this.#log.toEnd();
    if (matchMedia("(hover: hover)").matches) this.#composer.focus();
  }

  /** A second has passed. */
  tick() {
    this.#composer.tick();
  }

  update() {
    this.#head.update();
    this.#log.update();
    this.#composer.update();
    this.side.update();
    if (!document.hidden && this.#log.isAtBottom && this.element.isConnected) this.talk.markRead();
  }
}
