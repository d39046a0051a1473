// 客户: the file, to be read and changed in place; orders with what the law and the promises still give (G17, E6).

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { day, yuan } from "../../format.js";
import { toast } from "../../notices.js";
import { badge } from "../../parts/badge.js";
import { field } from "../../parts/field.js";
import { icon } from "../../parts/icon.js";
import { leave } from "./transfer.js";
import { earlier } from "./brief.js";

const TIERS = { full: "全面服务", special: "专项服务", appropriate: "适度服务" };
const OPTIONS = { return: "退", exchange: "换", repair: "修", paid_repair: "收费修", refund: "退款", human: "人工判断" };

export class CustomerView {
  #talk;
  #editing = false;
  #place = h("div", { class: "customer" });

  constructor(talk) {
    this.#talk = talk;
  }

  draw(whole = this.#talk.whole) {
    const { customer, proposed_customer: proposed, orders, warranty, history } = whole;
    this.#place.replaceChildren(...[
      this.#editing ? this.#form(customer) : customer ? this.#file(customer) : this.#unknown(proposed),
      h("section", {}, h("h3", {}, "订单"), orders.length
        ? h("ul", { class: "orders" }, ...orders.map((order) => orderLine(order, warranty.find(({ order_number: number }) => number === order.number))))
        : h("p", { class: "muted" }, "没有查到订单。问到订单号或购买电话后会显示在这里。")),
      history.length > 0 && h("section", {}, h("h3", {}, "其他会话"), h("ul", { class: "earlier" }, ...history.map(earlier))),
    ].filter(Boolean));
    return this.#place;
  }

  #file(customer) {
    return h(
      "section", { class: "file" },
      h("div", { class: "file-head" },
        h("strong", {}, customer.name || "没有留姓名"),
        customer.tier && badge(TIERS[customer.tier] ?? customer.tier),
        customer.special_care && badge("关怀", { tone: "violet", mark: "heart" }),
        h("button", { class: "button small quiet", type: "button", onclick: () => this.#edit(true) }, icon("edit"), "修改")),
      facts([
        ["电话", customer.phone && h("span", { class: "number" }, customer.phone, " ", this.#reveal())],
        ["生日", customer.birthday && day(customer.birthday)],
        ["喜好", customer.preferences],
        ["备注", customer.note],
      ]),
    );
  }

  #unknown(proposed) {
    if (!proposed) {
      return h(
        "section", { class: "file" },
        h("p", { class: "muted" }, "还不知道是哪位客户。核实姓名和电话后建档，下次来就不用重复。"),
        h("button", { class: "button", type: "button", onclick: () => this.#edit(true) }, icon("plus"), "建客户档案"));
    }
    return h(
      "section", { class: "file" },
      h("div", { class: "file-head" }, h("strong", {}, proposed.name || "没有留姓名"), badge("未核实", { tone: "soon", mark: "help" })),
      facts([["电话", h("span", { class: "number" }, proposed.phone)], ["备注", proposed.note]]),
      h("p", { class: "muted" }, "电话相同，请先和客户核对姓名或最近的订单，再确认。"),
      h("div", { class: "panel-acts" },
        h("button", { class: "button primary", type: "button", onclick: (event) => this.#link(event, proposed.id) }, "就是这位"),
        h("button", { class: "button", type: "button", onclick: () => this.#edit(true) }, "另建档案")));
  }

  #form(customer) {
    const fields = {
      name: field({ label: "姓名", value: customer?.name ?? "", maxlength: "60" }),
      phone: field({ label: "电话", type: "tel", value: "", placeholder: customer?.phone ?? "", maxlength: "20", hint: customer ? "不改就留空" : null }),
      birthday: field({ label: "生日", type: "date", value: customer?.birthday ?? "" }),
      preferences: field({ label: "喜好", value: customer?.preferences ?? "", placeholder: "例如：下午联系、发短信", maxlength: "500" }),
      note: field({ label: "备注", kind: "textarea", rows: "2", value: customer?.note ?? "", maxlength: "1000" }),
      special_care: field({ label: "需要特别照顾（老人、未成年人、行动不便等）", kind: "checkbox", value: customer?.special_care }),
    };
    const save = h("button", { class: "button primary", type: "submit" }, "保存");
    const submit = async (event) => {
      event.preventDefault();
      save.disabled = true;
      const given = { special_care: fields.special_care.input.checked };
      for (const name of ["name", "phone", "birthday", "preferences", "note"]) {
        const { value } = fields[name].input;
        if (name !== "phone" || value.trim()) given[name] = value.trim();
      }
      if (!given.birthday) given.birthday = null;
      try {
        if (customer) await api.patch(`/desk/customers/${customer.id}`, { ...given, version: customer.version });
        else await api.post(`${this.#talk.path}/customer`, given);
        this.#editing = false;
        toast("客户档案已保存", { kind: "good" });
        document.activeElement?.blur();
        await this.#talk.refresh();
        this.draw();
      } catch (error) {
        fields.name.fault(error.message);
      } finally {
        save.disabled = false;
      }
    };
    return h(
      "form", { class: "panel-form column", "aria-label": "客户档案", onsubmit: submit, onkeydown: (event) => leave(event, () => this.#edit(false)) },
      ...Object.values(fields).map(({ element }) => element),
      h("div", { class: "panel-acts" }, save, h("button", { class: "button", type: "button", onclick: () => this.#edit(false) }, "取消")),
    );
  }

  #edit(on) {
    this.#editing = on;
    this.draw();
    this.#place.querySelector("input, button")?.focus();
  }

  async #link(event, customerId) {
    event.target.disabled = true;
    try {
      await api.post(`${this.#talk.path}/customer`, { customer_id: customerId });
      await this.#talk.refresh();
    } catch (error) {
      toast(error.message, { kind: "danger" });
      event.target.disabled = false;
    }
  }

  #reveal() {
    return h(
      "button",
      {
        class: "link", type: "button", title: "查看会记入审计",
        onclick: async ({ target }) => {
          try {
            const { phone } = await api.post(`${this.#talk.path}/phone`);
            target.parentElement.replaceChildren(h("a", { href: `tel:${phone}` }, phone));
          } catch (error) {
            toast(error.message, { kind: "danger" });
          }
        },
      },
      "显示",
    );
  }
}

function facts(pairs) {
  return h("dl", { class: "facts" }, ...pairs.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function orderLine(order, warranty) {
  return h(
    "li", {},
    h("div", { class: "order-head" }, h("strong", {}, order.product), h("span", { class: "number" }, yuan(order.price_fen))),
    h("p", { class: "muted" }, [order.number, order.status, `${day(order.bought_on)}购买`].filter(Boolean).join(" · ")),
    warranty && h(
      "details", { class: "warranty" },
      h("summary", {}, badge(warrantyWords(warranty), { tone: warranty.options.length ? "good" : "plain", mark: "shield" }),
        h("span", { class: "fine" }, warranty.until ? `到 ${day(warranty.until)}` : "查看依据")),
      ...warranty.lines.map((line) => h("p", {}, line)),
      h("p", { class: "fine" }, `依据：${[warranty.clauses].flat().join("、")}`)),
  );
}

function warrantyWords({ options }) {
  const named = options.map((option) => OPTIONS[option] ?? option);
  return named.length ? `可${named.join("、")}` : "不在三包内";
}
