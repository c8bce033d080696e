// Goes on as soon as every frame has loaded, or when the page's refresh is due. The refresh alone would not
// do: a browser counts its time from when the page has loaded, frames included, and one of them may never load.
(function () {
  var frames = document.querySelectorAll("iframe");
  var left = frames.length;
  var link = document.querySelector("a");
  function on() { location.replace(link.href); }
  function one() { left -= 1; if (left === 0) { on(); } }
  frames.forEach(function (frame) { frame.addEventListener("load", one, { once: true }); });
  setTimeout(on, 1000 * parseInt(document.querySelector("meta[http-equiv=refresh]").content, 10));
})();
