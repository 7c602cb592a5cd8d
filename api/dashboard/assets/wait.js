// Follows a replay until it is over, then shows what came of it.
"use strict";

const EVERY_MS = 1500;

async function look() {
  const waiting = document.getElementById("waiting");
  try {
    const answer = await fetch(location.href);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = fresh.getElementById("waiting");
    if (answer.ok && !next) {
      location.reload();
      return;
    }
    if (next) waiting.replaceChildren(...next.childNodes);
  } catch {
    // guv could not be asked; the next try is soon
  }
  window.setTimeout(look, EVERY_MS);
}

window.setTimeout(look, EVERY_MS);
