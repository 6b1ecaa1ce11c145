// The slider on the index page. Every number was computed when the site was made; this only looks them up and shows them.
"use strict";

(() => {
  const box = document.getElementById("worth-slider");
  if (!box) return;
  const data = JSON.parse(document.getElementById("worth-data").textContent);
  const slider = document.getElementById("worth-labels"), says = document.getElementById("worth-says");
  const rail = box.querySelector(".worth-rail"), ends = rail.querySelector(".worth-ends");
  const needed = rail.querySelector(".worth-needed"), gap = rail.querySelector(".worth-gap");
  const last = Number(slider.max);
  const words = (number) => number.toLocaleString("en-US");
  const percent = (tenths) => (tenths / 10).toFixed(1);
  const clamp = (thousandths) => Math.max(0, Math.min(1000, thousandths)) / 10;

  function showBars(step) {
    for (const row of box.querySelectorAll("[data-strategy]")) {
      const found = data.strategies[row.dataset.strategy][step];
      row.classList.toggle("absent", !found);
      const value = row.querySelector(".worth-value");
      if (!found) {
        value.textContent = "not measured here";
        continue;
      }
      const [mean, low, high] = found.map(percent);
      row.style.setProperty("--mean", `${mean}%`);
      row.style.setProperty("--low", `${low}%`);
      row.style.setProperty("--high", `${high}%`);
      const interval = document.createElement("small");
      interval.textContent = `${low} to ${high}`;
      value.replaceChildren(`${mean}\u00a0% `, interval);
    }
  }

  // Where on the slider's own scale training from scratch does as well; an arrow where that lies beyond what was measured.
  function showRail(step) {
    const places = data.rail[step];
    rail.classList.toggle("absent", !places);
    if (!places) return;
    const [at, low, high] = places;
    ends.style.left = `${clamp(low)}%`;
    ends.style.right = `${100 - clamp(high)}%`;
    ends.classList.toggle("beyond", high > 1000);
    needed.style.left = `${clamp(at)}%`;
    gap.style.left = `${100 * step / last}%`;
    gap.style.width = `${Math.max(0, clamp(at) - 100 * step / last)}%`;
    needed.classList.toggle("beyond", at > 1000);
  }

  function show() {
    const step = Number(slider.value), labels = words(data.labels[step]);
    document.getElementById("worth-n").textContent = labels;
    document.getElementById("worth-saves").textContent = data.saves[step];
    slider.setAttribute("aria-valuetext", `${labels} labelled images`);
    for (const mark of box.querySelectorAll("[data-index]")) mark.classList.toggle("chosen", Number(mark.dataset.index) === step);
    showBars(step);
    showRail(step);
  }

  // A screen reader speaks this when it changes, so it waits until the slider rests.
  let rest;
  function say() {
    const sentences = data.says[Number(slider.value)];
    says.replaceChildren(...sentences.map((sentence) => Object.assign(document.createElement("span"), { textContent: sentence })));
  }
  function move() {
    show();
    clearTimeout(rest);
    rest = setTimeout(say, 200);
  }

  slider.addEventListener("input", move);
  for (const mark of box.querySelectorAll("[data-index]"))
    mark.addEventListener("click", () => { slider.value = mark.dataset.index; move(); });
  slider.value = data.start; // a browser may remember another one
  show();
  say();
  box.hidden = false;
  const table = document.getElementById("worth-table");
  if (table) table.open = false; // the slider says it all, and more
})();
