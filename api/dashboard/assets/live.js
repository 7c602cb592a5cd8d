// Keeps the living parts of a page up to date while somebody looks.
"use strict";

async function fetched(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json, text/html" } });
  if (answer.redirected || !answer.ok) throw new Error(`status ${answer.status}`);
  return answer;
}

// Puts the page's living parts in place of the shown ones, except where somebody is reading them.
async function renew() {
  const text = await (await fetched(location.href)).text();
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    const isRead = part.contains(document.activeElement) || part.querySelector("details[open]");
    if (next && !isRead) part.replaceChildren(...next.childNodes);
  }
}

// Acts again and again while somebody looks; where that fails, the note says so until it works.
function follow(everyS, act, note) {
  let timer = null;

  function wait() {
    timer = window.setTimeout(live, 1000 * everyS());
  }

  async function live() {
    window.clearTimeout(timer);
    if (document.hidden) return;
    try {
      await act();
      note.hidden = true;
    } catch (fault) {
      note.textContent = `Not up to date: guv did not answer (${fault.message}). Retrying.`;
      note.hidden = false;
    }
    window.clearTimeout(timer);
    wait();
  }

  document.addEventListener("visibilitychange", live);
  wait();
}

// On a page that says how often, by itself; a page with a chart does it together with the chart.
{
  const note = document.querySelector("[data-live-every]");
  if (note) follow(() => Number(note.dataset.liveEvery), renew, note);
}
