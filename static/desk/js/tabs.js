// A number that is saved in one tab is news to the others: the counts of an overview go down there too.

const tabs = new BroadcastChannel("phone-desk");

document.body.addEventListener("phone-updated", (event) => {
  if (!event.detail.isFromTab) tabs.postMessage({ id: event.detail.id });
});
tabs.addEventListener("message", (event) => {
  document.body.dispatchEvent(new CustomEvent("phone-updated", { detail: { id: event.data.id, isFromTab: true } }));
});
