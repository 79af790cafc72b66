/** A program of this project as a process of its own, with all that it prints. */
import { spawn, type ChildProcess } from 'node:child_process';

export interface RunningProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Log records so far; lines that are no JSON are passed over. */
  records(): Record<string, unknown>[];
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Waits until `check` answers something; throws with the output when the process ends or after `timeoutMs`. */
  until<T>(what: string, check: () => T | undefined | false, timeoutMs?: number): Promise<T>;
}

const OUTPUT_LIMIT = 50 * 1024 * 1024;

/** Only what a program needs from outside; no setting of the machine that runs the tests leaks into it. */
function cleanEnvironment(): Record<string, string> {
  const { PATH = '', TZ, TMPDIR, NODE_EXTRA_CA_CERTS } = process.env;
  const optional = { TZ, TMPDIR, NODE_EXTRA_CA_CERTS };
  const given = Object.entries(optional).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { PATH, ...Object.fromEntries(given) };
}

export function startProcess(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningProcess {
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    if (stdout.length < OUTPUT_LIMIT) stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    if (stderr.length < OUTPUT_LIMIT) stderr += data.toString();
  });
  let ended: number | string | undefined;
  const exited = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => {
      ended = code ?? signal ?? 'unknown';
      resolve(ended);
    });
  });
  return {
    child,
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    records: () => parseLines(stdout),
    exited,
    until: async (what, check, timeoutMs = 20_000) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const found = check();
        if (found !== undefined && found !== false) return found;
        if (ended !== undefined) throw new Error(`exited with ${ended} before ${what}:\n${stderr}${stdout}`);
        if (Date.now() > deadline) throw new Error(`not ${what} in ${timeoutMs} ms:\n${stderr}${stdout}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}

function parseLines(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : [];
    } catch {
      return [];
    }
  });
}
