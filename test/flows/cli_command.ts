/** Command lines against a running server: in a process of their own, as they are installed, or quicker in this one. */
import { spawn } from 'node:child_process';
import { createTerminal } from '../../src/cli/output/terminal.js';
import { run } from '../../src/cli/run.js';
import { cliScript } from '../support/gatehouse.js';

export class Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(code: number | null, stdout: string, stderr: string) {
    this.code = code;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** stdout as JSON. */
  json(): Record<string, unknown> {
    return JSON.parse(this.stdout) as Record<string, unknown>;
  }

  /** The error of a failed command with --json. */
  error(): Record<string, unknown> {
    return (JSON.parse(this.stderr) as { error: Record<string, unknown> }).error;
  }
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

/** Runs `gatehouse ...args` as a process; nothing of the environment of the tests reaches it. */
export function gatehouseProcess(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [cliScript, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  // A command that does not read its input may be gone before it was written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(new Outcome(code, stdout, stderr)));
  });
}

/** The same command line in this process, with a network and a clock that are real. */
export async function gatehouse(
  args: readonly string[],
  options: Omit<CommandOptions, 'cwd'> = {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    write: (text: string, done?: (error?: Error | null) => void) => {
      written[name] += text;
      done?.();
      return true;
    },
  });
  const env = options.env ?? {};
  const stdin = (async function* () {
    yield options.stdin ?? '';
  })();
  const terminal = createTerminal(stream('stdout'), stream('stderr'), env);
  const code = await run(args, { env, stdin, terminal, fetch, now: () => Date.now() });
  return new Outcome(code, written.stdout, written.stderr);
}
