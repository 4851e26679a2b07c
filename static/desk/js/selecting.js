// Numbers that are ticked in the list stay ticked over pages, filters, orders and visits; a bar says how many they are.
// Their ids are kept in this tab, for this person and project. Without this file the ticks of one page are sent.

const { person } = document.body.dataset;
const announcer = document.getElementById("announcer");
const formNow = () => document.getElementById("choosing");
const boxesNow = () => [...document.querySelectorAll("#phone-table input[name=phone]")];
const idOf = (box) => box.value.replaceAll("-", "");
const { place } = formNow().dataset;

const read = () => {
  const [owner, ids] = (sessionStorage.getItem(place) ?? "").split(":");
  return new Set(owner === person && ids ? ids.split(",") : []);
};
let chosen = read();
const keep = () => {
  if (!chosen.size) return sessionStorage.removeItem(place);
  try {
    sessionStorage.setItem(place, `${person}:${[...chosen].join(",")}`);
  } catch {
    // No room in this tab: the choice lasts until the page is left.
  }
};

const say = (words, count) => words.replace("{n}", count.toLocaleString(document.documentElement.lang));
const countWords = (form, here) => {
  const { selected, selectedOne, here: onPage, tooMany, limit } = form.dataset;
  if (chosen.size > Number(limit)) return say(tooMany, Number(limit));
  return `${chosen.size === 1 ? selectedOne : say(selected, chosen.size)} · ${say(onPage, here)}`;
};
const setText = (element, text) => { if (element.textContent !== text) element.textContent = text; };

// Ticks and bar as they have to be, whatever has been put into the page.
const show = () => {
  const boxes = boxesNow();
  boxes.forEach((box) => { box.checked = chosen.has(idOf(box)); });
  const here = boxes.filter((box) => box.checked).length;
  const all = document.getElementById("select-page");
  if (all) {
    all.closest("label").hidden = false;
    all.checked = here > 0 && here === boxes.length;
    all.indeterminate = here > 0 && here < boxes.length;
  }
  const form = formNow();
  form.querySelector(".selbar").hidden = chosen.size === 0;
  setText(form.querySelector("[data-count]"), countWords(form, here));
};
const changed = () => {
  keep();
  show();
  announcer.textContent = formNow().querySelector("[data-count]").textContent;
};

let last = null;
const setBox = (box, isTicked) => (isTicked ? chosen.add(idOf(box)) : chosen.delete(idOf(box)));
document.addEventListener("click", (event) => {
  const box = event.target;
  if (box.id === "select-page") {
    boxesNow().forEach((each) => setBox(each, box.checked));
    changed();
  } else if (box.matches("#phone-table input[name=phone]")) {
    const boxes = boxesNow();
    const [from, to] = [boxes.findIndex((each) => idOf(each) === last), boxes.indexOf(box)];
    const isRange = event.shiftKey && from >= 0;
    const range = isRange ? boxes.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    range.forEach((each) => setBox(each, box.checked));
    last = idOf(box);
    changed();
  } else if (box.closest("#choosing [data-clear]")) {
    chosen.clear();
    changed();
    document.getElementById("select-page")?.focus();
  }
});
document.addEventListener("submit", (event) => {
  if (event.target !== formNow() || event.submitter?.name === "all") return;
  event.target.elements.phones.value = [...chosen].join(",");
  if (chosen.size <= Number(event.target.dataset.limit)) return;
  event.preventDefault();
  changed();
});

// Rows come by swaps, and one by one after a save: their boxes are ticked before they are painted.
new MutationObserver(show).observe(document.getElementById("main"), { childList: true, subtree: true });
addEventListener("pageshow", () => {
  chosen = read();
  show();
});
show();
