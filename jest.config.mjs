// Tests are compiled by tsc and run as the ES modules that they are: no transform, no module mocks.
const build = process.env.TEST_BUILD_DIR ?? 'build';

// Outages are made by a proxy between the server and a store: there is nothing between it and the embedded database, and
// the nodes of a Redis Cluster tell their own addresses.
const store = process.env.GATEHOUSE_TEST_STORE;
const elsewhere = [
  ...(['postgres', 'redis'].includes(store) ? [] : ['/chaos/(outages|worker_spool)\\.']),
  // Only where there is a browser; .ci/run sees to it.
  ...(process.env.TEST_CHROMIUM ? [] : ['/test/browser/']),
  // Brings its own Sentinel, Cluster and TLS, and takes the database of this store.
  ...(store === 'redis' ? [] : ['/chaos/redis_forms\\.']),
];

export default {
  rootDir: import.meta.dirname,
  roots: [`<rootDir>/${build}/test`],
  testMatch: ['**/test/(unit|contract|flows|chaos|browser)/**/*.test.js'],
  testPathIgnorePatterns: elsewhere,
  transform: {},
  testEnvironment: 'node',
  maxWorkers: 2,
  workerIdleMemoryLimit: '600MB',
  testTimeout: 180_000,
};
