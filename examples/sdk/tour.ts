// A login side, an app and an operator at the gateway of `make demo`, through the TypeScript SDK.
import {createHash, randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {endSession, joinSession, listDeliveries, putSession, type LogoutForm} from 'endsession-client';
import {createClient} from 'endsession-client/client';

const url = process.env['ENDSESSION_URL'] ?? 'http://localhost:8080';
const token = readFileSync('.demo/management.token', 'utf8');
const idToken = readFileSync('.demo/authpi.hint', 'utf8'); // an app keeps the ID token of each user's session
const endSessionEndpoint = url.replace('localhost', 'login.localhost') + '/demo/end-session'; // as the provider says
const back = url.replace('localhost', 'calendar.localhost') + '/signed-out';
const headers = {Accept: 'application/json'};
const management = createClient({baseUrl: url, auth: token, headers});
const client = createClient({baseUrl: url, redirect: 'manual', headers});

// The login side: somebody signs in, and then an app gets an ID token.
const path = {issuer_id: 'demo', sid: randomBytes(16).toString('base64url')};
const cookie = randomBytes(32).toString('base64url');
const digest = createHash('sha256').update(cookie).digest('hex');
await putSession({client: management, path, body: {sub: 'alice', cookie_sha256: [digest]}, throwOnError: true});
const {data: session} = await joinSession({
  client: management,
  path,
  body: {client_id: 'calendar'},
  throwOnError: true,
});
console.log('registered:', session.state, session.clients.map((client) => client.client_id));

// The app: where to send the user's browser to log out.
const parameters: LogoutForm = {id_token_hint: idToken, post_logout_redirect_uri: back, state: 'xyz'};
const link = `${endSessionEndpoint}?${new URLSearchParams({...parameters})}`;
console.log('logout link:', link.slice(0, 65) + '...');

// An app without a browser: the ID token says whose session ends. The redirect is handed over, not followed.
const out = await endSession({
  client,
  path: {issuer_id: 'demo'},
  query: {id_token_hint: idToken, post_logout_redirect_uri: back, state: 'xyz'},
});
console.log('logged out:', out.response?.status, out.response?.headers.get('location'));

// The operator: who has been told?
const {data: ledger} = await listDeliveries({
  client: management,
  path: {issuer_id: 'demo'},
  query: {client_id: 'calendar'},
  throwOnError: true,
});
for (const delivery of ledger.deliveries) {
  console.log('ledger:', delivery.client_id, delivery.state, `after ${delivery.attempts.length} attempt(s)`);
}
