"use strict";
// Plays the cited second when the media file lies beside this page; without it every link leads to the evidence.
const players = new Map();

for (const box of document.querySelectorAll(".player")) {
  const media = box.querySelector("video, audio");
  const shown = () => {
    box.hidden = false;
    showPoster(box.dataset.file, media);
    players.set(box.dataset.file, { box, media });
    followHash();
  };
  if (media.readyState > 0) shown();
  else media.addEventListener("loadedmetadata", shown, { once: true });
  const absent = () => { box.nextElementSibling.hidden = false; };
  if (media.error) absent();
  else media.addEventListener("error", absent, { once: true });
  box.querySelector("button").addEventListener("click", () => {
    media.pause();
    box.firstElementChild.classList.remove("floating");
  });
}

// Browsers may leave a video black until it plays: the first chapter's picture stands there until then.
function showPoster(file, media) {
  const own = (picture) => timeOf(picture.closest(".chapter").querySelector("a.at")?.getAttribute("href"))?.file === file;
  const first = [...document.querySelectorAll(".chapter img")].find(own);
  if (first && media.localName === "video") media.poster = first.src;
}

function seek(file, seconds, play) {
  const player = players.get(file);
  if (!player) return false;
  player.media.currentTime = seconds;
  if (play) {
    const place = player.box.getBoundingClientRect();
    const seen = place.top >= 0 && place.bottom <= innerHeight;
    if (!seen) {
      player.box.style.minHeight = `${place.height}px`; // what stands below must not jump
      player.box.firstElementChild.classList.add("floating");
    }
    player.media.play();
  }
  return true;
}

function timeOf(hash) {
  const found = /^#t(\d*)=([\d.]+)$/.exec(decodeURIComponent(hash));
  return found && { file: found[1] || "1", seconds: Number(found[2]) };
}

function reveal(element) {
  for (let part = element; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  for (const old of document.querySelectorAll(".lit")) old.classList.remove("lit");
  const row = element.closest("tr");
  if (row) row.classList.add("lit");
  element.scrollIntoView({ block: "center" });
}

function followHash() {
  const time = timeOf(location.hash);
  if (time && seek(time.file, time.seconds, false)) return;
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.closest("details")) reveal(target);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#t']");
  const time = link && timeOf(link.getAttribute("href"));
  if (time && seek(time.file, time.seconds, true)) {
    event.preventDefault();
    history.replaceState(null, "", link.getAttribute("href"));
  }
});
addEventListener("hashchange", followHash);
if (location.hash) followHash();

let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const part of closed) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of closed) part.open = false;
});
