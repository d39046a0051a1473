// Building DOM without innerHTML: text is always text.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element. `props` sets attributes; `on*` functions become listeners; absent ones are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (isAbsent(value)) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => !isAbsent(child)));
  return element;
}

function isAbsent(value) {
  return value === null || value === undefined || value === false;
}

export function svg(paths) {
  const picture = document.createElementNS(SVG, "svg");
  const attributes = {
    viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.8",
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", focusable: "false",
  };
  for (const [name, value] of Object.entries(attributes)) picture.setAttribute(name, value);
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    picture.append(path);
  }
  return picture;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
