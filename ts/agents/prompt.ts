/** Makes an agent's prompt of a Markdown file and the parts that several prompts share. */

/** Shared parts by the name that stands in a prompt as `{{name}}`. */
export type Parts = Readonly<Record<string, string>>;

const COMMENT = /<!--[\s\S]*?-->\s*/g;
const PLACEHOLDER = /\{\{([a-z-]+)\}\}/g;

/**
 * Fills in the placeholders of `template` and drops its comments.
 * @throws Error when a placeholder has no part: a prompt with a hole in it must not reach a model.
 */
export function composePrompt(template: string, parts: Parts): string {
  const text = template.replace(COMMENT, "").replace(PLACEHOLDER, (_, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`the prompt names a part "${name}" that does not exist`);
    return part.trim();
  });
  return text.trim();
}
