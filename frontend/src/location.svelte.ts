/** Where we are: a history router, small enough to read. */

export const location = $state({ path: window.location.pathname });

let mayLeave: () => boolean = () => true;

/** A screen with something to lose may refuse to be left; null lets everybody go again. */
export function guardLeaving(question: (() => boolean) | null): void {
  mayLeave = question ?? (() => true);
}

export function navigate(path: string, replace = false): void {
  if (path === location.path) return;
  if (!mayLeave()) return;
  window.history[replace ? "replaceState" : "pushState"]({}, "", path);
  location.path = path;
  window.scrollTo(0, 0);
}

/** Follow our own links without loading the page again. */
export function followLinks(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.("a[href^='/']");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
  if (!(link instanceof HTMLAnchorElement) || !plain || event.defaultPrevented) return;
  if (link.target || link.hasAttribute("download") || link.pathname.startsWith("/api/")) return;
  event.preventDefault();
  navigate(link.pathname);
}

window.addEventListener("popstate", () => {
  location.path = window.location.pathname;
});
