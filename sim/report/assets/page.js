"use strict";
// Draws the charts of a replay report from the JSON in #data. No library, no network.
const D = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const NS = "http://www.w3.org/2000/svg";
const AXIS = 92, FOOT = 22, TOP = 8;  // room right for prices, below for times [px]
let current = D.busiest, mode = "distance", cursor = null;

const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const $ = (id) => document.getElementById(id);

function node(parent, name, attributes, text) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.appendChild(made);
  return made;
}

// Prices are integers times mult / 10^places: BigInt keeps the text exact.
function decimal(count, [mult, places], trim) {
  const negative = count < 0;
  let digits = (BigInt(Math.abs(count)) * BigInt(mult)).toString().padStart(places + 1, "0");
  let text = places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
  if (trim && places) text = text.replace(/\.?0+$/, "");
  return (negative ? "−" : "") + text;
}

function clock(ms, step) {
  const text = new Date(ms).toISOString();
  return text.slice(11, step < 1000 ? 23 : 19);
}

function niceStep(span, wanted, least) {
  const raw = Math.max(span / wanted, least);
  const power = 10 ** Math.floor(Math.log10(raw));
  for (const factor of [1, 2, 5, 10]) if (factor * power >= raw) return factor * power;
  return 10 * power;
}

function timeStep(span, wanted) {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5,
    6e5, 9e5, 18e5, 36e5, 72e5, 144e5, 288e5, 864e5];
  return steps.find((step) => span / step <= wanted) || 864e5;
}

function frame(host, height) {
  host.replaceChildren();
  const width = Math.max(host.clientWidth, 320);
  return { width, height, plotWidth: width - AXIS, plotHeight: height - FOOT - TOP };
}

function axes(svg, box, y, labels, upright) {
  const { start_ms: start, end_ms: end } = D.time;
  for (const [value, text] of labels) {
    const at = Math.round(y(value)) + 0.5;
    node(svg, "line", { class: "grid", x1: 0, x2: box.plotWidth, y1: at, y2: at });
    node(svg, "text", { x: box.plotWidth + 8, y: at + 4 }, text);
  }
  const span = Math.max(end - start, 1), step = timeStep(span, box.plotWidth / 110);
  for (let t = Math.ceil(start / step) * step; t <= end; t += step) {
    const x = (t - start) / span * box.plotWidth;
    if (upright) node(svg, "line", { class: "grid", x1: x, x2: x, y1: TOP, y2: TOP + box.plotHeight });
    if (x > 26 && x < box.plotWidth - 26)
      node(svg, "text", { x, y: box.height - 5, "text-anchor": "middle" }, clock(t, step));
  }
}

function priceLabels(book, low, high, wanted) {
  const step = niceStep(high - low, wanted, 1), found = [];
  for (let t = Math.ceil((book.base + low) / step) * step - book.base; t <= high; t += step)
    found.push([t, decimal(book.base + t, book.tick)]);
  return found;
}

// A step line; null breaks it.
function steps(values, x, y, back) {
  let text = "", open = false;
  values.forEach((value, i) => {
    if (value === null) { open = false; return; }
    text += open ? `V${y(value).toFixed(1)}H${x(i + 1).toFixed(1)}`
      : `M${x(i).toFixed(1)} ${y(value).toFixed(1)}H${x(i + 1).toFixed(1)}`;
    open = true;
  });
  return text;
}

// The area between two step lines, where both are known.
function band(lower, upper, x, y) {
  let text = "";
  for (let i = 0; i < lower.length;) {
    if (lower[i] === null || upper[i] === null) { i += 1; continue; }
    let end = i;
    while (end < lower.length && lower[end] !== null && upper[end] !== null) end += 1;
    let there = "", back = "";
    for (let k = i; k < end; k += 1) there += `L${x(k).toFixed(1)} ${y(upper[k]).toFixed(1)}H${x(k + 1).toFixed(1)}`;
    for (let k = end - 1; k >= i; k -= 1) back += `L${x(k + 1).toFixed(1)} ${y(lower[k]).toFixed(1)}H${x(k).toFixed(1)}`;
    text += `M${there.slice(1)}${back}Z`;
    i = end;
  }
  return text;
}

function drawPath(book) {
  const host = $("path"), box = frame(host, 270), bins = book.bid.length;
  const svg = node(host, "svg", { viewBox: `0 0 ${box.width} ${box.height}`, height: box.height, role: "img" });
  node(svg, "title", {}, `Best bid and offer of ${book.symbol}`);
  const [low, high] = book.range;
  const clip = (t) => Math.min(Math.max(t, low), high);
  const y = (t) => TOP + (high - clip(t)) / (high - low) * box.plotHeight;
  const x = (i) => i / bins * box.plotWidth;
  axes(svg, box, y, priceLabels(book, low, high, 6), true);
  const draw = (d, attributes) => node(svg, "path", { d, ...attributes });
  draw(band(book.low, book.bid, x, y), { fill: css("--bid"), opacity: 0.22 });
  draw(band(book.ask, book.high, x, y), { fill: css("--ask"), opacity: 0.22 });
  draw(band(book.bid, book.ask, x, y), { fill: css("--faint"), opacity: 0.14 });
  draw(steps(book.bid, x, y), { class: "bid", fill: "none", "stroke-width": 1.5 });
  draw(steps(book.ask, x, y), { class: "ask", fill: "none", "stroke-width": 1.5 });
  for (const [side, values] of [["--bid", book.bid], ["--ask", book.ask]]) {
    const last = values[bins - 1];
    if (last === null) continue;
    const at = y(last) + (side === "--bid" ? 9 : -9);
    node(svg, "rect", { x: box.plotWidth + 3, y: at - 9, width: AXIS - 4, height: 17, rx: 4, fill: css(side) });
    node(svg, "text", { x: box.plotWidth + 8, y: at + 4, style: `fill:${css("--card")};font-weight:600` },
      decimal(book.base + last, book.tick));
  }
  return hover(svg, box);
}

// Levels as (column, row position, quantity, side); rows by price or by distance from the best.
function cells(book) {
  const found = [];
  for (const [column, bids, asks] of book.columns)
    for (const [side, levels] of [[0, bids], [1, asks]])
      for (let k = 0; k < levels.length; k += 2) {
        const away = Math.abs(levels[k] - levels[0]) + 1;
        found.push([column, mode === "price" ? levels[k] : side ? away : -away, levels[k + 1], side]);
      }
  return found;
}

function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : 0;
}

function depthRange(book, found) {
  if (mode === "price") return book.depth_range;
  const reach = Math.max(percentile(found.map((c) => Math.abs(c[1])), 0.9), 4) + 0.5;
  return [-reach, reach];
}

function drawDepth(book) {
  const host = $("depth"), box = frame(host, 300), found = cells(book);
  const [low, high] = depthRange(book, found);
  const ratio = window.devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  canvas.width = box.width * ratio;
  canvas.height = box.height * ratio;
  canvas.style.height = `${box.height}px`;
  host.appendChild(canvas);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.fillStyle = css("--heat");
  pen.fillRect(0, TOP, box.plotWidth, box.plotHeight);
  const rows = Math.max(1, Math.min(Math.round(high - low), Math.floor(box.plotHeight / 4)));
  const grid = new Map();
  for (const [column, at, quantity, side] of found) {
    const row = Math.floor((at - low) / (high - low) * rows);
    if (row < 0 || row >= rows) continue;
    const key = (column * rows + row) * 2 + side;
    grid.set(key, (grid.get(key) || 0) + quantity);
  }
  const full = percentile([...grid.values()], 0.97) || 1;
  const cellHeight = box.plotHeight / rows, columns = book.columns.map((c) => c[0]);
  // Nothing happened between two read-outs of a book, so each holds until the next.
  const until = new Map(columns.map((c, i) => [c, i + 1 < columns.length ? columns[i + 1] : c + 1]));
  const ink = [css("--bid"), css("--ask")], gap = cellHeight > 8 ? 1 : 0;
  for (const [key, quantity] of grid) {
    const row = Math.floor(key / 2) % rows, column = Math.floor(key / 2 / rows);
    // On whole pixels: half-covered edges would show as seams.
    const [left, right] = [column, until.get(column)].map(
      (c) => Math.round(c / D.depth_bins * box.plotWidth * ratio) / ratio);
    pen.globalAlpha = 0.12 + 0.88 * Math.min(1, Math.sqrt(quantity / full));
    pen.fillStyle = ink[key % 2];
    pen.fillRect(left, TOP + box.plotHeight - (row + 1) * cellHeight, right - left, cellHeight - gap);
  }
  const svg = node(host, "svg", { class: "over", viewBox: `0 0 ${box.width} ${box.height}`, height: box.height });
  const y = (t) => TOP + (high - t) / (high - low) * box.plotHeight;
  axes(svg, box, y, mode === "price" ? priceLabels(book, low, high, 6) : distanceLabels(book, low, high), false);
  return hover(svg, box);
}

function distanceLabels(book, low, high) {
  const step = niceStep(high, 3, 1), found = [[0, "best"]];
  for (let d = step; d < high; d += step)
    for (const sign of [1, -1])
      found.push([sign * d, `${sign > 0 ? "+" : "−"}${decimal(d - (step === 1 ? 1 : 0), book.tick, true)}`]);
  return found.filter(([t]) => t > low && t < high);
}

function hover(svg, box) {
  const line = node(svg, "line", { class: "cursor", y1: TOP, y2: TOP + box.plotHeight, visibility: "hidden" });
  svg.addEventListener("pointermove", (event) => {
    const edge = svg.getBoundingClientRect();
    const share = (event.clientX - edge.left) / edge.width * box.width / box.plotWidth;
    point(share >= 0 && share < 1 ? share : null);
  });
  svg.addEventListener("pointerleave", () => point(null));
  return (share) => {
    line.setAttribute("visibility", share === null ? "hidden" : "visible");
    if (share !== null) for (const end of ["x1", "x2"]) line.setAttribute(end, share * box.plotWidth);
  };
}

let lines = [];
function point(share) {
  cursor = share;
  for (const move of lines) move(share);
  const book = D.books[current], bins = book.bid.length;
  const i = share === null ? bins - 1 : Math.floor(share * bins);
  const { start_ms: start, end_ms: end } = D.time;
  const at = share === null ? end : start + share * (end - start);
  const text = (t) => (t === null ? "none" : decimal(book.base + t, book.tick));
  const spread = book.bid[i] === null || book.ask[i] === null ? "" :
    ` · spread <b>${decimal(book.ask[i] - book.bid[i], book.tick)}</b>`;
  $("readout").innerHTML = `${clock(at, end - start < 6e5 ? 1 : 1000)} · bid <b class="b">${text(book.bid[i])}</b>` +
    ` · offer <b class="a">${text(book.ask[i])}</b>${spread}`;
}

function drawLatency() {
  const host = $("latency");
  host.replaceChildren();
  if (!D.latency.length) return;
  const width = Math.max(host.clientWidth, 280), label = 70, height = 44;
  const slots = D.latency_slots, each = (width - label) / slots.length;
  D.latency.forEach((kind, index) => {
    const last = index === D.latency.length - 1, room = height + (last ? 18 : 0);
    const svg = node(host, "svg", { viewBox: `0 0 ${width} ${room}`, height: room, role: "img" });
    node(svg, "text", { x: 0, y: height - 4, style: `fill:${css("--soft")};font-size:12px` }, kind.kind);
    node(svg, "line", { class: "grid", x1: label, x2: width, y1: height - 0.5, y2: height - 0.5 });
    const most = Math.log10(Math.max(...kind.counts) + 1);
    kind.counts.forEach((count, slot) => {
      if (!count) return;
      const tall = Math.max(2, Math.log10(count + 1) / most * (height - 10));
      const bar = node(svg, "rect", {
        class: slots[slot][0] > kind.expected ? "column over" : "column",
        x: label + slot * each + 1, y: height - 1 - tall, width: Math.max(each - 2, 1.5), height: tall, rx: 1.5,
      });
      node(bar, "title", {}, `${kind.kind}: ${count.toLocaleString("en")} updates in ${slots[slot][1]} cycles`);
    });
    const every = Math.ceil(slots.length * 44 / (width - label));
    if (!last) return;
    slots.forEach(([, text], slot) => {
      if (slot % every === 0 && (slots.length - slot) * each > 110)
        node(svg, "text", { x: label + (slot + 0.5) * each, y: room - 3, "text-anchor": "middle" }, text);
    });
    node(svg, "text", { x: width, y: room - 3, "text-anchor": "end" }, `${slots[slots.length - 1][1]} cycles`);
  });
}

function choice(host, entries, chosen, pick) {
  host.replaceChildren(...entries.map(([value, text, style]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.className = style || "";
    button.setAttribute("aria-selected", value === chosen());
    button.addEventListener("click", () => { pick(value); draw(); });
    return button;
  }));
}

function draw() {
  drawLatency();
  if (!D.books.length) { $("market").hidden = true; return; }
  choice($("chips"), D.books.map((b, i) => [i, b.symbol, b.valid ? "" : "invalid"]), () => current, (v) => { current = v; });
  choice($("modes"), [["distance", "from the best price"], ["price", "by price"]], () => mode, (v) => { mode = v; });
  lines = [drawPath(D.books[current]), drawDepth(D.books[current])];
  point(cursor);
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const theme = (name) => { root.dataset.theme = name; draw(); };
$("theme").addEventListener("click", () => theme(root.dataset.theme === "dark" ? "light" : "dark"));
dark.addEventListener("change", () => theme(dark.matches ? "dark" : "light"));
window.addEventListener("resize", draw);
theme(location.hash === "#dark" || (dark.matches && location.hash !== "#light") ? "dark" : "light");
