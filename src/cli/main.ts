#!/usr/bin/env node
/** The command's entry point: connects a process to the command tree. */
import { createTerminal } from './output/terminal.js';
import { run } from './run.js';

/** Whoever reads the output has enough (`gatehouse clients list | head`): end without a word. */
function endOnClosedPipe(error: Error & { code?: string }): void {
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') process.exit(0);
  throw error;
}
process.stdout.on('error', endOnClosedPipe);
process.stderr.on('error', endOnClosedPipe);

const exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  terminal: createTerminal(process.stdout, process.stderr, process.env),
  fetch,
  now: () => Date.now(),
});
// Set, not exit(): what is written to a pipe is still on its way. The server sets its own.
if (exitCode !== 0) process.exitCode = exitCode;
