/**
 * One keep-alive connection that sends pre-built requests one after the other, without pipelining. It reads just as
 * much HTTP/1.1 as it takes to find the end of an answer. Knows nothing of OAuth.
 */
import { connect, type Socket } from 'node:net';

export interface ConnectionEvents {
  /** The next request, or undefined when the connection shall fall silent. */
  next(): Buffer | undefined;
  /** `body` is given for the first answer alone. */
  answered(status: string, body: string | undefined, microseconds: number): void;
  lost(reason: string): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Total bytes of the answer that starts `data`; undefined while it is not all there. */
function answerLength(data: Buffer): number | undefined {
  const headEnd = data.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = data.toString('latin1', 0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const total = headEnd + 4 + Number(length);
    return data.length >= total ? total : undefined;
  }
  const last = data.indexOf(LAST_CHUNK, headEnd);
  return last < 0 ? undefined : last + LAST_CHUNK.length;
}

export class LoadConnection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #pending: Buffer | undefined;
  #sentAt = 0;
  #first = true;
  #closed = false;

  constructor(port: number, events: ConnectionEvents) {
    this.#events = events;
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('connect', () => this.#send());
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#lose(error.message));
    this.#socket.on('close', () => this.#lose('the server closed the connection'));
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #send(): void {
    const request = this.#events.next();
    if (request === undefined) {
      this.close();
      return;
    }
    this.#sentAt = performance.now();
    this.#socket.write(request);
  }

  #receive(chunk: Buffer): void {
    const data = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    const total = answerLength(data);
    if (total === undefined) {
      this.#pending = data;
      if (data.length > MAX_ANSWER_BYTES) this.#lose('an answer without end');
      return;
    }
    this.#pending = undefined;
    const microseconds = (performance.now() - this.#sentAt) * 1000;
    const body = this.#first ? data.toString('utf8', data.indexOf(HEAD_END) + 4, total) : undefined;
    this.#first = false;
    this.#events.answered(data.toString('latin1', 9, 12), body, microseconds);
    this.#send();
  }

  #lose(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#events.lost(reason);
  }
}
