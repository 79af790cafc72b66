/** What a verb may touch of the world, passed in so that verbs can be tried without a process. */
import { readFileSync } from 'node:fs';
import type { Environment } from '../config/sources.js';
import { errorCode } from './error_code.js';
import { usageFailure } from './failure.js';
import type { Terminal } from './output/terminal.js';

export interface Shell {
  readonly env: Environment;
  readonly terminal: Terminal;
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean | undefined };
  readonly fetch: typeof fetch;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** What the verb has to say by its exit code beyond success. */
  setExitCode(code: number): void;
}

/** Secrets, tokens and keys are small; anything longer is the wrong file. */
export const SMALL_INPUT_BYTES = 1_048_576;

/** Reads stdin to its end. @throws CliFailure when it is longer than `limit` bytes */
export async function readStdin(shell: Shell, limit: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of shell.stdin) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : Buffer.from(part);
    length += bytes.length;
    if (length > limit) throw usageFailure(`stdin holds more than ${limit} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Reads a text file. @throws CliFailure (wrong usage) when it cannot be read or is longer than `limit` bytes */
export function readTextFile(path: string, limit: number): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw usageFailure(`${path} cannot be read (${errorCode(error, 'unreadable')})`);
  }
  if (bytes.length > limit) throw usageFailure(`${path} is longer than ${limit} bytes`);
  return bytes.toString('utf8');
}

/** The content of FILE, or of stdin for `-`. */
export async function readInput(shell: Shell, file: string, limit: number): Promise<string> {
  return file === '-' ? readStdin(shell, limit) : readTextFile(file, limit);
}

/** One line of input, such as a secret: the line end is not part of it. */
export async function readLine(shell: Shell, file: string): Promise<string> {
  return (await readInput(shell, file, SMALL_INPUT_BYTES)).replace(/\r?\n$/, '');
}
