/** Members and seed of the committed extract. */
export const SEED_MEMBERS = 360;
export const SEED = 20_261_123;
