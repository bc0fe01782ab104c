// One guarded route in Node, the way the documents show it: node.mjs NAME ALGORITHM FOLDER.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";

const [name, algorithm, folder] = process.argv.slice(2);
const issuer = "https://id.example.com";
const audience = "https://api.example.com";
const read = (file) => readFileSync(`${folder}/${file}`);
const say = (port) => console.log(`http://127.0.0.1:${port}`);

if (name.startsWith("Fastify")) {
  const { default: fastify } = await import("fastify");
  const { default: jwt } = await import("@fastify/jwt");
  const app = fastify();
  app.register(jwt, {
    secret:
      algorithm === "HS256"
        ? read("secret").toString()
        : { public: read("public.pem").toString() },
    verify: { algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, cache: 20000 },
  });
  app.get("/me", { onRequest: (request) => request.jwtVerify() }, (request) => request.user.sub);
  await app.listen({ host: "127.0.0.1", port: 0 });
  say(app.server.address().port);
} else {
  const { default: express } = await import("express");
  const { jwtVerify } = await import("jose");
  const key = algorithm === "HS256" ? read("secret") : createPublicKey(read("public.pem"));
  const options = { algorithms: [algorithm], issuer, audience };
  const app = express();
  const guard = async (request, response, next) => {
    try {
      const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
      request.user = (await jwtVerify(token, key, options)).payload;
    } catch {
      response.status(401).end();
      return;
    }
    next();
  };
  app.get("/me", guard, (request, response) => response.send(request.user.sub));
  const server = app.listen(0, "127.0.0.1", () => say(server.address().port));
}
