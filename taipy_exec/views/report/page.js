"use strict";
(() => {
  const all = (query, from = document) => Array.from(from.querySelectorAll(query));
  const one = (id) => document.getElementById(id);
  document.documentElement.classList.add("script");
  all(".controls").forEach((part) => { part.hidden = false; });

  const rowOf = new Map();
  const table = one("job-table");
  if (table) {
    const body = table.tBodies[0];
    const heads = all("thead th", table);
    const value = (row, column) => {
      const cell = row.cells[column];
      return "v" in cell.dataset ? cell.dataset.v : cell.textContent.trim();
    };
    const sort = (column, down) => {
      const numbers = heads[column].classList.contains("number");
      const words = new Intl.Collator(undefined, { numeric: true });
      const keyed = Array.from(body.rows, (row) => [value(row, column), row]);
      keyed.sort(([a], [b]) => {
        if (a === "" || b === "") return (a === "") - (b === "");
        const order = numbers ? a - b : words.compare(a, b);
        return down ? -order : order;
      });
      body.append(...keyed.map(([, row]) => row));
      heads.forEach((head, n) => {
        if (n === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
    };
    all("thead button", table).forEach((button, column) => {
      button.addEventListener("click", () => {
        sort(column, heads[column].getAttribute("aria-sort") === "ascending");
      });
    });

    const find = one("find");
    const filters = all(".filter");
    const total = body.rows.length;
    const filter = () => {
      const wanted = find.value.trim().toLowerCase();
      const on = new Set(filters.filter((b) => b.getAttribute("aria-pressed") === "true")
        .map((b) => b.dataset.status));
      let count = 0;
      for (const row of body.rows) {
        row.hidden = (on.size > 0 && !on.has(row.dataset.status)) ||
          (wanted !== "" && !row.textContent.toLowerCase().includes(wanted));
        count += !row.hidden;
      }
      one("shown").textContent = `${count.toLocaleString("en")} of ${total.toLocaleString("en")} shown`;
    };
    find.addEventListener("input", filter);
    filters.forEach((button) => button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      filter();
    }));

    const show = () => {
      const target = location.hash && one(decodeURIComponent(location.hash.slice(1)));
      if (!target) return;
      const closed = target.closest("details");
      if (closed) closed.open = true;
      if (target.hidden) {
        find.value = "";
        filters.forEach((button) => button.setAttribute("aria-pressed", "false"));
        filter();
      }
      // A section begins at the top of the window; a row is seen with those around it.
      target.scrollIntoView({ block: target.matches("section") ? "start" : "center" });
    };
    addEventListener("hashchange", show);
    show();

    for (const row of body.rows) rowOf.set(row.cells[1].textContent, row);
  }

  const picture = document.querySelector(".picture");
  if (picture) {
    // What is before a node, and what comes after it: by kind and name, as both may have one name.
    const key = (kind, name) => `${kind} ${name}`;
    const nodes = new Map();
    for (const kind of ["task", "data"]) {
      all(`.${kind}`, picture).forEach((part) => nodes.set(key(kind, part.dataset.name), part));
    }
    const before = new Map();
    const after = new Map();
    const add = (map, from, step) => {
      if (!map.has(from)) map.set(from, []);
      map.get(from).push(step);
    };
    all(".edge", picture).forEach((edge) => {
      const [source, target] = edge.classList.contains("reads") ? ["data", "task"] : ["task", "data"];
      const from = key(source, edge.dataset.from);
      const to = key(target, edge.dataset.to);
      add(after, from, [to, edge]);
      add(before, to, [from, edge]);
    });
    const walk = (start, map, lit) => {
      const seen = new Set([start]);
      const todo = [start];
      while (todo.length) {
        for (const [next, edge] of map.get(todo.pop()) || []) {
          lit.add(edge);
          if (seen.has(next)) continue;
          seen.add(next);
          todo.push(next);
          if (nodes.has(next)) lit.add(nodes.get(next));
        }
      }
      return Array.from(seen).filter((one) => one.startsWith("task ")).length;
    };

    const traced = one("traced");
    const told = traced.textContent;
    let lit = new Set();
    let pinned = "";
    const clear = () => {
      lit.forEach((part) => part.classList.remove("lit", "chosen"));
      picture.classList.remove("traced");
      lit = new Set();
      traced.textContent = told;
    };
    const link = (id, name) => {
      const found = document.createElement("a");
      found.href = `#${id}`;
      found.textContent = name;
      traced.append(" · ", found);
    };
    const trace = (chosen) => {
      clear();
      const part = nodes.get(chosen);
      lit.add(part);
      const own = Number(part.classList.contains("task"));
      const first = walk(chosen, before, lit) - own;
      const last = walk(chosen, after, lit) - own;
      lit.forEach((found) => found.classList.add("lit"));
      part.classList.add("chosen");
      picture.classList.add("traced");
      const name = part.dataset.name;
      traced.textContent = `${name}: ${first} before it, ${last} after it`;
      const row = own && rowOf.get(name);
      if (!row) return;
      link(row.id, "Row in the table");
      const log = row.querySelector("th a");
      if (log) link(log.hash.slice(1), "Log");
    };
    const nodeAt = (event) => {
      const part = event.target.closest(".task,.data");
      return part && key(part.classList.contains("task") ? "task" : "data", part.dataset.name);
    };
    const pin = (chosen) => {
      pinned = chosen;
      if (chosen) trace(chosen);
      else clear();
    };
    picture.addEventListener("click", (event) => {
      const chosen = nodeAt(event);
      pin(chosen === pinned ? "" : chosen || "");
    });
    addEventListener("keydown", (event) => { if (event.key === "Escape" && pinned) pin(""); });
    // In a very large graph every move of the mouse would be work.
    if (nodes.size <= 2000) {
      picture.addEventListener("mouseover", (event) => {
        const chosen = nodeAt(event);
        if (chosen && !pinned) trace(chosen);
      });
      picture.addEventListener("mouseout", (event) => {
        if (!pinned && nodeAt(event)) clear();
      });
    }
    all("a[data-node]").forEach((from) => from.addEventListener("click", (event) => {
      const chosen = key("task", from.dataset.node);
      if (!nodes.has(chosen)) return;
      event.preventDefault();
      history.pushState(null, "", "#graph");
      pin(chosen);
      nodes.get(chosen).scrollIntoView({ block: "center", inline: "center" });
    }));
  }

  const fit = one("fit");
  if (fit) {
    const width = picture.querySelector("svg").getAttribute("width");
    fit.hidden = width <= picture.clientWidth;
    fit.addEventListener("click", () => {
      const full = picture.classList.toggle("full");
      fit.setAttribute("aria-pressed", !full);
    });
  }

  const logs = all("details.job");
  const each = (open) => () => logs.forEach((part) => { part.open = open; });
  one("open").addEventListener("click", each(true));
  one("close").addEventListener("click", each(false));
})();
