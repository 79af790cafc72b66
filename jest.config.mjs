// Tests are compiled by tsc and run as the ES modules that they are: no transform, no module mocks.
const build = process.env.TEST_BUILD_DIR ?? 'build';

// Outages are made by a proxy between the server and a store: there is nothing between it and the embedded database, and
// the nodes of a Redis Cluster tell their own addresses.
const separable = ['postgres', 'redis'].includes(process.env.GATEHOUSE_TEST_STORE);

export default {
  rootDir: import.meta.dirname,
  roots: [`<rootDir>/${build}/test`],
  testMatch: ['**/test/(unit|contract|flows|chaos)/**/*.test.js'],
  testPathIgnorePatterns: separable ? [] : ['/chaos/outages\\.'],
  transform: {},
  testEnvironment: 'node',
  maxWorkers: 2,
  workerIdleMemoryLimit: '600MB',
  testTimeout: 180_000,
};
