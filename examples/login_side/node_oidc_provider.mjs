// node-oidc-provider reports its sign-ins to endsession (docs/login-side.md): call it once, after `new Provider(...)`.
// `gateway` is endsession's URL with the issuer's name, as https://login.example/acme, and `token` the operator's.
//
// Turn on `features.backchannelLogout`, and set `backchannel_logout_session_required` of each client: its ID tokens then
// carry a `sid`, one for each client. The session itself is known by its `uid`, which stays when its cookie changes.
import { createHash } from "node:crypto";

export function reportTo(provider, gateway, token) {
  async function call(method, path, body) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const options = { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(5000) };
    const response = await fetch(`${gateway}/sessions/${path}`, options);
    if (!response.ok && response.status !== 409) throw new Error(`endsession answered ${response.status}`);
    return response.ok; // false: the session has ended
  }

  provider.on("authorization.success", (ctx) => (ctx.state.reportable = true));
  provider.use(async (ctx, next) => {
    await next(); // by now the cookie is known, and the browser has nothing yet
    if (!ctx.state.reportable) return;
    const { session, client, params } = ctx.oidc;
    const app = { client_id: client.clientId, sid: session.sidFor(client.clientId) };
    const cookie_sha256 = [createHash("sha256").update(session.id).digest("hex")];
    let live;
    try {
      live =
        (await call("PUT", session.uid, { sub: session.accountId, cookie_sha256 })) &&
        (await call("POST", `${session.uid}/clients`, app));
    } catch (error) {
      console.error(`endsession is unavailable, so nobody is signed in: ${error.message}`);
      ctx.throw(503); // what cannot be reported cannot be ended later: the code does not leave
    }
    if (live) return;
    await session.destroy(); // it was ended at endsession: the same request again, with nobody signed in
    const asked = Object.entries(params).filter(([, value]) => value !== undefined);
    ctx.redirect(`${ctx.oidc.urlFor("authorization")}?${new URLSearchParams(asked)}`);
  });
}
