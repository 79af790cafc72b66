/** Entities as JSON: what callers read, what the audit log records. Never a secret or the hash of one. */
import type { Api, ApiFields } from '../apis/index.js';
import type { AuditEvent } from '../audit/index.js';
import type { Client, ClientFields, ClientSecret, Grant } from '../clients/index.js';
import type { StoredSigningKey } from '../keys/index.js';
import type { Revocation } from '../revocations/index.js';

type Json<T> = {
  [K in keyof T]: T[K] extends Date ? string : T[K] extends Date | null ? string | null : T[K];
};

export type ApiView = Json<Api>;
export type ClientView = Json<Omit<Client, 'id'>> & { clientId: string };
export type SecretView = Json<Omit<ClientSecret, 'hash' | 'pepperId'>>;
export type GrantView = Json<Grant>;
export type RevocationView = Json<Revocation> & { id: string };
export type KeyView = Json<Omit<StoredSigningKey, 'sealedPrivate'>>;
export type AuditView = Json<AuditEvent>;
export type ClientDetail = ClientView & { secrets: SecretView[]; grants: GrantView[] };

const iso = (date: Date | null): string | null => (date === null ? null : date.toISOString());

export function apiFieldsOf(api: ApiFields): ApiFields {
  const { description, scopes, tokenFormat, tokenTtl, signingAlg, tokenBinding } = api;
  return { description, scopes, tokenFormat, tokenTtl, signingAlg, tokenBinding };
}

export function clientFieldsOf(client: ClientFields): ClientFields {
  return {
    name: client.name,
    description: client.description,
    ownerContact: client.ownerContact,
    type: client.type,
    authMethods: client.authMethods,
    grantTypes: client.grantTypes,
    redirectUris: client.redirectUris,
    postLogoutRedirectUris: client.postLogoutRedirectUris,
    backchannelLogoutUri: client.backchannelLogoutUri,
    idTokenAlg: client.idTokenAlg,
    pkce: client.pkce,
    jwks: client.jwks,
    jwksUri: client.jwksUri,
    tlsSubject: client.tlsSubject,
    tokenTtl: client.tokenTtl,
    allowedNetworks: client.allowedNetworks,
    serves: client.serves,
    enabled: client.enabled,
  };
}

export function apiView(api: Api): ApiView {
  const { audience, system, version, createdAt, updatedAt } = api;
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
  return { audience, ...apiFieldsOf(api), system, version, ...times };
}

export function clientView(client: Client): ClientView {
  const { id: clientId, system, version, createdAt, updatedAt, createdBy } = client;
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
  return { clientId, ...clientFieldsOf(client), system, version, ...times, createdBy };
}

export function secretView(secret: ClientSecret): SecretView {
  const { id, name, scheme, createdAt, createdBy, lastUsedFrom } = secret;
  const times = { expiresAt: iso(secret.expiresAt), createdAt: createdAt.toISOString() };
  return { id, name, scheme, ...times, createdBy, lastUsedAt: iso(secret.lastUsedAt), lastUsedFrom };
}

export function grantView(grant: Grant): GrantView {
  const { clientId, audience, scopes, createdAt, updatedAt } = grant;
  return {
    clientId,
    audience,
    scopes,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

export function revocationView(revocation: Revocation): RevocationView {
  const { kind, subject, revokedAt, expiresAt, reason, createdBy } = revocation;
  const times = { revokedAt: revokedAt.toISOString(), expiresAt: expiresAt.toISOString() };
  return { id: `${kind}:${subject}`, kind, subject, ...times, reason, createdBy };
}

export function keyView(key: StoredSigningKey): KeyView {
  const { kid, alg, phase, publicJwk } = key;
  const times = { activatedAt: iso(key.activatedAt), revokedAt: iso(key.revokedAt) };
  return { kid, alg, phase, createdAt: key.createdAt.toISOString(), ...times, publicJwk };
}

export function auditView(event: AuditEvent): AuditView {
  return { ...event, at: event.at.toISOString() };
}
