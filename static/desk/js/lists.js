// Filters by keyboard: an arrow in a select is a choice each, a pause in the search box one too. The first is a step
// back in the history; those that follow in the same control replace it.
let walked = "";
document.addEventListener("htmx:beforeHistoryUpdate", (event) => {
  const control = event.detail.requestConfig?.triggeringEvent?.target;
  const isFilter = control?.matches?.("#finder, #filters select");
  if (isFilter && walked === control.id && event.detail.history.type === "push") event.detail.history.type = "replace";
  walked = isFilter ? control.id : "";
});
document.addEventListener("pointerdown", () => { walked = ""; });
document.addEventListener("keydown", (event) => { if (event.key === "Tab" || event.key === "Enter") walked = ""; });

// The button that unfolds the filters comes anew with the list; what it says stays, and so does the focus.
let isUnfolded = false;
document.addEventListener("change", (event) => { if (event.target.id === "fold-filters") isUnfolded = event.target.checked; });
document.addEventListener("htmx:afterSettle", () => {
  const fold = document.getElementById("fold-filters");
  if (!fold || fold.checked === isUnfolded) return;
  fold.checked = isUnfolded;
  if (document.activeElement === document.body) document.getElementById(walked)?.focus();
});

// How many numbers match is said by the place that exists before: the count itself comes with the list.
document.addEventListener("htmx:afterSettle", (event) => {
  const count = event.detail.target.id === "phone-table" && document.querySelector("#phone-table [data-total]");
  if (count) document.getElementById("announcer").textContent = count.textContent.trim();
});

// Copying a list, one item a line. The button is of no use without scripts, so it is hidden until this has run.
document.querySelectorAll("[data-copy-list]").forEach((button) => { button.hidden = false; });

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-list]");
  if (!button) return;
  const items = [...document.getElementById(button.dataset.copyList).children].map((item) => item.dataset.copied ?? item.textContent.trim());
  try {
    await navigator.clipboard.writeText(items.join("\n"));
  } catch {
    return; // No permission: the list can still be selected by hand.
  }
  document.getElementById("announcer").textContent = button.dataset.said;
});
