/**
 * What is drawn over a film: the disc spaces with their two points and names, and an arrow at the
 * corner that is graded now. Points are DOM nodes, so that they can be dragged, reached by the
 * keyboard and named to a screen reader.
 */

import { axes, cornerPoint, isMirrored, type DiscPoints } from "./corner_regions";
import { textScale } from "./text_size";
import type { Point } from "./view";

const SVG = "http://www.w3.org/2000/svg";

export type PointName = "center" | "anterior";

export interface OverlayState {
  discs: readonly DiscPoints[];
  /** The disc and side that are graded now. */
  current: { disc: string; side: "cranial" | "caudal" } | null;
  /** Only the arrow, as in a level crop. */
  arrowOnly: boolean;
  hidden: boolean;
}

export interface OverlayEvents {
  /** What a screen reader calls a point. */
  nameOf: (disc: string, point: PointName) => string;
  /** While dragging `done` is false. */
  onmove?: (disc: string, point: PointName, to: Point, done: boolean) => void;
  onselect?: (disc: string) => void;
}

interface Projection {
  toScreen: (point: Point) => Point;
  toFilm: (point: Point) => Point;
}

interface Shape {
  group: SVGGElement;
  axis: SVGElement;
  points: Record<PointName, SVGGElement>;
  label: SVGElement;
}

export class Overlay {
  readonly svg = element("svg", { class: "overlay" }) as SVGSVGElement;
  private readonly shapes = new Map<string, Shape>();
  private readonly arrow = element("path", { class: "arrow", d: "M0 0 -15 -6 -11 0 -15 6Z" });
  private state: OverlayState = { discs: [], current: null, arrowOnly: false, hidden: false };

  constructor(
    host: HTMLElement,
    private readonly film: Projection,
    private readonly events: OverlayEvents,
  ) {
    this.svg.append(this.arrow);
    host.append(this.svg);
  }

  set(state: OverlayState): void {
    this.state = state;
    const wanted = new Set(state.arrowOnly ? [] : state.discs.map((disc) => disc.disc));
    for (const [name, shape] of this.shapes) {
      if (wanted.has(name)) continue;
      shape.group.remove();
      this.shapes.delete(name);
    }
    this.place();
  }

  /** Put everything where the view now shows it. */
  place(): void {
    const { discs, current, arrowOnly, hidden } = this.state;
    this.svg.toggleAttribute("data-hidden", hidden);
    if (!arrowOnly) discs.forEach((disc) => this.placeDisc(disc));
    const disc = discs.find((d) => d.disc === current?.disc);
    this.arrow.toggleAttribute("data-hidden", !disc);
    if (disc && current) this.placeArrow(disc, current.side);
  }

  private placeDisc(disc: DiscPoints): void {
    const shape = this.shapes.get(disc.disc) ?? this.made(disc.disc);
    const [x1, y1] = this.film.toScreen(disc.center);
    const [x2, y2] = this.film.toScreen(disc.anterior);
    shape.group.toggleAttribute("data-current", disc.disc === this.state.current?.disc);
    set(shape.axis, { x1, y1, x2, y2 });
    set(shape.points.center, { transform: `translate(${x1} ${y1})` });
    set(shape.points.anterior, { transform: `translate(${x2} ${y2})` });
    // The name stands behind the spine: the anterior side is what is read.
    const depth = Math.hypot(x1 - x2, y1 - y2) || 1;
    const [ux, uy] = [(x1 - x2) / depth, (y1 - y2) / depth];
    const away = depth + 14 * textScale();
    const anchor = ux >= 0 ? "start" : "end";
    set(shape.label, {
      x: x1 + ux * away,
      y: y1 + uy * away + 4 * textScale(),
      "text-anchor": anchor,
    });
  }

  private placeArrow(disc: DiscPoints, side: "cranial" | "caudal"): void {
    const { at, outward } = cornerPoint(disc, side, this.state.discs);
    const { down } = axes(disc, isMirrored(this.state.discs));
    const [x, y] = this.film.toScreen(at);
    // From in front of the spine, slanted from the vertebra's side, its tip off the corner.
    const slant = side === "cranial" ? -0.35 : 0.35;
    const [ox, oy] = [outward[0] + slant * down[0], outward[1] + slant * down[1]];
    const [fx, fy] = this.film.toScreen([at[0] + ox, at[1] + oy]);
    const length = Math.hypot(fx - x, fy - y) || 1;
    const off = (this.state.arrowOnly ? 46 : 14) * textScale();
    const [tx, ty] = [x + ((fx - x) / length) * off, y + ((fy - y) / length) * off];
    const angle = (Math.atan2(y - fy, x - fx) * 180) / Math.PI;
    set(this.arrow, { transform: `translate(${tx} ${ty}) rotate(${angle}) scale(${textScale()})` });
  }

  private made(disc: string): Shape {
    const group = element("g", { class: "disc" }) as SVGGElement;
    const axis = element("line", { class: "axis" });
    const label = element("text", { class: "name" });
    label.textContent = disc;
    label.addEventListener("click", () => this.events.onselect?.(disc));
    label.addEventListener("pointerdown", (event) => event.stopPropagation());
    const points = { center: this.handle(disc, "center"), anterior: this.handle(disc, "anterior") };
    group.append(axis, label, points.center, points.anterior);
    this.svg.insertBefore(group, this.arrow);
    const shape = { group, axis, points, label };
    this.shapes.set(disc, shape);
    return shape;
  }

  private handle(disc: string, point: PointName): SVGGElement {
    const handle = element("g", {
      class: `point ${point}`,
      tabindex: "0",
      role: "button",
      "aria-label": this.events.nameOf(disc, point),
      "data-testid": `point-${disc.replace("/", "-")}-${point}`,
    }) as SVGGElement;
    // The wide circle is the target (24 px at least), the narrow one the mark.
    handle.append(element("circle", { class: "target" }), element("circle", { class: "mark" }));
    this.draggable(handle, disc, point);
    handle.addEventListener("keydown", (event) => this.nudge(event, disc, point));
    return handle;
  }

  private draggable(handle: SVGGElement, disc: string, point: PointName): void {
    let grip: Point | null = null;
    const to = (event: PointerEvent): Point => {
      const [gx, gy] = grip as Point;
      return this.film.toFilm([event.clientX - gx, event.clientY - gy]);
    };
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.stopPropagation();
      handle.setPointerCapture(event.pointerId);
      const [x, y] = this.film.toScreen(this.pointOf(disc, point));
      grip = [event.clientX - x, event.clientY - y];
      this.events.onselect?.(disc);
    });
    handle.addEventListener("pointermove", (event) => {
      if (grip) this.events.onmove?.(disc, point, to(event), false);
    });
    handle.addEventListener("pointerup", (event) => {
      if (grip) this.events.onmove?.(disc, point, to(event), true);
      grip = null;
    });
    handle.addEventListener("pointercancel", () => (grip = null));
  }

  private nudge(event: KeyboardEvent, disc: string, point: PointName): void {
    const step = NUDGE[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 10 : 1;
    const [x, y] = this.film.toScreen(this.pointOf(disc, point));
    const to = this.film.toFilm([x + step[0] * far, y + step[1] * far]);
    this.events.onmove?.(disc, point, to, true);
  }

  private pointOf(disc: string, point: PointName): Point {
    return this.state.discs.find((d) => d.disc === disc)?.[point] ?? [0, 0];
  }
}

const NUDGE: Record<string, Point> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function element(name: string, attributes: Record<string, string>): SVGElement {
  const made = document.createElementNS(SVG, name);
  set(made, attributes);
  return made;
}

/** What is there already is left alone: the browser would lay it out again. */
function set(element: Element, attributes: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(attributes)) {
    const text = String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}
