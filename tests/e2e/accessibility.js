// Runs in the page; see accessibility.py.
() => {
  const faults = [];
  const told = (element) => {
    const name = element.localName + (element.id ? `#${element.id}` : "")
      + [...element.classList].slice(0, 2).map((one) => `.${one}`).join("");
    return `${name} “${(element.textContent || element.getAttribute("aria-label") || "").trim().slice(0, 30)}”`;
  };
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && !element.closest("[inert]");

  // Names
  const CONTROLS = "button, a[href], input:not([type=hidden]), select, textarea, summary, [role=button], [role=tab],"
    + " [role=option], [role=menuitem], [role=menuitemradio], [role=listbox], [role=dialog], dialog, [role=log]";
  const nameOf = (element) => {
    const label = element.getAttribute("aria-label")?.trim();
    if (label) return label;
    const by = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    const named = by.map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim();
    if (named) return named;
    if (element.labels?.length) return [...element.labels].map((one) => one.textContent).join(" ").trim();
    const pictures = [...element.querySelectorAll("img[alt]")].map((one) => one.alt).join(" ");
    const text = element.matches("input, select, textarea") ? "" : element.textContent;
    return (text + pictures).trim() || element.title?.trim() || "";
  };
  for (const element of document.querySelectorAll(CONTROLS)) {
    if (shown(element) && !nameOf(element)) faults.push(`no name: ${told(element)}`);
  }
  for (const image of document.images) {
    if (shown(image) && !image.hasAttribute("alt")) faults.push(`no alt: ${told(image)}`);
  }

  // Ids and references
  const ids = new Map();
  for (const element of document.querySelectorAll("[id]")) ids.set(element.id, (ids.get(element.id) ?? 0) + 1);
  for (const [id, times] of ids) if (times > 1) faults.push(`id used ${times} times: ${id}`);
  for (const name of ["aria-controls", "aria-labelledby", "aria-describedby", "aria-activedescendant", "for"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      if (!shown(element)) continue;
      for (const id of element.getAttribute(name).split(/\s+/).filter(Boolean)) {
        if (!document.getElementById(id)) faults.push(`${name} names nothing (${id}): ${told(element)}`);
      }
    }
  }
  for (const element of document.querySelectorAll("[tabindex]")) {
    if (element.tabIndex > 0) faults.push(`tabindex above 0: ${told(element)}`);
  }

  // The page itself
  if (!document.documentElement.lang) faults.push("no lang");
  if (!document.title) faults.push("no title");
  if (document.querySelectorAll("main").length !== 1) faults.push(`${document.querySelectorAll("main").length} main`);

  // Contrast
  const parse = (text) => {
    const numbers = text.match(/[\d.]+(?:e-?\d+)?/g)?.map(Number) ?? [0, 0, 0, 0];
    const [r, g, b, a = 1] = numbers;
    // What color-mix gives counts from 0 to 1.
    return text.startsWith("color(srgb") ? { r: r * 255, g: g * 255, b: b * 255, a } : { r, g, b, a };
  };
  const over = (top, under) => {
    const mixed = (part) => top[part] * top.a + under[part] * (1 - top.a);
    return { r: mixed("r"), g: mixed("g"), b: mixed("b"), a: 1 };
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((one) => {
      const part = one / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const groundOf = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      const color = parse(style.backgroundColor);
      if (color.a) layers.push(color);
      if (color.a === 1) break;
    }
    const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? 18 : 255;
    return layers.reverse().reduce((under, top) => over(top, under), { r: canvas, g: canvas, b: canvas, a: 1 });
  };
  const UNREAD = ":disabled, [aria-disabled=true], .sr, option, script, style, noscript";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || seen.has(element)) continue;
    seen.add(element);
    if (!shown(element) || element.closest(UNREAD)) continue;
    const style = getComputedStyle(element);
    const ground = groundOf(element);
    const ink = over(parse(style.color), ground);
    const [one, other] = [light(ink), light(ground)].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const size = parseFloat(style.fontSize);
    if (size < 12) faults.push(`${size}px is too small: ${told(element)}`);
    const wanted = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    if (ratio < wanted - 0.005) faults.push(`contrast ${ratio.toFixed(2)}: ${told(element)}`);
  }
  return faults;
}
