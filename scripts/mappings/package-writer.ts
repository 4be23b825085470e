export { type PackageContent, type PackageFile, writePackage } from '../../src/reference/write-package.ts';
