// An OpenID provider on this machine, for trying out a program that lets people log in at somebody else's.
//
// node-oidc-provider speaks OpenID Connect. Here stands what is left to decide: who may sign in, which program
// is the client, and what a token says. All of it lives in memory and is made at each start, keys included.
//
// What a client meets: PKCE with S256 is a must (RFC 7636); an authorization answer names its issuer (RFC 9207);
// a refresh token is good once, and using it again ends all that came of it (RFC 9700 §4.14.2). Access tokens
// are JWTs for one resource (RFC 9068), or with --opaque such that only this provider can read (RFC 7662).

import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

// The library says what it has to say by console.info, which is stdout; that belongs to our two lines.
console.info = console.warn;
const { default: Provider, errors } = await import("oidc-provider");

const USAGE = `usage: node provider.mjs --client-id ID (--client-jwks FILE|URL | --client-secret-env NAME) --redirect-uri URL

  --listen 127.0.0.1:PORT          where to listen; port 0 takes a free one [127.0.0.1:4000]
  --client-id ID                   the program that may let people log in here
  --client-jwks FILE|URL           its public keys: it authenticates by private_key_jwt
  --client-secret-env NAME         or the variable with its secret: client_secret_basic or client_secret_post
  --redirect-uri URL               where it takes answers; repeatable
  --post-logout-redirect-uri URL   where a log-out may lead; repeatable
  --resource URL                   what access tokens are meant for [the origin of the first redirect URI]
  --opaque                         access tokens that only this provider can read`;

const MINUTE = 60;
const API_SCOPES = "posts:read posts:write";
const SIGN_IN = "/sign-in/";

// One password for both, made up at the start and long enough that nobody guesses it.
const USERS = {
  admin: { name: "Ada Admin", email: "admin@provider.example", roles: ["admin"] },
  writer: { name: "Will Writer", email: "writer@provider.example", roles: [] },
};
const PASSWORD = randomBytes(15).toString("base64url");

const STYLE = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 22rem; margin: 4rem auto; padding: 0 1rem }
  label { display: block; margin-top: 1rem }
  input, button { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem; margin-top: .25rem }
  button { margin-top: 1.5rem }`;

const options = readOptions();
const client = {
  client_id: options["client-id"],
  redirect_uris: options["redirect-uri"],
  post_logout_redirect_uris: options["post-logout-redirect-uri"],
  grant_types: ["authorization_code", "refresh_token", "client_credentials"],
  ...clientAuthentication(),
};
const resource = options.resource ?? new URL(client.redirect_uris[0]).origin;

const server = createServer();
server.listen({ host: options.listen.hostname.replace(/[[\]]/g, ""), port: Number(options.listen.port || 80) });
await once(server, "listening");
// Only now is the port known, and with it the name that goes into every token.
const issuer = `http://${options.listen.hostname}:${server.address().port}`;
const provider = new Provider(issuer, configuration());
provider.use(nameAudience);
// A client that can't be is noticed here, and not at the first login.
await provider.Client.find(client.client_id).catch((error) => fail(error.error_description));

const protocol = provider.callback();
server.on("request", (request, answer) => {
  protect(answer);
  return request.url.startsWith(SIGN_IN) ? signIn(request, answer) : protocol(request, answer);
});
process.stdout.write(`issuer ${issuer}\nlog in as ${Object.keys(USERS).join(" or ")} with ${PASSWORD}\n`);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}

// What the library is told, https://github.com/panva/node-oidc-provider/blob/main/docs/README.md explains.
function configuration() {
  return {
    clients: [client],
    jwks: { keys: [signingKey("RS256"), signingKey("ES256")] },
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    pkce: { required: () => true },
    responseTypes: ["code"],
    clientAuthMethods: ["private_key_jwt", "client_secret_basic", "client_secret_post"],
    enabledJWA: { clientAuthSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
    // The scopes of a resource are its own; where a token has none, they are the provider's.
    scopes: ["openid", "offline_access", ...(options.opaque ? API_SCOPES.split(" ") : [])],
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "roles"], email: ["email", "email_verified"] },
    // A client that can ask userinfo asks there (OpenID Connect Core §5.4). A token for a resource is not meant
    // for userinfo, so beside it the ID token says everything.
    conformIdTokenClaims: options.opaque,
    findAccount: (_, sub) => (Object.hasOwn(USERS, sub) ? { accountId: sub, claims: () => claimsOf(sub) } : undefined),
    // What a resource decides by (RFC 9068 §2.2.3.1); no claim where there is none, as some refuse an empty list.
    // A token of the client's own is about nobody.
    extraTokenClaims: (_, { accountId }) => (USERS[accountId]?.roles.length ? { roles: USERS[accountId].roles } : undefined),
    loadExistingGrant: grantAll,
    issueRefreshToken: () => true,
    rotateRefreshToken: () => true,
    // A sign-out ends the client's tokens too, unless it had asked for access without the person.
    expiresWithSession: (_, { scopes }) => !scopes.has("offline_access"),
    interactions: { url: (_, { uid }) => SIGN_IN + uid },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_, asking, token) => token.clientId === asking.clientId },
      revocation: { enabled: true },
      rpInitiatedLogout: { logoutSource: askToSignOut, postLogoutSuccessSource: saySignedOut },
      resourceIndicators: {
        enabled: true,
        // A plain request, which names no resource (RFC 8707), gets a token for ours.
        defaultResource: () => (options.opaque ? undefined : resource),
        useGrantedResource: () => true,
        getResourceServerInfo: (_, wanted) => resourceServer(wanted),
      },
    },
    ttl: {
      AccessToken: 10 * MINUTE,
      AuthorizationCode: MINUTE,
      ClientCredentials: 10 * MINUTE,
      Grant: 24 * 60 * MINUTE,
      IdToken: 10 * MINUTE,
      Interaction: 10 * MINUTE,
      RefreshToken: 24 * 60 * MINUTE,
      Session: 8 * 60 * MINUTE,
    },
    clientBasedCORS: () => false,
    // The library refuses to fetch from this machine, as a provider out in the world must. Ours fetches from one
    // address, which the command line named.
    fetch: (url, { dispatcher, ...request }) => {
      if (url !== client.jwks_uri) throw new Error(`nobody told me to fetch ${url}`);
      return fetch(url, { ...request, redirect: "error" });
    },
    renderError: (ctx, out) => {
      ctx.type = "html";
      ctx.body = page("That didn't work", `<p>${escaped(out.error)}: ${escaped(out.error_description ?? "")}</p>`);
    },
  };
}

function signingKey(alg) {
  const as = { privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } };
  const { privateKey } =
    alg === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048, ...as })
      : generateKeyPairSync("ec", { namedCurve: "P-256", ...as });
  // A key of its own: one that shares its lock with the job that made it may wait for itself for ever, where that job
  // is collected while the key is exported (seen with Node.js 20).
  return { ...createPrivateKey(privateKey).export({ format: "jwk" }), alg, use: "sig" };
}

function resourceServer(wanted) {
  if (wanted !== resource) throw new errors.InvalidTarget();
  return {
    audience: resource,
    scope: API_SCOPES,
    accessTokenFormat: options.opaque ? "opaque" : "jwt",
    jwt: { sign: { alg: "ES256" } },
  };
}

function claimsOf(sub) {
  return { sub, preferred_username: sub, email_verified: true, ...USERS[sub] };
}

// There is one client, and it belongs to whoever starts this provider: nobody is asked for consent.
async function grantAll({ oidc }) {
  const { client: asking, session, result } = oidc;
  const known = result?.consent?.grantId ?? session.grantIdFor(asking.clientId);
  const grant =
    (known && (await provider.Grant.find(known))) ||
    new provider.Grant({ clientId: asking.clientId, accountId: session.accountId });
  grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(" "));
  for (const identifier of Object.keys(oidc.resourceServers)) grant.addResourceScope(identifier, API_SCOPES);
  await grant.save();
  return grant;
}

// An opaque token is for userinfo and for the resource; the library knows such a token as one for userinfo only.
async function nameAudience(ctx, next) {
  await next();
  if (ctx.oidc?.route === "introspection" && ctx.body?.active) ctx.body.aud ??= resource;
}

// The page that asks who somebody is. The address holds the number of a started authorization request; it is
// of use only together with the cookie that was set when the request came in, so no other site can fill it in.
async function signIn(request, answer) {
  try {
    const interaction = await provider.interactionDetails(request, answer);
    if (request.method === "GET") {
      show(answer, 200, interaction.prompt.name === "login" ? loginForm() : consentForm(interaction.params.scope));
    } else if (request.method === "POST") {
      await settle(request, answer, interaction);
    } else {
      show(answer, 405, page("Not here", "<p>This address takes GET and POST.</p>"));
    }
  } catch (error) {
    if (error.name !== "SessionNotFound") console.error(error);
    show(answer, 400, page("Start again", "<p>This sign-in is over, or was begun in another browser.</p>"));
  }
}

async function settle(request, answer, { prompt }) {
  if (!(Number(request.headers["content-length"]) <= 4096)) {
    return show(answer, 413, page("Too long", "<p>Nobody's name and password are so long.</p>"));
  }
  const form = new URLSearchParams(await text(request));
  if (prompt.name === "consent") return provider.interactionFinished(request, answer, { consent: {} });
  const username = form.get("username") ?? "";
  if (!samePassword(form.get("password") ?? "") || !Object.hasOwn(USERS, username)) {
    return show(answer, 403, loginForm("The user name or the password is wrong."));
  }
  return provider.interactionFinished(request, answer, { login: { accountId: username } });
}

// In the same time whatever is sent, and for whomever.
function samePassword(sent) {
  const [one, other] = [sent, PASSWORD].map((word) => createHash("sha256").update(word).digest());
  return timingSafeEqual(one, other);
}

function loginForm(problem = "") {
  return page(
    "Sign in",
    `<form method="post">
      <p role="alert">${problem}</p>
      <label>User name <input name="username" autocomplete="username" autocapitalize="none" required autofocus></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <button>Sign in</button>
    </form>`,
  );
}

function consentForm(scope) {
  return page("Go on?", `<form method="post"><p>It is asked for: ${escaped(scope)}</p><button>Allow</button></form>`);
}

// The library brings the form that belongs to this question, with its token against forged requests.
function askToSignOut(ctx, form) {
  ctx.body = page("Sign out?", `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`);
}

function saySignedOut(ctx) {
  ctx.body = page("Signed out", "<p>You are signed out.</p>");
}

function page(title, body) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
<main><h1>${title}</h1>${body}</main>
</html>`;
}

function show(answer, status, body) {
  answer.writeHead(status, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" }).end(body);
}

function protect(answer) {
  // A form's answer leads on to the client, and browsers count that as where the form goes.
  const clients = [...client.redirect_uris, ...client.post_logout_redirect_uris].map((uri) => new URL(uri).origin);
  const style = createHash("sha256").update(STYLE).digest("base64");
  answer.setHeader(
    "Content-Security-Policy",
    `default-src 'none'; style-src 'sha256-${style}'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; ` +
      `form-action 'self' ${[...new Set(clients)].join(" ")}`,
  );
  answer.setHeader("X-Content-Type-Options", "nosniff");
  answer.setHeader("Referrer-Policy", "same-origin");
}

function escaped(said) {
  return String(said).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function readOptions() {
  const one = { type: "string" };
  const several = { type: "string", multiple: true, default: [] };
  try {
    const { values } = parseArgs({
      options: {
        "client-id": one,
        "client-jwks": one,
        "client-secret-env": one,
        "redirect-uri": several,
        "post-logout-redirect-uri": several,
        listen: { type: "string", default: "127.0.0.1:4000" },
        opaque: { type: "boolean", default: false },
        resource: one,
      },
    });
    if (!values["client-id"]) throw new Error("--client-id is missing");
    if (!values["redirect-uri"].length) throw new Error("--redirect-uri is missing");
    const listen = new URL(`http://${values.listen}`);
    if (!isHere(listen)) throw new Error("--listen: it speaks http, which must not leave this machine");
    for (const uri of [...values["redirect-uri"], ...values["post-logout-redirect-uri"]]) new URL(uri);
    return { ...values, listen };
  } catch (error) {
    return fail(error.message);
  }
}

function clientAuthentication() {
  const [keys, variable] = [options["client-jwks"], options["client-secret-env"]];
  if (!keys === !variable) fail("either --client-jwks or --client-secret-env");
  if (variable) {
    const client_secret = process.env[variable];
    if (!client_secret) fail(`--client-secret-env: ${variable} is not set`);
    return { token_endpoint_auth_method: "client_secret_basic", client_secret };
  }
  const authentication = { token_endpoint_auth_method: "private_key_jwt" };
  if (/^https?:/.test(keys)) {
    const jwks_uri = new URL(keys);
    if (jwks_uri.protocol === "http:" && !isHere(jwks_uri)) fail("--client-jwks: http, but not on this machine");
    return { ...authentication, jwks_uri: jwks_uri.href };
  }
  const jwks = readKeys(keys);
  if (jwks.keys.some((key) => key.d || key.k)) fail(`--client-jwks: ${keys} holds a private key; take the public half`);
  return { ...authentication, jwks };
}

// A JWKS, or a single JWK.
function readKeys(file) {
  try {
    const read = JSON.parse(readFileSync(file, "utf8"));
    return { keys: read.keys ?? [read] };
  } catch (error) {
    return fail(`--client-jwks: ${file}: ${error.message}`);
  }
}

function isHere({ hostname }) {
  return hostname === "[::1]" || hostname === "localhost" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function fail(why) {
  console.error(`${why}\n\n${USAGE}`);
  process.exit(2);
}
