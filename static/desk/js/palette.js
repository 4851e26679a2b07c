// The palette: a dialog with one box. Hits come from the server as links; here they become a listbox that arrows move in.
// The button that opens it is a link to the same thing as a page.
import Combobox from "../../vendor/combobox-nav.js";

const dialog = document.getElementById("palette");
const box = document.getElementById("palette-q");
const said = document.getElementById("palette-said");
const hits = () => [...dialog.querySelectorAll(".hit")];
// The hit that Enter takes.
const active = () => dialog.querySelector(".hit:is([aria-selected=true], [data-combobox-option-default])");
const ticket = () => dialog.querySelector("[data-ticket]");

// The first hit is the one that Enter takes; what a ticket leaves open, the person has to choose.
let navigation = null;
const dress = () => {
  navigation?.stop();
  const list = document.getElementById("palette-list");
  navigation = list && new Combobox(box, list, { tabInsertsSuggestions: false, firstOptionSelectionMode: ticket() ? "none" : "active" });
  if (!navigation) return;
  list.setAttribute("role", "listbox");
  list.querySelectorAll("section").forEach((group) => group.setAttribute("role", "group"));
  hits().forEach((hit, place) => {
    hit.id = `palette-hit-${place}`;
    hit.tabIndex = -1;
    hit.setAttribute("role", "option");
  });
  navigation.start();
};

const open = () => {
  if (!dialog) return document.getElementById("palette-text")?.focus();
  if (!dialog.open) dialog.showModal();
  box.focus();
  box.select();
  htmx.trigger(box, "palette-opened");
};

document.addEventListener("keydown", (event) => {
  const isCtrlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (!isCtrlK) return;
  event.preventDefault();
  open();
});
document.addEventListener("click", (event) => {
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (event.target.closest("[data-palette-open]") && isPlain) {
    event.preventDefault();
    open();
  }
  if (event.target === dialog || event.target.closest("[data-palette-close]")) dialog?.close();
});

// The text whose hits are shown. Enter before they are there waits for them, and then takes the first.
let shown = null;
let isWaiting = false;
const take = () => {
  isWaiting = false;
  if (active()) active().click();
  else dialog.querySelector("[data-palette-form]")?.requestSubmit();
};

dialog?.addEventListener("keydown", (event) => {
  if (event.target !== box || event.isComposing || event.key !== "Enter") return;
  event.preventDefault();
  event.stopPropagation();
  if (shown === box.value) take();
  else isWaiting = true;
}, { capture: true });
box?.addEventListener("input", () => { isWaiting = false; });
document.addEventListener("htmx:beforeSend", (event) => {
  if (event.detail.elt === box) event.detail.xhr.asked = box.value;
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (!dialog?.open || event.detail.requestConfig?.target?.id !== "palette-hits") return;
  box.focus();
  shown = event.detail.xhr.asked ?? box.value;
  dress();
  said.textContent = document.getElementById("palette-hits").dataset.said ?? "";
  // Nobody has read yet what a ticket would do.
  if (isWaiting && shown === box.value && !ticket()) take();
  isWaiting = false;
});
dialog?.addEventListener("close", () => { isWaiting = false; });

// A box has one line: the lines of a ticket are joined by something that parts numbers.
box?.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text/plain");
  if (!/[\r\n]/.test(text)) return;
  event.preventDefault();
  const line = text.trim().replace(/\s*[\r\n]+\s*/g, "; ");
  box.setRangeText(line, box.selectionStart, box.selectionEnd, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
});

// After a save from here, the next page shows the number: its sentence for the ticket goes to the clipboard.
const COPYING = "copying-ticket";
const { person } = document.body.dataset;
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-copies-ticket]")) sessionStorage.setItem(COPYING, person);
});
const isCopying = sessionStorage.getItem(COPYING) === person;
sessionStorage.removeItem(COPYING);
const button = document.querySelector("#drawer .guard.is-ok [data-copy]");
if (isCopying && button) {
  // Where the browser wants another key press for it, Enter is one.
  button.focus();
  button.click();
}
