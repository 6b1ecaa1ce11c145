"use strict";

const body = document.body;
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// Theme: the reader's choice, else the system's.
const theme = $("#theme");
function setTheme(dark) {
  body.classList.toggle("quarto-dark", dark);
  body.classList.toggle("quarto-light", !dark);
  theme.setAttribute("aria-pressed", dark);
}
setTheme(body.classList.contains("quarto-dark"));
theme.addEventListener("click", () => {
  const dark = !body.classList.contains("quarto-dark");
  setTheme(dark);
  try { localStorage.setItem("color-scheme", dark ? "dark" : "light"); } catch { /* private window */ }
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
  let chosen = null;
  try { chosen = localStorage.getItem("color-scheme"); } catch { /* private window */ }
  if (!chosen) setTheme(event.matches);
});

// The sidebar is a drawer on narrow screens.
const menu = $("#menu");
function setMenu(open) {
  body.classList.toggle("drawer-open", open);
  menu.setAttribute("aria-expanded", open);
}
if (menu) {
  menu.addEventListener("click", () => setMenu(menu.getAttribute("aria-expanded") !== "true"));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.getAttribute("aria-expanded") === "true") { setMenu(false); menu.focus(); }
  });
  addEventListener("click", (event) => {
    if (!event.target.closest("#quarto-sidebar, #menu")) setMenu(false);
  });
  const current = $("#quarto-sidebar [aria-current]");
  if (current && current.offsetTop > innerHeight) current.scrollIntoView({ block: "center" });
}

// Tabsets: arrow keys move, as readers of tabs expect.
for (const list of $$(".panel-tabset > [role=tablist]")) {
  const tabs = $$("[role=tab]", list);
  const choose = (tab, focus) => {
    for (const other of tabs) {
      const chosen = other === tab;
      other.classList.toggle("active", chosen);
      other.setAttribute("aria-selected", chosen);
      other.tabIndex = chosen ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).classList.toggle("active", chosen);
    }
    if (focus) tab.focus();
  };
  tabs.forEach((tab, i) => {
    tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1; // without this script, all can be reached
    tab.addEventListener("click", (event) => { event.preventDefault(); choose(tab); });
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(tabs[(to + tabs.length) % tabs.length], true);
    });
  });
}

// A link into a hidden tab or a folded callout opens it.
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  const pane = target.closest(".tab-pane:not(.active)");
  if (pane) document.getElementById(`${pane.id}-tab`).click();
  const folded = target.closest("details:not([open])");
  if (folded) folded.open = true;
  if (pane || folded) target.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

// Headings have a link to themselves; code has a copy button.
for (const section of $$("main section[id]")) {
  const heading = $(":scope > h2, :scope > h3, :scope > h4", section);
  if (!heading || section.closest("#footnotes")) continue;
  const link = Object.assign(document.createElement("a"), { className: "anchor", href: `#${section.id}`, textContent: "#" });
  link.ariaLabel = `Link to “${heading.textContent}”`;
  heading.append(" ", link);
}
for (const block of $$("div.sourceCode")) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "Copy" });
  button.ariaLabel = "Copy the code";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText($("code", block).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  block.append(button);
}

// The table of contents follows the reader.
const places = new Map($$("#TOC a").map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
if (places.size) {
  const sections = [...places.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const follow = () => {
    const passed = sections.filter((section) => section.getBoundingClientRect().top < 140);
    const current = passed.at(-1) ?? sections[0];
    for (const [id, link] of places) link.classList.toggle("active", id === current.id);
  };
  addEventListener("scroll", () => requestAnimationFrame(follow), { passive: true });
  follow();
}

// Search: Pagefind's index is loaded when first asked.
const dialog = $("#search");
if (dialog) {
  const words = $("#search-words"), told = $("#search-told"), list = $("#search-results");
  let engine, asked = 0;
  const open = async () => {
    dialog.showModal();
    words.select();
    engine ??= await import(new URL(dialog.dataset.index, location.href)).catch(() => null);
    if (!engine) told.textContent = "Search needs a server: python -m renderer serve";
  };
  const show = async () => {
    const turn = ++asked;
    if (!engine) return;
    const found = words.value.trim() ? (await engine.search(words.value)).results.slice(0, 8) : [];
    const pages = await Promise.all(found.map((result) => result.data()));
    if (turn !== asked) return;
    told.textContent = words.value.trim() ? `${pages.length || "No"} ${pages.length === 1 ? "page" : "pages"}` : "";
    list.replaceChildren(...pages.flatMap((page) => page.sub_results.slice(0, 3).map((part) => entry(page, part))));
  };
  const entry = (page, part) => {
    const item = document.createElement("li"), link = document.createElement("a"), text = document.createElement("p");
    link.href = part.url;
    link.textContent = part.title === page.meta.title ? part.title : `${page.meta.title} › ${part.title}`;
    link.addEventListener("click", () => dialog.close());
    text.innerHTML = part.excerpt; // Pagefind escapes all but its own <mark>
    item.append(link, text);
    return item;
  };
  $("#search-open").addEventListener("click", open);
  words.addEventListener("input", show);
  words.form.addEventListener("submit", (event) => {
    if (event.submitter === null || document.activeElement === words) { event.preventDefault(); $("a", list)?.click(); }
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [words, ...$$("a", list)];
    const next = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    stops[Math.max(0, Math.min(next, stops.length - 1))].focus();
    event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (!dialog.open && !typing && (event.key === "/" || ((event.ctrlKey || event.metaKey) && event.key === "k"))) {
      event.preventDefault();
      open();
    }
  });
}
