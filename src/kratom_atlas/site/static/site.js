// Sorting and filtering of tables. Without it the pages lose nothing: other orders have addresses.
"use strict";
(function () {
  function key(cell) {
    return cell.hasAttribute("data-k") ? Number(cell.getAttribute("data-k")) : cell.textContent.trim();
  }

  function sort(table, column, direction) {
    var body = table.tBodies[0];
    var rows = Array.from(body.rows).map(function (row, n) {
      return { row: row, n: n, key: key(row.cells[column]) };
    });
    rows.sort(function (a, b) {
      if (a.key === b.key) return a.n - b.n;
      if (typeof a.key === "number") return direction * (a.key - b.key);
      if (!a.key || !b.key) return a.key ? -1 : 1;
      return direction * a.key.localeCompare(b.key, document.documentElement.lang);
    });
    body.append.apply(body, rows.map(function (r) { return r.row; }));
  }

  function makeSortable(table) {
    var heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.append(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach(function (h) { h.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        sort(table, column, up ? 1 : -1);
      });
    });
  }

  function makeFilter(table) {
    var label = document.createElement("label");
    var input = document.createElement("input");
    var count = document.createElement("span");
    var counted = table.dataset.count || "{shown} of {all}";
    label.className = "filter";
    input.type = "search";
    count.setAttribute("role", "status");
    label.append((table.dataset.filter || "Only rows with") + " ", input, " ", count);
    table.closest(".scroll").before(label);
    var rows = Array.from(table.tBodies[0].rows);
    var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
    input.addEventListener("input", function () {
      var wanted = input.value.trim().toLowerCase().split(/\s+/);
      var shown = 0;
      rows.forEach(function (row, n) {
        row.hidden = !wanted.every(function (word) { return texts[n].includes(word); });
        if (!row.hidden) shown += 1;
      });
      count.textContent = counted.replace("{shown}", shown).replace("{all}", rows.length);
    });
  }

  document.querySelectorAll("table[data-sortable]").forEach(function (table) {
    makeSortable(table);
    makeFilter(table);
  });
})();
