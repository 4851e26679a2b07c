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
