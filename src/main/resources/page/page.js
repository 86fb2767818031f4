"use strict";
// The page of aioscope, live and as a report. It makes elements and text only, never markup, so that a process can have
// any name. agent/json.md documents the objects that it reads.

// ---- text ----

const ABSENT = "–";
const SECOND = 1e9;
const UNREACHABLE = 2 ** 46; // A limit that no host reaches; see Quota.java.

/** Replaces characters that could change the order or the form of the text around them. */
const clean = (text) => String(text).replace(/[\p{C}\u2028\u2029]/gu, "?");

const number = (value) => (value === null || value === undefined ? ABSENT : String(value));

/** The same text as in the terminal: three digits and a unit, rounded down. */
function duration(nanos) {
  if (nanos === null || nanos === undefined) return ABSENT;
  const two = (value, base, unit, smaller) =>
    Math.floor(value / base) + unit + String(value % base).padStart(2, "0") + smaller;
  const three = (value, unit) => {
    if (value >= 100) return Math.floor(value) + unit;
    return (value >= 10 ? (Math.floor(value * 10) / 10).toFixed(1) : (Math.floor(value * 100) / 100).toFixed(2)) + unit;
  };
  const seconds = Math.floor(nanos / SECOND);
  if (seconds >= 86400) return two(Math.floor(seconds / 3600), 24, "d", "h");
  if (seconds >= 3600) return two(Math.floor(seconds / 60), 60, "h", "m");
  if (seconds >= 60) return two(seconds, 60, "m", "s");
  if (nanos >= 1e9) return three(nanos / 1e9, "s");
  if (nanos >= 1e6) return three(nanos / 1e6, "ms");
  return nanos >= 1000 ? Math.floor(nanos / 1000) + "µs" : nanos + "ns";
}

const pad = (value, digits = 2) => String(value).padStart(digits, "0");
const date = (nanos) => new Date(nanos / 1e6);
const day = (d) => d.getFullYear() + "-" + pad(d.getMonth() + 1) + "-" + pad(d.getDate());
const clock = (d) => pad(d.getHours()) + ":" + pad(d.getMinutes()) + ":" + pad(d.getSeconds());

function time(nanos) {
  return nanos === null || nanos === undefined ? ABSENT : clock(date(nanos));
}

function zone() {
  const minutes = -new Date().getTimezoneOffset();
  const size = Math.abs(minutes);
  return "UTC" + (minutes === 0 ? "" : (minutes < 0 ? "-" : "+") + pad(Math.floor(size / 60)) + ":" + pad(size % 60));
}

const plural = (count, word) => count + " " + word + (count === 1 ? "" : "s");

/** The process that ended a context; if unknown, the one that made it. */
const prefixOf = (object) => (object.pid === null && object.owner_pid !== undefined ? "owner_" : "");
const pidOf = (object) => object[prefixOf(object) + "pid"];

function program(object) {
  const prefix = prefixOf(object);
  const path = object[prefix + "executable"];
  if (!path) return "[" + number(object[prefix + "comm"]) + "]";
  const file = path.replace(/ \(deleted\)$/, "");
  return file.slice(file.lastIndexOf("/") + 1);
}

/** The prefix of the process that holders count a teardown for: the one that made the context, or else the caller. */
const ownerPrefix = (t) => (t.owner_pid === null || t.owner_pid === undefined ? "" : "owner_");

const shortId = (id) => (/^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id);

function container(object, prefix = "") {
  const id = object[prefix + "container_id"];
  if (!id) return ABSENT;
  return object[prefix + "container_runtime"] + ":" + (object[prefix + "pod_name"] || shortId(id));
}

/** The name that a group by container has: with the ID of a container in a pod. */
function containerName(object, prefix) {
  const id = object[prefix + "container_id"];
  if (!id) return null;
  return container(object, prefix) + (object[prefix + "pod_name"] ? "/" + shortId(id) : "");
}

/** The key of the holder that a context or a teardown belongs to. */
function keyOf(object, group, prefix = "") {
  if (group === "process") return group + ":" + object[prefix + "pid"] + ":" + number(object[prefix + "start_time"]);
  return group + ":" + (group === "container" ? containerName(object, prefix) : object[prefix + group]);
}

// ---- elements ----

const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);

function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "text") element.textContent = clean(value);
    else if (name === "class") element.className = value;
    else if (name === "click") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function setText(element, text) {
  const cleaned = clean(text);
  if (element.textContent !== cleaned) element.textContent = cleaned;
}

const body = (id) => $(id).querySelector(".body");
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// ---- data ----

/** Documents of the API: from the daemon, or from inside the page. */
function liveSource() {
  return async (name) => {
    const response = await fetch("api/" + name, { cache: "no-store" });
    if (response.status === 503) return [];
    if (!response.ok) throw new Error("status " + response.status);
    const text = await response.text();
    return text.split("\n").filter((line) => line).map((line) => JSON.parse(line));
  };
}

async function embeddedSource(base64) {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const documents = JSON.parse(await new Response(stream).text());
  return async (name) => Object.values(documents[name] || {}).flatMap(rows);
}

/** The objects of a table of columns. */
function rows(table) {
  const columns = Object.entries(table.columns);
  const all = new Array(table.rows);
  for (let i = 0; i < table.rows; i++) {
    const object = {};
    for (const [name, column] of columns) object[name] = column.each ? column.each[i] : column.all;
    all[i] = object;
  }
  return all;
}

const embedded = $("data").textContent.trim();
const isReport = embedded !== "";
document.body.classList.add(isReport ? "report" : "live");

const data = {
  status: null, names: new Map(), samples: [], holders: [], quota: null, contexts: null,
  running: [], ended: [], events: [], verdicts: [],
};

const ofType = (objects, type) => objects.filter((object) => object.type === type);

function takeHistory(objects, isWhole) {
  for (const holder of ofType(objects, "history_holder")) data.names.set(holder.key, holder);
  const samples = ofType(objects, "history_sample");
  if (isWhole) {
    data.samples = samples;
    return;
  }
  const last = data.samples.at(-1);
  data.samples.push(...samples.filter((sample) => !last || sample.time > last.time));
  if (data.samples.length > 720) data.samples.splice(0, data.samples.length - 720);
}

function takeHolders(objects) {
  data.holders = ofType(objects, "holder");
  data.quota = ofType(objects, "quota")[0] || null;
}

function takeTeardowns(objects) {
  data.running = objects.filter((teardown) => teardown.end === "in_progress");
  data.ended = objects.filter((teardown) => teardown.end !== "in_progress");
}

// ---- state: what the user has chosen, also in the address ----

const GROUPS = ["process", "container", "cgroup", "user"];
const state = { group: "process", filter: "", isPaused: false, open: null, zoom: null };

function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  state.group = GROUPS.includes(parts.get("group")) ? parts.get("group") : "process";
  state.filter = parts.get("filter") || "";
  $("filter").value = state.filter;
  state.open = parts.has("teardown") ? { kind: "teardown", key: parts.get("teardown") }
    : parts.has("holder") ? { kind: "holder", key: parts.get("holder") } : null;
}

function address() {
  const parts = new URLSearchParams();
  if (state.group !== "process") parts.set("group", state.group);
  if (state.filter) parts.set("filter", state.filter);
  if (state.open && state.open.kind !== "keys") parts.set(state.open.kind, state.open.key);
  return "#" + parts;
}

const writeAddress = () => history.replaceState(null, "", address());

function matches(object) {
  const text = state.filter.toLowerCase();
  if (!text) return true;
  return ["", "owner_"].some((prefix) => String(object[prefix + "pid"]) === text
    || ["name", "comm", "command", "executable", "user", "cgroup"].map((name) => object[prefix + name]).concat(containerName(object, prefix))
      .some((value) => value && String(value).toLowerCase().includes(text)));
}

// ---- a table that makes only the rows that are visible ----

const ROW = 30;
const HEADING = 28;
const grids = [];
let activeGrid = null;

class Grid {
  /**
   * columns: {name, title, about, width, align, hide, value(item) for sorting, text(item), fill(cell, item), style(item)}.
   * options: {key(item), open(item), rows: visible rows, label, empty(): text without items, sort: first column}.
   */
  constructor(parent, columns, options) {
    this.columns = columns;
    this.options = options;
    this.items = [];
    this.selected = null;
    this.sort = options.sort || null;
    this.isDescending = true;
    this.pool = [];
    this.heading = make("tr");
    this.top = make("tr", { class: "spacer", "aria-hidden": "true" }, make("td"));
    this.bottom = make("tr", { class: "spacer", "aria-hidden": "true" }, make("td"));
    this.none = make("tr", {}, make("td", { class: "empty" }));
    this.tbody = make("tbody", {}, this.top, this.none, this.bottom);
    this.table = make("table", { "aria-label": options.label }, make("thead", {}, this.heading), this.tbody);
    this.scroller = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": options.label }, this.table);
    const height = HEADING + options.rows * ROW + 2 + "px";
    this.scroller.style[isReport ? "maxHeight" : "height"] = height;
    this.scroller.style.maxHeight = height;
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.scroller.addEventListener("focusin", () => { activeGrid = this; });
    this.headings();
    parent.append(this.scroller);
    grids.push(this);
    activeGrid = activeGrid || this;
  }

  headings() {
    for (const column of this.columns) {
      const cell = make("th", { scope: "col", class: (column.align || "") + " " + (column.hide || "") });
      if (column.width) cell.style.width = column.width;
      if (column.about) cell.title = column.about;
      if (column.value) {
        cell.append(make("button", { type: "button", text: column.title, click: () => this.sortBy(column.name) }));
      } else {
        cell.textContent = column.title;
      }
      this.heading.append(cell);
    }
    this.markSort();
  }

  markSort() {
    this.columns.forEach((column, i) => {
      const cell = this.heading.children[i];
      if (column.name === this.sort) cell.setAttribute("aria-sort", this.isDescending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  }

  sortBy(name) {
    this.isDescending = this.sort === name ? !this.isDescending : true;
    this.sort = name;
    this.markSort();
    this.show(this.items);
  }

  nextSort() {
    const names = this.columns.filter((column) => column.value).map((column) => column.name);
    this.sort = null;
    if (names.length) this.sortBy(names[(names.indexOf(this.heading.dataset.sort) + 1) % names.length]);
    this.heading.dataset.sort = this.sort || "";
  }

  show(items) {
    const column = this.columns.find((candidate) => candidate.name === this.sort);
    this.items = items;
    if (column) {
      const sign = this.isDescending ? -1 : 1;
      const rank = (value) => (value === null || value === undefined ? -Infinity : value);
      this.items = [...items].sort((a, b) => {
        const x = rank(column.value(a));
        const y = rank(column.value(b));
        return x < y ? -sign : x > y ? sign : 0;
      });
    }
    this.table.setAttribute("aria-rowcount", this.items.length + 1);
    this.draw();
  }

  index() {
    return this.selected === null ? -1 : this.items.findIndex((item) => this.options.key(item) === this.selected);
  }

  draw() {
    const first = Math.max(0, Math.min(this.items.length - 1, Math.floor(this.scroller.scrollTop / ROW) - 4));
    const count = Math.min(this.items.length - first, this.options.rows + 9);
    while (this.pool.length < count) this.pool.push(this.newRow());
    this.top.firstChild.style.height = first * ROW + "px";
    this.bottom.firstChild.style.height = (this.items.length - first - count) * ROW + "px";
    this.pool.forEach((row, i) => {
      if (row.hidden !== i >= count) row.hidden = i >= count;
      if (i < count) this.fill(row, this.items[first + i], first + i);
    });
    this.none.hidden = this.items.length > 0;
    if (!this.items.length) {
      this.none.firstChild.colSpan = Math.max(1, [...this.heading.children].filter((heading) => heading.offsetParent).length);
      setText(this.none.firstChild, this.options.empty());
    }
  }

  newRow() {
    const row = make("tr", { class: "row" });
    for (const column of this.columns) {
      row.append(make("td", { class: (column.align || "") + " " + (column.hide || ""), "data-column": column.name }));
    }
    row.addEventListener("click", () => {
      this.selected = this.options.key(row.item);
      activeGrid = this;
      this.draw();
      if (this.options.open) this.options.open(row.item);
    });
    this.tbody.insertBefore(row, this.bottom);
    return row;
  }

  fill(row, item, index) {
    const key = this.options.key(item);
    row.item = item;
    row.dataset.key = key;
    row.setAttribute("aria-rowindex", index + 2);
    if (key === this.selected) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    this.columns.forEach((column, i) => {
      const cell = row.children[i];
      const style = (column.align || "") + " " + (column.hide || "") + " " + (column.style ? column.style(item) : "");
      if (cell.className !== style) cell.className = style;
      if (column.fill) column.fill(cell, item);
      else {
        const text = column.text(item);
        setText(cell, text);
        if (cell.title !== cell.textContent) cell.title = cell.textContent;
      }
    });
  }

  move(count) {
    if (!this.items.length) return;
    const at = this.index();
    const next = at < 0 ? 0 : Math.max(0, Math.min(this.items.length - 1, at + count));
    this.selected = this.options.key(this.items[next]);
    const above = next * ROW;
    const room = this.scroller.clientHeight - HEADING;
    if (above < this.scroller.scrollTop) this.scroller.scrollTop = above;
    else if (above + ROW > this.scroller.scrollTop + room) this.scroller.scrollTop = above + ROW - room;
    this.draw();
  }

  openSelected() {
    const item = this.items[this.index()];
    if (item && this.options.open) this.options.open(item);
  }
}

// ---- phases ----

/** The phases of a teardown in order: {name, label, from, nanos, inner}; empty if the tier observes none. */
function phases(t) {
  const found = [];
  let at = 0;
  const add = (name, label, nanos) => {
    if (nanos === null || nanos === undefined) return;
    found.push({ name, label, from: at, nanos });
    at += nanos;
  };
  add("lookup", "lookup", t.lookup_ns);
  add("kill", "kill_ioctx", t.kill_ns);
  if (t.unmap_ns !== null && found.length) {
    found.push({ name: "kill", label: "unmapping the ring", from: at - t.unmap_ns, nanos: t.unmap_ns, isInner: true });
  }
  if (t.drain_ns !== null && t.cancel_time !== null && t.cancel_ns !== null && t.grace_ns !== null) {
    const isThreads = t.siblings_ns > 0;
    const before = isThreads ? t.siblings_ns : t.io_ns > 0 ? t.grace_ns : Math.max(0, t.cancel_time - t.drain_time);
    add(isThreads ? "siblings" : "grace", isThreads ? "wait for threads" : "grace period 1", before);
    add("cancel", "cancelling requests", t.cancel_ns);
    const isIo = t.io_ns > 0;
    add(isIo ? "io" : "grace", isIo ? "wait for requests" : "grace period 2", Math.max(0, t.drain_ns - before - t.cancel_ns));
  } else {
    add("drain", "drain", t.drain_ns);
  }
  const drained = at;
  add("wake", "wake-up", t.wake_ns);
  at = drained;
  if (t.drain_ns !== null) add("free", "deferred free", t.deferred_free_ns);
  if (!found.some((phase) => phase.name !== "kill" && phase.name !== "lookup") && t.wait_ns !== null && t.end !== "in_progress") {
    return [{ name: "whole", label: "whole call", from: 0, nanos: t.wait_ns }];
  }
  return found;
}

const began = (t) => t.call_time ?? t.kill_time ?? (t.age_ns !== null ? t.time - t.age_ns : null);
const finished = (t) => (t.end === "in_progress" ? t.time : t.return_time ?? t.drained_time ?? t.time);

const PHASES = [["kill", "kill"], ["grace", "grace (RCU, normal)"], ["siblings", "threads"], ["cancel", "cancel"],
  ["io", "requests"], ["wake", "wake"], ["free", "deferred free"], ["waiting", "in progress"]];

function legend() {
  return make("div", { class: "legend" }, ...PHASES.map(([name, label]) =>
    make("span", {}, make("i", { class: "swatch " + name }), label)));
}

/** A bar in proportion to the phases that held the caller. */
function fillBar(cell, t) {
  const parts = phases(t).filter((phase) => !phase.isInner && phase.name !== "free");
  const total = parts.reduce((sum, phase) => sum + phase.nanos, 0);
  let bar = cell.firstChild;
  if (!bar) {
    bar = make("div", { class: "bar", role: "img" });
    cell.append(bar);
  }
  while (bar.children.length < parts.length) bar.append(make("i"));
  while (bar.children.length > parts.length) bar.lastChild.remove();
  parts.forEach((phase, i) => {
    bar.children[i].className = phase.name;
    bar.children[i].style.width = (total ? (100 * phase.nanos) / total : 0) + "%";
  });
  const words = parts.map((phase) => phase.label + " " + duration(phase.nanos)).join(", ") || "no phases observed";
  if (bar.getAttribute("aria-label") !== words) {
    bar.setAttribute("aria-label", words);
    bar.title = words;
  }
}

// ---- the tables ----

const openTeardown = (t) => open({ kind: "teardown", key: t.context_id });
/** The columns with one that a narrow table hides. */
const narrow = (columns, name) => columns.map((column) => (column.name === name ? { ...column, hide: "medium" } : column));
const result = (t) => t.errno ?? (t.end === "complete" ? "ok" : t.end);
const waits = (t) => {
  const count = t.waits_for === "siblings" ? t.siblings_now : t.outstanding_now;
  const words = {
    requests: count === null ? "requests" : plural(count, "request"),
    siblings: count === null ? "threads" : plural(count, "thread"),
    cancelled_polls: count === null ? "cancelled polls" : plural(count, "cancelled poll"),
    grace: "an RCU grace period", mmap_lock: "mmap_lock", wake: "its wake-up", deferred_free: "nobody: freeing the memory",
  };
  return t.waits_for ? words[t.waits_for] || t.waits_for : ABSENT;
};
const who = [
  { name: "program", title: "Program", width: "22%", text: (o) => program(o) },
  { name: "pid", title: "PID", width: "68px", align: "right", text: (o) => number(pidOf(o)), value: pidOf },
];

const tables = {
  progress: new Grid(body("progress"), [
    ...who,
    { name: "trigger", title: "In", width: "96px", hide: "medium", text: (t) => (t.trigger === "exit" ? "exit_aio" : "io_destroy") },
    { name: "waits_for", title: "Waits for", text: waits },
    { name: "age_ns", title: "Lasts", width: "74px", align: "right", value: (t) => t.age_ns,
      style: (t) => (t.stuck ? "bad" : ""), text: (t) => (t.found_late ? ">" : "") + duration(t.age_ns) },
    { name: "since", title: "Since", width: "84px", align: "right", hide: "medium", text: (t) => time(began(t)) },
    { name: "stuck", title: "State", width: "64px", hide: "medium", style: (t) => (t.stuck ? "bad" : ""), text: (t) => (t.stuck ? "stuck" : "waits") },
  ], { key: (t) => t.context_id, open: openTeardown, rows: 3, label: "Teardowns in progress", empty: () => "None." }),
};

body("quota").append(
  make("p", { class: "big" }), make("div", { class: "meter" }, make("i")),
  make("div", { class: "chart" }), make("div", { class: "legend" }));

tables.holders = new Grid(body("holders"), [
  { name: "name", title: "Holder", fill: fillHolder },
  { name: "pid", title: "PID", width: "70px", align: "right", hide: "medium of-process", text: (h) => number(h.pid), value: (h) => h.pid },
  { name: "processes", title: "Procs", about: "Processes", width: "60px", align: "right", hide: "medium of-group", text: (h) => number(h.processes), value: (h) => h.processes },
  { name: "charge", title: "Charge", about: "Sum of the io_setup arguments, which fs.aio-nr counts", width: "76px", align: "right",
    text: (h) => number(h.charge), value: (h) => h.charge },
  { name: "share", title: "Share", about: "Charge as a share of fs.aio-max-nr", width: "66px", align: "right", text: share },
  { name: "contexts", title: "Ctx", about: "Live contexts", width: "56px", align: "right", text: (h) => number(h.contexts), value: (h) => h.contexts },
  { name: "outstanding", title: "Out", about: "Outstanding requests: submitted and not completed", width: "56px", align: "right", hide: "medium",
    text: (h) => number(h.outstanding), value: (h) => h.outstanding },
  { name: "unreaped", title: "Unreap", about: "Completed requests that the program has not reaped", width: "68px", align: "right", hide: "large",
    text: (h) => number(h.unreaped), value: (h) => h.unreaped },
  { name: "rate", title: "D/s", about: isReport ? "io_destroy calls per second, over the listed teardowns" : "io_destroy calls per second, over the last five seconds",
    width: "56px", align: "right", hide: "large", text: (h) => perSecond(destroyRate(h)), value: destroyRate },
  { name: "p50", title: "P50", about: "Median of Wait over the listed teardowns", width: "74px", align: "right", hide: "large",
    text: (h) => duration(percentile(h, 0.5)), value: (h) => percentile(h, 0.5) },
  { name: "p99", title: "P99", about: "99th percentile of Wait over the listed teardowns", width: "74px", align: "right", hide: "large",
    text: (h) => duration(percentile(h, 0.99)), value: (h) => percentile(h, 0.99) },
  { name: "oldest", title: "Oldest", about: "Duration of the longest teardown in progress", width: "72px", align: "right", hide: "medium",
    text: (h) => duration(activityOf(h).oldest), value: (h) => activityOf(h).oldest, style: (h) => (activityOf(h).isStuck ? "bad" : "") },
  { name: "user", title: "User", width: "90px", hide: "wide of-process", text: (h) => number(h.user) },
  { name: "container", title: "Container", width: "16%", hide: "wide of-process", text: (h) => container(h) },
], { key: holderKey, open: (h) => open({ kind: "holder", key: holderKey(h) }), rows: 8, sort: "charge",
  label: "Holders of the quota", empty: () => (state.filter ? "None matches the filter." : "None.") });

const lanes = make("div", { class: "lanes" }, make("canvas", { role: "img", "aria-label": "The teardowns on one time axis; the table below has the same data" }));
body("teardowns").append(lanes);
tables.teardowns = new Grid(body("teardowns"), [
  { name: "time", title: "Ended", width: "86px", text: (t) => time(finished(t)), value: finished },
  ...narrow(who, "pid").map((column) => (column.name === "program" ? { ...column, width: "26%" } : column)),
  { name: "trigger", title: "Trigger", width: "78px", hide: "medium", text: (t) => number(t.trigger) },
  { name: "handle", title: "Handle", width: "142px", hide: "wide", text: (t) => number(t.handle) },
  { name: "outstanding", title: "Out", about: "Requests outstanding when the teardown began", width: "60px", align: "right", hide: "medium",
    text: (t) => number(t.outstanding), value: (t) => t.outstanding },
  { name: "wait_ns", title: "Wait", about: "How long the caller was blocked", width: "76px", align: "right", text: (t) => duration(t.wait_ns), value: (t) => t.wait_ns,
    style: (t) => (t.wait_ns >= data.status.stuck_after_ns ? "bad" : t.wait_ns >= 1e8 ? "warn" : "") },
  { name: "phases", title: "Phases", fill: fillBar },
  { name: "result", title: "Result", width: "96px", hide: "wide", text: result, style: (t) => (t.errno ? "bad" : t.end === "complete" ? "" : "warn") },
], { key: (t) => t.context_id, open: openTeardown, rows: 10, label: "Latest teardowns",
  empty: () => (state.filter ? "None matches the filter." : "None was observed.") });
body("teardowns").append(legend());

const seesCalls = () => data.status && (data.status.tier === "full" || data.status.tier === "syscall");
const noCalls = () => (seesCalls() ? "None was observed." : "This tier does not observe calls.");
const when = { name: "time", title: "Time", width: "86px", text: (o) => time(o.time), value: (o) => o.time };
const whenAndWho = [when, ...narrow(who, "pid")];

tables.refusals = new Grid(body("refusals"), [
  ...whenAndWho,
  { name: "max_reqs", title: "Requested", width: "88px", align: "right", hide: "medium", text: (r) => number(r.max_reqs) },
  { name: "in_use", title: "In use", width: "130px", hide: "wide", text: (r) => (r.cause === "filter" ? ABSENT : number(r.aio_nr) + " of " + number(r.aio_max_nr)) },
  { name: "needed", title: "Limit needed", width: "110px", align: "right", text: (r) => number(r.needed_aio_max_nr) },
  { name: "held", title: "Held by", hide: "medium", text: (r) => (r.largest_holders || []).map((h) => program(h) + " " + h.pid + ": " + h.charge).join(", ") || r.explanation || ABSENT },
  { name: "outcome", title: "Outcome", width: "22%", hide: "wide", text: outcome },
], { key: (r) => r.time + ":" + r.tid, rows: 3, label: "Refused io_setup", empty: noCalls });

tables.failures = new Grid(body("failures"), [
  ...whenAndWho,
  { name: "call", title: "Call", width: "90px", hide: "medium", text: (c) => c.call },
  { name: "errno", title: "Error", width: "84px", style: () => "bad", text: (c) => number(c.errno) },
  { name: "explanation", title: "Cause", text: (c) => c.explanation || c.cause || ABSENT },
], { key: (c) => c.time + ":" + c.tid, rows: 3, label: "Other failed calls", empty: noCalls });

tables.late = new Grid(body("late"), [
  when, { name: "program", title: "Program", width: "18%", text: (s) => number(s.comm) + " " + number(s.pid) },
  { name: "operation", title: "Operation", width: "90px", hide: "medium", text: (s) => number(s.operation) },
  { name: "age_ns", title: "After", width: "80px", align: "right", text: (s) => duration(s.age_ns), value: (s) => s.age_ns },
  { name: "path", title: "File", text: (s) => s.path || "inode " + number(s.inode) },
  { name: "device", title: "Device", width: "110px", text: (s) => s.device_name || number(s.device) },
  { name: "result", title: "Result", width: "90px", hide: "medium", text: (s) => s.errno || number(s.result) },
], { key: (s) => s.time + ":" + s.offset + ":" + s.context_id, open: (s) => open({ kind: "teardown", key: s.context_id }), rows: 3,
  label: "Late completions", empty: () => (data.status && data.status.tier === "full" ? "None was observed." : "Only the tier full observes them.") });

tables.clauses = new Grid(body("clauses"), [
  { name: "clause", title: "Clause", width: "66px", text: (v) => v.clause },
  { name: "verdict", title: "Verdict", width: "116px", text: (v) => v.verdict.replaceAll("_", " "),
    style: (v) => ({ violated: "bad", holds: "good", deviates: "warn" })[v.verdict] || "" },
  { name: "count", title: "Observed", width: "84px", align: "right", hide: "medium", text: (v) => number(v.held_count + v.deviated_count + v.violated_count) },
  { name: "clause_text", title: "Text", text: (v) => v.clause_text },
  { name: "evidence", title: "Evidence", width: "30%", hide: "wide", text: (v) => v.evidence || v.reason || ABSENT },
], { key: (v) => v.clause, open: (v) => open({ kind: "clause", key: v.clause }), rows: 4, label: "Clauses of the specification", empty: () => "None." });

function outcome(refusal) {
  const found = data.events.find((event) => event.type === "refusal_outcome" && event.refusal_time === refusal.return_time && event.pid === refusal.pid);
  if (!found) return ABSENT;
  return found.outcome + " after " + duration(found.duration_ns)
    + (found.releaser_comm ? ": " + found.releaser_comm + " " + found.releaser_pid + " released " + found.charge : "");
}

function holderKey(holder) {
  return holder.group_by + ":" + (holder.group_by === "process" ? holder.pid + ":" + number(holder.start_time) : holder.name);
}

/** A holder without contexts, from its teardown in progress. */
function withoutContexts(t, group) {
  const prefix = ownerPrefix(t);
  const holder = { group_by: group, name: group === "container" ? containerName(t, prefix) : t[prefix + group], contexts: 0, charge: 0, outstanding: 0, unreaped: 0 };
  if (group === "process") {
    for (const name of Object.keys(t).filter((name) => name.startsWith(prefix))) holder[name.slice(prefix.length)] ??= t[name];
  }
  return holder;
}

/** The holders by this grouping, as in top: also those that only have teardowns in progress. */
function holdersBy(group) {
  const holders = new Map(data.holders.filter((holder) => holder.group_by === group).map((holder) => [holderKey(holder), holder]));
  const added = new Map();
  for (const t of data.running) {
    const key = keyOf(t, group, ownerPrefix(t));
    if (!holders.has(key)) added.set(key, (added.get(key) || []).concat(t));
  }
  for (const [key, teardowns] of added) {
    const processes = new Set(teardowns.map((t) => keyOf(t, "process", ownerPrefix(t)))).size;
    holders.set(key, { ...withoutContexts(teardowns[0], group), processes });
  }
  return [...holders.values()];
}

/** The holders that match the filter, or one of whose processes does. */
function matchingHolders() {
  const groups = new Set(holdersBy("process").filter(matches).map((holder) => keyOf(holder, state.group)));
  return holdersBy(state.group).filter((holder) => matches(holder) || groups.has(holderKey(holder)));
}

function fillHolder(cell, holder) {
  if (!cell.firstChild) cell.append(make("i", { class: "swatch" }), make("span"));
  const color = colors.get(holderKey(holder));
  cell.firstChild.style.background = color === undefined ? "" : "var(--c" + color + ")";
  const name = clean(holder.group_by === "process" ? holder.command || program(holder) : holder.name ?? "unknown");
  setText(cell.lastChild, name.replace(/^\/\S*\/(?=\S)/, "")); // Without the folder of a program.
  if (cell.title !== name) cell.title = name;
}

/** What the teardowns say about each holder of the chosen grouping, by its key. */
let activity = { status: null, group: null, byKey: new Map(), since: 0 };
const NO_ACTIVITY = { destroys: 0, waits: [], oldest: null, isStuck: false };

function activityOf(holder) {
  if (activity.status !== data.status || activity.group !== state.group) readActivity();
  return activity.byKey.get(holderKey(holder)) || NO_ACTIVITY;
}

function readActivity() {
  const { time: now, began_time: start } = data.status;
  // The list is bounded: a full one says nothing about the time before its first teardown.
  const isFull = data.ended.length >= (isReport ? 10000 : 100);
  const listed = isFull ? Math.min(...data.ended.map(finished)) : start;
  activity = { status: data.status, group: state.group, byKey: new Map(), since: Math.max(listed, isReport ? 0 : now - 5 * SECOND) };
  const entry = (t) => {
    const key = keyOf(t, state.group, ownerPrefix(t));
    if (!activity.byKey.has(key)) activity.byKey.set(key, { destroys: 0, waits: [], oldest: null, isStuck: false });
    return activity.byKey.get(key);
  };
  for (const t of data.ended) {
    const found = entry(t);
    if (t.trigger === "destroy" && finished(t) >= activity.since) found.destroys++;
    if (t.wait_ns !== null) found.waits.push(t.wait_ns);
  }
  for (const t of data.running) {
    const found = entry(t);
    found.oldest = Math.max(found.oldest ?? 0, t.age_ns ?? 0);
    found.isStuck ||= t.stuck;
  }
  activity.byKey.forEach((found) => found.waits.sort((a, b) => a - b));
}

/** The io_destroy calls per second; null if not observed, and within the first second. */
function destroyRate(holder) {
  const { destroys } = activityOf(holder);
  const seconds = (data.status.time - activity.since) / SECOND;
  return seesCalls() && seconds >= 1 ? destroys / seconds : null;
}

const perSecond = (rate) => (rate === null ? ABSENT : rate === 0 || rate >= 100 ? String(Math.round(rate)) : rate.toFixed(rate < 0.1 ? 2 : 1));

function percentile(holder, share) {
  const waits = activityOf(holder).waits;
  return waits.length ? waits[Math.ceil(share * waits.length) - 1] : null;
}

function share(holder) {
  const limit = data.quota && data.quota.aio_max_nr;
  return holder.charge === null || !limit || limit >= UNREACHABLE ? ABSENT : ((100 * holder.charge) / limit).toFixed(1) + "%";
}

// ---- the quota ----

const colors = new Map(); // Of the holders, by their key in the table.

function historyKey(key) {
  const holder = data.names.get(key);
  if (!holder) return key;
  return holder.group_by + ":" + (holder.group_by === "process" ? holder.pid + ":" + number(holder.start_time) : holder.name);
}

/** The largest holders of the period for the chosen grouping: key and charges by sample; keeps the colour of each. */
function series() {
  const sums = new Map();
  data.samples.forEach((sample, i) => {
    for (const { key, charge } of sample.largest_holders) {
      if (!key.startsWith(state.group + ":")) continue;
      if (!sums.has(key)) sums.set(key, { key, sum: 0, charges: new Array(data.samples.length).fill(0) });
      const found = sums.get(key);
      found.sum += charge;
      found.charges[i] = charge;
    }
  });
  const largest = [...sums.values()].sort((a, b) => b.sum - a.sum).slice(0, 8);
  const taken = new Set();
  const wanted = new Map();
  for (const { key } of largest) {
    const color = colors.get(historyKey(key));
    if (color !== undefined && !taken.has(color)) {
      taken.add(color);
      wanted.set(historyKey(key), color);
    }
  }
  for (const { key } of largest) {
    if (wanted.has(historyKey(key))) continue;
    let color = 0;
    while (taken.has(color)) color++;
    taken.add(color);
    wanted.set(historyKey(key), color);
  }
  colors.clear();
  wanted.forEach((color, key) => colors.set(key, color));
  return largest;
}

/** A round number of at least this size, so that the scale changes rarely. */
function round(value) {
  const size = 10 ** Math.floor(Math.log10(Math.max(10, value)));
  return [1, 1.5, 2, 3, 4, 5, 7.5, 10].map((step) => step * size).find((step) => step >= value);
}

function short(value) {
  return value >= 1e9 ? value / 1e9 + "G" : value >= 1e6 ? value / 1e6 + "M" : value >= 10000 ? value / 1e3 + "k" : String(value);
}

const CHART = { left: 44, right: 10, top: 8, bottom: 20, height: 200 };

/** Parts of the samples without a gap: what was not observed is not drawn. */
function segments(samples) {
  const gaps = samples.slice(1).map((sample, i) => sample.time - samples[i].time).sort((a, b) => a - b);
  const longest = Math.max(15 * SECOND, 4 * (gaps[Math.floor(gaps.length / 2)] || 0));
  const parts = [];
  samples.forEach((sample, i) => {
    if (i === 0 || sample.time - samples[i - 1].time > longest || sample.aio_nr === null) parts.push([]);
    if (sample.aio_nr !== null) parts.at(-1).push(i);
  });
  return parts.filter((part) => part.length);
}

function drawQuota() {
  const quota = data.quota;
  const [big, meter, chart, names] = body("quota").children;
  const limit = quota && quota.aio_max_nr;
  const isLimited = limit !== null && limit !== undefined && limit < UNREACHABLE;
  const used = quota && isLimited && limit > 0 && quota.aio_nr !== null ? quota.aio_nr / limit : null;
  big.replaceChildren(...(!quota ? [make("span", { class: "quiet", text: "No scan has succeeded yet." })] : [
    make("span", {}, make("b", { "data-name": "aio_nr", text: number(quota.aio_nr) }), " of ",
      make("span", { "data-name": "aio_max_nr", text: isLimited ? number(limit) : limit === null ? ABSENT : "no limit" })),
    make("span", { "data-name": "used", class: used >= 0.9 ? "bad" : used >= 0.75 ? "warn" : "", text: used === null ? "" : (100 * used).toFixed(1) + "% used" }),
    make("span", { class: "quiet", text: "headroom " + (isLimited ? number(quota.headroom) : "no limit") }),
    make("span", { class: "quiet", text: plural(quota.contexts, "context") + ", unattributed " + number(quota.unattributed) }),
  ]));
  meter.firstChild.style.width = Math.min(100, 100 * (used || 0)) + "%";
  meter.className = "meter" + (used >= 0.9 ? " full" : used >= 0.75 ? " high" : "");
  drawChart(chart, names, isLimited ? limit : null);
}

function drawChart(chart, names, limit) {
  const samples = data.samples;
  const width = Math.max(200, chart.clientWidth);
  const picture = chart.querySelector("svg") || chart.appendChild(svg("svg", { role: "img", "aria-label": "Quota and its holders over time" }));
  const areas = series();
  chart.hidden = isReport && samples.length < 2;
  if (samples.length < 2) {
    picture.replaceChildren();
    names.replaceChildren(make("span", { text: isReport ? "The recording has fewer than two scans, so there is no history." : samples.length ? "The history begins now: one sample per scan, at most every 5 s, for an hour." : "No sample yet." }));
    return;
  }
  const last = samples.at(-1).time;
  const from = Math.min(samples[0].time, isReport ? samples[0].time : last - 300 * SECOND);
  const used = Math.max(1, ...samples.map((sample) => sample.aio_nr || 0));
  const isLimitShown = limit !== null && used > limit / 5;
  const highest = round(isLimitShown ? Math.max(limit, used) * 1.02 : used * 1.1);
  const x = (at) => CHART.left + ((at - from) / Math.max(1, last - from)) * (width - CHART.left - CHART.right);
  const y = (value) => CHART.height - CHART.bottom - (value / highest) * (CHART.height - CHART.top - CHART.bottom);
  const parts = [];
  for (const step of [0, 0.5, 1]) {
    parts.push(svg("line", { class: "grid", x1: CHART.left, x2: width - CHART.right, y1: y(step * highest), y2: y(step * highest) }));
    parts.push(label(CHART.left - 6, y(step * highest) + 4, short(step * highest), "end"));
  }
  ticks(from, last, width < 500 ? 3 : 6).forEach((at) => parts.push(label(x(at), CHART.height - 4, clock(date(at)).slice(0, last - from > 300 * SECOND ? 5 : 8), "middle")));
  const runs = segments(samples);
  const floor = new Array(samples.length).fill(0);
  areas.forEach((area) => parts.push(stack(runs, floor, area.charges, x, y, "var(--c" + colors.get(historyKey(area.key)) + ")")));
  const rest = samples.map((sample, i) => Math.max(0, (sample.charge ?? floor[i]) - floor[i]));
  parts.push(stack(runs, floor, rest, x, y, "var(--other)"));
  for (const run of runs) {
    parts.push(svg("path", { class: "used", d: "M" + run.map((i) => x(samples[i].time).toFixed(1) + " " + y(samples[i].aio_nr).toFixed(1)).join("L") }));
  }
  if (isLimitShown) {
    for (const run of runs) {
      parts.push(svg("path", { class: "limit", d: "M" + run.map((i) => x(samples[i].time).toFixed(1) + " " + y(samples[i].aio_max_nr).toFixed(1)).join("L") }));
    }
  }
  const cursor = svg("line", { class: "cursor", y1: CHART.top, y2: CHART.height - CHART.bottom, visibility: "hidden" });
  parts.push(cursor);
  picture.setAttribute("viewBox", "0 0 " + width + " " + CHART.height);
  picture.replaceChildren(...parts);
  chart.point = { samples, areas, x, cursor, width };
  const entries = areas.map((area) => [area.key, "var(--c" + colors.get(historyKey(area.key)) + ")", holderName(area.key)]);
  if (rest.some((value) => value > 0)) entries.push(["other", "var(--other)", "others"]);
  names.replaceChildren(
    make("span", { text: "Line: fs.aio-nr" + (isLimitShown ? ". Dashed: fs.aio-max-nr" : limit === null ? "" : ". The limit of " + limit + " is far above") }),
    ...entries.map(([, color, name]) => {
      const swatch = make("i", { class: "swatch" });
      swatch.style.background = color;
      return make("span", {}, swatch, clean(name));
    }));
}

function holderName(key) {
  const holder = data.names.get(key);
  return holder ? holder.name + (holder.pid === null ? "" : " " + holder.pid) : key;
}

function label(x, y, text, anchor) {
  const element = svg("text", { x, y, "text-anchor": anchor });
  element.textContent = text;
  return element;
}

function ticks(from, to, most) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
  const step = (steps.find((seconds) => (to - from) / SECOND / seconds <= most) || 86400) * SECOND;
  const found = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push(at);
  return found;
}

function stack(runs, floor, charges, x, y, color) {
  let d = "";
  for (const run of runs) {
    const over = run.map((i) => x(data.samples[i].time).toFixed(1) + " " + y(floor[i] + charges[i]).toFixed(1));
    const under = run.map((i) => x(data.samples[i].time).toFixed(1) + " " + y(floor[i]).toFixed(1)).reverse();
    d += "M" + over.concat(under).join("L") + "Z";
  }
  charges.forEach((charge, i) => { floor[i] += charge; });
  const path = svg("path", { d });
  path.style.fill = color;
  return path;
}

function showTip(event) {
  const chart = body("quota").querySelector(".chart");
  const point = chart.point;
  if (!point) return;
  const at = event.clientX - chart.getBoundingClientRect().left;
  let best = 0;
  point.samples.forEach((sample, i) => {
    if (Math.abs(point.x(sample.time) - at) < Math.abs(point.x(point.samples[best].time) - at)) best = i;
  });
  const sample = point.samples[best];
  const lines = [time(sample.time) + "  " + number(sample.aio_nr) + " of " + number(sample.aio_max_nr),
    ...point.areas.filter((area) => area.charges[best] > 0).sort((a, b) => b.charges[best] - a.charges[best])
      .map((area) => area.charges[best] + "  " + holderName(area.key))];
  let tip = chart.querySelector(".tip");
  if (!tip) tip = chart.appendChild(make("div", { class: "tip" }));
  tip.textContent = lines.map(clean).join("\n");
  const x = point.x(sample.time);
  tip.style.left = x < point.width / 2 ? x + 12 + "px" : "auto";
  tip.style.right = x < point.width / 2 ? "auto" : point.width - x + 12 + "px";
  point.cursor.setAttribute("x1", x);
  point.cursor.setAttribute("x2", x);
  point.cursor.setAttribute("visibility", "visible");
}

function hideTip() {
  const chart = body("quota").querySelector(".chart");
  chart.querySelector(".tip")?.remove();
  chart.point?.cursor.setAttribute("visibility", "hidden");
}

// ---- all teardowns on one time axis ----

const LANES = { top: 4, bottom: 18, height: 132 };
let drawn = { boxes: [], from: 0, to: 1, width: 1 };

function drawLanes() {
  const canvas = lanes.firstChild;
  const width = Math.max(200, lanes.clientWidth);
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(LANES.height * scale);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, LANES.height);
  const all = [...data.ended, ...data.running].filter((t) => began(t) !== null && matches(t));
  const ends = (t) => began(t) + Math.max(finished(t) - began(t), 1);
  const from = state.zoom ? state.zoom[0] : Math.min(...all.map(began));
  const to = state.zoom ? state.zoom[1] : Math.max(...all.map(ends), from + 1000);
  const x = (at) => ((at - from) / (to - from)) * width;
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = css("--quiet");
  if (!all.length) {
    drawn = { boxes: [], from: 0, to: 1, width };
    return;
  }
  pen.textAlign = "center";
  ticks(from, to, width < 500 ? 3 : 7).forEach((at) => {
    pen.fillStyle = css("--line");
    pen.fillRect(x(at), 0, 1, LANES.height - LANES.bottom);
    pen.fillStyle = css("--quiet");
    pen.fillText(clock(date(at)), Math.min(width - 26, Math.max(26, x(at))), LANES.height - 4);
  });
  const visible = all.filter((t) => ends(t) >= from && began(t) <= to).sort((a, b) => began(a) - began(b));
  const free = [];
  const lane = visible.map((t) => {
    const left = x(began(t));
    let at = free.findIndex((end) => end <= left);
    if (at < 0) at = free.length < 24 ? free.length : free.indexOf(Math.min(...free));
    free[at] = Math.max(x(ends(t)), left + 3) + 1;
    return at;
  });
  const height = Math.min(16, (LANES.height - LANES.top - LANES.bottom) / Math.max(1, free.length));
  const palette = Object.fromEntries(["kill", "grace", "io", "siblings", "cancel", "wake", "free", "bad"].map((name) => [name, css("--" + name)]));
  palette.lookup = palette.whole = palette.kill;
  palette.drain = palette.io;
  drawn = { boxes: [], from, to, width };
  visible.forEach((t, i) => {
    const start = began(t);
    const top = LANES.top + lane[i] * height;
    const left = x(start);
    const right = Math.max(x(ends(t)), left + 3);
    pen.fillStyle = t.end === "in_progress" ? palette.bad : palette.grace;
    pen.fillRect(left, top, right - left, Math.max(1, height - 1));
    if (right - left > 4) {
      for (const phase of phases(t)) {
        if (phase.isInner) continue;
        pen.fillStyle = palette[phase.name];
        pen.fillRect(x(start + phase.from), top, Math.max(0.5, x(start + phase.from + phase.nanos) - x(start + phase.from)), Math.max(1, height - 1));
      }
    }
    drawn.boxes.push({ t, left, right, top, bottom: top + height });
  });
}

function teardownAt(event) {
  const bounds = lanes.getBoundingClientRect();
  const x = event.clientX - bounds.left;
  const y = event.clientY - bounds.top;
  return drawn.boxes.findLast((box) => x >= box.left - 2 && x <= box.right + 2 && y >= box.top && y <= box.bottom);
}

let dragFrom = null;

function listenToLanes() {
  const at = (event) => drawn.from + ((event.clientX - lanes.getBoundingClientRect().left) / drawn.width) * (drawn.to - drawn.from);
  lanes.addEventListener("pointerdown", (event) => { dragFrom = { x: event.clientX, time: at(event) }; });
  lanes.addEventListener("pointerup", (event) => {
    const start = dragFrom;
    dragFrom = null;
    if (start && Math.abs(event.clientX - start.x) > 8) {
      const ends = [start.time, at(event)].sort((a, b) => a - b);
      if (ends[1] - ends[0] > 1000) state.zoom = ends;
      drawAll();
    } else {
      const box = teardownAt(event);
      if (box) openTeardown(box.t);
    }
  });
  lanes.addEventListener("pointermove", (event) => {
    const box = teardownAt(event);
    lanes.title = box ? clean(program(box.t) + " " + number(pidOf(box.t)) + ": " + duration(box.t.wait_ns ?? box.t.age_ns)) : "";
  });
  lanes.addEventListener("dblclick", () => { state.zoom = null; drawAll(); });
}

// ---- details ----

const detail = $("detail");
let shownDetail = "";

function open(what) {
  state.open = what;
  writeAddress();
  drawDetail();
}

function close() {
  if (detail.open) detail.close();
}

detail.addEventListener("close", () => {
  state.open = null;
  shownDetail = "";
  writeAddress();
});
detail.addEventListener("click", (event) => { if (event.target === detail) close(); });

function drawDetail() {
  if (!state.open) return;
  const { kind, key } = state.open;
  const content = kind === "teardown" ? teardownDetail(key)
    : kind === "holder" ? holderDetail(key)
    : kind === "clause" ? clauseDetail(key)
    : keysDetail();
  const signature = content.map((element) => element.textContent).join("\n");
  if (!detail.open || signature !== shownDetail) {
    shownDetail = signature;
    const top = detail.scrollTop;
    const hadFocus = detail.open && detail.contains(document.activeElement);
    detail.replaceChildren(...content);
    detail.scrollTop = top;
    if (hadFocus) detail.querySelector("button").focus();
  }
  if (!detail.open) detail.showModal();
}

function titleBar(title) {
  return make("header", {}, make("h2", { id: "detail-title", text: title }), make("button", { type: "button", text: "Close", click: close }));
}

function teardownDetail(key) {
  const t = [...data.running, ...data.ended].find((candidate) => candidate.context_id === key);
  if (!t) {
    return [titleBar("Teardown of the context " + key), make("p", { text: "It is not among the teardowns that aioscope still has. A snapshot of the flight recorder can contain it." })];
  }
  const content = [titleBar(program(t) + " (PID " + number(pidOf(t)) + "): " + (t.trigger === "exit" ? "exit_aio" : t.trigger === "rollback" ? "io_setup, rolled back" : "io_destroy")),
    make("div", { class: "say" }, ...t.text.split("\n").map((line) => make("p", { text: line })))];
  content.push(...waterfall(t));
  if (t.kernel_stack) content.push(make("h3", { text: "Kernel stack, innermost function first" }), make("p", { class: "stack", text: t.kernel_stack.split("\n").join(" < ") }));
  for (const [name, title] of [["call_stack", "Call stack of io_destroy"], ["setup_stack", "Call stack of io_setup"]]) {
    if (t[name]) content.push(make("h3", { text: title }), make("p", { class: "stack" }, ...t[name].split("\n").flatMap((frame) => [clean(frame), make("br")])));
  }
  const late = data.events.filter((event) => event.type === "straggler" && event.context_id === key);
  if (late.length) {
    content.push(make("h3", { text: "Late completions" }), make("div", { class: "say" }, ...late.slice(0, 50).map((s) => make("div", {
      text: number(s.operation) + " of " + (s.path || "inode " + s.inode) + " on " + (s.device_name || s.device) + ", after " + duration(s.age_ns) + ": " + (s.errno || s.result),
    }))));
  }
  content.push(make("h3", { text: "All values" }), facts(t), make("p", {}, make("a", { href: address(), text: "Link to this teardown" })));
  return content;
}

function waterfall(t) {
  const parts = phases(t);
  const isRunning = t.end === "in_progress";
  const known = parts.reduce((most, phase) => Math.max(most, phase.from + phase.nanos), 0);
  if (isRunning && t.age_ns > known) parts.push({ name: "waiting", label: "waits for " + waits(t), from: known, nanos: t.age_ns - known });
  if (!parts.length) return [];
  const total = Math.max(1, ...parts.map((phase) => phase.from + phase.nanos));
  const fall = make("div", { class: "fall" });
  for (const phase of parts) {
    const piece = make("i", { class: phase.name });
    piece.style.left = (100 * phase.from) / total + "%";
    piece.style.width = (100 * phase.nanos) / total + "%";
    fall.append(make("span", { class: phase.isInner ? "inner" : "", text: phase.label }),
      make("span", { class: "right", "data-phase": phase.label, text: duration(phase.nanos) }), make("span", { class: "track" }, piece));
  }
  return [make("h3", { text: "Phases" }), fall];
}

function facts(object) {
  const list = make("dl", { class: "facts" });
  const isSame = object.owner_pid === object.pid && object.owner_start_time === object.start_time;
  for (const [name, value] of Object.entries(object)) {
    if (value === null || value === undefined || ["schema", "type", "text"].includes(name) || name.endsWith("_stack")) continue;
    if (isSame && name.startsWith("owner_")) continue;
    const text = name.endsWith("_ns") ? duration(value)
      : name.endsWith("time") ? day(date(value)) + " " + clock(date(value)) + "." + pad(date(value).getMilliseconds(), 3)
      : typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
    list.append(make("dt", { text: name }), make("dd", { "data-name": name, text }));
  }
  return list;
}

function holderDetail(key) {
  const group = key.slice(0, key.indexOf(":"));
  const holder = holdersBy(group).find((candidate) => holderKey(candidate) === key);
  if (!holder) return [titleBar("Holder"), make("p", { text: "It holds no contexts any more." })];
  const isProcess = group === "process";
  const content = [titleBar(isProcess ? program(holder) + " (PID " + holder.pid + ")" : group + " " + (holder.name ?? "unknown")), facts(holder)];
  const running = [...data.running, ...data.ended].filter((t) => keyOf(t, group, ownerPrefix(t)) === key).slice(0, 20);
  if (running.length) {
    content.push(make("h3", { text: "Teardowns" }), make("div", { class: "say" }, ...running.map((t) => make("div", {}, make("button", {
      type: "button", class: "link", click: () => open({ kind: "teardown", key: t.context_id }),
      text: time(finished(t)) + "  " + number(t.trigger) + "  " + (t.end === "in_progress" ? "waits for " + waits(t) + ", " + duration(t.age_ns) : duration(t.wait_ns) + "  " + result(t)),
    })))));
  }
  if (data.contexts === null) {
    loadContexts();
    content.push(make("p", { class: "quiet", text: "Reading its contexts …" }));
    return content;
  }
  const contexts = data.contexts.filter((context) => keyOf(context, group) === key);
  const table = make("tbody");
  for (const context of contexts.slice(0, 200)) {
    table.append(make("tr", {}, ...["handle", "charge", "nr_events", "outstanding", "unreaped", "pid", "comm"].map((name) => make("td", { text: number(context[name]) }))));
  }
  content.push(make("h3", { text: plural(contexts.length, "context") + (contexts.length > 200 ? ", the first 200" : "") }),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Contexts" }, make("table", {}, make("thead", {}, make("tr", {},
      ...["Handle", "Charge", "Ring", "Outst.", "Unreaped", "PID", "Thread"].map((text) => make("th", { scope: "col", text })))), table)));
  return content;
}

function clauseDetail(key) {
  const verdict = data.verdicts.find((candidate) => candidate.clause === key);
  return [titleBar("Clause " + key), ...(verdict ? [facts(verdict)] : [])];
}

function keysDetail() {
  const keys = [["j k", "select the next or previous row; in a focused table also the arrows"], ["Enter", "open the selected row"], ["Esc", "close; in the list, clear the filter"],
    ["f /", "filter by program, PID, user, container or cgroup"], ["s", "sort by the next column"], ["g", "group holders by process, container, cgroup or user"],
    ["t", "go to the next table"], ["p", "pause"], ["?", "show the keys"], ["q", "close what is open"]];
  return [titleBar("Keys"), make("dl", { class: "facts" }, ...keys.flatMap(([key, meaning]) => [
    make("dt", {}, ...key.split(" ").flatMap((one) => [make("kbd", { text: one }), " "])), make("dd", { text: meaning })]))];
}

async function loadContexts() {
  data.contexts = [];
  try {
    data.contexts = ofType(await source("contexts"), "context");
  } catch {
    data.contexts = null;
    return;
  }
  drawDetail();
}

// ---- everything ----

function setHeading(id, note) {
  const heading = $(id).querySelector("h2");
  let small = heading.querySelector("small");
  if (!small) small = heading.appendChild(make("small"));
  setText(small, note);
}

function drawHeader() {
  const s = data.status;
  const span = s.recording ? day(date(s.began_time)) + " " + time(s.began_time) + " to " + time(s.time) + " " + zone() : "";
  setText($("host"), s.host + " · Linux " + s.kernel + " · tier " + s.tier + (isReport ? "" : " · engine " + s.engine));
  setText($("clock"), isReport ? span : (state.isPaused ? "paused at " : s.recording ? "replay at " : "") + time(s.time) + " " + zone());
  const footer = $("footer");
  if (!footer.firstChild) {
    const links = isReport ? [] : ["metrics", "api", "readyz"].map((path) => make("a", { href: path, text: "/" + path }));
    footer.append(make("span", { text: "aioscope " + s.aioscope + (isReport ? ", a report of a recording on " + s.machine : "") }), ...links,
      make("span", {}, make("kbd", { text: "?" }), " shows the keys"));
  }
  const mark = s.state === "stuck" ? "STUCK " : "";
  const title = clean(mark + s.host + " – aioscope" + (isReport ? " report" : ""));
  if (document.title !== title) document.title = title;
}

function drawVerdict(problem) {
  const section = $("verdict");
  const lines = problem ? [problem] : data.status.summary;
  const style = problem ? "lost" : data.status.state;
  if (section.className !== style) section.className = style;
  while (section.children.length > lines.length) section.lastChild.remove();
  while (section.children.length < lines.length) section.append(make("p"));
  lines.forEach((line, i) => setText(section.children[i], line));
}

function drawGaps() {
  const s = data.status;
  const losses = Object.entries(s.lost).filter(([, count]) => count > 0).map(([reason, count]) => "Lost: " + count + " " + reason);
  const lines = [...s.gaps, ...losses, ...(s.unidentified ? [plural(s.unidentified, "process").replace(/ss$/, "ss").replace(/sss$/, "sses") + " not identified"] : [])];
  const list = make("ul", {}, ...(lines.length ? lines : ["Nothing: this tier observes everything, and nothing was lost."]).map((text) => make("li", { text })));
  if (body("gaps").textContent !== list.textContent) body("gaps").replaceChildren(list);
}

function drawAll() {
  if (!data.status) return;
  drawHeader();
  drawVerdict();
  tables.progress.show(data.running.filter(matches));
  const stuck = data.running.filter((t) => t.stuck).length;
  setHeading("progress", data.running.length ? data.running.length + (stuck ? ", " + stuck + " stuck" : "") : "");
  drawQuota();
  document.body.dataset.group = state.group === "process" ? "process" : "group";
  setHeading("holders", "by " + state.group);
  tables.holders.show(matchingHolders());
  const hint = !data.ended.length || lanes.clientWidth < 500 ? "" : state.zoom ? ", double-click the picture to zoom out" : ", drag in the picture to zoom in";
  setHeading("teardowns", data.ended.length + hint);
  drawLanes();
  tables.teardowns.show(data.ended.filter(matches));
  const refusals = ofType(data.events, "refusal");
  const failures = ofType(data.events, "failed_call");
  const late = ofType(data.events, "straggler");
  tables.refusals.show(refusals.filter(matches));
  tables.failures.show(failures.filter(matches));
  tables.late.show(late.filter(matches));
  for (const [id, found] of [["refusals", refusals], ["failures", failures], ["late", late]]) setHeading(id, found.length ? String(found.length) : "");
  const order = ["violated", "deviates", "holds", "not_exercised", "not_observable"];
  tables.clauses.show([...data.verdicts].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict)));
  setHeading("clauses", order.map((verdict) => [data.verdicts.filter((v) => v.verdict === verdict).length, verdict])
    .filter(([count]) => count).map(([count, verdict]) => count + " " + verdict.replaceAll("_", " ")).join(", "));
  drawGaps();
  for (const button of $("groups").children) button.setAttribute("aria-pressed", button.dataset.group === state.group);
  $("pause").setAttribute("aria-pressed", state.isPaused);
  setText($("pause"), state.isPaused ? "Resume" : "Pause");
  drawDetail();
}

// ---- input ----

function setGroup(group) {
  state.group = group;
  writeAddress();
  drawAll();
}

function setFilter(text) {
  state.filter = text;
  if ($("filter").value !== text) $("filter").value = text;
  writeAddress();
  drawAll();
}

function pause() {
  if (isReport) return;
  state.isPaused = !state.isPaused;
  drawAll();
  if (!state.isPaused) refresh();
}

function nextTable() {
  const shown = grids.filter((grid) => grid.items.length);
  if (!shown.length) return;
  const next = shown[(shown.indexOf(activeGrid) + 1) % shown.length];
  next.scroller.focus();
  next.scroller.scrollIntoView({ block: "nearest" });
  if (next.index() < 0) next.move(0);
}

const COMMANDS = {
  j: () => activeGrid.move(1), k: () => activeGrid.move(-1), s: () => activeGrid.nextSort(), t: nextTable,
  g: () => setGroup(GROUPS[(GROUPS.indexOf(state.group) + 1) % GROUPS.length]), p: pause,
  f: () => $("filter").focus(), "/": () => $("filter").focus(), "?": () => open({ kind: "keys", key: "" }),
};
const IN_TABLE = {
  ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9,
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  if (target === $("filter")) {
    if (event.key === "Escape") setFilter("");
    if (event.key === "Escape" || event.key === "Enter") {
      event.preventDefault();
      target.blur();
    }
    return;
  }
  if (detail.open) {
    if (event.key === "q" || event.key === "Escape") {
      event.preventDefault();
      close();
    }
    return;
  }
  if (event.key === "Escape") setFilter("");
  else if (event.key === "Enter" && !/^(BUTTON|A|SUMMARY)$/.test(target.tagName)) activeGrid.openSelected();
  else if (COMMANDS[event.key]) {
    event.preventDefault();
    COMMANDS[event.key]();
  } else if (IN_TABLE[event.key] && target.classList.contains("scroll")) {
    event.preventDefault();
    activeGrid.move(IN_TABLE[event.key]);
  }
}

function listen() {
  for (const group of GROUPS) {
    $("groups").append(make("button", { type: "button", text: group, "data-group": group, click: () => setGroup(group) }));
  }
  $("filter").addEventListener("input", () => setFilter($("filter").value));
  $("tools").addEventListener("submit", (event) => event.preventDefault());
  $("pause").addEventListener("click", pause);
  $("pause").hidden = isReport;
  $("keys").addEventListener("click", () => open({ kind: "keys", key: "" }));
  document.addEventListener("keydown", onKey);
  const chart = body("quota").querySelector(".chart");
  chart.addEventListener("pointermove", showTip);
  chart.addEventListener("pointerleave", hideTip);
  listenToLanes();
  window.addEventListener("hashchange", () => {
    readAddress();
    if (!state.open) close();
    drawAll();
  });
  let width = 0;
  new ResizeObserver(() => {
    if (document.body.clientWidth !== width) {
      width = document.body.clientWidth;
      drawAll();
    }
  }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}

// ---- the loop ----

const PERIOD = 2000;
const AUDIT_PERIOD = 10000;
let source = null;
let answered = Date.now();
let audited = 0;
let isBusy = false;

async function load(before) {
  const [status] = await source("status");
  const isNew = !before || before.reports !== status.reports || status.time < before.time;
  const isScanned = !before || before.scan_time !== status.scan_time;
  const changes = [];
  // One after the other, so that a viewer needs one connection: the daemon accepts 32.
  const get = async (name, take) => {
    const objects = await source(name);
    changes.push(() => take(objects));
  };
  if (isNew || isScanned) await get("teardowns", takeTeardowns);
  if (isNew) await get("events", (objects) => { data.events = objects; });
  if (isScanned && status.scan_time !== null) {
    await get("holders", takeHolders);
    const last = data.samples.at(-1);
    const isWhole = !last || status.time - last.time > 20 * SECOND || status.time < last.time;
    await get(isWhole ? "history" : "history/latest", (objects) => takeHistory(objects, isWhole));
    if (data.contexts !== null && state.open && state.open.kind === "holder") await get("contexts", (objects) => { data.contexts = ofType(objects, "context"); });
    else data.contexts = isReport ? data.contexts : null;
  }
  if (Date.now() - audited > AUDIT_PERIOD) {
    audited = Date.now();
    await get("audit", (objects) => { data.verdicts = objects; });
  }
  return () => {
    data.status = status;
    changes.forEach((change) => change());
    for (const t of data.running) {
      t.age_ns += Math.max(0, status.time - t.time);
      t.time = Math.max(t.time, status.time);
    }
  };
}

async function refresh() {
  if (isBusy || state.isPaused || (document.hidden && !isReport)) return;
  isBusy = true;
  try {
    const apply = await load(data.status);
    answered = Date.now();
    if (!state.isPaused) {
      apply();
      drawAll();
    }
  } catch (error) {
    const seconds = Math.round((Date.now() - answered) / 1000);
    drawVerdict("No answer from aioscope for " + seconds + " s: " + error.message + ". What is below is old.");
  } finally {
    isBusy = false;
  }
}

async function start() {
  readAddress();
  listen();
  source = isReport ? await embeddedSource(embedded) : liveSource();
  await refresh();
  document.body.dataset.ready = "true";
  if (!isReport) {
    setInterval(refresh, PERIOD);
    document.addEventListener("visibilitychange", refresh);
  }
}

start().catch((error) => drawVerdict("Cannot show this page: " + error.message + "."));
