"use strict";
/* Shows the data of the page. All that comes from the program (paths, names, labels) goes into the document as text, by textContent and attributes that hold no
   script; nothing here parses HTML, and nothing is loaded. Only the rows that are to be seen are in the document: ten thousand violations scroll as ten do. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("main");
  const ROW = 104;
  const SEVERITY = { error: 0, warning: 1, advice: 2 };
  const SIGNS = { error: "▲", warning: "◆", advice: "●" };
  const LETTERS = "ABCDEFGHIJKLMNOP";
  const STATES = { live: "● live", held: "◐ held", dead: "✕ dead" };
  const violations = data.violations;
  const crashes = data.crashes;
  const records = data.records || [];

  /* ---- the document ------------------------------------------------------------------------------------------------------------ */

  /* element("p.soft", "text", child, …); attributes in an object. */
  function fill(node, parts) {
    for (const part of parts) {
      if (part === null || part === undefined || part === "") continue;
      if (Array.isArray(part)) fill(node, part);
      else if (part instanceof Node) node.append(part);
      else if (typeof part === "object") for (const [name, value] of Object.entries(part)) {
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value);
      } else node.append(document.createTextNode(String(part)));
    }
    return node;
  }
  function element(what, ...parts) {
    const [name, ...classes] = what.split(".");
    const node = document.createElement(name);
    if (classes.length) node.className = classes.join(" ");
    return fill(node, parts);
  }
  function drawing(name, ...parts) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", name), parts);
  }
  const number = (value) => Number(value || 0).toLocaleString("en-US");
  const count = (value, word, words) => number(value) + " " + (value === 1 ? word : words || word + "s");
  const base = (path) => path.slice(path.lastIndexOf("/") + 1);
  const time = (ms) => ms ? new Date(ms).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC") : "";
  function shortened(text, letters) {
    const all = Array.from(text);
    const head = Math.floor(letters / 2);
    return all.length <= letters ? text : all.slice(0, head).join("") + "…" + all.slice(all.length - (letters - head - 1)).join("");
  }
  function say(text) { document.getElementById("said").textContent = text; }
  function badge(severity, text) { return element("span.badge." + (severity in SEVERITY ? severity : "advice"), element("span", { "aria-hidden": "true" }, SIGNS[severity] || "●"), text); }

  /* ---- frames ------------------------------------------------------------------------------------------------------------------- */

  function frameOf(index) {
    const [file, line, name, module, offset, remark, snippet, installed] = data.frames[index];
    const text = (at) => data.strings[at];
    return { file: text(file), line, name: text(name), module: text(module), offset: text(offset), remark: text(remark), snippet: snippet >= 0 ? data.snippets[snippet] : null, installed: installed === 1 };
  }
  function stackOf(index) {
    const [name, thread, python, native] = data.stacks[index];
    return { name: data.strings[name], thread, python: python.map(frameOf), native: native.map(frameOf) };
  }
  function placeOf(frame) {
    if (frame.file) return frame.file + ":" + frame.line;
    return base(frame.module) + (frame.name ? "" : "+" + frame.offset);
  }
  /* The user's own line, as findings.c chooses it. */
  function ownFrame(stack) {
    return stack.python.find((frame) => !frame.installed) || stack.python[0] || stack.native.find((frame) => frame.file && !frame.installed) || stack.native.find((frame) => frame.file) || stack.native[0];
  }
  function sourceOf(frame) {
    if (!frame.snippet) return null;
    const [first, lines, changed] = frame.snippet;
    const rows = lines.map((text, index) => {
      const here = first + index === frame.line;
      return element(here ? "tr.here" : "tr", element("td", String(first + index)), element("td", text || " ", here ? element("span.hidden", " (this line)") : null));
    });
    return [element("div.source", { tabindex: "0", role: "region", "aria-label": "Source of " + base(frame.file) + ", line " + frame.line }, element("table", { role: "presentation" }, element("tbody", rows))),
      changed ? element("p.changed", "The file was changed after this happened: it may be another line.") : null];
  }
  function frameItem(frame) {
    const line = [element("span.function", frame.name || "(unknown function)"), " ", element("span.where", placeOf(frame), frame.remark ? " — " + frame.remark : "", frame.file && frame.module ? " in " + base(frame.module) : "")];
    const own = !frame.installed && frame.file;
    return element(own ? "li.own" : "li", frame.snippet ? element("details", element("summary", line), sourceOf(frame)) : line);
  }
  function stackDetails(stack) {
    const all = stack.python.length + stack.native.length;
    if (all === 0) return element("p.soft", "No stack is known.");
    return element("details", element("summary", "Stack: ", stack.python.length ? count(stack.python.length, "Python frame") : "", stack.python.length && stack.native.length ? ", " : "",
      stack.native.length ? count(stack.native.length, "native frame") : ""),
    element("ol.frames", stack.python.length ? element("li.heading", "Python, innermost first") : null, stack.python.map(frameItem),
      stack.native.length ? element("li.heading", stack.python.length ? "and there in native code" : "Native, innermost first") : null, stack.native.map(frameItem)));
  }

  /* ---- biography ----------------------------------------------------------------------------------------------------------------- */

  const MARKERS = {
    born: () => drawing("circle", { cx: 13, cy: 13, r: 7 }),
    freed: () => [drawing("rect", { x: 5.5, y: 5.5, width: 15, height: 15, rx: 3 }), drawing("path", { d: "M9.5 9.5l7 7M16.5 9.5l-7 7" })],
    used: () => drawing("path", { d: "M13 4.5l8.5 15.5h-17z" }),
    other: () => drawing("path", { d: "M13 4.5l8.5 8.5l-8.5 8.5l-8.5 -8.5z" }),
  };
  function step(sign, title, stack, more) {
    const frame = stack ? ownFrame(stack) : null;
    return element("li.line", drawing("svg", { class: "marker " + sign, width: 26, height: 26, viewBox: "0 0 26 26", "aria-hidden": "true" }, MARKERS[sign]()),
      element("div.step", element("h4", title, stack && stack.name ? [" by ", element("code", stack.name)] : null),
        frame ? element("p.at", placeOf(frame), frame.name ? " in " + frame.name : "") : null, frame ? sourceOf(frame) : null, more, stack ? stackDetails(stack) : null));
  }
  function biography(violation) {
    const stacks = violation.stacks || {};
    const stack = (name) => name in stacks ? stackOf(stacks[name]) : null;
    const steps = [];
    const obtained = stack("obtained"), freed = stack("freed"), other = stack("other"), used = stack("used");
    if (obtained) steps.push(step("born", "Obtained", obtained));
    if (freed) steps.push(step("freed", violation.freed_title[0].toUpperCase() + violation.freed_title.slice(1), freed,
      violation.parents && violation.parents.length && !("used" in stacks && stacks.used === stacks.freed) ? element("p.soft", "What it was of: " + violation.parents.map((parent) => parent.description || parent.kind).join(", in ")) : null));
    if (other) steps.push(step("other", "Meanwhile" + (other.thread ? ", in thread " + other.thread : ""), other));
    if (used && stacks.used !== stacks.freed) steps.push(step("used", violation.used_title[0].toUpperCase() + violation.used_title.slice(1), used));
    return steps.length ? element("ol", steps) : null;
  }

  /* ---- the picture of the handles ------------------------------------------------------------------------------------------------- */

  const BOX = { width: 220, height: 50, column: 268, row: 66 };
  function nodeWords(node) {
    return (STATES[node.s] || node.s) + (node.t ? ", stale" : "") + (node.h ? ", " + count(node.h, "proxy", "proxies") : "") + (node.o && !node.m ? ", " + number(node.o) + " below" : "");
  }
  function nodeTitle(node) { return node.m ? "+ " + number(node.m) + " more " + node.n : node.n; }
  function drawNode(node) {
    const x = 8 + node.c * BOX.column, y = 20 + node.r * BOX.row / 2;
    const group = drawing("g", { class: "node " + node.s + (node.m ? " more" : "") }, drawing("title", node.n + "\n" + [node.a, node.b && "from " + node.b].filter(Boolean).join("\n")),
      node.x ? drawing("rect", { class: "ring", x: x - 5, y: y - 5, width: BOX.width + 10, height: BOX.height + 10, rx: 12 }) : null,
      drawing("rect", { x, y, width: BOX.width, height: BOX.height, rx: node.s === "dead" ? 2 : 9 }),
      drawing("text", { class: "name", x: x + 12, y: y + 21 }, shortened(nodeTitle(node), 29)), drawing("text", { class: "small", x: x + 12, y: y + 39 }, shortened(nodeWords(node), 36)));
    if (node.x) group.append(drawing("text", { class: "flag", x: x, y: y - 9 }, "this handle"));
    return group;
  }
  function drawEdge(nodes, parent, child, words) {
    const from = nodes[parent], to = nodes[child];
    const x1 = 8 + from.c * BOX.column + BOX.width, y1 = 20 + from.r * BOX.row / 2 + BOX.height / 2, x2 = 8 + to.c * BOX.column, y2 = 20 + to.r * BOX.row / 2 + BOX.height / 2, middle = (x1 + x2) / 2;
    return drawing("path", { class: "edge" + (words === "lives in" || words === "belongs to" ? "" : " needs"), d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` }, drawing("title", words));
  }
  function hatch(id) {
    return drawing("pattern", { id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, drawing("rect", { class: "hatch-back", width: 7, height: 7 }), drawing("path", { class: "hatch-line", d: "M0 0V7" }));
  }
  function treeOf(nodes, parent) {
    const items = nodes.map((node, index) => [node, index]).filter(([node]) => (node.p === undefined ? -1 : node.p) === parent)
      .map(([node, index]) => element("li", nodeTitle(node), element("span.soft", " — " + nodeWords(node) + (node.x ? ", the handle of this report" : "") + (node.b ? ", from " + node.b : "")), treeOf(nodes, index)));
    return items.length ? element("ul.tree", items) : null;
  }
  function pictureOf(picture) {
    const nodes = picture.nodes, width = 16 + (picture.columns - 1) * BOX.column + BOX.width + 8, height = 20 + (picture.rows - 1) * BOX.row + BOX.height + 16;
    const art = drawing("svg", { width, height, class: "art", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, drawing("defs", hatch("hatch")),
      nodes.map((node, index) => node.p === undefined ? null : drawEdge(nodes, node.p, index, node.e)), picture.edges.map(([parent, child, words]) => drawEdge(nodes, parent, child, words)), nodes.map(drawNode));
    /* A little too wide is made smaller, much too wide is scrolled. */
    art.style.minWidth = Math.round(width * 0.72) + "px";
    return element("section", { "aria-label": "The handles around it" }, element("h3", "The handles around it"),
      element("div.card", element("div.picture", { tabindex: "0", role: "region", "aria-label": "Picture; the same as text stands below it" }, art),
        element("div.legend", element("span", "● live"), element("span", "◐ held: its free is postponed"), element("span", "✕ dead: freed"), element("span", "solid line: lives in"), element("span", "dashed line: needs"),
          element("span", picture.told ? "as the report tells it" : "as the record had it last"), picture.cut ? element("span", number(picture.cut) + " more handles are not drawn") : null)),
      element("details", element("summary", "The same as text"), treeOf(nodes, -1)));
  }

  /* ---- one violation --------------------------------------------------------------------------------------------------------------- */

  function fact(title, value) { return value === "" || value === null || value === undefined ? null : element("span", title + " ", element("b", value)); }
  function seen(violation) {
    if (!violation.first) return "";
    return violation.last && violation.last !== violation.first ? time(violation.first) + " to " + time(violation.last) : time(violation.first);
  }
  function workers(violation) {
    const rows = (violation.workers || []).filter((who) => who.worker || who.task);
    if (!rows.length) return null;
    return element("details", element("summary", count(rows.length, "worker")), element("ul.tree", rows.map((who) => element("li", [who.worker, who.task && "task " + who.task, "process " + who.pid, who.host && "on " + who.host].filter(Boolean).join(", ")))));
  }
  function adviceCard(violation) {
    const change = violation.change;
    if (!violation.remedy && !(change && change.file)) return null;
    return element("div.card.advice-card", element("p.label", "What to change"), change && change.file ? element("pre", change.file + ":" + change.line + (change.text ? "\n" + change.text : "")) : null,
      violation.remedy ? element("p", violation.remedy) : null);
  }
  function ruleDetails(violation) {
    const rule = data.rules[violation.rule];
    if (!rule) return null;
    return element("section", element("h3", "What " + violation.rule + " means"), element("p", rule.explanation), element("p", { class: "soft" }, "What to do: " + rule.mending));
  }
  function showViolation(violation) {
    const handle = violation.handle || {};
    const processes = violation.processes || [];
    const others = violation.process_count - processes.length;
    const heading = element("h2", { tabindex: "-1", id: "violation-title" }, violation.message || violation.name || "(no message)");
    const parts = [element("button.button.back", { type: "button", onclick: () => { location.hash = "#violations"; } }, "← All violations"),
      element("p", badge(violation.severity, violation.rule + " " + (violation.name || "")), element("span.soft", "  " + (violation.severity || ""))), heading,
      element("p.facts", fact("seen", violation.count > 1 ? number(violation.count) + " times" : "once"), fact("when", seen(violation)),
        fact(processes.length === 1 && !others ? "process" : "processes", processes.join(", ") + (others > 0 ? " and " + number(others) + " more" : "")), fact("program", violation.program), fact("host", violation.host),
        fact("mode", violation.mode), violation.handles > 1 ? fact("handles of this origin", number(violation.handles)) : null, fact("address", handle.address), fact("library", handle.library)),
      workers(violation), violation.action ? element("p.facts", fact("Holdfast:", violation.action + (violation.note ? "; " + violation.note : ""))) : null,
      adviceCard(violation)];
    const story = biography(violation);
    if (story) parts.push(element("section", element("h3", "Biography"), story));
    if (violation.text) parts.push(element("pre.card.plain", violation.text));
    if (violation.picture !== undefined) parts.push(pictureOf(data.pictures[violation.picture]));
    parts.push(ruleDetails(violation));
    return parts;
  }

  /* ---- crashes --------------------------------------------------------------------------------------------------------------------- */

  function showCrash(crash) {
    const stack = (name) => name in crash.stacks ? stackOf(crash.stacks[name]) : null;
    const obtained = stack("obtained"), freed = stack("freed"), crashed = stack("crashed");
    const steps = [obtained && step("born", "Obtained", obtained, element("p.soft", crash.handle)), freed && step("freed", "Freed", freed), crashed && step("used", "Crashed", crashed)].filter(Boolean);
    return element("section.crash", { "aria-label": "Crash of process " + crash.pid }, element("p", badge("error", "crash"), element("span.soft", "  " + (crash.severity || ""))), element("h2", crash.message || "crash"),
      element("p.facts", fact("process", crash.pid), fact("program", crash.program), fact("when", crash.when ? time(crash.when) : ""), fact("worker", crash.worker), fact("host", crash.host), fact("handle", crash.handle)),
      steps.length ? element("div.card", element("ol", steps)) : null, crash.text ? element("pre.card.plain", crash.text) : null);
  }
  function showCrashes() {
    main.replaceChildren(element("div.wide", crashes.map(showCrash), data.totals.crashes > crashes.length ? element("p.soft", "… and " + count(data.totals.crashes - crashes.length, "crash", "crashes") + " more") : null));
  }

  /* ---- the list of violations ------------------------------------------------------------------------------------------------------- */

  const SORTS = {
    often: ["most frequent", (a, b) => b.count - a.count],
    severe: ["most severe", (a, b) => (SEVERITY[a.severity] ?? 3) - (SEVERITY[b.severity] ?? 3) || b.count - a.count],
    late: ["seen last", (a, b) => (b.last || 0) - (a.last || 0)],
    rule: ["by rule", (a, b) => a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : b.count - a.count],
    place: ["by place", (a, b) => a.place < b.place ? -1 : a.place > b.place ? 1 : b.count - a.count],
  };
  violations.forEach((violation, index) => {
    violation.index = index;
    /* Made once: a search through ten thousand is one pass over these. */
    violation.words = [violation.rule, violation.name, violation.message, violation.place, violation.function, violation.program, violation.host, violation.text,
      ...(violation.workers || []).map((who) => [who.worker, who.task, who.host].join(" "))].filter(Boolean).join("\n").toLowerCase();
  });
  const view = { search: "", rules: new Set(), severity: "", sort: "often", shown: violations, chosen: violations.length ? violations[0].index : -1 };
  let list = null, height = null, detail = null, pane = null, countLine = null, drawn = new Map();

  function filter() {
    const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
    view.shown = violations.filter((violation) => (!view.rules.size || view.rules.has(violation.rule)) && (!view.severity || violation.severity === view.severity) && words.every((word) => violation.words.includes(word)));
    view.shown.sort(SORTS[view.sort][1]);
    drawn.forEach((row) => row.remove());
    drawn.clear();
    height.style.height = view.shown.length * ROW + "px";
    const text = view.shown.length === violations.length ? count(violations.length, "violation") : number(view.shown.length) + " of " + count(violations.length, "violation");
    countLine.textContent = text;
    say(text);
    if (!view.shown.some((violation) => violation.index === view.chosen)) choose(view.shown.length ? view.shown[0].index : -1);
    list.scrollTop = 0;
    drawRows();
  }
  function drawRows() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 6), last = Math.min(view.shown.length, Math.ceil((list.scrollTop + (list.clientHeight || 800)) / ROW) + 6);
    for (const [at, row] of drawn) if (at < first || at >= last) { row.remove(); drawn.delete(at); }
    for (let at = first; at < last; at++) {
      if (drawn.has(at)) continue;
      const violation = view.shown[at];
      const row = element("div.row", { role: "option", id: "row-" + violation.index, "aria-posinset": at + 1, "aria-setsize": view.shown.length, "aria-selected": violation.index === view.chosen },
        element("div.top", badge(violation.severity, violation.rule), element("span.name", violation.name || ""), violation.count > 1 ? element("span.times", "×" + number(violation.count)) : null),
        element("div.message", violation.message || violation.name || ""), element("div.where", shortened(violation.place, 62)));
      row.style.top = at * ROW + "px";
      row.addEventListener("click", () => { choose(violation.index); read(); });
      height.append(row);
      drawn.set(at, row);
    }
    const chosen = document.getElementById("row-" + view.chosen);
    if (chosen) list.setAttribute("aria-activedescendant", chosen.id); else list.removeAttribute("aria-activedescendant");
  }
  function choose(index) {
    view.chosen = index;
    drawn.forEach((row) => row.setAttribute("aria-selected", String(row.id === "row-" + index)));
    detail.replaceChildren(...(index >= 0 ? showViolation(violations[index]) : [element("p.empty", violations.length ? "No violation fits these filters." : "No violations.")]).filter(Boolean));
    detail.scrollTop = 0;
    const ring = detail.querySelector(".ring"), frame = detail.querySelector(".picture");
    if (ring && frame.scrollWidth > frame.clientWidth) frame.scrollLeft = Number(ring.getAttribute("x")) - 60;
    drawRows();
  }
  function move(to) {
    if (!view.shown.length) return;
    const at = Math.max(0, Math.min(view.shown.length - 1, to));
    const top = at * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
    drawRows();
    choose(view.shown[at].index);
  }
  const position = () => view.shown.findIndex((violation) => violation.index === view.chosen);
  function read() {
    if (view.chosen < 0) return;
    if (location.hash !== "#violation-" + view.chosen) location.hash = "#violation-" + view.chosen;
    else showReading();
  }
  function showReading() {
    pane.classList.add("reading");
    document.getElementById("violation-title")?.focus();
  }
  function listKeys(event) {
    const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
    const to = { ArrowDown: position() + 1, j: position() + 1, ArrowUp: position() - 1, k: position() - 1, PageDown: position() + page, PageUp: position() - page, Home: 0, End: view.shown.length - 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (to !== undefined) { event.preventDefault(); move(to); }
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); read(); }
  }
  function chipsOf() {
    const numbers = new Map();
    violations.forEach((violation) => numbers.set(violation.rule, (numbers.get(violation.rule) || 0) + 1));
    if (numbers.size < 2) return null;
    return element("div.chips", { role: "group", "aria-label": "Only these rules" }, [...numbers].sort(([a], [b]) => a < b ? -1 : 1).map(([rule, times]) => {
      const chip = element("button.chip", { type: "button", "aria-pressed": view.rules.has(rule), title: (data.rules[rule] || {}).name || "" }, rule + " " + number(times));
      chip.addEventListener("click", () => {
        if (!view.rules.delete(rule)) view.rules.add(rule);
        chip.setAttribute("aria-pressed", String(view.rules.has(rule)));
        filter();
      });
      return chip;
    }));
  }
  function choice(label, options, value, set) {
    const select = element("select", { "aria-label": label }, options.map(([name, words]) => element("option", { value: name }, words)));
    select.value = value;
    select.addEventListener("change", () => { set(select.value); filter(); });
    return select;
  }
  function showViolations() {
    const search = element("input", { type: "search", id: "search", placeholder: "Search   /", "aria-label": "Search in rules, messages, places, programs and hosts", autocomplete: "off", spellcheck: "false" });
    search.value = view.search;
    search.addEventListener("input", () => { view.search = search.value; filter(); });
    search.addEventListener("keydown", (event) => { if (event.key === "ArrowDown" || event.key === "Enter") { event.preventDefault(); list.focus(); } });
    countLine = element("p.count-line");
    height = element("div.height", { role: "presentation" });
    list = element("div.list", { role: "listbox", tabindex: "0", "aria-label": "Violations", id: "list" }, height);
    list.addEventListener("scroll", drawRows, { passive: true });
    list.addEventListener("keydown", listKeys);
    detail = element("article.detail", { "aria-label": "The chosen violation" });
    drawn = new Map();
    pane = element("div.violations", element("section.side", { "aria-label": "List of violations" },
      element("div.filters", { role: "search" }, search,
        element("div.pair", choice("Severity", [["", "all severities"], ["error", "errors"], ["warning", "warnings"], ["advice", "advice"]], view.severity, (value) => { view.severity = value; }),
          choice("Order", Object.entries(SORTS).map(([name, [words]]) => [name, words]), view.sort, (value) => { view.sort = value; })), chipsOf(), countLine), list), detail);
    main.replaceChildren(pane);
    filter();
    choose(view.chosen);
  }

  /* ---- living handles ---------------------------------------------------------------------------------------------------------------- */

  function tile(value, words) { return element("div.card", element("b", number(value)), element("span", words)); }
  function bar(row, most) {
    const scale = (value) => most ? value / most * 300 : 0;
    let x = 0;
    const parts = ["live", "held", "dead"].map((state) => {
      const width = scale(row[state] || 0);
      const part = width > 0 ? drawing("rect", { class: state, x, y: 1, width: Math.max(width, 1.5), height: 11 }) : null;
      x += width;
      return part;
    });
    return drawing("svg", { class: "bar", viewBox: "0 0 300 13", preserveAspectRatio: "none", "aria-hidden": "true" }, parts);
  }
  function cell(head, value, kind) { return element("td" + (kind ? "." + kind : "") + (value === "" ? ".empty-cell" : ""), head ? { "data-head": head } : null, value); }
  function kindsTable(record) {
    const most = Math.max(1, ...record.kinds.map((kind) => kind.live + kind.held + kind.dead));
    return element("div.scroll", element("table.data.kinds", element("caption.hidden", "Handles by kind"), element("thead", element("tr", element("th", { scope: "col" }, "Kind"), element("th", { scope: "col" }, element("span.hidden", "Share")),
      ["Live", "Held", "Dead"].map((head) => element("th.figure", { scope: "col" }, head)))),
    element("tbody", record.kinds.map((kind) => element("tr", element("td", kind.kind), element("td", bar(kind, most)), element("td.figure", number(kind.live)), element("td.figure", number(kind.held)), element("td.figure", number(kind.dead)))))));
  }
  function sitesTable(record) {
    const most = Math.max(1, ...record.sites.map((site) => site.live + site.held));
    return element("table.data.stack", element("caption.hidden", "Living handles by where they were made"), element("thead", element("tr", element("th.figure", { scope: "col" }, "Alive"), element("th", { scope: "col" }, element("span.hidden", "Share")),
      ["Kind", "Made by", "At"].map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", record.sites.map((site) => element("tr", cell("", number(site.live + site.held), "figure"), element("td", bar({ live: site.live, held: site.held }, most)),
      cell("", site.kind + (site.label ? " " + shortened(site.label, 60) : "")), cell(site.how === "lent" ? "lent by" : "made by", site.by || ""), element("td.mono", site.place || "")))));
  }
  function niceTop(value) {
    const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
    return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value);
  }
  function span(ms) { return ms < 1000 ? Math.round(ms) + " ms" : ms < 120000 ? +(ms / 1000).toFixed(1) + " s" : ms < 7200000 ? +(ms / 60000).toFixed(1) + " min" : +(ms / 3600000).toFixed(1) + " h"; }
  /* Stacked areas, the most frequent kind at the bottom; each is named at its right end, so that nobody has to compare colours. */
  function chart(growth) {
    const W = 900, H = 280, left = 62, right = 150, top = 12, bottom = 34;
    const times = growth.times, series = growth.series, last = times.length - 1, from = times[0], length = Math.max(1, times[last] - from);
    const sums = times.map((_, at) => series.reduce((sum, one) => sum + one.values[at], 0));
    const most = niceTop(Math.max(1, ...sums));
    const x = (at) => left + (times[at] - from) / length * (W - left - right), y = (value) => H - bottom - value / most * (H - top - bottom);
    const below = times.map(() => 0);
    const areas = [], names = [];
    let lastName = H;
    series.forEach((one, which) => {
      const lower = below.slice();
      one.values.forEach((value, at) => { below[at] += value; });
      const path = "M" + times.map((_, at) => `${x(at).toFixed(1)} ${y(below[at]).toFixed(1)}`).join("L") + "L" + times.map((_, at) => last - at).map((at) => `${x(at).toFixed(1)} ${y(lower[at]).toFixed(1)}`).join("L") + "Z";
      const color = `var(--s${which % 7 + 1})`;
      const area = drawing("path", { class: "area", d: path }, drawing("title", one.name));
      area.style.fill = color;
      area.style.stroke = color;
      areas.push(area);
      const middle = Math.min(lastName - 14, y((below[last] + lower[last]) / 2) + 4);
      if (one.values[last] > 0 && middle > 8) {
        names.push(drawing("path", { class: "grid", d: `M${x(last) + 2} ${y((below[last] + lower[last]) / 2)}L${W - right + 10} ${middle - 4}` }), drawing("text", { x: W - right + 13, y: middle }, LETTERS[which] + "  " + shortened(one.name, 11) + "  " + number(one.values[last])));
        lastName = middle;
      }
    });
    const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => [drawing("path", { class: "grid", d: `M${left} ${y(part * most)}H${W - right}` }), drawing("text", { x: left - 8, y: y(part * most) + 4, "text-anchor": "end" }, number(part * most))]);
    const ticks = [0, 0.5, 1].map((part) => drawing("text", { x: left + part * (W - left - right), y: H - 10, "text-anchor": part === 0 ? "start" : part === 1 ? "end" : "middle" }, span(part * length + (growth.offset || 0))));
    return drawing("svg", { class: "chart", viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "Living handles over time: " + series.map((one) => one.name + " from " + number(one.values[0]) + " to " + number(one.values[last])).join(", ") }, grid, areas, names, ticks);
  }
  function swatches(growth) {
    return element("ul.swatches", growth.series.map((one, which) => {
      const area = drawing("rect", { class: "area", width: 12, height: 12, rx: 3 });
      area.style.fill = `var(--s${which % 7 + 1})`;
      return element("li", drawing("svg", { width: 12, height: 12, "aria-hidden": "true" }, area), element("b", LETTERS[which]), "  " + one.name + ": " + number(one.values[one.values.length - 1]));
    }));
  }
  function growthCard(title, growth) {
    if (!growth || growth.times.length < 2) return null;
    return element("div.card", element("h3", title), element("div.scroll", chart(growth)), swatches(growth));
  }
  function recordHeading(record) {
    return [element("h2", (record.program || "process") + ", process " + record.pid), element("p.soft", [record.fate, record.worker && "worker " + record.worker, record.host && "on " + record.host, record.started && "started " + time(record.started), record.file].filter(Boolean).join(" · "))];
  }
  function showHandles() {
    const parts = records.map((record) => element("section", { "aria-label": "Handles of process " + record.pid }, recordHeading(record),
      element("div.numbers", tile(record.live, "live"), tile(record.held, "held: their free is postponed"), tile(record.counters.births + record.counters.loans, "made or lent"), tile(record.counters.deaths + record.counters.implicit_deaths, "freed"), tile(record.counters.refusals, "calls refused")),
      growthCard("Living handles over time, by kind", record.growth), growthCard("Living handles over time, by where they were made", record.growth_sites),
      !record.growth ? element("p.soft", "How the numbers grew is not in this record: it made too few handles, or ended too soon.") : null,
      element("div.card", element("h3", "By kind"), record.kinds.length ? kindsTable(record) : element("p.soft", "No handles.")),
      element("div.card", element("h3", "Alive, by where they were made"), record.sites.length ? sitesTable(record) : element("p.soft", "None is alive."), record.more_sites ? element("p.soft", "… and " + count(record.more_sites, "place") + " more") : null)));
    main.replaceChildren(element("div.wide", drawing("svg", { width: 0, height: 0, "aria-hidden": "true" }, drawing("defs", hatch("hatch-bar"))),
      parts.length ? parts : element("p.empty", "No record was among the files. Run the program with the option record= (holdfast run --option record=FILE) and give the record to holdfast report: then this page shows what lives, and where it was made.")));
  }

  /* ---- libraries ------------------------------------------------------------------------------------------------------------------------- */

  function showLibraries() {
    const parts = records.map((record) => {
      const copies = record.libraries || [], byName = {};
      copies.forEach((copy) => { byName[copy.library] = (byName[copy.library] || 0) + 1; });
      const several = Object.entries(byName).filter(([, times]) => times > 1).map(([name, times]) => times + " copies of " + name);
      return element("section", { "aria-label": "Libraries of process " + record.pid }, recordHeading(record),
        element("div.card", element("h3", "Copies of the libraries"), several.length ? element("p.changed", "This process holds " + several.join(" and ") + ": a handle of one copy must not be given to another (HF111).") : null,
          copies.length ? element("table.data.stack", element("thead", element("tr", ["Library", "Version", "File", "Build id", "Handles alive"].map((head) => element("th" + (head === "Handles alive" ? ".figure" : ""), { scope: "col" }, head)))),
            element("tbody", copies.map((copy) => element("tr", cell("", copy.library), cell("version", copy.version || ""), element("td.mono", copy.path), element("td.mono", copy.build_id ? copy.build_id.slice(0, 16) : ""), cell("handles alive", number(copy.alive), "figure")))))
            : element("p.soft", "The record does not name any.")),
        element("details", element("summary", count(record.modules.length, "module") + " in its stacks"), element("div.scroll", element("table.data", element("tbody", record.modules.map((module) => element("tr", element("td.mono", module.path || "?"), element("td.mono.soft", module.build_id || ""))))))));
    });
    const named = new Map();
    violations.forEach((violation) => { const path = violation.handle && violation.handle.library; if (path) named.set(path, (named.get(path) || 0) + 1); });
    if (named.size) parts.push(element("section", element("h2", "Named by violations"), element("div.card", element("table.data", element("thead", element("tr", element("th", { scope: "col" }, "File"), element("th.figure", { scope: "col" }, "Violations"))),
      element("tbody", [...named].sort((a, b) => b[1] - a[1]).map(([path, times]) => element("tr", element("td.mono", path), element("td.figure", number(times)))))))));
    main.replaceChildren(element("div.wide", parts.length ? parts : element("p.empty", "Nothing here names a library.")));
  }

  /* ---- notes -------------------------------------------------------------------------------------------------------------------------------- */

  function noteSection(title, rows) { return rows.length ? element("section", element("h2", title), element("div.card", element("ul.notes", rows.map((row) => element("li", row))))) : null; }
  function showNotes() {
    const totals = Object.entries(data.totals || {}).filter(([, value]) => value > 0).map(([name, value]) => number(value) + " " + ({ repeats: "repeats, counted only", refused: "calls refused", held: "frees postponed", suppressed: "violations suppressed", crashes: data.totals.crashes === 1 ? "crash" : "crashes" }[name] || name));
    main.replaceChildren(element("div.wide", noteSection("What this page does not show", data.missing), noteSection("Problems with the files", data.problems.map((problem) => problem.file + ": " + problem.message)),
      noteSection("Totals", totals), noteSection("Notices", data.notices.map((notice) => (notice.pid ? "process " + notice.pid + ": " : "") + (notice.message || ""))),
      element("p.soft", "Made by Holdfast " + data.version + " at " + data.made + " from " + count(data.files, "file") + ".")));
  }

  /* ---- the whole ---------------------------------------------------------------------------------------------------------------------------- */

  const alive = records.reduce((sum, record) => sum + record.live + record.held, 0);
  const VIEWS = [["violations", "Violations", violations.length, showViolations], ...(crashes.length ? [["crashes", "Crashes", data.totals.crashes, showCrashes]] : []), ["handles", "Handles", alive, showHandles], ["libraries", "Libraries", null, showLibraries],
    ["notes", "Notes", data.notices.length + data.problems.length + data.missing.length, showNotes]];
  let current = "";
  function route() {
    const [, name, index] = location.hash.match(/^#(violation|[a-z]+)-?(\d+)?$/) || [];
    const wanted = name === "violation" ? "violations" : VIEWS.some(([one]) => one === name) ? name : name === "main" && current ? current : violations.length || !crashes.length ? "violations" : "crashes";
    if (wanted !== current) {
      current = wanted;
      VIEWS.find(([one]) => one === wanted)[3]();
    }
    document.querySelectorAll("#tabs a").forEach((link) => { if (link.hash === "#" + wanted) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current"); });
    if (wanted !== "violations") return;
    if (name === "violation" && index !== undefined && Number(index) < violations.length) {
      if (view.chosen !== Number(index)) choose(Number(index));
      showReading();
    } else pane.classList.remove("reading");
  }
  const themes = ["screen and (prefers-color-scheme: dark)", "not all", "screen"]; /* when it is dark; paper is white */
  const darkness = [...document.styleSheets[0].cssRules].find((rule) => rule.media && rule.media.mediaText.includes("prefers-color-scheme"));
  let theme = 0;
  function setTheme(which) {
    theme = which;
    darkness.media.mediaText = themes[theme];
    const [sign, word] = [["◑", "auto"], ["☀", "light"], ["☾", "dark"]][theme], button = document.getElementById("theme");
    button.replaceChildren(sign, element("span.word", " " + word));
    button.setAttribute("aria-label", "Colours: " + word + ". Press to change");
  }
  function keys(event) {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName), help = document.getElementById("help");
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.key === "Escape" && current === "violations") {
      if (pane.classList.contains("reading")) location.hash = "#violations";
      list.focus();
      return;
    }
    if (typing) return;
    if (event.key === "/" && current === "violations") { event.preventDefault(); pane.classList.remove("reading"); document.getElementById("search").focus(); }
    else if (event.key === "?") help.showModal();
    else if (event.key === "t") setTheme((theme + 1) % themes.length);
    else if (/^[1-9]$/.test(event.key) && event.key <= VIEWS.length) location.hash = "#" + VIEWS[event.key - 1][0];
    else if ((event.key === "j" || event.key === "k") && current === "violations" && event.target !== list) { event.preventDefault(); move(position() + (event.key === "j" ? 1 : -1)); }
    else if (event.key === "Enter" && current === "violations" && event.target === document.body) read();
  }

  const total = violations.reduce((sum, violation) => sum + violation.count, 0);
  const programs = new Set(violations.map((violation) => violation.program).concat(records.map((record) => record.program)).filter(Boolean));
  document.getElementById("subtitle").textContent = [total === violations.length ? count(total, "violation") : count(total, "violation") + ", " + number(violations.length) + " different", crashes.length ? count(data.totals.crashes, "crash", "crashes") : "", [...programs].slice(0, 3).join(", ") + (programs.size > 3 ? " …" : ""),
    count(data.files, "file"), data.made.slice(0, 10)].filter(Boolean).join(" · ");
  document.getElementById("tabs").append(...VIEWS.map(([name, words, times]) => element("li", element("a", { href: "#" + name }, words, times === null ? null : element("span.number", number(times))))));
  document.getElementById("theme").addEventListener("click", () => setTheme((theme + 1) % themes.length));
  document.getElementById("help-button").addEventListener("click", () => document.getElementById("help").showModal());
  document.addEventListener("keydown", keys);
  window.addEventListener("hashchange", route);
  window.addEventListener("resize", () => { if (current === "violations") drawRows(); });
  setTheme(0);
  route();
})();
