/** The shapes of a study's progress, exactly as the server names them. No grades. */

export type RoundKind = "full" | "relabel" | "calibration";

export interface ReaderProgress {
  reader: string;
  round: number;
  kind: RoundKind;
  places: number;
  committed: number;
  open_leases: number;
  last_activity: string | null;
  median_seconds: number | null;
  left: number;
  /** Places a day over the last fortnight, counted from `pace_from`. */
  pace: number | null;
  pace_from: string | null;
  done_by: string | null;
}

/** A place in somebody's hand; stale when nobody has worked at it for a lease's time. */
export interface Hold {
  reading: number;
  reader: string;
  round: number;
  position: number;
  opened_at: string;
  lease_until: string | null;
  stale: boolean;
}

/** The calibration deck that a study asks for, by name, and for how much; null: none. */
export interface DeckAsked {
  gate_deck: string | null;
  gate_kappa: number | null;
}
