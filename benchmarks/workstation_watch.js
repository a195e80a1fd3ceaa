// In the page: from the time stamp of a key to the end of the frame that shows what it changed.
// That frame's work is then done on the main thread: script, style, layout, paint. A mark is
// counted once, at its place in the strip.
window.marks = {};
let pressed = 0;
addEventListener("keydown", (event) => (pressed = event.timeStamp), true);
const painted = (then) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = then;
  channel.port2.postMessage(0);
};
const keep = (name, from) => () =>
  (window.marks[name] ??= []).push(performance.now() - from);
const seen = (changes) => {
  for (const { target, attributeName, oldValue } of changes) {
    const now = target.getAttribute(attributeName);
    if (now === oldValue) continue;
    if (attributeName === "data-painted" && now) painted(keep("film", pressed));
    if (attributeName === "data-grade" && now !== "none" && target.matches("nav button"))
      requestAnimationFrame(((from) => () => painted(keep("paint", from)))(pressed));
    if (attributeName === "data-state" && now === "saved") keep("saved", pressed)();
  }
};
new MutationObserver(seen).observe(document, {
  subtree: true, attributes: true, attributeOldValue: true,
  attributeFilter: ["data-painted", "data-grade", "data-state"],
});
// While a hand drags: the time between frames, and of each frame in which the hand moved the
// main thread's work, from the first move to the end of the frame.
window.frames_ = () => {
  const frames = [];
  const repaints = [];
  let last = 0;
  let moved = 0;
  let on = true;
  const move = () => (moved ||= performance.now());
  addEventListener("pointermove", move, true);
  const tick = (now) => {
    if (last) frames.push(now - last);
    last = now;
    if (moved) painted(((from) => () => repaints.push(performance.now() - from))(moved));
    moved = 0;
    if (on) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  return () => {
    on = false;
    removeEventListener("pointermove", move, true);
    return { frames: frames.slice(1), repaints: repaints.slice(1) };
  };
};
