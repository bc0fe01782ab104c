// jose and fast-jwt as peers of `./bench token-peers`: tokens.mjs NAME ALGORITHM FOLDER. What is heard and
// said is in benches/token-peers/protocol.
import { createPrivateKey, createPublicKey, createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { SignJWT, jwtVerify } from "jose";
import { createSigner, createVerifier } from "fast-jwt";

const [name, algorithm, folder] = process.argv.slice(2);
const read = (file) => readFileSync(`${folder}/${file}`, "utf8");
const shared = algorithm === "HS256";
const claims = JSON.parse(read("claims.json"));
const { typ, kid } = JSON.parse(read("header.json"));
const token = read("token");

function jose() {
  // A key object, which it takes in only once; octets it would take in at each call.
  const signing = shared
    ? createSecretKey(Buffer.from(read("secret")))
    : createPrivateKey(read("private.pem"));
  const verifying = shared ? signing : createPublicKey(read("public.pem"));
  const options = {
    algorithms: [algorithm],
    issuer: claims.iss,
    audience: claims.aud,
    typ,
    requiredClaims: ["exp"],
  };
  return {
    sign: () => new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ, kid }).sign(signing),
    verify: (token) => jwtVerify(token, verifying, options),
  };
}

function fastJwt() {
  const sign = createSigner({
    key: shared ? read("secret") : read("private.pem"),
    algorithm,
    kid,
    header: { typ },
  });
  const verify = createVerifier({
    key: shared ? read("secret") : read("public.pem"),
    algorithms: [algorithm],
    allowedIss: claims.iss,
    allowedAud: claims.aud,
    checkTyp: typ,
    requiredClaims: ["iss", "aud", "exp"],
    cache: false,
  });
  return { sign: () => sign({ ...claims }), verify };
}

const peer = name === "jose" ? jose() : fastJwt();

async function accepts(token) {
  try {
    await peer.verify(token);
    return "yes";
  } catch {
    return "no";
  }
}

// jose answers with promises, fast-jwt without: waiting for what needs no waiting would cost it.
async function timed(times, work) {
  const start = process.cpuUsage();
  if (name === "jose") {
    for (let at = 0; at < times; at++) await work();
  } else {
    for (let at = 0; at < times; at++) work();
  }
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

const answers = {
  token: () => peer.sign(),
  check: accepts,
  sign: (times) => timed(Number(times), () => peer.sign()),
  verify: (times) => timed(Number(times), () => peer.verify(token)),
};

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [what, ...words] = line.split(" ");
  console.log(String(await answers[what](...words)));
}
