// Polls: an answer that says what is shown already swaps nothing, so that a screen reader says nothing twice and no
// focus is lost; one with news leaves the focus on the link or button that had it. The longer there is no news, the
// more seldom is asked.
{
  const LONGEST_WAIT_MS = 30_000;
  const polls = (element) => element.matches("[hx-trigger^=every]");
  const textOf = (element) => element.textContent.trim().replace(/\s+/g, " ");
  const isSame = (one, other) =>
    one.getAttribute("hx-get") === other.getAttribute("hx-get") && textOf(one) === textOf(other);

  // The server is told which requests nobody has made: they keep no session alive.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (polls(detail.elt)) detail.headers["X-Poll"] = "true";
  });

  // Since when an element shows the same, and when it asked last; news come in a new element.
  const quiet = new WeakMap();
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (!polls(elt)) return;
    const now = performance.now();
    const { since, asked } = quiet.get(elt) ?? { since: now, asked: 0 };
    const isEarly = now - asked < Math.min(LONGEST_WAIT_MS, (now - since) / 10);
    if (isEarly) event.preventDefault();
    quiet.set(elt, { since, asked: isEarly ? asked : now });
  });

  let held = null;
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const { target, requestConfig, serverResponse } = detail;
    held = null;
    if (requestConfig.elt !== target || !polls(target)) return;
    const fresh = new DOMParser().parseFromString(serverResponse, "text/html").getElementById(target.id);
    if (fresh && isSame(fresh, target)) detail.shouldSwap = false;
    else if (target.contains(document.activeElement)) held = document.activeElement;
  });
  document.addEventListener("htmx:load", ({ detail }) => {
    if (!held || document.activeElement !== document.body) return;
    const { localName } = held;
    const again = [...detail.elt.querySelectorAll(localName)].find((element) => textOf(element) === textOf(held));
    again?.focus({ preventScroll: true });
    held = null;
  });
}
