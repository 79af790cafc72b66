/** Telling that the server is there: a line in the log, and a readable one when a person looks. */
import { isatty } from 'node:tty';
import type { Logger } from '../log/logger.js';

export interface ReadyUrls {
  readonly publicUrl: string;
  readonly adminUrl: string;
}

/** What a worker tells the primary when it accepts connections. */
export type ReadyMessage = ReadyUrls & { readonly gatehouse: 'ready' };

export function isReadyMessage(message: unknown): message is ReadyMessage {
  return (
    typeof message === 'object' && message !== null && 'gatehouse' in message && message.gatehouse === 'ready'
  );
}

const STANDARD_OUTPUT = 1;

export function announce({ publicUrl, adminUrl }: ReadyUrls, logger: Logger): void {
  logger.info({ 'gatehouse.public_url': publicUrl, 'gatehouse.admin_url': adminUrl }, 'ready');
  if (isatty(STANDARD_OUTPUT)) {
    process.stdout.write(`\n  Gatehouse is ready\n    public  ${publicUrl}\n    admin   ${adminUrl}\n\n`);
  }
}
