// Keys, and what spares a click. Nothing here is needed: every page works without it.
"use strict";

const typing = (e) => e.target.closest("input, textarea, select, [contenteditable]");
let waiting = 0;

function go(href) {
  if (href) location.assign(href);
}

function row(step) {
  const links = [...document.querySelectorAll("main tbody tr a[href]:first-of-type")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at + step))].focus();
}

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || typing(e) || document.querySelector("dialog[open]")) return;
  if (Date.now() - waiting < 1500) {
    waiting = 0;
    const link = [...document.querySelectorAll("nav a[data-key]")].find((a) => a.dataset.key === e.key);
    if (link) return go(link.href);
  }
  const press = [...document.querySelectorAll("[data-press]")].find((x) => x.dataset.press === e.key);
  if (press) {
    e.preventDefault();
    press.click();
    if (press.type === "radio") press.form.querySelector(press.value === "correct" ? "textarea" : "[data-then]").focus();
    return;
  }
  switch (e.key) {
    case "?": return document.querySelector("#keys").showModal();
    case "g": waiting = Date.now(); return;
    case "j": return row(1);
    case "k": return row(-1);
    case "n": return go(document.querySelector("a[rel=next]")?.href);
    case "/": {
      e.preventDefault();
      return document.querySelector("#find")?.focus();
    }
  }
});

// A menu closes where one clicks elsewhere, and by Escape.
document.addEventListener("click", (e) => {
  const open = document.querySelector("details.me[open]");
  if (open && !open.contains(e.target)) open.open = false;
});
document.addEventListener("keydown", (e) => {
  const open = document.querySelector("details.me[open]");
  if (e.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// Rows that change by themselves stand still while somebody reads another tab or works in them.
document.addEventListener("htmx:config:request", (e) => {
  const live = e.target.closest?.("[data-live]");
  if (live && (document.hidden || live.contains(document.activeElement) && document.activeElement !== live)) e.preventDefault();
});
