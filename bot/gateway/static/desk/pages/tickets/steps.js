// What comes next by the procedure: buttons for what a person decides, words for what is waited for.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { toast } from "../../notices.js";
import { icon } from "../../parts/icon.js";
import { yuan } from "../../format.js";
import { VALUES, WAITS } from "./words.js";

/** `done()` is called after the ticket went on. */
export function nextSteps(ticket, done) {
  const path = `/tickets/${ticket.number}`;
  const work = h("div", { class: "work" });
  const open = (element) => {
    work.replaceChildren(element);
    work.querySelector("input, select, textarea")?.focus();
  };
  const run = async (form, act, said) => {
    const fault = form.querySelector(".fault");
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    try {
      await act();
      toast(said, { kind: "good" });
      done();
    } catch (error) {
      fault.hidden = false;
      fault.replaceChildren(icon("warning"), h("span", {}, error.message));
    } finally {
      button.disabled = false;
    }
  };
  const byStaff = ticket.next.filter(({ cause }) => cause === "staff");
  const extra = EXTRAS.filter(({ on }) => on(ticket));
  const ours = new Set(["staff", ...extra.flatMap(({ causes }) => causes)]);
  const waits = [...new Set(ticket.next.map(({ cause }) => cause).filter((cause) => !ours.has(cause)))];
  return h(
    "section", { class: "steps", "aria-label": "下一步" },
    h("div", { class: "step-buttons" },
      ...byStaff.map(({ to, name }, index) => h(
        "button", { class: `button${index ? "" : " primary"}`, type: "button", onclick: () => open(stepForm(ticket, to, name, run, path)) }, name)),
      ...extra.map(({ text, form }) => h("button", { class: "button", type: "button", onclick: async () => open(await form(path, run)) }, text)),
      h("button", { class: "button", type: "button", onclick: () => open(replyForm(path, run)) }, icon("send"), "答复客户")),
    waits.length > 0 && h("p", { class: "muted waits" }, icon("clock"), `在等：${waits.map((cause) => WAITS[cause] ?? cause).join("、")}`),
    work,
  );
}

function formOf(title, fields, submit, act) {
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const form = h(
    "form", { class: "sheet", onsubmit: (event) => { event.preventDefault(); act(form); } }, h("h3", {}, title), ...fields, fault,
    h("span", { class: "form-actions" },
      h("button", { class: "button primary", type: "submit" }, submit),
      h("button", { class: "button quiet", type: "button", onclick: () => form.remove() }, "取消")));
  return form;
}

function labelled(text, control, hint = null) {
  return h("label", { class: "field" }, h("span", { class: "muted" }, text), control, hint && h("small", { class: "muted" }, hint));
}

function stepForm(ticket, to, name, run, path) {
  const facts = ticket.missing.map((fact) => [fact.id, fact.values.length
    ? h("select", { required: true }, h("option", { value: "" }, "请选择"), ...fact.values.map((value) => h("option", { value }, VALUES[value] ?? value)))
    : h("input", { type: fact.span ? "number" : "text", required: true, min: fact.span?.[0], max: fact.span?.[1], maxlength: "2000" }), fact]);
  const reason = h("input", { type: "text", required: true, maxlength: "500", placeholder: "一句话，日后好查" });
  return formOf(
    `到“${name}”`, [...facts.map(([, control, fact]) => labelled(fact.name, control, fact.ask)), labelled("为什么", reason)], `推进到“${name}”`,
    (form) => run(form, () => api.post(`${path}/step`, {
      to, reason: reason.value.trim(), facts: Object.fromEntries(facts.map(([id, control]) => [id, control.value.trim()])),
    }), `已到“${name}”`));
}

function replyForm(path, run) {
  const text = h("textarea", { rows: "4", required: true, maxlength: "2000", "aria-label": "答复" });
  const spite = h("input", { type: "text", maxlength: "200", placeholder: "被提示忌语、仍要这样说时，写明原因" });
  return formOf("答复客户", [labelled("客户会在聊天里看到", text), labelled("仍要这样说的原因（可不填）", spite)], "发送答复", (form) => run(
    form, () => api.post(`${path}/reply`, { text: text.value, in_spite_of: spite.value.trim() }), "答复已发出"));
}

async function visitForm(path, run) {
  const { slots } = await api.get("/visits/free");
  const select = h("select", { required: true }, ...slots.map(({ starts_at: value, words }) => h("option", { value }, words)));
  return formOf("约师傅上门", [labelled("有空的时段", select)], "约这个时间", (form) => run(
    form, () => api.post(`${path}/visit`, { starts_at: select.value }), "已约好，客户会收到消息"));
}

function refundForm(path, run) {
  const amount = h("input", { type: "number", min: "0.01", step: "0.01", required: true, inputmode: "decimal" });
  return formOf("确认退款", [labelled("退款金额（元）", amount, "超过您的权限会自动送审")], "确认退款", (form) => run(
    form, () => api.post(`${path}/refund`, { amount_fen: Math.round(Number(amount.value) * 100) }), "退款已提交"));
}

async function proposalForm(path, run) {
  const loss = h("input", { type: "number", min: "0", step: "0.01", value: "0", inputmode: "decimal" });
  const choices = h("div", { class: "choices", role: "radiogroup", "aria-label": "补偿办法" });
  const terms = h("textarea", { rows: "2", placeholder: "另外承诺的事，一行一条（可不填，写了要主管审）" });
  const fen = () => Math.round(Number(loss.value || 0) * 100);
  const ask = async () => {
    try {
      const { alternatives } = await api.get(`${path}/proposal`, { query: { loss_fen: fen() } });
      choices.replaceChildren(...alternatives.map((way, index) => h(
        "label", { class: "choice" }, h("input", { type: "radio", name: "way", value: way.id, checked: index === 0 }),
        h("span", {}, way.lines.map(({ text }) => text).join("；"), h("small", { class: "muted" }, ` ${yuan(way.amount_fen)}`)))));
    } catch (error) {
      choices.replaceChildren(h("p", { class: "fault" }, error.message));
    }
  };
  loss.addEventListener("change", ask);
  await ask();
  return formOf("提出方案", [labelled("客户的损失（元）", loss), choices, labelled("另外的承诺", terms)], "提交方案", (form) => run(
    form, () => api.post(`${path}/proposal`, {
      choice: form.querySelector("input[name=way]:checked")?.value ?? "", loss_fen: fen(),
      terms: terms.value.split("\n").map((line) => line.trim()).filter(Boolean),
    }), "方案已提交"));
}

const EXTRAS = [
  { on: ({ next }) => next.some(({ cause }) => cause === "booked"), text: "约上门", causes: ["booked"], form: visitForm },
  { on: ({ step, kind }) => kind === "return_exchange" && step === "refund", text: "确认退款", causes: ["approval_needed", "within_limit"], form: refundForm },
  { on: ({ step, kind }) => kind === "complaint" && step === "propose", text: "提出方案", causes: ["approval_needed", "within_limit"], form: proposalForm },
];
