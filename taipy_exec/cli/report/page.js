"use strict";
(() => {
  const all = (query, from = document) => Array.from(from.querySelectorAll(query));
  const one = (id) => document.getElementById(id);
  document.documentElement.classList.add("script");
  all(".controls").forEach((part) => { part.hidden = false; });

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

    const rows = new Map(Array.from(body.rows, (row) => [row.cells[1].textContent, row.id]));
    all(".picture .task").forEach((task) => task.addEventListener("click", () => {
      const id = rows.get(task.dataset.name);
      if (id) location.hash = id;
    }));
  }

  const fit = one("fit");
  if (fit) {
    const picture = fit.closest("section").querySelector(".picture");
    const width = picture.querySelector("svg").getAttribute("width");
    fit.parentElement.hidden = width <= picture.clientWidth;
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
