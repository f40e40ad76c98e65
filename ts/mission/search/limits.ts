/** The longest that a search for a model may take, in milliseconds: what was found until then is answered. */
export const TIME_LIMIT_MS = 60_000;
