// Tests are compiled by tsc and run as the ES modules that they are: no transform, no module mocks.
const build = process.env.TEST_BUILD_DIR ?? 'build';

export default {
  rootDir: import.meta.dirname,
  roots: [`<rootDir>/${build}/test`],
  testMatch: ['**/test/(unit|contract|flows|chaos)/**/*.test.js'],
  transform: {},
  testEnvironment: 'node',
  maxWorkers: 2,
  workerIdleMemoryLimit: '600MB',
  testTimeout: 180_000,
};
