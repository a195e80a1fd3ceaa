/** What an address says of its page: `/reading/:round` gives `{ round: "7" }`. */
export type Params = Record<string, string>;
