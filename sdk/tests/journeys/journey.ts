// A life of a session, told through the TypeScript SDK; prints what was seen as JSON.
import * as endsession from 'endsession-client';
import {createClient} from 'endsession-client/client';
import type {LogoutForm} from 'endsession-client';

const {URL: baseUrl = '', TOKEN = '', SID: sid = '', HINT: hint = ''} = process.env;
const back = 'https://app.example/signed-out';
const path = {issuer_id: 'acme'};
const json = {Accept: 'application/json'};
const management = createClient({baseUrl, auth: TOKEN, headers: json});
const browser = createClient({baseUrl, redirect: 'manual', headers: json});
const seen: Record<string, unknown> = {};

const registered = await endsession.putSession({
  client: management,
  path: {...path, sid},
  body: {sub: 'alice', user_label: 'Alice', idle_seconds: 600.5},
});
seen['registered'] = [registered.response?.status, registered.data?.state, registered.data?.began_at];

const joined = await endsession.joinSession({client: management, path: {...path, sid}, body: {client_id: 'web'}});
seen['joined'] = joined.data?.clients.map((client) => client.client_id);

const question = await endsession.rpInitiatedLogout({client: browser, path, query: {id_token_hint: hint}});
if (typeof question.data !== 'object') throw new Error('not JSON');
seen['question'] = [question.data.status, typeof question.data.confirm_url === 'string'];

const page = await endsession.rpInitiatedLogout({client: browser, path, headers: {Accept: 'text/html'}});
seen['page'] = [page.response?.status, null, String(page.data).slice(0, 15)];

const wrong = await endsession.initLogout({client: browser, query: {state: '\u0001'}});
seen['refused with a page'] = [wrong.response?.status, null, String(wrong.error).slice(0, 15)];

const refused = await endsession.endSessionPost({
  client: browser,
  path,
  body: {id_token_hint: hint, post_logout_redirect_uri: 'https://evil.example/'},
});
seen['refused'] = [refused.response?.status, refused.error?.error];

const form = {id_token_hint: hint, post_logout_redirect_uri: back, state: 'a b&c'};
const out = await endsession.endSessionPost({client: browser, path, body: form});
seen['out'] = [out.response?.status, out.response?.headers.get('location')];

const ended = await endsession.getSession({client: management, path: {...path, sid}});
seen['ended'] = [ended.data?.state, ended.data?.end_reason];

const ledger = await endsession.listDeliveries({client: management, path, query: {client_id: 'web'}});
seen['ledger'] = ledger.data?.deliveries.map((delivery) => [
  delivery.sid,
  delivery.client_id,
  delivery.channel,
  delivery.state,
  delivery.attempts.length,
]);

const late = await endsession.joinSession({client: management, path: {...path, sid}, body: {client_id: 'web'}});
seen['late'] = [late.response?.status, late.error?.error];

const stranger = await endsession.getSession({client: management, path: {...path, sid}, auth: 'wrong'});
seen['stranger'] = [stranger.response?.status, stranger.error?.error];

const parameters: LogoutForm = {id_token_hint: hint, post_logout_redirect_uri: back, state: 'a b&c'};
seen['url'] = `${baseUrl}/acme/end-session?${new URLSearchParams({...parameters})}`;

for (let count = 0; count < 50; count++) {
  const limited = await endsession.rpInitiatedLogout({client: browser, path});
  if (limited.response?.status === 429 && typeof limited.error === 'object' && 'error' in limited.error) {
    seen['limited'] = [limited.error.error, Number(limited.response.headers.get('retry-after')) > 0];
    break;
  }
}

console.log(JSON.stringify(seen));
