// Small charts. Axes are named with their units, and every chart says in words what it shows.

import { h } from "/static/widget/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const EDGE = { left: 34, right: 14, top: 22, bottom: 24 };

function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter(Boolean));
  return element;
}

/**
 * A line over time. `points`: [{name, value|null, title}] at equal distances; `unit` names the y axis, `said` the chart.
 * Where a value is missing the line is broken; a value alone is a dot.
 */
export function trend({ said, unit, points, most, least = 0, width = 720, height = 180 }) {
  const inner = { width: width - EDGE.left - EDGE.right, height: height - EDGE.top - EDGE.bottom };
  const x = (index) => EDGE.left + (points.length < 2 ? inner.width / 2 : (index * inner.width) / (points.length - 1));
  const y = (value) => EDGE.top + inner.height * (1 - (value - least) / (most - least || 1));
  const steps = [least, (least + most) / 2, most];
  return s(
    "svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said },
    s("text", { class: "chart-unit", x: 4, y: 12 }, unit),
    ...steps.flatMap((value) => [
      s("line", { class: "chart-grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
      s("text", { class: "chart-tick", x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, String(Math.round(value))),
    ]),
    ...ticks(points).map((index) => s(
      "text",
      { class: "chart-tick", x: x(index), y: height - 6, "text-anchor": anchor(index, points.length) },
      points[index].name)),
    ...runs(points).map((run) => (run.length > 1
      ? s("polyline", { class: "chart-line", points: run.map((index) => `${x(index)},${y(points[index].value)}`).join(" ") })
      : null)),
    ...points.map(({ value, title }, index) => value !== null && s(
      "circle", { class: "chart-dot", cx: x(index), cy: y(value), r: points.length > 45 ? 2 : 3 }, s("title", {}, title))),
  );
}

/** Counts beside their names, the longest bar the most. `rows`: [{name, value, text?, link?}] */
export function bars({ said, rows }) {
  const most = Math.max(1, ...rows.map(({ value }) => value));
  return h("ul", { class: "bars", "aria-label": said }, ...rows.map(({ name, value, text, link }) => h(
    "li", {},
    h("span", { class: "bar-name" }, link ? h("a", { href: link }, name) : name),
    bar(value / most),
    h("span", { class: "bar-value" }, text ?? String(value)))));
}

/** How full something is, 0-1; the number stands beside it. */
export function bar(share, tone = "") {
  const width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return s(
    "svg", { class: `bar ${tone}`, "aria-hidden": "true", focusable: "false" },
    s("rect", { class: "bar-track", width: "100%", height: "100%", rx: 3 }),
    s("rect", { class: "bar-fill", width, height: "100%", rx: 3 }));
}

/** Which points are named below: the first, the last, and some between that have room. */
function ticks(points) {
  const step = Math.max(1, Math.ceil((points.length - 1) / 5));
  const chosen = points.map((_, index) => index).filter((index) => index % step === 0);
  const last = points.length - 1;
  return last > 0 && last - chosen.at(-1) >= step / 2 ? [...chosen, last] : chosen;
}

function anchor(index, count) {
  if (count > 1 && index === 0) return "start";
  return count > 1 && index === count - 1 ? "end" : "middle";
}

function runs(points) {
  const found = [[]];
  points.forEach(({ value }, index) => {
    if (value === null) found.push([]);
    else found.at(-1).push(index);
  });
  return found;
}
