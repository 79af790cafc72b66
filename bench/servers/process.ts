/** Child processes of the benchmark: pinned to a core where taskset exists, measured through /proc, ended by pid. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface ManagedOptions {
  /** Compiled file to run with the Node that runs this. */
  readonly script: URL;
  readonly args?: readonly string[];
  /** Core to which it is bound. */
  readonly core: number;
  /** Added to PATH, HOME and TMPDIR; nothing else of this process's environment is handed on. */
  readonly env: Readonly<Record<string, string>>;
  /** File that takes standard output, as a log would be taken in operation; without it the output is kept in memory. */
  readonly log?: string;
}

export interface Usage {
  /** CPU seconds so far, all threads; undefined where there is no /proc. */
  readonly cpuSeconds: number | undefined;
  /** Resident memory in MiB; undefined where there is no /proc. */
  readonly rssMiB: number | undefined;
}

const STOP_MS = 20_000;
const MAX_OUTPUT = 64 * 1024;

/** True when processes can be bound to cores here. */
export const canPin = spawnSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' }).status === 0;

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;

export class ManagedProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #log: string | undefined;
  #output = '';

  constructor(name: string, child: ChildProcess, log: string | undefined) {
    this.name = name;
    this.#child = child;
    this.#log = log;
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString('utf8')).slice(-MAX_OUTPUT);
      });
    }
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what it printed. */
  get output(): string {
    const log = this.#log !== undefined && existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : '';
    return log.slice(-MAX_OUTPUT) + this.#output;
  }

  /** Sends a message and waits for the next one back; rejects after `timeoutMs` or when the process ends. */
  ask<T>(message: object | undefined, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        clearTimeout(timer);
        this.#child.off('message', onMessage);
        this.#child.off('exit', onExit);
        act();
      };
      const onMessage = (answer: unknown): void => done(() => resolve(answer as T));
      const onExit = (): void => done(() => reject(new Error(`${this.name} ended:\n${this.output}`)));
      const timer = setTimeout(
        () => done(() => reject(new Error(`${this.name} did not answer in time:\n${this.output}`))),
        timeoutMs,
      );
      this.#child.on('message', onMessage);
      this.#child.on('exit', onExit);
      if (message !== undefined) this.#child.send(message);
    });
  }

  usage(): Usage {
    try {
      const stat = readFileSync(`/proc/${String(this.#child.pid)}/stat`, 'utf8');
      // After the command's closing parenthesis the fields are separated by spaces; utime and stime are the 14th and 15th of all.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const status = readFileSync(`/proc/${String(this.#child.pid)}/status`, 'utf8');
      const kib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
      return {
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
        rssMiB: kib / 1024,
      };
    } catch {
      return { cpuSeconds: undefined, rssMiB: undefined };
    }
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}

const started = new Set<ManagedProcess>();

export function startManaged(name: string, options: ManagedOptions): ManagedProcess {
  const node = [process.execPath, fileURLToPath(options.script), ...(options.args ?? [])];
  const command = canPin ? ['taskset', '-c', String(options.core), ...node] : node;
  const inherited = ['PATH', 'HOME', 'TMPDIR'].flatMap((key) => {
    const value = process.env[key];
    return value === undefined ? [] : [[key, value]];
  });
  const log = options.log === undefined ? undefined : openSync(options.log, 'w');
  const child = spawn(command[0] ?? process.execPath, command.slice(1), {
    env: { ...(Object.fromEntries(inherited) as Record<string, string>), ...options.env },
    stdio: ['ignore', log ?? 'pipe', 'pipe', 'ipc'],
  });
  if (log !== undefined) closeSync(log);
  const managed = new ManagedProcess(name, child, options.log);
  started.add(managed);
  return managed;
}

/** Ends every process that {@link startManaged} started. */
export async function stopAll(): Promise<void> {
  await Promise.all([...started].map((managed) => managed.stop()));
}
