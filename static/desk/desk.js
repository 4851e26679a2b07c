// What HTML can't do alone: copying, shortcuts, focus, announcements, and keeping typed text.
// Every page works without this file.

const announce = (text) => {
  const place = document.getElementById("announcer");
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 50);
};

// Copy buttons.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return; // No permission: the number can still be selected by hand.
  }
  announce(`${document.body.dataset.copied}: ${button.dataset.copy}`);
  button.classList.add("is-done");
  setTimeout(() => button.classList.remove("is-done"), 1500);
});

// A click that asks for a new tab or window is the browser's own; htmx would answer it in this one.
document.addEventListener("click", (event) => {
  if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest("a[href]")) event.stopPropagation();
}, { capture: true });

// Menus close on Escape and on a click elsewhere.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});

const isTyping = (element) => element.matches("input, select, textarea, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      return;
    }
    const cancel = event.target.closest("tr.is-editing")?.querySelector("a[hx-get]");
    const close = document.querySelector("#drawer [data-close]");
    if (cancel) cancel.click();
    else if (close && !isTyping(event.target)) close.click();
  }
  const isSlash = event.key === "/" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey;
  const isCtrlK = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  const finder = document.getElementById("finder");
  if (finder && (isSlash || isCtrlK)) {
    event.preventDefault();
    finder.focus();
    finder.select();
  }
});

// A form with text that isn't saved: ask once before it is lost.
const isDirty = (form) =>
  "typed" in form.dataset ||
  [...form.elements].some((field) => {
    if (field.type === "hidden" || field.type === "submit" || field.name === "") return false;
    if (field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return [...field.options].some((o) => o.selected !== o.defaultSelected);
    return field.value !== field.defaultValue;
  });

const dirtyForms = () => [...document.querySelectorAll("form[data-guards-text]")].filter(isDirty);

let isLeaving = false;
addEventListener("beforeunload", (event) => {
  if (!isLeaving && dirtyForms().length) event.preventDefault();
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-guards-text]")) isLeaving = true;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-discard]")) isLeaving = true;
});
document.addEventListener("htmx:beforeRequest", (event) => {
  isLeaving = false;
  const { elt, target } = event.detail;
  if (elt.matches("[data-discard]")) return;
  const isLosing = dirtyForms().some((form) => form !== elt && target.contains(form));
  if (isLosing && !confirm(document.body.dataset.leave)) event.preventDefault();
});

// A save is offered when something differs.
const offerSave = (form) => {
  const button = form.querySelector("button[type=submit]");
  if (button) button.disabled = !isDirty(form);
};
document.addEventListener("input", (event) => {
  const form = event.target.closest("#phone-form");
  if (form) offerSave(form);
});
document.addEventListener("htmx:afterRequest", () => {
  document.querySelectorAll("#phone-form").forEach(offerSave);
});

// The row of the phone that is open beside the list.
const markOpenRow = () => {
  document.querySelectorAll("#phone-table tr[aria-selected]").forEach((row) => row.removeAttribute("aria-selected"));
  const close = document.querySelector("#drawer [data-close]");
  const row = close && document.getElementById(close.dataset.close);
  row?.setAttribute("aria-selected", "true");
  return row;
};

// The way back from renaming in a row.
const pencilOf = (row) => {
  const isFocusLost = document.activeElement === document.body;
  return isFocusLost && row.matches("tr") ? row.querySelector("[data-rename]") : null;
};

// After a swap: rows that came along replace their old selves, results are announced, focus moves on purpose.
const settle = (root) => {
  // htmx parses answers as if scripts were off, so the fields inside noscript would be sent.
  root.querySelectorAll("noscript").forEach((element) => element.remove());
  root.querySelectorAll("template[data-row]").forEach((template) => {
    const old = document.getElementById(template.dataset.row);
    const fresh = template.content.firstElementChild;
    template.remove();
    if (!old || old.classList.contains("is-editing")) return;
    old.replaceWith(fresh);
    htmx.process(fresh);
  });
  root.querySelectorAll("#phone-form").forEach(offerSave);
  const row = markOpenRow();
  if (root.id === "drawer") row?.scrollIntoView({ block: "nearest" });
  const result = root.querySelector("[data-result]");
  const focus = result || root.querySelector("[aria-invalid]") || root.querySelector("[data-focus]") || pencilOf(root);
  const isWholePage = root === document.body;
  if (focus && !(isWholePage && focus.matches("h2"))) {
    focus.focus({ preventScroll: focus.matches("h2") });
    if (focus.matches("input[type=text]")) focus.select();
  }
  const said = root.matches("[data-announce]") ? root : root.querySelector("[data-announce]");
  if (said) announce(said.textContent.trim());
};
document.addEventListener("htmx:load", (event) => settle(event.detail.elt));

let returnTo = null;
document.addEventListener("htmx:beforeRequest", (event) => {
  const close = event.detail.elt.closest?.("[data-close]");
  if (close) returnTo = close.dataset.close;
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "drawer" || !returnTo) return;
  (document.querySelector(`#${CSS.escape(returnTo)} a`) || document.getElementById("main")).focus();
  returnTo = null;
});

// Problems are said where the person is looking: a drawer may cover the page's own place for them.
const placeFor = (element) =>
  element.closest("#drawer")?.querySelector("[data-problems]") || document.getElementById("problems");
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "problems") event.detail.target = placeFor(event.detail.elt);
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.matches("#problems, [data-problems]")) event.detail.target.scrollIntoView({ block: "nearest" });
});

// The connection to us was lost: say so, keep the form, and take it back with the next answer.
const lost = (event) => {
  const place = placeFor(event.detail.elt);
  if (!place) return;
  const note = document.createElement("p");
  note.className = "guard is-bad mb-0";
  note.dataset.lost = "";
  note.textContent = document.body.dataset.lost;
  place.replaceChildren(note);
  place.scrollIntoView({ block: "nearest" });
};
document.addEventListener("htmx:sendError", lost);
document.addEventListener("htmx:timeout", lost);
document.addEventListener("htmx:beforeOnLoad", () => {
  document.querySelectorAll("[data-lost]:not(body)").forEach((note) => note.remove());
});

// htmx notes the last address for its history cache, which is off; a search in it may name a person.
const forgetAddress = () => sessionStorage.removeItem("htmx-current-path-for-history");
forgetAddress();
document.addEventListener("htmx:pushedIntoHistory", forgetAddress);
document.addEventListener("htmx:replacedInHistory", forgetAddress);
addEventListener("pagehide", forgetAddress);
