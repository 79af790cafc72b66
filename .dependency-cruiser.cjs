// The one direction of imports (docs/architecture.md):
// main, cli -> compose -> http -> oidc -> domain -> errors, log, lib.  storage implements ports; compose and tests import it.
const domain =
  '^src/(accounts|administration|alerts|apis|audit|authentication|clients|grants|keys|limits|registry|revocations|tokens)/';
const leaf = '^src/(errors\\.ts|log/|lib/)';

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/' }, to: {} },
    {
      name: 'lib-is-a-leaf',
      comment: 'lib, log and errors.ts know nothing of the rest of the project',
      severity: 'error',
      from: { path: leaf },
      to: { path: '^src/', pathNot: leaf },
    },
    {
      name: 'domain-knows-no-infrastructure',
      comment: 'the domain never sees HTTP, storage, configuration or composition',
      severity: 'error',
      from: { path: domain },
      to: { path: '^src/', pathNot: [domain, leaf] },
    },
    {
      name: 'domain-imports-no-drivers',
      severity: 'error',
      from: { path: domain },
      to: { path: 'node_modules/(koa|@koa|oidc-provider|pg|ioredis|@electric-sql)/' },
    },
    {
      name: 'siblings-by-index',
      comment: 'domain modules use each other through index.ts alone',
      severity: 'error',
      from: {
        path: '^src/(accounts|administration|alerts|apis|audit|authentication|clients|grants|keys|limits|registry|revocations|tokens)/',
      },
      to: {
        path: domain,
        pathNot: ['^src/$1/', '^src/[a-z]+/index\\.ts$'],
      },
    },
    {
      name: 'storage-implements-ports',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: { path: '^src/', pathNot: ['^src/storage/', domain, leaf] },
    },
    {
      name: 'storage-is-composed',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/storage/', '^src/compose'] },
      to: { path: '^src/storage/' },
    },
    {
      name: 'http-below-compose',
      severity: 'error',
      from: { path: '^src/(http|oidc)/' },
      to: { path: '^src/(compose|main\\.|cli/|storage/|config/)' },
    },
    {
      name: 'only-oidc-imports-the-engine',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/oidc/' },
      to: { path: 'node_modules/oidc-provider/' },
    },
    {
      name: 'only-main-and-cli-above-compose',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/main\\.ts', '^src/cli/', '^src/compose'] },
      to: { path: '^src/compose' },
    },
    {
      name: 'src-knows-no-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|examples)/' },
    },
    {
      name: 'no-dev-dependencies-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
