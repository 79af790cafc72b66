/** The services of administration behind one object. */
import { randomUUID } from 'node:crypto';
import type { Origin } from '../audit/index.js';
import { ApiAdministration } from './apis.js';
import { ConfigurationAdministration } from './apply.js';
import { ClientAdministration } from './clients.js';
import { GrantAdministration } from './grants.js';
import type { AdministrationParts } from './ports.js';
import { Records, RevocationAdministration } from './revocations.js';
import { SecretAdministration } from './secrets.js';
import { Writes } from './writes.js';

export interface Administration {
  readonly apis: ApiAdministration;
  readonly clients: ClientAdministration;
  readonly secrets: SecretAdministration;
  readonly grants: GrantAdministration;
  readonly revocations: RevocationAdministration;
  readonly configuration: ConfigurationAdministration;
  readonly records: Records;
  /** Records that a caller was refused for lack of power. */
  noteRefusal(origin: Origin, subject: string, reason: string): Promise<void>;
}

export function createAdministration(parts: AdministrationParts): Administration {
  const writes = new Writes(parts);
  return {
    apis: new ApiAdministration(parts, writes),
    clients: new ClientAdministration(parts, writes),
    secrets: new SecretAdministration(parts, writes),
    grants: new GrantAdministration(parts, writes),
    revocations: new RevocationAdministration(parts, writes),
    configuration: new ConfigurationAdministration(parts, writes),
    records: new Records(parts),
    noteRefusal: ({ actor, sourceIp, requestId, traceId }, subject, reason) =>
      parts.durable.stores.audit.append([
        {
          id: randomUUID(),
          at: new Date(parts.clock.now()),
          type: 'admin.refused',
          outcome: 'failure',
          actor,
          subject: { type: 'route', id: subject },
          clientId: actor.type === 'client' ? actor.id : null,
          sourceIp,
          requestId,
          traceId,
          reason,
          before: null,
          after: null,
        },
      ]),
  };
}
