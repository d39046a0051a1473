// 结束: why it ends, and a summary that was proposed and may be changed (F8).

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { toast } from "../../notices.js";
import { field } from "../../parts/field.js";
import { leave } from "./transfer.js";

export function closePanel(talk, shut) {
  const reason = field({ label: "结束原因", kind: "select", options: [["", "正在打开…"]] });
  const summary = field({ label: "小结", kind: "textarea", rows: "4", placeholder: "客户的问题、怎么处理的、还差什么" });
  const send = h("button", { class: "button primary", type: "submit" }, "结束会话");

  const fill = async () => {
    try {
      const proposed = await api.get(`${talk.path}/close`);
      reason.input.replaceChildren(
        h("option", { value: "" }, "选择原因"),
        ...proposed.reasons.map(({ id, name }) => h("option", { value: id }, name)));
      if (!summary.input.value) summary.input.value = proposed.summary ?? "";
    } catch (error) {
      reason.fault(error.message);
    }
  };

  const submit = async (event) => {
    event.preventDefault();
    reason.fault(reason.input.value ? null : "请选择结束原因");
    if (!reason.input.value) return;
    summary.fault(summary.input.value.trim() ? null : "请写一句小结，下次客户来就不用重复");
    if (!summary.input.value.trim()) return;
    send.disabled = true;
    try {
      const { conversation } = await api.post(`${talk.path}/close`, {
        reason: reason.input.value, summary: summary.input.value.trim(),
      });
      talk.take(conversation);
      toast("会话已结束，已请客户评价", { kind: "good" });
      shut();
    } catch (error) {
      summary.fault(error.message);
    } finally {
      send.disabled = false;
    }
  };

  fill();
  return h(
    "form", { class: "panel-form close-form", "aria-label": "结束会话", onsubmit: submit, onkeydown: (event) => leave(event, shut) },
    reason.element, summary.element,
    h("div", { class: "panel-acts" }, send, h("button", { class: "button", type: "button", onclick: shut }, "取消")),
  );
}
