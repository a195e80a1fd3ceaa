/** Texts of the office screens: radiographs, studies, agreement, model versions, datasets. */
export const office = {};
