// Ages and countdowns that go on by themselves: what the server wrote as `<time data-age>` or `<time data-left>` is
// renewed, in the server's words, without asking it.
// The page's clock is the server's: a computer whose clock is wrong doesn't make a copy younger than it is.

const { words: json, now: serverTime } = document.getElementById("ages").dataset;
const words = JSON.parse(json);
const openedAt = performance.now();
const UNITS = [["d", 86400], ["h", 3600], ["min", 60]];

const phrase = (length, seconds) => {
  const found = UNITS.find(([, size]) => seconds >= size);
  if (!found) return words[length].now;
  const [unit, size] = found;
  const count = Math.floor(seconds / size);
  return words[length][unit][count === 1 ? 0 : 1].replace("%(count)d", count);
};

const left = (seconds) => {
  const found = UNITS.find(([unit, size]) => seconds >= size || (unit === "min" && seconds > 0));
  if (!found) return words.left.now;
  const [unit, size] = found;
  // A minute that has begun is still to come.
  return words.left[unit].replace("%(count)d", unit === "min" ? Math.ceil(seconds / size) : Math.floor(seconds / size));
};

const renew = () => {
  const now = Number(serverTime) + (performance.now() - openedAt) / 1000;
  document.querySelectorAll("time[data-age]").forEach((time) => {
    const seconds = now - Date.parse(time.dateTime) / 1000;
    const text = phrase(time.dataset.age, seconds);
    if (time.textContent !== text) time.textContent = text;
    if (seconds > words.stale) time.closest("tr")?.classList.add("is-stale");
  });
  document.querySelectorAll("time[data-left]").forEach((time) => {
    const text = left(Date.parse(time.dateTime) / 1000 - now);
    if (time.textContent !== text) time.textContent = text;
  });
};
setInterval(renew, 10_000);
// A page that comes back to the front was not renewed while it was behind.
document.addEventListener("visibilitychange", renew);
