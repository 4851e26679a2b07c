// The picker of agents: a box that finds an agent by words, and the select beside it, which then has its versions.
// The select is what the form sends. Without this file it works alone.
import Combobox from "../../vendor/combobox-nav.js";

const navigations = new WeakMap(); // by box
const pickerOf = (element) => element.closest?.("[data-agent-picker]");
const boxOf = (picker) => picker.querySelector("[role=combobox]");
const popupOf = (picker) => picker.querySelector(".picker-popup");
const selectOf = (picker) => picker.querySelector("select");
const isBox = (element) => element.matches?.("[data-agent-picker] [role=combobox]");
const pickersIn = (root) => [...root.querySelectorAll("[data-agent-picker]")];

// A filter of a list: its select has agents, and the box takes its place.
const isFilter = (picker) => "filter" in picker.dataset;
// The tick that unassigns the lane, where a form has one.
const unassignOf = (picker) => {
  if (isFilter(picker)) return null;
  const select = selectOf(picker);
  return select.form?.elements[select.name.replace(/^(.+)_version_id$/, "unassign_$1")];
};
// An option that was given back after a sign-in: it stands among the versions of another agent.
const isForeign = (option) => "foreign" in option.dataset;
const agentOf = (picker) => {
  if (unassignOf(picker)?.checked) return picker.dataset.nobody;
  const option = selectOf(picker).selectedOptions[0];
  if (isFilter(picker)) return option.value && option.text;
  if (!option || isForeign(option)) return "";
  // The first version of an agent names it, for all of them.
  return (option.closest("optgroup") ?? selectOf(picker)).querySelector("option").dataset.agent;
};

// The box says which agent is chosen, unless somebody is typing in it.
const show = (picker) => {
  const box = boxOf(picker);
  if (!("typed" in box.dataset)) box.value = agentOf(picker);
  const isNobody = unassignOf(picker)?.checked ?? false;
  const select = selectOf(picker);
  select.hidden = isNobody;
  picker.toggleAttribute("data-changed", isNobody || select.value !== select.dataset.unchanged);
};
const close = (picker) => {
  const box = boxOf(picker);
  navigations.get(box)?.stop();
  navigations.delete(box);
  for (const state of ["typed", "enter", "wanted"]) delete box.dataset[state];
  popupOf(picker).hidden = true;
  show(picker);
};
const isOpen = (picker) => !popupOf(picker).hidden;
const refresh = (picker) => {
  if (!isFilter(picker)) htmx.trigger(selectOf(picker), "versions-wanted");
};
const find = (picker) => {
  boxOf(picker).dataset.wanted = "";
  htmx.trigger(boxOf(picker), "agents-wanted");
};

// The second lane follows the first one while that is ticked.
const follow = (form) => {
  const both = form?.elements.both_directions;
  const note = form?.querySelector("[data-follows]");
  if (!both || !note) return;
  const lane = note.closest("fieldset");
  const inbound = form.elements.inbound_version_id;
  const isNobody = form.elements.unassign_inbound.checked;
  const version = isNobody ? "" : inbound.selectedOptions[0]?.textContent;
  note.querySelector("strong").textContent = [agentOf(pickerOf(inbound)), version].filter(Boolean).join(" · ");
  note.hidden = !both.checked;
  lane.querySelector("[data-lane-choice]").hidden = both.checked;
  lane.querySelector(".toggle").hidden = both.checked;
};

const choose = (picker, value, label, agent) => {
  const option = new Option(label, value, true, true);
  option.dataset.agent = agent;
  selectOf(picker).replaceChildren(option);
};
const tell = (picker) => {
  const select = selectOf(picker);
  select.dispatchEvent(new Event("input", { bubbles: true }));
  select.dispatchEvent(new Event("change", { bubbles: true }));
};
const keep = (picker) => {
  const { keptLabel, keptAgent } = picker.dataset;
  choose(picker, selectOf(picker).dataset.unchanged, keptLabel, keptAgent);
  refresh(picker);
};

document.addEventListener("combobox-commit", (event) => {
  const picker = pickerOf(event.target);
  if (!picker) return;
  const { value, label, name, unassigns } = event.target.dataset;
  const unassign = unassignOf(picker);
  if (unassign) unassign.checked = unassigns !== undefined && !unassign.disabled;
  if (unassigns === undefined) {
    choose(picker, value, label, name);
    refresh(picker);
  } else keep(picker);
  close(picker);
  tell(picker);
});

// What is sent along: the words, once any are typed; the name of the chosen agent finds nothing else.
document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters } = event.detail;
  if (isBox(elt)) parameters.words = "typed" in elt.dataset ? elt.value : "";
});
// Versions come with their marks; another one may have been chosen since they were asked for.
let chosen = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.matches("[data-agent-picker] select")) chosen = event.detail.target.value;
});
const takeVersions = (select) => {
  const isOffered = [...select.options].some((option) => option.value === chosen);
  if (isOffered) select.value = chosen;
  else tell(pickerOf(select));
  show(pickerOf(select));
  follow(select.form);
};
document.addEventListener("htmx:afterSwap", (event) => {
  const picker = pickerOf(event.detail.target);
  if (!picker) return;
  if (event.detail.target === selectOf(picker)) return takeVersions(selectOf(picker));
  const box = boxOf(picker);
  // The list may have been closed since it was asked for.
  if (event.detail.target !== popupOf(picker) || !("wanted" in box.dataset)) return;
  const list = popupOf(picker).querySelector("[role=listbox]");
  const wasEntered = "enter" in box.dataset;
  navigations.get(box)?.stop();
  popupOf(picker).hidden = false;
  // Enter takes the first of what was found; of all agents it takes none.
  const navigation = new Combobox(box, list, { tabInsertsSuggestions: false, firstOptionSelectionMode: list.dataset.words ? "active" : "none" });
  navigations.set(box, navigation);
  navigation.start();
  const options = list.querySelectorAll("[role=option]");
  if (wasEntered && options.length === 1) options[0].click();
  delete box.dataset.enter;
});

document.addEventListener("input", (event) => {
  if (isBox(event.target)) event.target.dataset.typed = event.target.dataset.wanted = "";
});
document.addEventListener("click", (event) => {
  if (isBox(event.target) && !isOpen(pickerOf(event.target))) find(pickerOf(event.target));
});
document.addEventListener("keydown", (event) => {
  if (!isBox(event.target)) return;
  const picker = pickerOf(event.target);
  const isArrow = event.key === "ArrowDown" || event.key === "ArrowUp";
  if (isArrow && !isOpen(picker)) {
    event.preventDefault();
    find(picker);
  } else if (event.key === "Escape" && (isOpen(picker) || "typed" in event.target.dataset)) {
    event.preventDefault();
    close(picker);
  } else if (event.key === "Enter" && (isOpen(picker) || "typed" in event.target.dataset)) {
    // Neither the form is sent, nor what was found by fewer letters taken: the answer to these is on its way.
    event.preventDefault();
    if (!("typed" in event.target.dataset)) return;
    if (popupOf(picker).querySelector("[role=listbox]").dataset.words === event.target.value && isOpen(picker)) return;
    event.stopPropagation();
    event.target.dataset.enter = "";
    find(picker);
  }
}, { capture: true });
document.addEventListener("mousedown", (event) => {
  // The box keeps the focus while an agent is chosen with the mouse.
  if (event.target.closest?.(".picker-popup")) event.preventDefault();
});
document.addEventListener("focusin", (event) => {
  const picker = pickerOf(event.target);
  if (!picker) return;
  if (isBox(event.target)) event.target.select();
  // What a version does may have changed since the form was opened.
  if (!picker.contains(event.relatedTarget)) refresh(picker);
});
document.addEventListener("focusout", (event) => {
  if (isBox(event.target)) close(pickerOf(event.target));
});
// The text of the box is no value of the form, so nothing around it is told that it has changed.
document.addEventListener("change", (event) => {
  if (isBox(event.target)) event.stopPropagation();
}, { capture: true });
document.addEventListener("change", (event) => {
  const { form } = event.target;
  if (!form || !event.target.matches("[data-agent-picker] select, [name^=unassign_], [name=both_directions]")) return;
  for (const picker of pickersIn(form)) {
    const isUnassigned = event.target === unassignOf(picker) && event.target.checked;
    const select = selectOf(picker);
    if (isUnassigned) keep(picker);
    // Marks rest on the other lane, too.
    else if (event.target !== select || isForeign(select.selectedOptions[0])) refresh(picker);
    show(picker);
  }
  follow(form);
});

const begin = (root) => {
  const pickers = pickersIn(root);
  pickers.forEach((picker) => {
    const box = boxOf(picker);
    const select = selectOf(picker);
    if (!isFilter(picker)) select.ariaLabel = `${box.ariaLabel}: ${select.dataset.versionLabel}`;
    if (select.ariaInvalid) box.ariaInvalid = "true";
    picker.querySelector(".picker-box").hidden = false;
    show(picker);
  });
  new Set(pickers.map((picker) => selectOf(picker).form)).forEach(follow);
};
document.addEventListener("htmx:load", (event) => begin(event.detail.elt));
begin(document);
