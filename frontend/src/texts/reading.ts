/** Texts of the reading room: reading, rapid reading, adjudication. */
export const reading = {};
