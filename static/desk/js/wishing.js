// What is to be done with many numbers: the button is off until something is, and the choice in the list is used up.

const form = document.getElementById("wish");
const button = form.querySelector("button[type=submit]");
const hint = document.getElementById("nothing-yet");

const offer = () => {
  const isNothing = [...form.querySelectorAll("input[value=KEEP]")].every((keep) => keep.checked);
  button.disabled = isNothing;
  hint.hidden = !isNothing;
};
form.addEventListener("change", offer);
form.addEventListener("submit", () => sessionStorage.removeItem(form.dataset.place));
addEventListener("pageshow", offer);
