// The next step of a ticket, taken beside the conversation: what the step still needs, and why, in one act (C1-C8).

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { field } from "../../parts/field.js";
import { icon } from "../../parts/icon.js";
import { VALUES } from "../tickets/words.js";
import { leave } from "./transfer.js";

const MOST_REASON_CHARS = 500;
const MOST_FACT_CHARS = 2000;

/** `on`: done() after the ticket went on, shut() without. */
export function stepForm(ticket, way, on) {
  const facts = ticket.missing.map((fact) => ({ fact, ...field({ label: fact.name, hint: fact.ask, ...controlOf(fact) }) }));
  const reason = field({ label: "原因", value: `会话中办理：${way.name}`, maxlength: MOST_REASON_CHARS });
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const send = h("button", { class: "button primary", type: "submit" }, `推进到“${way.name}”`);

  const refuse = (message) => {
    const named = facts.find(({ fact }) => message.startsWith(fact.name) || message.includes(`填写${fact.name}`));
    if (named) {
      named.fault(message);
      return;
    }
    fault.hidden = false;
    fault.replaceChildren(icon("warning"), h("span", {}, message));
  };
  const check = () => {
    for (const one of facts) one.fault(null);
    reason.fault(null);
    fault.hidden = true;
    // The first that is wrong gets the focus, for it is told last.
    const wrong = [...facts.map((one) => [one, wrongWith(one.fact, one.input)]), [reason, reason.input.value.trim() ? null : "请写一句为什么，日后好查"]];
    for (const [one, message] of wrong.reverse()) if (message) one.fault(message);
    return wrong.every(([, message]) => !message);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (send.disabled || !check()) return;
    send.disabled = true;
    try {
      await api.post(`/tickets/${ticket.number}/step`, {
        to: way.to, reason: reason.input.value.trim(),
        facts: Object.fromEntries(facts.map(({ fact, input }) => [fact.id, input.value.trim()])),
      });
      on.done();
    } catch (error) {
      refuse(error.message);
      send.disabled = false;
    }
  };
  const pressed = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
    else leave(event, on.shut);
  };
  return h(
    "form", { class: "panel-form column step", novalidate: true, "aria-label": `${ticket.number} 到“${way.name}”`, onsubmit: submit, onkeydown: pressed },
    ...facts.map(({ element }) => element), reason.element, fault,
    h("div", { class: "panel-acts" }, send, h("button", { class: "button", type: "button", onclick: on.shut }, "取消")),
  );
}

function controlOf({ values, span }) {
  if (values.length) return { kind: "select", options: [["", "请选择"], ...values.map((value) => [value, VALUES[value] ?? value])] };
  if (span) return { type: "number", min: String(span[0]), max: String(span[1]), step: "1", inputmode: "numeric" };
  return { kind: "textarea", rows: "2", maxlength: MOST_FACT_CHARS };
}

function wrongWith({ name, values, span }, input) {
  const value = input.value.trim();
  if (values.length) return value ? null : `请选择${name}`;
  if (span) {
    const whole = /^\d+$/.test(value) && value >= span[0] && value <= span[1];
    return whole ? null : `${name}应是 ${span[0]} 到 ${span[1]} 的整数`;
  }
  return value ? null : `请填写${name}；实在没有就写“不详”`;
}
