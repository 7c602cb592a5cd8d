// Tells the server in which time zone the browser is; pages are then written in it.
"use strict";
(() => {
  const told = document.currentScript.dataset;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const cookie = `guv-zone=${zone}`;
  if (!zone || document.cookie.split("; ").includes(cookie)) return;
  document.cookie = `${cookie}; path=/dashboard; max-age=31536000; samesite=lax`;
  // A page that a form asked for is not asked for again: that would send the form twice.
  if (told.method === "GET" && document.cookie.includes(cookie)) location.reload();
})();
