// The back-channel logout endpoint of an app on Express (OpenID Connect Back-Channel Logout 1.0, section 2.6), on jose.
import express from "express";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const CLOCK_SKEW = 60; // seconds by which the clocks of the provider and of the app may differ
const FINAL = /^ERR_(JWT|JWS|JOSE_ALG|JOSE_NOT_SUPPORTED|JWKS_NO_MATCHING|JWKS_MULTIPLE)/; // everything else may pass
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// What is wrong with a token whose signature, issuer, audience and times are good: it could be an ID token.
function problemOf({ typ = "logout+jwt" }, { iat, jti, events, nonce, sid, sub }) {
  if (!(iat <= Date.now() / 1000 + CLOCK_SKEW)) return "its iat lies in the future"; // jose does not look at it
  if (typ.toLowerCase().replace(/^application\//, "") !== "logout+jwt") return "its typ is not logout+jwt";
  if (!isObject(events) || !isObject(events[EVENT])) return "its events are not those of a logout token";
  if (nonce !== undefined) return "it has a nonce, as ID tokens have";
  if (typeof jti !== "string") return "its jti is not a string";
  const names = [sid, sub].filter((name) => name !== undefined);
  if (!names.length || !names.every((name) => name && typeof name === "string"))
    return "it names no session and no user";
}

// `sessions.end({ jti, exp, sid, sub })` ends sessions and returns false if that `jti` was used before (sessions.mjs).
// Mount the router before a middleware against CSRF.
export function receiver({ issuer, clientId, jwksUri, algorithms = ["RS256"] }, sessions) {
  const keys = createRemoteJWKSet(new URL(jwksUri)); // cached, and fetched again for an unknown kid
  const requiredClaims = ["iss", "aud", "iat", "exp", "jti", "events"];
  const checks = { issuer, audience: clientId, algorithms, clockTolerance: CLOCK_SKEW, requiredClaims };

  async function refusal(token) {
    const { protectedHeader, payload } = await jwtVerify(token ?? "", keys, checks);
    const problem = problemOf(protectedHeader, payload);
    if (problem) return problem;
    return (await sessions.end({ ...payload, exp: payload.exp + CLOCK_SKEW })) ? undefined : "its jti was used before";
  }

  const router = express.Router();
  router.post("/backchannel-logout", express.urlencoded({ extended: false }), async (request, response) => {
    response.set("Cache-Control", "no-store");
    try {
      const error_description = await refusal(request.body?.logout_token);
      if (error_description) response.status(400).json({ error: "invalid_request", error_description });
      else response.status(200).end();
    } catch (error) {
      if (error instanceof errors.JOSEError && FINAL.test(error.code))
        response.status(400).json({ error: "invalid_request", error_description: error.code });
      else response.status(503).end(); // the keys could not be fetched: the token is sent again; 400 would be final
    }
  });
  return router;
}
