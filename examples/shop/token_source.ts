/** Tokens of a service for the API that it calls: fetched with client credentials, kept until shortly before they expire. */

export interface TokenSourceOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The audience URI of the API that is called. */
  readonly resource: string;
  readonly scope: string;
}

/** A token with less than this left is not used any more: it has to survive the way to the API. */
const MARGIN_MS = 30_000;
const TIMEOUT_MS = 5000;

export class TokenSource {
  readonly #options: TokenSourceOptions;
  #kept: { readonly token: string; readonly until: number } | undefined;
  #pending: Promise<string> | undefined;
  #endpoint: string | undefined;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
  }

  /** The token; callers that come while one is being fetched share it. */
  token(): Promise<string> {
    if (this.#kept !== undefined && Date.now() < this.#kept.until) return Promise.resolve(this.#kept.token);
    this.#pending ??= this.#fetch().finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  /** Forgets a token that an API refused, so that the next call fetches another. */
  forget(token: string): void {
    if (this.#kept?.token === token) this.#kept = undefined;
  }

  async #fetch(): Promise<string> {
    const { clientId, clientSecret, resource, scope } = this.#options;
    const response = await fetch(await this.#tokenEndpoint(), {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.json()) as { access_token?: string; expires_in?: number; error?: string };
    if (answer.access_token === undefined)
      throw new Error(`no token: ${answer.error ?? String(response.status)}`);
    const until = Date.now() + (answer.expires_in ?? 0) * 1000 - MARGIN_MS;
    this.#kept = { token: answer.access_token, until };
    return answer.access_token;
  }

  async #tokenEndpoint(): Promise<string> {
    if (this.#endpoint !== undefined) return this.#endpoint;
    const response = await fetch(`${this.#options.issuer}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { token_endpoint: endpoint } = (await response.json()) as { token_endpoint: string };
    this.#endpoint = endpoint;
    return endpoint;
  }
}
