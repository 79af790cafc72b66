/** Every route of the admin API that needs a token. */
import type { Route } from '../route.js';
import { apiRoutes } from './apis/routes.js';
import { auditRoutes } from './audit/routes.js';
import { clientRoutes } from './clients/routes.js';
import { configurationRoutes } from './configuration/routes.js';
import { grantRoutes } from './grants/routes.js';
import { keyRoutes } from './keys/routes.js';
import { revocationRoutes } from './revocations/routes.js';
import { secretRoutes } from './secrets/routes.js';

export const ROUTES: readonly Route[] = [
  ...apiRoutes,
  ...clientRoutes,
  ...secretRoutes,
  ...grantRoutes,
  ...keyRoutes,
  ...revocationRoutes,
  ...auditRoutes,
  ...configurationRoutes,
];
