/** What a plan is: the changes as they are shown, and the rows with which they are carried out. */
import type { Api, ApiFields } from '../apis/index.js';
import type { Client, ClientFields, Grant } from '../clients/index.js';
import type { FieldFault } from '../errors.js';
import type { FieldChanges } from './apply_difference.js';

/** What is: everything that the document names, and with prune everything. */
export interface CurrentState {
  readonly apis: readonly Api[];
  readonly clients: readonly Client[];
  readonly grants: readonly Grant[];
}

export interface PlannedChange {
  readonly kind: 'api' | 'client' | 'grant';
  readonly id: string;
  readonly name?: string;
  readonly action: 'create' | 'update' | 'delete';
  readonly fields: FieldChanges;
}

export interface GrantRow {
  readonly clientId: string;
  readonly audience: string;
  readonly scopes: readonly string[];
}

export interface Plan {
  readonly changes: PlannedChange[];
  readonly summary: { create: number; update: number; delete: number; unchanged: number };
  readonly apiInserts: { audience: string; fields: ApiFields }[];
  readonly apiUpdates: { before: Api; fields: ApiFields }[];
  readonly apiDeletes: Api[];
  readonly clientInserts: { id: string; fields: ClientFields }[];
  readonly clientUpdates: { before: Client; fields: ClientFields }[];
  readonly clientDeletes: Client[];
  readonly grantPuts: (GrantRow & { before: readonly string[] | undefined })[];
  readonly grantDeletes: GrantRow[];
  /** Clients that are already there and whose grants change. */
  readonly regranted: Client[];
  readonly faults: FieldFault[];
}

export interface PlanOptions {
  /** Whether what the document does not name is deleted. */
  readonly prune: boolean;
  /** The id of a client that is made without one. */
  readonly newId: (name: string) => string;
  /** JSON Pointer to the document, for faults. */
  readonly base: string;
}
