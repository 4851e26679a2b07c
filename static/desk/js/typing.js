// Typed text: ask before it is lost, offer Save when something differs, keep it over a sign-in.
{
  const isChanged = (field) => {
    if (field.type === "hidden" || field.type === "submit" || field.name === "") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if ("unchanged" in field.dataset) return field.value !== field.dataset.unchanged;
    if (field.tagName === "SELECT") return [...field.options].some((o) => o.selected !== o.defaultSelected);
    return field.value !== field.defaultValue;
  };
  const isDirty = (form) => "typed" in form.dataset || [...form.elements].some(isChanged);
  const dirtyForms = () => [...document.querySelectorAll("form[data-guards-text]")].filter(isDirty);

  // Ask once before text that isn't saved is lost.
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
    const button = form.querySelector("[data-save]");
    if (button) button.disabled = !isDirty(form);
  };
  const offerSaves = () => document.querySelectorAll("#phone-form").forEach(offerSave);
  document.addEventListener("input", (event) => {
    const form = event.target.closest("#phone-form");
    if (form) offerSave(form);
  });
  document.addEventListener("htmx:afterRequest", offerSaves);

  // In a conflict, what is typed further shows beside the choice too.
  document.addEventListener("input", (event) => {
    const mirror = event.target.form?.querySelector(`[data-mirrors="${CSS.escape(event.target.name)}"]`);
    if (mirror) mirror.textContent = event.target.value;
  });

  // The session or the form's token has expired: the text waits in this tab, for the same person only, until the
  // phone is open again. What was seen (`opened`) waits with it, so that nobody's change is overwritten unseen.
  const KEPT = "kept:";
  const NEVER = new Set(["csrfmiddlewaretoken", "review", "reviewed", "understood"]);
  const person = document.body.dataset.person;
  const isTick = (field) => field.type === "checkbox" || field.type === "radio";
  const placeOf = (form) => KEPT + new URL(form.action).pathname;
  const keptPlaces = () => Object.keys(sessionStorage).filter((place) => place.startsWith(KEPT));

  const keep = () => {
    document.querySelectorAll("form[data-keeps-text]").forEach((form) => {
      if (!person || !isDirty(form)) return sessionStorage.removeItem(placeOf(form));
      const fields = [...form.elements]
        .filter((field) => field.name && field.type !== "password" && !NEVER.has(field.name))
        .map((field) => [field.name, field.value, isTick(field) && field.checked, field.selectedOptions?.[0]?.textContent]);
      sessionStorage.setItem(placeOf(form), JSON.stringify({ person, fields }));
    });
  };
  let isKeeping = false;
  document.addEventListener("form-expired", () => {
    isKeeping = isLeaving = true;
    keep();
  });
  addEventListener("pagehide", () => { if (isKeeping) keep(); });

  const fill = (form, fields) => {
    for (const [name, value, isTicked, label] of fields) {
      const field = [...form.elements].find((each) => each.name === name && (each.type !== "radio" || each.value === value));
      if (field && isTick(field)) field.checked = isTicked;
      else if (field) {
        // A select holds the versions of one agent: that of another one comes back with it, and is looked up anew.
        if ("unchanged" in field.dataset && ![...field.options].some((each) => each.value === value)) {
          field.append(new Option(label, value));
          field.lastElementChild.dataset.foreign = "";
        }
        field.value = value;
      }
    }
  };
  const notice = (text) => {
    const note = document.createElement("p");
    note.className = "guard is-warn mb-0";
    note.setAttribute("role", "status");
    note.append(text);
    return note;
  };
  const giveBack = (form) => {
    const kept = sessionStorage.getItem(placeOf(form));
    if (!kept) return;
    sessionStorage.removeItem(placeOf(form));
    fill(form, JSON.parse(kept).fields);
    form.prepend(notice(document.body.dataset.restored));
    offerSave(form);
    [...form.querySelectorAll("select")].filter(isChanged).forEach((lane) => lane.dispatchEvent(new Event("change", { bubbles: true })));
  };
  const tellOfOthers = () => {
    document.querySelectorAll("[data-kept]").forEach((note) => note.remove());
    keptPlaces().forEach((place) => {
      const note = notice(document.body.dataset.keptElsewhere);
      note.dataset.kept = "";
      const link = document.createElement("a");
      link.className = "link";
      link.href = place.slice(KEPT.length);
      link.textContent = document.body.dataset.keptOpen;
      note.append(" ", link);
      document.getElementById("messages")?.append(note);
    });
  };
  document.addEventListener("htmx:load", (event) => {
    offerSaves();
    if (!person || isKeeping) return;
    keptPlaces()
      .filter((place) => JSON.parse(sessionStorage.getItem(place)).person !== person)
      .forEach((place) => sessionStorage.removeItem(place));
    const root = event.detail.elt;
    root.querySelectorAll("form[data-keeps-text]").forEach(giveBack);
    if (root === document.body) tellOfOthers();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-signs-out]")) sessionStorage.clear();
  });
}
