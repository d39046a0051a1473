// Pictures and files laid ready for the customer: chosen, pasted or dropped; each can be looked at and taken away again
// before it goes out with the next reply.

import { h } from "/static/widget/dom.js";
import { ACCEPTED, problemWith } from "/static/widget/uploads.js";
import { bytes } from "../../format.js";
import { toast } from "../../notices.js";
import { icon } from "../../parts/icon.js";

const MOST = 10;
const PROBLEMS = {
  tooBig: "超过 10 MB，请压缩后再发", emptyFile: "文件是空的，请重新选择", wrongType: "只能发 jpg、png、webp、gif、pdf、txt",
};
/** What browsers call a picture that comes from the clipboard. */
const PASTED = "image.png";

export class Tray {
  element = h("ul", { class: "tray", "aria-label": "要发的文件", hidden: true });
  picker;
  #on;
  #laid = [];

  /** `on`: changed(), back() after one was taken away. */
  constructor(on) {
    this.#on = on;
    this.picker = h("input", {
      type: "file", accept: ACCEPTED, multiple: true, hidden: true, "aria-label": "选择要发给客户的图片或文件",
      onchange: () => {
        this.add([...this.picker.files]);
        this.picker.value = "";
        on.back();
      },
    });
  }

  get count() {
    return this.#laid.length;
  }

  /** How many of them can go out. */
  get ready() {
    return this.#laid.filter(({ problem }) => !problem).length;
  }

  choose() {
    this.picker.click();
  }

  add(files) {
    if (this.count + files.length > MOST) toast(`一次最多发 ${MOST} 个文件，多出来的没有加上`, { kind: "warning" });
    for (const file of files.slice(0, MOST - this.count)) {
      this.#laid.push({
        file: file.name === PASTED ? new File([file], "截图.png", { type: file.type }) : file,
        problem: problemWith(file), picture: file.type.startsWith("image/") ? URL.createObjectURL(file) : null,
      });
    }
    this.#draw();
  }

  /** Those that can go out, which leaves only those that cannot. */
  take() {
    const going = this.#laid.filter(({ problem }) => !problem);
    for (const one of going) this.#forget(one);
    this.#draw();
    return going.map(({ file }) => file);
  }

  #forget(one) {
    this.#laid = this.#laid.filter((other) => other !== one);
    if (one.picture) URL.revokeObjectURL(one.picture);
  }

  #draw() {
    this.element.hidden = !this.count;
    this.element.replaceChildren(...this.#laid.map((one) => this.#item(one)));
    this.#on.changed();
  }

  #item(one) {
    const { file: { name, size }, problem, picture } = one;
    const remove = () => {
      this.#forget(one);
      this.#draw();
      this.#on.back();
    };
    return h(
      "li", { class: problem ? "wrong" : null },
      picture && !problem ? h("img", { src: picture, alt: "" }) : icon(problem ? "warning" : "clip"),
      h("span", { class: "tray-about" },
        h("span", { class: "tray-name", title: name }, name),
        problem ? h("small", { class: "tray-fault", role: "alert" }, PROBLEMS[problem]) : h("small", { class: "muted" }, bytes(size))),
      h("button", { class: "icon-button", type: "button", "aria-label": `去掉“${name}”`, title: "去掉", onclick: remove }, icon("close")),
    );
  }
}

/** Files that are dropped anywhere on the element are `take`n; meanwhile it says so. */
export function dropZone(element, take) {
  let depth = 0;
  const over = (by) => {
    depth = Math.max(0, depth + by);
    element.classList.toggle("dropping", depth > 0);
  };
  const withFiles = (run) => (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    run(event);
  };
  element.addEventListener("dragenter", withFiles(() => over(1)));
  element.addEventListener("dragover", withFiles(() => {}));
  element.addEventListener("dragleave", withFiles(() => over(-1)));
  element.addEventListener("drop", withFiles((event) => {
    over(-depth);
    take([...event.dataTransfer.files]);
  }));
}
