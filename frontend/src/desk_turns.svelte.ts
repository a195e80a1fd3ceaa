/** Undo and redo: what this page did is turned here at once, what an earlier page did the server knows. */

import type { Marks, Reading } from "./contract";
import type { SiteCode } from "./msasss";
import { History, type PointsStep, type Shift } from "./reader_grades";

export type Turn = "undo" | "redo";

export const isTurn = (kind: string): kind is Turn => kind === "undo" || kind === "redo";

export class DeskTurns {
  private history = $state.raw(new History());
  private server = $state.raw<Record<Turn, boolean>>({ undo: false, redo: false });

  can(turn: Turn): boolean {
    const here = turn === "undo" ? this.history.canUndo : this.history.canRedo;
    return here || this.server[turn];
  }

  begin({ can_undo, can_redo }: Pick<Reading, "can_undo" | "can_redo">): void {
    this.history = new History();
    this.server = { undo: can_undo, redo: can_redo };
  }

  record(
    before: Marks,
    after: Marks,
    site: SiteCode,
    levels?: { points: PointsStep; shift: Shift },
  ): void {
    this.history = this.history.with({ before, after, site, ...levels });
    this.server = { ...this.server, redo: false };
  }

  nextShift(turn: Turn): Shift | undefined {
    return this.history.nextShift(turn);
  }

  /**
   * What shows after the turn; null when only the server can tell. From then on it alone knows what
   * a redo would bring back, until the next step of this page.
   */
  take(turn: Turn): ReturnType<History["undo"]> {
    const turned = turn === "undo" ? this.history.undo() : this.history.redo();
    this.history = turned?.history ?? new History();
    if (!turned && turn === "undo") this.server = { ...this.server, redo: true };
    return turned;
  }

  /** The server carried a turn out, or refused it: then there is nothing more of that kind. */
  answered(turn: Turn, done: boolean): void {
    if (!done) this.server = { ...this.server, [turn]: false };
    else if (turn === "undo") this.server = { ...this.server, redo: true };
  }
}
