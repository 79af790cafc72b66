/** `gatehouse serve`, `migrate` and `admin recover`: the verbs that work on the installation itself, not through its API. */
import type { Command } from 'commander';
import { visible } from '../output/visible.js';
import { migrateSchema, recoverAdministrator, runServer } from '../server.js';
import type { Shell } from '../shell.js';
import { addGroup, addVerb, show, type JsonOption } from '../verb.js';

export function addServe(program: Command, shell: Shell): void {
  addVerb(program, {
    usage: 'serve',
    summary: 'Run the server, as npm start does',
    details: `Settings come from the environment and from the file that GATEHOUSE_CONFIG names: docs/configuration.md.
Logs are lines of JSON on stdout. SIGTERM ends it in order. Exit codes: 0 stopped, 1 failed, 2 wrong settings.`,
    examples: ['gatehouse serve', 'DATABASE_URL=postgres://localhost/gatehouse gatehouse serve'],
    json: false,
  }).action(async () => {
    await runServer(shell.env);
  });
}

export function addMigrate(program: Command, shell: Shell): void {
  addVerb(program, {
    usage: 'migrate',
    summary: 'Bring the schema of the database up to this release',
    details: `The server does the same at its start. On PostgreSQL this may run while servers run; the embedded database can be
open in one process only.`,
    examples: [
      'gatehouse migrate --dry-run',
      'DATABASE_URL=postgres://localhost/gatehouse gatehouse migrate',
    ],
  })
    .option('--dry-run', 'name the migrations that are missing, and run none')
    .action(async (options: JsonOption & { dryRun?: boolean }) => {
      const dryRun = options.dryRun === true;
      const { migrations } = await migrateSchema(shell.env, dryRun);
      show(shell, options, { dryRun, migrations }, () =>
        migrations.length === 0
          ? 'the schema is up to date'
          : migrations.map((name) => `${dryRun ? 'missing' : 'migrated'} ${visible(name)}`).join('\n'),
      );
    });
}

export function addAdmin(program: Command, shell: Shell): void {
  const admin = addGroup(program, 'admin', 'Recover the access of the administrator', [
    'gatehouse admin recover',
  ]);
  addVerb(admin, {
    usage: 'recover',
    summary: 'Give gatehouse-admin a new secret and write a new admin.json, directly in the database',
    details: `For a lost or expired admin.json. Needs what the server itself needs: its settings, its database and its master key.
The embedded database can be open in one process only: stop the server first. Secrets that gatehouse-admin had stay as they
are; \`gatehouse clients secrets list gatehouse-admin\` shows them.`,
    examples: ['gatehouse admin recover'],
  }).action(async (options: JsonOption) => {
    const { path } = await recoverAdministrator(shell.env);
    show(shell, options, { path }, () => `wrote ${visible(path)}`);
  });
}
