/** How large text is here: what is drawn over a film grows with it. */

/** CSS pixels of the text for which the overlay and the magnifier were drawn. */
const DRAWN_FOR = 15;

let known = 0;

/** CSS pixels to one pixel of the drawing. Asked of the page once, and again when it is resized. */
export function textScale(): number {
  known ||= parseFloat(getComputedStyle(document.documentElement).fontSize) / DRAWN_FOR;
  return known;
}

if (typeof window !== "undefined") window.addEventListener("resize", () => (known = 0));
