// The rows of the list by keyboard: one Tab stop a row, arrows between rows and between the controls of a row; from the
// search into the rows, and into the only one by Enter. Without this file every control is a Tab stop.

// Not the row that is being renamed: its class comes only once htmx has settled.
const ROW = "#phone-table tbody tr:not(:has(input[type=text]))";
const rows = () => [...document.querySelectorAll(ROW)];
const controlsOf = (row) => [...row.querySelectorAll("a[href], button, input")];
const linkOf = (row) => row.querySelector("a.phone") ?? controlsOf(row)[0];
const stopAt = (row, control) => controlsOf(row).forEach((each) => { each.tabIndex = each === control ? 0 : -1; });

const dress = () => rows().forEach((row) => {
  const kept = controlsOf(row).filter((each) => each.tabIndex === 0);
  if (kept.length !== 1) stopAt(row, row.contains(document.activeElement) ? document.activeElement : linkOf(row));
});
const main = document.getElementById("main");
if (main) {
  new MutationObserver(dress).observe(main, { childList: true, subtree: true });
  dress();
}

// Wherever the focus is in a row, Tab leaves it from there.
document.addEventListener("focusin", (event) => {
  const row = event.target.closest(ROW);
  if (row) stopAt(row, event.target);
});

const goTo = (row) => {
  linkOf(row)?.focus();
  row.scrollIntoView({ block: "nearest" });
};
const step = (from, by) => {
  const all = rows();
  const next = from ? all[all.indexOf(from) + by] : all.at(by > 0 ? 0 : -1);
  if (next) goTo(next);
};
// `shortcuts.js` asks for it.
document.addEventListener("row-step", (event) => step(event.detail.from, event.detail.by));

const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const SIDES = { ArrowRight: 1, ArrowLeft: -1 };
document.addEventListener("keydown", (event) => {
  const row = event.target.closest(ROW);
  if (!row || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.key in STEPS) {
    event.preventDefault();
    step(row, STEPS[event.key]);
  } else if (event.key in SIDES) {
    event.preventDefault();
    const seen = controlsOf(row).filter((each) => each.checkVisibility());
    seen[seen.indexOf(event.target) + SIDES[event.key]]?.focus();
  }
});

// The search. Its list is shown a moment after the last key; Enter waits for that.
const finder = document.getElementById("finder");
const form = document.getElementById("finder-form");
const ELSEWHERE = "open-only-hit";
const openOnly = () => {
  const all = rows();
  if (all.length === 1) linkOf(all[0]).click();
};
let listed = finder?.value;
let isOpening = false;
finder?.addEventListener("input", () => { isOpening = false; });
finder?.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" && rows().length) {
    event.preventDefault();
    step(null, 1);
  } else if (event.key === "Enter" && !form.hasAttribute("hx-get")) {
    sessionStorage.setItem(ELSEWHERE, finder.value);
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (listed === finder.value) openOnly();
    else isOpening = true;
  }
});
document.addEventListener("htmx:beforeSend", (event) => {
  if (event.detail.target.id === "phone-table") event.detail.xhr.listed = finder.value;
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.xhr?.listed === undefined) return;
  listed = event.detail.xhr.listed;
  if (isOpening && listed === finder.value) openOnly();
  isOpening = false;
});
// From another page the search leads to the list.
const searched = sessionStorage.getItem(ELSEWHERE);
sessionStorage.removeItem(ELSEWHERE);
if (searched && form?.hasAttribute("hx-get") && searched === finder.value) addEventListener("load", openOnly);
