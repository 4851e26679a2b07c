// Shortcuts of a single key. A person can turn them off in the account (WCAG 2.1.4: who speaks to the computer would
// press them by chance); then Ctrl+Enter, Escape and the palette's Ctrl-K are left.

const isOn = document.body.dataset.shortcuts === "on";
const dialog = document.getElementById("shortcuts");
const TEXT = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]";
const ROW = "#phone-table tbody tr";
const drawer = () => document.querySelector("#drawer > *")?.parentElement;
const openRow = () => document.querySelector(`${ROW}[aria-selected=true]`);
const row = () => document.activeElement.closest(ROW) ?? openRow();
// The open number is meant, unless the focus is in the row of another one.
const isDrawerMeant = () => drawer() && (!document.activeElement.closest(ROW) || row() === openRow());

const focusAgent = () => {
  const picker = document.querySelector("#phone-form fieldset :is(input[role=combobox], select)");
  picker?.focus();
  picker?.select?.();
  picker?.scrollIntoView({ block: "center" });
};
let isReassigning = false;
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "drawer" || !isReassigning) return;
  isReassigning = false;
  focusAgent();
});

const step = (by) => document.dispatchEvent(new CustomEvent("row-step", { detail: { from: row(), by } }));
const open = () => row()?.querySelector("a.phone")?.click();
const reassign = () => {
  if (isDrawerMeant()) return focusAgent();
  isReassigning = Boolean(row());
  open();
};
const edit = () => {
  const alias = document.getElementById("id_nickname");
  if (isDrawerMeant() && alias) {
    alias.focus();
    alias.select();
  } else row()?.querySelector("[data-rename]")?.click();
};
const copy = () => {
  const places = isDrawerMeant() ? ["#drawer [data-result] [data-copy]", "#drawer [data-copy]"] : [];
  const button = places.map((place) => document.querySelector(place)).find(Boolean) ?? row()?.querySelector("[data-copy]");
  button?.click();
};
const search = () => {
  const finder = document.getElementById("finder");
  finder?.focus();
  finder?.select();
};
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: open,
  x: () => row()?.querySelector("input[name=phone]")?.click(),
  e: edit,
  r: reassign,
  u: () => document.querySelector("#drawer [data-undo], #drawer [data-result] a[href*='/revert/']")?.click(),
  c: copy,
  "/": search,
  "?": () => dialog?.showModal(),
};

// `g` waits for the next key, however long that takes.
let isGoing = false;
const go = (key) => document.querySelector(`[data-go="${CSS.escape(key)}"]`)?.click();

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    document.querySelector("#phone-form [data-save]")?.click();
    return;
  }
  const isPlain = !event.ctrlKey && !event.metaKey && event.key.length === 1;
  if (!isOn || !isPlain || event.target.matches(TEXT) || document.querySelector("dialog[open]")) return;
  const key = event.key;
  const act = isGoing ? () => go(key) : KEYS[key];
  isGoing = !isGoing && key === "g";
  if (!act && !isGoing) return;
  event.preventDefault();
  act?.();
});
