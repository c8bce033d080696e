// The app's sessions, on the server: a signed cookie alone cannot end. These are of one process; where there are several,
// keep the same in what they share, as in Redis (`SET jti NX EXAT exp`, and a set of keys for each `sid` and `sub`).
import { randomBytes } from "node:crypto";

const SIGN_IN = 3600; // seconds that a sign-in may take: for so long an ended `sid` is remembered

export class Sessions {
  #live = new Map(); // key -> { sub, sid }
  #seen = new Map(); // "jti ..." and "sid ..." -> until when, in seconds since 1970

  // Call it when an ID token has been checked, with its `sub` and `sid`. Returns the key for the app's cookie.
  begin({ sub, sid }) {
    if (this.#seen.has(`sid ${sid}`)) throw new Error("ended while its user was signing in: send the user there again");
    const key = randomBytes(32).toString("base64url");
    this.#live.set(key, { sub, sid });
    return key;
  }

  // The `sub` of a live session. Ask with each request.
  user(key) {
    return this.#live.get(key)?.sub;
  }

  // End what a logout token names; false if its `jti` was used before.
  end({ jti, exp, sid, sub }) {
    const now = Date.now() / 1000;
    for (const [name, until] of this.#seen) if (until < now) this.#seen.delete(name);
    if (this.#seen.has(`jti ${jti}`)) return false;
    this.#seen.set(`jti ${jti}`, exp);
    if (sid) this.#seen.set(`sid ${sid}`, now + SIGN_IN);
    for (const [key, session] of this.#live)
      if (sid ? session.sid === sid : session.sub === sub) this.#live.delete(key);
    return true;
  }
}
