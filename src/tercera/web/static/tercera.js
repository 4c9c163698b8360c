// Pages work without this. With it: what is marked data-fresh is fetched anew when something happened, forms
// marked data-auto are sent when a field changes, and .copy buttons copy.
"use strict";

const live = document.body.dataset.live;
if (live && document.querySelector("[data-fresh]")) {
  let stale = false, busy = false, opened = false;
  const fetchAnew = async () => {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-fresh]")) {
      const now = page.getElementById(old.id);
      const used = old.contains(document.activeElement) || old.querySelector("input:checked");
      if (now && !used && now.innerHTML !== old.innerHTML) old.replaceWith(now);
    }
  };
  // What happens while a page is fetched, hidden or cut off is seen afterwards.
  const refresh = async () => {
    if (busy) return;
    busy = true;
    try {
      while (stale && !document.hidden) {
        stale = false;
        await fetchAnew();
      }
    } finally {
      busy = false;
    }
  };
  const changed = () => {
    stale = true;
    refresh();
  };
  const events = new EventSource(live);
  events.addEventListener("changed", changed);
  events.addEventListener("open", () => {
    if (opened) changed();
    opened = true;
  });
  document.addEventListener("visibilitychange", refresh);
  addEventListener("pagehide", () => events.close());
}

addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form) form.requestSubmit();
});

// A tick that ticks all others of a name; the stylesheet hides it where there are no scripts.
addEventListener("change", (event) => {
  const name = event.target.dataset?.all;
  if (name) for (const each of document.getElementsByName(name)) each.checked = event.target.checked;
});

// Browsers copy only where the connection is safe: by https, or from this machine.
if (!navigator.clipboard) for (const button of document.querySelectorAll("button.copy")) button.hidden = true;

addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.from).textContent);
  button.textContent = button.dataset.done;
});

// The menu is open where it has room of its own: details-content does that where browsers know it.
const menu = document.querySelector(".menu");
if (menu && matchMedia("(min-width: 64rem)").matches) menu.open = true;
