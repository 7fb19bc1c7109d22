/** Constants that histories have in the place of those of production. */

/** E from which a change is proven in histories: so low that their short series have changes, which chance alone makes as well. */
export const FAULTY_THRESHOLD = 2.5;
