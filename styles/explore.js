// The explorer: pick a strategy, a number of labels and a class. Every number was computed when the site was made; the page
// shows a first view without this script, which puts another view's numbers in its place. The view stands in the address.
"use strict";

(() => {
  const form = document.getElementById("explore");
  if (!form) return;
  const data = JSON.parse(document.getElementById("explore-data").textContent);
  const $ = (id) => document.getElementById(id);
  const names = new Map(data.strategies);
  const strategy = $("explore-strategy"), label = $("explore-class");
  const radios = [...form.querySelectorAll("input[name=labels]")];
  const words = (number) => number.toLocaleString("en-US");
  const percent = (tenths) => `${(tenths / 10).toFixed(1)}\u00a0%`;
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const sizesOf = (name) => data.sizes.filter((n) => data.arms[`${name}/${n}`]);

  // A view is [strategy, number of labels, class]; the address has it as #view-finetune_all-500-cat.
  function fromAddress() {
    let text = location.hash;
    try { text = decodeURIComponent(text); } catch { /* not ours */ }
    const parts = /^#view-(\w+)-(\d+)-(.+)$/.exec(text);
    if (!parts) return null;
    const found = [parts[1], Number(parts[2]), data.classes.indexOf(parts[3])];
    return data.arms[`${found[0]}/${found[1]}`] && found[2] >= 0 ? found : null;
  }
  const address = ([name, labels, k]) => `#${encodeURIComponent(`view-${name}-${labels}-${data.classes[k]}`)}`;

  function showWords([name, labels, k], arm) {
    const [mean, ...seeds] = arm.recall[k], s = data.sentences;
    const basic = { strategy: names.get(name), labels: words(labels), class: data.classes[k] };
    const spread = seeds.length > 1
      ? fill(s.seeds, { low: percent(Math.min(...seeds)), high: percent(Math.max(...seeds)) })
      : s.seed;
    let says = fill(s.says, { ...basic, mean: percent(mean), spread, all: percent(arm.all) });
    const other = arm.other[k];
    if (other !== null) says += ` ${fill(s.other, { other: data.classes[other], share: `${arm.confusion[k][other]}\u00a0%` })}`;
    $("explore-says").textContent = says;
    $("explore-curve").textContent = fill(s.curve, basic);
    $("explore-confusion").textContent = fill(s.confusion, basic);
    $("explore-confusion").closest("[aria-label]")?.setAttribute("aria-label", $("explore-confusion").textContent);
    const [number, kept, rows] = arm.mistakes[k];
    const numbers = { count: words(number), n: words(arm.tested[k]), kept: words(kept), shown: rows.length };
    $("explore-mistakes").textContent = fill(rows.length ? s.mistakes : s.none, { ...basic, ...numbers });
    $("explore-record").href = `records.html#${arm.record}`;
  }

  function colours(element, name) {
    const own = document.querySelector(`.explore-curve polyline[data-strategy="${name}"]`);
    for (const theme of ["--light", "--dark"]) element.style.setProperty(theme, own.style.getPropertyValue(theme));
  }

  function showCurve([name, labels, k]) {
    const plot = document.querySelector(".explore-plot"), place = new Map();
    for (const tick of plot.querySelectorAll("[data-labels]")) {
      place.set(Number(tick.dataset.labels), parseFloat(tick.style.left));
      tick.classList.toggle("chosen", Number(tick.dataset.labels) === labels);
    }
    const recall = (other, n) => data.arms[`${other}/${n}`].recall[k];
    for (const line of plot.querySelectorAll("polyline")) {
      const own = line.dataset.strategy;
      line.setAttribute("points", sizesOf(own).map((n) => `${place.get(n)},${100 - recall(own, n)[0] / 10}`).join(" "));
      line.classList.toggle("chosen", own === name);
    }
    colours(plot.closest("figure"), name);
    plot.querySelector(".explore-dots").replaceChildren(...sizesOf(name).flatMap((n) => recall(name, n).slice(1).map((value) => {
      const dot = document.createElement("i");
      dot.style.left = `${place.get(n)}%`;
      dot.style.top = `${100 - value / 10}%`;
      return dot;
    })));
    const points = sizesOf(name).map((n) => fill(data.sentences.point, { mean: percent(recall(name, n)[0]), labels: words(n) }));
    plot.setAttribute("aria-label", points.join("; "));
  }

  function showConfusion([name, , k], arm) {
    const table = document.querySelector("table.explore-confusion");
    colours(table, name);
    [...table.tBodies[0].rows].forEach((row, i) => {
      row.classList.toggle("chosen", i === k);
      if (i === k) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
      [...row.querySelectorAll("td")].forEach((cell, j) => {
        cell.textContent = arm.confusion[i][j];
        cell.style.setProperty("--share", Math.sqrt(arm.confusion[i][j] / 100).toFixed(2));
      });
    });
  }

  function picture([place, index, predicted, confidence, rank], k) {
    const { src, side, columns, rows } = data.sheet, svg = (tag, attributes) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      return element;
    };
    const alt = fill(data.sentences.picture, { index: words(index), class: data.classes[k] });
    const frame = svg("svg", { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": alt });
    frame.append(svg("image", {
      href: src, x: -(place % columns) * side, y: -Math.floor(place / columns) * side, width: columns * side, height: rows * side,
    }));
    const bold = (text) => Object.assign(document.createElement("b"), { textContent: text });
    const taken = document.createElement("span"), sure = document.createElement("span"), item = document.createElement("li");
    taken.append(bold(data.classes[k]), ", taken for ", bold(data.classes[predicted]));
    sure.textContent = `${percent(confidence)}, no.\u00a0${rank}`;
    item.append(frame, " ", taken, " ", sure);
    return item;
  }

  function show(view) {
    const [name, labels, k] = view, arm = data.arms[`${name}/${labels}`];
    strategy.value = name;
    label.value = k;
    for (const radio of radios) {
      radio.disabled = !data.arms[`${name}/${radio.value}`];
      radio.checked = Number(radio.value) === labels;
    }
    showWords(view, arm);
    showCurve(view);
    showConfusion(view, arm);
    document.querySelector(".explore-pictures").replaceChildren(...arm.mistakes[k][2].map((row) => picture(row, k)));
    $("explore-link").href = address(view);
  }

  // A strategy that was not run with the chosen number of labels is shown with the nearest one.
  function chosen() {
    const wanted = Number(radios.find((radio) => radio.checked).value);
    const distance = (n) => Math.abs(Math.log(n / wanted));
    const labels = sizesOf(strategy.value).sort((a, b) => distance(a) - distance(b))[0];
    return [strategy.value, labels, Number(label.value)];
  }

  form.addEventListener("change", () => {
    const view = chosen();
    show(view);
    history.replaceState(null, "", address(view));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => { const view = fromAddress(); if (view) show(view); });
  show(fromAddress() ?? data.first);
  form.hidden = false;
  $("explore-link").hidden = false;
})();
