/**
 * Where log lines go: standard output, asynchronously and in whole lines. Owns buffering, flushing and the end of the
 * reader; knows nothing of what a line says.
 */
import pino from 'pino';

/** Writes up to this size to a pipe are never torn, so that workers who share one standard output do not mix lines (PIPE_BUF). */
const CHUNK = 4096;
const FLUSH_AFTER_MS = 100;
/** Lines beyond this are dropped while the reader does not read: memory is bounded, and requests are not held up. */
const MAX_BUFFERED = 64 * 1024 * 1024;
const FLUSH_TIMEOUT_MS = 2000;

export interface LogSink {
  /** Takes one line that ends in a newline. Never throws. */
  write(line: string): void;
  /** Resolves when what was written so far has left the process, or after two seconds. */
  flush(): Promise<void>;
  /** The same, blocking; for a process that is about to die. */
  flushSync(): void;
}

/** A sink on a file descriptor; 1 is standard output. A reader that goes away ends the output, not the process. */
export function openSink(fd = 1): LogSink {
  const out = pino.destination({ fd, sync: false, minLength: 1, maxWrite: CHUNK, maxLength: MAX_BUFFERED });
  // Without a listener a full disk or a closed output would be an uncaught exception.
  out.on('error', () => undefined);
  let chunk = '';
  let timer: NodeJS.Timeout | undefined;

  const emit = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (chunk === '') return;
    const text = chunk;
    chunk = '';
    try {
      out.write(text);
    } catch {
      // The output was closed: there is nowhere left to say so.
    }
  };
  const sink: LogSink = {
    write: (line) => {
      if (chunk.length + line.length > CHUNK) emit();
      chunk += line;
      timer ??= setTimeout(emit, FLUSH_AFTER_MS).unref();
    },
    flush: () =>
      new Promise((resolve) => {
        emit();
        const limit = setTimeout(resolve, FLUSH_TIMEOUT_MS);
        const done = (): void => {
          clearTimeout(limit);
          resolve();
        };
        try {
          out.flush(done);
        } catch {
          done();
        }
      }),
    flushSync: () => {
      emit();
      try {
        out.flushSync();
      } catch {
        // The output is closed or not open yet: there is nowhere left to say so.
      }
    },
  };
  // The destination ends itself when the process runs out of work: what is buffered here has to be there before.
  process.prependOnceListener('beforeExit', emit);
  process.once('exit', () => {
    sink.flushSync();
  });
  return sink;
}
