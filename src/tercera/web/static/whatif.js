// Dragging the threshold: the numbers came with the page, so nobody is asked. Without this the form asks.
"use strict";

const form = document.querySelector("form.whatif");
if (form && form.dataset.numbers) {
  const { windows, customers, configured } = JSON.parse(form.dataset.numbers);
  const number = form.querySelector("#threshold"), slider = form.querySelector("#slider");
  const written = new Intl.NumberFormat(form.dataset.language);
  const bars = [...document.querySelectorAll("svg.whatif g")];
  const cells = bars.map((_, place) => document.querySelectorAll(`[data-window="${place}"]`));
  const names = bars.map((bar) => bar.querySelector("title").textContent.replace(/: [^:]*$/, ""));
  const atLeast = (counts, threshold) => {
    let sum = 0;
    for (let place = 0; place < counts.length; place += 2) if (counts[place] >= threshold) sum += counts[place + 1];
    return sum;
  };
  const today = windows.map((counts) => atLeast(counts, configured));
  const tall = (rect, share) => {
    rect.setAttribute("y", 100 - share);
    rect.setAttribute("height", share);
  };
  const show = (threshold) => {
    const then = windows.map((counts) => atLeast(counts, threshold));
    const most = Math.max(1, ...then, ...today);
    bars.forEach((bar, place) => {
      tall(bar.querySelector(".today"), (today[place] * 100) / most);
      tall(bar.querySelector(".then"), (then[place] * 100) / most);
      bar.querySelector("title").textContent = `${names[place]}: ${written.format(then[place])}`;
      for (const cell of cells[place]) cell.textContent = written.format(then[place]);
    });
    document.querySelector('[data-sum="alerts"]').textContent = written.format(then.reduce((sum, each) => sum + each, 0));
    document.querySelector('[data-sum="customers"]').textContent = written.format(atLeast(customers, threshold));
    history.replaceState(null, "", `?threshold=${threshold}`);
  };
  const moved = (from, to) => from.addEventListener("input", () => {
    if (!from.value || !from.checkValidity()) return;
    to.value = from.value;
    show(Number(from.value));
  });
  slider.closest("p").hidden = false;
  form.querySelector("button").hidden = true;
  moved(slider, number);
  moved(number, slider);
}
