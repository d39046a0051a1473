// A file on its way to the customer: what it is, how far it has come, and what to do when it does not go.

import { h, setText } from "/static/widget/dom.js";
import { icon } from "../../parts/icon.js";

const FAILED = "没有传成功，请检查网络后重试";

export class UploadBubble {
  element;
  #entry;
  #bar = h("progress", { max: "1", value: "0", "aria-label": "上传进度" });
  #state = h("span", { role: "status" });
  #again;
  #drop;
  #delivery;
  #shows = null;

  /** `on`: retryUpload(entry), dropUpload(entry). */
  constructor(entry, on) {
    this.#entry = entry;
    this.#again = h("button", { class: "link", type: "button", onclick: () => on.retryUpload(entry) }, "重试");
    this.#drop = h("button", { class: "link", type: "button", onclick: () => on.dropUpload(entry) });
    this.#delivery = h("div", { class: "delivery" }, this.#state, this.#again, this.#drop);
    this.element = h(
      "div", { class: "message agent upload" },
      h("div", { class: "bubble" }, entry.picture
        ? h("span", { class: "picture" }, h("img", { src: entry.picture, alt: entry.name }))
        : h("span", { class: "attached" }, icon("clip"), entry.name)),
      this.#bar, this.#delivery,
    );
  }

  update() {
    const { done, problem, error } = this.#entry;
    const percent = Math.round(done * 100);
    const shows = [percent, problem, error].join();
    if (shows === this.#shows) return;
    this.#shows = shows;
    this.#bar.hidden = Boolean(problem);
    this.#bar.value = done;
    this.element.classList.toggle("rejected", Boolean(problem));
    this.#delivery.classList.toggle("rejected", Boolean(problem));
    this.#state.setAttribute("role", problem ? "alert" : "status");
    setText(this.#state, problem ? `没有发出：${error ?? FAILED}` : percent < 100 ? `已传 ${percent}%` : "发送中");
    this.#again.hidden = !problem;
    setText(this.#drop, problem ? "不发了" : "取消");
  }
}
