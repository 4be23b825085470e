export * from './audit.ts';
export * from './batches.ts';
export * from './gaps.ts';
export * from './history.ts';
export * from './review.ts';
export * from './tenancy.ts';
export * from './workflow.ts';
