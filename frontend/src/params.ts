/** What an address says of its page: `/rounds/:round` gives `{ round: "7" }`. */
export type Params = Record<string, string>;
