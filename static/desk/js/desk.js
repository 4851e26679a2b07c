// What HTML can't do alone: copying, focus and announcements.
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
  announce(button.dataset.said || `${document.body.dataset.copied}: ${button.dataset.copy}`);
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
  // A dialog takes Escape for itself.
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
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
});

// The row of the phone that is open beside the list.
const markOpenRow = () => {
  document.querySelectorAll("#phone-table tr[aria-selected]").forEach((row) => row.removeAttribute("aria-selected"));
  const close = document.querySelector("#drawer [data-close]");
  const row = close && document.getElementById(close.dataset.close);
  row?.setAttribute("aria-selected", "true");
  return row;
};

// The window is named after the phone that is open, as on the page at its address.
const showTitle = () => {
  const title = document.getElementById("drawer")?.dataset.title;
  if (title) document.title = title;
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
  showTitle();
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

// htmx notes the last address for its history cache, which is off; a search in it may name a person.
const forgetAddress = () => sessionStorage.removeItem("htmx-current-path-for-history");
forgetAddress();
document.addEventListener("htmx:pushedIntoHistory", forgetAddress);
document.addEventListener("htmx:replacedInHistory", forgetAddress);
addEventListener("pagehide", forgetAddress);
