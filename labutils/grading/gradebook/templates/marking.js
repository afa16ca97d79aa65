"use strict";
const read = id => JSON.parse(document.getElementById(id).textContent);
const settings = read("settings"), most = read("most"), parts = read("parts");
const entries = parts.flatMap(part => part.entries.map(([student, question, points, digest, comment]) =>
  ({ student, question, points, digest, comment })));
const main = document.querySelector("main"), bar = document.querySelector("output");
const select = document.querySelector("select"), warning = document.getElementById("warning");
const byStudent = parts.length !== 1 || parts[0].student !== "";
const typed = new Map();  // place of an entry -> {points, comment}
let current = null, keeps = true;

// What is typed is kept under the answer's own name, with what the page said before: a newer page goes first.
const key = entry => ["labutils marking", entry.question, entry.student, entry.digest].join("\n");
const value = place => typed.get(place) ?? entries[place];
const isMarked = place => value(place).points !== "";
function keep(place) {
  const entry = entries[place], { points, comment } = typed.get(place);
  try {
    localStorage.setItem(key(entry), JSON.stringify({ points, comment, before: [entry.points, entry.comment] }));
  } catch {
    keeps = false;
    warn("This browser keeps nothing: save before you leave the page, or what you typed is lost.");
  }
}
function recall() {
  entries.forEach((entry, place) => {
    try {
      const kept = JSON.parse(localStorage.getItem(key(entry)));
      if (kept && kept.before[0] === entry.points && kept.before[1] === entry.comment)
        typed.set(place, { points: kept.points, comment: kept.comment });
    } catch { keeps = false; }
  });
}
function warn(text) { warning.textContent = text; warning.hidden = !text; }
function count() {
  const done = entries.filter((_, place) => isMarked(place)).length;
  bar.value = `${done} of ${entries.length} answers marked`;
}

const placesOf = article => article.dataset.places.split(",").map(Number);
function show(article) {  // fill an answer's fields with what is known
  const places = placesOf(article), { points, comment } = value(places[0]);
  article.querySelector("input").value = points;
  article.querySelector("textarea").value = comment;
  article.classList.toggle("marked", places.every(isMarked));
}
function take(article) {  // keep what an answer's fields hold, for all who gave this answer
  const points = article.querySelector("input").value, comment = article.querySelector("textarea").value;
  for (const place of placesOf(article)) { typed.set(place, { points, comment }); keep(place); }
  article.classList.toggle("marked", placesOf(article).every(isMarked));
  count();
}
function open(student) {  // of the page by student: one at a time
  main.innerHTML = parts[student].html;
  select.value = student;
  main.querySelectorAll("article").forEach(show);
  go(main.querySelector("article"), false);
}

const articles = () => [...main.querySelectorAll("article")].filter(article => article.offsetParent !== null);
function go(article, scroll = true) {
  if (!article) return;
  current?.classList.remove("current");
  current = article;
  article.classList.add("current");
  document.querySelectorAll("aside section").forEach(section => {
    section.hidden = section.dataset.question !== article.dataset.question;
  });
  article.focus({ preventScroll: true });
  if (scroll) article.scrollIntoView({ block: "nearest" });
}
function step(by) {
  const all = articles();
  const next = all[current ? all.indexOf(current) + by : 0];
  if (next) go(next);
  else if (byStudent && by) turn(by);
}
function turn(by) {
  const next = Number(select.value) + by;
  if (byStudent && parts[next]) open(next);
}
function unmarked() {
  const all = articles(), start = all.indexOf(current) + 1;
  const next = [...all.slice(start), ...all.slice(0, start)].find(article => !article.classList.contains("marked"));
  if (next) return go(next);
  if (!byStudent) return;
  let place = 0;
  const here = Number(select.value);
  const open_ = parts.map(part => part.entries.some(() => !isMarked(place++)));
  const other = [...open_.keys()].map(i => (here + 1 + i) % parts.length).find(i => open_[i]);
  if (other !== undefined) { open(other); unmarked(); }
}
function filter() {
  const on = document.body.classList.toggle("unmarked-only");
  document.getElementById("filter").setAttribute("aria-pressed", on);
}
function help() {
  const keys = document.getElementById("keys");
  keys.hidden = !keys.hidden;
  document.getElementById("help").setAttribute("aria-expanded", !keys.hidden);
}
function save() {
  const wrong = entries.findIndex(({ question }, place) => !(Number(value(place).points) <= Number(most[question])
    && Number(value(place).points) >= 0));
  if (wrong >= 0) {
    const { student, question } = entries[wrong];
    return warn(`Nothing was saved: ${student} has ${value(wrong).points} of ${most[question]} points.`);
  }
  warn("");
  // With a ' in front of what a spreadsheet would take for a formula, as the tables of the grader have it.
  const harmless = text => text.replace(/(^|[;\t\r\n])([ \n]*)(?='*[=+\-@\t\r＝＋－＠])/g, "$1$2'");
  const quote = text => `"${text.replaceAll('"', '""')}"`;
  const lines = entries.map((entry, place) => {
    const { points, comment } = value(place);
    const changed = points !== entry.points || comment !== entry.comment ? "yes" : "";
    const cells = [entry.student, entry.question, points, most[entry.question], entry.digest, harmless(comment), changed];
    return cells.map(quote).join(",");
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([[settings.columns, ...lines, ""].join("\n")], { type: "text/csv" }));
  link.download = settings.file;
  link.click();
}

const commands = { j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1), u: unmarked,
  n: () => turn(1), p: () => turn(-1), f: filter, s: save, "?": help,
  c: () => current?.querySelector("textarea").focus(),
  m: () => { if (current) { current.querySelector("input").value = most[current.dataset.question]; take(current); } },
  Enter: () => { const all = articles(); if (all.at(-1) === current && byStudent) turn(1); else step(1); } };
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target;
  if (event.key === "Escape") return current?.focus();
  if (field.matches("textarea, select") || field.matches("button, a") && event.key === "Enter") return;
  if (commands[event.key]) { event.preventDefault(); commands[event.key](); }
  else if (/^[0-9.,]$/.test(event.key) && current && !field.matches("input")) {
    const input = current.querySelector("input");
    input.value = "";
    input.focus();
  }
});
main.addEventListener("input", event => take(event.target.closest("article")));
main.addEventListener("focusin", event => {
  const article = event.target.closest("article");
  if (article && article !== current) { const field = event.target; go(article, false); field.focus(); }
});
document.getElementById("save").addEventListener("click", save);
document.getElementById("filter").addEventListener("click", filter);
document.getElementById("help").addEventListener("click", help);
new ResizeObserver(([header]) => {  // what sticks below the bar, and what is scrolled to, keeps clear of it
  document.body.style.setProperty("--bar", `${header.target.offsetHeight}px`);
}).observe(document.querySelector(".bar"));
window.addEventListener("beforeunload", event => { if (!keeps && typed.size) event.preventDefault(); });

recall();
if (byStudent) {
  document.getElementById("who").hidden = false;
  parts.forEach((part, place) => select.add(new Option(part.student, place)));
  select.addEventListener("change", () => open(Number(select.value)));
  if (parts.length) open(0);
} else {
  main.querySelectorAll("article").forEach(show);
}
count();
