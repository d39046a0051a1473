// A ticket's files: pictures to look at, the rest to download, and more by button or by dropping them here.

import { h } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { bytes, when } from "../../format.js";
import { toast } from "../../notices.js";
import { icon } from "../../parts/icon.js";
import { WHO } from "./words.js";

const ACCEPTED = ".jpg,.jpeg,.png,.webp,.gif,.pdf,.txt";
const MOST_BYTES = 10 * 1024 * 1024;

export function fileGroup(number, files, done) {
  const input = h("input", { type: "file", class: "sr", multiple: true, accept: ACCEPTED, "aria-label": "选择附件", onchange: () => send([...input.files]) });
  const busy = h("span", { class: "muted", role: "status" });
  async function send(chosen) {
    for (const file of chosen) {
      if (file.size > MOST_BYTES) {
        toast(`“${file.name}”超过 10 MB，请压缩后再传`, { kind: "warning" });
        continue;
      }
      busy.textContent = `正在上传“${file.name}”…`;
      const form = new FormData();
      form.append("file", file);
      try {
        await api.upload(`/desk/tickets/${number}/attachments`, form);
      } catch (error) {
        toast(`“${file.name}”没有传上：${error.message}`, { kind: "danger" });
      }
    }
    busy.textContent = "";
    input.value = "";
    done();
  }
  const element = h(
    "section",
    {
      class: "files",
      ondragover: (event) => { event.preventDefault(); element.classList.add("over"); },
      ondragleave: () => element.classList.remove("over"),
      ondrop: (event) => { event.preventDefault(); element.classList.remove("over"); send([...event.dataTransfer.files]); },
    },
    h("h3", {}, "附件", h("button", { class: "button small", type: "button", onclick: () => input.click() }, icon("clip"), "添加"), input),
    files.length ? h("ul", {}, ...files.map(one)) : h("p", { class: "muted fine" }, "还没有附件，可以把图片、PDF 拖到这里。"),
    busy,
  );
  return element;
}

function one(file) {
  const address = api.address(`/desk/attachments/${file.id}`);
  const who = WHO[file.added_by] ?? file.added_by;
  return h(
    "li", {},
    file.is_image
      ? h("a", { class: "picture", href: address, target: "_blank", rel: "noopener" }, h("img", { src: address, alt: file.name, loading: "lazy", decoding: "async" }))
      : h("span", { class: "picture" }, icon(file.type === "application/pdf" ? "note" : "book")),
    h("span", { class: "about" },
      h("a", { href: api.address(`/desk/attachments/${file.id}`, { download: "1" }), download: file.name, title: file.name }, file.name),
      h("small", { class: "muted" }, `${bytes(file.size)} · ${who} · ${when(file.added_at)}`)),
  );
}
