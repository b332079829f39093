// Tables that sort by any column and are saved as CSV.
"use strict";

/** An element with attributes and children; text is always text, never HTML. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

const compare = (a, b) => {
  const blank = (value) => value === null || value === undefined || Number.isNaN(value);
  if (blank(a) || blank(b)) return blank(a) - blank(b);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
};

/**
 * A table whose headers sort. A column is { name, value(row), show(row), text, long }: `value` is sorted by and saved,
 * `show` is what the reader sees. `mark(row, tr)` may dress a row. The order chosen stays when the rows change.
 */
class SortedTable {
  constructor(place, caption, mark) {
    this.place = place;
    this.caption = caption;
    this.mark = mark || (() => {});
    this.sort = null;
    this.columns = [];
    this.rows = [];
  }

  fill(columns, rows) {
    this.columns = columns;
    this.rows = rows;
    this.draw();
  }

  ordered() {
    const column = this.sort && this.columns.find((each) => each.name === this.sort.name);
    if (!column) return this.rows;
    return this.rows.slice().sort((a, b) => this.sort.sign * compare(column.value(a), column.value(b)));
  }

  turn(name) {
    const again = this.sort && this.sort.name === name;
    this.sort = { name, sign: again ? -this.sort.sign : 1 };
    this.draw();
    this.place.querySelector(`th button[data-name="${CSS.escape(name)}"]`)?.focus();
  }

  draw() {
    const heads = this.columns.map((column) => {
      const sorted = this.sort && this.sort.name === column.name;
      const state = sorted ? (this.sort.sign > 0 ? "ascending" : "descending") : "none";
      const button = element("button", { type: "button", "data-name": column.name, onclick: () => this.turn(column.name) }, column.name);
      return element("th", { scope: "col", class: column.text ? "text" : null, "aria-sort": state }, column.plain ? column.name : button);
    });
    const body = this.ordered().map((row) => {
      const tr = element("tr", {}, this.columns.map((column) => (
        element("td", { class: [column.text && "text", column.long && "long"].filter(Boolean).join(" ") || null }, column.show(row)))));
      this.mark(row, tr);
      return tr;
    });
    const caption = element("caption", { class: "hint", hidden: true }, this.caption);
    this.place.replaceChildren(element("table", {}, caption, element("thead", {}, element("tr", {}, heads)), element("tbody", {}, body)));
  }

  save(name) {
    const columns = this.columns.filter((column) => !column.plain);
    saveCsv(name, [columns.map((column) => column.csv || column.name), ...this.ordered().map((row) => columns.map((column) => column.value(row)))]);
  }
}

/** Rows as CSV; text that a spreadsheet would take for a formula is quoted with an apostrophe. */
function csvOf(rows) {
  const cell = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "";
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t]/.test(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
}

function saveCsv(name, rows) {
  const link = element("a", { href: URL.createObjectURL(new Blob([csvOf(rows)], { type: "text/csv" })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
