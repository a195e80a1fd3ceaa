import type { Disc } from "../contract";
import type { Picture } from "../viewer/picture";

/** How the reader likes to see films; stays from film to film. */
export interface Looks {
  inverted: boolean;
  windowMode: boolean;
  overlayHidden: boolean;
  /** The crop shows the neighbouring levels too. */
  context: boolean;
  magnified: boolean;
}

/** What the film that comes next begins with; the panes make it ready ahead. */
export interface FirstView {
  picture: Picture;
  discs: Disc[];
  /** Of the first corner to grade. */
  disc: string;
}

export const FIRST_LOOKS: Looks = {
  inverted: false,
  windowMode: false,
  overlayHidden: false,
  context: false,
  magnified: false,
};
