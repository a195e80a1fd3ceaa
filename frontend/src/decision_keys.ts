/** Idempotency keys of an adjudicator's decisions: pressed again, one is the same decision. */

import type { Mark } from "./contract";

export class DecisionKeys {
  private last = { decision: "", key: "" };

  constructor(private readonly newKey: () => string) {}

  /** The key of the last decision if this is that one once more: same case, same mark. */
  of(id: number, mark: Mark): string {
    const decision = JSON.stringify([id, mark]);
    if (decision !== this.last.decision) this.last = { decision, key: this.newKey() };
    return this.last.key;
  }

  /** The server has it: what is decided next is a decision of its own. */
  arrived(): void {
    this.last = { decision: "", key: "" };
  }
}
