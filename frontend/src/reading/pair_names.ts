/** What the films of a pair are called: A and B say nothing of their time. */

import type { Reading } from "../contract";

export const filmName = ({ time_point }: Pick<Reading, "time_point">): string =>
  String.fromCharCode(64 + (time_point?.slot ?? 1));
