import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { namesSecret, Redactor } from "./redaction.ts";

/** Characters of `alphabet`, the same each time, so that no text of this file is itself a secret to a scanner. */
function drawn(alphabet: string, length: number): string {
  const bytes = createHash("sha512").update(alphabet).digest();
  return Array.from({ length }, (_, at) => alphabet[(bytes[at % 64] ?? 0) % alphabet.length]).join("");
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MIXED = `${LETTERS}0123456789`;
const HEX = "0123456789abcdef";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const redactor = new Redactor();

describe("a secret", () => {
  const keys: readonly (readonly [string, string])[] = [
    ["Anthropic key", `sk-ant-api03-${drawn(MIXED, 93)}AA`],
    ["Anthropic key", `sk-ant-oat01-${drawn(MIXED, 86)}`],
    ["OpenAI key", `sk-proj-${drawn(MIXED, 120)}`],
    ["OpenAI key", `sk-svcacct-${drawn(MIXED, 60)}`],
    ["API key", `sk-${drawn(MIXED, 48)}`],
    ["API key", `sk-${drawn(HEX, 32)}`],
    ["OpenRouter key", `sk-or-v1-${drawn(HEX, 64)}`],
    ["Google key", `AIza${drawn(MIXED, 35)}`],
    ["AWS key id", `AKIA${drawn(BASE32, 16)}`],
    ["GitHub token", `ghp_${drawn(MIXED, 36)}`],
    ["GitHub token", `github_pat_${drawn(MIXED, 82)}`],
    ["GitLab token", `glpat-${drawn(MIXED, 20)}`],
    ["Groq key", `gsk_${drawn(MIXED, 52)}`],
    ["xAI key", `xai-${drawn(MIXED, 80)}`],
    ["Hugging Face token", `hf_${drawn(LETTERS, 34)}`],
    ["Slack token", `xoxb-${drawn("0123456789", 12)}-${drawn(MIXED, 24)}`],
    ["Stripe key", `sk_live_${drawn(MIXED, 24)}`],
    ["npm token", `npm_${drawn(MIXED, 36)}`],
    ["Telegram token", `${drawn("123456789", 9)}:AA${drawn(MIXED, 33)}`],
    ["JSON web token", `eyJ${drawn(MIXED, 20)}.eyJ${drawn(MIXED, 40)}.${drawn(MIXED, 43)}`],
    ["Vault token", `hvs.${drawn(MIXED, 90)}`],
    ["SendGrid key", `SG.${drawn(MIXED, 22)}.${drawn(MIXED, 43)}`],
  ];

  it.each(keys)("of the kind %s is taken out, wherever it stands", (kind, key) => {
    const marked = `[redacted ${kind}]`;
    expect(redactor.redact(key)).toBe(marked);
    expect(redactor.redact(`KEY="${key}"`)).toBe(`KEY="${marked}"`);
    expect(redactor.redact(`curl -H 'x-key: ${key}' https://a.test\n`)).toBe(
      `curl -H 'x-key: ${marked}' https://a.test\n`,
    );
  });

  it("that is a private key goes with its frame, also where the text was cut off in it", () => {
    const { privateKey } = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    expect(redactor.redact(`before\n${privateKey}after`)).toBe("before\n[redacted private key]\nafter");
    expect(redactor.redact(`before\n${privateKey.slice(0, 80)}`)).toBe("before\n[redacted private key]");
    const escaped = JSON.stringify(privateKey);
    expect(redactor.redact(escaped)).toBe('"[redacted private key]\\n"');
  });

  it("in an address is its password alone", () => {
    expect(redactor.redact("postgres://app:hunter2hunter@db.test:5432/app")).toBe(
      "postgres://app:[redacted password]@db.test:5432/app",
    );
  });

  it("in a header or an assignment is its value alone", () => {
    const value = drawn(MIXED, 40);
    expect(redactor.redact(`Authorization: Bearer ${value}`)).toBe(
      "Authorization: Bearer [redacted authorization]",
    );
    expect(redactor.redact(`{"client_secret": "${value}"}`)).toBe('{"client_secret": "[redacted secret]"}');
    expect(redactor.redact(`export MY_TOKEN=${value}\n`)).toBe("export MY_TOKEN=[redacted secret]\n");
  });

  it("of this process's environment is found by its value, whatever it looks like", () => {
    const knowing = new Redactor({
      ACME_API_KEY: "plain words only",
      HOME: "/home/somebody",
      MY_TOKEN: "short",
    });
    expect(knowing.redact("the key is plain words only, at /home/somebody, short")).toBe(
      "the key is [redacted environment secret], at /home/somebody, short",
    );
  });
});

describe("ordinary text", () => {
  it.each([
    ["a commit", "commit 5d41402abc4b2a76b9719d911017c592deadbeef"],
    ["a digest", `sha256:${drawn(HEX, 64)}`],
    ["an integrity hash", `"integrity": "sha512-${randomBytes(64).toString("base64")}"`],
    ["a uuid", "id: 123e4567-e89b-42d3-a456-426614174000"],
    ["a class name", '<div class="sk-folding-cube-container sk-cube1"></div>'],
    ["a call", "const token = getTokenFromAuthorizationHeader(request);"],
    ["a name", "const apiKey = configurationOfTheProvider.apiKey"],
    ["a constant", "password: MAXIMUM_PASSWORD_LENGTH_IN_CHARACTERS,"],
    ["a variable in an address", "postgres://app:$PASSWORD@db.test/app and https://user:{token}@git.test"],
    ["an address with a port", "http://localhost:4096/session?id=ses_01J9ZC3Q8D"],
    [
      "a public key",
      "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
    ],
    ["the frame of a key", 'if (text.startsWith("-----BEGIN PRIVATE KEY-----")) return read(text);'],
    ["a time", "12:34:56 2026-01-01T00:00:00.000Z"],
    ["words", "Basic authentication is not supported. Bearer tokens are described below."],
  ])("stays: %s", (_, text) => {
    expect(redactor.redact(text)).toBe(text);
  });

  it("stays: the source of this project", () => {
    const here = join(import.meta.dirname, "..");
    const sources = readdirSync(here, { recursive: true, encoding: "utf8" }).filter(
      (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
    );
    expect(sources.length).toBeGreaterThan(50);
    const changed = sources.filter((path) => {
      const text = readFileSync(join(here, path), "utf8");
      return redactor.redact(text) !== text;
    });
    expect(changed).toEqual([]);
  });

  it("stays: a lock file full of hashes", () => {
    const text = readFileSync(join(import.meta.dirname, "..", "..", "package-lock.json"), "utf8");
    expect(redactor.redact(text)).toBe(text);
  });
});

describe("plain data", () => {
  it("keeps its shape; only strings with secrets change", () => {
    const key = `ghp_${drawn(MIXED, 36)}`;
    const clean = { type: "verified", attempt: 2, passed: false };
    expect(redactor.redactAll(clean)).toBe(clean);
    expect(redactor.redactAll({ ...clean, report: `token ${key}`, files: ["a", key] })).toEqual({
      ...clean,
      report: "token [redacted GitHub token]",
      files: ["a", "[redacted GitHub token]"],
    });
  });
});

describe("the name of a variable", () => {
  it.each([
    "OPENAI_API_KEY",
    "GITHUB_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "DB_PASSWORD",
    "NPM_AUTH_TOKEN",
    "apikey",
  ])("says that it holds a secret: %s", (name) => {
    expect(namesSecret(name)).toBe(true);
  });

  it.each(["PATH", "HOME", "TOKENIZERS_PARALLELISM", "KEYBOARD", "npm_config_registry", "SSH_AUTH_SOCK"])(
    "says that it does not: %s",
    (name) => {
      expect(namesSecret(name)).toBe(false);
    },
  );
});
