// Moments in forms: a quick choice fills the field beside it, in the site's time zone as the server wrote it.

const show = (root) => {
  root.querySelectorAll("[data-moments]").forEach((place) => { place.hidden = false; });
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-moments] button");
  if (!button) return;
  const field = document.getElementById(button.parentElement.dataset.moments);
  field.value = button.dataset.value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  field.focus();
});
document.addEventListener("htmx:load", (event) => show(event.target));
show(document);
