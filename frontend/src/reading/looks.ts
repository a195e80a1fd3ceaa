/** How the reader likes to see films; stays from film to film. */
export interface Looks {
  inverted: boolean;
  windowMode: boolean;
  overlayHidden: boolean;
  /** The crop shows the neighbouring levels too. */
  context: boolean;
  magnified: boolean;
}

export const FIRST_LOOKS: Looks = {
  inverted: false,
  windowMode: false,
  overlayHidden: false,
  context: false,
  magnified: false,
};
