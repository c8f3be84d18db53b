// What the page is made of. Everything that came from the Hub becomes a text node or a plain attribute's value:
// names of jobs are written by strangers.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

// Strangers' words. Isolated, so that letters written from right to left turn nothing else around.
export function said(text, attributes = {}) {
  return el("bdi", attributes, String(text));
}

export function pill(status) {
  return el("span", { class: "pill", "data-status": status }, status.toLowerCase());
}

const states = new WeakMap();

// Make the children of a node show a list: what did not change stays, and so does the keyboard's focus.
export function sync(parent, items, keyOf, draw) {
  const old = new Map([...parent.children].map((node) => [states.get(node)?.key, node]));
  items.forEach((item, position) => {
    const key = keyOf(item);
    const content = JSON.stringify(item);
    let node = old.get(key);
    old.delete(key);
    if (node === undefined || states.get(node).content !== content) {
      const fresh = draw(item);
      states.set(fresh, { key, content });
      const focused = node?.contains(document.activeElement);
      node?.replaceWith(fresh);
      if (focused) fresh.querySelector("a, button")?.focus();
      node = fresh;
    }
    if (parent.children[position] !== node) {
      parent.insertBefore(node, parent.children[position] ?? null);
    }
  });
  for (const node of old.values()) node.remove();
}

// The API's times have no zone and mean UTC.
function moment(text) {
  return new Date(`${text.replace(" ", "T")}Z`);
}

export function time(text) {
  if (!text) return "–";
  const when = moment(text);
  const today = when.toDateString() === new Date().toDateString();
  const words = today ? when.toLocaleTimeString() : when.toLocaleString();
  return el("time", { datetime: when.toISOString() }, words);
}

export function duration(milliseconds) {
  if (milliseconds === undefined || milliseconds === null) return "–";
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 60000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60000)} min ${Math.round((milliseconds % 60000) / 1000)} s`;
}

export function facts(entries) {
  const list = el("dl");
  for (const [name, value] of entries) {
    if (value === undefined || value === null || value === "") continue;
    list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  }
  return list;
}

function shown(value, unit) {
  return unit === "shots" ? value.toLocaleString("en") : value.toPrecision(4);
}

function row(name, value, histogram, largest, extra = "") {
  const bar = el("div", { class: "bar" });
  bar.style.width = `${(100 * value) / largest}%`;
  const share = histogram.total ? (100 * value) / histogram.total : 0;
  return el(
    "tr",
    { class: extra },
    el("th", { scope: "row", title: name }, said(name)),
    el("td", { class: "number", "data-value": value }, shown(value, histogram.unit)),
    el("td", { class: "number faint wide" }, histogram.unit === "shots" ? `${share.toFixed(1)} %` : ""),
    el("td", { class: "track" }, bar),
  );
}

export function histogram(content) {
  const largest = Math.max(...content.values.map(([, value]) => value), content.rest, Number.MIN_VALUE);
  const title = content.title ? `${content.title} — ` : "";
  const total = content.unit === "shots" ? `${content.total.toLocaleString("en")} shots` : "probabilities";
  const body = el("tbody", {}, ...content.values.map(([name, value]) => row(name, value, content, largest)));
  if (content.more) body.append(row(`${content.more} more`, content.rest, content, largest, "rest"));
  return el("table", { class: "histogram" }, el("caption", {}, said(title + total)), body);
}

export function picture(content) {
  const parts = [];
  for (const circuit of content.circuits) {
    if (circuit.title) parts.push(el("h4", {}, said(circuit.title)));
    parts.push(el("pre", { tabindex: "0", role: "region", "aria-label": circuit.title || "Circuit" }, circuit.text));
  }
  const nodes = [el("h3", {}, "Circuit"), ...parts];
  if (content.histograms.length) nodes.push(el("h3", {}, "Result"), ...content.histograms.map(histogram));
  if (content.notes.length) {
    nodes.push(el("ul", { class: "notes" }, ...content.notes.map((note) => el("li", {}, said(note)))));
  }
  return nodes;
}
