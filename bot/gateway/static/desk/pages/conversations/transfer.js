// 转接: to whom, and why. The reason stays as a note; the customer is told and keeps the place in the queue (F6).

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { toast } from "../../notices.js";
import { field } from "../../parts/field.js";
import { session } from "../../session.js";
import { PRESENCE, ROLES, TEAMS } from "../../words.js";

const LEVELS = ["supervisor", "manager"];

export function transferPanel(talk, shut) {
  const to = field({ label: "转给", kind: "select", options: [["", "正在打开名单…"]] });
  const reason = field({ label: "原因", kind: "input", placeholder: "同事接手时先看到这句，例如：要改预约时间，已核对地址", maxlength: "300" });
  const send = h("button", { class: "button primary", type: "submit" }, "转接");

  const fill = async () => {
    let people = [];
    try {
      ({ people } = await api.get("/people"));
    } catch (error) {
      to.fault(error.message);
    }
    to.input.replaceChildren(
      h("option", { value: "" }, "选择同事、小组或上级"),
      group("小组", Object.entries(TEAMS).map(([team, name]) => [`team ${team}`, name])),
      group("上级", LEVELS.map((level) => [`level ${level}`, ROLES[level]])),
      group("同事", people
        .filter(({ name, role, is_disabled: gone }) => role in ROLES && role !== "admin" && name !== session.person.name && !gone)
        .sort((one, other) => rank(one) - rank(other) || (one.load ?? 0) - (other.load ?? 0))
        .map((person) => [`person ${person.name}`, `${person.name}（${PRESENCE[person.presence]}，手上 ${person.load ?? 0} 个）`])),
    );
  };

  const submit = async (event) => {
    event.preventDefault();
    const [kind, ...name] = to.input.value.split(" ");
    to.fault(kind ? null : "请选择转给谁");
    if (!kind) return;
    reason.fault(reason.input.value.trim() ? null : "请写一句原因，接手的同事就不用再问客户");
    if (!reason.input.value.trim()) return;
    send.disabled = true;
    try {
      const { conversation } = await api.post(`${talk.path}/transfer`, {
        to: { kind, name: name.join(" ") }, reason: reason.input.value.trim(),
      });
      talk.take(conversation);
      toast("已转接，已告诉客户", { kind: "good" });
      shut();
    } catch (error) {
      reason.fault(error.message);
    } finally {
      send.disabled = false;
    }
  };

  fill();
  return h(
    "form", { class: "panel-form", "aria-label": "转接", onsubmit: submit, onkeydown: (event) => leave(event, shut) },
    to.element, reason.element,
    h("div", { class: "panel-acts" }, send, h("button", { class: "button", type: "button", onclick: shut }, "取消")),
  );
}

export function leave(event, shut) {
  if (event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  shut();
}

function group(label, options) {
  return h("optgroup", { label }, ...options.map(([value, text]) => h("option", { value }, text)));
}

function rank({ presence }) {
  return ["ready", "busy", "away", "off"].indexOf(presence);
}
