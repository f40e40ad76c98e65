/**
 * Takes secrets out of text before it is stored or shown: what a provider's key, a token or a private key looks like is
 * replaced by a mark that names its kind.
 *
 * The forms are those that the issuers document, as scanners like gitleaks know them: a fixed prefix and an alphabet.
 * Where a form has no prefix of its own (`password = …`), the value has to look random, too: ordinary code, hashes and
 * names stay as they are.
 */

/** One kind of secret. */
interface Form {
  /** What the mark says was there. */
  readonly kind: string;
  /** Global. The group `secret`, where there is one, is what is taken out; else the whole match. */
  readonly pattern: RegExp;
  /** What the secret has to be besides; absent: the form alone is proof. */
  readonly looksReal?: (secret: string) => boolean;
}

const FORMS: readonly Form[] = [
  {
    kind: "private key",
    // A text that was cut off in the middle of a key still holds most of it. One that only names the frame holds none.
    pattern:
      /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:(?:Proc-Type|DEK-Info|Version|Comment): ?[^\n]*|\\[nr]|[A-Za-z0-9+/=\s]){16,}(?:-----END [A-Z0-9 ]*-----)?/g,
  },
  { kind: "age key", pattern: /\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b/g },
  { kind: "Anthropic key", pattern: /\bsk-ant-[a-z0-9]{3,12}-[\w-]{24,}/g },
  { kind: "OpenRouter key", pattern: /\bsk-or-(?:v\d-)?[\w-]{32,}/g },
  { kind: "OpenAI key", pattern: /\bsk-(?:proj|svcacct|admin|None)-[\w-]{24,}/g },
  // Many providers use the bare prefix; class names such as `sk-folding-cube` do, too.
  { kind: "API key", pattern: /\bsk-(?:[a-z0-9]{1,10}-)?[A-Za-z0-9_]{20,}/g, looksReal: isRandom },
  { kind: "Google key", pattern: /\bAIza[\w-]{35}(?![\w-])/g },
  { kind: "Google token", pattern: /\bya29\.[\w-]{20,}/g },
  { kind: "Google client secret", pattern: /\bGOCSPX-[\w-]{20,}/g },
  { kind: "AWS key id", pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g },
  { kind: "AWS Bedrock key", pattern: /\bABSK[A-Za-z0-9+/]{100,}={0,2}/g },
  { kind: "GitHub token", pattern: /\b(?:gh[opsur]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})/g },
  { kind: "GitLab token", pattern: /\bgl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-[\w-]{20,}/g },
  { kind: "Groq key", pattern: /\bgsk_[A-Za-z0-9]{40,}/g },
  { kind: "xAI key", pattern: /\bxai-[A-Za-z0-9]{60,}/g },
  { kind: "Hugging Face token", pattern: /\b(?:hf|api_org)_[A-Za-z]{34,}\b/g },
  { kind: "Replicate token", pattern: /\br8_[A-Za-z0-9]{37}\b/g },
  { kind: "Perplexity key", pattern: /\bpplx-[A-Za-z0-9]{40,}/g },
  { kind: "Cerebras key", pattern: /\bcsk-[a-z0-9]{40,}/g },
  { kind: "NVIDIA key", pattern: /\bnvapi-[\w-]{50,}/g },
  { kind: "Fireworks key", pattern: /\bfw_[A-Za-z0-9]{20,}/g, looksReal: isRandom },
  { kind: "Together key", pattern: /\btgp_v1_[\w-]{30,}/g },
  { kind: "Vercel token", pattern: /\bvc[kpira]_[A-Za-z0-9]{24,}/g, looksReal: isRandom },
  { kind: "LangSmith key", pattern: /\blsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}\b/g },
  { kind: "Tavily key", pattern: /\btvly-(?:dev-|prod-)?[A-Za-z0-9]{24,}/g, looksReal: isRandom },
  { kind: "Slack token", pattern: /\bxox[abeoprsd]-[\w-]{10,}|\bxapp-\d-[\w-]{20,}/g },
  { kind: "Slack webhook", pattern: /https:\/\/hooks\.slack\.com\/(?:services|workflows)\/[\w/-]{20,}/g },
  { kind: "Discord webhook", pattern: /https:\/\/discord(?:app)?\.com\/api\/webhooks\/\d+\/[\w-]{40,}/g },
  { kind: "Telegram token", pattern: /\b\d{8,10}:AA[\w-]{33}(?![\w-])/g },
  { kind: "Stripe key", pattern: /\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/=]{24,}/g },
  { kind: "npm token", pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { kind: "PyPI token", pattern: /\bpypi-AgEIcHlwaS5vcmc[\w-]{50,}/g },
  { kind: "crates.io token", pattern: /\bcio[A-Za-z0-9]{32}\b/g },
  { kind: "Docker token", pattern: /\bdckr_(?:pat|oat)_[\w-]{27,}/g },
  { kind: "SendGrid key", pattern: /\bSG\.[\w-]{20,24}\.[\w-]{39,50}/g },
  { kind: "Shopify token", pattern: /\bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}\b/g },
  { kind: "DigitalOcean token", pattern: /\bdo[opr]_v1_[a-f0-9]{64}\b/g },
  { kind: "Databricks token", pattern: /\bdapi[a-f0-9]{32}(?:-\d)?\b/g },
  { kind: "Atlassian token", pattern: /\bATATT3[\w=-]{100,}/g },
  { kind: "Linear key", pattern: /\blin_(?:api|oauth)_[A-Za-z0-9]{32,}/g },
  { kind: "Notion token", pattern: /\bntn_[A-Za-z0-9]{40,}/g },
  { kind: "Vault token", pattern: /\bhv[sbr]\.[\w-]{24,}/g },
  { kind: "Supabase key", pattern: /\bsb(?:p_[a-f0-9]{40}|_secret_[\w-]{20,})/g },
  { kind: "Azure storage key", pattern: /\bAccountKey=(?<secret>[A-Za-z0-9+/]{80,}={0,2})/g },
  { kind: "JSON web token", pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g },
  {
    kind: "authorization",
    pattern: /\b(?:Bearer|Basic)\s+(?<secret>[\w.~+/-]{16,}={0,2})/gi,
    looksReal: isRandom,
  },
  {
    kind: "password",
    // The user part of an address; `user:$PASSWORD@` names a variable and holds nothing.
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"'<>]{0,100}:(?<secret>[^\s@/"'<>]{3,200})@/gi,
    looksReal: (secret) => !/^(?:\$|%|\{|<|\*+$|x+$)/i.test(secret),
  },
  {
    kind: "secret",
    pattern:
      /(?:api[_-]?key|apikey|access[_-]?key|secret|token|passw(?:or)?d|credentials?)["'`]?\s{0,4}(?:=|:|=>|:=)\s{0,4}["'`]?(?<secret>[A-Za-z0-9+/_=-]{20,200})(?=["'`]|[\s,;)}\]]|$)/gi,
    looksReal: isRandom,
  },
];

/** Names of environment variables whose values are secrets. */
const SECRET_NAME =
  /(?:^|_)(?:API_?KEY|ACCESS_?KEY(?:_ID)?|SECRET(?:_?KEY)?|AUTH_?TOKEN|ACCESS_?TOKEN|SESSION_?TOKEN|TOKEN|PASSWORD|PASSWD|PRIVATE_?KEY|CREDENTIALS?|CONNECTION_?STRING)$/i;

/** A shorter value occurs in ordinary text by chance. */
const SHORTEST_VALUE = 12;

/** Whether a variable of that name holds a secret. */
export function namesSecret(variable: string): boolean {
  return SECRET_NAME.test(variable);
}

/** Takes secrets out of text. */
export class Redactor {
  readonly #values: readonly string[];

  /** `environment` are the variables whose secret values are to be found wherever they are printed. */
  constructor(environment: Readonly<Record<string, string | undefined>> = {}) {
    this.#values = Object.entries(environment)
      .filter(([name]) => namesSecret(name))
      .map(([, value]) => value?.trim() ?? "")
      .filter((value) => value.length >= SHORTEST_VALUE)
      .sort((a, b) => b.length - a.length);
  }

  /** `text` without secrets; the same string where it has none. */
  redact(text: string): string {
    return this.#strip(text, () => undefined);
  }

  /** The kinds of secrets in `text`, each once. */
  kindsIn(text: string): readonly string[] {
    const kinds = new Set<string>();
    this.#strip(text, (kind) => kinds.add(kind));
    return [...kinds];
  }

  /** A copy of plain data in which every string is without secrets; the same object where none has any. */
  redactAll<T>(value: T): T {
    return this.#copy(value) as T;
  }

  #strip(text: string, found: (kind: string) => void): string {
    const taken = (kind: string) => {
      found(kind);
      return `[redacted ${kind}]`;
    };
    let clean = text;
    for (const value of this.#values) clean = clean.replaceAll(value, () => taken("environment secret"));
    for (const { kind, pattern, looksReal } of FORMS) {
      clean = clean.replace(pattern, (match: string, ...rest: readonly unknown[]) => {
        const groups = rest.at(-1);
        const secret = isGroups(groups) ? (groups["secret"] ?? match) : match;
        if (looksReal !== undefined && !looksReal(secret)) return match;
        // The last: what precedes a secret may repeat a part of it.
        const at = match.lastIndexOf(secret);
        return `${match.slice(0, at)}${taken(kind)}${match.slice(at + secret.length)}`;
      });
    }
    return clean;
  }

  #copy(value: unknown): unknown {
    if (typeof value === "string") return this.redact(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) {
      const items: readonly unknown[] = value;
      const copies = items.map((item) => this.#copy(item));
      return copies.every((copy, at) => copy === items[at]) ? value : copies;
    }
    const entries = Object.entries(value).map(([key, item]) => [key, item, this.#copy(item)] as const);
    if (entries.every(([, item, copy]) => item === copy)) return value;
    return Object.fromEntries(entries.map(([key, , copy]) => [key, copy]));
  }
}

/** The one that knows this process's own secret variables. */
export const redactor = new Redactor(process.env);

function isGroups(value: unknown): value is Readonly<Record<string, string | undefined>> {
  return typeof value === "object" && value !== null;
}

/** Bits a character that random text has at least and names and words have not. */
const RANDOM_BITS = 3.2;

/**
 * Whether text looks drawn at random: letters and digits mixed, and the characters spread as in no word (Shannon
 * entropy). Identifiers of several words have few digits; a hash is random, too, so a form that uses this has to have a
 * reason besides.
 */
function isRandom(text: string): boolean {
  const digits = text.replace(/\D/g, "").length;
  const letters = text.replace(/[^A-Za-z]/g, "").length;
  if (digits < 2 || letters < 2) return false;
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits >= RANDOM_BITS;
}
