// node-oidc-provider with the users and apps of the lab, and login and consent pages made as its documentation shows.
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const lab = JSON.parse(readFileSync(process.argv[2], "utf8"));
const users = new Map(lab.users.map((user) => [user.name, user]));

const provider = new Provider(lab.issuer, {
  clients: lab.clients.map((client) => ({
    client_id: client.client_id,
    ...(client.secret ? { client_secret: client.secret } : {}),
    ...(client.authentication === "private_key_jwt" || client.encrypted ? { jwks: client.jwks } : {}),
    ...(client.encrypted
      ? { id_token_encrypted_response_alg: "RSA-OAEP-256", id_token_encrypted_response_enc: "A128GCM" }
      : {}),
    token_endpoint_auth_method: client.authentication,
    redirect_uris: [client.redirect_uri],
    post_logout_redirect_uris: [client.post_logout_redirect_uri],
    ...(lab.backchannel_logout
      ? { backchannel_logout_uri: client.backchannel_logout_uri, backchannel_logout_session_required: true }
      : {}),
    response_types: ["code", "code id_token", "id_token"],
    grant_types: [
      "authorization_code",
      "implicit",
      "refresh_token",
      "urn:ietf:params:oauth:grant-type:device_code",
    ],
  })),
  findAccount: (_ctx, id) => (users.has(id) ? { accountId: id, claims: async () => ({ sub: id }) } : undefined),
  jwks: { keys: [lab.key] },
  cookies: { keys: ["a-key-for-cookies-of-the-lab"] },
  scopes: ["openid", "offline_access"],
  responseTypes: ["code", "code id_token", "id_token"],
  pkce: { required: () => false }, // so that an app without it can be tried
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, Grant: 86400, IdToken: 3600, Interaction: 3600, RefreshToken: 86400, Session: 86400 },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
    pushedAuthorizationRequests: { enabled: true },
    jwtResponseModes: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    encryption: { enabled: true },
    revocation: { enabled: true },
    userinfo: { enabled: true },
    backchannelLogout: { enabled: lab.backchannel_logout },
  },
});
if (lab.report) (await import(lab.report.recipe)).reportTo(provider, lab.report.gateway, lab.report.token);
provider.proxy = true; // X-Forwarded-Proto, as its documentation says for use behind a proxy that ends TLS

const page = (fields, button) => `<!doctype html><title>${button}</title><form method="post">${fields}
  <button name="${button}" value="yes">${button}</button></form>`;
const LOGIN = page('<input name="login"><input type="password" name="password">', "sign-in");
const CONSENT = page("", "agree");

async function formOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString());
}

async function consented({ params, prompt, session, grantId }) {
  const grant =
    (grantId && (await provider.Grant.find(grantId))) ||
    new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(" "));
  if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims);
  return { consent: { grantId: await grant.save() } };
}

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  const asksWho = details.prompt.name === "login";
  ctx.set("Cache-Control", "no-store");
  if (ctx.method === "GET") {
    ctx.type = "html";
    ctx.body = asksWho ? LOGIN : CONSENT;
    return undefined;
  }
  const form = await formOf(ctx.req);
  const user = users.get(form.get("login"));
  if (asksWho && user?.password !== form.get("password")) {
    ctx.status = 403;
    ctx.type = "html";
    ctx.body = LOGIN;
    return undefined;
  }
  const result = asksWho ? { login: { accountId: user.name } } : await consented(details);
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission: !asksWho }));
  ctx.status = 303;
  return undefined;
});

provider.on("server_error", (_ctx, error) => console.error(error));
provider.listen(lab.port, "127.0.0.1");
