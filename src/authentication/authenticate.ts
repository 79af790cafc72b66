/**
 * Who is calling: client authentication for every endpoint. Denies by default. Owns the order of checks, the limits on
 * failures and the record of uses; the checks themselves are in files of their own.
 */
import type { AuthMethod, ClientSecret, RegisteredClient, SecretUse } from '../clients/index.js';
import { GatehouseError } from '../errors.js';
import type { FailureLimiter, LimitName } from '../limits/index.js';
import type { Clock } from '../lib/clock.js';
import { NetworkSet, networkPrefix } from '../lib/networks.js';
import type { Directory } from '../registry/index.js';
import type { AssertionVerifier } from './assertion.js';
import { matchesKey, matchesSubject, type PresentedCertificate } from './certificate.js';
import type { ClientKeys } from './client_keys.js';
import type { Credentials } from './credentials.js';
import type { SecretVerifier } from './secret.js';

export interface AuthenticationRequest {
  readonly credentials: Credentials;
  readonly clientIp: string;
  readonly requestId: string;
  readonly traceId: string | null;
  /** Asked only when a method needs it. @throws GatehouseError when a proxy handed over something unreadable */
  readonly certificate: () => PresentedCertificate | undefined;
}

export interface AuthenticatedClient {
  readonly client: RegisteredClient;
  readonly method: AuthMethod;
}

/** Told of each outcome; for metrics, audit and alerts. */
export interface AuthenticationObserver {
  succeeded(method: AuthMethod): void;
  failed(attempt: {
    clientId: string;
    known: boolean;
    method: AuthMethod;
    clientIp: string;
    requestId: string;
    traceId: string | null;
    reason: string;
    limit: LimitName | undefined;
  }): void;
}

export interface AuthenticatorParts {
  readonly directory: Directory;
  readonly secrets: SecretVerifier;
  readonly assertions: AssertionVerifier;
  readonly keys: ClientKeys;
  readonly limiter: FailureLimiter;
  readonly clock: Clock;
  readonly observer: AuthenticationObserver;
}

/** The same words for every reason that a stranger must not learn; the reason is in the log under the request id. */
const PUBLIC_REASON =
  'client authentication failed: the client is unknown, the credentials are wrong or expired, or the method is not one that this client may use';

class Refusal extends Error {}

export class ClientAuthenticator {
  readonly #parts: AuthenticatorParts;
  readonly #networks = new WeakMap<RegisteredClient, NetworkSet>();
  readonly #uses = new Map<string, SecretUse>();

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /**
   * @throws GatehouseError `invalid_client` when it is refused, `rate_limited` after too many failures,
   * `temporarily_unavailable` when the client cannot be looked up
   */
  async authenticate(request: AuthenticationRequest): Promise<AuthenticatedClient> {
    const { credentials, clientIp } = request;
    const found = this.#parts.directory.clients.get(credentials.clientId);
    const client = found instanceof Promise ? await found : found;
    const network = networkPrefix(clientIp);
    try {
      const method = await this.#check(client, request, network);
      if (!client) throw new Refusal('unknown client');
      this.#checkStanding(client, clientIp);
      this.#parts.observer.succeeded(method);
      return { client, method };
    } catch (error) {
      const reason = error instanceof Refusal ? error.message : reasonOf(error);
      if (reason === undefined) throw error;
      const block = this.#parts.limiter.block(credentials.clientId, network);
      this.#parts.limiter.failed(credentials.clientId, network);
      this.#parts.observer.failed({
        clientId: credentials.clientId,
        known: client !== undefined,
        method: credentials.method,
        clientIp,
        requestId: request.requestId,
        traceId: request.traceId,
        reason,
        limit: block?.limit,
      });
      if (block) {
        throw new GatehouseError('rate_limited', 'too many failed authentications; try again later', {
          detail: reason,
          retryAfter: block.retryAfter,
        });
      }
      if (error instanceof GatehouseError && error.detail === undefined) throw error;
      throw new GatehouseError('invalid_client', PUBLIC_REASON, { detail: reason, cause: error });
    }
  }

  /** The last uses of secrets since the previous call; to be written in one statement. */
  takeUses(): SecretUse[] {
    const uses = [...this.#uses.values()];
    this.#uses.clear();
    return uses;
  }

  async #check(
    client: RegisteredClient | undefined,
    request: AuthenticationRequest,
    network: string,
  ): Promise<AuthMethod> {
    const { credentials } = request;
    switch (credentials.method) {
      case 'client_secret_basic':
      case 'client_secret_post': {
        const secret = await this.#findSecret(client, credentials.secret, network);
        if (!client || !secret) throw new Refusal(client ? 'wrong secret' : 'unknown client');
        allow(client, credentials.method);
        this.#checkExpiry(secret);
        this.#uses.set(secret.id, {
          secretId: secret.id,
          at: new Date(this.#parts.clock.now()),
          from: request.clientIp,
        });
        return credentials.method;
      }
      case 'private_key_jwt':
        if (!client) throw new Refusal('unknown client');
        allow(client, 'private_key_jwt');
        await this.#parts.assertions.verify(client, credentials.assertion);
        return 'private_key_jwt';
      case 'none':
        if (!client) throw new Refusal('unknown client');
        return this.#checkCertificate(client, request);
    }
  }

  async #findSecret(
    client: RegisteredClient | undefined,
    secret: string,
    network: string,
  ): Promise<ClientSecret | undefined> {
    const secrets = client?.secrets ?? [];
    const generated = this.#parts.secrets.generated(secrets, secret);
    if (generated || !client || !secrets.some((candidate) => candidate.scheme === 'argon2id'))
      return generated;
    // A secret that a person chose can be guessed: while failures from this network are blocked, it is not even looked at.
    if (this.#parts.limiter.block(client.id, network)) throw new Refusal('blocked before a slow hash');
    return this.#parts.secrets.chosen(secrets, secret);
  }

  /** The caller proved to know the secret, so it may learn why it is refused. */
  #checkExpiry(secret: ClientSecret): void {
    if (secret.expiresAt && secret.expiresAt.getTime() <= this.#parts.clock.now()) {
      throw new GatehouseError(
        'invalid_client',
        `the client secret "${secret.name}" expired at ${secret.expiresAt.toISOString()}`,
      );
    }
  }

  async #checkCertificate(client: RegisteredClient, request: AuthenticationRequest): Promise<AuthMethod> {
    const wanted = client.authMethods.filter((method) => method.endsWith('tls_client_auth'));
    const certificate = wanted.length > 0 ? request.certificate() : undefined;
    if (certificate && wanted.includes('tls_client_auth') && matchesSubject(client, certificate))
      return 'tls_client_auth';
    if (
      certificate &&
      wanted.includes('self_signed_tls_client_auth') &&
      (await this.#isRegistered(client, certificate))
    ) {
      return 'self_signed_tls_client_auth';
    }
    if (!client.authMethods.includes('none'))
      throw new Refusal(certificate ? 'the certificate is not the registered one' : 'no credentials');
    return 'none';
  }

  /** By value or at jwks_uri (RFC 8705 §2.2.2); a certificate that is not there may be new, so the source is asked again. */
  async #isRegistered(client: RegisteredClient, certificate: PresentedCertificate): Promise<boolean> {
    const { keys, clock } = this.#parts;
    if (client.jwks) return matchesKey(client.jwks.keys, certificate, clock.now());
    for (const again of [false, true]) {
      const found = (await keys.of(client, again))?.jwks().keys ?? [];
      if (matchesKey(found, certificate, clock.now())) return true;
    }
    return false;
  }

  /** Checked last: only a caller that proved to be the client learns these reasons. */
  #checkStanding(client: RegisteredClient, clientIp: string): void {
    if (!client.enabled) throw new GatehouseError('invalid_client', 'the client is disabled');
    if (client.allowedNetworks.length === 0) return;
    let networks = this.#networks.get(client);
    if (!networks) this.#networks.set(client, (networks = new NetworkSet([...client.allowedNetworks])));
    if (!networks.contains(clientIp)) {
      throw new GatehouseError('invalid_client', `the client may not authenticate from ${clientIp}`);
    }
  }
}

function allow(client: RegisteredClient, method: AuthMethod): void {
  if (!client.authMethods.includes(method)) throw new Refusal(`the client may not use ${method}`);
}

/** Why an expected failure happened; undefined for one that says nothing about the credentials. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof GatehouseError && error.code === 'invalid_client')
    return error.detail ?? error.message;
  return undefined;
}
