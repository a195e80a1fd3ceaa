/**
 * The keys of the signed-in reader, kept in this browser: keys go with the keyboard in front of
 * the reader, and a reader who moves to another workstation finds the ones that `?` shows there.
 */

import * as keys from "./keys";
import { session } from "./session.svelte";

const shelf = () => `keys ${session.user?.username ?? ""}`;

function stored(): unknown {
  try {
    return JSON.parse(localStorage.getItem(shelf()) ?? "{}");
  } catch {
    return {}; // not ours, or no storage: the usual keys
  }
}

class OwnKeys {
  map = $state.raw<keys.Keymap>(keys.keymapFrom(stored()));

  /** The first key of an action, as it stands on the keyboard. */
  shown(action: keys.Action): string {
    return keys.shownKey(this.map[action][0] ?? "");
  }

  actionOf(event: KeyboardEvent): keys.Action | null {
    return keys.actionOf(event, this.map);
  }

  get changed(): boolean {
    return this.map !== keys.KEYS;
  }

  /** Give an action a key, unless another has it: then that is the answer. */
  set(action: keys.Action, key: string): keys.Conflict {
    const conflict = keys.conflict(this.map, action, key);
    if (!conflict) this.keep(keys.remapped(this.map, action, key));
    return conflict;
  }

  reset(): void {
    this.keep(keys.KEYS);
  }

  private keep(map: keys.Keymap): void {
    this.map = map;
    try {
      localStorage.setItem(shelf(), JSON.stringify(keys.ownPart(map)));
    } catch {
      // No storage in this browser: the keys hold until the page is closed.
    }
  }
}

export const ownKeys = new OwnKeys();
