// Problems are said where the person is looking, and a lost connection to us is said at all.
{
  // A drawer may cover the page's own place for problems.
  const placeFor = (element) =>
    element.closest("#drawer")?.querySelector("[data-problems]") || document.getElementById("problems");
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "problems") event.detail.target = placeFor(event.detail.elt);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.matches("#problems, [data-problems]")) event.detail.target.scrollIntoView({ block: "nearest" });
  });

  // What is known depends on what was asked: reading changes nothing; a save may have been done, and its form can be
  // sent again because it is sent to Diga once at most; of anything else we know nothing.
  const wordsFor = (element, verb) => {
    const { lostReading, lostSaving, lostActing } = document.body.dataset;
    if (verb === "get" || element.closest("[data-reads]")) return lostReading;
    return element.querySelector("[name=form_token]") ? lostSaving : lostActing;
  };
  const lost = (event) => {
    const { elt, requestConfig } = event.detail;
    const place = placeFor(elt);
    if (!place) return;
    const note = document.createElement("p");
    note.className = "guard is-bad mb-0";
    note.dataset.lost = "";
    note.textContent = wordsFor(elt, requestConfig.verb);
    place.replaceChildren(note);
    place.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:timeout", lost);
  document.addEventListener("htmx:beforeOnLoad", () => {
    document.querySelectorAll("[data-lost]").forEach((note) => note.remove());
  });
}
