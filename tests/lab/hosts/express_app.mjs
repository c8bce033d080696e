// An app on Express. The test puts this file next to the example's, where node_modules are found.
import express from "express";
import { receiver } from "./receiver.mjs";
import { Sessions } from "./sessions.mjs";

const { ISSUER, JWKS_URI, PORT } = process.env;
const sessions = new Sessions();
const app = express();
app.use(receiver({ issuer: ISSUER, clientId: "web", jwksUri: JWKS_URI }, sessions));

app.get("/", (request, response) => {
  const sub = sessions.user(/app=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1]);
  response.status(sub ? 200 : 401).send(sub ?? "");
});

app.post("/sign-in", express.urlencoded({ extended: false }), (request, response) => {
  try {
    response.cookie("app", sessions.begin(request.body), { httpOnly: true, sameSite: "lax" }).end();
  } catch {
    response.status(409).end();
  }
});

app.listen(Number(PORT), "127.0.0.1");
