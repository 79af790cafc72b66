/** `gatehouse token`: fetches an access token, as a service does. */
import type { Command } from 'commander';
import { visible } from '../output/visible.js';
import { dpopKey } from '../remote/dpop.js';
import { requestToken } from '../remote/token_request.js';
import type { Shell } from '../shell.js';
import { addVerb, collect, show, words, type JsonOption } from '../verb.js';
import { addClientOptions, CLIENT_DETAILS, partyOf, type ClientOptions } from './client_options.js';

interface TokenOptions extends ClientOptions, JsonOption {
  readonly api?: string;
  readonly scope?: string[];
  readonly dpop?: string | true;
}

const DETAILS = `Prints the token alone, so that it can stand in $(...); with --json the whole answer of the token endpoint.
With --dpop the token is bound to a key (RFC 9449): to the one in FILE, which is made when it is not there, or to a new
one, which --json prints as dpop_private_jwk.

${CLIENT_DETAILS}`;

export function addToken(program: Command, shell: Shell): void {
  addClientOptions(
    addVerb(program, {
      usage: 'token',
      summary: 'Fetch an access token with client credentials',
      details: DETAILS,
      examples: [
        'gatehouse token --client-id <id> --client-secret <secret> --api urn:shop:inventory --scope inventory:read --json',
        'curl -H "Authorization: Bearer $(gatehouse token --api urn:gatehouse:admin --scope apis:read)" http://localhost:4001/admin/v1/apis',
        'gatehouse token --client-id <id> --private-key-file orders.key.pem --api urn:shop:inventory',
        'gatehouse token --client-id <id> --client-secret-file secret.txt --api urn:shop:inventory --dpop dpop.jwk --json',
      ],
    })
      .option(
        '--api <uri>',
        'the API that the token is for; may be left out when the client may call only one',
      )
      .option(
        '--scope <scopes>',
        'the scopes, such as "A B"; can be repeated; without it all that are granted',
        collect,
      ),
  )
    .option('--dpop [file]', 'bind the token to a key (DPoP)')
    .action(async (options: TokenOptions) => {
      const party = await partyOf(shell, options);
      const dpop =
        options.dpop === undefined ? undefined : dpopKey(options.dpop === true ? undefined : options.dpop);
      const answer = await requestToken(shell, {
        ...party,
        resource: options.api,
        scope: words(options.scope ?? []).join(' '),
        dpop,
      });
      const keyIsNew = dpop !== undefined && options.dpop === true;
      if (keyIsNew && options.json !== true)
        shell.terminal.err(
          'the key of this token is not kept: use --dpop FILE or --json to call an API with it',
        );
      const whole = keyIsNew ? { ...answer, dpop_private_jwk: dpop.privateJwk } : answer;
      show(shell, options, whole, () => visible(answer.access_token));
    });
}
