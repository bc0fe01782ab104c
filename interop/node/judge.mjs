// Judges tokens with jose and fast-jwt. Reads `algorithm token` a line, prints two digits a line: 1 where
// jose, and where fast-jwt accepts. The keys are in the folder that the first argument names.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { jwtVerify } from "jose";
import { createVerifier } from "fast-jwt";

const [folder, secret] = process.argv.slice(2);
const issuer = "https://id.example";
const audience = "https://api.example";
const files = { RS256: "rsa2048", PS256: "rsa2048", ES256: "p256", EdDSA: "ed25519" };
const pem = (algorithm) => readFileSync(`${folder}/${files[algorithm]}.pub.pem`, "utf8");

const judges = Object.fromEntries(
  ["HS256", "RS256", "PS256", "ES256", "EdDSA"].map((algorithm) => {
    const shared = algorithm === "HS256";
    return [
      algorithm,
      {
        key: shared ? new TextEncoder().encode(secret) : createPublicKey(pem(algorithm)),
        fast: createVerifier({
          key: shared ? secret : pem(algorithm),
          algorithms: [algorithm],
          allowedIss: issuer,
          allowedAud: audience,
          requiredClaims: ["iss", "aud", "exp"],
          cache: false,
        }),
      },
    ];
  }),
);

async function jose(algorithm, token) {
  try {
    await jwtVerify(token, judges[algorithm].key, {
      algorithms: [algorithm],
      issuer,
      audience,
      requiredClaims: ["exp"],
    });
    return 1;
  } catch {
    return 0;
  }
}

function fast(algorithm, token) {
  try {
    judges[algorithm].fast(token);
    return 1;
  } catch {
    return 0;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const at = line.indexOf(" ");
  const [algorithm, token] = [line.slice(0, at), line.slice(at + 1)];
  process.stdout.write(`${await jose(algorithm, token)}${fast(algorithm, token)}\n`);
}
