// Goes on as soon as every frame has loaded. Without script, or when a frame never loads, the page's own refresh does.
(function () {
  var frames = document.querySelectorAll("iframe");
  var left = frames.length;
  var link = document.querySelector("a");
  function one() { left -= 1; if (left === 0) { location.replace(link.href); } }
  frames.forEach(function (frame) { frame.addEventListener("load", one, { once: true }); });
})();
