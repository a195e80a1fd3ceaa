// In the page: from the time stamp of a key to the frame that follows a change of an attribute.
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
    if (attributeName === "data-grade" && now !== "none" && target.closest("nav"))
      requestAnimationFrame(((from) => () => painted(keep("paint", from)))(pressed));
    if (attributeName === "data-state" && now === "saved") keep("saved", pressed)();
  }
};
new MutationObserver(seen).observe(document, {
  subtree: true, attributes: true, attributeOldValue: true,
  attributeFilter: ["data-painted", "data-grade", "data-state"],
});
window.frames_ = () => {
  const frames = [];
  let last = 0;
  let on = true;
  const tick = (now) => {
    if (last) frames.push(now - last);
    last = now;
    if (on) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  return () => { on = false; return frames; };
};
