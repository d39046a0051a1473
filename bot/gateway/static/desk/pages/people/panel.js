// One person beside the list: what may be changed, and how the person signs in.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { toast } from "../../notices.js";
import { confirm } from "../../parts/dialog.js";
import { field } from "../../parts/field.js";
import { icon } from "../../parts/icon.js";
import { session } from "../../session.js";
import { ROLES, SKILLS, skillName, TEAMS, teamName } from "../../words.js";

const ROLE_MEANS = {
  agent: "接待本组的会话和工单", supervisor: "看所有组，旁听、插话、接管、审批", manager: "主管能做的，还管理员工",
  admin: "管理员工和系统，不接待、不审批",
};

export class PersonPanel {
  element;
  #person;
  #saved;
  #noted;
  #title;
  #name;
  #role;
  #team;
  #capacity;
  #skills;
  #more;
  #fault = h("p", { class: "fault", role: "alert", hidden: true });
  #save = h("button", { class: "button primary", type: "submit" });

  /**
   * `person`: null for a new one. `saved(person)` hears of a change after which the panel is built anew,
   * `noted(person)` of one that it shows itself, `close()` of the wish to be alone.
   */
  constructor(person, { teams, saved, noted, close }) {
    this.#person = person;
    this.#saved = saved;
    this.#noted = noted;
    this.#title = h("h2", { tabindex: "-1" }, person ? person.name : "添加员工");
    this.#save.textContent = person ? "保存" : "添加员工";
    const own = person?.name === session.person.name;
    this.#name = field({ label: "姓名或工号", name: "name", value: person?.name ?? "", maxlength: "60", required: true, disabled: Boolean(person), autocomplete: "off" });
    this.#role = field({
      label: "角色", kind: "select", name: "role", value: person?.role ?? "agent", disabled: own,
      options: Object.entries(ROLES).filter(([role]) => role !== "admin" || mayAdmin(person)), hint: " ",
      onchange: () => this.#explain(),
    });
    this.#team = field({
      label: "小组", name: "team", value: person?.team ?? "service", list: "people-teams", maxlength: "30", required: true,
      autocomplete: "off", hint: " ", oninput: () => this.#explain(),
    });
    this.#capacity = field({
      label: "同时接待", name: "capacity", type: "number", min: "0", max: "50", value: person?.capacity ?? 5, required: true,
    });
    const known = [...new Set([...Object.keys(SKILLS), ...(person?.skills ?? [])])];
    this.#skills = known.map((skill) => h("label", { class: "chip" },
      h("input", { type: "checkbox", value: skill }), h("span", {}, skillName(skill))));
    for (const label of this.#skills) {
      label.firstChild.checked = person?.skills.includes(label.firstChild.value) ?? false;
    }
    this.#more = field({ label: "其他技能", name: "skill", placeholder: "一个词一项，用空格隔开", autocomplete: "off" });
    this.element = h("div", { class: "panel" },
      h("header", {},
        this.#title,
        h("button", { class: "icon-button", type: "button", "aria-label": "收起", title: "收起（Esc）", onclick: close }, icon("close"))),
      h("form", { novalidate: true, onsubmit: (event) => this.#submit(event) },
        !person && this.#name.element, this.#role.element,
        h("div", { class: "pair" }, this.#team.element, this.#capacity.element),
        h("datalist", { id: "people-teams" },
          ...[...new Set([...Object.keys(TEAMS), ...teams])].map((team) => h("option", { value: team }, teamName(team)))),
        h("fieldset", {},
          h("legend", {}, "技能"), h("p", { class: "hint" }, "只影响先分给谁；都不选，表示什么都会。"),
          h("div", { class: "chips" }, ...this.#skills)),
        this.#more.element, this.#fault,
        h("div", { class: "acts" }, this.#save)),
      person && this.#signIn(own),
      person && !own && this.#end());
    this.#explain();
  }

  focus() {
    (this.#person ? this.#title : this.#name.input).focus({ preventScroll: true });
  }

  #explain() {
    const role = this.#role.input.value;
    this.#role.element.querySelector(".hint").textContent = this.#role.input.disabled
      ? "自己的角色要请另一位管理员来改" : ROLE_MEANS[role];
    const team = this.#team.input.value.trim();
    const named = teamName(team) === team ? "" : `${teamName(team)}。`;
    this.#team.element.querySelector(".hint").textContent = `${named}小组决定看得到哪些会话`;
  }

  async #submit(event) {
    event.preventDefault();
    this.#showFault("");
    const body = {
      role: this.#role.input.value, team: this.#team.input.value.trim(), capacity: Number(this.#capacity.input.value),
      skills: this.#chosenSkills(),
    };
    const name = this.#name.input.value.trim();
    if (!name || !body.team) {
      this.#showFault(name ? "请写上小组" : "请写上姓名或工号");
      (name ? this.#team : this.#name).input.focus();
      return;
    }
    await this.#run(this.#save, async () => {
      const saved = this.#person ? await api.patch(pathOf(name), body) : await api.post("/people", { name, ...body });
      toast(this.#person ? `已保存${name}的资料` : `已添加${name}，接着给一个登录密码`, { kind: "good" });
      this.#saved(saved);
    });
  }

  #chosenSkills() {
    const ticked = this.#skills.map((label) => label.firstChild).filter(({ checked }) => checked);
    const typed = this.#more.input.value.split(/[\s,，、]+/).filter(Boolean);
    return [...new Set([...ticked.map(({ value }) => value), ...typed])];
  }

  #signIn(own) {
    const { password, must_change_password: fresh, second_factor: factor, disabled } = this.#person;
    const isAdmin = session.person.role === "admin";
    const given = h("div", { class: "given", role: "status", hidden: true });
    const give = h("button", { class: "button", type: "button", onclick: () => this.#givePassword(give, given) },
      password ? "重设密码" : "给登录密码");
    const drop = h("button", { class: "button", type: "button", onclick: () => this.#dropFactor(drop) }, "关闭动态码");
    let state = "没有密码，不能登录工作台。";
    if (password) state = fresh ? "密码刚给，本人登录后要先换成自己的。" : "有自己的密码。";
    const rows = [h("p", {}, state, factor ? "动态码已开启。" : "")];
    if (own) rows.push(h("a", { class: "button", href: "/desk/account" }, "到“我的账号”修改"));
    else if (isAdmin && !disabled) rows.push(h("div", { class: "acts" }, give, factor && drop), given);
    else if (!disabled) rows.push(h("p", { class: "hint" }, "密码和动态码由管理员重设。"));
    return h("section", {}, h("h3", {}, "登录"), ...rows);
  }

  async #givePassword(button, given) {
    const { name, password } = this.#person;
    const text = `${name}在所有设备上的登录会立即失效，要用新密码重新登录。`;
    if (password && !(await confirm({ title: `重设${name}的密码？`, text, act: "重设密码", danger: false }))) return;
    await this.#run(button, async () => {
      const answer = await api.post(`${pathOf(name)}/password`);
      const copy = h("button", { class: "button small", type: "button", onclick: () => copied(copy, answer.password) }, "复制");
      given.replaceChildren(
        h("p", {}, "新密码，只显示这一次："), h("div", { class: "secret" }, h("code", {}, answer.password), copy),
        h("p", { class: "hint" }, "请当面或用可靠的方式交给本人；登录后会先要求换成自己的密码。"));
      given.hidden = false;
      button.hidden = true;
      this.#noted({ ...this.#person, password: true, must_change_password: true });
    });
  }

  async #dropFactor(button) {
    const { name } = this.#person;
    const text = `之后${name}只用密码就能登录，目前的登录会失效。手机丢失时才需要这样做。`;
    if (!(await confirm({ title: `关闭${name}的动态码？`, text, act: "关闭动态码" }))) return;
    await this.#run(button, async () => this.#saved(await api.patch(pathOf(name), { second_factor: false })));
  }

  #end() {
    const { name, disabled } = this.#person;
    const act = disabled ? "重新启用" : "停用";
    const button = h("button", { class: `button${disabled ? "" : " danger"}`, type: "button", onclick: () => this.#disable(button) }, act);
    return h("section", {},
      h("h3", {}, act),
      h("p", { class: "hint" }, disabled
        ? `${name}已停用：不能登录，不分配会话；做过的事都还在。`
        : "停用后登录和令牌立即失效，手上的会话转给同事；做过的事都还在，随时可以重新启用。"),
      button);
  }

  async #disable(button) {
    const { name, disabled, load } = this.#person;
    const text = load ? `${name}手上有 ${load} 个会话，会转给同事。登录立即失效。` : "登录和令牌立即失效。";
    if (!disabled && !(await confirm({ title: `停用${name}？`, text, act: "停用" }))) return;
    await this.#run(button, async () => this.#saved(await api.patch(pathOf(name), { disabled: !disabled })));
  }

  async #run(button, act) {
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      this.#showFault(error.message);
    } finally {
      button.disabled = false;
    }
  }

  #showFault(text) {
    this.#fault.hidden = !text;
    this.#fault.replaceChildren(...(text ? [icon("warning"), text] : []));
    if (text) this.#fault.scrollIntoView({ block: "nearest" });
  }
}

function mayAdmin(person) {
  return session.person.role === "admin" || person?.role === "admin";
}

function pathOf(name) {
  return `/people/${encodeURIComponent(name)}`;
}

async function copied(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "已复制";
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
    toast("浏览器不让复制，已帮您选中，请按 Ctrl+C");
  }
}
