/** What tests ask of a running Gatehouse over HTTP: the admin API, tokens, introspection, revocation. */

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface CreatedClient extends Credentials {
  readonly [field: string]: unknown;
}

export interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>> & {
    readonly access_token?: string;
    readonly error?: string;
  };
}

interface Target {
  readonly issuer: string;
  /** Where this node's public plane listens; differs from the issuer on all nodes but the first. */
  readonly url: string;
  readonly adminUrl: string;
  readonly credentials: () => Credentials;
}

export class GatehouseClient {
  readonly issuer: string;
  readonly url: string;
  readonly adminUrl: string;
  readonly #credentials: () => Credentials;
  #endpoints: Readonly<Record<string, string>> | undefined;
  #adminToken: { readonly value: string; readonly until: number } | undefined;

  constructor(target: Target) {
    this.issuer = target.issuer;
    this.url = target.url;
    this.adminUrl = target.adminUrl;
    this.#credentials = target.credentials;
  }

  /** The first administrator, from admin.json. */
  get admin(): Credentials {
    return this.#credentials();
  }

  /** An endpoint by its name in discovery, e.g. `token_endpoint`, on this node. */
  async endpoint(name: string): Promise<string> {
    if (!this.#endpoints) {
      const response = await fetch(`${this.url}/.well-known/openid-configuration`);
      this.#endpoints = (await response.json()) as Record<string, string>;
    }
    const found = this.#endpoints[name];
    if (found === undefined) throw new Error(`discovery names no ${name}`);
    return found.replace(this.issuer, this.url);
  }

  /** A token for the admin API with every scope that the first administrator has. */
  async adminToken(): Promise<string> {
    if (!this.#adminToken || this.#adminToken.until < Date.now()) {
      const { body } = await this.token({ ...this.admin, resource: 'urn:gatehouse:admin' });
      if (body.access_token === undefined) throw new Error(`no admin token: ${JSON.stringify(body)}`);
      this.#adminToken = { value: body.access_token, until: Date.now() + 60_000 };
    }
    return this.#adminToken.value;
  }

  /** A request to the admin API; `path` is below /admin/v1. */
  async api(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return fetch(`${this.adminUrl}/admin/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.adminToken()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Creates an API with these scopes. */
  async createApi(
    audience: string,
    scopes: readonly string[],
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<Record<string, unknown>> {
    const list = scopes.map((name) => ({ name, description: '' }));
    return this.#created(await this.api('POST', '/apis', { audience, scopes: list, ...fields }));
  }

  /** Creates a client; `grants` is a list of {audience, scopes}. Its secret is empty when its methods need none. */
  async createClient(
    fields: Readonly<Record<string, unknown>> & { readonly name: string },
  ): Promise<CreatedClient> {
    const created = await this.#created(await this.api('POST', '/clients', fields));
    const { clientId, clientSecret } = created;
    if (typeof clientId !== 'string') throw new Error('the created client has no id');
    return { ...created, clientId, clientSecret: typeof clientSecret === 'string' ? clientSecret : '' };
  }

  async #created(response: Response): Promise<Record<string, unknown>> {
    const text = await response.text();
    if (response.status !== 201) throw new Error(`not created, but ${response.status}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** client_credentials with client_secret_basic. */
  async token(
    request: Credentials & { readonly resource?: string; readonly scope?: string },
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TokenAnswer> {
    const { resource, scope } = request;
    const form = {
      grant_type: 'client_credentials',
      ...(resource === undefined ? {} : { resource }),
      ...(scope === undefined ? {} : { scope }),
    };
    return this.post('token_endpoint', form, request, headers);
  }

  async introspect(token: string, credentials: Credentials): Promise<TokenAnswer> {
    return this.post('introspection_endpoint', { token }, credentials);
  }

  async revoke(token: string, credentials: Credentials): Promise<TokenAnswer> {
    return this.post('revocation_endpoint', { token }, credentials);
  }

  /** A form to an endpoint; with credentials, by client_secret_basic. */
  async post(
    endpoint: string,
    form: Readonly<Record<string, string>>,
    credentials?: Credentials,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TokenAnswer> {
    const response = await fetch(await this.endpoint(endpoint), {
      method: 'POST',
      headers: { ...(credentials ? { authorization: basic(credentials) } : {}), ...headers },
      body: new URLSearchParams(form),
    });
    const text = await response.text();
    const body = text === '' ? {} : (JSON.parse(text) as TokenAnswer['body']);
    return { status: response.status, headers: response.headers, body };
  }
}

/** The Authorization header of client_secret_basic (RFC 6749 §2.3.1). */
export function basic({ clientId, clientSecret }: Credentials): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`;
}
