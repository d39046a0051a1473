// One ticket: where it stands and what is owed by when, what comes next, what stands on it, and all that happened.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { exactly } from "../../format.js";
import { keys } from "../../keys.js";
import { live } from "../../live.js";
import { toast } from "../../notices.js";
import { go } from "../../router.js";
import { session } from "../../session.js";
import { badge } from "../../parts/badge.js";
import { countdown } from "../../parts/countdown.js";
import { trouble } from "../../parts/empty.js";
import { icon } from "../../parts/icon.js";
import { skeleton } from "../../parts/skeleton.js";
import { priorityBadge, statusBadge } from "./columns.js";
import { factGroups } from "./facts.js";
import { fileGroup } from "./files.js";
import { nextSteps } from "./steps.js";
import { timeline } from "./timeline.js";
import { KINDS, LEVELS, matterOf } from "./words.js";

export class TicketDetail {
  element = h("div", { class: "detail" }, skeleton(10));
  #number;
  #whole = null;
  #people = [];
  #banner = h("div", { class: "banners", role: "status" });
  #off = [];
  #gone = false;

  constructor(number) {
    this.#number = number;
  }

  async start() {
    this.#off = [
      live.on("ticket", ({ number, version, by }) => this.#changedElsewhere(number, version, by)),
      live.on("editing", ({ ticket, people }) => { if (ticket === this.#number) this.#showEditing(people); }),
      live.on("state", () => this.#sayOpen()),
      live.on("resync", () => this.#load()),
      keys.add({ key: "Escape", does: "回到工单列表", group: "工单", run: () => history.back() }),
    ];
    api.get("/people").then(({ people }) => {
      this.#people = people.filter(({ role }) => role !== "admin");
      if (this.#whole) this.#draw();
    }, () => {});
    await this.#load();
    this.#sayOpen();
  }

  stop() {
    this.#gone = true;
    for (const off of this.#off) off();
    live.send({ type: "editing", ticket: null });
  }

  /** The desk's signs of life keep it up; colleagues who have the ticket open see it. */
  #sayOpen() {
    if (this.#whole && !this.#gone) live.send({ type: "editing", ticket: this.#number });
  }

  async #load() {
    try {
      this.#whole = await api.get(`/desk/tickets/${this.#number}`);
      if (this.#gone) return;
      this.#banner.querySelector(".changed")?.remove();
      this.#draw();
      this.#showEditing(this.#whole.editing);
    } catch (error) {
      if (!this.#gone) this.element.replaceChildren(this.#back(), trouble(error, () => this.#load()));
    }
  }

  /** Stores a change of what was looked at; of two who change the same, the later is told. */
  async #save(change) {
    try {
      await api.patch(`/desk/tickets/${this.#number}/fields`, { ...change, version: this.#whole.ticket.version });
    } catch (error) {
      // What was written stays in its place; saved once more, it is meant in the light of what the other changed.
      if (error.status === 409) this.#whole = await api.get(`/desk/tickets/${this.#number}`);
      throw error;
    }
    toast("已保存", { kind: "good" });
    await this.#load();
  }

  #changedElsewhere(number, version, by) {
    if (number !== this.#number || !this.#whole || version <= this.#whole.ticket.version || by === session.person.name) return;
    this.#banner.querySelector(".changed")?.remove();
    this.#banner.append(h(
      "p", { class: "banner changed" }, icon("repeat"), `${by} 刚改过这张工单。`,
      h("button", { class: "link", type: "button", onclick: () => this.#load() }, "看最新内容")));
  }

  #showEditing(people) {
    const others = people.filter((name) => name !== session.person.name);
    this.#banner.querySelector(".editing")?.remove();
    if (others.length) {
      this.#banner.prepend(h("p", { class: "banner editing" }, icon("eye"), `${others.join("、")} 也开着这张工单，改之前先打个招呼。`));
    }
  }

  #draw() {
    const { ticket, attachments, timeline: told, related } = this.#whole;
    const reload = () => this.#load();
    this.element.replaceChildren(
      h("header", { class: "detail-head" }, this.#back(),
        h("div", { class: "titles" },
          h("h1", {}, h("span", { class: "number" }, ticket.number), statusBadge(ticket.status), priorityBadge(ticket.priority)),
          h("p", { class: "matter" }, `${KINDS[ticket.kind]} · ${ticket.step_name}`, ticket.fields.product && ` · ${ticket.fields.product}`, matterOf(ticket) && ` · ${matterOf(ticket)}`)),
        h("div", { class: "doing" }, this.#assignee(ticket),
          ticket.conversation_id && h("a", { class: "button", href: `/desk?conversation=${ticket.conversation_id}` }, icon("chat"), "打开会话"))),
      this.#banner,
      h("div", { class: "columns" },
        h("main", {},
          promises(ticket), this.#merged(ticket), nextSteps(ticket, reload), timeline(told)),
        h("aside", { "aria-label": "工单内容" },
          ...factGroups(this.#whole, (change) => this.#save(change), () => api.post(`/desk/tickets/${this.#number}/personal`)),
          fileGroup(ticket.number, attachments, reload),
          this.#related(ticket, related))),
    );
  }

  #back() {
    return h("a", { class: "icon-button", href: "/desk/tickets", "aria-label": "回到工单列表", onclick: (event) => {
      if (history.length > 1) { event.preventDefault(); history.back(); }
    } }, icon("left"));
  }

  #assignee(ticket) {
    const names = [...new Set([...this.#people.map(({ name }) => name), ticket.assignee].filter(Boolean))];
    const select = h(
      "select", { "aria-label": "办理人", onchange: async () => {
        try {
          await api.post(`/desk/tickets/${ticket.number}/assign`, { name: select.value || null, version: ticket.version });
          toast(select.value ? `已由 ${select.value} 办理` : "不再指定办理人", { kind: "good" });
        } catch (error) {
          toast(error.message, { kind: "danger" });
        }
        this.#load();
      } }, h("option", { value: "" }, "还没指派"), ...names.map((name) => h("option", { value: name }, name)));
    select.value = ticket.assignee ?? "";
    return h("label", { class: "assignee" }, icon("person"), h("span", { class: "sr" }, "办理人"), select);
  }

  #merged(ticket) {
    const { merged_into: into, merged } = ticket.record;
    const link = (number) => h("a", { href: `/desk/tickets/${number}` }, number);
    if (into) return h("p", { class: "banner" }, icon("branch"), "这张工单已并入 ", link(into), "，请到那边接着办。");
    return merged?.length ? h("p", { class: "muted merged" }, icon("branch"), "并进来的：", ...merged.flatMap((number) => [link(number), " "])) : "";
  }

  #related(ticket, related) {
    const open = !["resolved", "closed", "cancelled"].includes(ticket.status);
    return h(
      "section", { class: "related" }, h("h3", {}, "这位客户的其他工单"),
      related.length
        ? h("ul", {}, ...related.map((other) => h(
          "li", {},
          h("a", { href: `/desk/tickets/${other.number}` }, h("span", { class: "number" }, other.number)), statusBadge(other.status),
          h("span", { class: "muted" }, matterOf(other)),
          open && !["resolved", "closed", "cancelled"].includes(other.status) && h(
            "button", { class: "link", type: "button", onclick: (event) => this.#askMerge(event.currentTarget, other.number) }, "并到那张"))))
        : h("p", { class: "muted fine" }, "没有同一电话的其他工单。"),
    );
  }

  #askMerge(button, into) {
    const reason = h("input", { type: "text", required: true, maxlength: "200", placeholder: "为什么是同一件事", "aria-label": "合并的原因" });
    const form = h(
      "form", { class: "merging", onsubmit: async (event) => {
        event.preventDefault();
        try {
          await api.post(`/desk/tickets/${this.#number}/merge`, { into, reason: reason.value.trim() });
          toast(`已并入 ${into}，客户已收到消息`, { kind: "good" });
          go(`/desk/tickets/${into}`);
        } catch (error) {
          toast(error.message, { kind: "danger" });
        }
      } },
      h("p", { class: "fine" }, `${this.#number} 会取消，内容、附件和任务带到 ${into}，客户会收到一条消息。`), reason,
      h("span", { class: "form-actions" },
        h("button", { class: "button small danger", type: "submit" }, `并入 ${into}`),
        h("button", { class: "button small quiet", type: "button", onclick: () => form.replaceWith(button) }, "取消")));
    button.replaceWith(form);
    reason.focus();
  }
}

/** What is promised by when, with its arithmetic behind one click. */
function promises(ticket) {
  const lines = h("div", { class: "arithmetic", role: "status" });
  const details = h(
    "details", { ontoggle: async () => {
      if (!details.open || lines.childElementCount) return;
      try {
        const { lines: told } = await api.get(`/tickets/${ticket.number}/deadlines`);
        lines.replaceChildren(...told.map((text) => h("p", {}, text)));
      } catch (error) {
        lines.replaceChildren(h("p", { class: "fault" }, error.message));
      }
    } },
    h("summary", {}, "这是怎么算的"), lines);
  return h(
    "section", { class: "promise", "aria-label": "时限" },
    h("p", {}, icon("clock"),
      ticket.due_at ? h("span", {}, "下一个承诺：", h("strong", {}, countdown(ticket.due_at, { soon: 4 * 3600_000 })), h("span", { class: "muted" }, `（${exactly(ticket.due_at)} 前）`))
        : h("span", { class: "muted" }, "现在没有在走的时限"),
      badge(`${LEVELS[ticket.level]}级`, { title: "由哪一级负责" })),
    details,
  );
}
